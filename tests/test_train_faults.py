"""Whatever happens to a run, nothing is lost: kills, Ctrl-C, a full disk, a file that vanishes, a loss that is not finite."""

import json
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from test_cli import emotalk
from toy import TOY_PRESET, toy_folder

from emotalk_lite.checkpoint import read_header
from emotalk_lite.data.clips import Manifest, load_clip, save_clip
from emotalk_lite.data.windows import ClipWindows
from emotalk_lite.errors import EmotalkError
from emotalk_lite.paths import alone_in
from emotalk_lite.training.learners import build_learners
from emotalk_lite.training.state import TrainingState
from emotalk_lite.training.train import train

TESTS = Path(__file__).parent
FILES = ("state.safetensors", "generator.safetensors", "best.safetensors")
# Long enough to be hit in the middle of every stage, and saved so often that little is repeated; all that is random is in it
LONG = replace(
    TOY_PRESET,
    model=replace(TOY_PRESET.model, dropout=0.2),
    train=replace(TOY_PRESET.train, critic_steps=30, pretrain_steps=30, joint_steps=30, checkpoint_every=3, validate_every=15),
)
# The same as a process. It prints a line before each step, so that a signal can be sent while it works
SCRIPT = f"""
import sys
sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parent)!r}]
from emotalk_lite.errors import EmotalkError
from emotalk_lite.training import train as module
from test_train_faults import LONG
inner = module.generator_for
def announced(seed, stage, step, device):
    print(stage, step, flush=True)
    return inner(seed, stage, step, device)
module.generator_for = announced
try:
    module.train(sys.argv[1], sys.argv[2], LONG, resume=True, device="cpu", workers=int(sys.argv[3]), progress=False)
except EmotalkError as error:
    sys.exit(f"emotalk: {{error}}")
"""


@pytest.fixture(scope="module")
def small(sample, tmp_path_factory):
    return toy_folder(sample, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def whole(small, tmp_path_factory):
    """A run that nothing happened to."""
    out = tmp_path_factory.mktemp("whole")
    train(small, out, LONG, progress=False)
    return out


KILLED = [("critic", 10), ("pretrain", 17), ("joint", 5)]


@pytest.mark.parametrize("number, places", [(signal.SIGKILL, KILLED), (signal.SIGINT, KILLED[-1:])], ids=["kill -9", "Ctrl-C"])
def test_stopped_in_every_stage_and_resumed_gives_the_bytes_of_an_uninterrupted_run(small, whole, tmp_path, number, places):
    for stage, step in places:
        process = GoOn(small, tmp_path)
        for line in process:
            if line == f"{stage} {step}":
                process.send(number)
        assert line.startswith(stage) and process.status != 0, f"stopped too late: {line}"
        done = json.loads(read_header(tmp_path / "state.safetensors")["done"])
        assert done[stage] >= (step - 2 if number == signal.SIGKILL else step), "Ctrl-C saves; a kill loses at most 3 steps"
    half = tmp_path / ".state.0123abcd.part.safetensors"
    half.write_bytes(b"half")  # as a kill in the middle of writing leaves it
    train(small, tmp_path, LONG, resume=True, progress=False)
    assert not half.exists()
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()
    records = [json.loads((run / "run.json").read_text()) for run in (tmp_path, whole)]
    assert records[0]["history"] == records[1]["history"] and records[0]["clips"] == records[1]["clips"]
    assert curves(tmp_path) == curves(whole)


def test_a_second_process_in_the_same_folder_stops_at_once_and_leaves_what_the_first_writes(small, tmp_path):
    first, second = GoOn(small, tmp_path), None
    for line in first:
        if line == "critic 5":
            first.process.send_signal(signal.SIGSTOP)
            writes = tmp_path / ".state.0123abcd.part.safetensors"
            writes.touch()
            second = GoOn(small, tmp_path)
            assert list(second) == [] and second.status == 1
            assert second.said == f"emotalk: another process is at work in {tmp_path}; wait until it has ended, or give another --out\n"
            assert writes.exists()
            first.send(signal.SIGKILL)
    assert second is not None
    train(small, tmp_path, LONG, "critic", resume=True, progress=False)  # what was killed keeps nobody out
    assert not writes.exists() and json.loads(read_header(tmp_path / "state.safetensors")["done"])["critic"] == 30


def test_the_command_says_so_with_status_2_and_trains_nothing(sample, tmp_path):
    with alone_in(tmp_path):
        done = emotalk("train", "--data", sample.folder, "--out", tmp_path, "--preset", "smoke", "--device", "cpu")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == f"emotalk: another process is at work in {tmp_path}; wait until it has ended, or give another --out"
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_run_that_another_process_went_on_with_meanwhile_is_not_taken_back(small, tmp_path):
    train(small, tmp_path, TOY_PRESET, "critic", steps=2, progress=False)
    state = TrainingState(tmp_path, TOY_PRESET, 0, ["critic"])
    train(small, tmp_path, TOY_PRESET, "critic", resume=True, progress=False)
    learners = build_learners(TOY_PRESET, 0, torch.device("cpu"))
    with pytest.raises(EmotalkError, match="another process has gone on with the run in .* meanwhile; give the same command again"):
        state.load(learners, learners.generator.network)


def test_readers_change_nothing_and_end_with_a_training_that_is_killed(small, whole, tmp_path):
    process, readers = GoOn(small, tmp_path, workers=2), []
    for line in process:
        if line == "pretrain 17":
            readers = psutil.Process(process.process.pid).children()
            process.send(signal.SIGKILL)
    assert len(readers) == 2 and not psutil.wait_procs(readers, timeout=5)[1]
    train(small, tmp_path, LONG, resume=True, workers=2, progress=False)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()


def test_a_reader_that_is_killed_stops_the_run_with_a_line_that_says_what_to_do(small, tmp_path):
    process = GoOn(small, tmp_path, workers=2)
    for line in process:
        if line == "pretrain 5":
            psutil.Process(process.process.pid).children()[0].kill()
    assert process.status == 1 and "Traceback" not in process.said
    told = r"emotalk: a process that reads clips was killed after step \d+, probably for want of memory; add --resume and fewer --workers than 2\n"
    assert re.fullmatch(told, process.said)
    assert json.loads(read_header(tmp_path / "state.safetensors")["done"])["pretrain"] >= 3


def curves(run):
    """What TensorBoard shows of a run."""
    events = EventAccumulator(str(run / "logs")).Reload()
    return {name: [(event.step, event.value) for event in events.Scalars(name)] for name in events.Tags()["scalars"]}


@contextmanager
def stopped_when_it_appears(monkeypatch, name):
    """The training in the block ends as soon as a file of this name is in place, as a kill may end it."""
    rename = os.replace

    def rename_and_stop(source, target):
        rename(source, target)
        if Path(target).name == name:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "replace", rename_and_stop)
        yield


