"""Checks of the exercises of chapter 14."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .verdict import Verdict

PAPER_BASE = 0.00108  # FID of the paper's base model
DIM, VARIANCE = 64, 1.0  # of the Gaussian in the question


def frames_for_the_paper(count: float) -> Verdict:
    """Chapter 14: how many frames each of two sets needs, until their bias alone is as small as the paper's FID of the base model.

    64 features, each of variance 1, independent frames, as many in both sets.

    >>> frames_for_the_paper(1_022_222)
    Not yet. Half of it: both sets are finite, so 1/n + 1/m is 2/N.
    """
    each = VARIANCE * (DIM + DIM * (DIM + 1) / 4)
    right = 2 * each / PAPER_BASE
    hints = {
        right: "",
        right / 2: "Half of it: both sets are finite, so 1/n + 1/m is 2/N.",
        2 * DIM / PAPER_BASE: "You counted the means alone. The covariances are the larger part: d (d + 1) / 4.",
        2 * (each - DIM) / PAPER_BASE: "You left out the means: d, beside d (d + 1) / 4.",
        2 * right: "Twice as many as it takes. Both sets together, perhaps? The question is for each.",
        2 * (DIM + DIM * (DIM + 1) / 2) / PAPER_BASE: "A quarter of d (d + 1), not half of it.",
        2 * (DIM + DIM * (DIM + 1)) / PAPER_BASE: "A quarter of d (d + 1), not the whole.",
        2e6: "As a round number, yes. And to three digits?",
        2 * each * PAPER_BASE: "Solved for N, the bias divides: (d + d (d + 1) / 4) 2 / 0.00108.",
        PAPER_BASE / (2 * each): "Upside down: a bias so small takes many frames.",
        right**0.5: "The bias falls with N, not with its square: no root is taken.",
        2000 * (1.104 / PAPER_BASE) ** 2: "The bias falls with N, not with its root: ten times the frames, a tenth of it.",
        2000 * (1.104 / PAPER_BASE) ** 0.5: "The bias falls with N, not with its square: ten times the frames, a tenth of it.",
    }
    for value, hint in hints.items():
        if abs(count - value) < 0.005 * value:
            return Verdict(not hint, hint or "Two million frames are almost 23 hours of film, and each of them would have to be independent.")
    return Verdict(False, "With N frames in each set, the bias is (d + d (d + 1) / 4) 2 / N. Set it equal to 0.00108.")


def kernel_mean(answer: Callable[[np.ndarray, np.ndarray], float]) -> Verdict:
    """Chapter 14: the kernel distance of two sets of features, without bias.

    Args:
        answer: takes features (N, d) and (M, d) and returns the squared maximum mean discrepancy with the kernel (x·y / d + 1)^3;
            within a set, no picture is compared with itself.

    >>> kernel_mean(lambda a, b: ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum())
    Not yet. Three means of the kernel: within a, within b, and twice the one between them, which is subtracted.
    """
    rng = np.random.default_rng(14)
    a, b = rng.normal(size=(9, 5)), 0.5 + rng.normal(size=(7, 5))

    def kernel(x: np.ndarray, y: np.ndarray, divide: int = 5, degree: int = 3, add: int = 1) -> np.ndarray:
        return (x @ y.T / divide + add) ** degree

    def discrepancy(with_itself: bool = False, within: float = 1, between: float = 2, **how: int) -> float:
        found = 0.0
        for x in (a, b):
            k, n = kernel(x, x, **how), len(x)
            found += within * (k.mean() if with_itself else (k.sum() - np.trace(k)) / (n * (n - 1)))
        return float(found - between * kernel(a, b, **how).mean())

    given = answer(a.copy(), b.copy())
    if np.size(given) != 1:
        return Verdict(False, "Return one number.")
    right = discrepancy()
    hints = {
        right: "",
        discrepancy(with_itself=True): "You compare each picture with itself, too. That is what makes a bias: leave the diagonal out.",
        discrepancy(between=1): "The kernel between the sets counts twice.",
        right / 2: "The two means within are added, not averaged, and so the one between counts twice.",
        discrepancy(within=2): "Of the pairs without the diagonal, each stands in the kernel twice: divide by n (n - 1), not by half of it.",
        discrepancy(between=-2): "The sign: within the sets adds, between them subtracts.",
        -right: "The sign: within the sets adds, between them subtracts.",
        discrepancy(add=0): "The kernel is (x·y / d + 1) to the third: you left out the 1.",
        float(kernel(a, b).mean()): "That is the mean between the sets alone; those within them are missing.",
        float(kernel(a, a).sum() + kernel(b, b).sum() - 2 * kernel(a, b).sum()): "Means are asked for, not sums: the sets differ in size.",
        discrepancy(divide=1): "Divide x·y by the number of features, so that more features do not make it larger.",
        discrepancy(degree=2): "The third power, not the second.",
        float(np.sqrt(max(right, 0.0))): "The square is asked for: its mean is 0 where nothing differs, the root's is not.",
    }
    without = sum((kernel(x, x).sum() - np.trace(kernel(x, x))) / len(x) ** 2 for x in (a, b)) - 2 * kernel(a, b).mean()
    hints[float(without)] = "Without the diagonal there are n (n - 1) pairs, not n squared."
    for value, hint in hints.items():
        if np.isclose(float(given), value, rtol=1e-6):
            return Verdict(not hint, hint or "And it can fall below 0: a mean of 0 has two sides.")
    return Verdict(False, "Three means of the kernel: within a, within b, and twice the one between them, which is subtracted.")


def without_limit(answer: Callable[[Sequence[int], Sequence[float]], float]) -> Verdict:
    """Chapter 14: what the Fréchet distance would be with frames without end.

    Args:
        answer: takes the numbers of frames and the distances measured with them, and returns the value at N without limit: the
            intercept of the line through the distances over 1/N.

    >>> without_limit(lambda counts, distances: min(distances))
    Not yet. The smallest of them still has the bias of its N. Follow the line to 1/N = 0.
    """
    counts = np.array([200, 300, 500, 900, 1500])
    distances = 2.0 + 900 / counts + np.array([0.03, -0.05, 0.04, 0.02, -0.04])
    given = answer(counts.copy(), distances.copy())
    if np.size(given) != 1:
        return Verdict(False, "Return one number, the distance at 1/N = 0. A line has two: its slope and its intercept.")
    slope, right = np.polyfit(1 / counts, distances, 1)
    hints = {
        right: "",
        slope: "That is the slope, how fast the bias grows. The intercept is the distance without it.",
        np.polyfit(counts, distances, 1)[1]: "The line is straight over 1/N, not over N. Over N, N = 0 would be no frames at all.",
        np.polyfit(np.log(counts), distances, 1)[1]: "The line is straight over 1/N, not over log N.",
        np.polyfit(1 / np.sqrt(counts), distances, 1)[1]: "The line is straight over 1/N, not over its root.",
        distances.min(): "The smallest of them still has the bias of its N. Follow the line to 1/N = 0.",
        float(np.polyfit(1 / counts[-2:], distances[-2:], 1)[1]): "Through two of them only; the line that is asked for is fitted to all.",
        float(np.polyfit(1 / counts[[0, -1]], distances[[0, -1]], 1)[1]): "Through two of them only; the line that is asked for is fitted to all.",
        float(np.polyfit(distances, 1 / counts, 1)[1]): "Distances over 1/N, not 1/N over distances: exchange the two.",
        float(np.median(distances)): "The median of all still has a bias. Follow the line to 1/N = 0.",
        distances.mean(): "The mean of all still has a bias. Follow the line to 1/N = 0.",
    }
    for value, hint in hints.items():
        if np.isclose(float(given), value, rtol=1e-6):
            return Verdict(not hint, hint or "Below every distance that was measured: it is where they lead.")
    return Verdict(False, "Fit a straight line to the distances over 1/N, and read it at 1/N = 0.")
