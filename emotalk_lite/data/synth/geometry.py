"""The head as a height above the picture plane, and how each action unit bulges and folds it.

Only what light shows matters: the height is good for normals, shadows and parallax, not for measuring heads.
"""

from __future__ import annotations

import numpy as np

from .fields import AXIS, bump, noise, step, stroke
from .identity import Identity

CENTRE_Y = 58.0  # of the head's contour, pixels
DEPTH = 40.0  # height of the face's middle above its contour, pixels

FOLDS = ("AU1", "AU2", "AU4", "AU6", "AU9", "AU10", "AU12", "AU15", "AU17", "AU20", "AU26")
"""The action units that change the skin's relief, in the order of `fold_heights`."""


def contour(person: Identity, x: np.ndarray, y: np.ndarray, grow: np.ndarray | float = 0.0) -> np.ndarray:
    """Where a place lies in the head: 0 at its centre, 1 on its contour, more outside.

    Args:
        grow: pixels by which the contour is moved outwards (hair), a number or one for each place.
    """
    dx, dy = np.abs(x - AXIS), y - CENTRE_Y
    half = person.outline  # (10, 2), crown to chin
    angles = np.arctan2(half[:, 0], -half[:, 1])  # 0 at the crown, pi at the chin
    radii = np.hypot(half[:, 0], half[:, 1])
    fine = np.linspace(0, np.pi, 181)
    # mirrored ends give a flat slope at crown and chin; smoothed, so that the polygon's corners vanish
    samples = np.interp(fine, angles, radii)
    padded = np.concatenate([samples[18:0:-1], samples, samples[-2:-20:-1]])
    kernel = np.hanning(25) / np.hanning(25).sum()
    smooth = np.convolve(padded, kernel, mode="same")[18:-18]
    radius = np.interp(np.arctan2(dx, -dy), fine, smooth)
    return (np.hypot(dx, dy) / (radius + grow)).astype(np.float32)