@pytest.mark.parametrize("last", ["generator.safetensors", "state.safetensors"])
def test_stopped_between_the_files_of_the_last_save_the_run_ends_with_the_generator_of_its_end(small, tmp_path, monkeypatch, last):
    short = replace(TOY_PRESET, train=replace(TOY_PRESET.train, pretrain_steps=2))
    train(small, tmp_path / "whole", short, "pretrain", progress=False)
    with stopped_when_it_appears(monkeypatch, last):
        train(small, tmp_path / "cut", short, "pretrain", progress=False)
    train(small, tmp_path / "cut", short, "pretrain", resume=True, progress=False)
    for name in FILES:
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_half_a_stage_goes_on_with_its_own_clips_wherever_they_lie(small, sample, tmp_path, monkeypatch):
    with stopped_when_it_appears(monkeypatch, "state.safetensors"):
        train(small, tmp_path / "run", TOY_PRESET, "critic", progress=False)
    other = toy_folder(sample, tmp_path / "other", ("anger", "neutral"))
    with pytest.raises(EmotalkError, match="the critic stage in .*run began with other clips; use the same"):
        train(other, tmp_path / "run", TOY_PRESET, "critic", resume=True, progress=False)
    moved = shutil.copytree(small, tmp_path / "moved")
    train(moved, tmp_path / "run", TOY_PRESET, "critic", resume=True, progress=False)
    with stopped_when_it_appears(monkeypatch, "state.safetensors"):
        train(other, tmp_path / "run", TOY_PRESET, "pretrain", progress=False)  # another stage may have others
    state = TrainingState(tmp_path / "run", TOY_PRESET, 0, ["pretrain"])
    clips = ClipWindows(other, TOY_PRESET.train.window).fingerprint()
    state.begin(clips, "efficientnet_lite0")
    with pytest.raises(EmotalkError, match=r"other perceptual features \(efficientnet_lite0, now vgg19\)"):
        state.begin(clips, "vgg19")  # begun without a network, gone on with one


def test_a_state_that_is_damaged_says_how_to_begin_again(small, tmp_path):
    train(small, tmp_path, TOY_PRESET, "critic", progress=False)
    state = tmp_path / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(EmotalkError, match="state.safetensors is damaged; begin again in another --out, .* with --init"):
        train(small, tmp_path, TOY_PRESET, "critic", resume=True, progress=False)


