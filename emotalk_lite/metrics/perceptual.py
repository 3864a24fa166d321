"""How different two pictures look to a network: LPIPS's formula, with a network that is at hand."""

from __future__ import annotations

import torch
from torch import Tensor

from ..models.features import ImageFeatures

TINY = 1e-8  # added to squared lengths, so that a vector of zeros can be divided by its own


def lpips_like(a: Tensor, b: Tensor, features: ImageFeatures) -> Tensor:
    """Squared distance between feature vectors of unit length, averaged over the places of a map and added up over maps.

    LPIPS does this with AlexNet's, VGG16's or SqueezeNet's maps, and weights every channel as people's judgements ask for.
    With EfficientNet-Lite0's maps and equal weights it is another number: compare its values with each other alone.

    Args:
        a: (B, 3, H, W) RGB in [0, 1].
        b: the same shape.
        features: of `load_features`.

    Returns:
        A scalar, the mean over the batch; 0 for equals, at most 4 times the number of maps.

    Source: Zhang et al. 2018, "The unreasonable effectiveness of deep features as a perceptual metric", equation 1.

    >>> from ..models.features import load_features
    >>> lite0, grey = load_features("efficientnet_lite0"), torch.full((1, 3, 64, 64), 0.5)
    >>> lpips_like(grey, grey, lite0).item(), 0 < lpips_like(grey, grey * 1.2, lite0).item() < 4 * 4
    (0.0, True)
    """
    pairs = zip(features(2 * a - 1), features(2 * b - 1))
    return torch.stack([(_unit_length(x) - _unit_length(y)).square().sum(dim=1).mean() for x, y in pairs]).sum()


def _unit_length(maps: Tensor) -> Tensor:
    """(B, C, H, W), the C numbers of each place divided by their length."""
    return maps / (maps.square().sum(dim=1, keepdim=True) + TINY).sqrt()
