"""What the answers say: means with intervals, shares, and how far raters agree."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from ..errors import EmotalkError
from ..paths import check_writable, write_json
from ..variants import VARIANTS
from .questions import AGREEMENT, KEYS, SCORES, STATEMENTS, STEPS
from .responses import Responses, read_key, read_responses

LEVEL = 0.95  # of the intervals
MARKS, PERCENT, WIDTH = "#=.=#", 4, 26  # of the bars: a character for each step, percent a character, characters to each side


class Mean(NamedTuple):
    """A mean and its interval; n raters. The bounds are nan where one rater is all there is."""

    mean: float
    low: float
    high: float
    n: int


def mean_interval(scores: Sequence[float], level: float = LEVEL) -> Mean:
    """The mean of independent scores and its Student t interval.

    Args:
        scores: one a rater.
        level: of confidence.

    Source: ITU-T P.800, Annex B, asks for a mean with its interval; Student 1908.

    >>> [round(x, 2) for x in mean_interval([2, 3, 3, 4, 5])]
    [3.4, 1.98, 4.82, 5]
    """
    x = np.asarray(scores, float)
    half = stats.t.ppf(0.5 + level / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)) if len(x) > 1 else float("nan")
    return Mean(float(x.mean()), float(x.mean() - half), float(x.mean() + half), len(x))


def agreement(ratings: np.ndarray) -> float:
    """Krippendorff's alpha for ordered steps: 1 if all raters agree, 0 if they agree no more than by chance.

    Args:
        ratings: (raters, items), 1 to 5; nan where a rater gave none.

    Returns:
        Alpha; nan if no item was rated twice or everything got the same step.

    Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability", ordinal metric.

    >>> agreement(np.array([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]))
    1.0
    >>> round(agreement(np.array([[1, 2, 3, 3], [1, 2, 3, np.nan], [2, 2, 3, 4]])), 3)
    0.861
    """
    together = np.zeros((STEPS, STEPS))  # how often two raters gave steps j and k to the same item
    for item in ratings.T:
        given = item[~np.isnan(item)].astype(int) - 1
        if len(given) > 1:
            n = np.bincount(given, minlength=STEPS)
            together += (np.outer(n, n) - np.diag(n)) / (len(given) - 1)
    total = together.sum(axis=0)
    if np.count_nonzero(total) < 2:
        return float("nan")
    ranks = np.cumsum(total) - total / 2
    distance = np.subtract.outer(ranks, ranks) ** 2  # between steps: how many ratings lie between them
    expected = (np.outer(total, total) * distance).sum() / (total.sum() - 1)
    return float(1 - (together * distance).sum() / expected)


def analyse(paths: Iterable[str | os.PathLike], key: str | os.PathLike, json_path: str | os.PathLike | None = None) -> dict[str, object]:
    """Everything that the responses say, by variant.

    A rater's scores of several clips of a variant are averaged first: the intervals are over raters, who are
    independent, not over clips.

    Args:
        paths: the files that raters saved.
        key: the survey's key.
        json_path: also write the result here.

    Returns:
        {"raters": counts, "refused": {file: reason}, "unplayed": counts, "scores": {variant: {question: Mean}}, "aggregate":
        {variant: Mean of the three scores}, "shares": {statement: {variant: five percentages}}, "agreement": {question: alpha}}.
        "unplayed": answered clips that never played, whose answers are left out, and responses that do not record it.

    Raises:
        EmotalkError: see `read_responses`; or nothing that can be used.
    """
    if json_path is not None:
        check_writable(json_path)
    survey = read_key(key)
    responses = read_responses(paths, survey)
    if not responses.used:
        why = "; ".join(f"{path.name}: {reason}" for path, reason in responses.refused.items())
        raise EmotalkError(f"none of the responses can be used ({why})")
    clips = {name: about["variant"] for name, about in survey["clips"].items()}
    names = Counter(path.name for path in responses.refused)  # each rater may have a folder, with files of one name
    known = {name: rank for rank, name in enumerate(VARIANTS)}
    variants = sorted(set(clips.values()), key=lambda name: (known.get(name, len(known)), name))
    report = {
        "survey": survey["survey"],
        "raters": count_raters(responses),
        "refused": {path.name if names[path.name] == 1 else str(path): reason for path, reason in responses.refused.items()},
        "unplayed": {
            "left_out": sum(response.unplayed or 0 for response in responses.used),
            "not_recorded": sum(response.unplayed is None for response in responses.used),
        },
        "scores": {variant: _scores(responses, [c for c in clips if clips[c] == variant]) for variant in variants},
        "aggregate": {variant: _mean_of(responses, SCORES, [c for c in clips if clips[c] == variant]) for variant in variants},
        "shares": {s: {v: _shares(responses, s, [c for c in clips if clips[c] == v]) for v in variants} for s in STATEMENTS},
        "agreement": {question: agreement(_matrix(responses, question, list(clips))) for question in KEYS},
    }
    if json_path is not None:
        plain = {
            **report,
            "scores": {v: {q: m._asdict() for q, m in row.items()} for v, row in report["scores"].items()},
            "aggregate": {v: m._asdict() for v, m in report["aggregate"].items()},
        }
        write_json(_without_nan(plain), json_path)
    return report


def count_raters(responses: Responses) -> dict[str, int]:
    """How many responses of each kind."""
    kinds = [reason.partition(":")[0] for reason in responses.refused.values()]
    complete = sum(response.complete for response in responses.used)
    counts = {"complete": complete, "partial": len(responses.used) - complete}
    return counts | {kind: kinds.count(kind) for kind in ("duplicate", "tampered", "foreign")}


def report_tables(report: dict[str, object]) -> str:
    """The report as text, shaped like the paper's Tables 5 and 6."""
    scores, raters = report["scores"], report["raters"]
    lines = [", ".join(f"{n} {kind}" for kind, n in raters.items() if n), ""]
    rows = {"": list(SCORES)} | {variant: [_cell(row[question]) for question in SCORES] for variant, row in scores.items()}
    lines += _columns(rows)
    means = report["aggregate"]
    base = means["base"].mean if "base" in means else float("nan")
    rows = {"": ["mean", "vs base"]} | {variant: [_cell(m), _said(m.mean / base - 1, "+.1%")] for variant, m in means.items()}
    lines += ["", "mean of the three", *_columns(rows, gap=2)]
    for statement, shares in report["shares"].items():
        rows = {"": list(AGREEMENT)} | {variant: [_said(share, ".1f") for share in row] for variant, row in shares.items()}
        lines += ["", f'"{STATEMENTS[statement]}", percent', *_columns(rows, gap=2)]
    alphas = ", ".join(f"{q} {a:.2f}" if np.isfinite(a) else f"{q} cannot be said" for q, a in report["agreement"].items())
    lines += ["", "agreement between raters (Krippendorff's alpha):", f"  {alphas}"]
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
    return [f"{name:{first}}" + "".join(f"{cell:>{gap + wide}}" for cell, wide in zip(row, widths)) for name, row in rows.items()]


