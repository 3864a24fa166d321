"""Pictures and controls for the notebooks; nothing else imports this module.

Everything here works on a page without a running kernel: pictures are embedded, and controls move by jslink.
"""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image


def jpeg(picture: np.ndarray, width: int | None = None, quality: int = 88) -> bytes:
    """Compress a picture.

    Args:
        picture: uint8 (H, W, 3) or (H, W).
        width: pixels of the result; the height follows. None keeps the size.
        quality: JPEG's, 1 to 95.

    >>> jpeg(np.zeros((8, 8, 3), np.uint8))[:2]
    b'\\xff\\xd8'
    """
    image = Image.fromarray(picture)
    if width is not None:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def show(picture: np.ndarray, width: int | None = None, quality: int = 88):
    """A picture as a notebook output: an embedded JPEG. Takes what :func:`jpeg` takes.

    >>> show(np.zeros((8, 8, 3), np.uint8)).format
    'jpeg'
    """
    from IPython.display import Image as Shown

    return Shown(jpeg(picture, width, quality), format="jpeg")


def grid(pictures: Sequence[np.ndarray], columns: int, gap: int = 6) -> np.ndarray:
    """Lay pictures of one size out in rows, with white gaps.

    Args:
        pictures: uint8 (H, W, 3) each.
        columns: pictures a row.
        gap: pixels between them.

    >>> grid([np.zeros((10, 20, 3), np.uint8)] * 3, columns=2, gap=4).shape
    (24, 44, 3)
    """
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def frame_slider(pictures: Sequence[np.ndarray], width: int | None = None, label: str = "frame", quality: int = 80):
    """A slider and a play button over pictures; both work on the built page, by mouse and by arrow keys.

    All pictures are embedded, so keep them few and small: 30 of 400 x 200 pixels are about 400 kB.

    Args:
        pictures: uint8 (H, W, 3) each.
        width: pixels they are shrunk to.
        label: stands before the slider.
        quality: JPEG's.

    Returns:
        An ipywidgets ``VBox``.

    >>> len(frame_slider([np.zeros((8, 8, 3), np.uint8)] * 3).children)
    2
    """
    from ipywidgets import HBox, IntSlider, Play, Stack, VBox, jslink
    from ipywidgets import Image as Picture

    stack = Stack([Picture(value=jpeg(p, width, quality), format="jpeg") for p in pictures], selected_index=0)
    slider = IntSlider(0, 0, len(pictures) - 1, description=label)
    play = Play(min=0, max=len(pictures) - 1, interval=120, show_repeat=False)
    jslink((play, "value"), (slider, "value"))
    jslink((slider, "value"), (stack, "selected_index"))
    return VBox([stack, HBox([play, slider])])
