"""Flicker: change from frame to frame that is not the motion of what is seen."""

import numpy as np
from scipy.ndimage import uniform_filter

STILL = 1.0  # grey levels from one frame to the next, mean of 3 x 3 pixels: less is noise, rounding or compression


def flicker(frames: np.ndarray, where: np.ndarray | None = None) -> float:
    """Mean absolute second difference in time, in grey levels.

    The second difference is zero for brightness that changes evenly, so slow motion counts little and detail that is
    invented anew in every frame counts in full. What moves counts by how sharp it is: where an edge passes, a sharp
    film changes faster than a soft one. To compare the films of two upscalers, look where the small film stands still.

    Args:
        frames: uint8 (T, H, W, 3), T >= 3.
        where: bool (T - 2, H, W), of `still`: the pixels to look at, around each frame but the first and the last.
            None: all.

    Raises:
        ValueError: fewer than three frames, or `where` of another size or empty.

    >>> film = np.full((3, 2, 2, 3), 9, np.uint8)
    >>> flicker(film)
    0.0
    >>> flashing = film.copy(); flashing[1] += 5
    >>> flicker(flashing)
    10.0
    """
    if len(frames) < 3:
        raise ValueError(f"flicker needs three frames, not {len(frames)}")
    x = frames.astype(np.float32)
    change = np.abs(x[2:] - 2 * x[1:-1] + x[:-2])
    if where is None:
        return float(change.mean())
    if where.shape != change.shape[:3]:
        raise ValueError(f"the pixels to look at are {where.shape}, and must be {change.shape[:3]}")
    if not where.any():
        raise ValueError("nothing stands still in this film")
    return float(change[where].mean())


def still(frames: np.ndarray, scale: int = 1) -> np.ndarray:
    """Where a film stands still: its change to the frame before and to the one after is below `STILL`, in their mean.

    Args:
        frames: uint8 (T, H, W, 3), T >= 3.
        scale: every answer is repeated as often in each direction, for the same film enlarged.

    Returns:
        bool (T - 2, scale * H, scale * W), for each frame but the first and the last.

    >>> film = np.zeros((3, 8, 8, 3), np.uint8); film[1, :, 4:] = 20
    >>> still(film)[0, 0]
    array([ True,  True,  True, False, False, False, False, False])
    """
    step = np.abs(np.diff(frames.astype(np.float32), axis=0)).mean(-1)
    change = uniform_filter((step[1:] + step[:-1]) / 2, size=(0, 3, 3), mode="nearest")
    return (change < STILL).repeat(scale, 1).repeat(scale, 2)