def test_a_disk_that_fills_up_is_one_clear_line_and_the_last_good_checkpoint_stays(small, tmp_path):
    train(small, tmp_path, LONG, "pretrain", progress=False)
    train(small, tmp_path, LONG, "critic", progress=False)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    process = GoOn(small, tmp_path, largest_file=len(before["state.safetensors"]) // 2)
    assert list(process)[-1] == "joint 2"  # the first checkpoint of the stage is written after it
    assert process.status == 1 and "Traceback" not in process.said
    assert process.said.startswith("emotalk: File too large: ") and "the last good checkpoint is whole" in process.said
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
    assert not list(tmp_path.glob(".*.part.*")), "half a file was left behind"
    train(small, tmp_path, LONG, resume=True, progress=False)
    assert json.loads(read_header(tmp_path / "state.safetensors")["done"])["joint"] == 30


def test_a_disk_that_fills_up_under_tensorboard_raises_where_training_can_say_so(tmp_path):
    write = """
import resource, signal, sys
from pathlib import Path
import torch
from emotalk_lite.runlog import RunLog
log = RunLog(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    log.writer.add_image("large", torch.rand(3, 64, 64), 0)
    log.writer.flush()
except OSError as error:
    print(error.strerror)
"""
    done = subprocess.run([sys.executable, "-c", write, str(tmp_path)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("File too large\n", "")


@pytest.mark.parametrize("workers", [0, 2])
def test_a_dataset_file_that_vanishes_is_named(small, sample, tmp_path, workers):
    folder = toy_folder(sample, tmp_path / "data", ("anger", "fear", "neutral"))
    train(folder, tmp_path / "run", TOY_PRESET, "pretrain", steps=2, progress=False)
    before = (tmp_path / "run" / "state.safetensors").read_bytes()
    gone = next(folder.glob("clips/*FEA*"))
    gone.unlink()
    line = f"^[^\n]*{gone.name}: no such prepared file; make it again [^\n]*"
    with pytest.raises(EmotalkError, match=line + "; then add --resume: the last good checkpoint is whole$"):
        train(folder, tmp_path / "run", TOY_PRESET, "critic", workers=workers, progress=False)
    assert (tmp_path / "run" / "state.safetensors").read_bytes() == before
    with pytest.raises(EmotalkError, match=line + r"\)$"):  # here, nothing was saved yet
        train(folder, tmp_path / "new", TOY_PRESET, "critic", workers=workers, progress=False)


@pytest.mark.parametrize("stage", ["critic", "pretrain"])
def test_a_held_out_file_that_vanishes_is_named_too(sample, tmp_path, stage):
    folder = toy_folder(sample, tmp_path / "data", ("anger", "fear", "neutral"))
    manifest = Manifest.load(folder)
    manifest.clips[1].split = "val"
    manifest.save(folder)
    (folder / manifest.clips[1].file).unlink()
    with pytest.raises(EmotalkError, match=f"{Path(manifest.clips[1].file).name}: no such .*; then add --resume: the last good checkpoint is whole$"):
        train(folder, tmp_path / "run", TOY_PRESET, stage, progress=False)
    assert (tmp_path / "run" / "state.safetensors").is_file()


def test_a_clip_with_poisoned_sound_stops_the_run_and_leaves_the_last_good_checkpoint(sample, tmp_path):
    folder = toy_folder(sample, tmp_path / "data", ("anger", "neutral"))
    train(folder, tmp_path / "run", TOY_PRESET, "critic", progress=False)
    before = (tmp_path / "run" / "state.safetensors").read_bytes()
    path = folder / Manifest.load(folder).clips[0].file
    clip = load_clip(path)
    save_clip(replace(clip, audio=np.full_like(clip.audio, np.nan)), path)
    with pytest.raises(EmotalkError, match=r"not finite \(mouth nan, .*\) after step 6; the last good checkpoint stays in .*run; try a lower learning_rate in another --out"):
        train(folder, tmp_path / "run", TOY_PRESET, "pretrain", progress=False)
    assert (tmp_path / "run" / "state.safetensors").read_bytes() == before


def test_a_learning_rate_that_throws_the_weights_away_is_noticed_before_they_are_saved(small, tmp_path):
    wild = replace(TOY_PRESET, train=replace(TOY_PRESET.train, learning_rate=1e38, final_learning_rate=1e38, checkpoint_every=1))
    with pytest.raises(EmotalkError, match="not finite.*(the last good checkpoint stays|nothing was saved yet)"):
        train(small, tmp_path, wild, "pretrain", progress=False)
    saved = tmp_path / "state.safetensors"
    assert not saved.is_file() or json.loads(read_header(saved)["done"])["pretrain"] <= 1


class GoOn:
    """A training process that goes on with a run; iterating gives its lines."""

    def __init__(self, data: Path, out: Path, largest_file: int = 0, workers: int = 0) -> None:
        def limit() -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job would ignore it
            if largest_file:  # bytes: a disk that takes no more, without needing a disk
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        command = [sys.executable, "-c", SCRIPT, str(data), str(out), str(workers)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit)

    def __iter__(self):
        yield from (line.strip() for line in self.process.stdout)
        self.said = self.process.stderr.read()
        self.status = self.process.wait()

    def send(self, number: int) -> None:
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()
        else:
            time.sleep(0.2)  # it arrives before the next step is over


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="imitates an older x86 processor")
def test_bfloat16_on_a_processor_without_it_is_refused_before_anything_is_written(small, tmp_path):
    asked = ("--data", small, "--out", tmp_path / "run", "--preset", "smoke", "--precision", "bf16", "--device", "cpu")
    done = emotalk("train", *asked, ONEDNN_MAX_CPU_ISA="AVX2")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "emotalk: this cpu device cannot compute an LSTM in bfloat16; use --precision fp32\n"
    assert not list((tmp_path / "run").glob("*"))
