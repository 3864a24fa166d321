"""What goes through a network, step by step, drawn from a real run of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import log2

from IPython.display import HTML
from torch import Tensor, nn, no_grad

STEP, HEIGHT = 92, 164  # pixels: least distance of two steps, height of the drawing
LETTER = 7  # pixels: width of a letter in a step's shape
LEGIBLE = 0.8  # the drawing shrinks to this share of its width before it scrolls
LIT = "var(--emotalk-face, #b4472f)"  # the page's colour, which follows its theme; the second is for a notebook elsewhere
GREY = "var(--emotalk-grey, #566273)"  # what is not lit: quiet, and still to be read
PLAIN = '<g stroke-width="1.6">'  # where nothing is lit
WIDE, TALL, LEAST = 5.4, 8.5, 5  # pixels of a box for each doubling of its extent and of its channels, and of a size of 1


def record_shapes(module: nn.Module, inputs: tuple[Tensor, ...], steps: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    """Run a module once and note, by label, the shape that each step gives, the batch's axis left out.

    Args:
        module: any.
        inputs: of its call.
        steps: a submodule's name to a label. ``"name"`` notes what comes out of the submodule (the first of several
            things), ``">name"`` what goes into it.

    >>> record_shapes(nn.Sequential(nn.Linear(3, 8), nn.ReLU()), (Tensor(2, 3),), {">0": "in", "0": "hidden"})
    {'in': (3,), 'hidden': (8,)}
    """
    found: dict[str, tuple[int, ...]] = {}
    handles = []
    for name, label in steps.items():
        part = module.get_submodule(name.removeprefix(">"))

        def note(_: nn.Module, given: tuple, result: object, label: str = label, entering: bool = name.startswith(">")) -> None:
            seen = given if entering else result
            found[label] = tuple((seen[0] if isinstance(seen, tuple) else seen).shape[1:])

        handles.append(part.register_forward_hook(note))
    try:
        with no_grad():
            module(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    return {label: found[label] for label in steps.values()}


def shape_diagram(
    module: nn.Module, *inputs: Tensor, steps: Mapping[str, str], time_first: tuple[str, ...] = (), lit: Collection[str] = ()
) -> HTML:
    """The steps as boxes: as high as there are channels and as wide as the map is, both on a logarithmic scale.

    Args:
        module: run once, with hooks on the steps.
        inputs: of its call.
        steps: see :func:`record_shapes`.
        time_first: labels of steps whose shape is (T, channels) and not (channels, ...).
        lit: labels of the part that the page is about; the others are drawn thin and grey. None: all are drawn alike.

    >>> steps = {">0": "in", "0": "hidden"}
    >>> "in, 3; hidden, 8" in shape_diagram(nn.Sequential(nn.Linear(3, 8)), Tensor(2, 3), steps=steps).data
    True
    """
    shapes = record_shapes(module, inputs, steps)
    distance = max(STEP, *(LETTER * len(sizes(shape)) for shape in shapes.values()))
    drawn, middle = [], HEIGHT / 2 - 6
    for i, (label, shape) in enumerate(shapes.items()):
        x = distance * (i + 0.5)
        channels, extent = (shape[1], shape[0]) if label in time_first else (shape[0], shape[1] if len(shape) > 1 else 1)
        width, height = LEAST + WIDE * log2(extent), LEAST + TALL * log2(channels)
        drawn.append(
            f"{group(LIT, label in lit) if lit else PLAIN}"
            f'<rect x="{x - width / 2:.1f}" y="{middle - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4" '
            f'fill="currentColor" fill-opacity="0.18" stroke="currentColor"/>'
            f'<text x="{x}" y="16" text-anchor="middle" fill="currentColor" font-size="13">{label}</text>'
            f'<text x="{x}" y="{HEIGHT - 8}" text-anchor="middle" fill="currentColor" font-size="12">{sizes(shape)}</text></g>'
        )
    said = "What each step gives: " + "; ".join(f"{label}, {sizes(shape)}" for label, shape in shapes.items())
    said += f". Lit: {', '.join(label for label in shapes if label in lit)}" if lit else ""
    width = distance * len(shapes)
    style = f"width: 100%; min-width: {LEGIBLE * width:.0f}px; max-width: {width}px; height: auto; display: block"
    return HTML(
        f'<div tabindex="0" style="overflow-x: auto"><svg viewBox="0 0 {width} {HEIGHT}" style="{style}" role="img" aria-label="{said}">'
        f"{''.join(drawn)}</svg></div>"
    )


def group(colour: str, lit: bool) -> str:
    """The start of a group of shapes that draw with `currentColor`: strong and in its colour if it is lit, else thin and grey.

    >>> group("red", lit=True)
    '<g class="lit" style="color: red" stroke-width="2.4">'
    """
    return f'<g class="lit" style="color: {colour}" stroke-width="2.4">' if lit else f'<g style="color: {GREY}" stroke-width="1.2">'


def sizes(shape: tuple[int, ...]) -> str:
    """A shape as it is printed.

    >>> sizes((3, 128, 128))
    '3 × 128 × 128'
    """
    return " × ".join(map(str, shape))
