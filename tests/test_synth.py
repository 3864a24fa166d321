"""The synthetic corpus: its faces are faces, its truth is true, its bytes are the seed's, its folder is like real clips'."""

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emotalk_lite.data import cremad
from emotalk_lite.data.align import TEMPLATE
from emotalk_lite.data.clips import Manifest, blank_clip, load_clip, save_clip
from emotalk_lite.data.faces import detect_faces
from emotalk_lite.data.synth import synthesise
from emotalk_lite.data.synth.corpus import RECIPE, actor_clips, of_all_emotions, recipe
from emotalk_lite.data.synth.expression import UNITS, Pose, mouth_shape
from emotalk_lite.data.synth.eyes import EyeState
from emotalk_lite.data.synth.identity import identity
from emotalk_lite.data.synth.paint import paint
from emotalk_lite.data.synth.render import render
from emotalk_lite.data.windows import ClipWindows
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.errors import EmotalkError
from emotalk_lite.metrics.motion import lagged_correlation, mouth_opening, region_means, speech_envelope

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(importlib.util.find_spec("espeakng_loader") is None, reason="needs the extra 'synth'")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Four actors, each in all six emotions."""
    return synthesise(tmp_path_factory.mktemp("synth"), actors=4, clips=6, workers=1, progress=False)


@pytest.fixture(scope="module")
def made(corpus):
    return [load_clip(corpus.path(entry)) for entry in corpus.clips]


def test_the_folder_is_like_that_of_real_clips(corpus, made):
    assert corpus.complete() and Manifest.load(corpus.folder).clips == corpus.clips
    assert (corpus.folder / "contact_sheet.png").is_file()
    shown = of_all_emotions(corpus.clips, 12)
    assert len({entry.name for entry in shown}) == 12 and {entry.actor for entry in shown} == {entry.actor for entry in corpus.clips}
    assert [entry.emotion for entry in shown] == 2 * list(EMOTIONS)
    for entry, clip in zip(corpus.clips, made):
        assert cremad.parse_name(entry.name)._asdict() == {
            key: getattr(clip, key) for key in ("actor", "sentence", "emotion", "intensity")
        }
        assert len(clip) == entry.n_frames == len(clip.landmarks) == len(clip.mouth_opening) and len(
            clip.audio
        ) == 320 * len(clip)
        assert clip.frames.shape[1:] == (128, 128, 3) and abs(np.abs(clip.audio).max() - 1) < 1e-6
        assert entry.source.startswith("synthetic") and entry.split == cremad.split_of(entry.actor)
    window = ClipWindows(corpus.folder, window=16)[0]
    assert window.frames.shape == (16, 3, 128, 128)


def test_every_actor_shows_all_emotions_and_starts_neutral():
    for actor in (2001, 2077, 2999):
        names = [cremad.parse_name(name) for name in actor_clips(3, actor, 72)]
        assert names[0].emotion == "neutral"
        for start in range(0, 72, 6):
            assert {name.emotion for name in names[start : start + 6]} == set(EMOTIONS)
        assert len(set(names)) == 72 and {n.intensity for n in names} == {"low", "medium", "high", "unspecified"}
        assert actor_clips(3, actor, 7) == actor_clips(3, actor, 72)[:7]


def test_splits_never_share_an_actor_and_are_near_80_10_10():
    splits = [cremad.split_of(actor) for actor in range(2001, 2101)]
    assert [splits.count(s) for s in ("train", "val", "test")] == [80, 10, 10]


def test_the_same_seed_gives_the_same_bytes_and_what_is_there_stays(corpus, tmp_path):
    shutil.copytree(corpus.folder, tmp_path / "again")
    lost, cut = (tmp_path / "again" / corpus.clips[k].file for k in (1, 8))
    lost.unlink()
    cut.write_bytes(cut.read_bytes()[:1000])
    kept = tmp_path / "again" / corpus.clips[2].file
    before = kept.stat().st_mtime_ns
    synthesise(tmp_path / "again", actors=4, clips=6, workers=1, progress=False)
    for entry in corpus.clips:
        assert (tmp_path / "again" / entry.file).read_bytes() == corpus.path(entry).read_bytes(), entry.name
    assert kept.stat().st_mtime_ns == before
    assert (tmp_path / "again" / "manifest.json").read_bytes() == (corpus.folder / "manifest.json").read_bytes()


def test_two_workers_make_the_bytes_of_one(corpus, tmp_path):
    both = synthesise(tmp_path, actors=2, clips=1, workers=2, progress=False)
    for entry in both.clips:
        assert both.path(entry).read_bytes() == (corpus.folder / entry.file).read_bytes()


def test_another_seed_gives_other_people(made, tmp_path):
    other = synthesise(tmp_path, actors=1, clips=1, seed=1, workers=1, progress=False)
    assert np.abs(load_clip(other.path(other.clips[0])).frames[0].astype(int) - made[0].frames[0]).mean() > 10


def test_a_folder_holds_one_corpus(corpus, made, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in corpus.folder.rglob("*")}
    for other in ({"seed": 1}, {"still_heads": True}):
        with pytest.raises(EmotalkError, match="holds clips that are not of this corpus, such as 2001_.*; use the same settings"):
            synthesise(corpus.folder, actors=1, clips=1, workers=1, progress=False, **other)
    assert {path: path.stat().st_mtime_ns for path in corpus.folder.rglob("*")} == before

    name = corpus.clips[0].name
    save_clip(replace(made[0], sha256=recipe(0, name, version=RECIPE - 1)), tmp_path / "clips" / f"{name}.safetensors")
    again = synthesise(tmp_path, actors=1, clips=1, workers=1, progress=False)  # an older version's clip is made anew
    assert again.path(again.clips[0]).read_bytes() == corpus.path(corpus.clips[0]).read_bytes()


def test_still_heads_say_and_show_the_same_before_a_background_that_stands(corpus, made, tmp_path):
    still_ones = synthesise(tmp_path, actors=1, clips=2, workers=1, progress=False, still_heads=True)
    assert [entry.name for entry in still_ones.clips] == [entry.name for entry in corpus.clips[:2]]
    for entry, moves in zip(still_ones.clips, made):
        clip = load_clip(still_ones.path(entry))
        np.testing.assert_array_equal(clip.audio, moves.audio)
        np.testing.assert_allclose(clip.mouth_opening, moves.mouth_opening, atol=1e-6)
        assert np.ptp(clip.eye_centres, axis=0).max() == 0 < np.ptp(moves.eye_centres, axis=0).min()
        outside = [np.ptp(c.frames[:, :12].astype(int), axis=0).max() for c in (clip, moves)]  # hair and what is behind it
        assert outside[0] == 0 < outside[1]
        assert np.ptp(clip.frames[:, 78:116, 48:80].astype(int), axis=0).max() > 30, "the mouth speaks on"


def test_mtcnn_finds_the_faces_where_the_truth_says(made):
    found, errors = 0, []
    looked = [(clip, k) for clip in made for k in np.linspace(2, len(clip) - 3, 3).astype(int)]
    for clip, k in looked:
        faces = detect_faces(clip.frames[k], 40)
        if len(faces.boxes):
            found += 1
            errors.append(np.linalg.norm(faces.points[0] - clip.landmarks[k], axis=-1))
    assert found >= 0.95 * len(looked)
    assert np.mean(errors) < 2.5  # pixels


def test_clips_are_aligned_like_real_ones(made):
    for clip in made:
        median = np.median(clip.landmarks, axis=0)
        assert np.abs(median[:2] - TEMPLATE[:2] * 128).max() < 2.5 and np.abs(median - TEMPLATE * 128).max() < 8
        np.testing.assert_allclose(clip.mouth_centre, clip.landmarks[:, 3:].mean(axis=1))
        np.testing.assert_array_equal(clip.eye_centres, clip.landmarks[:, :2])


def still(person, **units):
    """Arguments of `render` for a still, frontal head, mouth opening from shut to wide."""
    gap = np.array([0.0, 2, 4, 6, 8, 10])
    none = np.zeros_like(gap)
    active = {unit: none + units.get(unit, 0.0) for unit in UNITS}
    mouth = mouth_shape(active, dict.fromkeys(("wide", "round", "tongue", "closed"), none) | {"gap": gap})
    return active, mouth, EyeState(none, none, none, none, none), Pose(none, none, none, none, none, none + 1)


def test_the_opening_that_is_told_is_the_opening_that_is_drawn():
    person = identity(0, 2004)
    layers = paint(person)
    drawn = render(person, layers, *still(person))
    assert drawn.opening[0] == 0 and (np.diff(drawn.opening) > 0).all()
    # the changed pixels down the middle of the mouth: the gap itself, from where it was shut
    shut, middle = drawn.frames[0].astype(int), slice(62, 67)
    rows = [np.abs(frame[78:116, middle].astype(int) - shut[78:116, middle]).mean(axis=(1, 2)) for frame in drawn.frames]
    moved = np.array([(row > 12).sum() for row in rows])
    assert np.corrcoef(moved, drawn.opening)[0, 1] > 0.9 and (np.diff(moved) >= 0).all()


def test_the_dark_of_the_mouth_follows_the_told_opening(made):
    light = [clip for clip in made if clip.emotion != "happiness"]
    agreement = [lagged_correlation(mouth_opening(clip.frames), clip.mouth_opening)[0] for clip in light]
    assert np.median(agreement) > 0.5


def test_the_mouth_opens_with_the_sound_as_far_as_real_mouths_do(made):
    sound = [lagged_correlation(clip.mouth_opening, speech_envelope(clip.audio))[0] for clip in made]
    assert 0.45 < np.mean(sound) < 0.9
    assert 0.022 < np.mean([clip.mouth_opening.std() for clip in made]) < 0.05  # real clips: 0.031 to 0.046


def test_emotions_look_different_and_intensity_shows():
    person = identity(0, 2004)
    layers = paint(person)

    def face(strength, **units):
        drawn = render(person, layers, *still(person, **{unit: strength * value for unit, value in units.items()}))
        return drawn.frames[0].astype(int)

    neutral = face(0)
    anger, fear, happiness = {"AU4": 1.0, "AU7": 0.8}, {"AU1": 1.0, "AU2": 0.8, "AU5": 1.0}, {"AU6": 0.9, "AU12": 1.0}
    for units, region in ((anger, "brows"), (fear, "eyes"), (happiness, "mouth")):
        strong, weak = (region_means(np.abs(face(s, **units) - neutral).mean(axis=-1)) for s in (1.0, 0.4))
        assert strong[region] > 2 and strong[region] > 1.3 * weak[region]
    assert region_means(np.abs(face(1, **anger) - face(1, **fear)).mean(axis=-1))["brows"] > 2


def test_optional_truth_survives_the_file_and_real_clips_lack_it(tmp_path):
    clip = blank_clip(count=3)
    save_clip(clip, tmp_path / "real.safetensors")
    assert load_clip(tmp_path / "real.safetensors").mouth_opening is None
    clip.mouth_opening = np.array([0.0, 0.1, 0.2], np.float32)
    save_clip(clip, tmp_path / "synthetic.safetensors")
    np.testing.assert_array_equal(load_clip(tmp_path / "synthetic.safetensors").mouth_opening, clip.mouth_opening)


def test_synthetic_names_are_not_taken_for_real_ones():
    assert cremad.parse_name("2001_DFA_ANG_HI").actor == 2001
    for wrong in ("1092_DFA_ANG_XX", "2000_DFA_ANG_XX", "3001_DFA_ANG_XX"):
        with pytest.raises(EmotalkError):
            cremad.parse_name(wrong)


def test_without_espeak_one_line_names_the_extra(tmp_path):
    # a module path entry that hides the package, as where it is not installed
    hide = (
        "import sys, runpy; sys.modules['espeakng_loader'] = None; sys.argv = sys.argv[1:]; "
        "runpy.run_module('emotalk_lite', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", hide, "emotalk", "synth", "--out", str(tmp_path / "out")],
        capture_output=True, text=True, cwd=ROOT, env=os.environ, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "emotalk-lite[synth]" in done.stderr
    assert not list(tmp_path.rglob("*.*"))


def test_too_many_is_refused(tmp_path):
    for wrong in ({"actors": 1000}, {"actors": 0}, {"clips": 73}, {"clips": 0}):
        with pytest.raises(EmotalkError, match="cannot make"):
            synthesise(tmp_path, **wrong)


def test_making_a_corpus_leaves_the_callers_threads_as_they_were(tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(2)  # whatever the machine has
    try:
        synthesise(tmp_path, actors=1, clips=1, workers=1, progress=False)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
