"""Paint a person once: skin, hair, clothes and background, lit, as layers that a clip then bends and moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .background import background, clothes
from .brush import over
from .fields import AXIS, blur, bump, canvas, noise, step, stroke, to_linear, to_srgb
from .geometry import FOLDS, contour, fold_heights, height
from .glasses import glasses
from .hair import back_hair, beard, brows, front_hair, scalp
from .identity import Identity
from .light import BLEED, Light, light_of, shading

PAINT = 3.0  # samples a pixel while painting
TEXTURE = 1.5  # samples a pixel of the layers that are kept


@dataclass(frozen=True)
class Layers:
    """A painted person; float32, sRGB in [0, 1] with alpha, S = 228 samples each way."""

    background: np.ndarray  # (128, 128, 3), as the camera sees it
    body: np.ndarray  # (S, S, 4) neck, clothes, hair behind the head
    head: np.ndarray  # (S, S, 4) skin, ears, brows, hair on the skull
    front: np.ndarray  # (S, S, 4) hair before the face, glasses: no action unit moves them
    folds: np.ndarray  # (len(FOLDS), S, S) relative change of the head's brightness at full strength
    depth: np.ndarray  # (S, S) pixels above the contour, for parallax
    shade: np.ndarray  # (S, S, 3) light that falls on the face, 1 where it is even; for eyes, lips, teeth
    light: Light
    film: np.ndarray  # (3, 256) uint8: what the camera makes of each value of red, green and blue


def film(person: Identity) -> np.ndarray:
    """The camera's tone curve for each colour, uint8 (3, 256): exposure, contrast and white balance differ from camera to camera."""
    rng = person.rng(5)
    value = np.linspace(0, 1, 256)
    gamma, contrast = np.exp(rng.normal(-0.12 * person.tone, 0.11)), rng.uniform(0, 0.45)
    balance = np.exp(rng.normal(0, [0.024, 0.010, 0.030]))
    curve = value**gamma
    curve = curve + contrast * (curve * curve * (3 - 2 * curve) - curve)
    return (np.clip(balance[:, None] * curve, 0, 1) * 255 + 0.5).astype(np.uint8)


