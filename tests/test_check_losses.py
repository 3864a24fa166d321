"""The exercise checks of chapter 10: the right answer passes, and each wrong one is told where to look."""

import numpy as np
import pytest
import torch

from emotalk_lite import check
from emotalk_lite.data.masks import mouth_mask
from emotalk_lite.losses import masked_l1


@pytest.mark.parametrize(
    "factor, hint",
    [(2, "what about the height"), (16, "under the exponent"), (1, "The peak stays 1"), (-1, "positive"), (7, "integral"), (3.3, "the floor"), (4, "by four")],
)
def test_mask_growth(factor, hint):
    verdict = check.mask_growth(factor)
    assert hint in verdict.hint and bool(verdict) == (factor == 4)


def test_the_factor_that_the_masks_have_is_right():
    narrow, wide = (mouth_mask(torch.tensor([64.0, 92.0]), sigma=sigma, floor=0.0).sum() for sigma in (9.0, 18.0))
    assert check.mask_growth(float(wide / narrow))


def blink(frames, target, mask, closed, extra=3, over="mask", divide="weights", colours=1, open_eyes=1, frames_over="each", squared=False, masked=True, clips=None):
    if squared:
        frames, target = (frames - target) ** 2, 0 * target
    mask = mask if masked else torch.ones_like(mask)
    clips, count = len(frames) if clips is None else clips, frames.shape[1]
    each = torch.stack([torch.stack([masked_l1(frames[[b]][:, [t]], target[[b]][:, [t]], mask[[b]][:, [t]], over) for t in range(count)]) for b in range(clips)])
    each = each * mask[:clips].mean(dim=(2, 3)) / mask.mean() if frames_over == "all" else each
    weight = open_eyes + extra * closed[:clips]
    return colours * (each * weight).sum() / {"weights": weight.sum(), "number": each.numel(), "nothing": 1}[divide]


@pytest.mark.parametrize(
    "mistake, hint",
    [
        ({}, "A blink counts four times"),
        ({"over": "image"}, "mean over the image"),
        ({"divide": "number"}, "sum of the weights"),
        ({"colours": 3}, "average over the colours"),
        ({"colours": 2}, "not the mean absolute"),
        ({"colours": 64}, "a sum over the mask"),
        ({"divide": "nothing"}, "sum over the four frames"),
        ({"frames_over": "all"}, "all frames together"),
        ({"squared": True}, "absolute values"),
        ({"masked": False}, "has no say"),
        ({"open_eyes": 0, "extra": 4}, "add up to 0"),
        ({"extra": 2}, "weigh frame t"),
        ({"clips": 1}, "With one clip"),
    ],
)
def test_blink_loss(mistake, hint):
    verdict = check.blink_loss(lambda *given: blink(*given, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


def test_best_stills():
    frames = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3)).astype(np.uint8)
    median, mean, first = np.median(frames, axis=0), frames.mean(axis=0), frames[0]
    for of_l1, of_l2, hint in (
        (median, mean, "each pixel by itself"),
        (mean, median, "exchanged"),
        (mean, mean, "how many terms grow"),
        (first, mean, "lower L1"),
        (median, first, "derivative"),
        (median, median, "for L2, too"),
        (median, frames.sum(axis=0, dtype=np.uint8) // 7, "far too dark"),
        (median[0], mean, "has the shape"),
    ):
        verdict = check.best_stills(frames, of_l1, of_l2)
        assert hint in verdict.hint and bool(verdict) == (of_l1 is median and of_l2 is mean)


@pytest.mark.parametrize("place, passes", [(3, True), (4, True), (2, False), (5, False)])
def test_of_an_even_number_of_frames_every_middle_has_the_smallest_l1(place, passes):
    frames = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 3)).astype(np.uint8)
    assert bool(check.best_stills(frames, np.sort(frames, axis=0)[place], frames.mean(axis=0))) == passes
