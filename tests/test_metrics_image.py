"""Numbers of pictures against other people's implementations of them."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from emotalk_lite.metrics.image import mouth_correlation, psnr, ssim
from emotalk_lite.metrics.motion import MOUTH, lagged_correlation
from emotalk_lite.metrics.perceptual import lpips_like


@pytest.fixture(scope="module")
def films(clips):
    """Eight frames of a real film, and the same ones ruined in two ways."""
    real = clips["happiness"].frames[10:18]
    noise = np.random.default_rng(0).normal(0, 12, real.shape)
    return real, {"blurred": gaussian_filter(real, (0, 1.5, 1.5, 0)), "noisy": (real + noise).clip(0, 255).astype(np.uint8)}


@pytest.mark.parametrize("kind", ["blurred", "noisy"])
def test_psnr_and_ssim_are_scikit_image_s(films, kind):
    real, ruined = films[0], films[1][kind]
    decibels = [peak_signal_noise_ratio(a, b, data_range=255) for a, b in zip(real, ruined)]
    assert psnr(ruined, real) == pytest.approx(np.mean(decibels), abs=1e-4)

    def theirs(a: np.ndarray, b: np.ndarray) -> float:  # as Wang et al. 2004: with no window that leaves the picture
        as_published = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        return structural_similarity(a, b, data_range=255, channel_axis=2, **as_published)

    def mirrored(frame: np.ndarray) -> np.ndarray:  # ours has windows at the edges, too
        return np.pad(frame, ((5, 5), (5, 5), (0, 0)), mode="reflect")

    ours = ssim(ruined, real)
    assert ours == pytest.approx(np.mean([theirs(mirrored(a), mirrored(b)) for a, b in zip(real, ruined)]), abs=1e-4)
    assert ours == pytest.approx(np.mean([theirs(a, b) for a, b in zip(real, ruined)]), abs=0.03)


@pytest.mark.parametrize("kind", ["blurred", "noisy"])
def test_lpips_s_formula_is_torchmetrics_s(films, kind):
    """On the same network, SqueezeNet with random weights, and with every channel's weight 1."""
    from torchmetrics.functional.image.lpips import _LPIPS

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = _LPIPS(pretrained=False, net="squeeze", pnet_rand=True)
    for weighted in theirs.lins:
        torch.nn.init.ones_(weighted.model[-1].weight)
    a, b = (torch.from_numpy(film[:2]).permute(0, 3, 1, 2) / 255 for film in (films[0], films[1][kind]))
    ours = lpips_like(a, b, lambda x: theirs.net(theirs.scaling_layer(x)))
    assert ours.item() == pytest.approx(theirs(a, b, normalize=True).mean().item(), rel=1e-4) and ours > 1e-3


def test_correlations_are_numpy_s(films):
    real, blurred = films[0], films[1]["blurred"]
    a, b = np.random.default_rng(0).normal(size=(2, 40))
    assert lagged_correlation(a, b, most=0) == (pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-9), 0)
    rng = np.random.default_rng(1)
    for count in range(3, 13):  # the best of nine lags of so few frames would be 0.4 to 0.8 in noise
        assert abs(np.mean([lagged_correlation(*rng.normal(size=(2, count)))[0] for _ in range(300)])) < 0.15
    distance = np.linalg.norm(np.indices((128, 128))[::-1] - MOUTH[:, None, None], axis=0)
    window = np.exp(-((distance / 9) ** 2) / 2)
    curves = [(film.mean(axis=3) * window).sum(axis=(1, 2)) for film in (real, blurred)]
    assert mouth_correlation(blurred, real, np.tile(MOUTH, (8, 1))) == pytest.approx(np.corrcoef(*curves)[0, 1], abs=1e-3)


def test_of_equal_correlations_the_smallest_lag_counts():
    assert lagged_correlation(np.zeros(30), np.random.default_rng(0).normal(size=30)) == (0, 0)  # a flat curve goes with nothing at any lag
