"""The eyes, drawn in every frame: ball, iris, light, lids, lashes, the fold above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .fields import AXIS
from .identity import Identity


@dataclass(frozen=True)
class EyeState:
    """Both eyes over time, each (T,): pixels by which lids stand off their rest, lids' closing in [0, 1], gaze in pixels."""

    upper: np.ndarray  # upwards
    lower: np.ndarray  # upwards
    closed: np.ndarray
    gaze_x: np.ndarray
    gaze_y: np.ndarray


def edge(distance: Tensor, soft: float = 0.45) -> Tensor:
    """Coverage of a shape from the signed distance to its edge, positive inside.

    >>> edge(torch.tensor([-1.0, 0.0, 1.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    t = (distance / (2 * soft) + 0.5).clamp(0, 1)
    return t * t * (3 - 2 * t)


def lay(image: Tensor, colour: Tensor, alpha: Tensor) -> Tensor:
    """Lay a colour (broadcast to (T, 3, H, W)) with alpha (T, 1, H, W) over an image."""
    return image + (colour - image) * alpha


def per_frame(values: np.ndarray) -> Tensor:
    """One value a frame, (T,), to (T, 1, 1, 1)."""
    return torch.as_tensor(np.asarray(values), dtype=torch.float32).view(-1, 1, 1, 1)


def rgb(colour: Sequence[float] | np.ndarray) -> Tensor:
    """Red, green and blue in [0, 1] to (1, 3, 1, 1)."""
    return torch.as_tensor(np.asarray(colour, dtype=np.float32)).view(1, 3, 1, 1)


def draw_eyes(
    image: Tensor, x: Tensor, y: Tensor, person: Identity, state: EyeState, shade: Tensor, light_x: float
) -> Tensor:
    """Draw one eye, or both, over skin.

    Args:
        image: (T, 3, H, W), sRGB in [0, 1], the skin.
        x, y: (H, W) face space; the half of the face decides which eye it is.
        state: where the lids are and where the eyes look.
        shade: (1, 3, H, W) light that falls there.
        light_x: the key light's direction to the right.
    """
    p = person
    side = torch.sign(x - AXIS)
    u = ((x - AXIS).abs() - p.eye_apart) / p.eye_wide  # -1 inner corner, 1 outer corner
    inside = u.clamp(-1, 1)
    base = p.eye_y + 0.9 - p.eye_tilt * u + 0.35 * (u < -0.8)
    arch_u = (1 - (inside + 0.08).clamp(-1, 1).abs() ** 2.3).clamp(0, 1) ** 0.8
    arch_l = (1 - (inside - 0.12).clamp(-1, 1).abs() ** 2.2).clamp(0, 1) ** 0.9
    closed, raised, squeezed = per_frame(state.closed), per_frame(state.upper), per_frame(state.lower)
    lower_open = (2.05 - squeezed * 0.85).clamp(min=0.5)
    upper_open = (p.eye_open + raised) * (1 - closed) - 0.7 * lower_open * closed
    upper_y = base - upper_open * arch_u  # (T, 1, H, W)
    lower_y = base + lower_open * arch_l
    width = edge((1.0 - u.abs()) * p.eye_wide, 0.6)
    hole = edge(y - upper_y) * edge(lower_y - y) * width

    # light in the socket, from the painted skin; a white ball would glow otherwise
    tone = (shade.clamp(0.1, 1.25) ** (1 / 2.2)) * 0.93
    below_lid = y - upper_y
    ball = (
        rgb([0.90, 0.875, 0.86])
        * (1 - 0.2 * p.tone)
        * tone
        * (1 - 0.42 * torch.exp(-below_lid.clamp(min=0) / 1.15))
        * (1 - 0.24 * inside.abs() ** 2)
    )
    ball = lay(ball, rgb([0.72, 0.42, 0.40]) * tone, edge(-0.80 - u, 0.12) * 0.75)
    cx = p.eye_apart + per_frame(state.gaze_x) * side  # outward from the axis
    cy = p.eye_y - 0.35 + per_frame(state.gaze_y)
    dx, dy = (x - AXIS).abs() - cx, y - cy
    r = torch.sqrt(dx**2 + dy**2 + 1e-6)
    radius = 3.25 * p.eye_wide / 7.7
    iris = rgb(p.iris / 255)
    glow = 0.8 + 0.45 * (dy / radius).clamp(-1, 1) + 0.15 * torch.sin(9 * torch.atan2(dy, dx) + 2 * r)
    ring = 1 - 0.6 * edge(r - 0.76 * radius, 0.5)
    iris = iris * glow * ring * tone * (1 - 0.35 * torch.exp(-below_lid.clamp(min=0) / 0.9))
    ball = lay(ball, iris, edge(radius - r, 0.5))
    ball = lay(ball, rgb([0.02, 0.018, 0.018]), edge(1.35 - r, 0.45))
    spot = torch.exp(-((x - AXIS - side * cx - 1.5 * light_x - 0.25) ** 2 + (dy + 1.15) ** 2) / 0.62)
    ball = lay(ball, rgb([1.0, 0.995, 0.98]), spot * 0.92)
    spot2 = torch.exp(-(((x - AXIS) - side * cx + 1.3 * (light_x + 0.3)) ** 2 + (dy - 1.4) ** 2) / 0.9)
    ball = lay(ball, rgb([1.0, 1.0, 1.0]), spot2 * 0.16)

    # the lid over a closing eye, darker towards the lashes; the fold above it
    fold_gap = (2.5 - 1.5 * p.hooded) * (1 + 0.5 * closed) - 0.25 * raised
    fold_y = base - (p.eye_open + 0.3 * raised) * (1 - 0.25 * closed) * arch_u.clamp(0.25) - fold_gap
    lid = edge(upper_y - y) * edge(y - fold_y) * width
    image = image * (1 - lid * 0.14 * torch.exp(-((upper_y - y) / 1.4).clamp(0, 9)))
    lit_lid = lid * torch.exp(-(((y - 0.5 * (upper_y + fold_y)) / 0.9) ** 2))
    image = image * (1 + 0.10 * lit_lid)
    across = edge((1.12 - u.abs()) * p.eye_wide, 1.5)
    fold = torch.exp(-(((y - fold_y) / 0.62) ** 2)) * across * (0.30 + 0.12 * p.makeup)
    image = image * (1 - fold * rgb([0.8, 0.98, 1.0]))
    image = lay(image, ball, hole)
    # lashes: a dark line on the upper lid that thickens outwards, a thin one below; a moist edge
    ink = rgb(np.minimum(p.hair * 0.35, 45) / 255) * 0.8
    thick = 0.46 + 0.16 * p.female + 0.30 * p.makeup + 0.2 * (u + 0.3).clamp(-1, 1.2)
    beyond = edge((1.03 + 0.10 * p.makeup - u) * p.eye_wide, 0.7) * edge((u + 0.97) * p.eye_wide, 0.9)
    lash_y = upper_y - 0.12 - 0.9 * p.makeup * (u - 0.75).clamp(min=0)
    image = lay(image, ink, torch.exp(-(((y - lash_y) / thick) ** 2)) * beyond * (0.66 + 0.2 * p.makeup))
    image = lay(image, ink, torch.exp(-(((y - lower_y - 0.1) / 0.42) ** 2)) * beyond * (0.22 + 0.3 * p.makeup) * (u > -0.9))
    moist = torch.exp(-(((y - lower_y + 0.45) / 0.35) ** 2)) * hole * 0.22
    return lay(image, rgb([1.0, 0.92, 0.9]) * tone, moist)
