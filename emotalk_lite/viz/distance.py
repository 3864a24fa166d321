"""A distance that moves while pictures are ruined: choose how they are ruined, and drag."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import NamedTuple

import ipywidgets as widgets
from PIL import Image

from .figures import FACE, SOUND

WIDTH, HEIGHT = 440, 150  # of the curve, pixels
LEFT, RIGHT, TOP, BOTTOM = 34, 24, 12, 26  # margins around it, for the axes' numbers
TICKS = (0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 144, 196)


class Ruined(NamedTuple):
    """One stop of the slider: how strong the degradation is, in words; how far it moves the set; and what it looks like."""

    strength: str
    distance: float
    picture: Image.Image


def distance_slider(ruined: Mapping[str, Sequence[Ruined]], floor: float) -> widgets.VBox:
    """Two controls, for the kind of degradation and its strength, over pictures that travel inside the page: no kernel is needed.

    Under each picture stand its distance in words and the kind's curve, on an axis that all kinds share and that is linear in the
    distance's root, with the floor as a dashed line.

    Args:
        ruined: kind of degradation to its stops, as many for each kind.
        floor: the distance between two sets that are equally good.

    Raises:
        ValueError: one kind has more stops than another.

    >>> stops = [Ruined("none", 0.0, Image.new("RGB", (8, 8))), Ruined("much", 9.0, Image.new("RGB", (8, 8)))]
    >>> len(distance_slider({"blur": stops, "noise": stops}, floor=1.0).children)
    3
    """
    counts = {len(stops) for stops in ruined.values()}
    if len(counts) != 1:
        raise ValueError(f"each kind has to have as many stops, not {sorted(counts)}")
    top = max(floor, *(stop.distance for stops in ruined.values() for stop in stops))
    stacks = []
    for kind, stops in ruined.items():
        shown = []
        for place, stop in enumerate(stops):
            said = f"{kind}, {stop.strength}: distance <b>{stop.distance:.2f}</b>, floor {floor:.2f}"
            drawn = widgets.HTML(f"<div>{said}</div>{_curve(stops, place, floor, top)}", layout={"max_width": "100%"})
            shown.append(widgets.VBox([_image(stop.picture), drawn]))
        stacks.append(widgets.Stack(shown, selected_index=0))
    kinds = widgets.Dropdown(options=list(ruined), index=0, description="damage")
    most = counts.pop() - 1
    steps = [f"{k} of {most}" for k in range(most + 1)]
    slider = widgets.SelectionSlider(options=steps, index=0, description="strength", layout={"width": "100%", "max_width": "420px"})
    chosen = widgets.Stack(stacks, selected_index=0)
    widgets.jslink((kinds, "index"), (chosen, "selected_index"))
    for stack in stacks:
        widgets.jslink((slider, "index"), (stack, "selected_index"))
    return widgets.VBox([kinds, slider, chosen])


def _curve(stops: Sequence[Ruined], place: int, floor: float, top: float) -> str:
    """The distances of all stops as a line, the chosen one as a dot: an SVG that takes the page's colour."""

    def x(k: int) -> float:
        return LEFT + k * (WIDTH - LEFT - RIGHT) / max(1, len(stops) - 1)

    def y(distance: float) -> float:
        return HEIGHT - BOTTOM - sqrt(max(0.0, distance) / top) * (HEIGHT - TOP - BOTTOM)

    ticks = [tick for tick in TICKS if tick <= top][:: 2 if top > 40 else 1]
    numbers = "".join(f'<text x="{LEFT - 7}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick}</text>' for tick in ticks)
    strengths = "".join(f'<text x="{x(k):.1f}" y="{HEIGHT - 7}" text-anchor="middle">{stop.strength}</text>' for k, stop in enumerate(stops))
    line = " ".join(f"{x(k):.1f},{y(stop.distance):.1f}" for k, stop in enumerate(stops))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" style="max-width: 100%; height: auto" aria-hidden="true" '
        f'font-size="11" fill="currentColor">{numbers}{strengths}'
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="currentColor"/>'
        f'<path d="M{LEFT} {y(floor):.1f}H{WIDTH - RIGHT}" stroke="currentColor" stroke-dasharray="5 4"/>'
        f'<polyline points="{line}" fill="none" stroke="{SOUND}" stroke-width="2.5"/>'
        f'<circle cx="{x(place):.1f}" cy="{y(stops[place].distance):.1f}" r="6" fill="{FACE}"/></svg>'
    )


def _image(picture: Image.Image) -> widgets.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "jpeg", quality=75, optimize=True)
    return widgets.Image(value=buffer.getvalue(), format="jpeg", layout={"max_width": "100%"})
