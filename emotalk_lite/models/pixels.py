"""Where pixels are, and how they move: for the output `warp`."""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional as F

CENTRE = 0.55  # of the height: between the eyes, which are moved to their places, and the mouth, which has another


def shifted(maps: Tensor, shift: Tensor) -> Tensor:
    """Move what belongs to the eyes and what belongs to the mouth to where they are in a face; smoothly in between.

    Args:
        maps: (B*T, n, h, w).
        shift: (B, 2, 2), x and y of the eyes, then of the mouth, as shares of the width.

    Returns:
        (B*T, n, h, w), bilinear, the border held.

    >>> maps = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4)
    >>> shifted(maps, torch.tensor([[[0.25, 0.0], [0.25, 0.0]]]))[0, 0, 0].tolist()
    [0.0, 0.0, 1.0, 2.0]
    """
    here = pixel_grid(maps)
    lower = torch.sigmoid(12 * (here[..., 1:] + 1 - 2 * CENTRE))  # (h, w, 1): 0 at the eyes, 1 at the mouth
    eyes, mouth = rearrange(shift, "b part xy -> part b 1 1 xy")
    grid = here - 2 * torch.lerp(eyes, mouth, lower)  # (B, h, w, 2)
    grid = repeat(grid, "b h w xy -> (b t) h w xy", t=len(maps) // len(shift))
    return F.grid_sample(maps, grid, mode="bilinear", padding_mode="border", align_corners=False)


def backward_warp(images: Tensor, motion: Tensor) -> Tensor:
    """Backward warping: each pixel shows what lies `motion` away from it in the picture; bicubic, the border held.

    Bilinear would halve the sharpness of everything that moves by half a pixel, and a face always does. Bicubic can
    overshoot at an edge, hence the clamp.

    Args:
        images: (N, C, H, W) in [-1, 1].
        motion: (N, 2, H, W), x and y, as shares of the width and the height.

    Returns:
        (N, C, H, W) in [-1, 1].

    >>> row = torch.tensor([-1.0, -0.5, 0.5, 1.0]).view(1, 1, 1, 4)
    >>> backward_warp(row, torch.tensor([0.25, 0.0]).view(1, 2, 1, 1).expand(1, 2, 1, 4)).flatten().tolist()
    [-0.5, 0.5, 1.0, 1.0]
    """
    grid = pixel_grid(images) + 2 * rearrange(motion, "n c h w -> n h w c")
    return F.grid_sample(images, grid, mode="bicubic", padding_mode="border", align_corners=False).clamp(-1, 1)


def around(centre: Tensor, reach: float, images: Tensor) -> Tensor:
    """A round window with a soft edge: 1 at the centre, 1/e `reach` away from it, nothing at one and a half times that.

    Args:
        centre: (B, 2), x and y as shares of the width.
        reach: as a share of the width.
        images: (B, C, H, W), whose size the window has.

    Returns:
        (B, H, W) in [0, 1].

    >>> [round(weight, 2) for weight in around(torch.tensor([[0.1, 0.5]]), 0.4, torch.zeros(1, 3, 1, 5))[0, 0].tolist()]
    [1.0, 0.94, 0.37, 0.01, 0.0]
    """
    away = pixel_grid(images) - rearrange(2 * centre - 1, "b xy -> b 1 1 xy")
    return torch.exp(-((away / (2 * reach)).square().sum(dim=-1) ** 2))


def pixel_grid(images: Tensor) -> Tensor:
    """Where the pixels of (..., H, W) are: (H, W, 2), x and y in `grid_sample`'s [-1, 1].

    >>> pixel_grid(torch.zeros(1, 2))[..., 0].tolist()
    [[-0.5, 0.5]]
    """
    y, x = ((2 * torch.arange(n, device=images.device, dtype=images.dtype) + 1) / n - 1 for n in images.shape[-2:])
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
