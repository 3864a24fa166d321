"""Tables 2 to 5 of the paper, with what an ablation measured beside each of its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from .paper_tables import BITRATE, FID, MOS, RESOLUTION
from .variants import VARIANTS

PAPER = {  # Tables 2 to 4 have no other rows
    "fid": FID,
    "resolution": RESOLUTION,
    "bitrate": BITRATE,
    "mos": {name: score.aggregate for name, score in MOS.items()},
}
TITLES = {
    "fid": "Table 2: FID (measured: Fréchet distance of EfficientNet-Lite0 features, not FID)",
    "resolution": "Table 3: resolution, pixels",
    "bitrate": "Table 4: bitrate (paper: no unit; measured: kbit/s of the pictures)",
    "mos": "Table 5: mean opinion score, aggregate",
}
MEASURED = {"fid": "frechet_efficientnet_lite0", "resolution": "width", "bitrate": "kilobits_per_second"}


def seed_means(results: Mapping, key: str) -> dict[str, float]:
    """Of each row of `results.json`, the mean of a metric over the seeds.

    >>> seed_means({"rows": {"base": {"0": {"psnr": 20.0}, "1": {"psnr": 22.0}}}}, "psnr")
    {'base': 21.0}
    """
    return {name: float(np.mean([metrics[key] for metrics in seeds.values()])) for name, seeds in results["rows"].items()}


def table(which: str, measured: Mapping[str, float], write: Callable[[float], str] = "{:.4g}".format) -> str:
    """One of the paper's tables as text: a row a variant, the paper's column beside the measured one.

    Args:
        which: "fid", "resolution", "bitrate" or "mos".
        measured: a number for each row that was measured.
        write: how a measured number is written.

    >>> print(table("resolution", {"base": 128.0}, "{:.0f}".format))
    Table 3: resolution, pixels
    variant          paper  change   measured  change
    base               128                128
    se                 128     +0%          -
    em                 128     +0%          -
    se+em+bsrgan       512   +300%          -
    """
    paper = PAPER[which]
    names = [name for name in VARIANTS if name in paper or name in measured]
    lines = [TITLES[which], f"{'variant':<14} {'paper':>7} {'change':>7} {'measured':>10} {'change':>7}"]
    for name in names:
        here = write(measured[name]) if name in measured else "-"
        theirs = f"{paper[name]:g}" if name in paper else "-"
        line = f"{name:<14} {theirs:>7} {change(paper, name):>7} {here:>10} {change(measured, name):>7}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def change(values: Mapping[str, float], name: str) -> str:
    """From the base row, in percent; empty for the base itself and where one of both is missing.

    >>> change({"base": 0.001080, "se": 0.000874}, "se")
    '-19%'
    """
    if name == "base" or name not in values or not values.get("base"):
        return ""
    return f"{values[name] / values['base'] - 1:+.0%}"


def tables(results: Mapping) -> str:
    """Tables 2 to 5 and how the measured columns were made.

    Args:
        results: what `ablate` returns.
    """
    parts = [table(which, seed_means(results, key)) for which, key in MEASURED.items()]
    parts.append(table("mos", {}) + "\nnot measured: needs raters")
    return "\n\n".join([*parts, how(results)])


def how(results: Mapping) -> str:
    """How the numbers of `results.json` were made, in a few lines."""
    steps = ", ".join(f"{stage} {n}" for stage, n in results["steps"].items())
    data = "; ".join(f"{d['name']}, {d['clips']} clips of {d['actors']} actor{'s' * (d['actors'] != 1)}" for d in results["data"])
    stand_in = "BSRGAN" if results["upscaler"] == "bsrgan" else f"{results['upscaler']} in BSRGAN's place"
    seeds = ", ".join(map(str, results["seeds"]))
    return (
        f"preset {results['preset']} with {steps} steps, seed {seeds}; data: {data}\n"
        f"{results['videos']} videos, {results['frames']} frames a row, of {results['judged_on']}; upscaled by {stand_in}; "
        f"{'; '.join(results['encoding'])}\n{results['hardware']}"
    )
