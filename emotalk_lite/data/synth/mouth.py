"""The mouth, drawn in every frame: lips, teeth, tongue, the dark behind them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .expression import MouthShape
from .eyes import edge, lay, per_frame, rgb
from .fields import AXIS
from .identity import Identity

UPPER_SHARE = 0.26  # of the gap, by which the upper lip rises; the jaw takes the rest


def resting_line(person: Identity, lift, a):
    """Height in face space of the line where closed lips meet, at the part `a` of the mouth's half width; `lift` of the corners."""
    return person.mouth_y + 0.3 - lift * (0.15 + 0.85 * a**1.7) - person.mouth_lift * a**2 - 0.4 * a**4


def lip_colour(person: Identity) -> np.ndarray:
    """sRGB in [0, 1]: redder than the skin where it is light, browner where it is dark; lipstick by make-up."""
    p = person
    rng = p.rng(40)
    skin = p.skin / 255
    natural = skin * np.array([0.87, 0.66, 0.66]) * (1 - 0.12 * p.tone) + np.array([0.03, 0.015, 0.02])
    stick = np.array([[178, 52, 62], [160, 40, 50], [196, 96, 100], [150, 72, 74], [120, 40, 56]])[rng.integers(5)] / 255
    k = 0.75 * max(0.0, p.makeup - 0.25) * rng.uniform(0.4, 1.2)
    return natural * (1 - k) + stick * k


def draw_mouth(
    image: Tensor, x: Tensor, y: Tensor, person: Identity, shape: MouthShape, shade: Tensor, light_x: float
) -> Tensor:
    """Draw the mouth over skin.

    Args:
        image: (T, 3, H, W), sRGB in [0, 1].
        x, y: (H, W) face space.
        shape: the lips over time.
        shade: (1, 3, H, W) light that falls there.
        light_x: the key light's direction to the right.
    """
    p = person
    gap, out, lift, raised, dropped, full, tongue = (
        per_frame(v) for v in (shape.gap, shape.out, shape.lift, shape.upper, shape.lower, shape.full, shape.tongue)
    )
    u = (x - AXIS) / (p.mouth_wide + out)  # (T, 1, H, W), -1 and 1 at the corners
    a = u.abs().clamp(max=1)
    width = edge((1.0 - u.abs()) * p.mouth_wide, 0.7)
    bow = (1 - a**2).clamp(min=0)
    line = resting_line(p, lift, a) + 0.35 * torch.exp(-((a / 0.16) ** 2)) - 0.3 * torch.exp(-(((a - 0.45) / 0.25) ** 2))
    opened = gap * UPPER_SHARE + raised * 0.6
    upper_in = line - opened * bow**0.75
    lower_in = line + (gap - opened) * bow**0.6
    # a wide open mouth stretches the lips thin
    stretch = full / (1 + 0.018 * gap)
    cupid = 1 + 0.15 * torch.exp(-(((a - 0.25) / 0.16) ** 2)) - 0.20 * torch.exp(-((a / 0.13) ** 2))
    upper_out = upper_in - p.lip_upper * stretch * (1 - a**1.7).clamp(min=0) ** 0.8 * cupid - 0.12
    lower_out = lower_in + p.lip_lower * stretch * (1 - a**2.1).clamp(min=0) ** 0.75 + 0.12

    tone = shade.clamp(0.08, 1.3) ** (1 / 2.2)
    # what the lips do to the skin around them: shade under the lower lip, the dimple at the corners
    under = torch.exp(-(((y - lower_out - 1.1) / 1.3) ** 2)) * edge((0.8 - u.abs()) * p.mouth_wide, 3.0)
    image = image * (1 - 0.15 * under)
    corner = torch.exp(-(((u.abs() - 1.0) * p.mouth_wide / 1.3) ** 2 + ((y - p.mouth_y + lift) / 1.2) ** 2))
    image = image * (1 - 0.30 * corner * rgb([0.8, 1.0, 1.0]))

    inside = rgb([0.20, 0.075, 0.07]) * (0.45 + 0.55 * edge(y - line - 0.25 * gap, 2.5)) * tone.mean()
    meat = rgb([0.66, 0.33, 0.32]) * tone * (0.72 + 0.28 * bow)
    tip = lower_in - (0.26 * gap + 2.6 * tongue * (gap / 4).clamp(max=1)) * (1 - (u / 0.72) ** 2).clamp(min=0) ** 0.5
    inside = lay(inside, meat, edge(y - tip, 0.7) * edge((0.7 - u.abs()) * p.mouth_wide, 1.0) * 0.85)
    enamel = rgb(np.array([0.90, 0.87, 0.80]) * (1 - 0.0016 * (p.age - 20))) * tone
    seam = (
        torch.cos((x - AXIS) * 2 * np.pi / 2.7 + np.pi) * 0.5 + 0.5
    )  # dark between two teeth; the middle pair meets on the axis
    enamel = enamel * (1 - 0.20 * (1 - seam) ** 6) * (1 - 0.62 * a**2)
    bite = p.mouth_y + 0.55 - 1.0 * (u**2) - 0.35 * lift * a**2 - 0.25 * raised  # upper teeth stay with the skull
    below = (y - upper_in).clamp(min=0)
    inside = lay(
        inside,
        enamel * (1 - 0.45 * torch.exp(-below / 0.8)),
        edge(bite - y, 0.5) * edge((0.86 - u.abs()) * p.mouth_wide, 1.5),
    )
    low = lower_in - (0.9 + dropped * 0.8) * bow  # lower teeth go with the jaw, mostly behind the lip
    inside = lay(
        inside, enamel * 0.74, edge(y - low, 0.5) * edge((0.62 - u.abs()) * p.mouth_wide, 1.5) * (gap / 5).clamp(max=1) * 0.8
    )
    hole = edge(y - upper_in, 0.4) * edge(lower_in - y, 0.4) * width * (gap / 0.7).clamp(max=1)

    lips = rgb(lip_colour(p)) * tone
    v_up = ((y - upper_out) / (upper_in - upper_out).clamp(min=0.4)).clamp(0, 1)
    v_low = ((lower_out - y) / (lower_out - lower_in).clamp(min=0.4)).clamp(0, 1)
    creases = 1 - 0.05 * torch.cos(x * 4.1 + 0.9 * torch.sin(x * 1.3))
    upper_shade = (0.98 - 0.26 * v_up) * creases
    lower_shade = (0.84 + 0.34 * torch.sin(np.pi * (v_low * 0.85 + 0.1)) - 0.16 * v_low**3) * creases
    image = lay(image, lips * upper_shade, edge(y - upper_out, 0.75) * edge(upper_in - y + 0.35, 0.5) * width)
    image = lay(image, lips * lower_shade, edge(lower_out - y, 0.75) * edge(y - lower_in + 0.35, 0.5) * width)
    wet = 0.5 + 0.5 * p.makeup
    gloss = torch.exp(-(((v_low - 0.58) / 0.2) ** 2)) * torch.exp(-(((u - 0.35 * light_x) / 0.34) ** 2)) * creases**4
    image = lay(
        image,
        rgb([1.0, 0.96, 0.94]),
        gloss * edge(lower_out - y) * edge(y - lower_in) * width * (0.20 * wet) * tone.mean(),
    )
    image = lay(image, inside, hole)
    # where the lips meet
    seam_line = torch.exp(-(((y - 0.5 * (upper_in + lower_in)) / 0.55) ** 2)) * width * (1 - gap / 1.5).clamp(min=0)
    return lay(image, rgb(lip_colour(p) * 0.32), 0.72 * seam_line)
