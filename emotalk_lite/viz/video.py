"""Videos that a page carries inside itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from IPython.display import HTML
from PIL import Image, ImageDraw, ImageFont

from ..clip import PLAYER_WIDTH, Clip, player
from .figures import BACKGROUND, INK

BAND = 26  # pixels of the label above a tile


def show_video(video: Clip | bytes, alt: str, width: int = PLAYER_WIDTH) -> HTML:
    """A player with sound for a notebook and for the static page.

    Args:
        video: a clip, or the content of an MP4 file.
        alt: what it shows, for someone who cannot see it.
        width: CSS pixels.

    >>> show_video(b"", "a face").data[:22]
    '<video controls loop p'
    """
    return HTML(player(video if isinstance(video, bytes) else video.mp4(), alt, width))


def side_by_side(clips: Mapping[str, Clip], columns: int = 3, tile: int = 160) -> Clip:
    """Several clips in one video, each under its label, with the sound of the first.

    A shorter clip holds its last frame.

    Args:
        clips: by label.
        columns: tiles in a row.
        tile: pixels, width and height of a clip in the grid.

    Returns:
        A clip as long as the longest.

    >>> clip = Clip(np.zeros((5, 128, 128, 3), np.uint8), np.zeros(1600, np.float32), sample_rate=8000)
    >>> side_by_side({"one": clip, "two": clip}, columns=2).frames.shape
    (5, 186, 320, 3)
    """
    count = max(len(clip.frames) for clip in clips.values())
    rows = -(-len(clips) // columns)
    grid = np.empty((count, rows * (tile + BAND), columns * tile, 3), np.uint8)
    grid[:] = np.array(Image.new("RGB", (1, 1), BACKGROUND))
    for place, (label, clip) in enumerate(clips.items()):
        top, left = place // columns * (tile + BAND), place % columns * tile
        grid[:, top : top + BAND, left : left + tile] = _label(label, tile)
        frames = [np.array(Image.fromarray(frame).resize((tile, tile), Image.Resampling.LANCZOS)) for frame in clip.frames]
        frames += frames[-1:] * (count - len(frames))
        grid[:, top + BAND : top + BAND + tile, left : left + tile] = frames
    first = next(iter(clips.values()))
    drawn_by = next((clip.checkpoint for clip in clips.values() if clip.checkpoint), None)  # one is enough to make a film a generated one
    return Clip(grid, first.audio, first.sample_rate, first.fps, checkpoint=drawn_by)


def _label(text: str, width: int) -> np.ndarray:
    """White on dark, (BAND, width, 3); the text shrinks until it fits."""
    image = Image.new("RGB", (width, BAND), BACKGROUND)
    draw = ImageDraw.Draw(image)
    size = 16
    while size > 8 and draw.textlength(text, ImageFont.load_default(size)) > width - 8:
        size -= 1
    draw.text((width / 2, BAND / 2), text, INK, ImageFont.load_default(size), anchor="mm")
    return np.array(image)
