"""The exercise checks of chapter 12: the right answer passes, and each wrong one is told where to look."""

import numpy as np
import pytest

from emotalk_lite import check
from emotalk_lite.metrics.motion import lagged_correlation


@pytest.mark.parametrize(
    "guess, hint",
    [(0.2, "1.5 deviations"), (0, "best of nine"), (0.13, "One correlation deviates"), (0.8, "a finding"), (0.45, "Simulate"),
     (-0.1, "largest of nine"), (0.26, "Two deviations"), (0.39, "no sum"), (1.5, "one deviation is"), (9, "at most 1")],
)  # fmt: skip
def test_best_of_nine_lags(guess, hint):
    verdict = check.best_of_nine_lags(guess)
    assert hint in verdict.hint and bool(verdict) == (guess == 0.2)


def test_chance_is_what_the_check_says():
    rng = np.random.default_rng(1)
    assert check.best_of_nine_lags(np.mean([lagged_correlation(*rng.normal(size=(2, 60)))[0] for _ in range(200)]))


def mood_keys(keys, n, order=sorted, left=True, right=True, step=False):
    at = order(keys)
    weights = np.array([keys[t] for t in at], dtype=float)
    frames = np.arange(n)
    if step:
        return np.stack([weights[max(0, np.searchsorted(at, t, "right") - 1)] for t in frames])
    found = np.stack([np.interp(frames, at, w) for w in weights.T], axis=1)
    found[: at[0]] *= left
    found[at[-1] + 1 :] = found[at[-1] + 1 :] if right else 0.5
    return found


@pytest.mark.parametrize(
    "answer, hint",
    [
        (mood_keys, "Every frame"),
        (lambda keys, n: mood_keys(keys, n, order=list), "sort them"),
        (lambda keys, n: 0.5 * mood_keys(keys, n), "have to be the key's."),
        (lambda keys, n: mood_keys(keys, n, left=False), "Before the first"),
        (lambda keys, n: mood_keys(keys, n, right=False), "After the last"),
        (lambda keys, n: mood_keys(keys, n, step=True), "straight line"),
        (lambda keys, n: mood_keys(keys, n).T, "(16, 6)"),
        (lambda keys, n: mood_keys(dict(zip((4, 8, 12), (keys[t] for t in sorted(keys)))), n), "how far apart"),
        (lambda keys, n: mood_keys(keys, n) / np.maximum(mood_keys(keys, n).sum(axis=1, keepdims=True), 1e-9), "gets weaker"),
    ],
)
def test_mood_keys(answer, hint):
    verdict = check.mood_keys(answer)
    assert hint in verdict.hint and bool(verdict) == (answer is mood_keys)


def mark(frames, rows=slice(-14, None), value=255, last=True, copy=True, wander=False):
    out = frames.copy() if copy else frames
    for t in range(len(out) if last else len(out) - 1):
        out[t, slice(-14 - t, -t or None) if wander else rows] = value
    return out


@pytest.mark.parametrize(
    "answer, hint",
    [
        (mark, "Visible"),
        (lambda f: mark(f, copy=False), "on a copy"),
        (lambda f: mark(f, last=False), "Frame 4 has no mark"),
        (lambda f: mark(f, rows=slice(60, 80)), "touches"),
        (lambda f: mark(f, rows=slice(0, 1)), "Nobody"),
        (lambda f: np.concatenate([f[:, :-14] * 1, f[:, -14:] + 1], axis=1), "Nobody"),
        (lambda f: mark(f, wander=True), "wanders"),
        (lambda f: mark(mark(f, rows=slice(0, 30)), rows=slice(106, None)), "two fifths"),
        (lambda f: mark(f)[:, :-1], "Return uint8"),
    ],
)
def test_marked(answer, hint):
    verdict = check.marked(answer)
    assert hint in verdict.hint and bool(verdict) == (answer is mark)
