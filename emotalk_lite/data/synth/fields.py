"""Pictures as functions of the place: the painter's canvas, bumps, steps, blur and smooth noise.

Face space is the aligned 128 x 128 picture before the head moves: x to the right, y down, in its pixels; the face's
axis of symmetry is x = `AXIS`. A canvas reaches `MARGIN` pixels beyond it on every side, so that a moving head shows no edge.
"""

from __future__ import annotations

import numpy as np
import torch
from einops import rearrange
from torch.nn import functional as F

from ...presets import IMAGE_SIZE

AXIS = 64.0  # x of the axis of symmetry: align.TEMPLATE's
MARGIN = 12  # pixels
SPAN = IMAGE_SIZE + 2 * MARGIN  # pixels, width and height of a canvas


def canvas(scale: float) -> tuple[np.ndarray, np.ndarray]:
    """x and y in face space of a canvas' samples, `scale` of them a pixel each way: two float32 (S, S).

    >>> x, y = canvas(1.0)
    >>> x.shape, float(x[0, 0]), float(y[-1, 0])
    ((152, 152), -12.0, 139.0)
    """
    count = round(SPAN * scale)
    ticks = ((np.arange(count) + 0.5) / scale - 0.5 - MARGIN).astype(np.float32)
    return tuple(np.meshgrid(ticks, ticks))


def bump(x: np.ndarray, y: np.ndarray, x0: float, y0: float, wide: float, high: float) -> np.ndarray:
    """A Gaussian bump with peak 1 at (x0, y0).

    >>> bump(np.zeros(1), np.zeros(1), 0, 0, 1, 1)
    array([1.])
    """
    return np.exp(-(((x - x0) / wide) ** 2 + ((y - y0) / high) ** 2) / 2)


def step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between (Hermite); `low` may be the larger one.

    >>> step(0, 2, np.array([-1.0, 1, 3]))
    array([0. , 0.5, 1. ])
    """
    t = ((value - low) / (high - low)).clip(0, 1)
    return t * t * (3 - 2 * t)


def stroke(x: np.ndarray, y: np.ndarray, points: list[tuple[float, float]], width: float) -> np.ndarray:
    """A soft line through points, peak 1, Gaussian across with standard deviation `width`, thinner towards its ends.

    >>> stroke(np.zeros(1), np.zeros(1), [(-4.0, 0.0), (4.0, 0.0)], 1.0).round(3)
    array([1.])
    """
    nearest = np.full(x.shape, np.inf, np.float32)
    along = np.zeros(x.shape, np.float32)
    count = len(points) - 1
    for k, ((x0, y0), (x1, y1)) in enumerate(zip(points, points[1:])):
        dx, dy = x1 - x0, y1 - y0
        t = (((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)).clip(0, 1)
        distance = (x - x0 - t * dx) ** 2 + (y - y0 - t * dy) ** 2
        closer = distance < nearest
        nearest = np.where(closer, distance, nearest)
        along = np.where(closer, (k + t) / count, along)
    taper = np.sqrt((4 * along * (1 - along)).clip(0, 1))
    return np.exp(-nearest / (2 * width**2)) * taper


def blur(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of (H, W) or (H, W, C), the border repeated; `sigma` in samples.

    >>> blur(np.ones((5, 5), np.float32), 1.0)[2, 2].round(4)
    np.float32(1.0)
    """
    flat = picture.ndim == 2
    image = torch.from_numpy(np.ascontiguousarray(picture[..., None] if flat else picture, dtype=np.float32))
    image = rearrange(image, "h w c -> c 1 h w")
    height, width = image.shape[2:]
    shrink = 1
    while sigma / shrink > 3.0:  # a wide blur leaves nothing that half the samples could not hold
        shrink *= 2
    if shrink > 1:
        image = F.avg_pool2d(image, shrink, ceil_mode=True, count_include_pad=False)
        sigma /= shrink
    radius = max(1, int(2.5 * sigma + 0.5))
    ticks = torch.arange(-radius, radius + 1, dtype=torch.float32)
    kernel = torch.exp(-(ticks**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    image = F.conv2d(F.pad(image, (radius, radius, 0, 0), mode="replicate"), kernel.view(1, 1, 1, -1))
    image = F.conv2d(F.pad(image, (0, 0, radius, radius), mode="replicate"), kernel.view(1, 1, -1, 1))
    if shrink > 1:
        image = F.interpolate(image, scale_factor=shrink, mode="bilinear")[..., :height, :width]
    out = rearrange(image, "c 1 h w -> h w c").numpy()
    return out[..., 0] if flat else out


def noise(rng: np.random.Generator, u: np.ndarray, v: np.ndarray, cell_u: float, cell_v: float) -> np.ndarray:
    """Smooth random numbers, mean 0 and deviation about 0.5, as a function of two coordinates.

    A lattice of Gaussian numbers, one for each `cell_u` x `cell_v`, interpolated smoothly; it repeats after 64 cells.
    With unequal cells it becomes strands.

    >>> value = noise(np.random.default_rng(0), np.zeros(2), np.array([0.0, 100.0]), 4, 4)
    >>> bool(value[0] != value[1])
    True
    """
    lattice = rng.standard_normal(64 * 64).astype(np.float32)
    a, b = np.asarray(u / cell_u, np.float32), np.asarray(v / cell_v, np.float32)
    i, j = np.floor(a), np.floor(b)
    s, t = a - i, b - j
    s, t = s * s * (3 - 2 * s), t * t * (3 - 2 * t)
    i, j = i.astype(np.int32) & 63, j.astype(np.int32) & 63
    i1, j, j1 = (i + 1) & 63, j << 6, ((j + 1) & 63) << 6
    top = lattice[j + i] * (1 - s) + lattice[j + i1] * s
    low = lattice[j1 + i] * (1 - s) + lattice[j1 + i1] * s
    return top * (1 - t) + low * t


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB in [0, 1] to linear light, by the power 2.2.

    >>> to_linear(np.array([1.0]))
    array([1.])
    """
    return np.asarray(srgb) ** 2.2


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light to sRGB in [0, 1]; the inverse of `to_linear`, clipped.

    >>> to_srgb(np.array([1.0, 2.0]))
    array([1., 1.])
    """
    return np.clip(linear, 0, 1) ** (1 / 2.2)
