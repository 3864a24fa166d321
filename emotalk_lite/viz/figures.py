"""Still pictures for the chapters: JPEG, so that a notebook stays small."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from IPython.display import Image as Shown
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from ..metrics.motion import REGIONS, difference_map
from ..presets import FPS

BACKGROUND, INK, FAINT = "#14161a", "#f2f2f0", "#9aa1ab"
SOUND, FACE = "#2f6f96", "#b4472f"  # the book's colours for speech and face
OUTLINES = {"brows": "#f9c74f", "eyes": "#4cc9f0", "mouth": "#ff5d8f"}
GAP = 6  # pixels between tiles


def picture(image: Image.Image | np.ndarray, width: int | None = None, quality: int = 78) -> Shown:
    """A picture as JPEG, or one of grey or of few colours as PNG; the cell's metadata carries its alt text.

    Args:
        image: a picture of mode RGB, L (grey) or P (few colours), or uint8 (H, W, 3).
        width: CSS pixels; the picture's own if None.
        quality: of the JPEG.

    >>> picture(np.zeros((8, 8, 3), np.uint8)).format
    'jpeg'
    """
    data, kind = encoded(Image.fromarray(image) if isinstance(image, np.ndarray) else image, quality)
    return Shown(data=data, format=kind, width=width)


def encoded(image: Image.Image, quality: int) -> tuple[bytes, str]:
    """A picture's bytes and their format: JPEG, or of a grey one (mode "L") or one of few colours ("P") PNG, which is smaller where areas are even.

    >>> [encoded(Image.new(mode, (8, 8)), 80)[1] for mode in ("RGB", "L", "P")]
    ['jpeg', 'png', 'png']
    """
    buffer, kind = io.BytesIO(), "png" if image.mode in ("L", "P") else "jpeg"
    image.save(buffer, kind, quality=quality, optimize=True, progressive=True)  # a few per cent smaller, the same pixels
    return buffer.getvalue(), kind


def film_strip(rows: Mapping[str, np.ndarray], columns: int = 8, tile: int = 104, inside: bool = False) -> Image.Image:
    """Videos as rows of stills, each row under its label, the times below.

    Args:
        rows: label to uint8 (T, H, W, 3); all rows show the same moments.
        columns: stills a row, evenly spread over the shortest video.
        tile: pixels, width and height of a still.
        inside: leave out the ends, where a mouth that speaks is at rest.

    >>> film_strip({"black": np.zeros((9, 16, 16, 3), np.uint8)}, columns=2).size
    (226, 162)
    """
    label, times = 26, 20
    spread = np.linspace(0, min(map(len, rows.values())) - 1, columns + 2 * inside).round().astype(int)
    chosen = spread[1:-1] if inside else spread
    width = columns * (tile + GAP) + GAP
    sheet = Image.new("RGB", (width, len(rows) * (tile + GAP + label) + times + GAP), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    top = 0
    for name, frames in rows.items():
        draw.text((GAP, top + label / 2), name, INK, ImageFont.load_default(15), anchor="lm")
        top += label
        for column, k in enumerate(chosen):
            still = Image.fromarray(frames[k]).resize((tile, tile), Image.Resampling.LANCZOS)
            sheet.paste(still, (GAP + column * (tile + GAP), top))
        top += tile + GAP
    for column, k in enumerate(chosen):
        place = GAP + column * (tile + GAP) + tile / 2, top + times / 2
        draw.text(place, f"{k / FPS:.2f} s", FAINT, ImageFont.load_default(12), anchor="mm")
    return sheet


def difference_figure(a: np.ndarray, b: np.ndarray, labels: tuple[str, str], tile: int = 250) -> Image.Image:
    """Two videos and where they differ: a mean frame of each, and the mean absolute difference as a heat map.

    Brows, eyes and mouth are outlined.

    Args:
        a: uint8 (T, 128, 128, 3).
        b: the same shape.
        labels: of `a` and `b`.
        tile: pixels.

    >>> black = np.zeros((2, 128, 128, 3), np.uint8)
    >>> difference_figure(black, black, ("one", "two")).size
    (774, 288)
    """
    differences = difference_map(a, b)
    heat = colormaps["inferno"](differences / max(float(differences.max()), 1.0))[..., :3] * 255
    tiles = [a.mean(axis=0), b.mean(axis=0), heat]
    names = [*labels, f"difference (white: {differences.max():.0f} of 255)"]
    sheet = Image.new("RGB", (3 * (tile + GAP) + GAP, tile + 38), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for column, (pixels, name) in enumerate(zip(tiles, names)):
        left = GAP + column * (tile + GAP)
        enlarged = Image.fromarray(pixels.astype(np.uint8)).resize((tile, tile), Image.Resampling.BICUBIC)
        sheet.paste(enlarged, (left, 32))
        draw.text((left, 16), name, INK, ImageFont.load_default(15), anchor="lm")
        for region, box in REGIONS.items():
            x1, y1, x2, y2 = (value * tile / a.shape[1] for value in box)
            draw.rectangle((left + x1, 32 + y1, left + x2, 32 + y2), outline=OUTLINES[region], width=2)
    return sheet


def mouth_figure(opening: np.ndarray, envelope: np.ndarray) -> Image.Image:
    """How open the mouth is and how loud the speech, over time: two curves that rise and fall together, or do not.

    Args:
        opening: (T,), of `mouth_opening`.
        envelope: (T,), of `speech_envelope`.

    >>> mouth_figure(np.ones(50), np.ones(50)).size
    (825, 286)
    """
    figure = Figure(figsize=(7.5, 2.6), dpi=110, layout="constrained")
    mouth = figure.add_subplot()
    seconds = np.arange(len(opening)) / FPS
    sound = mouth.twinx()
    sound.fill_between(seconds, envelope, color=SOUND, alpha=0.3, linewidth=0)
    sound.set_ylabel("loudness (RMS)", color=SOUND)
    sound.set_ylim(bottom=0)
    mouth.plot(seconds, opening, color=FACE, linewidth=2)
    mouth.set_ylabel("opening of the mouth", color=FACE)
    mouth.set_xlabel("seconds")
    mouth.set_zorder(sound.get_zorder() + 1)  # the line over the area
    mouth.patch.set_visible(False)
    mouth.margins(x=0)
    return drawn(figure)


def drawn(figure: Figure) -> Image.Image:
    """A figure of matplotlib as a picture, without pyplot, which would keep it."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
