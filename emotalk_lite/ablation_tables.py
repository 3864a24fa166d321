"""Tables 2 to 5 of the paper, with what an ablation measured beside each of its numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import stats

from .evaluation_table import DOUBT, doubtful
from .metrics.identity import SAME_PERSON
from .paper_tables import BITRATE, FID, MOS, RESOLUTION
from .variants import VARIANTS

PAPER = {  # Tables 2 to 4 have no other rows
    "fid": FID,
    "resolution": RESOLUTION,
    "bitrate": BITRATE,
    "mos": {name: score.aggregate for name, score in MOS.items()},
}
TITLES = {
    "fid": "Table 2: FID (measured: Fréchet distance, EfficientNet-Lite0, not FID)",
    "resolution": "Table 3: resolution, pixels",
    "bitrate": "Table 4: bitrate (paper: no unit; measured: kbit/s of the pictures)",
    "mos": "Table 5: mean opinion score, aggregate",
}
TRUE_FID = "Table 2: FID (Inception, 2048 features)"  # where every row has it
PRINTED = {"fid": "{:.6f}", "resolution": "{:.0f}", "bitrate": "{:.2f}", "mos": "{:.2f}"}  # the paper's own decimals
BESIDE = {  # what the paper has no table of -> heading, key
    "emotion": "emotion_accuracy",
    "in time": "in_time",
    "mouth": "opening_deviation_ratio",
    "face": "identity_distance",  # where dlib is installed
}
LEAST_OPENING_DEVIATION = 0.1  # of the real mouth's: speaking generators have more than 0.3, those that never left the still face less than 0.04
MEASURED = {"fid": "frechet_efficientnet_lite0", "resolution": "width", "bitrate": "kilobits_per_second"}


def seed_columns(results: Mapping, key: str) -> dict[str, list[float]]:
    """Of each row of `results.json`, a metric by seed.

    >>> seed_columns({"rows": {"base": {"0": {"psnr": 20.0}, "1": {"psnr": 22.0}}}}, "psnr")
    {'base': [20.0, 22.0]}
    """
    return {name: [metrics[key] for metrics in seeds.values()] for name, seeds in results["rows"].items()}


def seed_means(results: Mapping, key: str) -> dict[str, float]:
    """Of each row of `results.json`, the mean of a metric over the seeds.

    >>> seed_means({"rows": {"base": {"0": {"psnr": 20.0}, "1": {"psnr": 22.0}}}}, "psnr")
    {'base': 21.0}
    """
    return {name: float(np.mean(column)) for name, column in seed_columns(results, key).items()}


def frozen_trainings(results: Mapping) -> dict[str, int]:
    """Of each row of `results.json` that has any, how many of its trainings never learned to move the mouth.

    Their mouth's opening scatters less than `LEAST_OPENING_DEVIATION` of the real one's, in the mean over all videos.

    >>> frozen_trainings({"rows": {"se": {"0": {"opening_deviation_ratio": 0.5}, "1": {"opening_deviation_ratio": 0.01}}, "em": {"0": {}}}})
    {'se': 1}
    """
    counts = {name: sum(map(_is_frozen, seeds.values())) for name, seeds in results["rows"].items()}
    return {name: count for name, count in counts.items() if count}


def without_frozen(results: Mapping) -> dict[str, object]:
    """The same results without the trainings that `frozen_trainings` counts, and without the rows of which none is left.

    >>> rows = {"se": {"0": {"opening_deviation_ratio": 0.5}, "1": {"opening_deviation_ratio": 0.01}}, "em": {"0": {"opening_deviation_ratio": 0}}}
    >>> without_frozen({"rows": rows})["rows"]
    {'se': {'0': {'opening_deviation_ratio': 0.5}}}
    """
    rows = {name: {seed: m for seed, m in seeds.items() if not _is_frozen(m)} for name, seeds in results["rows"].items()}
    return {**results, "rows": {name: seeds for name, seeds in rows.items() if seeds}}


def _is_frozen(metrics: Mapping[str, float]) -> bool:
    """Whether a training never learned to move the mouth; where that was not measured, it is taken to speak."""
    return metrics.get("opening_deviation_ratio", 1.0) < LEAST_OPENING_DEVIATION


class Spread(NamedTuple):
    """How a metric scatters when the same generators are trained with other seeds."""

    deviations: dict[str, float]  # of each row, between its seeds
    margins: dict[str, float]  # of each row: one as good as the base is nearer to it in 95 of 100 comparisons
    n: int  # seeds


def seed_spread(results: Mapping, key: str) -> Spread | None:
    """The standard deviation of each row of `results.json` between its seeds, and how far from the base is more than chance.

    A margin is Student's, for the difference of two means of n trainings each. A row alone has too few seeds to know its own
    scatter; so the rows as drawn are taken to scatter alike, and so are the enlarged ones.

    "base+bsrgan" is no other training: it is the base's videos, enlarged. What a seed did to both is not in their difference. So where
    both rows have the same seeds, its margin is that of pairs, t(n - 1) * s / sqrt(n), s the standard deviation of the differences by seed.

    Returns:
        None where a row has one seed: nothing is known then.

    Source: Student 1908; the variance is pooled as in an analysis of variance.

    >>> rows = {"base": {"0": {"psnr": 20.0}, "1": {"psnr": 22.0}}, "se": {"0": {"psnr": 21.0}, "1": {"psnr": 25.0}}}
    >>> spread = seed_spread({"rows": rows}, "psnr")
    >>> round(spread.deviations["se"], 2), round(spread.margins["se"], 1)  # 4.3 for 2 degrees of freedom, times the root of 5
    (2.83, 9.6)
    >>> rows = {"base": {"0": {"psnr": 20.0}, "1": {"psnr": 22.0}}, "base+bsrgan": {"0": {"psnr": 20.5}, "1": {"psnr": 22.5}}}
    >>> seed_spread({"rows": rows}, "psnr").margins["base+bsrgan"]  # 0.5 more with every seed: no chance in it
    0.0
    """
    columns = seed_columns(results, key)
    n = min(map(len, columns.values()))
    if n < 2:
        return None
    variances = {name: float(np.var(column, ddof=1)) for name, column in columns.items()}
    groups = {large: [v for name, v in variances.items() if name.endswith("+bsrgan") == large] for large in (False, True)}
    pooled = {large: float(np.mean(group)) for large, group in groups.items() if group}
    student = stats.t.ppf(0.975, max(map(len, groups.values())) * (n - 1))
    base = pooled.get(False, 0.0)
    margins = {name: float(student * np.sqrt((base + pooled[name.endswith("+bsrgan")]) / n)) for name in columns}
    small, enlarged = (results["rows"].get(name, {}) for name in ("base", "base+bsrgan"))
    if small and small.keys() == enlarged.keys():
        added = [enlarged[seed][key] - small[seed][key] for seed in small]
        margins["base+bsrgan"] = float(stats.t.ppf(0.975, len(added) - 1) * np.std(added, ddof=1) / np.sqrt(len(added)))
    return Spread({name: variance**0.5 for name, variance in variances.items()}, margins, n)


def table(
    which: str,
    measured: Mapping[str, float],
    spread: Spread | None = None,
    seeds: Mapping[str, int] | None = None,
    frozen: Mapping[str, int] | None = None,
    others: Mapping[str, float] | None = None,
    title: str | None = None,
) -> str:
    """One of the paper's tables as text: a row a variant, the paper's column beside the measured one.

    Args:
        which: "fid", "resolution", "bitrate" or "mos".
        measured: a number for each row that was measured.
        spread: of the measured numbers over several seeds: a column with their standard deviation, and a star at each row
            further from the base than its margin. None, or none of them scatters: neither.
        seeds: how many each measured row has, where rows differ in that: stands at the end of the row.
        frozen: of `frozen_trainings`: stands there, too.
        others: the numbers without the frozen trainings, see `without_frozen`: a line at the end has those of the rows with frozen ones.
        title: in place of the usual one of `TITLES`.

    >>> print(table("resolution", {"base": 128.0}))
    Table 3: resolution, pixels
    variant           paper  change   measured  change
    base                128                128
    se                  128     +0%          -
    em                  128     +0%          -
    se+em+bsrgan        512   +300%          -
    >>> print(table("mos", {"base": 2.5, "se": 3.5}, spread=Spread({"base": 0.12, "se": 0.2}, {"base": 0.4, "se": 0.4}, 3)).splitlines()[2])
    base               2.74              2.500 ± 0.12
    """
    paper = PAPER[which]
    write = PRINTED[which].format if which == "resolution" else _digits
    scatters = spread is not None and any(spread.deviations.values())
    names = [name for name in VARIANTS if name in paper or name in measured]
    column = f"{'measured':>10}" + f"{'':10}" * scatters
    lines = [title or TITLES[which], f"{'variant':<14} {'paper':>8} {'change':>7} {column} {'change':>7}"]
    for name in names:
        here = f"{write(measured[name]) if name in measured else '-':>10}"
        far = ""
        if scatters:
            here += f"{f' ± {_digits(spread.deviations[name], 2)}' if name in measured else '':<10}"
            far = "*" if {name, "base"} <= set(measured) and abs(measured[name] - measured["base"]) > spread.margins[name] else ""
        theirs = PRINTED[which].format(paper[name]) if name in paper else "-"
        line = f"{name:<14} {theirs:>8} {change(paper, name):>7} {here} {change(measured, name):>7}{far}"
        ends = f"  n={seeds[name]}" if seeds and name in measured else ""
        lines.append(line.rstrip() + ends + (f"  frozen: {frozen[name]}" if frozen and name in frozen else ""))
    if frozen:
        lines.append("frozen: trainings of the row whose mouth never moves; its mean counts them")
        rows = [name for name in names if name in frozen and name in (others or {})]
        without = [f"{name} {write(others[name])}" + (f" ({moved})" if (moved := change(others, name)) else "") for name in rows]
        lines += textwrap.wrap(f"without them: {', '.join(without)}", 80, subsequent_indent="  ") if without else []
    if seeds:
        lines.append("n: seeds of the row")
    if scatters:
        lines += [f"mean ± standard deviation of {'n' if seeds else spread.n} seeds", "*: further from base than 19 of 20 equal rows would be"]
    return "\n".join(lines)


def beside(results: Mapping) -> str:
    """What the paper's title promises and its tables do not measure, as text: means over the seeds, and the real clips' own.

    Where a judge is wrong about the real clips themselves, its column says so, see `doubtful`. No row has a face's distance where dlib was
    not installed: then that column is left out.
    """
    measured = [metrics for seeds in results["rows"].values() for metrics in seeds.values()]
    columns = {head: key for head, key in BESIDE.items() if key != "identity_distance" or any(key in metrics for metrics in measured)}
    rows = {
        name: [np.mean([m[key] for m in seeds.values()]) if all(key in m for m in seeds.values()) else None for key in columns.values()]
        for name, seeds in results["rows"].items()
    }
    rows["real clips"] = [1.0 if key == "opening_deviation_ratio" else measured[0].get(f"{key}_real") for key in columns.values()]
    doubts = doubtful(measured[0])
    heads = [f"{head}{DOUBT * (key in doubts)}" for head, key in columns.items()]
    lines = ["Not in the paper: shares of the videos that show the emotion asked for,", "and that are in time with the sound; the mouth's deviation, of the real one's"]
    if "face" in columns:
        lines[-1] += ";"
        lines += [f"the face's distance to the neutral picture: the same person below {SAME_PERSON}"]
    lines += [f"{'variant':<14}" + "".join(f"{head:>10}" for head in heads)]
    lines += [f"{name:<14}" + "".join(f"{'-' if value is None else format(value, '.2f'):>10}" for value in row) for name, row in rows.items()]
    return "\n".join([*lines, *(line for note in doubts.values() for line in textwrap.wrap(note, 80, subsequent_indent="  "))])


def _digits(value: float, digits: int = 4) -> str:
    """Rounded to so many digits, the last zeros kept."""
    return f"{value:#.{digits}g}".rstrip(".")


def change(values: Mapping[str, float], name: str) -> str:
    """From the base row, in percent; empty for the base itself and where one of both is missing.

    >>> change({"base": 0.001080, "se": 0.000874}, "se")
    '-19%'
    """
    if name == "base" or name not in values or not values.get("base"):
        return ""
    return f"{values[name] / values['base'] - 1:+.0%}"


def opinions(report: Mapping | None) -> str:
    """Table 5, with the means that raters gave.

    Args:
        report: what `emotalk mos analyse --json` wrote; None: nobody was asked.

    >>> asked = {"raters": {"complete": 20, "partial": 1}, "aggregate": {"base": {"mean": 2.5}, "real": {"mean": 4.5}, "se": {"mean": None}}}
    >>> [line for line in opinions(asked).splitlines() if "base " in line or "raters" in line]
    ['base               2.74              2.500', 'measured: 21 raters; emotalk mos analyse has the intervals']
    """
    if report is None:
        return table("mos", {}) + "\nnot measured: needs raters"
    measured = {name: mean["mean"] for name, mean in report["aggregate"].items() if mean["mean"] is not None}
    n = report["raters"]["complete"] + report["raters"]["partial"]
    return table("mos", measured) + f"\nmeasured: {n} rater{'s' * (n != 1)}; emotalk mos analyse has the intervals"


def tables(results: Mapping, asked: Mapping | None = None) -> str:
    """Tables 2 to 5, what the paper has no table of, and how the measured columns were made.

    With several seeds, they say how far their numbers scatter, how many a row has where rows differ, how many trainings froze, and
    the means without these. Table 2 has true FID where every row has it.

    Args:
        results: what `ablate` returns.
        asked: what raters said of its videos, see `opinions`.
    """
    seeds = {name: len(row) for name, row in results["rows"].items()}
    seeds = seeds if len(set(seeds.values())) > 1 else None
    frozen, speaking = frozen_trainings(results), without_frozen(results)
    true_fid = all("fid" in metrics for row in results["rows"].values() for metrics in row.values())
    parts = []
    for which, key in (MEASURED | ({"fid": "fid"} if true_fid else {})).items():
        counted = (None, None) if which == "resolution" else (frozen, seed_means(speaking, key))
        parts.append(table(which, seed_means(results, key), seed_spread(results, key), seeds, *counted, TRUE_FID if key == "fid" else None))
    parts += [opinions(asked), beside(results)]
    return "\n\n".join([*parts, how(results)])


def how(results: Mapping) -> str:
    """How the numbers of `results.json` were made, in a few lines."""
    steps = ", ".join(f"{stage} {n}" for stage, n in results["steps"].items())
    data = "; ".join(f"{d['name']}, {d['clips']} clips of {d['actors']} actor{'s' * (d['actors'] != 1)}" for d in results["data"])
    seeds = f"seed{'s' * (len(results['seeds']) > 1)} {', '.join(map(str, results['seeds']))}"
    parts = (
        f"preset {results['preset']} with {steps} steps, {seeds}",
        f"data: {data}",
        f"{results['videos']} videos, {results['frames']} frames a row, of {results['judged_on']}",
        "; ".join([*upscaled_by(results), *results["encoding"]]),
        results["hardware"] + (f"; {duration(results['wall_seconds'])} in all, of all calls" if "wall_seconds" in results else ""),
    )
    return "\n".join(textwrap.fill(part, 80, subsequent_indent="  ") for part in parts)


def duration(seconds: float) -> str:
    """In words.

    >>> duration(42.4), duration(3540), duration(7384)
    ('42 s', '59 min', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def upscaled_by(results: Mapping) -> list[str]:
    """What enlarged the rows with BSRGAN, as far as the record says; more than one where seeds differ in that.

    >>> old = {"upscaler": "fast", "rows": {"base+bsrgan": {"0": {}}}}
    >>> upscaled_by(old)
    ["upscaled by fast in BSRGAN's place, steady or not: not recorded"]
    >>> upscaled_by({"rows": {"base+bsrgan": {"0": {"upscaler": "realesrgan", "steady": True}}}})
    ["upscaled by realesrgan in BSRGAN's place, steady"]
    """
    ways: dict[tuple[str, bool | None], set[int]] = {}
    for name, seeds in results["rows"].items():
        for seed, metrics in seeds.items() if name.endswith("+bsrgan") else ():
            way = metrics.get("upscaler", results.get("upscaler", "an upscaler not recorded")), metrics.get("steady")
            ways.setdefault(way, set()).add(int(seed))
    steadiness = {True: "steady", False: "frame by frame", None: "steady or not: not recorded"}
    said = []
    for (upscaler, steady), seeds in ways.items():
        by = "BSRGAN" if upscaler == "bsrgan" else f"{upscaler} in BSRGAN's place"
        of = f" (seed{'s' * (len(seeds) > 1)} {', '.join(map(str, sorted(seeds)))})" if len(ways) > 1 else ""
        said.append(f"upscaled by {by}, {steadiness[steady]}{of}")
    return said
