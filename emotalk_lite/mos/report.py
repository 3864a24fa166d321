"""What `analyse` found, as text: tables shaped like the paper's, and bars."""

from __future__ import annotations

import json
import os

import numpy as np

from ..errors import EmotalkError
from ..paths import check_readable
from ..variants import VARIANTS
from .analysis import Mean
from .questions import AGREEMENT, SCORES, STATEMENTS

MARKS, PERCENT, WIDTH = "#=.=#", 4, 26  # of the bars: a character for each step, percent a character, characters to each side


def read_report(path: str | os.PathLike) -> dict[str, object]:
    """What `analyse` wrote of a survey about the paper's variants, for `ablation_tables.tables`.

    Raises:
        EmotalkError: no such file, another one, or a survey about none of the variants.

    >>> read_report("no_such.json")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such.json: no such file; give what `emotalk mos analyse --json` wrote
    """
    path = check_readable(path, "give what `emotalk mos analyse --json` wrote")
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        of = {name for name, row in report["aggregate"].items() if row["mean"] is not None and report["raters"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise EmotalkError(f"{path}: not the result of a survey; give what `emotalk mos analyse --json` wrote") from None
    if not of & set(VARIANTS):
        raise EmotalkError(f"{path}: of {', '.join(sorted(of)) or 'nothing'}; a survey about rows of the ablation names its folders as they are: {', '.join(VARIANTS)}")
    return report


def report_tables(report: dict[str, object]) -> str:
    """The report as text, shaped like the paper's Tables 5 and 6."""
    scores, raters = report["scores"], report["raters"]
    lines = [", ".join(f"{n} {kind}" for kind, n in raters.items() if n), ""]
    rows = {"": list(SCORES)} | {variant: [_cell(row[question]) for question in SCORES] for variant, row in scores.items()}
    lines += _columns(rows)
    means, base, differ = report["aggregate"], report["base"], report["difference"]
    rows = {"": ["mean"]} | {variant: [_cell(m)] for variant, m in means.items()}
    if base is not None:
        rows[""] += [f"vs {base}"]
        for variant, m in means.items():
            rows[variant] += [_said(m.mean / means[base].mean - 1, "+.1%")]
    if differ:
        rows[""] += ["by the same raters"]
        for variant in means:
            rows[variant] += [_cell(differ[variant]["aggregate"], "+") if variant in differ else ""]
    lines += ["", "mean of the three", *_columns(rows, gap=2)]
    rows = {"": list(STATEMENTS)} | {variant: [_cell(row[statement]) for statement in STATEMENTS] for variant, row in scores.items()}
    lines += ["", "statements as 1 to 5", *_columns(rows, gap=2)]
    if differ:
        rows = {"": list(SCORES)} | {variant: [_cell(row[question], "+") for question in SCORES] for variant, row in differ.items()}
        lines += ["", f"more than {base}, by the same raters", *_columns(rows)]
    for statement, shares in report["shares"].items():
        rows = {"": list(AGREEMENT)} | {variant: [_said(share, ".1f") for share in row] for variant, row in shares.items()}
        lines += ["", f'"{STATEMENTS[statement]}", percent', *_columns(rows, gap=2)]
    if report["agreement"]:
        lines += ["", "agreement between raters (Krippendorff's alpha):", f"  {_alphas(report['agreement'])}"]
    unplayed = report["unplayed"]
    if n := unplayed["left_out"]:
        lines += [f"left out: answers about {n} clip{'s' * (n != 1)} that {'were' if n > 1 else 'was'} never played"]
    if n := unplayed["not_recorded"]:
        lines += [f"{n} response{'s' * (n != 1)} of an earlier page: whether the clips were played is not recorded"]
    lines += [f"not used: {name} ({reason})" for name, reason in report["refused"].items()]
    return "\n".join(lines)


def report_bars(report: dict[str, object]) -> str:
    """The shares of each statement as diverging bars of plain characters: who disagrees to the left, who agrees to the right.

    >>> print(report_bars({"shares": {"pleasing": {"base": [20.0, 20.0, 20.0, 0.0, 40.0], "se": [float("nan")] * 5}}}))
    "It was visually pleasing"
    ## strongly disagree  == disagree  .. neutral  == agree  ## strongly agree
    base                         #####=====..|...##########
    se                                      |
    """
    lines = []
    for statement, shares in report["shares"].items():
        legend = "  ".join(f"{2 * mark} {step}" for mark, step in zip(MARKS, AGREEMENT))
        lines += ["", f'"{STATEMENTS[statement]}"', legend]
        for variant, row in shares.items():
            given = np.nan_to_num(np.asarray(row, float))
            ends = np.cumsum([-given[:2].sum() - given[2] / 2, *given]) / PERCENT  # of the five parts, from the middle
            places = [int(np.floor(end + 0.5)) + WIDTH for end in ends]
            bar = " " * places[0] + "".join(mark * (b - a) for mark, a, b in zip(MARKS, places, places[1:]))
            bar = bar.ljust(WIDTH)
            lines.append(f"{variant:14}{bar[:WIDTH]}|{bar[WIDTH:]}".rstrip())
    return "\n".join(lines[1:])


def _columns(rows: dict[str, list[str]], gap: int = 1) -> list[str]:
    """A table in lines: names to the left, each column as wide as it has to be."""
    first, widths = max(map(len, rows)), [max(map(len, column)) for column in zip(*rows.values())]
    return [(f"{name:{first}}" + "".join(f"{cell:>{gap + wide}}" for cell, wide in zip(row, widths))).rstrip() for name, row in rows.items()]


def _said(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else "-"


def _alphas(agreement: dict[str, float]) -> str:
    return ", ".join(f"{q} {a:.2f}" if np.isfinite(a) else f"{q} cannot be said" for q, a in agreement.items())


def _cell(m: Mean, sign: str = "") -> str:
    """`sign`: of the mean, as in a format."""
    if not np.isfinite(m.mean):
        return "-"
    return f"{m.mean:{sign}.2f}" + (f" [{m.low:.2f}, {m.high:.2f}]" if m.n > 1 else " (one rater)" * m.n)
