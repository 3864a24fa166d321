"""The teeth that a picture shows, for the output `warp`: they belong to the skull, so they stay where they are when the jaw goes down.

Not in the paper. Whoever smiles for a photograph shows teeth, and a motion that lowers the lip pulls them long with it. They are found
by their colour alone: a bright band without red between two red lips.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

TEETH_HALF_WIDTH, TEETH_HALF_HEIGHT = 0.17, 0.06  # of the width: the ellipse in which they are looked for
BELOW = 0.035  # of the width: how far below the middle of a mouth's corners its centre is, for a smile lifts the corners
LOWEST = 0.04, 0.055  # of the width: bands whose middle is this far below it are teeth; are the skin between a lip and a beard
BAND = 0.1  # of the height: the highest band between two lips
LIGHTER, PALER = 0.1, 0.08  # than both lips: by this much in the darkest channel, and in the share of red that is not green
SHADE = 0.42  # of the face's light: what is darker is the open mouth, and teeth below it are those of the jaw, which move
THICK = 0.02  # of the height: a dark line that is thinner is the shadow of the upper lip, unless there are teeth above it
GAP = 0.07  # of the width: black or red between two teeth, or between a lip and the teeth of the jaw
WHITE = 0.19, 0.23  # the red that is missing, against the lips and against the skin together: a light on a lip; teeth
SPREAD = 0.05  # of the height: how far from their middle teeth are
LEAST_TEETH = 0.002  # of the picture's pixels: with less, it may as well be a light on a lip; with twice as much, nothing else
DARK = 0.3, 0.22, 0.22  # of the face's mean red, green and blue: what is behind the teeth


class Teeth(NamedTuple):
    """The upper teeth of B pictures."""

    mask: Tensor  # (B, 1, H, W) in [0, 1]
    shown: Tensor  # (B,) in [0, 1], whether there are enough of them to be sure
    row: Tensor  # (B,) their middle, as a share of the height


def odd_size(share: float, size: int) -> int:
    """The odd number of pixels that is next to a share of the size.

    >>> odd_size(0.1, 128), odd_size(0.02, 128)
    (13, 3)
    """
    return 2 * round((share * size - 1) / 2) + 1


def dilate(maps: Tensor, height: int, width: int) -> Tensor:
    """Dilation: the most in a window of odd height and width around each pixel of (B, 1, H, W)."""
    return F.max_pool2d(maps, (height, width), stride=1, padding=(height // 2, width // 2))


def closing(maps: Tensor, height: int, width: int) -> Tensor:
    """Morphological closing: holes that are smaller than the window are filled.

    >>> closing(torch.tensor([1.0, 0.0, 1.0, 0.0, 0.0, 0.0]).view(1, 1, 1, 6), 1, 3).flatten().tolist()
    [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    return -dilate(-dilate(maps, height, width), height, width)


def smooth(maps: Tensor, times: int) -> Tensor:
    """The mean of 3 x 3 pixels, several times over."""
    for _ in range(times):
        maps = F.avg_pool2d(maps, 3, stride=1, padding=1)
    return maps


def linear_ramp(x: Tensor, least: float, most: float) -> Tensor:
    """From 0 at `least` to 1 at `most`, and no further.

    >>> linear_ramp(torch.tensor([0.0, 3.0, 9.0]), 2.0, 4.0).tolist()
    [0.0, 0.5, 1.0]
    """
    return ((x - least) / (most - least)).clamp(0, 1)


def with_edge(mask: Tensor) -> Tensor:
    """A mask of teeth and the pixels next to them, which are half tooth, half lip."""
    return smooth(dilate(mask, 3, 3), 1)


def max_of_rows_above(maps: Tensor, height: int) -> Tensor:
    """The most in the rows above each pixel and in its own, `height` rows in all, of (B, 1, H, W).

    >>> max_of_rows_above(torch.tensor([0.0, 1.0, 0.0, 0.0]).view(1, 1, 4, 1), 2).flatten().tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    return F.max_pool2d(F.pad(maps, (0, 0, height - 1, 0)), (height, 1), stride=1)


def redness(colours: Tensor) -> Tensor:
    """The share of the red that is not green: (B, 3, H, W) in [0, 1] to (B, 1, H, W)."""
    return (colours[:, :1] - colours[:, 1:2]) / (colours[:, :1] + 0.05)


@torch.no_grad()
def find_teeth(image: Tensor, mouth: Tensor, face_colour: Tensor) -> Teeth:
    """The upper teeth of a picture, if it shows any.

    Args:
        image: (B, 3, H, W) in [-1, 1], aligned.
        mouth: (B, 2), x and y of the middle between its corners, as shares of the width.
        face_colour: (B, 3), the mean colour of the face in [0, 1].

    Returns:
        `Teeth`; of a picture in grey none, for it has no red lips.

    Source: closing and opening, their differences from the picture (top hats): Serra 1982.

    >>> find_teeth(torch.zeros(1, 3, 32, 32), torch.full((1, 2), 0.5), torch.full((1, 3), 0.5)).shown.tolist()
    [0.0]
    """
    colours, size = 0.5 * image + 0.5, image.shape[-1]
    band, gap, thick = odd_size(BAND, size), odd_size(GAP, size), odd_size(THICK, size)
    white, red = colours.amin(dim=1, keepdim=True), redness(colours)
    lighter = white + closing(-white, band, 1)
    paler = closing(red, band, 1) - red

    y, x = ((torch.arange(n, device=image.device) + 0.5) / size for n in image.shape[-2:])
    across, down = (x - mouth[:, :1]) / TEETH_HALF_WIDTH, (y - mouth[:, 1:] - BELOW) / TEETH_HALF_HEIGHT
    near = torch.exp(-((across[:, None, None, :] ** 2 + down[:, None, :, None] ** 2) ** 2))
    mask = torch.sigmoid((lighter - LIGHTER) / 0.02) * torch.sigmoid((paler - PALER) / 0.02) * near

    light = face_colour.mean(dim=1).clamp(min=1e-3).view(-1, 1, 1, 1)
    dark = torch.sigmoid((SHADE - colours.mean(dim=1, keepdim=True) / light) / 0.03)
    open_mouth = dark * torch.maximum(max_of_rows_above(mask, gap), -dilate(-dark, thick, 1))
    mask = mask * (1 - max_of_rows_above(open_mouth, gap))
    mask = linear_ramp(closing(closing(mask, 3, 3), 1, gap), 0.3, 0.7)

    row = (mask.sum(dim=(1, 3)) * y).sum(dim=1) / mask.sum(dim=(1, 2, 3)).clamp(min=1e-6)
    mask = mask * torch.exp(-(((y - row[:, None]) / SPREAD) ** 4))[:, None, :, None]
    mask = smooth(linear_ramp(smooth(mask, 2), 0.3, 0.7), 1)
    sure = (mask > 0.7).to(mask)
    missing = paler + redness(face_colour[..., None, None]) - red
    missing = (missing * sure).sum(dim=(1, 2, 3)) / sure.sum(dim=(1, 2, 3)).clamp(min=1)
    enough, too_low = linear_ramp(mask.mean(dim=(1, 2, 3)), LEAST_TEETH, 2 * LEAST_TEETH), linear_ramp(row - mouth[:, 1], *LOWEST)
    shown = enough * (1 - too_low) * linear_ramp(missing, *WHITE)
    return Teeth(mask * shown.view(-1, 1, 1, 1), shown, row)


def hold_teeth(moved: Tensor, pictures: Tensor, held: Tensor, pulled: Tensor, row: Tensor, face_colour: Tensor) -> Tensor:
    """Put the teeth back where they were, and the dark of the mouth below them.

    Between lips that were moved lies what lay between them in the picture, teeth that are pulled long. There, the picture's own
    teeth are shown where they are, nothing of the moved ones below them, and the moved ones above.

    Args:
        moved: (N, 3, H, W) in [-1, 1], the pictures with their pixels moved.
        pictures: (N, 3, H, W) in [-1, 1].
        held: (N, 1, H, W) in [0, 1], the pictures' teeth.
        pulled: (N, 1, H, W) in [0, 1], their mask with its edge, moved as the pictures were.
        row: (N,) the teeth's middle, as a share of the height.
        face_colour: (N, 3), the mean colour of the face in [0, 1].

    Returns:
        (N, 3, H, W) in [-1, 1].
    """
    height = moved.shape[-2]
    y = torch.arange(height, device=moved.device) + 0.5
    below = torch.sigmoid(y - height * row[:, None])[:, None, :, None]
    dark = 2 * face_colour[..., None, None] * torch.tensor(DARK, device=moved.device).view(3, 1, 1) - 1
    teeth = torch.lerp(torch.lerp(moved, dark, below), pictures, held)
    return torch.lerp(moved, teeth, pulled)
