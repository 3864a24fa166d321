"""Options by name: read by their type, refused in one line, kept by the run, listed with what paper and reference have."""

import json
import re
from dataclasses import fields, replace

import chapters
import pytest
from test_cli import emotalk
from toy import TOY_PRESET, toy_folder

from emotalk_lite.errors import EmotalkError
from emotalk_lite.kinds import parse, write
from emotalk_lite.models.generator import Generator
from emotalk_lite.models.reference import REFERENCE
from emotalk_lite.options import KINDS, PLACE, check_kept, list_options, with_options
from emotalk_lite.presets import PRESETS, ModelConfig, TrainConfig, resolve_preset
from emotalk_lite.training.train import run_folder, train
from emotalk_lite.variants import variant

WRONG = [
    ("se_ration=8", "no option 'se_ration'; did you mean se_ratio"),
    ("xyz=1", "no option 'xyz'; 'emotalk train --list-options' shows all"),
    ("se_ratio", "se_ratio: give its value too, as in se_ratio=16"),
    ("se_ratio=0", "se_ratio=0: give a whole number, 1 or more"),
    ("se_ratio=8.5", "se_ratio=8.5: give a whole number, 1 or more"),
    ("dropout=1", "dropout=1: give a number, from 0 to below 1"),
    ("learning_rate=nan", "learning_rate=nan: give a number, 0 or more"),
    ("conv_lstm=maybe", "conv_lstm=maybe: give true or false"),
    ("candidate=relu", "candidate=relu: give leaky_relu or tanh"),
    ("betas=0.5", "betas=0.5: give 2 numbers with commas between, each from 0 to below 1"),
    ("filters=16,32", "2 blocks halve 128 pixels to 32; the decoder starts at 4: change filters or image_size"),
    ("output=warp", "the output warp draws every second clip of a batch, and batch_size is 1: give 2 or more"),
    ("frames_drawn=30", "frames_drawn is 30, and a window has 25 frames; give fewer, or a larger window"),
]


@pytest.mark.parametrize(("given", "line"), WRONG, ids=lambda text: text[:20])
def test_a_wrong_option_is_refused_with_what_would_be_right(given, line):
    with pytest.raises(EmotalkError, match=re.escape(line)):
        with_options("cpu", [given])


@pytest.mark.parametrize(
    ("config", "option", "value", "right"),
    [
        (ModelConfig, "n_context", 1.5, "a whole number, 0 or more"),
        (ModelConfig, "n_context", True, "a whole number, 0 or more"),
        (ModelConfig, "speech_dim", "64", "a whole number, 1 or more"),
        (ModelConfig, "dropout", False, "a number, from 0 to below 1"),
        (ModelConfig, "conv_lstm", 1, "true or false"),
        (ModelConfig, "filters", 64, "whole numbers with commas between, each 1 or more"),
        (TrainConfig, "betas", (0.5, "0.9"), "2 numbers with commas between, each from 0 to below 1"),
    ],
)
def test_a_value_of_another_type_is_refused_before_a_network_is_built(config, option, value, right):
    with pytest.raises(ValueError, match=re.escape(f"{option} is {value}; it has to be {right}")):
        config(**{option: value})


def test_a_whole_number_will_do_where_a_number_is_asked_for():
    assert TrainConfig(learning_rate=1, betas=(0, 0.9)).betas == (0, 0.9)


def test_the_conv_lstm_is_refused_where_its_block_does_not_enlarge():
    sizes = {"image_size": 16, "filters": (4, 8), "critic_filters": (4, 8)}
    with pytest.raises(ValueError, match="with 2 filters nothing is enlarged there: give three filters or more, or leave conv_lstm off"):
        ModelConfig(**sizes)
    assert Generator(replace(TOY_PRESET.model, **sizes, conv_lstm=False)).config.filters == (4, 8)


def test_every_default_is_read_as_it_is_written():
    for preset in PRESETS.values():
        assert with_options(preset, [f"{name}={write(getattr(getattr(preset, part), name))}" for name, part in PLACE.items()]) == preset
    assert parse(" Off ", bool) is False and parse("1e-3", KINDS["learning_rate"]) == 0.001


def test_the_list_has_every_option_once_with_a_meaning():
    assert [option.name for option in list_options()] == [f.name for config in (ModelConfig, TrainConfig) for f in fields(config)]
    assert all(len(option.meaning.split()) >= 2 for option in list_options())


def test_options_that_contradict_others_are_refused():
    with pytest.raises(EmotalkError, match="squeeze_excitation=all and --variant base contradict each other"):
        check_kept(variant("cpu", "base"), ["squeeze_excitation=all"], "--variant base")
    with pytest.raises(EmotalkError, match="the row 'se' cannot have squeeze_excitation=none"):
        variant(with_options("cpu", ["squeeze_excitation=none"]), "se")
    with pytest.raises(EmotalkError, match="se_ratio is given twice"):
        with_options("cpu", ["se_ratio=8", "se_ratio=4"])


def test_the_command_refuses_before_anything_is_written(tmp_path):
    for command in ("train", "ablate", "bench"):
        place = {"train": ("--out", tmp_path / "out"), "ablate": ("--data", tmp_path, "--out", tmp_path / "out"), "bench": ("--json", tmp_path / "out")}
        done = emotalk(command, *place[command], "--set", "eye_wait=2")
        assert (done.returncode, done.stdout) == (2, "")
        assert re.fullmatch(r"emotalk: no option 'eye_wait'; did you mean eye_weight.*\n", done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_the_command_lists_the_options_of_a_preset_with_others_set(tmp_path):
    done = emotalk("train", "--preset", "smoke", "--set", "se_ratio=2", "--list-options", "--out", tmp_path / "run")
    assert done.returncode == 0 and "\n  se_ratio=2  [a whole number, 1 or more]\n" in done.stdout
    assert all(f"\n  {name}=" in done.stdout for name in PLACE) and not (tmp_path / "run").exists()


def test_a_run_says_what_was_set_and_goes_on_with_the_same_only(sample, tmp_path):
    data, run = toy_folder(sample, tmp_path / "data", ("neutral", "anger"), slice(6)), tmp_path / "run"
    chosen = with_options(TOY_PRESET, ["dropout=0.5", "eye_weight=2"])
    train(data, run, chosen, "pretrain", steps=1, device="cpu", progress=False)
    report = json.loads((run / "run.json").read_text())
    assert (report["preset"], report["model"]["dropout"], report["train"]["eye_weight"]) == ("toy+dropout=0.5+eye_weight=2", 0.5, 2.0)
    with pytest.raises(EmotalkError, match=r"made with another dropout \(0.5, now 0.0\), eye_weight \(2.0, now 1.0\); use the same"):
        train(data, run, TOY_PRESET, "pretrain", steps=1, resume=True, device="cpu", progress=False)
    with pytest.raises(EmotalkError, match="the clips have 32 x 32 pixels and the generator draws 64; give image_size=32"):
        other = with_options(TOY_PRESET, ["image_size=64", "filters=4,8,8,8"])
        train(data, tmp_path / "other", other, "pretrain", steps=1, device="cpu", progress=False)
    assert run_folder(chosen) != run_folder(TOY_PRESET) and run_folder(chosen).name.startswith("toy-")


def test_the_pages_words_for_the_released_generator_are_its_options():
    page = (chapters.ROOT / "book" / "options.md").read_text()
    [words] = re.findall(r"`--preset p100 (--set [^`]+)`", page)
    assert with_options("p100", words.replace("--set ", "").split()).model == REFERENCE
    assert resolve_preset("p100").model != REFERENCE
