"""Hair: on the skull, behind the head, before the face, brows and beard. Strands are noise stretched along the flow."""

from __future__ import annotations

import numpy as np

from .brush import layer, over
from .fields import AXIS, bump, noise, step, stroke, to_linear, to_srgb
from .geometry import DEPTH, contour
from .identity import Identity
from .light import Light

LONG = ("bob", "long", "wavy", "fringe")
VOLUME = {  # pixels by which hair stands off the skull: above, at the sides
    "receding": (1.5, 1.2), "buzz": (0.6, 0.4), "short": (3.5, 1.4), "side": (6.0, 1.8), "curly": (7.5, 4.5), "afro": (11.0, 11.0),
    "bob": (4.0, 5.0), "long": (3.5, 4.0), "wavy": (5.0, 6.5), "tied": (1.8, 0.8), "fringe": (4.5, 4.5),
}  # fmt: skip
CURTAIN = [(0, 13.5), (8, 16), (17, 22), (25, 31), (30, 42), (33, 56), (36, 70), (40, 80)]  # |x - parting|, y of long hair
HAIRLINE = [(0, 19), (10, 18.5), (20, 21), (28, 28.5), (32, 39), (34.5, 50), (36, 60), (40, 64)]  # |x - axis|, y


def strands(p: Identity, rng: np.random.Generator, u: np.ndarray, v: np.ndarray, fine: float, along: float) -> np.ndarray:
    """Linear colour (H, W, 3) of hair whose strands run along v; `fine` and `along` are cell sizes."""
    fibre = (
        0.55 * noise(rng, u, v, fine, along)
        + 0.45 * noise(rng, u, v, 3.2 * fine, 1.6 * along)
        + 0.35 * noise(rng, u, v, 9 * fine, 2.2 * along)
    )
    base = to_linear(p.hair / 255)
    silver = to_linear(np.array([158, 155, 150]) / 255) * 0.85 + 0.15 * base
    white = step(-1.1, 1.1, noise(rng, u, v, fine, along) + 0.5 * noise(rng, u, v, 14, 60) + 3.4 * p.grey - 1.7)[
        ..., None
    ] * min(1.0, 2 * p.grey)
    colour = base * (1 - white) + silver * white
    return colour * np.exp((0.62 - 0.2 * p.grey) * fibre - 0.1)[..., None]


def _lit(p: Identity, colour, x, y, light: Light, grow, gloss_at: float) -> np.ndarray:
    """Light hair like a dome, with the band of gloss that strands make."""
    inside = contour(p, x, y, grow).clip(0, 0.999)
    z = DEPTH * (1 - inside**2.2) ** 0.6
    dy, dx = np.gradient(z, 1 / 3.0)
    length = np.sqrt(dx**2 + dy**2 + 1)
    facing = (-dx * light.key[0] - dy * light.key[1] + light.key[2]) / length
    up = 0.5 + 0.5 * dy / length
    shade = (
        0.16
        + 0.75 * (0.25 + 0.75 * facing).clip(0, 1) * float(light.key_colour.mean())
        + 0.5 * float(light.fill.mean())
        + 0.25 * up
    )
    band = np.exp(-(((y - gloss_at + 0.009 * (x - AXIS - 18 * light.key[0]) ** 2) / 5.5) ** 2))
    gloss = (0.055 + 0.55 * colour.mean(-1)) * band * light.key[2].clip(0.2, 1)
    return colour * shade[..., None] + (gloss * (0.4 + colour.mean(-1) / colour.mean()))[..., None] * light.key_colour * 0.55


