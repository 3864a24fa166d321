"""Light: where it comes from, and what falls on a relief."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .fields import blur
from .identity import Identity

BLEED = np.array([0.42, 0.22, 0.14])  # how far light wraps round skin: red goes deepest


@dataclass(frozen=True)
class Light:
    """One key light, the sky and what the room reflects; directions point to the light: x right, y down, z to the viewer."""

    key: np.ndarray  # (3,) unit vector
    key_colour: np.ndarray  # (3,) linear
    fill: np.ndarray  # (3,) linear, from everywhere
    sky: np.ndarray  # (3,) linear, from above


def light_of(person: Identity) -> Light:
    """The actor's lighting: a soft key from the front half, never from below."""
    rng = person.rng(1)
    side, up = rng.normal(0, 0.5), rng.uniform(0.2, 0.85)
    key = np.array([np.sin(side) * np.cos(up), -np.sin(up), np.cos(side) * np.cos(up)])
    warmth = rng.normal(0, 0.05)
    exposure = 0.88 + 0.42 * person.tone  # a camera opens up for dark skin
    key_colour = np.array([1 + warmth, 1.0, 1 - 1.2 * warmth]) * rng.uniform(0.72, 1.0) * exposure
    fill = np.array([1 - warmth / 2, 1.0, 1 + warmth / 2]) * rng.uniform(0.14, 0.34) * exposure
    return Light(key, key_colour, fill, np.array([0.95, 1.0, 1.05]) * rng.uniform(0.05, 0.14))


def shading(z: np.ndarray, light: Light, per_pixel: float, wrap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Light that falls on a relief.

    Args:
        z: float32 (H, W) height in pixels.
        light: where it comes from.
        per_pixel: samples a pixel.
        wrap: (3,) how far light reaches round the edge of the shade, by colour.

    Returns:
        (H, W, 3) linear irradiance and (H, W) the gloss of a moist surface.
    """
    dy, dx = np.gradient(z, 1 / per_pixel)
    length = np.sqrt(dx**2 + dy**2 + 1)
    n = np.stack([-dx, -dy, np.ones_like(z)], -1) / length[..., None]
    facing = n @ light.key.astype(np.float32)
    diffuse = ((facing[..., None] + wrap) / (1 + wrap)).clip(0, None) ** 1.15
    # shadow: march towards the light, see how much stands above the ray
    above = np.zeros_like(z)
    for distance in (2.0, 3.5, 5.5, 8.0, 11.0):
        sx, sy = np.round(distance * light.key[:2] * per_pixel).astype(int)
        shifted = np.roll(z, (-sy, -sx), (0, 1))
        above = np.maximum(above, (shifted - z - distance * light.key[2] * 1.05) / (0.6 + 0.16 * distance))
    shadow = 1 - 0.6 * blur(above.clip(0, 1), 1.1 * per_pixel)
    # crevices get less of the light from everywhere
    hollow = (blur(z, 2.2 * per_pixel) - z).clip(0, None) * 0.16 + (blur(z, 6 * per_pixel) - z).clip(0, None) * 0.035
    open_ = 1 / (1 + hollow)
    up = 0.5 - 0.5 * n[..., 1]
    irradiance = diffuse * light.key_colour * (shadow * (0.6 + 0.4 * open_))[..., None]
    irradiance += (light.fill * (0.55 + 0.45 * n[..., 2:])) * open_[..., None] + light.sky * (up * open_)[..., None]
    half = light.key + [0, 0, 1]
    half = (half / np.linalg.norm(half)).astype(np.float32)
    gloss = (n @ half).clip(0, 1) ** 22 * shadow
    return irradiance.astype(np.float32), gloss.astype(np.float32)
