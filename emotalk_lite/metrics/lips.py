"""How far the lips are apart, by dlib's 68 landmarks: the same for bright teeth and dark beards, which `mouth_opening` takes for more or less of a gap.

The landmarks come with the extra of `identity`. They were learned from faces (iBUG 300-W) that are free for research, not for
products. No generator here was trained with them.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..errors import EmotalkError
from . import identity

GAPS = ((61, 67), (62, 66), (63, 65))  # the inner edges of upper and lower lip: left, middle, right


def lip_opening(frames: np.ndarray) -> np.ndarray:
    """The gap between the lips in each frame.

    The face is where alignment puts it, so that no detector has to find it.

    Args:
        frames: uint8 (T, 128, 128, 3), aligned.

    Returns:
        (T,) float64, >= 0, in pixels. Two thousandths of a second a frame on a CPU.

    Raises:
        EmotalkError: the extra is not installed.

    Source: Kazemi and Sullivan 2014, an ensemble of regression trees, as dlib (Davis King) trained it.

    >>> lip_opening(np.zeros((2, 128, 128, 3), np.uint8)).shape  # doctest: +SKIP
    (2,)
    """
    if reason := identity.why_missing():
        raise EmotalkError(reason)
    import dlib

    place, points = dlib.rectangle(*identity.FACE), _load()
    found = [points(frame, place).parts() for frame in map(np.ascontiguousarray, frames)]
    xy = np.array([[(point.x, point.y) for point in face] for face in found], float).reshape(len(frames), 68, 2)
    upper, lower = np.array(GAPS).T
    return np.linalg.norm(xy[:, upper] - xy[:, lower], axis=2).mean(axis=1)


@lru_cache(maxsize=1)
def _load():
    import dlib

    return dlib.shape_predictor(str(identity.find_models()["lips"]))
