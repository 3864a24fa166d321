"""Training on the real sample at smoke size: it learns, repeats to the byte, resumes to the byte, and refuses nonsense."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from emotalk_lite.checkpoint import load_generator, read_header, save_generator, save_tensors
from emotalk_lite.data.clips import Manifest, blank_clip, save_clip
from emotalk_lite.data.windows import ClipWindows, to_signed, to_uint8
from emotalk_lite.errors import EmotalkError
from emotalk_lite.models.generator import Generator
from emotalk_lite.presets import PRESETS, resolve_preset
from emotalk_lite.train import learning_rate, pretrain
from emotalk_lite.validate import validate

SMOKE = PRESETS["smoke"]


@pytest.fixture(scope="module")
def folder(sample):
    return sample.folder


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    pretrain(folder, out, "smoke", progress=False)
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


def test_the_loss_falls_and_the_run_says_what_it_did(run):
    record = json.loads((run / "run.json").read_text())
    scores = record["history"]
    assert record["step"] == SMOKE.train.steps and record["perceptual_features"] == "efficientnet_lite0"
    assert scores[-1]["psnr"] > scores[0]["psnr"]
    assert set(record["clips"]) == {f"1001_DFA_{code}_XX" for code in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")}
    assert len(list((run / "strips").glob("*.png"))) == len(scores)


def test_tensorboard_has_every_term_and_the_strips(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "logs"))
    events.Reload()
    assert {"train/mouth", "train/perceptual", "train/eye", "validation/psnr"} <= set(events.Tags()["scalars"])
    assert events.Tags()["images"] == ["real above generated"]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(folder, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        pretrain(folder, tmp_path / name, "smoke", steps=3, seed=seed, progress=False)
    a, b, c = ((tmp_path / name / "generator.safetensors").read_bytes() for name in "abc")
    assert a == b and a != c


def test_killed_at_any_moment_and_resumed_gives_the_bytes_of_an_uninterrupted_run(folder, tmp_path):
    preset = replace(SMOKE, train=replace(SMOKE.train, steps=12, checkpoint_every=3, validate_every=12))
    pretrain(folder, tmp_path / "whole", preset, progress=False)
    script = (
        "import sys; from pathlib import Path; from dataclasses import replace; from emotalk_lite.train import pretrain;"
        "from emotalk_lite.presets import PRESETS; p = PRESETS['smoke'];"
        "p = replace(p, train=replace(p.train, steps=12, checkpoint_every=3, validate_every=12));"
        "pretrain(Path(sys.argv[1]), Path(sys.argv[2]), p, progress=False)"
    )
    out = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", script, str(folder), str(out)])
    deadline = time.monotonic() + 120
    while not (out / "state.safetensors").is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert int(read_header(out / "state.safetensors")["step"]) < 12, "killed too late to test anything"
    pretrain(folder, out, preset, resume=True, progress=False)
    for name in ("generator.safetensors", "state.safetensors"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_finished_run_returns_at_once(folder, run):
    before = (run / "generator.safetensors").stat().st_mtime_ns
    assert pretrain(folder, run, "smoke", resume=True, progress=False) == run / "generator.safetensors"
    assert (run / "generator.safetensors").stat().st_mtime_ns == before


def test_a_run_is_not_overwritten_without_being_asked(folder, run):
    with pytest.raises(EmotalkError, match="already holds a run.*--resume"):
        pretrain(folder, run, "smoke", progress=False)


def test_resuming_with_other_settings_names_the_difference(folder, run):
    with pytest.raises(EmotalkError, match=r"batch_size \(2, now 3\)"):
        pretrain(folder, run, replace(SMOKE, train=replace(SMOKE.train, batch_size=3)), resume=True, progress=False)
    with pytest.raises(EmotalkError, match=r"seed \(0, now 5\)"):
        pretrain(folder, run, "smoke", seed=5, resume=True, progress=False)
    with pytest.raises(EmotalkError, match="critic_dim"):
        pretrain(folder, run, "cpu", resume=True, progress=False)


def test_a_loss_that_is_not_finite_stops_with_a_clear_line(folder, tmp_path):
    exploding = replace(SMOKE, train=replace(SMOKE.train, mouth_weight=float("inf")))
    with pytest.raises(EmotalkError, match="the loss is inf at step 0"):
        pretrain(folder, tmp_path, exploding, progress=False)


def test_an_unknown_preset_and_a_missing_folder_are_clear_lines(folder, tmp_path):
    with pytest.raises(EmotalkError, match="no preset 'huge'; choose one of smoke, cpu, cuda"):
        resolve_preset("huge")
    with pytest.raises(EmotalkError, match="manifest.json"):
        pretrain(tmp_path / "nowhere", tmp_path / "out", "smoke", progress=False)


def test_the_learning_rate_warms_up_and_falls_to_its_end():
    config = replace(SMOKE.train, steps=100, warmup_steps=10, learning_rate=1e-3, final_learning_rate=1e-5)
    rates = [learning_rate(s, config) for s in range(101)]
    assert rates[0] == pytest.approx(1e-4) and max(rates) == rates[10] == 1e-3 and rates[-1] == pytest.approx(1e-5)


def test_a_checkpoint_describes_itself(run):
    header = read_header(run / "generator.safetensors")
    assert header["preset"] == "smoke" and header["step"] == str(SMOKE.train.steps)
    assert load_generator(run).config == SMOKE.model


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
    generator.config = replace(SMOKE.model, speech_dim=99)
    save_generator(generator, tmp_path / "size.safetensors")
    with pytest.raises(EmotalkError, match="does not fit the size it states"):
        load_generator(tmp_path / "size.safetensors")


def test_validation_of_the_real_clip_itself_is_perfect(folder):
    examples = ClipWindows(folder, 8)
    result = validate(Generator(SMOKE.model), examples)
    assert all(result.generated[name].shape == result.real[name].shape for name in result.real)
    assert result.strip(n_frames=4).shape == (12 * 128, 4 * 128, 3)
    assert all(-1 <= s["mouth_correlation"] <= 1 and 0 < s["psnr"] < 30 for s in result.scores.values())


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
