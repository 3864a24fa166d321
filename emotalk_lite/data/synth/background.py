"""What is behind a person, and what the person wears."""

from __future__ import annotations

import numpy as np

from ...presets import IMAGE_SIZE
from .brush import layer
from .fields import AXIS, blur, bump, noise, step
from .identity import Identity

SCREEN = np.array([72, 158, 62]) / 255  # CREMA-D's green screen


def background(p: Identity) -> np.ndarray:
    """(128, 128, 3), sRGB in [0, 1]: a plain wall, a green screen, a gradient, or a room out of focus."""
    rng = p.rng(30)
    ticks = np.arange(IMAGE_SIZE, dtype=np.float32)
    x, y = np.meshgrid(ticks, ticks)
    kind = str(rng.choice(["plain", "screen", "gradient", "room", "lights"], p=[0.22, 0.2, 0.2, 0.26, 0.12]))
    hue = rng.uniform(0.1, 0.85) * (1 + rng.normal(0, 0.12, 3))
    picture = np.ones((IMAGE_SIZE, IMAGE_SIZE, 3), np.float32) * hue
    if kind == "screen":
        picture = np.ones_like(picture) * SCREEN * rng.normal(1, 0.07, 3)
    elif kind == "gradient":
        other = rng.uniform(0.1, 0.9) * (1 + rng.normal(0, 0.15, 3))
        angle = rng.uniform(0, 2 * np.pi)
        t = step(-70, 70, (x - 64) * np.cos(angle) + (y - 64) * np.sin(angle))[..., None]
        picture = picture * (1 - t) + other * t
    elif kind in ("room", "lights"):
        for _ in range(rng.integers(5, 12)):
            x0, y0 = rng.uniform(-10, 138, 2)
            w, h = rng.uniform(8, 45), rng.uniform(10, 70)
            colour = rng.uniform(0.05, 0.9) * (1 + rng.normal(0, 0.22, 3))
            box = step(1.5, -1.5, np.maximum(np.abs(x - x0) - w, np.abs(y - y0) - h))[..., None] * rng.uniform(0.4, 1)
            picture = picture * (1 - box) + colour * box
        picture = blur(picture, rng.uniform(3.5, 8))
        if kind == "lights":
            for _ in range(rng.integers(6, 18)):
                x0, y0, r = *rng.uniform(0, 128, 2), rng.uniform(2, 7)
                disc = step(0.7, -0.7, np.hypot(x - x0, y - y0) - r)[..., None] * rng.uniform(0.15, 0.6)
                picture = picture * (1 - disc) + np.array([1, 0.86, 0.62]) * rng.uniform(0.7, 1) * disc
            picture = blur(picture, 0.8)
    picture = picture * (1 + 0.025 * noise(rng, x, y, 23, 23)[..., None] + 0.012 * noise(rng, x, y, 2, 2)[..., None])
    vignette = 1 - rng.uniform(0, 0.25) * (1 - bump(x, y, 64, 60, 70, 70))
    return (picture * vignette[..., None]).clip(0.01, 0.98).astype(np.float32)


def clothes(p: Identity, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Shoulders in a shirt, jersey or jacket: (H, W, 4)."""
    rng = p.rng(31)
    a = np.abs(x - AXIS)
    low = rng.uniform(117, 123)
    slope = low + 0.0045 * (a - 15).clip(0, None) ** 2 - rng.uniform(2, 6) * bump(a, y, 20, low, 6, 50)
    neckline = rng.choice(["round", "v", "collar"])
    opening = {"round": low + 9 - 0.02 * a**2, "v": low + 16 - 0.9 * a, "collar": low + 13 - 0.75 * a}[str(neckline)]
    edge = np.where(a < 19, np.maximum(slope, opening), slope)
    colour = (
        np.array(
            rng.choice(
                [
                    [32, 34, 40],
                    [196, 198, 202],
                    [60, 72, 104],
                    [120, 40, 44],
                    [70, 92, 74],
                    [150, 130, 104],
                    [90, 90, 96],
                    [26, 60, 78],
                ]
            )
        )
        / 255
    )
    colour = colour * rng.normal(1, 0.1, 3)
    fold = 0.14 * noise(rng, x + 0.4 * y, y - 0.3 * x, 5, 14) + 0.03 * noise(rng, x, y, 0.6, 0.6)
    if rng.random() < 0.2:
        fold = fold + 0.12 * np.sign(np.sin(y * rng.uniform(1.0, 2.0)))
    light = 0.95 - 0.35 * step(10, 0, y - edge) - 0.15 * (a / 60) ** 2
    return layer((colour * (light * (1 + fold))[..., None]).clip(0, 1), step(-0.6, 0.6, y - edge))
