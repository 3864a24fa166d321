"""How far two sets of pictures are from each other: Fréchet and kernel distance between their features.

The Fréchet *Inception* distance (FID) is the Fréchet distance of 2048 features of an Inception network. With another
network's features it is another number, and is never called FID here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange, reduce

from ..errors import EmotalkError
from ..models.features import ImageFeatures

BATCH = 64  # pictures at a time
KERNELS = 2**21  # values of the kernel at a time: 16 MB


class Statistics(NamedTuple):
    """A Gaussian fitted to features: their number, mean (d,) and covariance (d, d), all in float64."""

    count: int
    mean: np.ndarray
    covariance: np.ndarray


@torch.inference_mode()
def picture_features(frames: np.ndarray, network: ImageFeatures) -> np.ndarray:
    """One vector a picture: every feature map of the network, averaged over its pixels.

    Args:
        frames: uint8 (N, H, W, 3) RGB.
        network: of `load_features`; EfficientNet-Lite0 gives d = 192.

    Returns:
        (N, d) float64.
    """
    device = next(network.parameters()).device
    vectors = []
    for start in range(0, len(frames), BATCH):
        x = torch.from_numpy(frames[start : start + BATCH]).to(device).float() / 127.5 - 1
        maps = network(rearrange(x, "n h w c -> n c h w"))
        vectors.append(torch.cat([reduce(m, "n c h w -> n c", "mean") for m in maps], dim=1).double().cpu())
    return torch.cat(vectors).numpy()


def statistics(features: np.ndarray) -> Statistics:
    """The Gaussian of features (N, d).

    Raises:
        EmotalkError: fewer than two vectors.

    >>> statistics(np.array([[0.0], [2.0]])).covariance
    array([[2.]])
    """
    if len(features) < 2:
        raise EmotalkError(f"{len(features)} picture has no spread; give at least 2")
    features = features.astype(np.float64)
    return Statistics(len(features), features.mean(axis=0), np.cov(features, rowvar=False).reshape(features.shape[1], -1))


def frechet_distance(a: Statistics, b: Statistics) -> float:
    """Squared Fréchet (2-Wasserstein) distance of two Gaussians: |m_a - m_b|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2).

    Only symmetric matrices are taken apart, so that no complex or negative root can come up, also where there are
    fewer pictures than features.

    Source: Dowson & Landau 1982; Heusel et al. 2017 (FID).

    >>> one, two = Statistics(9, np.zeros(2), np.eye(2)), Statistics(9, np.array([3.0, 0.0]), 4 * np.eye(2))
    >>> frechet_distance(one, two)  # 9 for the means, (2 - 1)^2 for each of two deviations
    11.0
    """
    values, vectors = np.linalg.eigh(a.covariance)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T  # A^1/2
    cross = np.sqrt(np.linalg.eigvalsh(root @ b.covariance @ root).clip(0)).sum()
    moved = ((a.mean - b.mean) ** 2).sum()
    return float(max(0.0, moved + np.trace(a.covariance) + np.trace(b.covariance) - 2 * cross))


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared maximum mean discrepancy with the kernel (x·y / d + 1)^3, without bias: its mean is 0 where nothing differs.

    Time grows with the square of the number of vectors, memory does not: the kernel is summed some rows at a time.

    Args:
        a: features (N, d).
        b: features (M, d).

    Returns:
        May be a little below 0. With Inception's features it is KID.

    Raises:
        EmotalkError: fewer than two vectors in one of them.

    Source: Bińkowski et al. 2018.

    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(2, 400, 4))
    >>> abs(kernel_distance(a, b)) < 0.05 < kernel_distance(a, b + 1)
    True
    """
    n, m = len(a), len(b)
    if min(n, m) < 2:
        raise EmotalkError(f"{min(n, m)} picture has no spread; give at least 2")

    within_a = (_kernel_sum(a, a) - _kernel(np.einsum("nd,nd->n", a, a) / a.shape[1]).sum()) / (n * (n - 1))
    within_b = (_kernel_sum(b, b) - _kernel(np.einsum("nd,nd->n", b, b) / b.shape[1]).sum()) / (m * (m - 1))
    return float(within_a + within_b - 2 * _kernel_sum(a, b) / (n * m))


