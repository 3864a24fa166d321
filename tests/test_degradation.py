"""The degradation model: what each step does, how often, and that a seed decides everything."""

from collections import Counter

import numpy as np
import pytest
import torch

from emotalk_lite.superres.camera import bayer, camera_noise, demosaic
from emotalk_lite.superres.degradation import blur, degrade, draw_chain, gaussian_kernel, gaussian_noise, jpeg


@pytest.fixture(scope="module")
def face(portrait):
    return torch.from_numpy(portrait[80:144, 180:244].copy()).permute(2, 0, 1)[None].float() / 255  # (1, 3, 64, 64)


def test_the_seed_decides_everything(face):
    one, same, other = (degrade(face, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert torch.equal(one, same) and not torch.equal(one, other)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_degrades_as_the_cpu(face):
    for seed in range(8):
        here, there = degrade(face, np.random.default_rng(seed)), degrade(face.cuda(), np.random.default_rng(seed)).cpu()
        assert (here - there).abs().mean() < 2 / 255


def test_every_chain_gives_a_quarter_in_range(face):
    for seed in range(40):
        small = degrade(face, np.random.default_rng(seed))
        assert small.shape == (1, 3, 16, 16) and small.isfinite().all() and 0 <= small.min() and small.max() <= 1


def test_sizes_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="multiples of 8"):
        degrade(torch.rand(1, 3, 60, 64), np.random.default_rng(0))


def test_steps_come_as_often_as_the_paper_says_and_in_any_order():
    rng = np.random.default_rng(0)
    chains = [[step.name for step in draw_chain(rng, (64, 64))] for _ in range(2000)]
    share = {name: np.mean([name in chain for chain in chains]) for name in ("halve", "camera noise", "shrink", "noise")}
    assert share == pytest.approx({"halve": 0.25, "camera noise": 0.25, "shrink": 1, "noise": 1}, abs=0.03)
    assert np.mean([chain.count("JPEG") == 2 for chain in chains]) == pytest.approx(0.75, abs=0.03)
    assert all(chain[-1] == "JPEG" for chain in chains)
    before = np.mean([chain.index("shrink") < chain.index("noise") for chain in chains])
    assert before == pytest.approx(0.5, abs=0.04)


def test_the_ways_of_shrinking_are_equally_probable():
    rng = np.random.default_rng(0)
    found = Counter(step.detail.split()[0] for _ in range(2000) for step in draw_chain(rng, (64, 64)) if step.name == "shrink")
    assert {k: n / 2000 for k, n in found.items()} == pytest.approx(dict.fromkeys(("nearest", "bilinear", "bicubic", "to"), 0.25), abs=0.04)


def test_the_numbers_of_the_steps_are_the_papers():
    rng, said = np.random.default_rng(0), {}
    for step in (step for _ in range(2000) for step in draw_chain(rng, (64, 64))):
        said.setdefault(step.name, []).append(step.detail.replace(",", "").split())
    numbers = {
        "quality": [int(words[1]) for words in said["JPEG"]],
        "sigma": [int(words[1]) for words in said["noise"]],
        "width": [float(words[1]) for words in said["round blur"]],
        "variance": [float(width) ** 2 for words in said["oblong blur"] for width in words[1::2]],
    }
    ranges = {"quality": (30, 95), "sigma": (1, 25), "width": (0.1, 2.8), "variance": (0.5, 8)}
    for name, (low, high) in ranges.items():
        found = min(numbers[name]), np.mean(numbers[name]), max(numbers[name])
        assert found == pytest.approx((low, (low + high) / 2, high), rel=0.03, abs=0.03), name
    kinds = {kind: n / 2000 for kind, n in Counter(words[0] for words in said["noise"]).items()}
    assert kinds == pytest.approx({"correlated": 0.2, "coloured": 0.4, "grey": 0.4}, abs=0.04)


def test_no_way_of_shrinking_moves_the_picture():
    ramp = (torch.arange(64.0) / 63).expand(1, 3, 64, 64)
    wanted = ramp.reshape(1, 3, 16, 4, 16, 4).mean(dim=(3, 5))
    rng, seen = np.random.default_rng(0), set()
    for _ in range(60):
        for step in draw_chain(rng, (64, 64)):
            if step.name == "shrink" and (drawn := step(ramp)).shape == wanted.shape:
                seen.add(step.detail.split()[0])
                inner = (drawn - wanted)[..., 4:-4, 4:-4].abs().max()
                assert inner < 1 / 63, step.detail  # less than a pixel of the large picture
    assert seen == {"nearest", "bilinear", "bicubic", "to"}


def test_a_kernel_has_the_variance_that_was_asked_for():
    kernel = gaussian_kernel(41, (9.0, 2.0), angle=np.pi / 2)
    place = torch.arange(41.0) - 20
    assert kernel.sum().item() == pytest.approx(1, abs=1e-5)
    assert (kernel.sum(dim=0) * place**2).sum().item() == pytest.approx(2, abs=0.02)  # turned by 90 degrees: long downwards
    assert (kernel.sum(dim=1) * place**2).sum().item() == pytest.approx(9, abs=0.02)


def test_blur_keeps_the_mean_and_takes_detail(face):
    blurred = blur(face, gaussian_kernel(15, (4.0, 4.0)))
    assert blurred.mean().item() == pytest.approx(face.mean().item(), abs=0.02)
    assert blurred.diff(dim=-1).abs().mean() < 0.6 * face.diff(dim=-1).abs().mean()


@pytest.mark.parametrize("kind, together", [("grey", (0.999, 1.001)), ("coloured", (-0.05, 0.05))])
def test_noise_has_its_strength_and_its_colours(kind, together):
    noise = gaussian_noise(torch.zeros(1, 3, 100, 100), 0.05, kind, seed=1)
    assert noise.std().item() == pytest.approx(0.05, rel=0.03) and abs(noise.mean().item()) < 2e-3
    assert together[0] < np.corrcoef(noise[0].flatten(1).numpy())[0, 1] < together[1]


def test_correlated_noise_is_equally_strong_in_every_channel():
    noise = gaussian_noise(torch.zeros(1, 3, 100, 100), 0.05, "correlated", seed=1)
    assert noise.std(dim=(0, 2, 3)).tolist() == pytest.approx([0.05] * 3, rel=0.05)


def test_less_quality_is_more_damage(face):
    damage = [(jpeg(face, quality) - face).abs().mean().item() for quality in (95, 60, 30)]
    assert 0 < damage[0] < damage[1] < damage[2] < 0.05


def test_a_sensor_noise_grows_with_the_light_and_smears():
    dark, bright = torch.full((1, 3, 128, 128), 0.1), torch.full((1, 3, 128, 128), 0.8)
    linear = [camera_noise(x, seed=5).pow(2.2)[:, 1].std().item() for x in (dark, bright)]
    assert linear[1] > 2 * linear[0] > 0
    green = camera_noise(bright, seed=5)[0, 1].numpy()
    assert np.corrcoef(green[:, :-1].ravel(), green[:, 1:].ravel())[0, 1] > 0.2  # neighbours share what was interpolated


def test_red_and_blue_are_noisier_than_green_for_white_balance_has_raised_them():
    noise = [camera_noise(torch.full((1, 3, 128, 128), 0.5), seed)[0].std(dim=(1, 2)) for seed in range(8)]
    red, green, blue = torch.stack(noise).mean(dim=0)
    assert red > 1.1 * green and blue > 1.1 * green


def test_interpolated_colours_are_exact_on_a_ramp():
    ramp = (torch.arange(16.0) / 15).expand(1, 3, 16, 16)
    torch.testing.assert_close(demosaic(ramp * bayer(ramp))[..., 2:-2, 2:-2], ramp[..., 2:-2, 2:-2])
