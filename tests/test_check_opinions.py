"""The exercise checks of chapter 15: the right answer passes, and each wrong one is told where to look."""

import numpy as np
import pytest
from scipy import stats

from emotalk_lite import check


@pytest.mark.parametrize(
    "raters, hint",
    [(385, "19.6 squared"), (384, "round up"), (400, "20 squared"), (19.6, "the root of it"), (97, "0.2 to each side"),
     (100, "standard error 0.1"), (1537, "wide in all"), (769, "two groups"), (1568, "four surveys of five"), (39, "standard errors"),
     (10, "1 / 0.1"), (3.84, "divided by 0.1 squared"), (271, "90 %")],
)  # fmt: skip
def test_raters_for_a_tenth(raters, hint):
    verdict = check.raters_for_a_tenth(raters)
    assert hint in verdict.hint and bool(verdict) == (raters == 385)


def test_the_number_of_raters_is_that_of_the_formula():
    n = 385
    assert stats.norm.ppf(0.975) / np.sqrt(n) <= 0.1 < stats.norm.ppf(0.975) / np.sqrt(n - 1) and check.raters_for_a_tenth(n)


def paired(a, b, *, level=0.975, ddof=1, student=True, root=True, sign=1, two_groups=False):
    d = sign * (np.asarray(b) - a)
    n = len(d)
    error = d.std(ddof=ddof) / (np.sqrt(n) if root else 1)
    if two_groups:
        error = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / n)
    half = (stats.t.ppf(level, n - 1) if student else 1.96) * error
    return d.mean(), d.mean() - half, d.mean() + half


@pytest.mark.parametrize(
    "mistake, hint",
    [
        ({}, "habits"),
        ({"sign": -1}, "The sign"),
        ({"student": False}, "too few"),
        ({"ddof": 0}, "ddof=1"),
        ({"root": False}, "by the root"),
        ({"level": 0.95}, "0.975"),
        ({"two_groups": True}, "two groups"),
        ({"two_groups": True, "student": False}, "two groups"),
        ({"level": 0.7}, "t times their standard error"),
    ],
)
def test_paired_interval(mistake, hint):
    verdict = check.paired_interval(lambda a, b: paired(a, b, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda a, b: np.mean(b - a), "three numbers"),
        (lambda a, b: (np.mean(b - a), *paired(a, b)[:0:-1]), "low end first"),
        (lambda a, b: (np.mean(b), 0, 1), "mean is not right"),
        (lambda a, b: paired(np.zeros(8), abs(b - a)), "Keep the signs"),
        (lambda a, b: [paired(a, b)[k] for k in (1, 0, 2)], "The order"),
        (lambda a, b: (np.mean(b - a), *(np.mean(b - a) + np.array([-2, 2]) * np.std(b - a, ddof=1) / np.sqrt(8))), "Twice"),
        (lambda a, b: (np.median(b - a), *paired(a, b)[1:]), "mean is not right"),
        (lambda a, b: (np.mean(b - a), *(np.mean(b - a) + np.array([-1, 1]) * np.std(b - a, ddof=1) / np.sqrt(8))), "one standard error"),
        (lambda a, b: (np.mean(b - a), *stats.ttest_ind(b, a, equal_var=False).confidence_interval()), "two groups"),
    ],
)
def test_paired_interval_of_other_mistakes(answer, hint):
    verdict = check.paired_interval(answer)
    assert hint in verdict.hint and not verdict


def careless(ratings, least, *, leave_out=True, constants=True, absolute=False, inverted=False, strict=0.0, limit=None, numbers=True):
    found, least = [], limit or least
    for k, own in enumerate(ratings):
        mean = (np.delete(ratings, k, axis=0) if leave_out else ratings).mean(axis=0)
        r = np.corrcoef(own, mean)[0, 1]
        r = abs(r) if absolute else r
        if r < least + strict or constants and own.std() == 0:
            found.append(k)
    rows = [k for k in range(len(ratings)) if k not in found] if inverted else found
    return rows if numbers else [k in rows for k in range(len(ratings))]


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda ratings, least: [k + 1 for k in careless(ratings, least)], "from 0"),
        (lambda ratings, least: careless(ratings.T, least), "Those are clips"),
        (lambda ratings, least: ratings[careless(ratings, least)], "not the rows themselves"),
        (lambda ratings, least: np.where(careless(ratings, least, numbers=False)), "list of lists"),
        (lambda ratings, least: [k for k, row in enumerate(np.corrcoef(ratings)) if not np.nansum(row) - 1 >= 8 * least], "another least"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_careless_raters_of_other_mistakes(answer, hint):
    verdict = check.careless_raters(answer)
    assert hint in verdict.hint and not verdict


@pytest.mark.parametrize(
    "mistake, hint",
    [
        ({}, "upside down"),
        ({"constants": False}, "same of every clip"),
        ({"leave_out": False}, "own answers out"),
        ({"absolute": True}, "Keep the sign"),
        ({"inverted": True}, "careful ones"),
        ({"strict": 1.0}, "refuse somebody"),
        ({"limit": 0.5}, "compare with `least`"),
        ({"numbers": False}, "True or False"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_careless_raters(mistake, hint):
    verdict = check.careless_raters(lambda ratings, least: careless(ratings, least, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)
