"""The exercise checks of chapter 02: the right answer passes, and each wrong one is told where to look."""

import numpy as np
import pytest
from torch.nn.functional import softplus

from emotalk_lite import check


@pytest.mark.parametrize(
    "logit, hint",
    [(1.10, "ratio of the densities"), (0.75, "a probability"), (-1.10, "denser here"), (3, "its logarithm"), (0.477, "Natural"),
     (1.585, "Natural"), (-0.288, "That is log D"), (0.25, "1 - D"), (0.0, "equally dense"), (0.333, "q / p"), (1.386, "-log(1 - D)"), (-1.386, "That is log(1 - D)"), (5.0, "p = 3 q into")],
)
def test_best_logit(logit, hint):
    verdict = check.best_logit(logit)
    assert hint in verdict.hint and bool(verdict) == (logit == 1.10)


def smoothed(real, fake, keep=0.9, rest=0.1, drawn=1.0, also=0.0):
    return (keep * softplus(-real) + rest * softplus(real) + drawn * softplus(fake) + also * softplus(-fake)).mean()


@pytest.mark.parametrize(
    "weights, hint",
    [({}, "still at 0"), ({"keep": 1, "rest": 0}, "without smoothing"), ({"rest": 0}, "also has 0.1"), ({"drawn": 0.9, "also": 0.1}, "both sides"),
     ({"keep": 1, "rest": 0, "drawn": 0.9, "also": 0.1}, "smooth the real ones"), ({"keep": 0.1, "rest": 0.9}, "exchanged"),
     ({"drawn": 0}, "missing"), ({"keep": 0.45, "rest": 0.05, "drawn": 0.5}, "averaged the two"), ({"rest": -0.1}, "are added"),
     ({"keep": 0.1, "rest": 0.9, "drawn": 0, "also": 1}, "other's sign"), ({"drawn": 0, "also": 1}, "the generator's"),
     ({"keep": 0.8}, "For real pictures")],
)
def test_smoothed_critic_loss(weights, hint):
    verdict = check.smoothed_critic_loss(lambda real, fake: smoothed(real, fake, **weights))
    assert hint in verdict.hint and bool(verdict) == (not weights)


def test_smoothed_critic_loss_knows_a_sum_a_sign_and_a_weight_inside():
    assert "You scaled the logit" in check.smoothed_critic_loss(lambda real, fake: (softplus(-0.9 * real) + softplus(fake)).mean()).hint
    assert "take the mean" in check.smoothed_critic_loss(lambda real, fake: 6 * smoothed(real, fake)).hint
    assert "sign" in check.smoothed_critic_loss(lambda real, fake: -smoothed(real, fake)).hint


def entropy(labels, keep_zeros=False, log=np.log):
    p = np.bincount(labels, minlength=10) / len(labels)
    p = p if keep_zeros else p[p > 0]
    with np.errstate(all="ignore"):
        return -(p * log(p)).sum()


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda y: np.exp(entropy(y)), "1 if only one comes"),
        (lambda y: np.exp(entropy(y, keep_zeros=True)), "0 * log 0"),
        (entropy, "its exponential"),
        (lambda y: np.exp(entropy(y, log=np.log2)), "in bits"),
        (lambda y: len(np.unique(y)), "hardly ever"),
        (lambda y: np.exp(-entropy(y)), "sign of the entropy"),
        (lambda y: 2 ** entropy(y), "natural logarithms"),
        (lambda y: 1 / ((np.bincount(y) / len(y)) ** 2).sum(), "a cousin"),
        (lambda y: np.exp(entropy(y) / len(np.unique(y))), "the mean of p log p"),
        (lambda y: np.exp(len(y) * (entropy(y) - np.log(len(y)))), "Counts are not shares"),
        (lambda y: 1 / (np.bincount(y) / len(y)).max(), "minus the sum"),
    ],
)
def test_effective_classes(answer, hint):
    verdict = check.effective_classes(answer)
    assert hint in verdict.hint and bool(verdict) == ("only one" in hint)
