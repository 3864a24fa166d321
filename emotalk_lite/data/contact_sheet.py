"""A picture of a prepared dataset to look at: every clip a row, its frames over time, its landmarks drawn on."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..presets import FPS
from .clips import PreparedClip

TILE = 160  # pixels, width and height of a frame on the sheet
GAP, MARGIN, LABEL = 6, 28, 150  # pixels
BACKGROUND, INK, FAINT = "#14161a", "#f2f2f0", "#8d939c"
LEFT, RIGHT, NOSE = "#4cc9f0", "#f9c74f", "#ff5d8f"  # the points on the left of the picture, on the right, the nose


def contact_sheet(clips: Sequence[PreparedClip], columns: int = 8, points: str = "MTCNN's five points") -> Image.Image:
    """Draw prepared clips, one a row, ``columns`` frames evenly spread over each; ``points`` says below what the dots are.

    Returns:
        An RGB picture, about 1,500 x 1,100 pixels for six clips.

    >>> from .clips import blank_clip
    >>> contact_sheet([blank_clip()], columns=2).size
    (538, 270)
    """
    width = 2 * MARGIN + LABEL + columns * (TILE + GAP)
    height = 2 * MARGIN + 48 + len(clips) * (TILE + GAP)
    sheet = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    large, small = ImageFont.load_default(22), ImageFont.load_default(13)

    top = MARGIN
    for clip in clips:
        draw.text((MARGIN, top + 48), clip.emotion, INK, large)
        draw.text((MARGIN, top + 80), f"actor {clip.actor}", FAINT, small)
        draw.text((MARGIN, top + 98), f"{len(clip)} frames, {len(clip) / FPS:.2f} s", FAINT, small)
        for column, k in enumerate(np.linspace(0, len(clip) - 1, columns).round().astype(int)):
            tile = draw_points(clip.frames[k], clip.landmarks[k], TILE)
            left = MARGIN + LABEL + column * (TILE + GAP)
            sheet.paste(tile, (left, top))
            draw.text((left + 5, top + TILE - 18), f"{k / FPS:.2f} s", INK, small)
        top += TILE + GAP
    names = {clip.source for clip in clips}
    draw.text((MARGIN, top + 14), f"{points} on aligned 128 x 128 frames.", FAINT, small)
    draw.text((MARGIN, top + 32), "; ".join(sorted(names)), FAINT, small)
    return sheet


def draw_points(picture: np.ndarray, points: np.ndarray, width: int, radius: float = 3) -> Image.Image:
    """A picture enlarged or shrunk to ``width`` pixels, with five points as coloured dots: eyes, nose, corners of the mouth.

    Blue is the left of the picture, yellow the right, pink the nose. Drawn at twice the size and reduced, so that the
    dots are round.

    Args:
        picture: uint8 (H, W, 3).
        points: float (5, 2), x and y in pixels of ``picture``.
        width: pixels of the result.
        radius: pixels of a dot in the result.

    >>> draw_points(np.zeros((4, 8, 3), np.uint8), np.zeros((5, 2)), width=80).size
    (80, 40)
    """
    scale = 2 * width / picture.shape[1]
    size = 2 * width, round(picture.shape[0] * scale)
    large = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(large)
    for (x, y), colour in zip((points + 0.5) * scale, (LEFT, RIGHT, NOSE, LEFT, RIGHT)):
        box = x - 2 * radius, y - 2 * radius, x + 2 * radius, y + 2 * radius
        draw.ellipse(box, fill=colour, outline=BACKGROUND, width=2)
    return large.reduce(2)
