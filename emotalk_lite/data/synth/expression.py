"""What an emotion and a moment of speech do to a face: action units, and through them the skin, lids and lips.

Action units are those of FACS (Ekman & Friesen, 1978); the prototypes of the emotions follow EMFACS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...presets import FPS
from .eyes import EyeState
from .fields import AXIS, bump, step
from .identity import Identity

PROTOTYPES = {
    "anger": {"AU4": 1.0, "AU5": 0.55, "AU7": 0.8, "AU23": 0.8, "AU9": 0.15, "AU10": 0.15},
    "disgust": {"AU9": 1.0, "AU10": 0.85, "AU15": 0.6, "AU16": 0.4, "AU4": 0.45, "AU7": 0.5, "AU17": 0.3},
    "fear": {"AU1": 1.0, "AU2": 0.75, "AU4": 0.45, "AU5": 1.0, "AU20": 0.85, "AU26": 0.5, "AU25": 0.3},
    "happiness": {"AU6": 0.9, "AU12": 1.0, "AU25": 0.5},
    "neutral": {},
    "sadness": {"AU1": 1.0, "AU4": 0.5, "AU15": 0.9, "AU17": 0.45, "AU43": 0.3},
}
"""Action units of each emotion at full strength, each in [0, 1]."""

UNITS = (
    "AU1",
    "AU2",
    "AU4",
    "AU5",
    "AU6",
    "AU7",
    "AU9",
    "AU10",
    "AU12",
    "AU15",
    "AU16",
    "AU17",
    "AU20",
    "AU23",
    "AU25",
    "AU26",
    "AU43",
)
STRENGTH = {"low": 0.5, "medium": 0.78, "high": 1.08, "unspecified": 0.9}
"""How much of a prototype an intensity shows."""


def smooth_noise(rng: np.random.Generator, count: int, seconds: float) -> np.ndarray:
    """(count,) values at 25 frames a second, about N(0, 1), that change within about `seconds`.

    >>> smooth_noise(np.random.default_rng(0), 50, 0.5).shape
    (50,)
    """
    n = int(count / (seconds * FPS)) + 6
    knots = rng.standard_normal(n)
    at = np.arange(count) / (seconds * FPS) + 1.5 + rng.random()
    i = at.astype(int)
    t = at - i
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6  # cubic B-spline
    return 1.7 * sum(w * knots[i + k - 1] for k, w in enumerate(weights))


def action_units(
    emotion: str, intensity: str, count: int, rng: np.random.Generator, style: np.random.Generator
) -> dict[str, np.ndarray]:
    """Each of `UNITS` over time, (count,) in [0, 1.3]: the expression rises in the first half second and lives a little.

    Args:
        emotion: one of `emotions.EMOTIONS`.
        intensity: "low", "medium", "high" or "unspecified".
        rng: of the clip.
        style: of the actor: people differ in how they show an emotion.

    >>> rng = np.random.default_rng(0)
    >>> float(action_units("anger", "high", 50, rng, rng)["AU4"][-1]) > 0.7
    True
    """
    gains = style.normal(1, 0.12, len(UNITS)).clip(0.7, 1.3)
    seconds = np.arange(count) / FPS
    rise = 0.55 + 0.45 * step(0.0, rng.uniform(0.35, 0.8), seconds)
    life = 1 + 0.10 * smooth_noise(rng, count, 0.5)
    prototype = PROTOTYPES[emotion]
    small = 0.05 * np.stack([smooth_noise(rng, count, 0.6) for _ in UNITS])
    return {
        unit: (
            STRENGTH[intensity] * prototype.get(unit, 0.0) * gains[k] * rise * life
            + small[k] * (unit in ("AU1", "AU2", "AU4", "AU7"))
        ).clip(0, 1.3)
        for k, unit in enumerate(UNITS)
    }


def blinks(count: int, emotion: str, rng: np.random.Generator) -> np.ndarray:
    """How closed the lids are, (count,) in [0, 1]: a blink of 6 frames every 1.6 to 4 seconds, more often in sadness, less often in fear and anger.

    >>> float(blinks(250, "neutral", np.random.default_rng(0)).max())
    1.0
    """
    closed = np.zeros(count)
    shape = np.array([0.35, 0.95, 1.0, 0.75, 0.4, 0.12])
    at = rng.uniform(0.2, 2.2)
    while at * FPS < count:
        start = int(at * FPS)
        part = closed[start : start + 6]
        part[:] = np.maximum(part, shape[: len(part)])
        at += rng.uniform(1.6, 4.0) * {"sadness": 0.8, "fear": 1.4, "anger": 1.5}.get(emotion, 1.0)
    return closed


@dataclass(frozen=True)
class Pose:
    """The head over time, each (T,): turn, nod and roll in radians, shift in pixels, scale around 1."""

    yaw: np.ndarray
    pitch: np.ndarray
    roll: np.ndarray
    x: np.ndarray
    y: np.ndarray
    scale: np.ndarray


def head_motion(emotion: str, loud: np.ndarray, rng: np.random.Generator) -> Pose:
    """Small smooth motion: a pose of the clip, drift around it, and a nod with each loud syllable.

    Args:
        emotion: sets the mean pose: fear draws back, anger comes near, sadness sinks.
        loud: (T,) loudness in [0, 1].
        rng: of the clip.

    >>> head_motion("neutral", np.zeros(50), np.random.default_rng(0)).yaw.shape
    (50,)
    """
    count = len(loud)
    lean = {
        "anger": (0.02, 1.025),
        "fear": (-0.03, 0.98),
        "sadness": (0.05, 1.0),
        "happiness": (-0.015, 1.005),
        "disgust": (-0.025, 0.99),
    }
    nod, near = lean.get(emotion, (0.0, 1.0))
    beat = np.convolve(np.pad(loud, 4, mode="edge"), np.hanning(9) / np.hanning(9).sum(), mode="valid")
    drift = [smooth_noise(rng, count, s) for s in (0.8, 0.7, 0.9, 0.8, 0.8, 1.1)]
    return Pose(
        yaw=rng.normal(0, 0.045) + 0.022 * drift[0],
        pitch=nod + rng.normal(0, 0.025) + 0.018 * drift[1] + 0.035 * (beat - beat.mean()) * rng.uniform(0.3, 1.2),
        roll=rng.normal(0, 0.02) + 0.012 * drift[2],
        x=0.8 * drift[3],
        y=0.6 * drift[4] + (beat - beat.mean()),
        scale=near * (1 + 0.006 * drift[5]),
    )


def at_rest(count: int) -> Pose:
    """A head that looks straight ahead and does not move, for `count` frames.

    >>> at_rest(3).scale.tolist(), at_rest(3).yaw.tolist()
    ([1.0, 1.0, 1.0], [0.0, 0.0, 0.0])
    """
    return Pose(*(np.zeros(count) for _ in range(5)), scale=np.ones(count))


def lids(units: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """How far the emotion's action units raise the upper lids and the lower ones, each (T,)."""
    u = units
    upper = 1.35 * u["AU5"] - 0.6 * u["AU7"] - 0.35 * u["AU6"] - 0.45 * u["AU9"] - 0.2 * u["AU4"]
    return upper, 0.95 * u["AU7"] + 0.95 * u["AU6"] + 0.4 * u["AU9"] - 0.15 * u["AU5"]


