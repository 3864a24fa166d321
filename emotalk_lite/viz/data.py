"""What the chapter on data draws: faces with their points, masks on faces, spectrograms, and a slider over frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from PIL import Image

from ..data.contact_sheet import draw_points
from .figures import GAP, encoded

__all__ = ["choice_slider", "draw_points", "frame_slider", "mask_picture", "row", "spectrogram"]

NO_SCROLL = {"overflow": "hidden"}  # a picture shrinks to the page; the margins around it must not make a scroll bar


def mask_picture(frame: np.ndarray, mask: np.ndarray, width: int = 256) -> Image.Image:
    """A frame as a mask sees it: bright colour where an error counts, near black where it hardly does.

    Args:
        frame: uint8 (H, W, 3).
        mask: float (H, W); its largest value is drawn as full weight.
        width: pixels of the result.

    >>> mask_picture(np.zeros((8, 8, 3), np.uint8), np.ones((8, 8))).size
    (256, 256)
    """
    weight = np.asarray(mask, dtype=float)[..., None] / np.max(mask)
    glow = colormaps["inferno"](weight[..., 0] * 0.9)[..., :3] * 255
    mixed = frame * weight + (0.25 * frame + 0.75 * glow) * (1 - weight)
    image = Image.fromarray(mixed.round().astype(np.uint8))
    return image.resize((width, round(width * image.height / image.width)), Image.Resampling.LANCZOS)


def row(images: Sequence[Image.Image]) -> Image.Image:
    """Pictures of one height side by side, with a gap between them.

    >>> row([Image.new("RGB", (10, 20))] * 2).size
    (26, 20)
    """
    sheet = Image.new("RGB", (sum(i.width for i in images) + GAP * (len(images) - 1), images[0].height), "white")
    left = 0
    for image in images:
        sheet.paste(image, (left, 0))
        left += image.width + GAP
    return sheet


def spectrogram(axes: Axes, sound: np.ndarray, rate: int, top: float | None = None) -> None:
    """Draw how loud each frequency is over time, down to 60 decibels below the loudest, in steps of 4 decibels.

    Steps, because a picture of few colours is a fraction of the size.

    Args:
        axes: to draw into.
        sound: float (N,).
        rate: samples a second.
        top: highest frequency shown, Hz; half of ``rate`` if None.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().add_subplot(); spectrogram(axes, np.ones(8000, np.float32), 8000); axes.get_ylabel()
    'kHz'
    """
    window = round(0.032 * rate)  # 32 ms hold a few periods of the lowest voice
    power = torch.stft(
        torch.from_numpy(sound), window, hop_length=window // 4, window=torch.hann_window(window), return_complex=True
    ).abs().numpy()
    decibels = (20 * np.log10(power / power.max() + 1e-6) / 4).round() * 4
    extent = (0, len(sound) / rate, 0, rate / 2000)
    axes.imshow(decibels, origin="lower", aspect="auto", extent=extent, vmin=-60, vmax=0, cmap="magma", interpolation="nearest")
    axes.set_ylim(0, (top or rate / 2) / 1000)
    axes.set_ylabel("kHz")


def frame_slider(
    images: Sequence[Image.Image], label: str = "frame", quality: int = 80, stops: Sequence[str] | None = None, start: int = 0
) -> widgets.VBox:
    """A slider and a play button over pictures that travel inside the page: no kernel is needed.

    Args:
        images: one for each position; 30 of 500 x 250 pixels are about 400 kB. Grey ones (mode "L") are kept as PNG, which
            is smaller where the pixels are drawn as squares.
        label: stands before the slider.
        quality: of the JPEGs.
        stops: what the slider says at each position; its number, from 0, if None.
        start: the position that is shown first.

    >>> len(frame_slider([Image.new("RGB", (8, 8))] * 3).children)
    2
    """
    stack, layout = _stack(images, quality), {"flex": "1 1 260px", "width": "auto", "max_width": "420px"}  # below the buttons on a phone
    stack.selected_index = start
    slider, place = widgets.IntSlider(start, min=0, max=len(images) - 1, description=label, layout=layout), "value"
    if stops is not None:
        slider, place = widgets.SelectionSlider(options=list(stops), index=start, description=label, layout=layout), "index"
    play = widgets.Play(value=start, min=0, max=len(images) - 1, interval=120, show_repeat=False)
    widgets.jslink((play, "value"), (slider, place))
    widgets.jslink((slider, place), (stack, "selected_index"))
    return widgets.VBox([stack, widgets.HBox([play, slider])])


def choice_slider(
    images: Mapping[str, Sequence[Image.Image]], kind: str, label: str, stops: Sequence[str], quality: int = 80
) -> widgets.VBox:
    """A list and a slider over pictures that travel inside the page: no kernel is needed.

    Args:
        images: what the list offers, to one picture for each stop of the slider; a picture that several share travels once.
        kind: stands before the list.
        label: stands before the slider.
        stops: the slider's, in words.
        quality: of the JPEGs.

    Raises:
        ValueError: not every choice has one picture a stop.

    >>> two = [Image.new("RGB", (8, 8))] * 2
    >>> len(choice_slider({"he": two, "she": two}, "person", "mood", ["calm", "angry"]).children)
    3
    """
    if {len(pictures) for pictures in images.values()} != {len(stops)}:
        raise ValueError(f"each choice needs {len(stops)} pictures, one for each of {', '.join(stops)}")
    images, known = {name: list(pictures) for name, pictures in images.items()}, {}
    stacks = [_stack(pictures, quality, known) for pictures in images.values()]
    choice = widgets.Dropdown(options=list(images), index=0, description=kind)
    slider = widgets.SelectionSlider(options=list(stops), index=0, description=label, layout={"width": "auto", "max_width": "420px"})
    chosen = widgets.Stack(stacks, selected_index=0, layout=NO_SCROLL)
    widgets.jslink((choice, "index"), (chosen, "selected_index"))
    for stack in stacks:
        widgets.jslink((slider, "index"), (stack, "selected_index"))
    return widgets.VBox([choice, slider, chosen])


def _stack(images: Sequence[Image.Image], quality: int, known: dict[int, widgets.Image] | None = None) -> widgets.Stack:
    """The pictures on one place, the first of them shown; those in ``known``, by their identity, are not encoded again."""
    known = {} if known is None else known
    for image in images:
        if id(image) not in known:
            data, kind = encoded(image, quality)
            known[id(image)] = widgets.Image(value=data, format=kind, layout={"max_width": "100%"})
    return widgets.Stack([known[id(image)] for image in images], selected_index=0, layout=NO_SCROLL)
