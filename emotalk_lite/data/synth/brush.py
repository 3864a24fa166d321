"""Layers of colour with transparency."""

import numpy as np


def over(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Lay `high` over `low`; both float (..., 4), RGB and alpha in [0, 1], not premultiplied.

    >>> over(np.array([1.0, 0, 0, 1]), np.array([0, 0, 1.0, 0.25]))
    array([0.75, 0.  , 0.25, 1.  ])
    """
    a, b = high[..., 3:], low[..., 3:]
    alpha = a + b * (1 - a)
    colour = (high[..., :3] * a + low[..., :3] * b * (1 - a)) / np.maximum(alpha, 1e-6)
    return np.concatenate([colour, alpha], -1)


def layer(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(..., 3) colours, or one colour for all, and (...) alpha to one (..., 4) layer.

    >>> layer(np.zeros(3), np.ones((2, 2))).shape
    (2, 2, 4)
    """
    return np.concatenate([np.broadcast_to(colour, (*alpha.shape, 3)), alpha[..., None]], -1)
