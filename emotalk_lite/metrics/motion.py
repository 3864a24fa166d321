"""Does the mouth move with the sound, and where do two videos differ? Numbers that need no real clip to compare with."""

from __future__ import annotations

import numpy as np

from ..data.align import TEMPLATE
from ..presets import IMAGE_SIZE, SAMPLES_PER_FRAME

MOUTH = (TEMPLATE[3:].mean(axis=0) * IMAGE_SIZE).astype(np.float64)  # x, y in pixels: where alignment puts the mouth
FEWEST_TOGETHER = 13  # frames that a correlation is over at any lag: of a clip of 17, the shortest that is evaluated, shifted by 4
MOUTH_STRIP = (56, 77, 73, 106)  # x1, y1, x2, y2 in pixels: a strip down the middle of the mouth, from upper lip to chin

# x1, y1, x2, y2 in pixels of an aligned 128 x 128 face, around where alignment puts the eyes and the mouth
REGIONS = {"brows": (30, 29, 98, 46), "eyes": (30, 46, 98, 60), "mouth": (42, 77, 86, 106)}


def speech_envelope(speech: np.ndarray) -> np.ndarray:
    """How loud each video frame is: the root mean square of its 320 samples.

    Args:
        speech: float (320 T,) at 8 kHz, see `speech_input`.

    Returns:
        (T,), >= 0.

    >>> speech_envelope(np.tile([0.5, -0.5], 160))
    array([0.5])
    """
    return np.sqrt((speech.reshape(-1, SAMPLES_PER_FRAME) ** 2).mean(axis=1))


def mouth_opening(frames: np.ndarray) -> np.ndarray:
    """How dark the darkest four rows between the lips are: an open mouth is a dark gap, wherever it is.

    Args:
        frames: uint8 (T, 128, 128, 3), aligned.

    Returns:
        (T,) in [0, 255]; larger is more open. Only its changes mean something, not its level.

    >>> mouth_opening(np.full((2, 128, 128, 3), 100, np.uint8))
    array([155., 155.])
    """
    x1, y1, x2, y2 = MOUTH_STRIP
    rows = frames[:, y1:y2, x1:x2].mean(axis=(2, 3))  # (T, y2 - y1)
    return 255 - np.sort(rows, axis=1)[:, :4].mean(axis=1)


def lagged_correlation(a: np.ndarray, b: np.ndarray, most: int = 4) -> tuple[float, int]:
    """The best Pearson correlation of two curves when one may come a little later than the other.

    Args:
        a: (T,).
        b: (T,).
        most: largest lag in frames; 4 frames are 160 ms. Less in a video so short that fewer than 13 frames would be
            left: the best of several correlations of few frames is high in pure noise.

    Returns:
        The correlation in [-1, 1] (0 where a curve is flat) and its lag: `a` follows `b` by so many frames; of equal ones the smallest.

    >>> bump = np.exp(-((np.arange(30) - 12) ** 2) / 8)
    >>> r, lag = lagged_correlation(np.roll(bump, 2), bump)
    >>> round(r, 3), lag
    (1.0, 2)
    """

    def correlation(lag: int) -> float:
        x, y = a[max(lag, 0) : len(a) + min(lag, 0)], b[max(-lag, 0) : len(b) - max(lag, 0)]
        x, y = x - x.mean(), y - y.mean()
        scale = np.sqrt((x**2).sum() * (y**2).sum())
        return float((x * y).sum() / scale) if scale > 1e-9 else 0.0

    most = max(0, min(most, len(a) - FEWEST_TOGETHER))
    return max(((correlation(lag), lag) for lag in range(-most, most + 1)), key=lambda found: (found[0], -abs(found[1])))


def difference_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mean absolute difference of two videos at each pixel, over time and colours.

    Args:
        a: uint8 (T, H, W, 3).
        b: the same shape.

    Returns:
        (H, W) in [0, 255].

    >>> difference_map(np.zeros((2, 4, 4, 3), np.uint8), np.full((2, 4, 4, 3), 7, np.uint8))[0, 0]
    np.float64(7.0)
    """
    return np.abs(a.astype(np.int16) - b).mean(axis=(0, 3))


def region_means(picture: np.ndarray) -> dict[str, float]:
    """The mean of a map over brows, eyes, mouth, and everywhere else.

    Args:
        picture: (128, 128), such as a `difference_map`.

    >>> region_means(np.ones((128, 128)))
    {'brows': 1.0, 'eyes': 1.0, 'mouth': 1.0, 'elsewhere': 1.0}
    """
    rest = np.ones(picture.shape, bool)
    means = {}
    for name, (x1, y1, x2, y2) in REGIONS.items():
        means[name] = float(picture[y1:y2, x1:x2].mean())
        rest[y1:y2, x1:x2] = False
    return {**means, "elsewhere": float(picture[rest].mean())}
