"""From phonemes to lips: what the mouth does while it speaks, 25 times a second.

Each phoneme has a target; the lips move smoothly from one to the next (coarticulation), reach a closure for p, b and m always,
and open the wider the louder the syllable is.
"""

from __future__ import annotations

import numpy as np

from ...presets import FPS
from .speech import Phoneme

STEP = 0.005  # seconds between the points at which the lips are computed
INERTIA = 0.022  # seconds, standard deviation of the smoothing: lips do not jump

# gap in pixels of the aligned face, wide, round, tongue in [0, 1], closed 1 where lips must meet
Target = tuple[float, float, float, float, float]
REST: Target = (0.0, 0.0, 0.0, 0.0, 0.0)
TARGETS: dict[str, Target] = {
    **dict.fromkeys(("i:", "i", "I", "I2", "I#"), (4.2, 0.7, 0.0, 0.3, 0.0)),
    **dict.fromkeys(("E", "e@", "eI"), (6.4, 0.5, 0.0, 0.2, 0.0)),
    **dict.fromkeys(("a", "aI", "aI2", "aU"), (9.0, 0.3, 0.0, 0.0, 0.0)),
    **dict.fromkeys(("A:", "A@", "0", "O2"), (9.4, -0.1, 0.12, 0.0, 0.0)),
    **dict.fromkeys(("V", "VR"), (7.2, 0.1, 0.0, 0.0, 0.0)),
    **dict.fromkeys(("a#", "@", "@2", "@5", "@L", "3", "3:"), (4.8, 0.0, 0.15, 0.1, 0.0)),
    **dict.fromkeys(("O:", "O@", "o@", "OI", "oU", "o"), (7.0, -0.2, 0.7, 0.0, 0.0)),
    **dict.fromkeys(("U", "u:", "u"), (3.4, -0.2, 0.95, 0.0, 0.0)),
    **dict.fromkeys(("w", "w#"), (1.8, -0.2, 1.0, 0.0, 0.0)),
    "r": (2.6, 0.0, 0.5, 0.2, 0.0),
    "j": (2.8, 0.5, 0.0, 0.3, 0.0),
    "l": (3.8, 0.1, 0.0, 0.85, 0.0),
    **dict.fromkeys(("p", "b", "m"), (0.0, 0.0, 0.05, 0.0, 1.0)),
    **dict.fromkeys(("f", "v"), (0.9, 0.1, 0.0, 0.0, 0.45)),
    **dict.fromkeys(("T", "D"), (2.4, 0.1, 0.0, 1.0, 0.0)),
    **dict.fromkeys(("s", "z"), (1.7, 0.45, 0.0, 0.5, 0.0)),
    **dict.fromkeys(("t", "d", "n", "t2", "t#"), (1.9, 0.2, 0.0, 0.7, 0.0)),
    **dict.fromkeys(("S", "Z", "tS", "dZ"), (2.2, -0.1, 0.6, 0.4, 0.0)),
    **dict.fromkeys(("k", "g", "N", "h"), (2.8, 0.1, 0.0, 0.1, 0.0)),
    **dict.fromkeys(("_", "_:", ";"), REST),
}
GLIDES: dict[str, str] = {
    "aI": "I",
    "aI2": "I",
    "eI": "I",
    "OI": "I",
    "aU": "U",
    "oU": "U",
    "e@": "@",
    "o@": "@",
}  # what a diphthong ends in
PLOSIVES = ("p", "b")  # espeak gives the time of the burst; the lips meet before it
CLOSURE = 0.035  # seconds by which they meet earlier


def target(name: str) -> Target:
    """The target of an espeak mnemonic; stress marks do not matter, an unknown sound is like a schwa.

    >>> target("'aI") == target("a")
    True
    """
    bare = name.lstrip("',")
    return TARGETS.get(bare, TARGETS["@"])


