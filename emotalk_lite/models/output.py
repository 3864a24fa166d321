"""How the decoder's last maps become frames: drawn from nothing (paper), or drawn into the input picture (option)."""

from __future__ import annotations

import torch
from einops import repeat
from torch import Tensor

CHANNELS = {"drawn": 3, "composite": 4, "warp": 3}  # maps of the last convolution: colours, and a mask for `composite`


def to_frames(maps: Tensor, image: Tensor) -> Tensor:
    """Make frames of the last convolution's maps.

    * ``drawn``: tanh of three maps; every pixel is the network's own (paper). For ``warp``, they are one of several
      layers, see `Warp`.
    * ``composite``: a fourth map, through a sigmoid, is a mask: mask * drawn + (1 - mask) * input image. What does not
      move, hair or clothes, is copied and stays sharp.

    Args:
        maps: (B*T, C, H, W), C by `CHANNELS`.
        image: (B, 3, H, W) in [-1, 1], the condition image.

    Returns:
        (B*T, 3, H, W) in [-1, 1].

    Source: `composite` is not in the paper and never part of its variants; after Pumarola et al. 2018 (GANimation).

    >>> image, drawn, nothing = torch.rand(2, 3, 8, 8), torch.zeros(6, 3, 8, 8), torch.full((6, 1, 8, 8), -99.0)
    >>> torch.allclose(to_frames(torch.cat([drawn, nothing], dim=1), image)[3], image[1], atol=1e-6)  # nothing drawn
    True
    """
    drawn = torch.tanh(maps[:, :3])
    if maps.shape[1] == 3:
        return drawn
    original = repeat(image, "b c h w -> (b t) c h w", t=len(maps) // len(image))
    return torch.lerp(original, drawn, torch.sigmoid(maps[:, 3:]))
