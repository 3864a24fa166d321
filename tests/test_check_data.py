"""The exercise checks of chapter 01: the right answer passes, and each wrong one is told where to look."""

import numpy as np
import pytest

from emotalk_lite import check
from emotalk_lite.data import media
from emotalk_lite.data.align import TEMPLATE, similarity_transform, transform_points
from emotalk_lite.emotions import EMOTIONS


@pytest.mark.parametrize(
    "answer, hint",
    [
        ((52, 16640, 0), "round up"),
        ((63, 20160, 0), "as cameras film"),
        ((50, 16000, 0), "how many frames of 40 ms"),
        ((53, 16667, 0), "before padding"),
        ((53, 16000, 0), "8,000 / 25 samples"),
        ((53, 16960, 0), "the rest of 16,960 are zeros"),
        ((53, 16960, 27), "begin the last frame"),
        ((53, 16960, 294), "round up"),
        ((53, 16960, 293), "Sound and picture"),
    ],
)
def test_clip_length(answer, hint):
    verdict = check.clip_length(*answer)
    assert hint in verdict.hint and bool(verdict) == (answer == (53, 16960, 293))


def test_the_package_prepares_a_clip_of_that_length():
    frames, heard = media.n_frames(100_000 / 48_000), media.to_mono_8k(np.zeros((1, 100_000), np.float32), 48_000)
    samples = len(media.fit_to_frames(heard, frames))
    assert check.clip_length(frames, samples, samples - len(heard))


def eyes(centres, sigma=6.0, combine=np.maximum, swap=False, floor=0.0, scale=1.0, shift=0):
    y, x = np.mgrid[:128, :128]
    if swap:
        x, y = y, x
    one, two = (np.exp(-((x - cx - shift) ** 2 + (y - cy) ** 2) / (2 * sigma**2)) for cx, cy in centres)
    return scale * combine(one, two) + floor


@pytest.mark.parametrize(
    "mistake, hint",
    [
        ({"combine": np.add}, "take the larger"),
        ({"swap": True}, "x and y are exchanged"),
        ({"floor": 0.01}, "no floor"),
        ({"scale": 0.1}, "peaks at 1"),
        ({"combine": lambda a, b: a}, "Only one eye"),
        ({"combine": np.minimum}, "the smaller of the two"),
        ({"combine": lambda a, b: (a + b) / 2}, "averaged"),
        ({"floor": 0.01, "sigma": 9.0}, "the eye mask has none"),
        ({"combine": lambda a, b: 1 / (a + b + 1e-9)}, "minus sign"),
        ({"shift": 10}, "where no eye is"),
        ({"sigma": 9.0}, "the width is not"),
        ({"sigma": 6 / np.sqrt(2)}, "sigma = 4.2"),
    ],
)
def test_eye_mask_hints(mistake, hint):
    verdict = check.eye_mask(lambda centres: eyes(centres, **mistake))
    assert not verdict and hint in verdict.hint


def test_eye_mask_accepts_the_right_answer():
    assert check.eye_mask(eyes)


def test_stabilised(clips):
    points = clips["happiness"].landmarks
    steady = np.stack([transform_points(p, similarity_transform(p)) for p in points])
    assert check.stabilised(steady)
    for wrong, hint in [
        (points, "still wander"),
        (points + 100, "still in the filmed frame"),
        (points[0], "shape"),
        (steady / 128, "between 0 and 1"),
        (steady + 5, "from the template"),
        (np.concatenate([steady[:, :2], 0 * steady[:, 2:]], axis=1), "all five"),
        (points - points[:, :2].mean(axis=1, keepdims=True) + [64, 51] + pulsing(len(points)), "still wander"),
        (np.repeat(TEMPLATE[None] * 128, len(points), axis=0), "never move"),
        (np.repeat(steady[:1], len(points), axis=0), "never move"),
    ]:
        verdict = check.stabilised(wrong)
        assert not verdict and hint in verdict.hint


def fitted(frame, weights):
    """Five points (5, 2) after their own fit to the template, as in chapter 01, with other weights."""
    p, q = frame @ [1, 1j], 128 * TEMPLATE @ [1, 1j]
    centre, middle = np.average(p, weights=weights), np.average(q, weights=weights)
    a = np.average((p - centre).conj() * (q - middle), weights=weights) / np.average(abs(p - centre) ** 2, weights=weights)
    moved = a * (p - centre) + middle
    return np.stack([moved.real, moved.imag], axis=-1)


def pulsing(count):
    """Eyes that come together and go apart around a point that stands still, (count, 5, 2)."""
    return np.sin(np.arange(count))[:, None, None] * np.array([[2.0, 0], [-2, 0], [0, 0], [0, 0], [0, 0]])


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_stabilised_tells_a_fit_from_a_shift(clips, emotion):
    """A shift that holds the point between the eyes still leaves the head's turns in; a fit to the eyes alone, or to all five alike, does not."""
    points = clips[emotion].landmarks
    shifted = points - points[:, :2].mean(axis=1, keepdims=True) + 128 * TEMPLATE[:2].mean(axis=0)
    verdict = check.stabilised(shifted)
    assert not verdict and "still turns" in verdict.hint
    for weights in ((1, 1, 0.5, 0.25, 0.25), (1, 1, 1, 1, 1), (1, 1, 0, 0, 0)):
        assert check.stabilised(np.stack([fitted(frame, np.array(weights)) for frame in points]))
