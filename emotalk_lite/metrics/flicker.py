"""Flicker: what super-resolution adds from frame to frame that the film does not have."""

import numpy as np


def flicker(frames: np.ndarray) -> float:
    """Mean absolute second difference in time, in grey levels.

    The second difference is zero for brightness that changes evenly, so slow motion counts little and detail that is
    invented anew in every frame counts in full.

    Args:
        frames: uint8 (T, H, W, 3), T >= 3.

    Raises:
        ValueError: fewer than three frames.

    >>> still = np.full((3, 2, 2, 3), 9, np.uint8)
    >>> flicker(still)
    0.0
    >>> flashing = still.copy(); flashing[1] += 5
    >>> flicker(flashing)
    10.0
    """
    if len(frames) < 3:
        raise ValueError(f"flicker needs three frames, not {len(frames)}")
    x = frames.astype(np.float32)
    return float(np.abs(x[2:] - 2 * x[1:-1] + x[:-2]).mean())


def relative_flicker(frames: np.ndarray, reference: np.ndarray) -> float:
    """`flicker` as a multiple of the reference's.

    For super-resolution, the reference is the same film enlarged by bicubic interpolation, which carries the film's own
    motion and noise and invents nothing. Sharper edges that move also raise it, so 1 is not the goal of a sharp film:
    it compares upscalers with each other.

    Args:
        frames, reference: uint8 (T, H, W, 3), of the same size.

    Returns:
        1 is as much as the reference; infinite where only the reference stands still.

    Raises:
        ValueError: the sizes differ, or fewer than three frames.

    >>> film = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    >>> relative_flicker(film, film)
    1.0
    """
    if frames.shape != reference.shape:
        raise ValueError(f"the films differ in size: {frames.shape} and {reference.shape}")
    own, base = flicker(frames), flicker(reference)
    return own / base if base else (float("inf") if own else 1.0)
