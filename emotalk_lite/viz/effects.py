"""Bars of main effects and interactions, and the seeds behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from .figures import FACE, SOUND, drawn

DARK = "#2b2f36"  # of whiskers and means, on white


def effects_figure(
    effects: Mapping[str, float], unit: str, noise: float | None = None, intervals: Mapping[str, float] | None = None
) -> Image.Image:
    """Each effect a bar from zero, to the right where it adds.

    Args:
        effects: of `emotalk_lite.effects.effects`.
        unit: what is written below the axis.
        noise: half the width of the grey band around zero; None: no band.
        intervals: half the length of a whisker at each bar's end; None: no whiskers.

    >>> effects_figure({"SE": 0.4, "EM": -0.1}, "points").size
    (720, 310)
    """
    figure = Figure(figsize=(7.2, 3.1), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    names, sizes = list(effects), np.array(list(effects.values()))
    if noise is not None:
        axes.axvspan(-noise, noise, color="#c9cdd3", zorder=0)
    halves = np.array([(intervals or {}).get(name, 0.0) for name in names])
    colours = [SOUND if size >= 0 else FACE for size in sizes]
    axes.barh(names, sizes, color=colours, height=0.6, xerr=halves if intervals else None, ecolor=DARK, capsize=4)
    reach = max(1e-12, float((np.abs(sizes) + halves).max()), noise or 0.0)
    for row, (size, half) in enumerate(zip(sizes, halves)):
        side = 1 if size >= 0 else -1
        axes.text(size + side * (half + 0.02 * reach), row, f"{size:+.3g}", va="center", ha="left" if side > 0 else "right", fontsize=11)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlim(-1.3 * reach, 1.3 * reach)
    axes.invert_yaxis()
    axes.tick_params(labelsize=11)
    axes.set_xlabel(unit, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return drawn(figure)


def seeds_figure(columns: Mapping[str, Sequence[float]], unit: str) -> Image.Image:
    """A row for each name: a dot for each seed, and a bar at their mean.

    Args:
        columns: the numbers of the seeds, of each row.
        unit: what is written below the axis.

    >>> seeds_figure({"base": [4.1, 4.6], "se": [4.5, 4.2]}, "distance").size
    (720, 310)
    """
    figure = Figure(figsize=(7.2, 3.1), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for row, (name, values) in enumerate(columns.items()):
        colour = FACE if name.endswith("bsrgan") else SOUND
        axes.axhline(row, color="#e4e6ea", linewidth=0.8, zorder=0)
        axes.plot([np.mean(values)] * 2, [row - 0.35, row + 0.35], color=DARK, linewidth=2)
        axes.scatter(values, [row] * len(values), s=48, color=colour, alpha=0.75, linewidths=0, zorder=3)
    axes.set_yticks(range(len(columns)), list(columns))
    axes.invert_yaxis()
    axes.tick_params(labelsize=11)
    axes.set_xlabel(unit, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return drawn(figure)