def _said(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else "-"


def _cell(m: Mean) -> str:
    if not m.n:
        return "-"
    return f"{m.mean:.2f} " + (f"[{m.low:.2f}, {m.high:.2f}]" if m.n > 1 else "(one rater)")


def _scores(responses: Responses, clips: list[str]) -> dict[str, Mean]:
    return {question: _mean_of(responses, [question], clips) for question in KEYS}


def _mean_of(responses: Responses, questions: Iterable[str], clips: list[str]) -> Mean:
    """Each rater's answers to these questions averaged, of those who answered all of them about a clip; then over raters."""
    answers = np.mean([_matrix(responses, question, clips) for question in questions], axis=0)  # nan where one is missing
    answers = answers[~np.isnan(answers).all(axis=1)]
    return mean_interval(np.nanmean(answers, axis=1)) if len(answers) else Mean(float("nan"), float("nan"), float("nan"), 0)


def _shares(responses: Responses, statement: str, clips: list[str]) -> list[float]:
    given = _matrix(responses, statement, clips)
    given = given[~np.isnan(given)].astype(int)
    return [100 * float(np.mean(given == step)) if len(given) else float("nan") for step in range(1, STEPS + 1)]


def _matrix(responses: Responses, question: str, clips: list[str]) -> np.ndarray:
    """(raters, clips) of one question, nan where there is no answer."""
    rows = [[r.ratings.get(clip, {}).get(question, np.nan) for clip in clips] for r in responses.used]
    return np.array(rows, float).reshape(len(responses.used), len(clips))


def _without_nan(value):
    """JSON has no nan: null stands for it."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
