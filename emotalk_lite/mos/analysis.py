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
from .questions import KEYS, SCORES, STATEMENTS, STEPS
from .responses import REFUSED, Responses, read_key, read_responses

LEVEL = 0.95  # of the intervals


class Mean(NamedTuple):
    """A mean and its interval; n raters, 0 where that is not known. The bounds are nan where fewer than two are known."""

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


def analyse(
    paths: Iterable[str | os.PathLike], key: str | os.PathLike, json_path: str | os.PathLike | None = None, base: str | None = None
) -> dict[str, object]:
    """Everything that the responses say, by variant.

    A rater's scores of several clips of a variant are averaged first: the intervals are over raters, who are
    independent, not over clips. So are those of a variant's difference to the base: it is each rater's own, of those who rated
    both, and their habits cancel. An interval is for one difference; of many that are none, one in twenty seems to be one.

    Args:
        paths: the files that raters saved.
        key: the survey's key.
        json_path: also write the result here.
        base: the variant that the others are compared with; None: "base", where there is one.

    Returns:
        {"raters": counts, "refused": {file: reason}, "unplayed": counts, "base": its name or None, "scores": {variant: {question:
        Mean}}, "aggregate": {variant: Mean of the three scores}, "difference": {variant: {question or "aggregate": Mean of the
        raters' differences to the base}}, "shares": {statement: {variant: five percentages}}, "agreement": {question: alpha}}.
        "unplayed": answered clips that never played, whose answers are left out, and responses that do not record it.

    Raises:
        EmotalkError: see `read_responses`; or nothing that can be used, or no such base.
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
    if base is not None and base not in variants:
        raise EmotalkError(f"no variant {base!r} in this survey; there are {', '.join(variants)}")
    base = base or ("base" if "base" in variants else None)
    asked = {question: [question] for question in KEYS} | {"aggregate": SCORES}
    means = {
        variant: {name: _rater_means(responses, questions, [c for c in clips if clips[c] == variant]) for name, questions in asked.items()}
        for variant in variants
    }
    report = {
        "survey": survey["survey"],
        "raters": count_raters(responses),
        "refused": {path.name if names[path.name] == 1 else str(path): reason for path, reason in responses.refused.items()},
        "unplayed": {
            "left_out": sum(response.unplayed or 0 for response in responses.used),
            "not_recorded": sum(response.unplayed is None for response in responses.used),
        },
        "base": base,
        "scores": {variant: {question: _mean_of(row[question]) for question in KEYS} for variant, row in means.items()},
        "aggregate": {variant: _mean_of(row["aggregate"]) for variant, row in means.items()},
        "difference": {
            variant: {name: _mean_of(row[name] - means[base][name]) for name in asked} for variant, row in means.items() if base not in (None, variant)
        },
        "shares": {s: {v: _shares(responses, s, [c for c in clips if clips[c] == v]) for v in variants} for s in STATEMENTS},
        "agreement": {question: agreement(_matrix(responses, question, list(clips))) for question in KEYS},
    }
    if json_path is not None:
        write_json(_plain(report), json_path)
    return report


def count_raters(responses: Responses) -> dict[str, int]:
    """How many responses of each kind."""
    kinds = [reason.partition(":")[0] for reason in responses.refused.values()]
    complete = sum(response.complete for response in responses.used)
    counts = {"complete": complete, "partial": len(responses.used) - complete}
    return counts | {kind: kinds.count(kind) for kind in REFUSED}


def _rater_means(responses: Responses, questions: Iterable[str], clips: list[str]) -> np.ndarray:
    """Each rater's answers to these questions averaged, over clips about which all of them were answered; nan: there is none."""
    answers = np.mean([_matrix(responses, question, clips) for question in questions], axis=0)  # nan where one is missing
    given = ~np.isnan(answers)
    return np.where(given, answers, 0).sum(axis=1) / np.where(given.any(axis=1), given.sum(axis=1), np.nan)


def _mean_of(raters: np.ndarray) -> Mean:
    """Over raters, nan left out."""
    raters = raters[~np.isnan(raters)]
    return mean_interval(raters) if len(raters) else Mean(float("nan"), float("nan"), float("nan"), 0)


def _shares(responses: Responses, statement: str, clips: list[str]) -> list[float]:
    given = _matrix(responses, statement, clips)
    given = given[~np.isnan(given)].astype(int)
    return [100 * float(np.mean(given == step)) if len(given) else float("nan") for step in range(1, STEPS + 1)]


def _matrix(responses: Responses, question: str, clips: list[str]) -> np.ndarray:
    """(raters, clips) of one question, nan where there is no answer."""
    rows = [[r.ratings.get(clip, {}).get(question, np.nan) for clip in clips] for r in responses.used]
    return np.array(rows, float).reshape(len(responses.used), len(clips))


def _plain(value):
    """For JSON, which has no tuples with names and no nan: null stands for it."""
    if isinstance(value, Mean):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
