"""The exercise checks of chapter 14: the right answer passes, and each wrong one is told where to look."""

import numpy as np
import pytest

from emotalk_lite import check
from emotalk_lite.metrics.frechet import expected_bias, kernel_distance


@pytest.mark.parametrize(
    "count, hint",
    [
        (2_044_444, "23 hours"),
        (1_022_222, "Half of it"),
        (118_519, "means alone"),
        (1_925_926, "left out the means"),
        (4_088_889, "for each"),
        (2.09e9, "not with its root"),
        (63_944, "not with its square"),
        (3_970_370, "not half"),
        (2_000_000, "three digits"),
        (4.9e-7, "Upside down"),
        (1430, "no root"),
        (7, "Set it equal"),
    ],
)
def test_frames_for_the_paper(count, hint):
    verdict = check.frames_for_the_paper(count)
    assert hint in verdict.hint and bool(verdict) == (count == 2_044_444)


def test_so_many_frames_have_that_bias():
    assert expected_bias(1.0, 64, 2_044_444, 2_044_444) == pytest.approx(0.00108, rel=1e-5)


def discrepancy(a, b, divide=None, degree=3, add=1, diagonal=False, pairs=True, between=2, sign=1):
    def kernel(x, y):
        return (x @ y.T / (divide or x.shape[1]) + add) ** degree

    found = 0
    for x in (a, b):
        k, n = kernel(x, x), len(x)
        found += k.mean() if diagonal else (k.sum() - np.trace(k)) / (n * (n - 1) if pairs else n**2)
    return sign * (found - between * kernel(a, b).mean())


@pytest.mark.parametrize(
    "mistake, hint",
    [
        ({}, "two sides"),
        ({"diagonal": True}, "with itself"),
        ({"pairs": False}, "n squared"),
        ({"between": 1}, "counts twice"),
        ({"sign": -1}, "The sign"),
        ({"divide": 1}, "number of features"),
        ({"degree": 2}, "third power"),
        ({"add": 0}, "left out the 1"),
        ({"between": -2}, "The sign"),
        ({"between": 3}, "Three means"),
    ],
)
def test_kernel_mean(mistake, hint):
    verdict = check.kernel_mean(lambda a, b: discrepancy(a, b, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


def test_kernel_mean_of_other_answers():
    assert check.kernel_mean(kernel_distance)
    assert "The square" in check.kernel_mean(lambda a, b: np.sqrt(kernel_distance(a, b))).hint
    assert "not averaged" in check.kernel_mean(lambda a, b: discrepancy(a, b) / 2).hint
    assert "one number" in check.kernel_mean(lambda a, b: a.mean(axis=0)).hint


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda n, d: np.polyfit(1 / n, d, 1)[1], "where they lead"),
        (lambda n, d: np.polyfit(1 / n, d, 1)[0], "the slope"),
        (lambda n, d: np.polyfit(n, d, 1)[1], "no frames at all"),
        (lambda n, d: np.polyfit(np.log(n), d, 1)[1], "log N"),
        (lambda n, d: np.polyfit(1 / np.sqrt(n), d, 1)[1], "its root"),
        (lambda n, d: d.min(), "of its N"),
        (lambda n, d: d.mean(), "mean of all"),
        (lambda n, d: np.polyfit(1 / n[-2:], d[-2:], 1)[1], "two of them only"),
        (lambda n, d: np.polyfit(d, 1 / n, 1)[1], "exchange the two"),
        (lambda n, d: np.polyfit(1 / n, d, 1), "Return one number"),
        (lambda n, d: 0.0, "Fit a straight line"),
    ],
)
def test_without_limit(answer, hint):
    verdict = check.without_limit(answer)
    assert hint in verdict.hint and bool(verdict) == (hint == "where they lead")