def skin_colour(person: Identity, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Skin in even light: linear (H, W, 3). Blood, melanin, freckles, pores, the marks of age, make-up."""
    p = person
    rng = p.rng(2)
    a = np.abs(x - AXIS)
    base = np.ones((*x.shape, 3), np.float32) * to_linear(p.skin / 255).astype(np.float32)
    red = (
        0.85 * bump(a, y, 20, p.nose_y + 1, 8, 7)
        + 0.7 * bump(a, y, 0, p.nose_y + 1, 6, 4)
        + 0.35 * bump(a, y, 0, p.chin_y - 7, 8, 5)
    )
    red += 0.25 * bump(a, y, p.eye_apart, p.eye_y, 9, 6) + 0.6 * step(34, 39, a) + 0.25 * noise(rng, x, y, 7, 7)
    blood = rng.uniform(0.5, 1.3) * (1 - 0.75 * p.tone)
    base *= 1 + blood * red[..., None] * np.array([0.03, -0.13, -0.11], np.float32)
    yellow = bump(x, y, AXIS, 28, 24, 9)
    base *= 1 + yellow[..., None] * np.array([0.02, 0.025, -0.03], np.float32)
    dark = 0.55 * bump(a, y, p.eye_apart - 1.5, p.eye_y + 5.2, 6.5, 2.4) * (0.45 + 0.009 * (p.age - 20)) + 0.25 * bump(
        a, y, p.eye_apart - 5, p.eye_y - 1.5, 6, 4
    )
    base *= 1 - dark[..., None] * np.array([0.22, 0.28, 0.24], np.float32) * rng.uniform(0.5, 1.2)
    # blotches of several sizes, pores
    blotch = 0.045 * noise(rng, x, y, 11, 11) + 0.04 * noise(rng, x, y, 4.5, 4.5) + 0.022 * noise(rng, x, y, 1.8, 1.8)
    blotch += (0.010 + 0.0005 * p.age) * noise(rng, x, y, 0.7, 0.7)
    base *= 1 + blotch[..., None] * np.array([0.8, 1.0, 1.1], np.float32)
    if p.freckles > 0.25:
        spots = step(0.62, 1.0, noise(rng, x, y, 1.3, 1.3)) * (bump(a, y, 14, p.nose_y - 3, 14, 8) + 0.3)
        base *= 1 - p.freckles * spots[..., None] * np.array([0.22, 0.36, 0.42], np.float32)
    for _ in range(rng.poisson(1.2 + 0.03 * p.age)):  # moles and sun spots
        x0, y0, size = rng.uniform(34, 94), rng.uniform(22, 108), rng.uniform(0.3, 0.75)
        base *= 1 - 0.45 * bump(x, y, x0, y0, size, size)[..., None]
    if p.makeup > 0.3:
        base *= 1 - p.makeup * 0.5 * bump(a, y, 22, p.nose_y - 2, 7, 4)[..., None] * np.array([0.02, 0.16, 0.1], np.float32)
        shadow = bump(a, y, p.eye_apart + 1, p.eye_y - 4, 7, 2.6)[..., None]
        base *= 1 - p.makeup * shadow * rng.uniform(0.1, 0.4, 3).astype(np.float32)
    return base.clip(0.004, 1)


def paint(person: Identity) -> Layers:
    """Everything of a person that stays the same from frame to frame. About half a second.

    >>> from .identity import identity
    >>> paint(identity(0, 2001)).head.shape
    (228, 228, 4)
    """
    p = person
    x, y = canvas(PAINT)
    light = light_of(p)
    rng = p.rng(4)
    a = np.abs(x - AXIS)
    inside = contour(p, x, y)
    pixel = np.hypot(x - AXIS, y - 58.0) * (1 - 1 / inside.clip(0.05))  # signed distance to the contour, roughly
    z = height(p, x, y)
    grain = 0.022 * noise(rng, x, y, 0.8, 0.8) + 0.028 * noise(rng, x, y, 2.2, 2.2)
    irradiance, gloss = shading(z + grain * (0.6 + 0.012 * p.age), light, PAINT, BLEED)

    bare = skin_colour(p, x, y)
    skin = beard(p, x, y, scalp(p, x, y, bare))
    oily = (
        0.5
        + 0.5 * bump(a, y, 0, 30, 14, 9)
        + 0.6 * bump(a, y, 0, p.nose_y - 2, 5, 9)
        + 0.4 * bump(a, y, 21, p.eye_y + 12, 7, 5)
    )
    shine = rng.uniform(0.03, 0.12) * gloss * oily
    skin, irradiance = _nose(p, a, y, skin, irradiance)
    # light that has gone through skin is red: shade on a face is warm
    irradiance = irradiance * irradiance.mean(-1, keepdims=True).clip(0.05, 1.5) ** np.array([-0.10, 0.03, 0.07], np.float32)
    lit = skin * irradiance + shine[..., None]

    ear, ear_alpha = _ears(p, x, y, light, bare)
    head = np.concatenate([to_srgb(lit), step(0.45, -0.45, pixel)[..., None]], -1).astype(np.float32)
    head = over(np.concatenate([to_srgb(ear), ear_alpha[..., None]], -1), head)
    head = brows(p, x, y, head, irradiance)
    hair_on_skull, before_face = front_hair(p, x, y, light)
    head = over(head, hair_on_skull)
    body = over(back_hair(p, x, y), _neck(p, x, y, light, bare))
    body = over(body, clothes(p, x, y))
    front = over(glasses(p, x, y), before_face)

    half_x, half_y = canvas(TEXTURE)
    return Layers(
        background=background(p),
        body=_reduce(body),
        head=_reduce(head),
        front=_reduce(front),
        folds=_fold_shades(p, half_x, half_y, light),
        depth=blur(height(p, half_x, half_y), 1.5 * TEXTURE),
        shade=_reduce(blur(irradiance, 1.2 * PAINT)),
        light=light,
        film=film(p),
    )


def _nose(p: Identity, a, y, skin, irradiance) -> tuple[np.ndarray, np.ndarray]:
    """Skin and light with nostrils, the crease around the wings, and the warm half-shade below the nose."""
    tip, wide = p.nose_y, p.nose_wide
    nostril = bump(a, y - 0.22 * (a - 0.5 * wide), 0.48 * wide, tip + 4.5, 0.19 * wide, 0.85)
    crease = stroke(
        a, y, [(wide - 1.6, tip - 1.8), (wide + 0.3, tip + 0.6), (wide + 0.2, tip + 3.4), (wide - 1.6, tip + 5.0)], 0.62
    )
    under = bump(a, y, 0, tip + 5.2, 0.62 * wide, 1.5)
    skin = skin * (1 - 0.78 * nostril.clip(0, 1)[..., None] * np.array([0.88, 1, 1], np.float32))
    skin = skin * (1 - 0.34 * crease[..., None] * np.array([0.75, 1, 1.05], np.float32))
    skin = skin * (1 - 0.16 * under[..., None] * np.array([0.6, 1, 1.05], np.float32))
    # skin below reflects light upwards: the underside is never black
    reflected = bump(a, y, 0, tip + 5.0, 0.9 * wide, 2.4)[..., None]
    return skin, np.maximum(
        irradiance, (irradiance * (1 - reflected) + 0.46 * reflected * float(irradiance[y.shape[0] // 2].max()) * 0.8)
    )


def _reduce(picture: np.ndarray) -> np.ndarray:
    """Average down from `PAINT` to `TEXTURE` samples a pixel; colours weighted by alpha."""
    n = round(PAINT / TEXTURE)
    h, w, c = picture.shape
    if c == 4:
        picture = np.concatenate([picture[..., :3] * picture[..., 3:], picture[..., 3:]], -1)
    small = picture.reshape(h // n, n, w // n, n, c).mean((1, 3))
    if c == 4:
        small[..., :3] /= small[..., 3:].clip(1e-4)
    return small.astype(np.float32)


def _fold_shades(person: Identity, x, y, light: Light) -> np.ndarray:
    z = height(person, x, y)
    heights = fold_heights(person, x, y)
    plain = shading(z, light, TEXTURE, BLEED)[0].mean(-1)
    out = np.empty_like(heights)
    for k in range(len(FOLDS)):
        folded = shading(z + heights[k], light, TEXTURE, BLEED)[0].mean(-1)
        out[k] = (folded / plain.clip(0.02)) ** (1 / 2.2) - 1  # of sRGB values, which the layers hold
    return out.clip(-0.6, 0.6)


def _ears(p: Identity, x, y, light: Light, skin) -> tuple[np.ndarray, np.ndarray]:
    a = np.abs(x - AXIS)
    edge = float(np.interp(p.eye_y + 8 - 58, p.outline[:, 1], p.outline[:, 0]))
    u, v = (a - edge - 0.6) / 4.4, (y - p.eye_y - 8.5 + 0.25 * (a - edge)) / 11.5
    r = np.sqrt(u**2 + v**2)
    z = 6 * (1 - r.clip(0, 1) ** 3) - 3.2 * bump(u, v, 0.1, -0.1, 0.36, 0.55) + 1.4 * bump(u, v, -0.25, 0.1, 0.16, 0.3)
    irradiance, _ = shading((z * np.ones_like(a)).astype(np.float32), light, PAINT, BLEED)
    skin = skin * np.array([0.98, 0.9, 0.89], np.float32)
    return skin * irradiance * 0.85, step(1.0, 0.9, r)


def _neck(p: Identity, x, y, light: Light, skin) -> np.ndarray:
    a = np.abs(x - AXIS)
    half = 0.60 * p.outline[6, 0] * (1.12 - 0.16 * p.female) + 0.9 * np.exp((y - 126) / 5) + 1.5
    across = (a / half).clip(0, 1)
    z = 22 * np.sqrt(1 - across**2) - 0.12 * (y - 110)
    z += 1.2 * stroke(a, y, [(13, 112), (8, 124), (3, 138)], 1.8) + 0.7 * (1 - p.female) * bump(a, y, 0, 124, 3, 4)
    irradiance, _ = shading(z.astype(np.float32), light, PAINT, BLEED)
    chin = contour(p, x, y - 5.0 - 3 * max(0.0, -light.key[1]))  # the head's shadow falls on the neck
    irradiance = irradiance * (1 - 0.62 * step(1.10, 0.93, chin))[..., None]
    colour = np.roll(skin, round(40 * PAINT), axis=0) * np.array([0.97, 0.95, 0.95], np.float32)  # of the cheeks, lower down
    alpha = step(0.5, -0.5, a - half) * step(88, 92, y)
    return np.concatenate([to_srgb(colour * irradiance), alpha[..., None]], -1).astype(np.float32)
