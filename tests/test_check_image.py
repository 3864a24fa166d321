"""The exercise checks of chapter 06: the right answer passes, and each wrong one is told where to look."""

from copy import deepcopy

import pytest

from emotalk_lite import check
from emotalk_lite.models.image import SqueezeExcitation


@pytest.mark.parametrize(
    "count, hint",
    [(16_384, "has a bias"), (8_224, "first layer"), (131_584, "narrow middle"), (16_896, "are 32"), (16_448, "are 256"),
     (4_360, "an eighth"), (16_640, "first layer has biases"), ("16,672", "without quotes"), (5, "inputs times outputs"), (16_672, "have none")],
)
def test_gate_parameters(count, hint):
    verdict = check.gate_parameters(count)
    assert hint in verdict.hint and bool(verdict) == (count == 16_672)


def test_the_package_has_as_many():
    assert check.gate_parameters(sum(p.numel() for p in SqueezeExcitation(256, 8).parameters()))


def fold(conv, gates, copy=True, weight="out", bias=True, power=1):
    gates = gates**power
    folded = deepcopy(conv) if copy else conv
    shape = {"out": (-1, 1, 1, 1), "in": (-1, 1, 1), "none": None}[weight]
    folded.weight.data = folded.weight.data * (gates.view(shape) if shape else 1)
    folded.bias.data = folded.bias.data * (gates if bias else 1)
    return folded


@pytest.mark.parametrize(
    "mistake, hint",
    [({}, "louder or quieter"), ({"copy": False}, "on a copy"), ({"bias": False}, "the bias stands inside"), ({"weight": "in"}, "input channels"),
     ({"weight": "none"}, "scale each filter"), ({"weight": "none", "bias": False}, "what makes u"), ({"power": -1}, "divide by the gates")],
)
def test_folded_gates(mistake, hint):
    verdict = check.folded_gates(lambda *given: fold(*given, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


def test_folded_gates_wants_a_convolution():
    assert "same sizes" in check.folded_gates(lambda conv, gates: conv.weight * 2).hint


def shares(gates, centre=True, count=True, rest=False, order=1, each=False):
    d = gates - (gates.mean() if centre == "all" else gates.mean(dim=(0, 1))) if centre else gates
    people, emotions = (1, 1) if not count else d.shape[:2] if count == "other" else d.shape[1::-1]
    of_people, of_emotions = people * d.mean(dim=1).square().sum(dim=0), emotions * d.mean(dim=0).square().sum(dim=0)
    whole = of_people + of_emotions if rest else d.square().sum(dim=(0, 1))
    if not each:
        of_people, of_emotions, whole = of_people.sum(), of_emotions.sum(), whole.sum()
    return (of_people / whole, of_emotions / whole)[::order]


def shares_without_a_count(gates):  # right where a factor is alone, wrong where both are mixed
    right, wrong = shares(gates), shares(gates, count=False)
    return right if max(right) > 0.999 else wrong


@pytest.mark.parametrize(
    "answer, hint",
    [
        (shares, "belongs to neither alone"),
        (lambda g: shares(g, order=-1), "exchanged"),
        (lambda g: shares(g, count=False), "that many times"),
        (lambda g: shares(g, count="other"), "The counts are exchanged"),
        (lambda g: (0.5, 0.5), "person alone"),
        (lambda g: shares(g, centre="all"), "a mean of its own"),
        (lambda g: shares(g, each=True), "of each channel"),
        (lambda g: [share.mean() for share in shares(g, each=True)], "mean of the channels' shares"),
        (lambda g: shares(g, rest=True), "add up to 1"),
        (shares_without_a_count, "add up squares"),
        (lambda g: shares(g) if max(shares(g)) > 0.999 else shares(g, centre=False), "Adding 7"),
        (lambda g: (0.0, 0.0), "yours are 0 and 0"),
    ],
)
def test_variance_shares(answer, hint):
    verdict = check.variance_shares(answer)
    assert hint in verdict.hint and bool(verdict) == (answer is shares)