def height(person: Identity, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The neutral face's height in pixels, float32 of x's shape; 0 outside the head."""
    p = person
    a = np.abs(x - AXIS)
    inside = contour(p, x, y).clip(0, 1)
    z = DEPTH * (1 - inside**2.5) ** 0.55
    soft = 1 + 0.008 * (p.age - 20)  # flesh that hangs a little with the years

    # forehead and brow ridge; the ridge is a man's
    z += 1.0 * bump(a, y, 13, 28, 9, 7)
    z += (0.9 + 1.6 * (1 - p.female)) * stroke(a, y, [(4, p.brow_y + 2), (14, p.brow_y), (25, p.brow_y + 3)], 3.6)
    z -= 1.4 * bump(a, y, 33, 38, 5, 9)
    # the socket, and the ball in it under the lids
    z -= 5.2 * bump(a, y, p.eye_apart - 3.4, p.eye_y - 1.5, 7.5, 4.6)
    z -= 2.2 * bump(a, y, p.eye_apart - 9.5, p.eye_y - 0.5, 3.2, 4.2)
    z += 3.4 * bump(a, y, p.eye_apart, p.eye_y + 0.3, 5.8, 4.0)
    z -= (0.5 + 0.35 * soft) * stroke(
        a, y, [(p.eye_apart - 7, p.eye_y + 5.2), (p.eye_apart, p.eye_y + 7.2), (p.eye_apart + 7, p.eye_y + 6)], 1.1
    )
    # cheekbone, the hollow below it, the cheek's flesh
    z += 2.6 * p.cheek * bump(a, y, 22, p.eye_y + 13, 8, 5.5)
    z -= (0.8 + 2.6 * p.gaunt) * bump(a, y, 25, 85, 6.5, 9)
    z += (1.2 + 0.8 * p.female) * bump(a, y, 19, 76, 6, 6.5)
    # nose: bridge, ball, wings; it ends abruptly below
    top, tip = p.eye_y - 4, p.nose_y
    along = ((y - top) / (tip - top)).clip(0, 1)
    below = step(tip + 6.6, tip + 0.4, y)
    width = 2.6 + (0.46 * p.nose_wide - 1.2) * along**1.5
    z += p.nose_high * (0.16 + 0.84 * along**1.25) * np.exp(-((a / width) ** 2) / 2) * below * step(top - 9, top + 3, y)
    z += 2.4 * bump(a, y, 0, tip + 0.6, 0.46 * p.nose_wide, 3.4)
    z += 0.36 * p.nose_high * bump(a, y, p.nose_wide - 2.3, tip + 2.2, 2.2, 2.5)
    z -= 1.5 * stroke(
        a, y, [(p.nose_wide - 1.0, tip - 2.6), (p.nose_wide + 0.7, tip + 0.8), (p.nose_wide - 0.4, tip + 4.2)], 0.9
    )
    # the mound of the mouth, the groove above it, chin
    z += 3.0 * bump(a, y, 0, p.mouth_y - 1, 12, 8.5)
    z -= 0.9 * bump(a, y, 0, p.mouth_y - 8.5, 1.5, 3.5)
    z += 0.6 * bump(a, y, 2.6, p.mouth_y - 8, 1.1, 3.2)
    z -= 2.3 * bump(a, y, 0, p.mouth_y + 8.6, 9, 2.4)
    z += 3.0 * bump(a, y, 0, p.chin_y - 7.5, 8, 4.6)
    # nose to mouth, and mouth to chin: the folds of age
    z -= (0.35 + 0.024 * (p.age - 20)) * stroke(a, y, _nasolabial(p), 1.25)
    z += 0.8 * (soft - 1) * stroke(a - 3, y, _nasolabial(p), 3)
    z -= max(0.0, 0.022 * (p.age - 35)) * stroke(
        a,
        y,
        [(p.mouth_wide + 1.5, p.mouth_y + 1), (p.mouth_wide + 3.2, p.mouth_y + 7), (p.mouth_wide + 3, p.mouth_y + 14)],
        1.2,
    )
    z -= max(0.0, 0.010 * (p.age - 38)) * _forehead_lines(p, a, y, p.rng(3))
    z -= max(0.0, 0.012 * (p.age - 42)) * _crows_feet(p, a, y)
    return z.astype(np.float32)


def _nasolabial(p: Identity) -> list[tuple[float, float]]:
    return [
        (p.nose_wide + 0.6, p.nose_y + 1),
        (p.nose_wide + 5.5, p.nose_y + 8),
        (p.mouth_wide + 2.8, p.mouth_y - 5),
        (p.mouth_wide + 4.2, p.mouth_y + 3),
    ]


def _forehead_lines(p: Identity, a, y, rng: np.random.Generator) -> np.ndarray:
    """Three or four lines across the forehead, each one wavy, peak about 1."""
    lines = np.zeros_like(a)
    wave = noise(rng, a, y, 9, 40) * 1.1
    for k, at in enumerate(np.linspace(p.brow_y - 18, p.brow_y - 8, 4) + rng.normal(0, 0.5, 4)):
        lines += (1 - 0.15 * k) * np.exp(-(((y - at - wave + 0.0022 * a**2) / 0.85) ** 2) / 2)
    return lines * step(30, 17, a)


def _crows_feet(p: Identity, a, y) -> np.ndarray:
    x0, y0 = p.eye_apart + p.eye_wide + 1.5, p.eye_y
    return sum(stroke(a, y, [(x0, y0 + 0.4 * d), (x0 + 6, y0 + d)], 0.7) for d in (-3.5, 0.2, 3.8))


def fold_heights(person: Identity, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What each of `FOLDS` adds to the height at its full strength: float32 (11, H, W).

    Young skin folds less; the bulges are the same at any age.
    """
    p = person
    a = np.abs(x - AXIS)
    crease = 0.55 + 0.013 * (p.age - 20)
    lines = _forehead_lines(p, a, y, p.rng(3))
    cheek = bump(a, y, 19.5, p.eye_y + 14, 7, 4.6)
    naso = stroke(a, y, _nasolabial(p), 1.3)
    parts = {
        "AU1": -1.05 * crease * lines * step(22, 9, a) + 0.6 * bump(a, y, 8, p.brow_y - 3, 5, 3),
        "AU2": -0.85 * crease * lines * step(6, 18, a) + 0.5 * bump(a, y, 22, p.brow_y - 3, 6, 3),
        "AU4": -1.5 * crease * stroke(a, y, [(3.4, p.brow_y - 4.5), (3.0, p.brow_y + 1), (4.2, p.brow_y + 5.5)], 0.95)
        + 1.5 * bump(a, y, 7.5, p.brow_y + 1, 3.4, 2.8)
        - 0.9 * bump(a, y, 0, p.eye_y - 5, 4, 1.0),
        "AU6": 1.9 * cheek
        - 0.75 * crease * _crows_feet(p, a, y)
        - 1.0
        * crease
        * stroke(a, y, [(p.eye_apart - 7, p.eye_y + 5), (p.eye_apart, p.eye_y + 6.6), (p.eye_apart + 8, p.eye_y + 5)], 0.9),
        "AU9": -1.0 * crease * np.exp(-(((y - p.eye_y + 1) / 5) ** 2)) * (0.5 + 0.5 * np.cos(y * 2.1)) * step(7, 3, a)
        - 1.2 * crease * stroke(a, y, [(5.0, p.eye_y + 3), (8.5, p.eye_y + 9)], 0.9)
        + 1.3 * bump(a, y, 7, p.nose_y - 5, 2.6, 3.5)
        - 0.8 * naso,
        "AU10": -1.5 * naso * step(p.mouth_y + 2, p.nose_y + 6, y) + 1.1 * bump(a, y, 14, p.nose_y + 2, 4.5, 4),
        "AU12": 2.5 * bump(a, y, 19, p.nose_y + 2, 6.5, 5.5)
        - (1.25 + 0.5 * crease) * naso
        - 0.9 * bump(a, y, p.mouth_wide + 4.5, p.mouth_y - 2, 1.6, 2.6)
        - 0.6 * bump(a, y, 12, p.mouth_y + 9, 6, 3),
        "AU15": -1.3
        * stroke(
            a,
            y,
            [
                (p.mouth_wide + 1.5, p.mouth_y + 1.5),
                (p.mouth_wide + 4, p.mouth_y + 6.5),
                (p.mouth_wide + 3.6, p.mouth_y + 11),
            ],
            1.2,
        )
        + 0.8 * bump(a, y, p.mouth_wide - 1, p.mouth_y + 8, 3, 3),
        "AU17": 1.5 * bump(a, y, 0, p.chin_y - 8, 6.5, 4.5)
        - 1.3 * bump(a, y, 0, p.mouth_y + 8.2, 8, 1.5)
        + 0.35 * step(11, 5, a) * np.cos(x * 1.9) * np.cos(y * 2.2) * bump(a, y, 0, p.chin_y - 9, 8, 4),
        "AU20": -0.9
        * stroke(
            a,
            y,
            [(p.mouth_wide + 4, p.mouth_y - 4), (p.mouth_wide + 5.5, p.mouth_y + 2), (p.mouth_wide + 4.5, p.mouth_y + 8)],
            1.1,
        )
        - 0.6 * bump(a, y, 0, p.chin_y - 2, 14, 2),
        "AU26": -1.5 * bump(a, y, 23, 84, 5, 10) - 0.7 * naso,
    }
    return np.stack([parts[name] for name in FOLDS]).astype(np.float32)
