"""Frame by frame against the real clip: PSNR, SSIM, and whether the mouth moves when the real one does."""

from __future__ import annotations

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from ..data.masks import gaussian_mask
from ..presets import IMAGE_SIZE
from .motion import lagged_correlation

SIGMA = 9.0  # pixels at 128, of the Gaussian that looks at the mouth: the mouth mask's, without its floor


def psnr(frames: np.ndarray, target: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, the mean over frames; peak 255.

    Args:
        frames: uint8 (T, H, W, 3).
        target: the same shape.

    Source: torchmetrics.

    >>> a = np.zeros((2, 16, 16, 3), dtype=np.uint8)
    >>> round(psnr(a, a + 10), 2)
    28.13
    """
    from torchmetrics.functional.image import peak_signal_noise_ratio

    return peak_signal_noise_ratio(
        _to_float(frames), _to_float(target), data_range=255.0, dim=(1, 2, 3), reduction="elementwise_mean"
    ).item()


def ssim(frames: np.ndarray, target: np.ndarray) -> float:
    """Structural similarity in [-1, 1], the mean over frames; Gaussian window of 11 pixels, data range 255.

    The window also stands at the edges, which are mirrored. scikit-image and the paper leave 5 pixels there out: on a face before
    an even wall, 0.01 less where it is blurred and 0.02 more where it is noisy.

    Args:
        frames: uint8 (T, H, W, 3).
        target: the same shape.

    Source: Wang et al. 2004, as in torchmetrics.

    >>> a = np.random.default_rng(0).integers(0, 255, (2, 16, 16, 3), dtype=np.uint8)
    >>> round(ssim(a, a), 4)
    1.0
    """
    from torchmetrics.functional.image import structural_similarity_index_measure

    return structural_similarity_index_measure(_to_float(frames), _to_float(target), data_range=255.0).item()


def mouth_brightness(frames: np.ndarray, mouth_centre: np.ndarray) -> np.ndarray:
    """Mean brightness around the mouth in every frame: an open mouth is darker, teeth are brighter.

    Args:
        frames: uint8 (T, H, W, 3), W = H.
        mouth_centre: (T, 2), x and y in pixels.

    Returns:
        (T,) float64 in [0, 255].

    >>> mouth_brightness(np.full((2, 32, 32, 3), 100, dtype=np.uint8), np.full((2, 2), 16.0)).round(3).tolist()
    [100.0, 100.0]
    """
    grey = torch.from_numpy(frames).double().mean(dim=-1)  # (T, H, W)
    return _around_mouth(grey, mouth_centre).numpy()


def mouth_correlation(frames: np.ndarray, target: np.ndarray, mouth_centre: np.ndarray) -> float:
    """Pearson correlation over time of the mouth's brightness in two videos, in [-1, 1]; 0 where one never moves.

    Args:
        frames: uint8 (T, H, W, 3).
        target: the same shape.
        mouth_centre: (T, 2) of the target, pixels.

    >>> blink = np.stack([np.full((32, 32, 3), v, dtype=np.uint8) for v in (10, 50, 20)])
    >>> round(mouth_correlation(blink // 2, blink, np.full((3, 2), 16.0)), 3)
    1.0
    """
    return lagged_correlation(mouth_brightness(frames, mouth_centre), mouth_brightness(target, mouth_centre), most=0)[0]


def mouth_error(frames: np.ndarray, target: np.ndarray, mouth_centre: np.ndarray) -> float:
    """Mean absolute difference around the mouth, in grey levels of 255: the mouth loss as a number one can picture.

    Args:
        frames: uint8 (T, H, W, 3).
        target: the same shape.
        mouth_centre: (T, 2) of the target, pixels.

    >>> a = np.zeros((2, 32, 32, 3), dtype=np.uint8)
    >>> round(mouth_error(a, a + 10, np.full((2, 2), 16.0)), 6)
    10.0
    """
    difference = (torch.from_numpy(frames).double() - torch.from_numpy(target).double()).abs().mean(dim=-1)
    return _around_mouth(difference, mouth_centre).mean().item()


def mouth_motion(frames: np.ndarray, mouth_centre: np.ndarray) -> float:
    """How much the mouth region changes from frame to frame, in grey levels of 255; 0 is a frozen mouth.

    A film's noise counts too, so a clean film that moves as much as a real one has less.

    Args:
        frames: uint8 (T, H, W, 3).
        mouth_centre: (T, 2), pixels.

    >>> blink = np.stack([np.full((32, 32, 3), v, dtype=np.uint8) for v in (10, 50, 20)])
    >>> round(mouth_motion(blink, np.full((3, 2), 16.0)), 6)
    35.0
    """
    if len(frames) < 2:
        return 0.0
    change = torch.from_numpy(frames).double().diff(dim=0).abs().mean(dim=-1)  # (T - 1, H, W)
    return _around_mouth(change, mouth_centre[1:]).mean().item()


def _around_mouth(values: Tensor, mouth_centre: np.ndarray) -> Tensor:
    """The mean of (T, H, W) values under a Gaussian on the mouth: (T,)."""
    size = values.shape[-1]
    mask = gaussian_mask(torch.from_numpy(np.asarray(mouth_centre, dtype=np.float64)), size, SIGMA * size / IMAGE_SIZE)
    return (values * mask).sum(dim=(1, 2)) / mask.sum(dim=(1, 2))


def _to_float(frames: np.ndarray) -> Tensor:
    return rearrange(torch.from_numpy(np.ascontiguousarray(frames)), "t h w c -> t c h w").float()
