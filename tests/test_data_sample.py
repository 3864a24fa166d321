"""The real sample: the right bytes, fetched safely, prepared once."""

import hashlib
import io
import json
import shutil
import tarfile
import time

import numpy as np
import pytest
from PIL import Image

import emotalk_lite as et
from emotalk_lite.data import cremad, prepare
from emotalk_lite.data import sample as sample_module
from emotalk_lite.data.clips import Manifest, load_clip, load_speech
from emotalk_lite.data.media import write_video
from emotalk_lite.data.sample import SAMPLE_SHA256
from emotalk_lite.errors import EmotalkError


def test_every_original_has_its_published_sha256(sample):
    raw = sample.folder / "raw"
    assert len(SAMPLE_SHA256) == 12
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in raw.iterdir()} == SAMPLE_SHA256


def test_the_manifest_says_what_is_there(sample):
    assert [e.emotion for e in sample.clips] == [e.emotion for e in sample.speech] == list(et.EMOTIONS)
    assert {e.actor for e in sample.clips} == {1001} and {e.actor for e in sample.speech} == {1002}
    for entry in sample.clips + sample.speech:
        assert entry.split == "train" and entry.sentence == "DFA" and entry.intensity == "unspecified"
        assert entry.n_frames == np.ceil(entry.duration * 25)
        assert "Open Database License" in entry.source
        assert sample.path(entry).stat().st_size == entry.size
        assert SAMPLE_SHA256[sample.raw_path(entry).name] == entry.sha256


def test_prepared_clips_have_the_promised_shapes(sample, clips):
    for entry in sample.clips:
        clip = clips[entry.emotion]
        count = entry.n_frames
        assert clip.frames.shape == (count, 128, 128, 3) and clip.frames.dtype == np.uint8
        assert clip.audio.shape == (count * 320,) and clip.audio.dtype == np.float32
        assert clip.landmarks.shape == (count, 5, 2) and clip.landmarks.dtype == np.float32
        assert np.array_equal(clip.mouth_centre, clip.landmarks[:, 3:].mean(axis=1))
        assert np.array_equal(clip.eye_centres, clip.landmarks[:, :2])
        assert np.abs(clip.audio).max() <= 1
        assert clip.metadata() == {key: getattr(entry, key) for key in clip.metadata()}


def test_prepared_speech_fills_whole_frames(sample):
    for entry in sample.speech:
        audio = load_speech(sample.path(entry))
        assert audio.shape == (entry.n_frames * 320,) and audio.dtype == np.float32
        assert 0.1 < np.abs(audio).max() <= 1


def test_a_contact_sheet_is_there_to_look_at(sample):
    with Image.open(sample.folder / "contact_sheet.png") as sheet:
        assert sheet.width > 1000 and sheet.height > 800
        colours = sheet.getcolors(1 << 24)
    assert len(colours) > 10000  # photographs, not an empty page


def test_an_existing_sample_is_found_at_once(sample):
    started = time.perf_counter()
    again = et.sample(progress=True)
    assert time.perf_counter() - started < 0.3
    assert again.clips == sample.clips


def test_an_interrupted_preparation_goes_on_where_it_stopped(sample, tmp_path, monkeypatch):
    folder = tmp_path / "sample"
    shutil.copytree(sample.folder, folder)
    (folder / "manifest.json").unlink()  # it is written last
    cut = folder / sample.clips[2].file
    cut.write_bytes(cut.read_bytes()[:1000])
    (folder / sample.speech[1].file).unlink()
    done = []
    prepare_clip, prepare_speech = prepare.prepare_clip, prepare.prepare_speech
    monkeypatch.setattr(prepare, "prepare_clip", lambda path, *rest: done.append(path.stem) or prepare_clip(path, *rest))
    monkeypatch.setattr(prepare, "prepare_speech", lambda path: done.append(path.stem) or prepare_speech(path))
    manifest = et.sample(folder, progress=False)
    assert set(done) == {sample.clips[2].name, sample.speech[1].name}
    assert [e.sha256 for e in manifest.clips + manifest.speech] == list(SAMPLE_SHA256.values())
    before, after = (load_clip(path).frames.astype(int) for path in (sample.path(sample.clips[2]), cut))
    assert np.abs(after - before).max() <= 2
    assert manifest.complete()


def test_a_missing_file_is_noticed(sample, tmp_path):
    shutil.copytree(sample.folder, tmp_path / "sample")
    copy = Manifest.load(tmp_path / "sample")
    assert copy.complete()
    copy.path(copy.speech[0]).unlink()
    assert not copy.complete()


