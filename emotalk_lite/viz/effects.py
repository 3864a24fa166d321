"""Bars of main effects and interactions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from .figures import FACE, SOUND


def effects_figure(effects: Mapping[str, float], unit: str, noise: float | None = None) -> Image.Image:
    """Each effect a bar from zero, to the right where it adds.

    Args:
        effects: of `emotalk_lite.effects.effects`.
        unit: what is written below the axis.
        noise: half the width of the grey band around zero; None: no band.

    >>> effects_figure({"SE": 0.4, "EM": -0.1}, "points").size
    (720, 310)
    """
    figure = Figure(figsize=(7.2, 3.1), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    names, sizes = list(effects), np.array(list(effects.values()))
    if noise is not None:
        axes.axvspan(-noise, noise, color="#c9cdd3", zorder=0)
    axes.barh(names, sizes, color=[SOUND if size >= 0 else FACE for size in sizes], height=0.6)
    reach = max(1e-12, float(np.abs(sizes).max()), noise or 0.0)
    for row, size in enumerate(sizes):
        axes.text(size + (0.02 if size >= 0 else -0.02) * reach, row, f"{size:+.3g}", va="center", ha="left" if size >= 0 else "right", fontsize=11)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlim(-1.3 * reach, 1.3 * reach)
    axes.invert_yaxis()
    axes.tick_params(labelsize=11)
    axes.set_xlabel(unit, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
