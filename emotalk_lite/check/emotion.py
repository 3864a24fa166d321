"""Checks of the exercises of chapter 07."""

from collections.abc import Callable
from time import perf_counter

from .verdict import Verdict


def emotion_parameters(count: int) -> Verdict:
    """Chapter 07: how many parameters two fully connected layers have, 9 to 256 to 256.

    >>> emotion_parameters(9 * 256 + 256 * 256)
    Not yet. These are the weights of both layers; each of their outputs has a bias, too.
    """
    n, d = 9, 256
    hints = {
        n * d + d * d: "These are the weights of both layers; each of their outputs has a bias, too.",
        n * d + d: "That is the first layer; the second leads from 256 to 256.",
        d * d + d: "That is the second layer; the first leads from 9 to 256.",
        n * d + n + d * d + d: "A bias belongs to an output: the first layer has 256 of them, not 9.",
        n * d + d + d * d: "One layer lacks its biases: each of them has 256 outputs, and as many biases.",
        6 * d + d + d * d + d: "Six emotions are CREMA-D's; here nine go in.",
    }
    if count == n * d + d + d * d + d:
        return Verdict(True, "9 x 256 + 256 and 256 x 256 + 256; nearly all of it is the second layer.")
    return Verdict(False, hints.get(count, "Two layers, each with inputs times outputs weights and as many biases as outputs."))


def smooth_noise(answer: Callable) -> Verdict:
    """Chapter 07: noise that remembers the frame before and has variance 1 at every frame.

    Args:
        answer: takes white noise, float tensor (T, D), and a correlation in [0, 1]; returns noise of the same shape.

    >>> smooth_noise(lambda white, memory: white)
    Not yet. With memory 0.8, the correlation from frame to frame has to be 0.8; yours is 0.00.
    """
    import torch

    white = torch.randn(12, 20_000, generator=torch.Generator().manual_seed(0))
    before = white.clone()
    for memory in (0.8, 0.3):
        found = answer(white, memory)
        if isinstance(found, list | tuple):
            return Verdict(False, "Your function returns a list of frames: make one tensor of them, with torch.stack.")
        found = torch.as_tensor(found)
        if not torch.equal(white, before):
            return Verdict(False, "Your function changes the noise that it is given; work on a copy.")
        if found.shape != white.shape:
            return Verdict(False, f"The shape has to stay {tuple(white.shape)}; yours is {tuple(found.shape)}.")
        variance = found.var(dim=1)
        correlation = (found[1:] * found[:-1]).mean() / (found[1:].var() * found[:-1].var()).sqrt()
        if variance[-1] > 1.1 and abs(variance[0] - 1) < 0.1:
            return Verdict(False, f"The variance grows, to {variance[-1]:.2f}: new noise needs the weight sqrt(1 - memory^2).")
        if variance[-1] < 0.9 and abs(variance[0] - 1) < 0.1:
            return Verdict(False, f"The variance shrinks, to {variance[-1]:.2f}: variances add up, and so do squares of weights, to 1.")
        if abs(variance[0] - 1) > 0.1:
            return Verdict(False, f"The first frame has variance {variance[0]:.2f}: nothing is before it, so take the white noise as it is.")
        if abs(correlation - memory) > 0.03:
            fresh = (1 - memory**2) ** 0.5
            if abs(correlation - fresh) < 0.03:
                return Verdict(False, "The two weights are exchanged: `memory` belongs to the frame before, the root to the new noise.")
            if torch.allclose(found[2], memory * white[1] + fresh * white[2], atol=1e-4):
                return Verdict(False, "You mix in the white noise of the frame before; mix in what you made of it, which remembers all before.")
            if abs((found[:, 1:] * found[:, :-1]).mean() - memory) < 0.03:
                return Verdict(False, "You go along the second axis, from number to number; the frames are the first.")
            wrong = f"the correlation from frame to frame has to be {memory}; yours is {abs(correlation):.2f}."
            return Verdict(False, f"With memory {memory}, {wrong}")
    return Verdict(True, "A first-order autoregression: one number says how long it remembers.")


def noise_between(answer: Callable) -> Verdict:
    """Chapter 07: the noise of frames `start` to `end`, however the film is cut.

    Args:
        answer: takes a seed, start, end and the dimension; returns a float tensor (end - start, dim).

    >>> import torch
    >>> noise_between(lambda seed, start, end, dim: torch.zeros(end - start, dim))
    Not yet. Two frames of a film have the same noise.
    """
    import torch

    whole = torch.as_tensor(answer(3, 0, 40, 6))
    if whole.shape != (40, 6):
        return Verdict(False, f"Frames 0 to 40 of dimension 6 make (40, 6); yours is {tuple(whole.shape)}.")
    if not torch.equal(whole, torch.as_tensor(answer(3, 0, 40, 6))):
        return Verdict(False, "Called twice, it gives two noises: let everything come from the seed.")
    if len(torch.unique(whole, dim=0)) < 40:
        return Verdict(False, "Two frames of a film have the same noise.")
    if not torch.equal(whole[25:40], torch.as_tensor(answer(3, 25, 40, 6))):
        return Verdict(False, "Frames 25 to 40 alone are not those of the whole film: a frame's noise must not depend on where you start.")
    if torch.equal(whole, torch.as_tensor(answer(4, 0, 40, 6))):
        return Verdict(False, "Seeds 3 and 4 give the same film.")
    others = torch.cat([torch.as_tensor(answer(seed, 0, 40, 6)) for seed in (1, 2, 3, 4, 5)])
    many = torch.as_tensor(answer(0, 0, 3000, 6)).float()
    if (torch.cdist(many, others.float()) < 1e-6).any():
        return Verdict(False, "Another seed has some of the same frames, later: seed and frame must not simply be added or multiplied.")
    for stride in (10**4, 2**16, 10**6, 2**20):
        if torch.equal(torch.as_tensor(answer(0, stride, stride + 2, 6)), torch.as_tensor(answer(1, 0, 2, 6))):
            return Verdict(False, f"Seed 0 has at frame {stride:,} what seed 1 has at frame 0: seed and frame must not simply be added or multiplied.")
    if abs(many.mean()) > 0.05 or abs(many.var() - 1) > 0.08:
        return Verdict(False, f"It should have mean 0 and variance 1; yours has {many.mean():.2f} and {many.var():.2f}.")
    if _seconds(answer, 1_000_000) > max(0.01, 20 * _seconds(answer, 0)):
        return Verdict(False, "Frame 1,000,000 takes far longer than frame 0: draw nothing before `start`.")
    return Verdict(True, "A frame's noise depends on its seed and its number, and on nothing else.")


def _seconds(answer: Callable, start: int) -> float:
    """The shortest of three times for two frames from `start` on."""
    found = []
    for _ in range(3):
        begin = perf_counter()
        answer(3, start, start + 2, 6)
        found.append(perf_counter() - begin)
    return min(found)
