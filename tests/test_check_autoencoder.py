"""The exercise checks of chapter 03: the right answer passes, and each wrong one is told where to look."""

from statistics import NormalDist

import numpy as np
import pytest

from emotalk_lite import check


@pytest.mark.parametrize(
    "share, hint",
    [(0.865, "64 dimensions"), (0.86, "64 dimensions"), (86.5, "between 0 and 1"),
     (0.954, "on a line"), (0.911, "corners"), (0.135, "outside"), (0.982, "over two"), (0.632, "over two"), (0.393, "distance of 1"), (0.5, "integrate")],
)
def test_share_within(share, hint):
    verdict = check.share_within(share)
    assert hint in verdict.hint and bool(verdict) == (share in (0.86, 0.865))


def grid(n, equal=False, up=False, swap=False, ends=False):
    q = np.linspace(-2, 2, n) if equal else np.array([NormalDist().inv_cdf((k + 0.5) / n) for k in range(n)])
    if ends:
        q[0], q[-1] = -np.inf, np.inf
    codes = np.stack([np.tile(q, n), np.repeat(q if up else q[::-1], n)], -1)
    return codes[:, ::-1] if swap else codes


@pytest.mark.parametrize(
    "mistake, hint",
    [({}, "a sixteenth"), ({"equal": True}, "denser in the middle"), ({"up": True}, "y rises"), ({"swap": True}, "exchanged"),
     ({"ends": True}, "infinite")],
)
def test_quantile_grid(mistake, hint):
    verdict = check.quantile_grid(lambda n: grid(n, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


@pytest.mark.parametrize(
    "answer, hint",
    [(lambda n: grid(n) * [-1, 1], "x falls"), (lambda n: np.stack([grid(n)[:, 1], grid(n)[:, 0]], -1) * [-1, -1], "exchanged"),
     (lambda n: (np.stack([np.tile(np.arange(n), n), np.repeat(np.arange(n), n)], -1) + 0.5) / n, "like probabilities"),
     (lambda n: np.stack([np.tile([NormalDist().inv_cdf((k + 1) / (n + 1)) for k in range(n)], n)] * 2, -1), "(k + 1) / (n + 1)")],
)
def test_quantile_grid_names_other_mistakes(answer, hint):
    verdict = check.quantile_grid(answer)
    assert not verdict and hint in verdict.hint


def test_quantile_grid_says_what_it_wants():
    assert "normal quantiles" in check.quantile_grid(lambda n: grid(n) ** 3).hint


def errors(images, drawn, power=2):
    return ((drawn - images).abs() ** power).mean(dim=(1, 2, 3))


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda x, y, k: errors(x, y).argsort(descending=True)[:k], "not seen often"),
        (lambda x, y, k: errors(x, y).argsort(descending=True), "you give 12"),
        (lambda x, y, k: errors(x, y).argsort()[:k], "drawn best"),
        (lambda x, y, k: errors(x, y, 1).argsort(descending=True)[:k], "absolute"),
        (lambda x, y, k: (y - x).abs().amax(dim=(1, 2, 3)).argsort(descending=True)[:k], "single pixel"),
        (lambda x, y, k: errors(x, y).argsort(descending=True)[:k].flip(0), "wrong order"),
        (lambda x, y, k: errors(x, y).argsort(descending=True)[1 - k :], "you give 3"),
        (lambda x, y, k: errors(x, y).argsort(descending=True)[-k:], "missing"),
        (lambda x, y, k: (y - x).mean(dim=(1, 2, 3)).argsort(descending=True)[:k], "cancel in your mean"),
        (lambda x, y, k: errors(x, y).topk(k), ".indices"),
        (lambda x, y, k: errors(x, y).sort(descending=True).values[:k], "argsort"),
        (lambda x, y, k: x[errors(x, y).argsort(descending=True)[:k]], "Give the places"),
        (lambda x, y, k: [*errors(x, y).argsort(descending=True)[:2].tolist(), 0, 0], "then sort"),
    ],
)
def test_worst_drawn(answer, hint):
    verdict = check.worst_drawn(answer)
    assert hint in verdict.hint and bool(verdict) == ("not seen" in hint)