def eye_state(units: dict[str, np.ndarray], emotion: str, rng: np.random.Generator) -> EyeState:
    """Lids and gaze over time: blinks, the emotion's lids, eyes that rest on the viewer and wander a little."""
    count = len(units["AU5"])
    gaze = [0.22 * smooth_noise(rng, count, 0.5) + 0.3 * rng.standard_normal() for _ in range(2)]
    down = {"sadness": 0.5, "disgust": 0.2}.get(emotion, 0.0)
    upper, lower = lids(units)
    return EyeState(
        upper=upper,
        lower=lower,
        closed=np.maximum(blinks(count, emotion, rng), 0.55 * units["AU43"]),
        gaze_x=gaze[0],
        gaze_y=0.5 * gaze[1] + down,
    )


@dataclass(frozen=True)
class MouthShape:
    """The lips over time, each (T,), pixels unless said otherwise; zero everywhere is the closed, relaxed mouth."""

    gap: np.ndarray  # between the inner edges of the lips, at the middle: the mouth's opening
    out: np.ndarray  # by which each corner moves outwards
    lift: np.ndarray  # by which the corners rise
    upper: np.ndarray  # by which the upper lip rises beyond its share of the gap
    lower: np.ndarray  # the same of the lower lip, downwards
    full: np.ndarray  # thickness of the lips, 1 at rest
    tongue: np.ndarray  # 0 low to 1 between the teeth