@pytest.fixture()
def empty_home(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path))
    return tmp_path


def test_offline_it_says_what_to_do_and_leaves_nothing(empty_home, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # pip's own switch for "do not go online"
    with pytest.raises(EmotalkError) as error:
        et.sample(progress=False)
    message = str(error.value)
    assert "12 files" in message and str(empty_home / "downloads" / "crema-d") in message and "EMOTALK_HOME" in message
    assert "\n" not in message
    assert not [path for path in empty_home.rglob("*") if path.is_file()]


def test_offline_the_downloads_suffice(sample, empty_home, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    shutil.copytree(sample.folder / "raw", empty_home / "downloads" / "crema-d")
    assert [path.name for path in sample_module.fetch_originals(progress=False)] == list(SAMPLE_SHA256)


def test_a_changed_original_is_named(sample, empty_home):
    folder = empty_home / "downloads" / "crema-d"
    shutil.copytree(sample.folder / "raw", folder)
    (folder / "1001_DFA_FEA_XX.flv").write_bytes(b"something else")
    with pytest.raises(EmotalkError, match="1001_DFA_FEA_XX.flv.*SHA-256"):
        et.sample(progress=False)
    assert not (empty_home / "sample").exists() or not list((empty_home / "sample").rglob("*.*"))


def archive_with(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{sample_module.CARRIER_FOLDER}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_only_what_verifies_is_unpacked(sample, tmp_path):
    real = (sample.folder / "raw" / "1002_DFA_ANG_XX.mp3").read_bytes()
    archive = archive_with(tmp_path / "a.tar.gz", {"1002_DFA_ANG_XX.mp3": real, "1002_DFA_DIS_XX.mp3": real, "x.py": b""})
    folder = tmp_path / "out"
    sample_module._unpack(archive, [folder / "1002_DFA_ANG_XX.mp3"])
    with pytest.raises(EmotalkError, match="1002_DFA_DIS_XX.mp3: arrived damaged"):
        sample_module._unpack(archive, [folder / "1002_DFA_DIS_XX.mp3"])
    with pytest.raises(EmotalkError, match="does not hold 1002_DFA_SAD_XX.mp3"):
        sample_module._unpack(archive, [folder / "1002_DFA_SAD_XX.mp3"])
    assert [path.name for path in folder.iterdir()] == ["1002_DFA_ANG_XX.mp3"]


def test_a_sample_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EmotalkError, match="cannot write"):
        et.sample(tmp_path / "file" / "sample", progress=False)


def test_a_manifest_of_another_version_is_told_apart(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"format": -1}))
    with pytest.raises(EmotalkError, match="another version"):
        Manifest.load(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(EmotalkError, match="damaged"):
        Manifest.load(tmp_path)


def test_prepared_speech_is_not_taken_for_a_clip_or_called_damaged(sample):
    with pytest.raises(EmotalkError, match="holds no .*frames.*see load_speech"):
        load_clip(sample.path(sample.speech[0]))


def test_picture_and_sound_of_different_length_are_refused(sample, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "LARGEST_DRIFT", 0.001)
    with pytest.raises(EmotalkError, match="s of picture but"):
        prepare.prepare_clip(sample.raw_path(sample.clips[0]), "train")


def test_a_video_without_sound_asks_for_a_file_of_its_name(tmp_path):
    film = write_video(tmp_path / "1001_DFA_ANG_XX.mp4", np.zeros((25, 64, 64, 3), np.uint8))
    with pytest.raises(EmotalkError, match="no audio track; give a recording of speech, as 1001_DFA_ANG_XX.wav or .mp3 beside it"):
        prepare.prepare_clip(film, "train")


def test_names_of_cremad():
    name = cremad.parse_name("/data/1076_MTI_NEU_XX.flv")
    assert (name.actor, name.emotion, name.text) == (1076, "neutral", "Maybe tomorrow it will be cold")
    assert len(cremad.SENTENCES) == 12 and all(cremad.parse_name(bad) for bad in cremad.KNOWN_BAD)
    for wrong in ("1092_DFA_ANG_XX", "1001_ABC_ANG_XX", "1001_DFA_JOY_XX", "1001_DFA_ANG", "clip"):
        with pytest.raises(EmotalkError, match="not a CREMA-D clip's name"):
            cremad.parse_name(wrong)