def _kernel(products: np.ndarray) -> np.ndarray:
    """Of scalar products that were divided by d."""
    x = products + 1
    return x * x * x  # a quarter of the time of x**3


def _kernel_sum(x: np.ndarray, y: np.ndarray) -> float:
    """Of the kernel of each row of x, (N, d), with each of y, (M, d)."""
    rows = max(1, KERNELS // len(y))
    return sum(float(_kernel(x[i : i + rows] @ y.T / x.shape[1]).sum()) for i in range(0, len(x), rows))


def frechet_of_features(a: np.ndarray, b: np.ndarray) -> float:
    """`frechet_distance` of the Gaussians that two sets of features, (N, d) and (M, d), are taken for.

    Raises:
        EmotalkError: as `statistics`.

    >>> frechet_of_features(np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]]))
    9.0
    """
    return frechet_distance(statistics(a), statistics(b))


def floor(
    features: np.ndarray,
    groups: Iterable[object],
    distance: Callable[[np.ndarray, np.ndarray], float] = frechet_of_features,
    seed: int = 0,
    repeats: int = 5,
) -> float:
    """The distance between two halves of the same set: what a perfect generator would get with half as many frames on either side.

    Where the bias of few frames outweighs all else, a Fréchet distance of halves is about twice what a perfect generator with as many
    frames as the whole set would get.

    Whole groups (clips) go to one half: frames of one clip in both would make the halves more alike than two sets of
    films ever are.

    Args:
        features: (N, d).
        groups: of each row, such as its clip's name.
        distance: of two sets of features, such as `kernel_distance`.
        seed: of the halves.
        repeats: how many random halvings are averaged; of few groups, the same one may come up again.

    Returns:
        The mean distance; NaN where there is a single group.

    >>> floor(np.zeros((4, 1)), "aabb")
    0.0
    """
    groups = np.array(list(groups))
    names, rng, distances = np.unique(groups), np.random.default_rng(seed), []
    if len(names) < 2:
        return float("nan")
    for _ in range(repeats):
        chosen = np.isin(groups, rng.permutation(names)[: len(names) // 2])
        if 2 <= chosen.sum() <= len(groups) - 2:
            distances.append(distance(features[chosen], features[~chosen]))
    return float(np.mean(distances)) if distances else float("nan")


def expected_bias(variance: float, d: int, n: int, m: int) -> float:
    """The Fréchet distance that n and m samples of the *same* isotropic Gaussian have on average.

    Args:
        variance: sigma squared of each feature.
        d: number of features.
        n, m: number of samples, both large against d.

    Source: first order in 1/n and 1/m; 1/n + 1/m for the means, d (d + 1) / 4 of these for the covariances.

    >>> expected_bias(1.0, 64, 2000, 2000)
    1.104
    """
    return variance * (d + d * (d + 1) / 4) * (1 / n + 1 / m)


def gaussian_bias(variances: np.ndarray, n: int, m: int) -> float:
    """`expected_bias` where the features differ in variance: those of real networks do, by orders of magnitude.

    Args:
        variances: (d,) eigenvalues of the covariance.
        n, m: number of independent samples, both large against d.

    Source: first order in 1/n and 1/m. A covariance that is off by H moves the distance by the sum of
    |H_ij|^2 / (2 (v_i + v_j)), in the axes of its eigenvectors; the variance of H_ij is v_i v_j (1 + [i = j]) (1/n + 1/m).

    >>> gaussian_bias(np.ones(64), 2000, 2000) == expected_bias(1.0, 64, 2000, 2000)
    True
    """
    v = np.asarray(variances, dtype=np.float64)
    v = v[v > v.max() * 1e-12]  # what has no spread adds nothing
    pairs = np.outer(v, v) / np.add.outer(v, v)
    return float((v.sum() + (pairs.sum() + np.trace(pairs)) / 2) * (1 / n + 1 / m))
