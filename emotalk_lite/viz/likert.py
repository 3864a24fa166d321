"""Diverging bars: how many agree to the right, how many disagree to the left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont

from .figures import BACKGROUND, FAINT, INK

COLOURS = ("#b4472f", "#e0917d", "#8b9099", "#7fb3d3", "#2f7fb5")  # from strongly disagree to strongly agree
ROW, BAR = 34, 22  # pixels


def likert_figure(shares: Mapping[str, Sequence[float]], steps: Sequence[str], width: int = 760) -> Image.Image:
    """Bars of five shares each, centred on the middle of the neutral one.

    Args:
        shares: label -> percentages of the five steps.
        steps: what they mean.
        width: pixels.

    >>> likert_figure({"base": (20, 30, 30, 15, 5)}, ("no", "rather no", "neutral", "rather yes", "yes")).size
    (760, 88)
    """
    label = 150
    image = Image.new("RGB", (width, ROW * len(shares) + 54), BACKGROUND)
    draw, font, small = ImageDraw.Draw(image), ImageFont.load_default(14), ImageFont.load_default(12)
    left = max(sum(row[:2]) + row[2] / 2 for row in shares.values())
    right = max(sum(row[3:]) + row[2] / 2 for row in shares.values())
    scale = (width - label - 16) / (left + right)
    middle = label + left * scale
    for place, (name, row) in enumerate(shares.items()):
        top = 8 + place * ROW
        draw.text((8, top + BAR / 2), name, INK, font, anchor="lm")
        x = middle - (sum(row[:2]) + row[2] / 2) * scale
        for share, colour in zip(row, COLOURS):
            draw.rectangle((x, top, x + share * scale, top + BAR), colour)
            if share * scale > 26:
                draw.text((x + share * scale / 2, top + BAR / 2), f"{int(share + 0.5)}", "#10151a" if colour != COLOURS[0] else INK, small, anchor="mm")
            x += share * scale
    bottom = 8 + ROW * len(shares)
    draw.line((middle, 4, middle, bottom), FAINT)
    x = 8.0
    for step, colour in zip(steps, COLOURS):
        draw.rectangle((x, bottom + 12, x + 14, bottom + 26), colour)
        draw.text((x + 20, bottom + 19), step, INK, small, anchor="lm")
        x += 34 + draw.textlength(step, small)
    return image