def mouth_shape(units: dict[str, np.ndarray], speech: dict[str, np.ndarray]) -> MouthShape:
    """Lips from the emotion's action units and speech's `gap`, `wide`, `round`, `tongue`, each (T,); see `visemes`."""
    u, s = units, speech
    closing = np.exp(-((s["gap"] / 1.2) ** 2)) * s["closed"]  # lips that meet for p, b, m meet in any emotion
    rest = 1.6 * u["AU25"] + 2.2 * u["AU26"]
    gap = np.maximum(s["gap"] * (1 + 0.25 * u["AU26"] - 0.12 * u["AU23"]) + rest * (1 - closing), 0)
    raised = (1.3 * u["AU10"] + 0.5 * u["AU12"]) * (1 - closing)
    dropped = 1.2 * u["AU16"] * (1 - closing)
    return MouthShape(
        gap=gap + raised * 0.6 + dropped * 0.6,
        out=2.9 * u["AU12"] + 2.3 * u["AU20"] - 0.9 * u["AU23"] - 0.6 * u["AU15"] + 1.1 * s["wide"] - 3.6 * s["round"],
        lift=3.5 * u["AU12"] - 2.5 * u["AU15"] - 0.5 * u["AU20"] + 0.5 * u["AU10"],
        upper=raised,
        lower=dropped,
        full=1
        - 0.16 * u["AU12"]
        - 0.34 * u["AU23"]
        - 0.18 * u["AU20"]
        + 0.12 * s["round"]
        - 0.25 * s["closed"]
        - 0.06 * u["AU15"],
        tongue=s["tongue"],
    )


BENDS = ("AU1", "AU2", "AU4", "AU6", "AU9", "AU10", "AU12", "AU15", "AU17", "AU20", "upper", "lower", "out", "lid")


def bend_fields(person: Identity, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How each of `BENDS` moves the skin: float32 (14, 2, H, W), pixels x and y at strength 1 (or for one pixel)."""
    p = person
    a, sign = np.abs(x - AXIS), np.sign(x - AXIS)
    none = np.zeros_like(x)
    corner = bump(a, y, p.mouth_wide + 1.5, p.mouth_y, 8, 8)
    centre = step(0, 6, a)
    chin = step(p.mouth_y - 5, p.mouth_y + 7, y) * np.exp(-((a / 31) ** 4)) * step(140, 116, y)
    fields = {
        "AU1": (none, -3.6 * bump(a, y, 7, p.brow_y, 8, 8)),
        "AU2": (none, -3.2 * bump(a, y, 23, p.brow_y, 8, 8)),
        "AU4": (-1.9 * sign * bump(a, y, 9, p.brow_y, 7, 6) * centre, 2.9 * bump(a, y, 7, p.brow_y, 10, 6.5)),
        "AU6": (none, -2.0 * bump(a, y, 20, p.eye_y + 14, 9, 6.5)),
        "AU9": (none, -1.9 * bump(a, y, 6.5, p.nose_y - 2, 5.5, 7) + 1.0 * bump(a, y, 6, p.brow_y + 1, 8, 5)),
        "AU10": (none, -1.9 * bump(a, y, 8, p.mouth_y - 8, 9, 5.5)),
        "AU12": (
            1.9 * sign * bump(a, y, p.mouth_wide + 4, p.mouth_y - 3, 8, 8) * centre,
            -2.9 * corner - 1.3 * bump(a, y, 20, 76, 8, 7),
        ),
        "AU15": (none, 2.2 * corner),
        "AU17": (none, -1.8 * bump(a, y, 0, p.chin_y - 10, 11, 5.5)),
        "AU20": (2.0 * sign * bump(a, y, p.mouth_wide + 3, p.mouth_y + 1, 8, 9) * centre, none),
        "upper": (none, -0.8 * bump(a, y, 0, p.mouth_y - 4, 11, 4.5)),
        "lower": (none, 0.86 * chin),
        "out": (0.75 * sign * bump(a, y, p.mouth_wide + 1, p.mouth_y, 7.5, 7) * centre, none),
        "lid": (none, 0.8 * bump(a, y, p.eye_apart, p.eye_y - 6, 8, 3.2)),
    }
    return np.stack([np.stack(fields[name]) for name in BENDS]).astype(np.float32)
