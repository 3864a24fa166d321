"""Preparing a folder in CREMA-D's shape: what comes out, whatever goes wrong on the way."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import asdict

import psutil
import pytest
from crema_d import EMOTALK, POINTER, ROOT, contents, cut_flv, emotalk, make_raw

from emotalk_lite.data import cremad
from emotalk_lite.data.clips import Manifest, load_clip, load_speech
from emotalk_lite.data.prepare_folder import prepare_folder
from emotalk_lite.errors import EmotalkError
from emotalk_lite.paths import ABANDONED


@pytest.fixture(scope="session")
def raw(sample, tmp_path_factory):
    """The folder of originals. Tests that change it take a copy."""
    return make_raw(sample.folder / "raw", tmp_path_factory.mktemp("crema-d") / "raw")


@pytest.fixture(scope="session")
def prepared(raw):
    """The same, prepared in one go by one process."""
    return prepare_folder(raw, raw.parent / "prepared", progress=False)


@pytest.fixture
def half(prepared, raw):
    """A folder beside ``prepared`` where two clips are missing and there is no manifest yet."""
    folder = raw.parent / "half"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(prepared.folder, folder)
    (folder / "manifest.json").unlink()
    for entry in prepared.clips[:2]:
        (folder / entry.file).unlink()
    return folder


def test_clips_and_recordings_are_prepared_whatever_their_form(prepared):
    assert [(entry.name, entry.split) for entry in prepared.clips] == [
        ("1001_DFA_ANG_XX", "train"),
        ("1001_DFA_HAP_XX", "train"),
        ("1001_IEO_ANG_MD", "train"),
        ("1006_TAI_HAP_XX", "train"),
        ("1010_DFA_FEA_XX", "val"),
        ("1085_DFA_SAD_XX", "test"),
    ]
    assert [entry.name for entry in prepared.speech] == ["1002_DFA_ANG_XX"]
    for entry in prepared.clips:
        clip = load_clip(prepared.path(entry))
        assert clip.frames.shape == (entry.n_frames, 128, 128, 3)
        assert clip.metadata() == {key: getattr(entry, key) for key in clip.metadata()}
    assert len(load_speech(prepared.path(prepared.speech[0]))) == prepared.speech[0].n_frames * 320
    assert prepared.clips[0].raw == "../raw/VideoFlash/1001_DFA_ANG_XX.flv"  # not the MP4 copy
    assert prepared.complete()
    assert asdict(Manifest.load(prepared.folder)) == asdict(prepared)


def test_a_silent_video_takes_the_sound_of_its_name(prepared):
    own = {entry.name: entry.sound_sha256 for entry in prepared.clips}
    assert own.pop("1006_TAI_HAP_XX") and not any(own.values())
    assert abs(load_clip(prepared.path(prepared.clips[3])).audio).max() > 0.1


def test_what_cannot_be_prepared_is_named_with_its_reason(prepared):
    reasons = {skipped["name"]: skipped["reason"] for skipped in prepared.skipped}
    expected = {
        "1003_DFA_ANG_XX": "is cut off",
        "1003_DFA_DIS_XX": "cannot be read .* not a media file",
        "1003_DFA_FEA_XX": "a Git LFS pointer",
        "1003_DFA_HAP_XX": "is empty",
        "1003_DFA_SAD_XX": "sound only",
        "1064_TIE_SAD_XX": "known to be broken .* no duration",
        "holiday": "not a CREMA-D clip's name",
    }
    assert list(reasons) == list(expected)
    for name, pattern in expected.items():
        assert re.match(pattern, reasons[name])


def start(raw, out, workers):
    return subprocess.Popen(
        [*EMOTALK, "prepare", "--raw", str(raw), "--out", str(out), "--workers", str(workers)],
        stderr=subprocess.PIPE,
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job would ignore it
    )


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_killed_in_the_middle_two_workers_go_on_to_the_bytes_of_one_and_leave_no_process_behind(raw, prepared):
    out = raw.parent / "killed"
    process = start(raw, out, workers=2)
    wait_for(lambda: list(out.glob("clips/[0-9]*")))
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    wait_for(lambda: not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers))
    assert not (out / "manifest.json").exists()
    finished = {path: path.stat().st_mtime_ns for path in out.glob("clips/[0-9]*")}
    assert finished
    for path in out.rglob(".*.part.*"):  # what it was writing; an hour later the next call removes it by itself
        os.utime(path, (0, 0))
    done = emotalk("prepare", "--raw", raw, "--out", out, "--workers", 2)
    assert done.stdout == f"{out}: 6 clips (4 train, 1 val, 1 test), 1 recording, 7 skipped (manifest.json says why)\n"
    assert contents(out) == contents(prepared.folder)
    assert all(path.stat().st_mtime_ns == at for path, at in finished.items())


def test_a_second_process_for_the_same_part_stops_and_one_for_another_part_does_not(raw):
    out = raw.parent / "shared"
    first = start(raw, out, workers=1)
    wait_for(lambda: list(out.glob("clips/[0-9]*")))
    first.send_signal(signal.SIGSTOP)
    second = emotalk("prepare", "--raw", raw, "--out", out)
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr.splitlines()[-1] == f"emotalk: another process is at work in {out}; wait until it has ended, or give another --out"
    assert emotalk("prepare", "--raw", raw, "--out", out, "--shard", "1/2", "--workers", 1).returncode == 0
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=60)
    assert first.returncode == 0 and (out / "manifest.json").is_file()


def test_ctrl_c_stops_it_with_one_line(raw):
    out = raw.parent / "interrupted"
    process = start(raw, out, workers=1)
    wait_for(lambda: list(out.glob("clips/[0-9]*")))
    process.send_signal(signal.SIGINT)
    screen = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130 and "Traceback" not in screen
    assert screen.splitlines()[-1] == "emotalk: stopped; the same command goes on where it stopped"
    assert not list(out.rglob(".*.part.*"))


def test_only_what_changed_is_prepared_again(raw, prepared, tmp_path):
    for folder in (raw, prepared.folder):
        shutil.copytree(folder, tmp_path / folder.name)
    raw, out = tmp_path / "raw", tmp_path / "prepared"
    damaged, changed, kept = (out / entry.file for entry in prepared.clips[:3])
    damaged.write_bytes(damaged.read_bytes()[:5000])
    original = raw / "VideoFlash" / "1001_DFA_HAP_XX.flv"
    original.write_bytes((raw / "VideoFlash" / "1010_DFA_FEA_XX.flv").read_bytes())
    before = kept.stat().st_mtime_ns, changed.read_bytes()
    manifest = prepare_folder(raw, out, progress=False)
    assert (kept.stat().st_mtime_ns, damaged.read_bytes()) == (before[0], prepared.path(prepared.clips[0]).read_bytes())
    assert changed.read_bytes() != before[1]
    assert manifest.clips[1].sha256 == manifest.clips[4].sha256 != prepared.clips[1].sha256


def test_shards_make_one_manifest_of_the_same_bytes(raw, prepared, half):
    assert prepare_folder(raw, half, shard=(2, 3), progress=False) is None
    assert prepare_folder(raw, half, shard=(3, 3), progress=False) is None
    assert not (half / "manifest.json").exists()
    prepare_folder(raw, half, shard=(1, 3), progress=False)
    parts = {name: data for name, data in contents(half).items() if not name.startswith("shards/") and not re.match(r"\.\d-of-3\.lock", name)}
    assert parts == contents(prepared.folder)


def test_parts_of_different_selections_do_not_join(raw, half):
    assert prepare_folder(raw, half, shard=(1, 2), names=["1001_DFA_ANG_XX", "1001_DFA_HAP_XX"], progress=False) is None
    assert prepare_folder(raw, half, shard=(2, 2), progress=False) is None


def test_the_papers_subset_is_all_that_is_prepared(raw, half):
    manifest = prepare_folder(raw, half, names=cremad.subset("paper100"), progress=False)
    assert [entry.name for entry in manifest.clips] == ["1001_IEO_ANG_MD"] and not manifest.speech
    assert len(manifest.skipped) == 99 and {skipped["reason"] for skipped in manifest.skipped} == {"not in the folder"}


def test_temporary_files_of_a_killed_process_are_removed_and_those_of_others_kept(raw, half):
    old, new = half / "clips" / ".a.1234.part.safetensors", half / "clips" / ".b.1234.part.safetensors"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, time.time() - ABANDONED - 1))
    prepare_folder(raw, half, names=["1001_DFA_ANG_XX"], progress=False)
    assert not old.exists() and new.exists()


def test_a_folder_that_cannot_be_written_to_is_no_fault_of_the_clips(raw, tmp_path):
    (tmp_path / "clips").write_text("in the way")
    with pytest.raises(EmotalkError, match="cannot write to .*free some space"):
        prepare_folder(raw, tmp_path, progress=False)
    assert not (tmp_path / "manifest.json").exists()


def test_a_folder_without_good_clips_is_an_error_of_one_line(sample, tmp_path):
    with pytest.raises(EmotalkError, match="holds no .flv.*emotalk cremad"):
        prepare_folder(tmp_path, tmp_path / "out", progress=False)
    (tmp_path / "1001_DFA_ANG_XX.flv").write_bytes(POINTER)
    with pytest.raises(EmotalkError, match="the only clip could not be prepared; 1001_DFA_ANG_XX: a Git LFS pointer"):
        prepare_folder(tmp_path, tmp_path / "out", progress=False)
    (tmp_path / "1001_DFA_ANG_XX.flv").write_bytes(cut_flv(sample.folder / "raw" / "1001_DFA_ANG_XX.flv", 0.1)[:300])
    with pytest.raises(EmotalkError, match="the only clip could not be prepared"):
        prepare_folder(tmp_path, tmp_path / "out", progress=False)
    (tmp_path / "holiday.flv").write_bytes(POINTER)
    with pytest.raises(EmotalkError, match="none of 2 clips could be prepared; 1001_DFA_ANG_XX: "):
        prepare_folder(tmp_path, tmp_path / "out", progress=False)
    assert [path.name for path in (tmp_path / "out").rglob("*.*")] == [".lock"]


def test_one_clip_is_said_as_one_and_nothing_skipped_needs_no_reason(sample, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    shutil.copy(sample.folder / "raw" / "1001_DFA_ANG_XX.flv", raw)
    done = emotalk("prepare", "--raw", raw, "--out", tmp_path / "out", "--workers", 1)
    assert done.stdout == f"{tmp_path / 'out'}: 1 clip (1 train, 0 val, 0 test), 0 recordings, 0 skipped\n"


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "a/b"])
def test_a_shard_that_does_not_exist(shard, tmp_path):
    done = emotalk("prepare", "--raw", tmp_path, "--out", tmp_path / "out", "--shard", shard)
    assert (done.returncode, done.stderr) == (2, f"emotalk: --shard {shard}: give I/N with I from 1 to N, such as 3/8\n")


def test_the_published_names():
    names = cremad.official_names()
    assert len(names) == len(set(names)) == 7442 and list(names) == sorted(names)
    assert all(cremad.parse_name(name) for name in names) and cremad.KNOWN_BAD.keys() <= set(names)
    assert {name[:4] for name in names} == {str(1001 + i) for i in range(cremad.N_ACTORS)}


def test_no_actor_is_in_two_splits_and_each_split_has_its_share():
    actors = {split: [a for a in range(1001, 1092) if cremad.split_of(a) == split] for split in cremad.SPLITS}
    assert [len(actors[split]) for split in cremad.SPLITS] == [73, 9, 9]
    assert cremad.split_of(1001) == cremad.split_of(1002) == "train"


def test_the_papers_subset_is_even_and_fixed():
    names = [cremad.parse_name(name) for name in cremad.subset("paper100")]
    assert len(set(names)) == 100 and set(cremad.subset("paper100")) <= set(cremad.official_names()) - cremad.KNOWN_BAD.keys()
    emotions, sentences, actors = ([getattr(n, field) for n in names] for field in ("emotion", "sentence", "actor"))
    assert {emotions.count(emotion) for emotion in emotions} == {16, 17} and len(set(emotions)) == 6
    assert {sentences.count(sentence) for sentence in sentences} == {8, 9} and len(set(sentences)) == 12
    assert sorted(actors.count(actor) for actor in set(actors)) == [4] + [6] * 16
    assert {cremad.split_of(actor) for actor in actors} == {"train"}
    assert {n.actor for n in names if n.emotion == "neutral"} == set(actors)  # each has a clip for the condition image
    fixed = "\n".join(cremad.subset("paper100")).encode()
    assert hashlib.sha256(fixed).hexdigest()[:16] == "3c8d35204f052198"
    with pytest.raises(EmotalkError, match="no such subset; choose from paper100"):
        cremad.subset("paper200")
