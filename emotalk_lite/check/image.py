"""Checks of the exercises of chapter 06."""

from collections.abc import Callable

import numpy as np

from .verdict import Verdict


def gate_parameters(count: int) -> Verdict:
    """Chapter 06: how many parameters a squeeze-and-excitation block of 256 channels and ratio 8 has.

    >>> gate_parameters(16384)
    Not yet. These are the weights of both layers; each output has a bias, too.
    """
    channels, hidden = 256, 32
    hints = {
        2 * channels * hidden + hidden + channels: "",
        2 * channels * hidden: "These are the weights of both layers; each output has a bias, too.",
        channels * hidden + hidden: "That is the first layer; a second one leads back to 256.",
        2 * channels * channels + 2 * channels: "That is without the narrow middle: ratio 8 leaves 256 / 8 numbers there.",
        2 * channels * hidden + 2 * channels: "The first layer's outputs are 32, and so are its biases.",
        2 * channels * hidden + channels: "The first layer has biases, too: one for each of its 32 outputs.",
        2 * channels * hidden + 2 * hidden: "The second layer's outputs are 256, and so are its biases.",
        2 * channels * 8 + 8 + channels: "Ratio 8 does not leave 8 numbers in the middle, but an eighth of 256.",
    }
    if count not in hints:
        return Verdict(False, "Two fully connected layers, 256 to 32 and 32 to 256: weights are inputs times outputs, biases outputs.")
    return Verdict(not hints[count], hints[count] or "256 x 32 + 32 and 32 x 256 + 256; the pooling and the scaling have none.")


def folded_gates(answer: Callable) -> Verdict:
    """Chapter 06: constant gates, made part of the convolution before them.

    Args:
        answer: takes an nn.Conv2d and gates, float (C_out,) above 0, and returns a new nn.Conv2d whose output, after the
            leaky ReLU, is the old one's times the gates. The old one stays as it is.

    >>> folded_gates(lambda conv, gates: conv)
    Not yet. The convolution that you return is the old one: make a copy and change that.
    """
    import torch
    from torch.nn import functional as F

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        conv, x = torch.nn.Conv2d(4, 4, 3, stride=2), torch.randn(2, 4, 9, 9)
        gates = torch.tensor([0.1, 0.4, 0.7, 0.9])
        before, folded = {k: v.clone() for k, v in conv.state_dict().items()}, answer(conv, gates)
        if any(not torch.equal(v, before[k]) for k, v in conv.state_dict().items()):
            return Verdict(False, "Your function changes the convolution that it is given; work on a copy.")
        if folded is conv:
            return Verdict(False, "The convolution that you return is the old one: make a copy and change that.")
        if not isinstance(folded, torch.nn.Conv2d) or folded(x).shape != conv(x).shape:
            return Verdict(False, "Return an nn.Conv2d of the same sizes, stride included.")
        wanted = F.leaky_relu(conv(x), 0.2) * gates[:, None, None]
        if torch.allclose(F.leaky_relu(folded(x), 0.2), wanted, atol=1e-5):
            return Verdict(True, "A constant gate is a louder or quieter filter, and nothing else.")
        if torch.allclose(folded.weight, conv.weight * gates[:, None, None, None]):
            return Verdict(False, "The weights are right; the bias stands inside of the leaky ReLU, too, and has to be scaled as well.")
        if torch.allclose(folded.weight, conv.weight * gates[:, None, None]):
            return Verdict(False, "You scaled the input channels; the gates belong to the output channels, the weight's first axis.")
        if torch.allclose(folded.bias, conv.bias * gates) and torch.equal(folded.weight, conv.weight):
            return Verdict(False, "The bias is right; scale each filter of the weight, too.")
        if torch.allclose(folded.weight, conv.weight / gates[:, None, None, None]):
            return Verdict(False, "You divide by the gates; the output was multiplied by them.")
    return Verdict(False, "For g > 0, g * leaky_relu(u) = leaky_relu(g * u): so multiply what makes u, filter by filter.")


def variance_shares(answer: Callable) -> Verdict:
    """Chapter 06: how much of the gates' variance comes from who is seen, and how much from the expression.

    Args:
        answer: takes gates, float (I, E, C) of I people in E emotions, and returns two shares in [0, 1]: of the people's
            means, and of the emotions' means, in the sum of squared deviations of all channels.

    >>> variance_shares(lambda gates: (1.0, 1.0))
    Not yet. Gates that depend on the person alone: the shares are 1 and 0; yours are 1 and 1.
    """
    import torch

    rng = np.random.default_rng(0)
    person, feeling, both = rng.normal(size=(5, 1, 3)), rng.normal(size=(1, 4, 3)), rng.normal(size=(5, 4, 3))

    def shares(gates: np.ndarray) -> tuple[float, float]:
        found = answer(torch.from_numpy(gates))
        if not isinstance(found, tuple | list) and np.size(found) != 2:
            raise ValueError("two shares are asked for")
        if any(torch.as_tensor(share).numel() != 1 for share in found):
            raise ValueError("a share of each channel; add up the squares of all channels, then divide")
        return float(found[0]), float(found[1])

    def squares(x: np.ndarray) -> float:
        return float((x**2).sum())

    def wanted(gates: np.ndarray) -> tuple[float, float]:
        d = gates - gates.mean(axis=(0, 1))
        return 4 * squares(d.mean(axis=1)) / squares(d), 5 * squares(d.mean(axis=0)) / squares(d)

    for gates, what in ((person + 0 * both, "person"), (feeling + 0 * both, "emotion")):
        found = shares(gates)
        if np.allclose(found, wanted(gates)[::-1], atol=1e-6):
            return Verdict(False, "The two shares are exchanged: a person's mean is taken over the emotions, axis 1.")
        if not np.allclose(found, wanted(gates), atol=1e-6):
            if np.allclose(found, np.divide(wanted(gates), (4, 5)), atol=1e-6):
                return Verdict(False, "The mean over E emotions stands for E pictures, that over I people for I: count its square that many times.")
            if np.allclose(found, np.multiply(wanted(gates), (5 / 4, 4 / 5)), atol=1e-6):
                return Verdict(False, "The counts are exchanged: a person's mean is made of E pictures, an emotion's of I.")
            if not np.allclose(found, shares(gates - gates.mean(axis=(0, 1))), atol=1e-6):
                return Verdict(False, "Each channel has a mean of its own: take that off, over people and emotions, not one mean of all numbers.")
            right = "1 and 0" if what == "person" else "0 and 1"
            return Verdict(
                False, f"Gates that depend on the {what} alone: the shares are {right}; yours are {found[0]:.3g} and {found[1]:.3g}."
            )
    mixed = person + 0.5 * feeling + 0.3 * both
    found = shares(mixed)
    if np.allclose(found, wanted(mixed), atol=1e-6):
        return Verdict(True, "Two shares; what is missing to 1 belongs to neither alone.")
    if np.isclose(sum(found), 1, atol=1e-6):
        return Verdict(False, "Your shares add up to 1, but a part belongs to neither: divide by the sum of all squares.")
    alone = np.mean([wanted(mixed[..., [c]]) for c in range(3)], axis=0)
    if np.allclose(found, alone, atol=1e-6):
        return Verdict(False, "That is the mean of the channels' shares: add up the squares of all channels first, then divide once.")
    if not np.allclose(found, shares(mixed + 7.0), atol=1e-6):
        return Verdict(False, "Adding 7 to all gates changes your shares: take each channel's mean off first.")
    return Verdict(False, "Where one factor is alone you are right, where both are mixed you are not: add up squares, not absolute values or deviations.")
