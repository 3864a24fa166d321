"""Is it the same person, and how open is the mouth? dlib's embedding, where the extra 'identity' is installed; one line says how where it is not."""

import importlib.util

import numpy as np
import pytest

from emotalk_lite.data.align import align_face
from emotalk_lite.data.media import write_video
from emotalk_lite.errors import EmotalkError
from emotalk_lite.evaluate import evaluate
from emotalk_lite.metrics.identity import SAME_PERSON, face_embeddings, identity_cosine, identity_distance, why_missing
from emotalk_lite.metrics.lips import lip_opening

needs_dlib = pytest.mark.skipif(why_missing() is not None, reason="needs the extra 'identity': 104 MB")


def test_without_dlib_one_line_says_how_to_install_it(monkeypatch, clips, tmp_path):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "dlib" else there(name))
    with pytest.raises(EmotalkError, match=r"run: pip install dlib-bin==[\d.post]+ face-recognition-models==[\d.]+$"):
        face_embeddings(clips["neutral"].frames[:1])
    write_video(tmp_path / "a" / "1001_DFA_NEU_XX.mp4", clips["neutral"].frames[:20], 25, clips["neutral"].audio[:6400], 8000)
    report = evaluate(tmp_path / "a", tmp_path / "a", progress=False)
    assert "pip install dlib-bin" in next(of["why"] for of in report["missing"] if "lip_opening" in of["metrics"]) and "identity_distance" not in report["metrics"]


def test_distance_and_cosine_are_means_over_all_pairs():
    a, b = np.random.default_rng(0).normal(size=(2, 3, 128))
    assert identity_distance(a, b[:2]) == pytest.approx(np.mean([np.linalg.norm(x - y) for x in a for y in b[:2]]))
    assert identity_cosine(a, a[:1] * 2) == pytest.approx(np.mean([x @ a[0] / np.linalg.norm(x) / np.linalg.norm(a[0]) for x in a]))


@needs_dlib
def test_two_emotions_of_one_actor_are_one_person_and_a_stranger_is_not(clips, portrait):
    neutral, happy = (face_embeddings(clips[emotion].frames[10:40:15]) for emotion in ("neutral", "happiness"))
    stranger = face_embeddings(align_face(portrait).image[None])
    assert identity_distance(neutral, happy) < SAME_PERSON < identity_distance(neutral, stranger)
    assert identity_cosine(neutral, happy) > identity_cosine(neutral, stranger)


@needs_dlib
def test_a_fixed_place_for_the_face_gives_what_dlib_s_own_detector_gives(clips):
    import dlib

    from emotalk_lite.metrics.identity import _load

    points, network = _load()
    for clip in clips.values():
        box = dlib.get_frontal_face_detector()(clip.frames[0], 1)[0]
        theirs = np.array(network.compute_face_descriptor(clip.frames[0], points(clip.frames[0], box)))
        assert np.linalg.norm(theirs - face_embeddings(clip.frames[:1])[0]) < 0.15


@needs_dlib
def test_landmarks_read_the_opening_that_painted_mouths_are_known_to_have(strangers):
    for clips in strangers.values():
        assert np.mean([np.corrcoef(lip_opening(clip.frames), clip.mouth_opening)[0, 1] for clip in clips]) > 0.8


@needs_dlib
def test_evaluate_measures_identity_against_the_neutral_picture_and_the_real_clip(clips, tmp_path):
    for emotion, code in (("neutral", "NEU"), ("anger", "ANG")):
        clip = clips[emotion]
        write_video(tmp_path / "real" / f"1001_DFA_{code}_XX.mp4", clip.frames, 25, clip.audio, 8000)
    write_video(tmp_path / "made" / "1001_DFA_ANG_XX.mp4", clips["anger"].frames, 25, clips["anger"].audio, 8000)
    metrics = evaluate(tmp_path / "real", tmp_path / "made", progress=False)["metrics"]
    assert metrics["identity_distance_pair"] < metrics["identity_distance"] < SAME_PERSON
    assert metrics["identity_distance"] == pytest.approx(metrics["identity_distance_real"], abs=0.25) and metrics["identity_cosine"] > 0.9
    assert metrics["lip_opening_follows_real"] > 0.98 and metrics["lip_opening_deviation_ratio"] == pytest.approx(1, abs=0.05)
