"""The exercise checks of chapter 04: the right answer passes, and each wrong one is told where to look."""

import numpy as np
import pytest

from emotalk_lite import check


@pytest.mark.parametrize(
    "answer, hint",
    [((30, 5), "other 25"), ((6, 1), "one-hot"), ((11, 5), "not added"), ((12, 2), "Five numbers"), ((30, 1), "all five"),
     ((30, 25), "no sign"), ((30, 15), "no sign"), ((30, 6), "sign +1")],
)
def test_code_numbers(answer, hint):
    verdict = check.code_numbers(*answer)
    assert hint in verdict.hint and bool(verdict) == (answer == (30, 5))


def rising(shown):
    return (np.diff(shown, axis=-1) > 0).all(axis=-1)


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda shown: rising(shown).mean(), "does not count"),
        (rising, "one number"),
        (lambda shown: (np.diff(shown, axis=-1) >= 0).all(axis=-1).mean(), "stands still"),
        (lambda shown: (np.diff(shown, axis=-1) > 0).mean(), "share of steps"),
        (lambda shown: (shown[..., -1] > shown[..., 0]).mean(), "ends only"),
        (lambda shown: rising(shown).sum(), "how many"),
        (lambda shown: 100 * rising(shown).mean(), "percent"),
        (lambda shown: (np.diff(shown, axis=-1) > 0).all(axis=(1, 2)).mean(), "share of actors"),
        (lambda shown: rising(shown).all(), "whether all"),
        (lambda shown: 1 - rising(shown).mean(), "do not rise"),
        (lambda shown: (np.diff(shown, axis=-1) > 0).any(axis=-1).mean(), "One rising step"),
        (lambda shown: (np.diff(shown, axis=0) > 0).all(axis=0).mean(), "actor to actor"),
        (lambda shown: (np.diff(shown, axis=1) > 0).all(axis=1).mean(), "expression to expression"),
        (lambda shown: 0.123, "above zero; the mean"),
    ],
)
def test_rising_share(answer, hint):
    verdict = check.rising_share(answer)
    assert hint in verdict.hint and bool(verdict) == ("does not count" in hint)


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda x, y, n: (x + y - n).clamp(-1, 1), "stays from"),
        (lambda x, y, n: (x + y - n)[0], "same size"),
        (lambda x, y, n: x + y - n, "clamp"),
        (lambda x, y, n: (x + y - n).clamp(0, 1), "-1, black"),
        (lambda x, y, n: y, "itself"),
        (lambda x, y, n: (x + n - y).clamp(-1, 1), "sign"),
        (lambda x, y, n: (x + y).clamp(-1, 1), "whole face"),
        (lambda x, y, n: (y - n).clamp(-1, 1), "change alone"),
        (lambda x, y, n: x + n - y, "sign"),
        (lambda x, y, n: y - n, "change alone"),
        (lambda x, y, n: x, "as it was"),
        (lambda x, y, n: x + (y - n).abs(), "also darkens"),
        (lambda x, y, n: x + (y - n).clamp(-1, 1), "clamp the sum"),
        (lambda x, y, n: (x + y - n).tanh(), "bends every value"),
        (lambda x, y, n: (x + y - n) / (x + y - n).abs().max(), "fades the whole"),
        (lambda x, y, n: 0 * x, "kept within"),
    ],
)
def test_pasted_change(answer, hint):
    verdict = check.pasted_change(answer)
    assert hint in verdict.hint and bool(verdict) == ("stays from" in hint)
