"""Many small pictures on one sheet."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from .figures import BACKGROUND


def mosaic(images: Tensor, columns: int = 10, tile: int = 56, gap: int = 4, smooth: bool = False) -> Image.Image:
    """Pictures in rows, as a network holds them.

    Args:
        images: (N, C, H, W) in [-1, 1], of three colours or one, which makes a grey sheet.
        columns: pictures in a row.
        tile: pixels, width and height of a picture on the sheet.
        gap: pixels between pictures.
        smooth: interpolate, instead of showing the pixels as squares.

    >>> mosaic(torch.zeros(7, 1, 8, 8), columns=5, tile=16, gap=2).size
    (92, 38)
    """
    rows = -(-len(images) // columns)
    size = columns * (tile + gap) + gap, rows * (tile + gap) + gap
    sheet = Image.new("RGB", size, BACKGROUND).convert("L" if images.shape[1] == 1 else "RGB")
    pixels = (127.5 * (images.detach().clamp(-1, 1) + 1)).round().to(torch.uint8)
    way = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    for k, picture in enumerate(pixels.permute(0, 2, 3, 1).squeeze(-1).numpy()):
        place = gap + k % columns * (tile + gap), gap + k // columns * (tile + gap)
        sheet.paste(Image.fromarray(picture).resize((tile, tile), way), place)
    return sheet
