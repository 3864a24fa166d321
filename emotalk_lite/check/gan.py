"""Checks of the exercises of chapter 02."""

from collections.abc import Callable
from math import log, log2, log10

import numpy as np

from .verdict import Verdict


def best_logit(logit: float) -> Verdict:
    """Chapter 02: the best critic's logit where real pictures are three times as dense as drawn ones.

    >>> best_logit(0.75)
    Not yet. That is D, a probability; its logit is log(D / (1 - D)).
    """
    hints = {
        log(3): "The best critic's logit is the logarithm of the ratio of the densities.",
        0.75: "That is D, a probability; its logit is log(D / (1 - D)).",
        -log(3): "Above zero the critic says real, and real pictures are denser here.",
        3.0: "That is the ratio of the densities; the logit is its logarithm.",
        log10(3): "Natural logarithms, please.",
        log2(3): "Natural logarithms, please.",
        log(0.75): "That is log D; the logit is log D less log(1 - D).",
        0.25: "That is 1 - D: how sure it is that the picture is drawn.",
        0.0: "Zero is what it says where both are equally dense.",
        1 / 3: "That is q / p; the logit is the logarithm of p / q.",
        log(4): "That is -log(1 - D); the logit is log D less log(1 - D).",
        -log(4): "That is log(1 - D); the logit is log D less log(1 - D).",
    }
    for value, hint in hints.items():
        if abs(logit - value) < 0.009:  # two digits, rounded or cut off
            return Verdict(value == log(3), hint)
    return Verdict(False, "Put p = 3 q into D = p / (p + q), and D into log(D / (1 - D)).")


def smoothed_critic_loss(answer: Callable) -> Verdict:
    """Chapter 02: a critic loss whose target for real pictures is 0.9.

    Args:
        answer: takes logits of real and of drawn pictures, (B,) each, and returns a scalar.

    >>> smoothed_critic_loss(lambda real, fake: real + fake)
    Not yet. A loss is one number; yours has the shape (6,).
    """
    import torch
    from torch.nn.functional import softplus

    rng = torch.Generator().manual_seed(0)
    real, fake = 2 * torch.randn(6, generator=rng), 2 * torch.randn(6, generator=rng)
    found = torch.as_tensor(answer(real, fake))
    if found.dim():
        return Verdict(False, f"A loss is one number; yours has the shape {tuple(found.shape)}.")
    right, wrong, drawn = softplus(-real), softplus(real), softplus(fake)  # -log D(x), -log(1 - D(x)), -log(1 - D(G(z)))
    smooth = 0.9 * right + 0.1 * wrong
    hints = {
        "Real pictures aim at 0.9, and drawn ones still at 0.": (smooth + drawn).mean(),
        "That is the loss without smoothing.": (right + drawn).mean(),
        "You took 0.9 of the first term; a target of 0.9 also has 0.1 of -log(1 - D(x)).": (0.9 * right + drawn).mean(),
        "You smoothed both sides; drawn pictures keep the target 0.": (smooth + 0.9 * drawn + 0.1 * softplus(-fake)).mean(),
        "You smoothed the drawn pictures; smooth the real ones.": (right + 0.9 * drawn + 0.1 * softplus(-fake)).mean(),
        "The weights are exchanged: 0.9 belongs to -log D(x).": (0.1 * right + 0.9 * wrong + drawn).mean(),
        "That is a sum over the batch; take the mean.": (smooth + drawn).sum(),
        "The sign is turned round.": -(smooth + drawn).mean(),
        "Each softplus has the other's sign: -log D(x) is softplus(-logit), not softplus(logit).": (0.9 * wrong + 0.1 * right + softplus(-fake)).mean(),
        "The drawn pictures' term is the generator's; the critic lowers -log(1 - D(G(z))).": (smooth + softplus(-fake)).mean(),
        "Real pictures alone: the term of the drawn ones is missing.": smooth.mean(),
        "You averaged the two terms; the critic's loss adds them.": (smooth + drawn).mean() / 2,
        "You scaled the logit; 0.9 is a weight, outside of the logarithm.": (softplus(-0.9 * real) + drawn).mean(),
        "Both terms of the real pictures are added: 0.9 of the one and 0.1 of the other.": (0.9 * right - 0.1 * wrong + drawn).mean(),
    }
    for number, (hint, value) in enumerate(hints.items()):
        if torch.isclose(found.float(), value, atol=1e-5):
            return Verdict(number == 0, hint)
    return Verdict(False, "For real pictures: -0.9 log D(x) - 0.1 log(1 - D(x)); -log of a sigmoid is softplus(-logit).")


def effective_classes(answer: Callable) -> Verdict:
    """Chapter 02: how many kinds of digits a set has, a rare one counting for less.

    Args:
        answer: takes labels, int (N,) in 0 to 9, and returns the exponential of their entropy.

    >>> effective_classes(lambda labels: len(set(labels.tolist())))
    Not yet. 97 zeros and one each of three others: you count them as 4, but three of them hardly ever come.
    """
    even, one, rare = np.arange(100) % 10, np.full(50, 7), np.array([0] * 97 + [1, 2, 3])
    of_one = float(answer(one.copy()))
    if np.isnan(of_one):
        return Verdict(False, "A digit that never comes has p = 0, and 0 * log 0 is 0: leave it out of the sum.")
    of_even, of_rare = float(answer(even.copy())), float(answer(rare.copy()))
    if np.isclose(of_even, log(10)) and np.isclose(of_one, 0):
        return Verdict(False, "That is the entropy; its exponential counts digits.")
    if np.isclose(of_even, np.exp(log2(10))):
        return Verdict(False, "Your entropy is in bits; take 2 to the power of it, or the natural logarithm.")
    if np.isclose(of_rare, 4):
        return Verdict(False, "97 zeros and one each of three others: you count them as 4, but three of them hardly ever come.")
    if np.isclose(of_even, 2 ** log(10)):
        return Verdict(False, "Your entropy has natural logarithms, so the power is one of e, not of 2.")
    if np.isclose(of_even, 10) and np.isclose(of_rare, 1 / (0.97**2 + 3 * 0.01**2)):
        return Verdict(False, "That is one over the sum of p squared, a cousin of it; the entropy is minus the sum of p log p.")
    if np.isclose(of_even, np.exp(log(10) / 10)):
        return Verdict(False, "You took the mean of p log p; an entropy is their sum.")
    if of_even < 1e-3 or of_one < 1e-3:
        return Verdict(False, "Counts are not shares: divide by the number of labels first.")
    if np.isclose(of_even, 0.1) or of_one > 1.001:
        return Verdict(False, f"Fifty sevens are one kind of digit; you get {of_one:.3g}. Mind the sign of the entropy, and N.")
    p = np.array([0.97, 0.01, 0.01, 0.01])
    if np.isclose(of_even, 10) and np.isclose(of_one, 1) and np.isclose(of_rare, np.exp(-(p * np.log(p)).sum())):
        return Verdict(True, "10 if all come equally often, 1 if only one comes.")
    return Verdict(False, "exp of minus the sum of p log p, p the share of each digit among the labels.")
