"""Where the lips of a picture meet, for the output `warp`: what opens a mouth has to open it there.

Not in the paper. Landmarks of the corners say it to a few pixels; three pixels too low, and the inside of the mouth lies below the lip.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

HALF_WIDTH = 0.07  # of the width: of the columns around the middle that are looked at
LIP = 0.04  # of the height: within this, there is something lighter above the line and below it
ABOVE = 0.008  # of the height: how far above MTCNN's corners it is, most of the time
FAR = 0.03  # of the height: from there, it is something else, a nostril or the shadow below the lip
CLEAR = 0.06, 0.12  # of the mean brightness: how much darker the line has to be


class LipLine(NamedTuple):
    """The lines of B pictures."""

    row: Tensor  # (B,) as a share of the height
    sure: Tensor  # (B,) in [0, 1]


@torch.no_grad()
def find_lip_line(image: Tensor, mouth: Tensor) -> LipLine:
    """The row in which lips meet: the dark valley between two light ones, near the corners of the mouth.

    Args:
        image: (B, 3, H, W) in [-1, 1], aligned.
        mouth: (B, 2), x and y of the middle between its corners, as shares of the width.

    Returns:
        `LipLine`; where nothing dark is near, it is not sure.

    >>> image = torch.zeros(1, 3, 64, 64)
    >>> image[..., 44, :] = -1
    >>> row, sure = find_lip_line(image, torch.tensor([[0.5, 0.7]]))
    >>> round(row.item() * 64, 1), sure.item()
    (44.5, 1.0)
    """
    grey, height = 0.5 * image.mean(dim=1) + 0.5, image.shape[-2]
    y, x = ((torch.arange(n, device=image.device) + 0.5) / n for n in image.shape[-2:])
    columns = torch.exp(-(((x - mouth[:, :1]) / HALF_WIDTH) ** 4))
    profile = (grey * columns[:, None]).sum(dim=2) / columns.sum(dim=1, keepdim=True)
    profile = (profile + F.avg_pool1d(profile, 3, stride=1, padding=1)) / 2

    reach = max(1, round(LIP * height))
    above = F.max_pool1d(F.pad(profile, (reach, 0)), reach, stride=1)[:, :height]
    below = F.max_pool1d(F.pad(profile, (0, reach)), reach, stride=1)[:, 1:]
    valley = (torch.minimum(above, below) - profile).clamp(min=0) / profile.mean(dim=1, keepdim=True).clamp(min=1e-3)
    valley = valley * torch.exp(-(((y - mouth[:, 1:] + ABOVE) / FAR) ** 2))
    weights = valley**6  # the deepest, to a part of a row
    row = (weights * y).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-12)
    least, most = CLEAR
    return LipLine(row, ((valley.amax(dim=1) - least) / (most - least)).clamp(0, 1))
