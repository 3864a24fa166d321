"""Checks of the exercises of chapter 15."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .verdict import Verdict


def raters_for_a_tenth(raters: float) -> Verdict:
    """Chapter 15: how many raters know a mean to 0.1, if answers scatter by one point.

    >>> raters_for_a_tenth(20)
    Not yet. That is the root of it: a mean scatters less by the *root* of the number of raters.
    """
    hints = {
        (385, 385): "",
        (384, 384.99): "19.6 squared is 384.16, so with 384 it is a little more than 0.1: round up.",
        (400, 400): "That is 20 squared, with 2 in place of 1.96.",
        (19, 20): "That is the root of it: a mean scatters less by the *root* of the number of raters.",
        (10, 10): "That would be 1 / 0.1. A mean scatters less by the *root* of the number of raters, and the interval reaches 1.96 of that.",
        (100, 100): "That makes the standard error 0.1. The interval reaches 1.96 of them to each side.",
        (96, 100): "That is for an interval 0.2 to each side; 0.1 to *each* side is asked for.",
        (1536, 1560): "That is for an interval that is 0.1 wide in all; 0.1 to *each* side is asked for.",
        (768, 800): "That is for the difference of two groups; one mean is asked for.",
        (3.8, 4): "That is 1.96 squared. It still has to be divided by 0.1 squared.",
        (270, 271): "That is for 90 %, with 1.645; take 1.96 for 95 %.",
        (1568, 1569): "That is to see a difference of 0.1 between two groups in four surveys of five; one mean is asked for.",
    }
    for (low, high), hint in hints.items():
        if low <= raters <= high:
            return Verdict(not hint, hint or "19.6 squared, rounded up. The paper's 39 know their mean to 0.32.")
    return Verdict(False, "1.96 standard errors are to be 0.1, and one standard error is 1 over the root of the number of raters.")


def paired_interval(answer: Callable[[Sequence[float], Sequence[float]], Sequence[float]]) -> Verdict:
    """Chapter 15: the mean difference of two films that the same raters saw, with its interval of 95 %.

    Args:
        answer: takes the answers to film a and to film b, rater by rater, and returns mean, low, high of b less a.

    >>> paired_interval(lambda a, b: (0.0, -1.0, 1.0))
    Not yet. The mean is not right: take each rater's difference, b less a, and the mean of those.
    """
    from scipy import stats

    a, b = np.array([1, 2, 2, 3, 4, 4, 5, 3]), np.array([3, 5, 3, 4, 4, 5, 5, 2])  # harsh raters and mild ones
    given = answer(a.copy(), b.copy())
    if np.shape(given) != (3,):
        return Verdict(False, "Return three numbers: the mean difference, the low end and the high end.")
    mean, low, high = map(float, given)
    each, n = b - a, len(a)
    if np.isclose(mean, -each.mean()):
        return Verdict(False, "The sign: b less a.")
    if np.isclose(mean, np.abs(each).mean()):
        return Verdict(False, "Keep the signs: a rater who likes film a better counts against b.")
    if np.isclose(low, each.mean()):
        return Verdict(False, "The order: the mean first, then the low end, then the high end.")
    if not np.isclose(mean, each.mean()):
        return Verdict(False, "The mean is not right: take each rater's difference, b less a, and the mean of those.")
    if not np.isclose(mean - low, high - mean) or high <= low:
        return Verdict(False, "The interval lies evenly around the mean, the low end first.")
    t, half, error = stats.t.ppf(0.975, n - 1), high - mean, each.std(ddof=1) / np.sqrt(n)
    both = np.sqrt(a.var(ddof=1) / n + b.var(ddof=1) / n)
    hints = {
        t * error: "",
        1.96 * error: "With 8 raters, 1.96 is too few: take Student's number for n - 1.",
        stats.norm.ppf(0.975) * error: "With 8 raters, 1.96 is too few: take Student's number for n - 1.",
        t * each.std() / np.sqrt(n): "Deviations from a mean that was itself estimated: divide by n - 1 (ddof=1).",
        t * each.std(ddof=1): "That is the scatter of one rater's difference. A mean of n scatters less, by the root of n.",
        2 * error: "Twice is only about right: with 8 raters, Student's number for n - 1 is 2.36.",
        stats.t.ppf(0.975, n) * error: "Of n differences, n - 1 are free once their mean is taken: Student's number for n - 1.",
        1.96 * each.std() / np.sqrt(n): "With 8 raters, 1.96 is too few: take Student's number for n - 1, and ddof=1 for the deviation.",
        t * each.std(ddof=1) / np.sqrt(n - 1): "n - 1 is counted twice: in the deviation, with ddof=1, and once more under the root. There it is n.",
        t * each.std(ddof=1) / n: "A mean of n scatters less by the root of n, not by n.",
        1.645 * error: "1.645 leaves 5 % out at each end: take Student's number at 0.975.",
        error: "That is one standard error; the interval reaches t of them to each side.",
        stats.t.ppf(0.95, n - 1) * error: "2.5 % are left out at each end: take t at 0.975.",
    }
    for value, hint in hints.items():
        if np.isclose(half, value, rtol=1e-4):
            return Verdict(not hint, hint or "The habits of the raters are gone: they cancel in each rater's own difference.")
    if any(np.isclose(half, stats.t.ppf(0.975, df) * both, rtol=1e-2) for df in (n - 1, 2 * n - 2)) or np.isclose(half, 1.96 * both, rtol=1e-3):
        return Verdict(False, "That treats them as two groups of people. Take the scatter of each rater's own difference.")
    return Verdict(False, "The mean is right. The interval is that of the differences, one a rater: t times their standard error.")


def careless_raters(answer: Callable[[np.ndarray, float], Sequence[int]]) -> Verdict:
    """Chapter 15: raters whose answers do not go with those of the others.

    Args:
        answer: takes ratings (raters, clips) and the least correlation, and returns the row numbers of those below it.

    >>> careless_raters(lambda ratings, least: [])
    Not yet. The one who says the same of every clip is missing. Nothing correlates with a constant: treat it on its own.
    """
    rng = np.random.default_rng(1)
    deserved = np.linspace(1.4, 4.6, 10)
    ratings = np.clip(np.rint(deserved + rng.normal(0, 0.5, (9, 1)) + rng.normal(0, 0.5, (9, 10))), 1, 5)
    constant, dice, mirrored = 3, 1, 4
    ratings[constant], ratings[dice], ratings[mirrored] = 3, rng.integers(1, 6, 10), 6 - ratings[mirrored]
    with_others = [_correlation(row, np.delete(ratings, k, axis=0).mean(axis=0)) for k, row in enumerate(ratings)]
    with_all = [_correlation(row, ratings.mean(axis=0)) for row in ratings]
    least = (with_others[dice] + with_all[dice]) / 2  # between the two: own answers in the mean make the dice thrower pass

    def ask(limit: float) -> set[int]:
        with np.errstate(invalid="ignore", divide="ignore"):
            return {int(k) for k in answer(ratings.copy(), limit)}

    with np.errstate(invalid="ignore", divide="ignore"):
        rows = list(answer(ratings.copy(), least))
    if rows and all(isinstance(k, bool | np.bool_) for k in rows):
        return Verdict(False, "Return the numbers of the rows, not a True or False for each.")
    if any(np.ndim(k) for k in rows):
        return Verdict(False, "Return the numbers of the rows, one after the other in a list, not the rows themselves or a list of lists.")
    found = {int(k) for k in rows}
    right = {k for k, r in enumerate(with_others) if not r >= least}
    if found == right and ask(1.0) == found:
        return Verdict(False, "With a least of 1, nobody is good enough, and your function still finds the same: compare with `least`.")
    if found == right and any(ask(limit) != {k for k, r in enumerate(with_others) if not r >= limit} for limit in (0.5, 0.85, 0.9)):
        return Verdict(False, "With another least, it finds others than it should: one correlation a row, with the mean of the other rows.")
    if found == right:
        return Verdict(True, "Your function finds the constant one, the dice thrower and the one who read the scale upside down.")
    if found == set(range(9)) - right:
        return Verdict(False, "Those are the careful ones. Return the others.")
    if found == {k + 1 for k in right}:
        return Verdict(False, "Count the rows from 0.")
    clips = [_correlation(column, np.delete(ratings, k, axis=1).mean(axis=1)) for k, column in enumerate(ratings.T)]
    if found == {k for k, r in enumerate(clips) if not r >= least}:
        return Verdict(False, "Those are clips: a row of `ratings` is a rater, a column a clip.")
    if constant not in found:
        return Verdict(False, "The one who says the same of every clip is missing. Nothing correlates with a constant: treat it on its own.")
    if mirrored not in found:
        return Verdict(False, "Somebody who contradicts all others correlates with them strongly, and negatively. Keep the sign.")
    if dice not in found:
        return Verdict(False, "A rater helps to make the mean of all, and so correlates with it. Leave the rater's own answers out of it.")
    if found > right:
        return Verdict(False, "You refuse somebody who goes with the others. Harsh or mild does not matter, only the correlation with their mean.")
    return Verdict(False, "For each row: the correlation with the mean of the other rows, compared with the least that is allowed.")


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """nan where one of them is constant."""
    return float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else float("nan")
