"""Glasses: frames, a shine on the lenses, a faint shadow on the skin."""

from __future__ import annotations

import numpy as np

from .brush import layer, over
from .fields import AXIS, step, stroke
from .identity import Identity


def glasses(p: Identity, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(H, W, 4), sRGB; empty where the person wears none."""
    nothing = layer(np.zeros(3), np.zeros_like(x))
    if p.glasses == "none":
        return nothing
    rng = p.rng(20)
    a = np.abs(x - AXIS)
    middle, wide, high = p.eye_apart + 0.6, 13.2 + rng.normal(0, 0.5), 10.2 + rng.normal(0, 0.8)
    power = 2.0 if p.glasses == "round" else 4.0
    if p.glasses == "round":
        wide, high = 11.8, 11.4
    at_y = p.eye_y + 2.4
    r = ((np.abs(a - middle) / wide) ** power + (np.abs(y - at_y) / high) ** power) ** (1 / power)
    off = (r - 1) * 0.5 * (wide + high)
    half = {"thin": 0.42, "thick": 1.15, "round": 0.55}[p.glasses]
    colours = {
        "thin": [(70, 68, 66), (150, 128, 84), (30, 30, 32)],
        "thick": [(26, 23, 22), (62, 36, 24), (34, 40, 66), (110, 34, 36)],
        "round": [(40, 36, 34), (150, 126, 80)],
    }[p.glasses]
    colour = np.array(colours[rng.integers(len(colours))]) / 255
    rim = step(0.45, -0.45, np.abs(off) - half)
    bridge = stroke(a, y, [(0, at_y - 3.2), (middle - wide + 0.4, at_y - 1.8)], 0.7) * step(
        middle - wide + 0.5, middle - wide - 0.5, a
    )
    bridge = np.maximum(
        bridge, step(0.4, -0.4, np.abs(y - at_y + 3.0 + 0.01 * a**2) - half) * step(middle - wide + 1, middle - wide, a)
    )
    temple = step(0.4, -0.4, np.abs(y - at_y + 3.5) - half) * step(middle + wide - 1, middle + wide, a) * step(39.5, 38.5, a)
    metal = np.maximum(np.maximum(rim, bridge), temple)
    shine = 0.16 + 0.2 * step(-4, 4, np.sin((x + y) / 9))
    frame = layer(colour + (1 - colour) * (0.25 * step(0.3, -0.2, off) * shine)[..., None], metal)
    glare = 0.13 * step(0.2, -1, off) * np.exp(-((((a - middle) * 0.7 + (y - at_y) + 5) / 2.6) ** 2))
    shadow = 0.2 * step(
        1.6,
        -0.2,
        np.abs(((np.abs(a - middle) / wide) ** power + (np.abs(y - at_y - 1.6) / high) ** power) ** (1 / power) - 1) * 12,
    )
    under = over(layer(p.skin / 255 * 0.25, shadow), layer(np.ones(3), glare))
    return over(under, frame)
