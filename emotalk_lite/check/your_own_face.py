"""Checks of the exercises of chapter 12."""

from collections.abc import Callable

import numpy as np

from .verdict import Verdict

FACE = (slice(30, 106), slice(30, 99))  # rows and columns that a label has to leave alone: brows, eyes, mouth


def best_of_nine_lags(guess: float) -> Verdict:
    """Chapter 12: what the best of nine lags correlates on the mean, for two curves of 60 frames that are unrelated.

    >>> best_of_nine_lags(0)
    Not yet. One correlation has mean 0; you take the best of nine.
    """
    if abs(guess - 0.19) <= 0.04:
        return Verdict(True, "About 1.5 deviations of 1 / sqrt(60): the best of nine is not 0, even of nothing.")
    if guess < -0.02:
        return Verdict(False, "It is the largest of nine, so it is rarely negative, and above 0 on the mean.")
    if abs(guess) < 0.02:
        return Verdict(False, "One correlation has mean 0; you take the best of nine.")
    if guess < 0.15:
        return Verdict(False, "One correlation deviates by 1 / sqrt(60) = 0.13; the best of nine lies beyond that.")
    if 1.2 <= guess <= 1.8:
        return Verdict(False, "That many deviations, yes; and one deviation is 1 / sqrt(60).")
    if guess > 1:
        return Verdict(False, "A correlation is at most 1.")
    if guess > 0.5:
        return Verdict(False, "So much would be a finding; these curves have nothing to do with each other.")
    if guess <= 0.3:
        return Verdict(False, "Two deviations of 0.13 are rare for one correlation, and still more than the best of nine is on the mean.")
    if 0.36 <= guess <= 0.42:
        return Verdict(False, "Three deviations: the best of nine is one of them, no sum. Of nine draws the largest lies at about half of that.")
    return Verdict(False, "Simulate it: two draws of 60 normal numbers, lagged_correlation of them, 500 times, the mean.")


def mood_keys(answer: Callable) -> Verdict:
    """Chapter 12: six weights for every frame, from a few key frames.

    Args:
        answer: takes a mapping from frame to six weights, and n; returns float (n, 6).

    >>> mood_keys(lambda keys, n: np.ones((n, 6)))
    Not yet. At frame 4, a key, the weights have to be the key's.
    """
    happy, angry, nothing = np.eye(6)[3], np.eye(6)[0], np.zeros(6)
    keys = {12: tuple(nothing), 4: tuple(happy), 8: tuple(angry)}
    found = np.asarray(answer(dict(keys), 16), dtype=float)
    if found.shape != (16, 6):
        return Verdict(False, f"16 frames of six weights have the shape (16, 6); yours is {found.shape}.")
    for frame, weights in sorted(keys.items()):
        if not np.allclose(found[frame], weights):
            in_order = np.asarray(answer(dict(sorted(keys.items())), 16), dtype=float)
            hint = " Keys may come in any order: sort them." if not np.allclose(in_order, found) else ""
            return Verdict(False, f"At frame {frame}, a key, the weights have to be the key's.{hint}")
    if not np.allclose(found[:4], happy):
        return Verdict(False, "Before the first key, at frame 4, its weights are held.")
    if not np.allclose(found[12:], nothing):
        return Verdict(False, "After the last key, at frame 12, its weights are held.")
    if not np.allclose(found[5], 0.75 * happy + 0.25 * angry):
        return Verdict(False, "A quarter of the way between two keys, the weights are a quarter of the way: a straight line.")
    if not np.allclose(found[10], 0.5 * angry):
        return Verdict(False, "From anger to nothing, the anger gets weaker: weights that add up to less than 1 stay as they are.")
    uneven = np.asarray(answer({2: tuple(happy), 3: tuple(angry), 13: tuple(nothing)}, 20), dtype=float)
    if uneven.shape != (20, 6) or not np.allclose(uneven[8], 0.5 * angry) or not np.allclose(uneven[:3], happy) or not np.allclose(uneven[3], angry):
        return Verdict(False, "With keys at the frames 2, 3 and 13 of 20 it is wrong: how far apart keys are is in `keys`.")
    return Verdict(True, "Every frame has its mood, and none asks for more than 1.")


def marked(answer: Callable) -> Verdict:
    """Chapter 12: a label in every frame that can be seen and leaves the face alone.

    Args:
        answer: takes frames, uint8 (T, 128, 128, 3), and returns marked ones; the given ones stay as they are.

    >>> marked(lambda frames: frames)
    Not yet. Frame 0 has no mark.
    """
    rng = np.random.default_rng(0)
    frames = rng.integers(60, 200, size=(5, 128, 128, 3)).astype(np.uint8)
    before, found = frames.copy(), np.asarray(answer(frames))
    if not np.array_equal(frames, before):
        return Verdict(False, "You changed the frames that you were given; work on a copy.")
    if found.shape != frames.shape or found.dtype != np.uint8:
        return Verdict(False, f"Return uint8 frames of shape {frames.shape}; yours are {found.dtype} of shape {found.shape}.")
    changed = (found != before).any(axis=3)
    for t in range(len(frames)):
        if not changed[t].any():
            return Verdict(False, f"Frame {t} has no mark.")
    if changed[:, FACE[0], FACE[1]].any():
        return Verdict(False, "The mark touches eyes or mouth: keep out of rows 30 to 105, columns 30 to 98.")
    if changed[0].mean() < 0.01 or np.abs(found.astype(int) - before)[changed].mean() < 15:
        return Verdict(False, "Nobody will see that: cover at least a hundredth of the picture, and contrast with it.")
    if changed[0].mean() > 0.4:
        return Verdict(False, "That hides more than two fifths of the picture: a strip or a corner is enough.")
    always = changed.all(axis=0)
    if always.sum() < 0.8 * changed.any(axis=0).sum():
        return Verdict(False, "The mark wanders: put it at the same place in every frame.")
    return Verdict(True, "Visible, steady, and out of the way.")
