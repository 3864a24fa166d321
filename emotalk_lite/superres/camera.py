"""The noise of a camera, after its own processing: back to what the sensor counted, noise there, and forward again."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

GAMMA = 2.2  # of the tone curve
RED_GAIN, BLUE_GAIN = (1.9, 2.4), (1.5, 1.9)  # white balance, relative to green (Brooks et al. 2019)
SHOT = (-4.0, -2.0)  # decimal logarithm of the shot noise's variance at full light
READ_SLOPE, READ_OFFSET, READ_SPREAD = 2.18, 0.52, 0.26  # its read noise follows the shot noise (Brooks et al. 2019)
# Of a colour from two neighbours in a row or column, or four around: bilinear demosaicing
CROSS = ((0.0, 0.25, 0.0), (0.25, 1.0, 0.25), (0.0, 0.25, 0.0))
SQUARE = ((0.25, 0.5, 0.25), (0.5, 1.0, 0.5), (0.25, 0.5, 0.25))


def camera_noise(x: Tensor, seed: int) -> Tensor:
    """Noise as a phone leaves it: stronger where it is bright, then smeared over neighbours and colours.

    Tone curve and white balance are undone; the picture is sampled through a Bayer filter, red, green, green, blue; shot noise
    grows with the light, read noise does not; missing colours are interpolated; and white balance and tone curve come back.

    Args:
        x: (B, 3, H, W) RGB in [0, 1].
        seed: of gains and noise.

    Returns:
        The same shape, in [0, 1].

    Source: Zhang et al. 2021 (BSRGAN), Section 3.3; Brooks et al. 2019 for the numbers. The paper's colour matrices and tone
    curves of real cameras are left out: a gamma curve and white balance stand for them.

    >>> flat = torch.full((1, 3, 32, 32), 0.5)
    >>> abs(camera_noise(flat, seed=0).mean().item() - 0.5) < 0.05
    True
    """
    rng = np.random.default_rng(seed)
    gains = torch.tensor([rng.uniform(*RED_GAIN), 1.0, rng.uniform(*BLUE_GAIN)]).to(x).view(3, 1, 1)
    log_shot = rng.uniform(*SHOT)
    log_read = READ_SLOPE * log_shot + READ_OFFSET + rng.normal(0, READ_SPREAD)
    shot, read = 10**log_shot, 10**log_read
    raw = x.clamp(0, 1) ** GAMMA / gains
    noise = torch.from_numpy(rng.standard_normal(x.shape)).to(x)
    raw = (raw + noise * (shot * raw + read).sqrt()).clamp(0, 1)
    return (demosaic(raw * bayer(x)) * gains).clamp(0, 1) ** (1 / GAMMA)


def bayer(x: Tensor) -> Tensor:
    """Where a sensor sees which colour, (3, H, W) of 0 and 1 for a picture (..., H, W).

    >>> bayer(torch.zeros(2, 2))[1]
    tensor([[0., 1.],
            [1., 0.]])
    """
    mask = torch.zeros(3, *x.shape[-2:], device=x.device, dtype=x.dtype)
    mask[0, ::2, ::2] = mask[1, ::2, 1::2] = mask[1, 1::2, ::2] = mask[2, 1::2, 1::2] = 1
    return mask


def demosaic(mosaic: Tensor) -> Tensor:
    """Fill in the colours that a sensor did not see, by bilinear interpolation: (B, 3, H, W), zero where nothing was seen.

    >>> demosaic(bayer(torch.zeros(6, 6))[None]).unique()
    tensor([1.])
    """
    kernels = torch.tensor([SQUARE, CROSS, SQUARE]).to(mosaic)[:, None]
    seen = bayer(mosaic)[None]
    return F.conv2d(mosaic, kernels, padding=1, groups=3) / F.conv2d(seen, kernels, padding=1, groups=3)
