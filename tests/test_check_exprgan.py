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
        (lambda shown: (shown.diff(dim=-1) > 0).all(dim=-1).float().mean(), "does not count"),  # as tensors do it
        (lambda shown: (shown.diff(dim=-1) > 0).all(dim=-1), "one number"),
        (lambda shown: (shown.diff(dim=-1) > 0).float().mean(), "share of steps"),
        (lambda shown: (shown.diff(dim=-1) > 0).all(), "whether all"),
        (lambda shown: (shown[..., -1] > shown[..., 0]).float().mean(), "ends only"),
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


def changes(drawn, neutral, weights):
    return (weights.view(-1, 1, 1, 1) * (drawn - neutral)).sum(dim=0)


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda x, y, n, w: (x + changes(y, n, w)).clamp(-1, 1), "stays from"),
        (lambda x, y, n, w: (x + w.view(-1, 1, 1, 1) * (y - n)).clamp(-1, 1), "One picture"),
        (lambda x, y, n, w: x + changes(y, n, w), "leave"),
        (lambda x, y, n, w: (x + changes(y, n, w)).clamp(0, 1), "-1, black"),
        (lambda x, y, n, w: (x + (y - n).sum(dim=0)).clamp(-1, 1), "count alike"),
        (lambda x, y, n, w: x + (y - n).mean(dim=0), "count alike"),
        (lambda x, y, n, w: (x + changes(y, n, w) / 3).clamp(-1, 1), "a third"),
        (lambda x, y, n, w: (x + changes(y, 0, w)).clamp(-1, 1), "whole faces"),
        (lambda x, y, n, w: (x + changes(y, 0, w) - n).clamp(-1, 1), "not once"),
        (lambda x, y, n, w: (x - changes(y, n, w)).clamp(-1, 1), "sign"),
        (lambda x, y, n, w: changes(y, n, w)[None], "alone"),
        (lambda x, y, n, w: 0 * x, "kept within"),
    ],
)
def test_pasted_blend(answer, hint):
    verdict = check.pasted_blend(answer)
    assert hint in verdict.hint and bool(verdict) == ("stays from" in hint)
