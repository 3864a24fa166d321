"""How the decoder's last maps become frames: drawn from nothing (paper), or partly taken from the input picture (options)."""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional as F

CHANNELS = {"drawn": 3, "composite": 4, "warp": 3}  # maps of the last convolution: colours, and a mask for `composite`
FARTHEST = 0.125  # of the width: how far `warp` can move a pixel (16 pixels at 128; an open jaw moves about 10)


def to_frames(maps: Tensor, image: Tensor, moved: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Make frames of the last convolution's maps.

    * ``drawn``: tanh of three maps; every pixel is the network's own (paper).
    * ``composite``: a fourth map, through a sigmoid, is a mask: mask * drawn + (1 - mask) * input image. What does not
      move, hair or clothes, is copied and stays sharp.
    * ``warp``: `MotionBranch` says where in the input image each pixel comes from and where to draw instead: lips and brows
      of a face that was never seen are moved, and only what was hidden, such as teeth, is drawn.

    Args:
        maps: (B*T, C, H, W), C by `CHANNELS`.
        image: (B, 3, H, W) in [-1, 1], the condition image.
        moved: motion (B*T, 2, H, W) and mask (B*T, 1, H, W) of a `MotionBranch`, for ``warp``.

    Returns:
        (B*T, 3, H, W) in [-1, 1].

    Source: `composite` and `warp` are not in the paper and never part of its variants; after Pumarola et al. 2018
    (GANimation, attention mask) and Siarohin et al. 2019 (first order motion, backward warping).

    >>> image, nothing = torch.rand(2, 3, 8, 8), torch.full((6, 1, 8, 8), -99.0)
    >>> frames = to_frames(torch.zeros(6, 3, 8, 8), image, (torch.zeros(6, 2, 8, 8), nothing))
    >>> torch.allclose(frames[3], image[1], atol=1e-6)  # nothing drawn, nothing moved
    True
    """
    drawn = torch.tanh(maps[:, :3])
    if maps.shape[1] == 3 and moved is None:
        return drawn
    original = repeat(image, "b c h w -> (b t) c h w", t=len(maps) // len(image))
    if moved is None:
        mask = maps[:, 3:4]
    else:
        motion, mask = moved
        original = move_pixels(original, FARTHEST * torch.tanh(motion))
    return torch.lerp(original, drawn, torch.sigmoid(mask))


def move_pixels(images: Tensor, motion: Tensor) -> Tensor:
    """Backward warping: each pixel shows what lies `motion` away from it in the picture; bicubic, the border held.

    Bilinear would halve the sharpness of everything that moves by half a pixel, and a face always does. Bicubic can
    overshoot at an edge, hence the clamp.

    Args:
        images: (N, C, H, W) in [-1, 1].
        motion: (N, 2, H, W), x and y, as shares of the width and the height.

    Returns:
        (N, C, H, W) in [-1, 1].

    >>> row = torch.tensor([-1.0, -0.5, 0.5, 1.0]).view(1, 1, 1, 4)
    >>> move_pixels(row, torch.tensor([0.25, 0.0]).view(1, 2, 1, 1).expand(1, 2, 1, 4)).flatten().tolist()
    [-0.5, 0.5, 1.0, 1.0]
    """
    height, width = images.shape[-2:]
    y = (2 * torch.arange(height, device=images.device, dtype=images.dtype) + 1) / height - 1  # grid_sample's [-1, 1]
    x = (2 * torch.arange(width, device=images.device, dtype=images.dtype) + 1) / width - 1
    here = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)  # (H, W, 2)
    grid = here + 2 * rearrange(motion, "n c h w -> n h w c")
    return F.grid_sample(images, grid, mode="bicubic", padding_mode="border", align_corners=False).clamp(-1, 1)