def scalp(p: Identity, x: np.ndarray, y: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Skin with the shadow of hair on the skull: stubble of a shaved head, roots under a thin cover."""
    a = np.abs(x - AXIS)
    rng = p.rng(10)
    strength = {"bald": 0.16, "buzz": 0.72}.get(p.style, 0.5)
    line = np.interp(a, *zip(*HAIRLINE)) + (
        4 * noise(rng, x, y, 6, 6) if p.style == "bald" else 1.2 * noise(rng, x, y, 4, 4)
    )
    cover = step(2.5, -3, y - line) * (1 if p.style != "receding" else step(20, 28, a))
    grain = 0.75 + 0.4 * noise(rng, x, y, 0.7, 0.7)
    amount = (strength * cover * grain).clip(0, 0.95)[..., None]
    root = to_linear(p.hair / 255 * (1 - p.grey) + 150 / 255 * p.grey) * 0.8
    return skin * (1 - amount) + root * amount


def _flow(p: Identity, x, y, part: float) -> tuple[np.ndarray, np.ndarray]:
    """Strand coordinates, across and along, in pixels: combed back, to the side, or down from a parting."""
    if p.style in ("short", "tied", "receding"):  # from the forehead up and outwards
        dx, dy = x - AXIS - 0.6 * part, 62 - y
        return np.arctan2(dx, dy) * 48, np.hypot(dx, dy)
    if p.style == "side":  # arcs from the parting over to the other temple
        dx, dy = x - AXIS + 1.2 * part, y - 46
        return np.hypot(dx, 1.15 * dy), np.arctan2(dx, -dy) * 34
    dx, dy = x - AXIS - part, y + 6
    return np.arctan2(dx, dy + 26) * 46, np.hypot(dx, dy)


def front_hair(p: Identity, x: np.ndarray, y: np.ndarray, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """Hair on the skull, and hair that hangs before the face: two (H, W, 4) layers, sRGB."""
    nothing = layer(np.zeros(3), np.zeros_like(x))
    if p.style in ("bald", "buzz"):
        return nothing, nothing
    rng = p.rng(11)
    a = np.abs(x - AXIS)
    part = float(rng.choice([-1, 1]) * rng.uniform(5, 15)) * (p.style in ("side", "bob", "long", "wavy", "short"))
    top, sides = VOLUME[p.style]
    top, sides = top * rng.uniform(0.75, 1.25), sides * rng.uniform(0.75, 1.25)
    grow = sides + (top - sides) * step(34, 6, y)
    u, v = _flow(p, x, y, part)
    if p.style in ("curly", "afro"):
        cell = 1.2 if p.style == "afro" else 2.3
        grow = grow + (1.1 if p.style == "afro" else 1.9) * noise(rng, x, y, 2.6 * cell, 2.6 * cell)
        warp = 2.0 * noise(rng, x, y, 3 * cell, 3 * cell)
        colour = strands(p, rng, x + warp, y - warp, 0.55 * cell, 1.1 * cell)
    else:
        grow = grow + 0.5 * noise(rng, u, v, 1.6, 30)
        wave = (1.6 if p.style == "wavy" else 0.5) * np.sin(v / 6.5 + 0.4 * noise(rng, x, y, 12, 12))
        colour = strands(p, rng, u + wave, v, 0.85, 13)
    curtain = p.style in ("bob", "long", "wavy")
    line = np.array(CURTAIN if curtain else HAIRLINE, float)
    line[:, 1] += rng.normal(0, 1.0) - 1.0 * p.female
    line[0, 1] += rng.uniform(-0.5, 2.2)  # a widow's peak, or none
    if p.style == "receding":
        line[:, 1] -= [8, 15, 16, 10, 2, 0, 0, 0]
    elif p.style in ("afro", "curly"):
        line[:4, 1] += 1
    jag = (1.3 if p.style in ("curly", "afro") else 0.8) * noise(rng, u, v, 1.2, 18)
    off = x - AXIS - 0.75 * part  # from the parting; both temples count as 36 pixels away
    side = 36 * np.abs(off) / (36 - 0.75 * part * np.sign(off)) if curtain else a
    edge = y - np.interp(side, line[:, 0], line[:, 1]) + jag
    if part and not curtain:  # combed over from the parting: higher where it starts, lower where it falls
        along = (x - AXIS) * np.sign(part)
        edge = (
            edge
            + 3.0 * np.exp(-(((along - abs(part)) / 8) ** 2))
            - 2.4 * step(0, -26, along - abs(part)) * step(-36, -24, along)
        )
    outer = contour(p, x, y, grow)
    distance = np.hypot(x - AXIS, y - 58.0) * (1 - 1 / outer.clip(0.05))
    low_end = step(66, 60, y) if p.style not in LONG else 1.0
    combed_back = p.style in ("short", "tied", "receding")
    soft = (2.8, -3.4) if combed_back else (1.6, -1.8)
    alpha = (
        step(*soft, edge + (1.2 * noise(rng, u, v, 0.8, 7) if combed_back else 0))
        * step(0.9, -0.9, distance + 0.5 * noise(rng, u, v, 0.9, 9))
        * low_end
    )
    alpha = alpha * (0.72 + 0.16 * rng.random() if p.style == "receding" else 1)
    root = 0.72 + 0.28 * step(-0.5, -9, edge)  # darker where it leaves the skin
    lit = to_srgb(_lit(p, colour, x, y, light, grow + 1.5, rng.uniform(8, 16)) * root[..., None])
    skull = layer(lit, alpha)
    # its soft shadow on the forehead
    shadow = 0.30 * step(6, -1, edge) * step(1.0, -1.0, distance) * (0.4 if combed_back else 1.0)
    skull = over(layer(p.skin / 255 * 0.25, shadow * low_end), skull)
    return skull, _hanging(p, rng, x, y, light, sides, nothing)


def _hanging(p: Identity, rng: np.random.Generator, x, y, light: Light, sides: float, nothing) -> np.ndarray:
    """Locks at the sides of the face, and a fringe over the forehead."""
    if p.style not in LONG:
        return nothing
    a = np.abs(x - AXIS)
    bend = (1.7 if p.style == "wavy" else 0.5) * np.sin(y / 7.5 + 1.2 * np.sign(x - AXIS))
    u = a + bend + 0.9 * noise(rng, x, y, 10, 30)
    end = {"bob": rng.uniform(92, 108), "fringe": rng.uniform(88, 130)}.get(p.style, 150)
    lean = rng.uniform(-1.5, 1.2)
    inner = np.interp(y, [10, 24, 36, 50, 75, 100, 140], np.array([20, 27.5, 31.5, 33.5, 34.2, 32, 28]) + lean) + bend
    reach = _reach(p, y, sides)
    colour = strands(p, rng, np.where(x > AXIS, u, u + 77), y, 0.8, 22)
    across = ((a - inner) / (reach - inner)).clip(0, 1)
    shade = (0.42 + 0.75 * np.sin(np.pi * (0.12 + 0.8 * across))) * (0.82 + 0.35 * np.sign(x - AXIS) * light.key[0])
    rough = 0.8 * noise(rng, u, y, 1.1, 14)
    alpha = (
        step(-0.7, 0.9, a - inner + rough)
        * step(0.8, -0.8, a - reach + rough)
        * step(end + 3, end - 3, y + 4 * rough)
        * step(14, 27, y)
    )
    locks = layer(to_srgb(colour * shade[..., None]), alpha)
    soft = 0.26 * step(-5.5, 0.5, a - inner) * step(26, 40, y) * step(end + 2, end - 6, y)
    locks = over(layer(p.skin / 255 * 0.22, soft * step(0.5, -0.5, a - reach)), locks)
    if p.style != "fringe":
        return locks
    low = rng.uniform(34, 39.5) + 0.010 * a**2
    v = noise(rng, x, y, 0.9, 22)
    colour = strands(p, rng, x + 0.02 * (x - AXIS) * (y - 20), y, 0.8, 20)
    ends = step(1.6, -1.6, y - low + 3.0 * v) * step(37, 31, a) * step(5, 12, y)
    shade = 0.72 + 0.3 * np.exp(-(((y - 24) / 6) ** 2)) + 0.18 * np.sign(light.key[0]) * (x - AXIS) / 34
    shadow = 0.28 * step(6, -2, y - low) * step(36, 30, a) * step(10, 14, y)
    fringe = over(layer(p.skin / 255 * 0.22, shadow), layer(to_srgb(colour * shade[..., None]), ends))
    return over(fringe, locks)


def _reach(p: Identity, y: np.ndarray, sides: float) -> np.ndarray:
    """How far long hair stands from the axis at each height: round above, hanging from the temples down."""
    dome = p.outline[3, 0] + sides
    round_ = dome * np.sqrt((1 - ((50 - y) / (52 + sides)).clip(0, 1) ** 2).clip(0, 1))
    return np.where(y < 50, round_, dome + np.interp(y, [50, 80, 110, 140], [0, 1.0, 2.0, 1.5]))


def back_hair(p: Identity, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Hair behind head and neck: (H, W, 4)."""
    if p.style not in LONG:
        return layer(np.zeros(3), np.zeros_like(x))
    rng = p.rng(12)
    a = np.abs(x - AXIS)
    end = {"bob": 104.0, "fringe": 112.0}.get(p.style, 150.0)
    reach = _reach(p, y, 1.1 * VOLUME[p.style][1]) + 0.8 * noise(rng, x, y, 30, 6)
    colour = strands(p, rng, x, y, 0.9, 24) * 0.42
    alpha = step(0.8, -0.8, a - reach) * step(end + 3, end - 3, y + 2 * noise(rng, x, y, 1.2, 30))
    return layer(to_srgb(colour), alpha)


def brows(p: Identity, x: np.ndarray, y: np.ndarray, head: np.ndarray, irradiance: np.ndarray) -> np.ndarray:
    """The head layer with brows: hairs that lean outwards, dense within, thin at the tail."""
    rng = p.rng(13)
    a = np.abs(x - AXIS)
    inner, outer = 6.5 + rng.normal(0, 0.7), 26.0 + rng.normal(0, 0.8)
    t = ((a - inner) / (outer - inner)).clip(-0.2, 1.2)
    middle = (
        p.brow_y + 1.2 - p.brow_arch * np.sin(np.pi * (t * 0.82).clip(0, 1) ** 1.25) * 1.15 + 2.2 * t.clip(0, None) ** 2.2
    )
    thick = p.brow_thick * (1.05 - 0.5 * t.clip(0, 1) ** 2)
    side = np.where(x > AXIS, 0, 97)
    hairs = noise(rng, a * 0.9 + (y - middle) * (0.9 - 0.9 * t) + side, y, 0.48, 2.6)
    edge = (np.abs(y - middle) / thick) ** 1.6
    dense = (1.2 - edge + 0.38 * hairs).clip(0, 1) * step(-0.10, 0.09, t + 0.04 * hairs) * step(1.1, 0.82, t + 0.04 * hairs)
    tint = p.hair * (1 - 0.6 * p.grey) + 140 * 0.6 * p.grey
    colour = to_linear(np.minimum(tint * 0.8, 0.82 * p.skin) / 255) * (1 + 0.35 * hairs[..., None])
    strength = 0.66 + 0.24 * rng.random() - 0.15 * (p.hair.mean() > 120)
    return over(head, layer(to_srgb(colour.clip(0, 1) * irradiance), dense * strength * head[..., 3]))


def beard(p: Identity, x: np.ndarray, y: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Linear skin with the beard on it."""
    if p.beard == "none":
        return skin
    rng = p.rng(14)
    a = np.abs(x - AXIS)
    lip = step(2.6, 1.2, np.hypot(a / (p.mouth_wide + 1.5) * 6, y - p.mouth_y) / 4.6)
    cheek = step(
        -3, 4, y - np.interp(a, [0, 12, 22, 30, 36], [p.nose_y + 8, p.nose_y + 9.5, 88, 78, 60]) + noise(rng, x, y, 4, 4)
    )
    moustache = stroke(
        a,
        y,
        [
            (0, p.nose_y + 10.5),
            (9, p.nose_y + 11.5),
            (p.mouth_wide + 1.5, p.mouth_y - 1),
            (p.mouth_wide + 2.5, p.mouth_y + 3),
        ],
        2.4,
    ).clip(0, 1)
    moustache = np.maximum(moustache, bump(a, y, 3, p.nose_y + 11.5, 7, 2.6))
    chin = bump(a, y, 0, p.chin_y - 4, 10, 8).clip(0, 1)
    ring = stroke(
        a,
        y,
        [(p.mouth_wide + 2.5, p.mouth_y - 2), (p.mouth_wide + 2, p.mouth_y + 8), (8, p.chin_y - 5), (0, p.chin_y - 4)],
        3.2,
    )
    area = {
        "stubble": np.maximum(0.8 * cheek, moustache),
        "moustache": moustache,
        "goatee": np.maximum(moustache, np.maximum(chin, 1.2 * ring)),
        "full": np.maximum(cheek, moustache),
    }[p.beard]
    bare = 0.75 * bump(a, y, 4.5, p.mouth_y + 8, 2.4, 2.2) * (p.beard != "stubble")
    area = (area - bare).clip(0, 1) * (1 - lip * 0.2)
    grow = 0.75 * noise(rng, x + 0.3 * (y - 90) * np.sign(x - AXIS), y, 0.6, 2.4) + 0.35 * noise(rng, x, y, 2.5, 3.5)
    if p.beard == "stubble":
        amount = area * (0.38 + 0.2 * noise(rng, x, y, 0.6, 0.6))
    else:
        amount = (1.35 * step(0.15, 0.75, area + 0.22 * grow)) * (0.82 + 0.1 * grow)
    silver = np.clip(1.2 * p.grey + 0.25 * grow, 0, 1)[..., None] * min(1.0, 2 * p.grey)
    hair = (
        to_linear(np.minimum(p.hair, 0.75 * p.skin) / 255) * (1 - silver)
        + to_linear(np.array([170, 168, 165]) / 255) * silver
    )
    amount = (amount * step(0.04, 0.2, area)).clip(0, 0.97)[..., None]
    return skin * (1 - amount) + hair * np.exp(0.5 * grow)[..., None] * amount
