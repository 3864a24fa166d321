"""The exercise checks of chapter 07: the right answer passes, and each wrong one is told where to look."""

import numpy as np
import pytest
import torch

from emotalk_lite import check

RIGHT = 9 * 256 + 256 + 256 * 256 + 256


@pytest.mark.parametrize(
    "count, hint",
    [(RIGHT, "second layer"), (RIGHT - 512, "has a bias"), (9 * 256 + 256, "is the first layer"), (256 * 257, "is the second layer"),
     (RIGHT - 247, "not 9"), (RIGHT - 256, "lacks its biases"), (6 * 256 + 256 + 256 * 257, "CREMA-D's"), (6, "inputs times outputs")],
)
def test_emotion_parameters(count, hint):
    verdict = check.emotion_parameters(count)
    assert hint in verdict.hint and bool(verdict) == (count == RIGHT)


def test_two_layers_have_as_many():
    layers = torch.nn.Sequential(torch.nn.Linear(9, 256), torch.nn.Linear(256, 256))
    assert check.emotion_parameters(sum(p.numel() for p in layers.parameters()))


def smooth(white, memory, new=None, first=1.0, in_place=False):
    out = white if in_place else white.clone()
    out[0] = first * white[0]
    for t in range(1, len(white)):
        out[t] = memory * out[t - 1] + ((1 - memory**2) ** 0.5 if new is None else new) * white[t]
    return out


@pytest.mark.parametrize(
    "answer, hint",
    [
        (smooth, "autoregression"),
        (lambda w, m: smooth(w, m, new=1.0), "grows"),
        (lambda w, m: smooth(w, m, new=1 - m), "shrinks"),
        (lambda w, m: smooth(w, m, first=0.2), "nothing is before it"),
        (lambda w, m: smooth(w, m, in_place=True), "on a copy"),
        (lambda w, m: smooth(w, m**2), "yours is 0.64"),
        (lambda w, m: smooth(w, (1 - m**2) ** 0.5), "exchanged"),
        (lambda w, m: torch.cat([w[:1], m * w[:-1] + (1 - m**2) ** 0.5 * w[1:]]), "white noise of the frame before"),
        (lambda w, m: smooth(w.T, m).T, "the frames are the first"),
        (lambda w, m: list(smooth(w, m)), "torch.stack"),
        (lambda w, m: w[1:], "has to stay (12, 20000)"),
    ],
)
def test_smooth_noise(answer, hint):
    verdict = check.smooth_noise(answer)
    assert hint in verdict.hint and bool(verdict) == (answer is smooth)


def between(seed, start, end, dim, mix=lambda seed, t: [seed, t], scale=1.0):
    return torch.from_numpy(np.stack([scale * np.random.default_rng(mix(seed, t)).normal(size=dim) for t in range(start, end)]))


@pytest.mark.parametrize(
    "answer, hint",
    [
        (between, "on nothing else"),
        (lambda *given: between(*given, mix=lambda seed, t: seed + t), "added"),
        (lambda *given: between(*given, mix=lambda seed, t: 1000 * seed + t), "added"),
        (lambda *given: between(*given, mix=lambda seed, t: 10_000 * seed + t), "at frame 10,000"),
        (lambda *given: between(*given, mix=lambda seed, t: 1_000_000 * seed + t), "at frame 1,000,000"),
        (lambda seed, start, end, dim: torch.randn(end, dim, generator=torch.Generator().manual_seed(seed))[start:], "far longer"),
        (lambda *given: between(*given, mix=lambda seed, t: seed), "Two frames"),
        (lambda *given: between(*given, mix=lambda seed, t: t), "same film"),
        (lambda *given: between(*given, mix=lambda seed, t: None), "Called twice"),
        (lambda *given: between(*given, scale=2.0), "variance 1"),
        (lambda seed, start, end, dim: torch.randn(end - start, dim, generator=torch.Generator().manual_seed(seed)), "where you start"),
        (lambda seed, start, end, dim: between(seed, start, end + 1, dim), "(40, 6)"),
    ],
)
def test_noise_between(answer, hint):
    verdict = check.noise_between(answer)
    assert hint in verdict.hint and bool(verdict) == (answer is between)
