"""The critic of BSRGAN: it judges a picture patch by patch."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from .layers import SLOPE


class PatchCritic(nn.Module):
    """RGB (B, 3, H, W) in [0, 1] to logits (B, 1, H', W'): is this patch of a photograph, or drawn?

    Three convolutions of stride 2 and two of stride 1, kernel 4: each logit sees 70 x 70 pixels. Spectral norms keep it from
    winning too fast.

    Args:
        channels: after the first convolution; twice and four times as many after the next, then eight times.

    Source: Isola et al. 2017 (PatchGAN); Miyato et al. 2018 (spectral norm).

    >>> import torch
    >>> PatchCritic(channels=4)(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 1, 6, 6])
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        widths, layers = [3, channels, 2 * channels, 4 * channels, 8 * channels], []
        for before, after, stride in zip(widths, widths[1:], (2, 2, 2, 1)):
            layers += [spectral_norm(nn.Conv2d(before, after, 4, stride, padding=1)), nn.LeakyReLU(SLOPE)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(2 * x - 1)
