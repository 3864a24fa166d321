"""Image encoder with squeeze and excitation: one face becomes an embedding and five skip maps (paper, "Image Encoder")."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from ..presets import ModelConfig
from .layers import SLOPE


class SqueezeExcitation(nn.Module):
    """Channel attention: weigh every channel by a gate in (0, 1) that is computed from all channels' means.

    Input and output (B, C, H, W). `gates` gives the (B, C) factors themselves.

    Source: paper, "Image Encoder"; Hu et al. 2018.

    >>> block = SqueezeExcitation(32, ratio=16)
    >>> x = torch.ones(2, 32, 8, 8)
    >>> block(x).shape, block.gates(x).shape
    (torch.Size([2, 32, 8, 8]), torch.Size([2, 32]))
    """

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        hidden = max(1, channels // ratio)
        self.excite = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels), nn.Sigmoid())

    def gates(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the factors of the channels, (B, C) in (0, 1)."""
        return self.excite(x.mean(dim=(2, 3)))

    def forward(self, x: Tensor) -> Tensor:
        return x * rearrange(self.gates(x), "b c -> b c 1 1")


class ImageBlock(nn.Module):
    """Reflection pad, 3x3 convolution with stride 2, leaky ReLU, squeeze and excitation, dropout.

    (B, C_in, H, W) to (B, C_out, H/2, W/2).

    >>> ImageBlock(3, 8, se_ratio=4, dropout=0.0)(torch.zeros(1, 3, 16, 16)).shape
    torch.Size([1, 8, 8, 8])
    """

    def __init__(self, channels: int, filters: int, se_ratio: int | None, dropout: float) -> None:
        super().__init__()
        self.pad = nn.ReflectionPad2d(1)
        self.conv = nn.Conv2d(channels, filters, 3, stride=2)
        self.attention = SqueezeExcitation(filters, se_ratio) if se_ratio else nn.Identity()
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.attention(F.leaky_relu(self.conv(self.pad(x)), SLOPE)))


class ImageEncoder(nn.Module):
    """Five blocks that halve the image, then a 4x4 convolution that leaves one vector.

    After each block the RGB image, shrunk to the same size, is joined to the maps (reference; the paper does not
    mention it): the decoder's skips carry the picture itself.

    Input (B, 3, H, H) in [-1, 1]. Output: the embedding (B, image_dim) and the skips, largest first:
    at the paper's size (B, 67, 64, 64), (B, 131, 32, 32), (B, 259, 16, 16), (B, 515, 8, 8), (B, 515, 4, 4).

    Source: paper, "Image Encoder"; skips of the reference.

    >>> config = ModelConfig(image_size=32, filters=(4, 8, 8), image_dim=16)
    >>> embedding, skips = ImageEncoder(config)(torch.zeros(2, 3, 32, 32))
    >>> embedding.shape, [tuple(s.shape[1:]) for s in skips]
    (torch.Size([2, 16]), [(7, 16, 16), (11, 8, 8), (11, 4, 4)])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        channels = 3
        for i, filters in enumerate(config.filters):
            last = i == len(config.filters) - 1
            attended = config.squeeze_excitation == "all" or (config.squeeze_excitation == "last" and last)
            self.blocks.append(ImageBlock(channels, filters, config.se_ratio if attended else None, config.dropout))
            channels = filters + 3
        self.project = nn.Conv2d(channels, config.image_dim, 4)

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        h = small = image
        skips = []
        for block in self.blocks:
            small = F.interpolate(small, scale_factor=0.5, mode="nearest")
            h = torch.cat([block(h), small], dim=1)  # (B, filters + 3, H/2, W/2)
            skips.append(h)
        embedding = F.leaky_relu(self.project(h), SLOPE)
        return rearrange(embedding, "b c 1 1 -> b c"), skips
