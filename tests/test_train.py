"""Training at toy size on the real sample's frames: it learns, repeats to the byte, and refuses nonsense."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from toy import TOY, TOY_PRESET, toy_folder

from emotalk_lite.checkpoint import load_generator, read_header, save_generator, save_tensors
from emotalk_lite.cli.training import best_of
from emotalk_lite.data.clips import Manifest, blank_clip, load_clip, save_clip
from emotalk_lite.data.cremad import official_names, parse_name, split_of
from emotalk_lite.data.windows import ClipWindows, one_hot, to_signed, to_uint8
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.errors import EmotalkError
from emotalk_lite.generate import generate
from emotalk_lite.models.generator import Generator
from emotalk_lite.presets import PRESETS, resolve_preset
from emotalk_lite.training.schedule import learning_rate
from emotalk_lite.training.train import train
from emotalk_lite.validate import one_of_each_emotion, validate

CONFIG = TOY_PRESET.train


def toy(**changes):
    return replace(TOY_PRESET, train=replace(CONFIG, **changes))


@pytest.fixture(scope="module")
def folder(sample):
    return sample.folder


@pytest.fixture(scope="module")
def small(sample, tmp_path_factory):
    return toy_folder(sample, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def run(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    train(small, out, TOY_PRESET, device="cpu", progress=False)
    return out


def test_a_window_holds_frames_speech_and_centres_of_the_same_moment(folder):
    examples = ClipWindows(folder, window=8)
    batch = examples[3]
    clip = next(c for c in map(examples.clip, examples.entries) if batch.emotion.argmax() == _emotion_index(c.emotion))
    start = next(t for t in range(len(clip.frames)) if np.array_equal(to_uint8(batch.frames[0]), clip.frames[t]))
    assert np.array_equal(to_uint8(batch.frames), clip.frames[start : start + 8])
    assert np.array_equal(batch.speech.numpy(), clip.audio[start * 320 : (start + 8) * 320])
    assert np.array_equal(batch.mouth_centre.numpy(), clip.mouth_centre[start : start + 8])


def test_the_condition_image_is_a_frame_of_the_neutral_clip(folder):
    examples = ClipWindows(folder, window=4)
    neutral = next(c for c in map(examples.clip, examples.entries) if c.emotion == "neutral")
    for i in range(6):
        image = to_uint8(examples[i].image)
        assert any(np.array_equal(image, frame) for frame in neutral.frames)


def test_same_window_starts_from_its_own_first_frame(folder):
    batch = ClipWindows(folder, window=4, condition="same_window")[0]
    assert torch.equal(batch.image, batch.frames[0])


def test_a_low_intensity_asks_for_less_of_its_emotion_where_the_preset_says_so(tmp_path):
    _prepared_folder(tmp_path, replace(blank_clip(count=3), name="slight", emotion="anger", intensity="low"))
    graded, one_hot = (ClipWindows(tmp_path, 2, intensities=graded)[0].emotion for graded in (True, False))
    assert graded.tolist() == pytest.approx([0.4, 0, 0, 0, 0, 0]) and one_hot.tolist() == [1, 0, 0, 0, 0, 0]


def test_an_epoch_visits_every_clip_once(folder):
    examples = ClipWindows(folder, window=2)
    emotions = torch.stack([examples[i].emotion for i in range(12)])
    assert emotions[:6].sum(dim=0).tolist() == [1] * 6 and emotions[6:].sum(dim=0).tolist() == [1] * 6


def test_examples_depend_on_seed_and_place_alone(folder):
    one, two, other = ClipWindows(folder, 4, seed=0), ClipWindows(folder, 4, seed=0), ClipWindows(folder, 4, seed=1)
    two[5]  # reading others first changes nothing
    assert all(torch.equal(a, b) for a, b in zip(one[3], two[3]))
    assert not all(torch.equal(one[i].frames, other[i].frames) for i in range(6))


def test_a_clip_shorter_than_the_window_is_continued_by_its_last_frame(tmp_path):
    clip = replace(blank_clip(count=3), name="short", emotion="neutral")
    clip.frames[2] = 200
    clip.audio[:] = 0.5
    _prepared_folder(tmp_path, clip)
    batch = ClipWindows(tmp_path, window=5)[0]
    assert (to_uint8(batch.frames[2:]) == 200).all() and (to_uint8(batch.frames[:2]) == 0).all()
    assert batch.speech[: 3 * 320].eq(0.5).all() and batch.speech[3 * 320 :].eq(0).all()


def test_uint8_survives_the_network_s_range():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    assert np.array_equal(to_uint8(to_signed(levels)), levels)


def test_the_run_says_what_it_did(run):
    record = json.loads((run / "run.json").read_text())
    assert record["steps"] == {"critic": 6, "pretrain": 12, "joint": 6} and record["step"] == 24
    assert [(row["stage"], row["step"]) for row in record["history"]] == [("critic", 6), ("pretrain", 6), ("pretrain", 12), ("joint", 6)]
    assert record["perceptual_features"] == "efficientnet_lite0" and record["validated_on"] == "training clips"
    assert record["history"][2]["psnr"] > record["history"][1]["psnr"]
    assert set(record["clips"]) == {f"1001_DFA_{code}_XX" for code in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")}
    assert {p.name for p in (run / "strips").iterdir()} == {"pretrain-000006.png", "pretrain-000012.png", "joint-000006.png"}


def test_tensorboard_has_every_term_under_its_own_name_and_the_strips(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "logs"))
    events.Reload()
    generator = {f"train/{name}" for name in ("mouth", "perceptual", "eye", "frame", "emotion")}
    critics = {f"critic/{name}" for name in ("frame", "penalty", "emotion", "accuracy")}
    scores = {f"validation/{name}" for name in ("psnr", "ssim", "mouth_correlation", "mouth_error", "mouth_motion", "emotion_accuracy")}
    assert set(events.Tags()["scalars"]) == generator | critics | scores
    assert events.Tags()["images"] == ["real above generated"]
    assert [e.step for e in events.Scalars("train/frame")] == [20, 22, 24]  # only the joint stage has it


def test_the_best_checkpoint_is_the_one_with_the_lowest_mouth_error(run):
    errors = [row["mouth_error"] for row in json.loads((run / "run.json").read_text())["history"] if "mouth_error" in row]
    assert float(read_header(run / "best.safetensors")["mouth_error"]) == min(errors)
    assert load_generator(run / "best.safetensors").config == TOY


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(small, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(small, tmp_path / name, TOY_PRESET, steps=8, seed=seed, device="cpu", progress=False)
    a, b, c = ((tmp_path / name / "generator.safetensors").read_bytes() for name in "abc")
    assert a == b and a != c


def test_stage_by_stage_gives_the_bytes_of_all_at_once(small, run, tmp_path):
    for stage in ("pretrain", "critic", "joint"):
        train(small, tmp_path, TOY_PRESET, stage, device="cpu", progress=False)
    for name in ("generator.safetensors", "best.safetensors"):
        assert _weights(tmp_path / name) == _weights(run / name)
    assert (tmp_path / "state.safetensors").read_bytes() == (run / "state.safetensors").read_bytes()


def test_the_joint_stage_says_what_it_lacks(small, tmp_path):
    with pytest.raises(EmotalkError, match="trained emotion critic .*has not begun.* and a pretrained generator .*; run --stage critic and --stage pretrain"):
        train(small, tmp_path, TOY_PRESET, "joint", progress=False)
    train(small, tmp_path, TOY_PRESET, "pretrain", steps=2, progress=False)
    with pytest.raises(EmotalkError, match="needs a trained emotion critic .*; run --stage critic"):
        train(small, tmp_path, TOY_PRESET, "joint", progress=False)
    train(small, tmp_path, TOY_PRESET, "critic", steps=3, progress=False)
    train(small, tmp_path, TOY_PRESET, "joint", steps=1, progress=False)
    assert json.loads((tmp_path / "run.json").read_text())["steps"] == {"critic": 3, "pretrain": 2, "joint": 1}


def test_a_joint_stage_without_pretraining_leaves_its_generator(small, tmp_path):
    path = train(small, tmp_path, toy(critic_steps=0, pretrain_steps=0), "joint", steps=1, progress=False)
    assert read_header(path)["stages"] == "joint 1" and load_generator(tmp_path).config == TOY


def test_stages_without_a_step_are_refused_and_nothing_is_written(small, tmp_path):
    with pytest.raises(EmotalkError, match="preset toy leaves out the critic stage; give --steps"):
        train(small, tmp_path / "run", toy(critic_steps=0), "critic")
    with pytest.raises(EmotalkError, match="preset toy leaves out every stage; give --steps"):
        train(small, tmp_path / "run", toy(critic_steps=0, pretrain_steps=0, joint_steps=0))
    assert not (tmp_path / "run").exists()


def test_the_papers_runs_say_what_their_budget_is_in_epochs_of_other_data(small, tmp_path, capsys):
    train(small, tmp_path / "toy", TOY_PRESET, "critic", steps=1)
    assert "epochs" not in capsys.readouterr().err
    train(small, tmp_path / "p100", replace(TOY_PRESET, name="p100"), "critic", steps=3)
    assert "100 clips, 2 a step; with 6 clips, 2 a step, its budget is 1 epochs (critic)\n" in capsys.readouterr().err
    assert json.loads((tmp_path / "p100" / "run.json").read_text())["steps_per_epoch"] == 3


def test_a_finished_run_returns_at_once(small, run):
    before = (run / "generator.safetensors").stat().st_mtime_ns
    assert train(small, run, TOY_PRESET, resume=True, progress=False) == run / "generator.safetensors"
    assert (run / "generator.safetensors").stat().st_mtime_ns == before


def test_a_finished_run_is_not_handed_out_as_the_training_on_other_clips(small, run, sample, tmp_path):
    other, copy = toy_folder(sample, tmp_path / "other", ("anger", "neutral")), shutil.copytree(run, tmp_path / "run")
    for stage, last in (("all", "joint"), ("critic", "critic")):
        with pytest.raises(EmotalkError, match=f"^the {last} stage in .*run is complete and learned from other clips; give another --out$"):
            train(other, copy, TOY_PRESET, stage, resume=True, progress=False)
    with pytest.raises(EmotalkError, match="nowhere: no such folder"):
        train(tmp_path / "nowhere", copy, TOY_PRESET, resume=True, progress=False)
    assert train(shutil.copytree(small, tmp_path / "moved"), copy, TOY_PRESET, resume=True, progress=False).is_file()
    header, state = read_header(copy / "state.safetensors"), copy / "state.safetensors"
    save_tensors(load_file(state), state, {name: value for name, value in header.items() if name not in ("learns_from", "judged")})
    assert train(other, copy, TOY_PRESET, resume=True, progress=False).is_file()  # an old run does not say what it learned from


def test_the_last_stage_says_which_clips_a_finished_run_is_of(small, sample, tmp_path):
    other = toy_folder(sample, tmp_path / "other", ("anger", "neutral"))
    for stage, data in (("critic", small), ("pretrain", small), ("joint", other)):
        train(data, tmp_path / "run", TOY_PRESET, stage, progress=False)
    assert train(other, tmp_path / "run", TOY_PRESET, resume=True, progress=False).is_file()
    with pytest.raises(EmotalkError, match="the joint stage in .* learned from other clips"):
        train(small, tmp_path / "run", TOY_PRESET, resume=True, progress=False)


def test_a_run_is_not_overwritten_without_being_asked(small, run):
    for stage in ("all", "joint"):
        with pytest.raises(EmotalkError, match="already holds a run at step 24.*--resume"):
            train(small, run, TOY_PRESET, stage, progress=False)


def test_resuming_with_other_settings_names_the_difference(small, run):
    for changes, difference in (
        ({"batch_size": 4}, r"batch_size \(2, now 4\)"),
        ({"joint_steps": 5}, r"step counts \(joint 6, now 5\)"),
        ({"critic_steps": 8, "joint_steps": 5}, r"step counts \(critic 6, now 8; joint 6, now 5\)"),
        ({"penalty_per": "frame", "window": 5}, r"penalty_per \(clip, now frame\), window \(4, now 5\);"),
    ):
        with pytest.raises(EmotalkError, match=difference):
            train(small, run, toy(**changes), resume=True, progress=False)
    with pytest.raises(EmotalkError, match=r"seed \(0, now 5\)"):
        train(small, run, TOY_PRESET, seed=5, resume=True, progress=False)
    with pytest.raises(EmotalkError, match=r"conv_lstm .* and \d+ more settings; use the same settings"):
        train(small, run, "cpu", resume=True, progress=False)


def test_a_stage_with_a_constant_rate_can_be_made_longer_and_gives_the_bytes_of_a_run_planned_so(small, tmp_path):
    planned = toy(critic_steps=4, pretrain_steps=4, joint_steps=4)
    train(small, tmp_path / "planned", planned, device="cpu", progress=False)
    for stage, steps in (("critic", 2), ("pretrain", 2), ("pretrain", 4), ("critic", 4), ("joint", 2), ("joint", 4)):
        train(small, tmp_path / "longer", planned, stage, steps=steps, resume=True, device="cpu", progress=False)
    assert _weights(tmp_path / "longer" / "generator.safetensors") == _weights(tmp_path / "planned" / "generator.safetensors")
    longer, at_once = (load_file(tmp_path / name / "state.safetensors") for name in ("longer", "planned"))
    assert longer.keys() == at_once.keys() and all(torch.equal(longer[name], at_once[name]) for name in longer)
    report = json.loads((tmp_path / "longer" / "run.json").read_text())
    assert report["steps"] == {"critic": 4, "pretrain": 4, "joint": 4} and report["train"]["joint_steps"] == 4
    with pytest.raises(EmotalkError, match=r"other step counts \(critic 4, now 6\); give the same --steps, or train on .*--init .*longer in another --out"):  # the joint stage went on from it
        train(small, tmp_path / "longer", planned, "critic", steps=6, resume=True, progress=False)


def test_pretraining_whose_rate_falls_keeps_its_length_and_says_how_to_go_on(small, tmp_path):
    falling = toy(final_learning_rate=1e-4)
    first = train(small, tmp_path / "run", falling, "pretrain", steps=2, device="cpu", progress=False)
    with pytest.raises(EmotalkError, match="was planned for 2 steps.* cannot have 3; use the same number, or go on .* with --init .*run in another --out"):
        train(small, tmp_path / "run", falling, "pretrain", steps=3, resume=True, device="cpu", progress=False)
    longer = train(small, tmp_path / "longer", falling, "pretrain", steps=3, init=tmp_path / "run", device="cpu", progress=False)
    assert read_header(longer)["stages"] == "pretrain 3" and _weights(longer) != _weights(first)


def test_held_out_clips_choose_the_best_checkpoint_where_there_are_any(sample, tmp_path):
    both = toy_folder(sample, tmp_path / "both", ("anger", "happiness"))
    manifest = Manifest.load(both)
    manifest.clips[0].split = "val"
    manifest.save(both)
    train(both, tmp_path / "run", TOY_PRESET, "pretrain", steps=2, progress=False)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["validated_on"] == "held-out clips" and list(record["clips"]) == [manifest.clips[0].name]


def test_errors_on_other_clips_do_not_choose_the_best_checkpoint(sample, tmp_path):
    folder, preset = toy_folder(sample, tmp_path / "data"), toy(critic_steps=1, joint_steps=4, validate_every=2)
    train(folder, tmp_path / "run", preset, "critic", progress=False)
    train(folder, tmp_path / "run", preset, "pretrain", progress=False)
    manifest = Manifest.load(folder)
    held_out = replace(manifest.clips[0], name="1010_DFA_ANG_XX", actor=1010, split="val", file="clips/1010_DFA_ANG_XX.safetensors")
    clip = load_clip(folder / manifest.clips[0].file)
    save_clip(replace(clip, name=held_out.name, actor=1010, frames=255 - clip.frames), folder / held_out.file)  # nobody draws that well
    Manifest([*manifest.clips, held_out]).save(folder)
    train(folder, tmp_path / "run", preset, "joint", progress=False)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    errors = {(row["stage"], row["step"]): row["mouth_error"] for row in record["history"] if "mouth_error" in row}
    joint = {place: error for place, error in errors.items() if place[0] == "joint"}
    best = min(joint, key=joint.get)
    assert joint[best] > max(errors[place] for place in errors if place not in joint)
    header = read_header(tmp_path / "run" / "best.safetensors")
    assert (float(header["mouth_error"]), header["validated_on"]) == (joint[best], "held-out clips")
    assert best_of(record).startswith(f"the generator of joint step {best[1]}, whose mouth error, {joint[best]:.2f} grey levels")


def test_an_unknown_preset_stage_or_folder_is_a_clear_line(tmp_path):
    with pytest.raises(EmotalkError, match="no preset 'huge'; choose one of smoke, cpu, portrait, cuda, p100, a100"):
        resolve_preset("huge")
    with pytest.raises(EmotalkError, match="no stage 'third'; choose one of critic, pretrain, joint, all"):
        train(tmp_path, tmp_path / "out", "smoke", "third")
    for folder, lacks in ((tmp_path, "holds no manifest.json"), (tmp_path / "nowhere", "no such folder")):
        with pytest.raises(EmotalkError, match=f"{lacks}; give one that `emotalk sample`"):
            train(folder, tmp_path / "out", "smoke", progress=False)


def test_the_learning_rate_warms_up_and_falls_to_its_end():
    config = replace(CONFIG, pretrain_steps=100, warmup_steps=10, learning_rate=1e-3, final_learning_rate=1e-5)
    rates = [learning_rate("pretrain", s, config) for s in range(101)]
    assert rates[0] == pytest.approx(1e-4) and max(rates) == rates[10] == 1e-3 and rates[-1] == pytest.approx(1e-5)


def test_a_checkpoint_describes_itself(run):
    header = read_header(run / "generator.safetensors")
    assert header["preset"] == "toy" and header["stages"] == "critic 6, pretrain 12, joint 6"
    assert load_generator(run).config == TOY


def test_checkpoints_that_do_not_fit_are_refused(tmp_path, run):
    (tmp_path / "text.safetensors").write_text("not a checkpoint")
    with pytest.raises(EmotalkError, match="not a safetensors file"):
        load_generator(tmp_path / "text.safetensors")
    save_tensors({"x": torch.zeros(1)}, tmp_path / "other.safetensors", {})
    with pytest.raises(EmotalkError, match="not a generator of this package"):
        load_generator(tmp_path / "other.safetensors")
    with pytest.raises(EmotalkError, match="no checkpoint at"):
        load_generator(tmp_path / "missing.safetensors")
    generator = load_generator(run)
    generator.config = replace(TOY, speech_dim=99)
    save_generator(generator, tmp_path / "size.safetensors")
    with pytest.raises(EmotalkError, match="does not fit the size it states"):
        load_generator(tmp_path / "size.safetensors")


def test_validation_scores_whole_clips(folder):
    examples = ClipWindows(folder, 8)
    generator = Generator(PRESETS["smoke"].model)
    result, fewer = validate(generator, examples), validate(generator, examples, n_clips=2)
    assert fewer.scores == dict(list(result.scores.items())[:2])
    assert all(result.generated[name].shape == result.real[name].shape for name in result.real)
    assert result.strip(n_frames=4).shape == (12 * 128, 4 * 128, 3)
    for scores in result.scores.values():
        assert -1 <= scores["mouth_correlation"] <= 1 and 0 < scores["psnr"] < 30
        assert scores["mouth_motion"] < 0.2 and scores["mouth_error"] > 10  # a network that has learned nothing is frozen


def test_validation_draws_what_talk_draws_of_the_clip_s_own_face_and_speech(folder):
    examples = ClipWindows(folder, 8)
    for model in (PRESETS["smoke"].model, replace(PRESETS["smoke"].model, output="warp")):
        torch.manual_seed(0)
        generator = Generator(model)
        if model.output == "warp":
            generator.decoder.warp.known.bias.data.fill_(-1.0)  # a stranger, of whose drawing a quarter would shine through
        [(name, drawn)] = validate(generator, examples, n_clips=1, seed=3).generated.items()
        clip = next(clip for clip in map(examples.clip, examples.entries) if clip.name == name)
        face = next(clip for clip in map(examples.clip, examples.entries) if clip.emotion == "neutral").frames[0]
        assert np.array_equal(drawn, generate(generator, face, clip.audio, one_hot(clip.emotion).tolist(), seed=3))


def test_validation_takes_another_actor_for_each_emotion(folder, tmp_path):
    parsed = {name: parse_name(name) for name in official_names()}
    like = Manifest.load(folder).clips[0]
    entries = [
        replace(like, name=name, actor=clip.actor, emotion=clip.emotion, split=split_of(clip.actor)) for name, clip in parsed.items()
    ]
    Manifest(entries).save(tmp_path)
    chosen = one_of_each_emotion(ClipWindows(tmp_path, 8, split="val"))
    assert [entry.emotion for entry in chosen] == list(EMOTIONS)
    assert [entry.actor for entry in chosen] == [1010, 1020, 1030, 1040, 1050, 1060]

    Manifest([entry for entry in entries if (entry.actor, entry.emotion) != (1020, "disgust")]).save(tmp_path)
    chosen = one_of_each_emotion(ClipWindows(tmp_path, 8, split="val"))
    assert [entry.actor for entry in chosen] == [1010, 1010, 1030, 1040, 1050, 1060]  # the second has no disgust


def _weights(path):
    return {name: tensor.tolist() for name, tensor in load_file(path).items()}


def _emotion_index(name):
    from emotalk_lite.emotions import EMOTIONS

    return EMOTIONS.index(name)


def _prepared_folder(folder, clip):
    from emotalk_lite.data.clips import Entry

    path = folder / "clips" / f"{clip.name}.safetensors"
    save_clip(clip, path)
    about = {k: getattr(clip, k) for k in ("name", "actor", "sentence", "emotion", "intensity", "split", "sha256", "source")}
    entry = Entry(**about, file=f"clips/{clip.name}.safetensors", size=path.stat().st_size, raw="", n_frames=len(clip.frames), duration=0.0)
    Manifest([entry]).save(folder)
