"""Checks of the exercises of chapter 03."""

from collections.abc import Callable
from math import exp
from statistics import NormalDist

import numpy as np

from .verdict import Verdict


def share_within(share: float) -> Verdict:
    """Chapter 03: which share of a two-dimensional standard normal lies within a distance of 2 from the centre.

    >>> share_within(0.954)
    Not yet. That is the share between -2 and 2 on a line; in the plane there is more room outside.
    """
    one = 2 * NormalDist().cdf(2) - 1
    hints = {
        1 - exp(-2): "1 - exp(-r^2 / 2); in 64 dimensions it would be practically none.",
        one: "That is the share between -2 and 2 on a line; in the plane there is more room outside.",
        one**2: "That is the square from -2 to 2; its corners are farther away than 2.",
        exp(-2): "That is what lies outside.",
        1 - exp(-4): "The exponent is r squared over two.",
        1 - exp(-1): "The exponent is r squared over two.",
        1 - exp(-1 / 2): "That lies within a distance of 1; the question is 2.",
    }
    for value, hint in hints.items():
        if abs(share - value) < 0.006:  # two digits will do
            return Verdict(value == 1 - exp(-2), hint)
    if share > 1:
        return Verdict(False, "A share lies between 0 and 1.")
    return Verdict(False, "The density falls like exp(-r^2 / 2), a ring of radius r has the length 2 pi r: integrate from 0 to 2.")


def quantile_grid(answer: Callable) -> Verdict:
    """Chapter 03: a grid of codes that the prior visits equally often.

    Args:
        answer: takes n and returns codes (n * n, 2), row by row from the top left: x rises along a row, y falls from row to
            row; both are normal quantiles of (k + 1/2) / n.

    >>> quantile_grid(lambda n: np.zeros((n, n)))
    Not yet. Give n * n codes of two numbers, the shape (16, 2) for n = 4; yours is (4, 4).
    """
    n = 4
    found = np.asarray(answer(n), dtype=float)
    if found.shape != (n * n, 2):
        return Verdict(False, f"Give n * n codes of two numbers, the shape (16, 2) for n = 4; yours is {found.shape}.")
    if not np.isfinite(found).all():
        return Verdict(False, "The quantiles of 0 and 1 are infinite: take the middle of each of the n parts, (k + 1/2) / n.")
    q = np.array([NormalDist().inv_cdf((k + 0.5) / n) for k in range(n)])
    wanted = np.stack([np.tile(q, n), np.repeat(q[::-1], n)], -1)
    if np.allclose(found, wanted, atol=1e-4):
        return Verdict(True, "Each code stands for a sixteenth of the prior.")
    if np.allclose(found, wanted * [1, -1], atol=1e-4):
        return Verdict(False, "y rises from row to row; on a picture the first row is the top, where y is largest.")
    if np.allclose(abs(found), abs(np.stack([np.repeat(q, n), np.tile(q, n)], -1)), atol=1e-4) and not found[:n, 0].std() > 1e-4:
        return Verdict(False, "x and y are exchanged: along a row, x changes.")
    if np.allclose(found[:, 0], -wanted[:, 0], atol=1e-4):
        return Verdict(False, "x falls along each row; the smallest stands on the left.")
    if 0 <= found.min() and found.max() <= 1:
        return Verdict(False, "These look like probabilities. A quantile is the number below which such a share lies: torch.special.ndtri.")
    steps = np.diff(np.unique(found[:, 0].round(6)))
    if len(steps) and np.allclose(steps, steps[0]):
        return Verdict(False, "Your steps are equal. The prior is denser in the middle: take its quantiles.")
    if np.allclose(found[:n, 0], [NormalDist().inv_cdf((k + 1) / (n + 1)) for k in range(n)], atol=1e-4):
        return Verdict(False, "Those are the quantiles of (k + 1) / (n + 1); the middles of n equal parts are at (k + 1/2) / n.")
    return Verdict(False, "x: the normal quantiles of (k + 1/2) / n along each row; y: the same, from the largest down, one for each row.")


def worst_drawn(answer: Callable) -> Verdict:
    """Chapter 03: the pictures that an autoencoder draws worst.

    Args:
        answer: takes images and reconstructions, (N, 1, 8, 8), and k, and returns the places of the k largest mean squared
            errors, the worst first.

    >>> worst_drawn(lambda images, drawn, k: list(range(k)))
    Not yet. One mean squared error for each picture, over all axes but the first; then sort.
    """
    import torch

    rng = torch.Generator().manual_seed(0)
    images = torch.rand(12, 1, 8, 8, generator=rng)
    size = torch.linspace(0.1, 0.5, 12)[torch.randperm(12, generator=rng)]
    drawn = images + size[:, None, None, None]
    drawn[3] = images[3]
    drawn[3, 0, 0, :4] += 2.6  # few wrong pixels, but very wrong: large in the square, small in the absolute mean
    drawn[5] = images[5]
    drawn[5, 0, 7, 7] += 3.0  # a single one: the largest of all errors, and still not among the four
    drawn[7] = 2 * images[7] - drawn[7]  # too dark where the others are too bright
    error = (drawn - images).square().mean(dim=(1, 2, 3))
    single = (drawn - images).abs().amax(dim=(1, 2, 3))
    absolute = (drawn - images).abs().mean(dim=(1, 2, 3))
    wanted = error.argsort(descending=True)[:4].tolist()
    signed = (drawn - images).mean(dim=(1, 2, 3))
    given = answer(images, drawn, 4)
    if isinstance(given, tuple) and hasattr(given, "indices"):
        return Verdict(False, "topk gives errors and places; return its .indices.")
    if np.ndim(given) > 1:
        return Verdict(False, f"Give the places, {min(4, len(given))} whole numbers; yours has the shape {tuple(np.shape(given))}.")
    if any(float(i) % 1 for i in given):
        return Verdict(False, "Those are errors; give the places where they stand: argsort instead of sort.")
    found = [int(i) for i in given]
    if found == wanted:
        return Verdict(True, "What it cannot draw, it has not seen often.")
    if len(found) != 4:
        return Verdict(False, f"Asked for 4 places, you give {len(found)}.")
    if found == error.argsort()[:4].tolist():
        return Verdict(False, "Those are drawn best; sort the other way.")
    if found == absolute.argsort(descending=True)[:4].tolist():
        return Verdict(False, "You averaged absolute errors; square them, as the loss does.")
    if found == signed.argsort(descending=True)[:4].tolist():
        return Verdict(False, "Too bright and too dark cancel in your mean: square the differences first.")
    if found == single.argsort(descending=True)[:4].tolist():
        return Verdict(False, "You took the largest error of a single pixel; take the mean of their squares.")
    if sorted(found) == sorted(wanted):
        return Verdict(False, "The right four, in the wrong order: the worst comes first.")
    if wanted[0] not in found:
        return Verdict(False, "The worst of them is missing from your list.")
    return Verdict(False, "One mean squared error for each picture, over all axes but the first; then sort.")
