"""Where the lips of a picture meet, for the output `warp`: what opens a mouth has to open it there, and up to the upper lip.

Not in the paper. Landmarks of the corners say it to a few pixels; three pixels too low, and the inside of the mouth lies below the lip.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional as F

LINE_HALF_WIDTH = 0.07  # of the width: of the columns around the middle that are looked at
LIP = 0.04  # of the height: within this, there is something lighter above the line and below it
ABOVE = 0.008  # of the height: how far above MTCNN's corners it is, most of the time
FAR = 0.03  # of the height: from there, it is something else, a nostril or the shadow below the lip
CLEAR = 0.06, 0.12  # of the mean brightness: how much darker the line has to be
SIDES = 0.1  # of the width: how far from the middle of the mouth its bend is looked for
NEAR_ROW = 0.04  # of the height: how far from the middle's row that can be
LEAST_BEND, MOST_BEND = -0.5, 1.5  # of a line; at 1.5, a place 0.1 aside is 0.015 above the middle, two pixels of 128
STIFF = 2e-5  # against a bend that few columns ask for
WIDE_OPEN = 0.01, 0.03  # of the height: how much of a column is open where it begins to reach up, and where it reaches all the way


class LipLine(NamedTuple):
    """The lines of B pictures."""

    row: Tensor  # (B,) where it is in the middle, as a share of the height
    sure: Tensor  # (B,) in [0, 1]
    bend: Tensor  # (B,) the line at x is bend (x - middle)^2 above its row, x as a share of the width; a smile is above 0


@torch.no_grad()
def find_lip_line(image: Tensor, mouth: Tensor) -> LipLine:
    """The line in which lips meet: the dark valley between two light sides, near the corners of the mouth.

    Args:
        image: (B, 3, H, W) in [-1, 1], aligned.
        mouth: (B, 2), x and y of the middle between its corners, as shares of the width.

    Returns:
        `LipLine`; where nothing dark is near, it is not sure, and straight.

    >>> image = torch.zeros(1, 3, 64, 64)
    >>> image[..., 44, :] = -1
    >>> row, sure, bend = find_lip_line(image, torch.tensor([[0.5, 0.7]]))
    >>> round(row.item() * 64, 1), sure.item(), bend.abs().item() < 1e-3
    (44.5, 1.0, True)
    """
    grey, height = 0.5 * image.mean(dim=1) + 0.5, image.shape[-2]
    y, x = ((torch.arange(n, device=image.device) + 0.5) / n for n in image.shape[-2:])
    aside = x - mouth[:, :1]  # (B, W)
    columns = torch.exp(-((aside / LINE_HALF_WIDTH) ** 4))
    profile = (grey * columns[:, None]).sum(dim=2) / columns.sum(dim=1, keepdim=True)  # (B, H)
    profile = (profile + F.avg_pool1d(profile, 3, stride=1, padding=1)) / 2
    row, depth = deepest(profile, torch.exp(-(((y - mouth[:, 1:] + ABOVE) / FAR) ** 2)))

    each = rearrange(F.avg_pool1d(grey, 5, stride=1, padding=2), "b h w -> (b w) h")  # a profile of each column and its neighbours
    window = repeat(torch.exp(-(((y - row[:, None]) / NEAR_ROW) ** 2)), "b h -> (b w) h", w=len(x))
    rows, depths = (rearrange(found, "(b w) -> b w", w=len(x)) for found in deepest(each, window))
    trusted = clear(depths) * (aside.abs() < SIDES)
    mean = lambda of: (trusted * of).sum(dim=1, keepdim=True) / trusted.sum(dim=1, keepdim=True).clamp(min=1e-6)
    from_mean = aside**2 - mean(aside**2)
    bend = -(trusted * from_mean * (rows - mean(rows))).sum(dim=1) / ((trusted * from_mean**2).sum(dim=1) + STIFF)  # least squares
    return LipLine(row, clear(depth), bend.clamp(LEAST_BEND, MOST_BEND))


def deepest(profiles: Tensor, window: Tensor) -> tuple[Tensor, Tensor]:
    """Where brightness, from top to bottom, has its deepest valley between two lighter places, to a part of a row.

    Args:
        profiles: (N, H) in [0, 1].
        window: (N, H) in [0, 1], how likely it is in each row.

    Returns:
        row (N,) as a share of H; how deep (N,), as a share of the profile's mean.

    >>> row, depth = deepest(torch.tensor([[1.0, 1.0, 0.2, 1.0, 0.8]]), torch.ones(1, 5))
    >>> round(row.item(), 2), round(depth.item(), 2)
    (0.5, 1.0)
    """
    height = profiles.shape[1]
    reach = max(1, round(LIP * height))
    above = F.max_pool1d(F.pad(profiles, (reach, 0)), reach, stride=1)[:, :height]
    below = F.max_pool1d(F.pad(profiles, (0, reach)), reach, stride=1)[:, 1:]
    valley = (torch.minimum(above, below) - profiles).clamp(min=0) / profiles.mean(dim=1, keepdim=True).clamp(min=1e-3)
    valley, weights = valley * window, (valley * window) ** 6  # the deepest, and with it a little of its neighbours
    rows = (torch.arange(height, device=profiles.device) + 0.5) / height
    return (weights * rows).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-12), valley.amax(dim=1)


def clear(depth: Tensor) -> Tensor:
    """Whether a valley of this depth is a line between lips, in [0, 1].

    >>> [round(x, 2) for x in clear(torch.tensor([0.0, 0.09, 0.5])).tolist()]
    [0.0, 0.5, 1.0]
    """
    least, most = CLEAR
    return ((depth - least) / (most - least)).clamp(0, 1)


def lower_side(image: Tensor, mouth: Tensor, line: LipLine) -> Tensor:
    """What lies below the line in pictures (B, 3, H, W): (B, 1, H, W) in [0, 1], 1 from a pixel below it.

    >>> line = LipLine(torch.tensor([0.5]), torch.ones(1), torch.zeros(1))
    >>> lower_side(torch.zeros(1, 3, 4, 1), torch.tensor([[0.5, 0.5]]), line).flatten().tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    y, x = ((torch.arange(n, device=image.device) + 0.5) / n for n in image.shape[-2:])
    rows = line.row[:, None] - line.bend[:, None] * (x - mouth[:, :1]) ** 2  # (B, W)
    return ((y[:, None] - rows[:, None]) * len(y)).clamp(0, 1)[:, None]


def reach_up(opening: Tensor, lower: Tensor) -> Tensor:
    """An opening that begins at the upper lip: what lies between that and the opening was the lower lip's, and is inside now.

    Args:
        opening: (N, 1, H, W) in [0, 1].
        lower: (N, 1, H, W) in [0, 1], where the picture's lower side is seen now, as far as it is sure.

    Returns:
        (N, 1, H, W) in [0, 1], nowhere less than the opening.

    >>> column = torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0]).view(1, 1, 5, 1)
    >>> reach_up(column, torch.tensor([0.0, 0.0, 1.0, 1.0, 1.0]).view(1, 1, 5, 1)).flatten().tolist()
    [0.0, 0.0, 1.0, 1.0, 0.0]
    """
    least, most = WIDE_OPEN
    reach = ((opening.mean(dim=2, keepdim=True) - least) / (most - least)).clamp(0, 1)  # less at the corners, which stay round
    under = opening.flip(2).cummax(dim=2).values.flip(2)  # the most that is open under each pixel
    return torch.maximum(opening, reach * under * lower)
