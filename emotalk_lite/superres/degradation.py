"""BSRGAN's degradation model: from a sharp picture to a small, blurred, noisy one, in an order that is drawn anew.

The steps: two blurs, one round and one oblong; down-sampling; Gaussian noise; JPEG; the noise of a camera. All are
shuffled, and a last JPEG always ends the chain, as on the web. Numbers come from a numpy generator and noise is drawn on the
CPU, so that the same seed gives the same chain on every device.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from PIL import Image
from torch import Tensor

from ..models.rrdb import SCALE
from .camera import camera_noise

# Ranges for a factor of 4 (Zhang et al. 2021, Section 3)
KERNEL_SIZES = range(7, 22, 2)  # pixels
ROUND_WIDTH = (0.1, 2.8)  # standard deviation of the round blur, pixels
OBLONG_WIDTH = (0.5, 8.0)  # variance along each of the oblong blur's axes, pixels squared
NOISE = (1 / 255, 25 / 255)  # standard deviation of Gaussian noise, of a range of 1
QUALITY = (30, 95)  # of JPEG
HALVED_FIRST, JPEG_INSIDE, CAMERA = 0.25, 0.75, 0.25  # how probable these steps are; all others always happen
NOISE_KINDS, NOISE_SHARES = ("correlated", "coloured", "grey"), (0.2, 0.4, 0.4)
SHRINKERS = ("nearest", "bilinear", "bicubic", "down-up")


@dataclass(frozen=True)
class Step:
    """One degradation with its numbers drawn: `name` says which, `detail` how strong; call it on (B, 3, H, W) in [0, 1]."""

    name: str
    detail: str
    function: Callable[[Tensor], Tensor]

    def __call__(self, x: Tensor) -> Tensor:
        return self.function(x).clamp(0, 1)


def degrade(x: Tensor, rng: np.random.Generator) -> Tensor:
    """A picture as a stranger's phone would have kept it: a quarter as wide and high.

    Args:
        x: (B, 3, H, W) RGB in [0, 1], on any device; H and W multiples of 8. The whole batch gets one chain.
        rng: draws the chain.

    Returns:
        (B, 3, H / 4, W / 4) in [0, 1], on the same device.

    Raises:
        ValueError: H or W is no multiple of 8.

    Source: Zhang et al. 2021 (BSRGAN), Section 3.

    >>> degrade(torch.rand(1, 3, 64, 48), np.random.default_rng(0)).shape
    torch.Size([1, 3, 16, 12])
    """
    for step in draw_chain(rng, tuple(x.shape[-2:])):
        x = step(x)
    return x


def draw_chain(rng: np.random.Generator, size: tuple[int, int]) -> list[Step]:
    """The steps of one degradation, in a random order, for pictures of this height and width.

    Raises:
        ValueError: height or width is no multiple of 8.

    >>> [step.name for step in draw_chain(np.random.default_rng(0), (64, 64))][-1]
    'JPEG'
    """
    if any(side % (2 * SCALE) for side in size):
        raise ValueError(f"{size[0]} x {size[1]} pixels: height and width have to be multiples of {2 * SCALE}")
    small = (size[0] // SCALE, size[1] // SCALE)
    steps = [_blur(rng, oblong=False), _blur(rng, oblong=True), _noise(rng)]
    halved = rng.random() < HALVED_FIRST
    steps.append(_shrink(rng, small, SCALE // 2 if halved else SCALE))
    if rng.random() < JPEG_INSIDE:
        steps.append(_jpeg(rng))
    if rng.random() < CAMERA:
        steps.append(Step("camera noise", "", partial(camera_noise, seed=_seed(rng))))
    first = [Step("halve", "bilinear", partial(_resize, size=(size[0] // 2, size[1] // 2), mode="bilinear"))] if halved else []
    return [*first, *(steps[i] for i in rng.permutation(len(steps))), _jpeg(rng)]


def gaussian_kernel(size: int, variances: tuple[float, float], angle: float = 0.0, shift: float = 0.0) -> Tensor:
    """A Gaussian on a grid, (size, size), that adds up to 1.

    Args:
        size: pixels, odd.
        variances: along the two axes, pixels squared.
        angle: of the first axis to the horizontal, radians.
        shift: of its centre, to the right and down, pixels.

    >>> gaussian_kernel(3, (0.5, 0.5)).sum().item()
    1.0
    """
    place = torch.arange(size, dtype=torch.float64) - (size - 1) / 2 - shift
    y, x = torch.meshgrid(place, place, indexing="ij")
    along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    kernel = torch.exp(-(along**2) / (2 * variances[0]) - across**2 / (2 * variances[1]))
    return (kernel / kernel.sum()).float()


def blur(x: Tensor, kernel: Tensor) -> Tensor:
    """Every channel of (B, C, H, W) correlated with a kernel of odd size; the border is held.

    >>> round(blur(torch.ones(1, 3, 5, 5), gaussian_kernel(3, (1.0, 2.0))).mean().item(), 4)
    1.0
    """
    reach, channels = kernel.shape[-1] // 2, x.shape[1]
    padded = F.pad(x, (reach,) * 4, mode="replicate")
    return F.conv2d(padded, kernel.to(x).expand(channels, 1, -1, -1).contiguous(), groups=channels)


def gaussian_noise(x: Tensor, sigma: float, kind: str, seed: int) -> Tensor:
    """Add noise of standard deviation `sigma`: "grey" is the same in all channels, "coloured" independent, "correlated" between.

    >>> noisy = gaussian_noise(torch.zeros(1, 3, 64, 64), 0.1, "grey", seed=0)
    >>> torch.equal(noisy[:, 0], noisy[:, 1]), round(noisy.std().item(), 2)
    (True, 0.1)
    """
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((x.shape[0], 1 if kind == "grey" else 3, *x.shape[-2:]))
    if kind == "correlated":
        mix = rng.normal(size=(3, 3))
        noise = np.einsum("dc,bchw->bdhw", mix / np.linalg.norm(mix, axis=1, keepdims=True), noise)
    return x + sigma * torch.from_numpy(noise).to(x)


def jpeg(x: Tensor, quality: int) -> Tensor:
    """Pictures (B, 3, H, W) in [0, 1] written as JPEG and read again.

    >>> jpeg(torch.full((1, 3, 8, 8), 0.5), 90).shape
    torch.Size([1, 3, 8, 8])
    """
    read = []
    for picture in rearrange((255 * x).round().byte().cpu().numpy(), "b c h w -> b h w c"):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
        read.append(np.asarray(Image.open(buffer)))
    return rearrange(torch.from_numpy(np.stack(read)).to(x.device), "b h w c -> b c h w").to(x.dtype) / 255


def _blur(rng: np.random.Generator, oblong: bool) -> Step:
    size, angle = int(rng.choice(KERNEL_SIZES)), float(rng.uniform(0, math.pi))
    if oblong:
        variances = tuple(rng.uniform(*OBLONG_WIDTH, size=2).tolist())
        detail = f"widths {variances[0] ** 0.5:.1f} and {variances[1] ** 0.5:.1f}"
    else:
        width = float(rng.uniform(*ROUND_WIDTH))
        variances, detail = (width**2, width**2), f"width {width:.1f}"
    kernel = gaussian_kernel(size, variances, angle)
    return Step("oblong blur" if oblong else "round blur", detail, partial(blur, kernel=kernel))


def _noise(rng: np.random.Generator) -> Step:
    kind, sigma = str(rng.choice(NOISE_KINDS, p=NOISE_SHARES)), float(rng.uniform(*NOISE))
    return Step("noise", f"{kind}, {255 * sigma:.0f} of 255", partial(gaussian_noise, sigma=sigma, kind=kind, seed=_seed(rng)))


def _jpeg(rng: np.random.Generator) -> Step:
    quality = int(rng.integers(QUALITY[0], QUALITY[1] + 1))
    return Step("JPEG", f"quality {quality}", partial(jpeg, quality=quality))


def _shrink(rng: np.random.Generator, small: tuple[int, int], factor: int) -> Step:
    kind = str(rng.choice(SHRINKERS))
    if kind == "nearest":  # every factor-th pixel, of a blur whose centre is moved to the middle of the cell
        variance = float(rng.uniform(0.1, 0.6 * factor)) ** 2
        kernel = gaussian_kernel(int(rng.choice(KERNEL_SIZES)), (variance, variance), shift=(factor - 1) / 2)
        return Step("shrink", kind, lambda x: blur(x, kernel)[..., ::factor, ::factor])
    if kind == "down-up":
        share, (first, second) = float(rng.uniform(0.5, factor)), rng.choice(["bilinear", "bicubic"], size=2).tolist()
        middle = (max(1, round(small[0] * factor / share)), max(1, round(small[1] * factor / share)))
        return Step("shrink", f"to {middle[1]}, then {small[1]}", lambda x: _resize(_resize(x, middle, first), small, second))
    return Step("shrink", kind, partial(_resize, size=small, mode=kind))


def _resize(x: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    return F.interpolate(x, size=size, mode=mode)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