def keys(phonemes: list[Phoneme], end: float) -> tuple[np.ndarray, np.ndarray]:
    """When the lips are where: seconds (K,) ascending and targets (K, 5).

    >>> times, targets = keys([Phoneme("m", 0.0), Phoneme("aI", 0.1), Phoneme("_", 0.3)], end=0.4)
    >>> times.round(3).tolist()
    [0.05, 0.16, 0.25, 0.35]
    """
    times, targets = [], []
    stops = [p.start for p in phonemes[1:]] + [end]
    for phoneme, stop in zip(phonemes, stops):
        bare, length = phoneme.name.lstrip("',"), max(stop - phoneme.start, 0.01)
        if bare in GLIDES:
            times += [phoneme.start + 0.3 * length, phoneme.start + 0.75 * length]
            targets += [target(bare), target(GLIDES[bare])]
        else:
            early = CLOSURE if bare in PLOSIVES else -0.5 * length
            times.append(phoneme.start - early)
            targets.append(target(bare))
    order = np.argsort(times, kind="stable")
    return np.array(times)[order], np.array(targets)[order]


def smooth(values: np.ndarray, seconds: float) -> np.ndarray:
    """Gaussian smoothing over time of (N,) or (N, K) values that lie `STEP` apart."""
    radius = int(3 * seconds / STEP)
    kernel = np.exp(-((np.arange(-radius, radius + 1) * STEP / seconds) ** 2) / 2)
    kernel /= kernel.sum()
    padded = np.pad(values, [(radius, radius)] + [(0, 0)] * (values.ndim - 1), mode="edge")
    columns = padded.reshape(len(padded), -1).T
    return np.stack([np.convolve(c, kernel, mode="valid") for c in columns], -1).reshape(values.shape)


def loudness(samples: np.ndarray, rate: int, count: int) -> np.ndarray:
    """(count,) loudness every `STEP` seconds, 1 at the loud syllables' level: root mean square over 30 ms.

    >>> loudness(np.ones(800, np.float32), 8000, 10).round(2).max()
    np.float64(1.0)
    """
    power = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    half = int(0.015 * rate)
    centre = (np.arange(count) * STEP * rate).astype(int)
    low, high = (centre - half).clip(0, len(samples)), (centre + half).clip(0, len(samples))
    rms = np.sqrt((power[high] - power[low]) / (high - low).clip(1))
    return rms / max(float(np.quantile(rms, 0.93)), 1e-6)


def lips(phonemes: list[Phoneme], samples: np.ndarray, rate: int, frames: int, reach: float = 1.0) -> dict[str, np.ndarray]:
    """What speech does to the mouth: `gap` in pixels, `wide`, `round`, `tongue`, `closed`, `loud` in [0, 1], each (frames,).

    Args:
        phonemes: with their times in `samples`.
        samples: float32 (N,), the speech.
        rate: Hz.
        frames: at 25 a second; a frame shows the middle of its 40 ms.
        reach: how widely the speaker opens the mouth, 1 on average.

    >>> said = lips([Phoneme("_", 0.0), Phoneme("a", 0.2), Phoneme("_", 0.5)], np.ones(8000, np.float32), 8000, 25)
    >>> int(said["gap"].argmax()) in (7, 8, 9)
    True
    """
    count = int(frames / FPS / STEP) + 1
    at = np.arange(count) * STEP
    times, targets = keys(phonemes, end=len(samples) / rate)
    level = loudness(samples, rate, count)
    path = np.stack([np.interp(at, times, column) for column in targets.T], -1)  # (N, 5)
    path = smooth(path, INERTIA)
    slow = smooth(level, 0.045).clip(0, 1.4)
    gap = reach * path[:, 0] * (0.6 + slow)
    # a closure is short and complete: narrower than the smoothing allows
    meet = np.zeros(count)
    for time, goal in zip(times, targets):
        if goal[4] > 0:
            meet = np.maximum(meet, goal[4] * np.exp(-(((at - time) / 0.038) ** 4)))
    gap = smooth(gap * (1 - meet), 0.010)
    shown = ((np.arange(frames) + 0.5) / FPS / STEP).astype(int).clip(0, count - 1)
    names = ("wide", "round", "tongue")
    out = {name: path[shown, k + 1] for k, name in enumerate(names)}
    return out | {"gap": gap[shown], "closed": smooth(meet, 0.010)[shown], "loud": slow[shown].clip(0, 1)}
