"""Two pictures on one place: a slider uncovers one of them."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .data import frame_slider
from .figures import INK

MARGIN = 6  # pixels around a label


def wipe(left: Image.Image, right: Image.Image, labels: tuple[str, str], stops: int = 13) -> widgets.VBox:
    """A slider that moves the border between two pictures of one size; its pictures travel inside the page.

    Args:
        left: seen left of the border.
        right: seen right of it.
        labels: of `left` and `right`, drawn into the corners.
        stops: positions of the slider; it begins in the middle.

    Raises:
        ValueError: the pictures differ in size.

    >>> len(wipe(Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8)), ("a", "b"), stops=3).children)
    2
    """
    if left.size != right.size:
        raise ValueError(f"the pictures differ in size: {left.size} and {right.size}")
    shares = np.linspace(0, 1, stops)
    pictures = [_joined(left, right, labels, round(share * left.width)) for share in shares]
    return frame_slider(pictures, "wipe", stops=[f"{share:.0%}" for share in shares], start=stops // 2)


def _joined(left: Image.Image, right: Image.Image, labels: tuple[str, str], border: int) -> Image.Image:
    picture = right.copy()
    picture.paste(left.crop((0, 0, border, left.height)), (0, 0))
    draw = ImageDraw.Draw(picture)
    draw.line([(border, 0), (border, picture.height)], fill="white", width=2)
    font = ImageFont.load_default(15)
    if border > picture.width / 4:
        draw.text((MARGIN, MARGIN), labels[0], INK, font, stroke_width=2, stroke_fill="black")
    if border < picture.width * 3 / 4:
        draw.text((picture.width - MARGIN, MARGIN), labels[1], INK, font, anchor="ra", stroke_width=2, stroke_fill="black")
    return picture
