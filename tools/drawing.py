"""The chapters' hand-written drawings as pictures: Colab shows neither SVG in a text cell nor a style sheet.

Knows what these drawings are made of, boxes, arrows and words in the classes of ``book/assets/book.css``; anything else is an
error. matplotlib draws, with the font that it brings, so that no browser is needed.
"""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Outline
from PIL import Image

DPI = 192  # twice what a page shows
POINTS = 72 / 96  # in a CSS pixel
FONT = 0.9  # DejaVu Sans is that much wider than the site's font
TEXT, MUTED, SURFACE, INK = "#222832", "#48566b", "#f3f4f5", "#222832"  # the light theme's
TIP = [(1.0, 0.0), (-7.0, -3.5), (-7.0, 3.5)]  # an arrow's tip, before it is scaled: its point lies one beyond the line's end
STEPS = {"M": (2, Outline.MOVETO), "L": (2, Outline.LINETO), "H": (1, Outline.LINETO), "V": (1, Outline.LINETO), "Q": (4, Outline.CURVE3)}


def png(svg: str, colours: dict[str, str]) -> bytes:
    """A drawing on white, at twice its size.

    Args:
        svg: boxes, arrows and words; see the chapters.
        colours: of the groups, by class.

    Raises:
        ValueError: for an element that no drawing has had so far.
    """
    root = ElementTree.fromstring(svg)
    width, height = map(float, root.get("viewBox").split()[2:])
    figure = Figure(figsize=(width / 96, height / 96))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    _draw(axes, root, INK, colours)
    FigureCanvasAgg(figure).print_figure(made := io.BytesIO(), format="png", dpi=DPI)
    small = io.BytesIO()
    Image.open(made).convert("RGB").quantize(64).save(small, format="png", optimize=True)
    return small.getvalue()


def _draw(axes, parent: ElementTree.Element, ink: str, colours: dict[str, str], grey: bool = False) -> None:
    thin = 1.2 if grey else None  # pixels; a grey group's lines, and its words are as grey
    for element in parent:
        kind, classes, value = element.tag, element.get("class", "").split(), lambda name: float(element.get(name, 0))
        if kind == "g":
            _draw(axes, element, colours[classes[0]] if classes else ink, colours, grey or classes == ["grey"])
        elif kind == "rect" and classes == ["box"]:
            corner, size = (value("x"), value("y")), (value("width"), value("height"))
            axes.add_patch(FancyBboxPatch(corner, *size, f"round,pad=0,rounding_size={value('rx')}", facecolor=SURFACE,
                                          linewidth=(thin or 1.6) * POINTS, edgecolor=ink))
        elif kind == "path" and classes[0] == "flow":
            outline = path(element.get("d"))
            dashes = (0, (5 / 1.8, 4 / 1.8)) if "skip" in classes else "solid"
            axes.add_patch(PathPatch(outline, facecolor="none", edgecolor=ink, linewidth=(thin or 1.8) * POINTS, linestyle=dashes,
                                     capstyle="butt"))
            if element.get("marker-end"):
                axes.add_patch(PathPatch(tip(outline), facecolor=ink, linewidth=0))
        elif kind == "text" and classes in ([], ["size"]):
            colour, size = (MUTED, 12) if classes else (TEXT, 14)
            axes.text(value("x"), value("y"), element.text, ha="center", va="baseline", color=ink if grey else colour,
                      fontsize=size * POINTS * FONT, family="DejaVu Sans", parse_math=False)
        elif kind not in ("title", "desc", "defs"):
            raise ValueError(f"a drawing has <{kind} class=\"{' '.join(classes)}\">, which tools/drawing.py cannot draw")


def path(described: str) -> Outline:
    """The outline that an SVG path describes.

    >>> path("M8 8H20Q30 8 30 20").vertices.tolist()
    [[8.0, 8.0], [20.0, 8.0], [30.0, 8.0], [30.0, 20.0]]
    """
    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for letter, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", described):
        numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", rest)]
        if letter not in STEPS or len(numbers) != STEPS[letter][0]:
            raise ValueError(f"a drawing has a path with {letter}{rest}, which tools/drawing.py cannot draw")
        if letter in "HV":
            x, y = points[-1]
            numbers = [numbers[0], y] if letter == "H" else [x, numbers[0]]
        points += zip(numbers[::2], numbers[1::2])
        codes += [STEPS[letter][1]] * (len(numbers) // 2)
    return Outline(points, codes)


def tip(outline: Outline) -> Outline:
    """The tip of an arrow that follows ``outline``, as the chapters' markers have it."""
    (x0, y0), (x, y) = outline.vertices[-2:]
    length = ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5
    along, scale = ((x - x0) / length, (y - y0) / length), 7 / 8 * 1.8  # markerWidth of viewBox, in widths of the line
    corners = [(x + scale * (a * along[0] - b * along[1]), y + scale * (a * along[1] + b * along[0])) for a, b in TIP]
    return Outline([*corners, corners[0]], closed=True)
