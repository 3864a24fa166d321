"""The exercise checks of chapter 13: the right answer passes, and each wrong one is told where to look."""

import numpy as np
import pytest
import torch.nn.functional as F

from emotalk_lite import check
from emotalk_lite.models.rrdb import ResidualDenseBlock


@pytest.mark.parametrize(
    "count, hint",
    [(239_616, "has a bias"), (184_480, "back to 64"), (110_784, "sees the results"), 
     (719_424, "three of them"), (7, "Sum over five"), (239_808, "69 of these")],
)
def test_dense_block_parameters(count, hint):
    verdict = check.dense_block_parameters(count)
    assert hint in verdict.hint and bool(verdict) == (count == 239_808)


def test_the_package_has_as_many():
    assert check.dense_block_parameters(sum(p.numel() for p in ResidualDenseBlock(64, 32).parameters()))


def means(x):
    return F.interpolate(F.avg_pool2d(x, 4), scale_factor=4, mode="nearest")


def borrow(face, stranger):
    return means(face) + stranger - means(stranger)


def smooth(x):
    return F.interpolate(F.avg_pool2d(x, 4), scale_factor=4, mode="bilinear")


@pytest.mark.parametrize(
    "answer, hint",
    [
        (borrow, "small, they are the same"),
        (lambda face, stranger: borrow(stranger, face), "exchanged"),
        (lambda face, stranger: means(face), "no detail at all"),
        (lambda face, stranger: face, "the face's own"),
        (lambda face, stranger: means(face) + stranger, "whole stranger"),
        (lambda face, stranger: stranger, "is not the face's"),
        (lambda face, stranger: smooth(face) + stranger - smooth(stranger), "an interpolated mean"),
        (lambda face, stranger: borrow(face, stranger).clamp(0, 1), "change means"),
        (lambda face, stranger: face + stranger - means(stranger), "own detail is still there"),
        (lambda face, stranger: 2 * means(face) - borrow(face, stranger), "The sign"),
        (lambda face, stranger: borrow(face, stranger).numpy(), "torch tensor"),
        (lambda face, stranger: F.avg_pool2d(face, 4), "large size"),
        (lambda face, stranger: face.add_(stranger), "make a new one"),
    ],
)
def test_borrowed_detail(answer, hint):
    verdict = check.borrowed_detail(answer)
    assert hint in verdict.hint and bool(verdict) == (answer is borrow)


def errors(pictures, ddof=0, blurred=1.0, sharp=2.0):
    error = pictures.var(axis=0, ddof=ddof).mean()
    return blurred * error, sharp * error


@pytest.mark.parametrize(
    "answer, hint",
    [
        (errors, "3 dB"),
        (lambda p: errors(p)[::-1], "exchanged"),
        (lambda p: (1.0, 2.0), "something else"),
        (lambda p: errors(p, ddof=1), "K - 1"),
        (lambda p: errors(p, blurred=len(p)), "not the sum"),
        (lambda p: errors(p, sharp=2 * len(p) / (len(p) - 1)), "never hits"),
        (lambda p: errors(p, sharp=1), "deviates as well"),
        (lambda p: errors(p, sharp=7), "K x K pairs"),
        (lambda p: errors(p)[0], "two numbers"),
        (lambda p: (p.var(axis=1).mean(), 1.0), "over the K pictures"),
        (lambda p: np.sqrt(errors(p)), "roots"),
        (lambda p: (0.1, 0.1), "pixel by pixel"),
    ],
)
def test_guess_errors(answer, hint):
    verdict = check.guess_errors(answer)
    assert hint in verdict.hint and bool(verdict) == (answer is errors)


def test_the_two_errors_are_what_a_draw_finds():
    pictures, rng = np.random.default_rng(0).normal(size=(5, 40)), np.random.default_rng(1)
    truth, guess = (pictures[rng.integers(5, size=20_000)] for _ in range(2))
    assert ((guess - truth) ** 2).mean() == pytest.approx(errors(pictures)[1], rel=0.02)
