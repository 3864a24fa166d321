"""Super-resolution's training: error falls, the critic learns, and the same seed gives the same network."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from test_cli import emotalk

from emotalk_lite.errors import EmotalkError
from emotalk_lite.models.features import load_features
from emotalk_lite.models.patch_critic import PatchCritic
from emotalk_lite.superres import load_upscaler, save_rrdb, upscale
from emotalk_lite.superres.training import SUPERRES_PRESETS, draw_pairs, feature_distance, train_gan, train_psnr

TINY = replace(SUPERRES_PRESETS["smoke"], psnr_steps=60, learning_rate=1e-2)


@pytest.fixture(scope="module")
def faces(clips):
    frames = np.stack([clip.frames[10] for clip in clips.values()])
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255  # (6, 3, 128, 128)


@pytest.fixture(scope="module")
def trained(faces):
    return train_psnr(faces[:5], TINY)


def test_every_crop_has_a_chain_of_its_own():
    small, large = draw_pairs(torch.full((1, 3, 64, 64), 0.5), replace(TINY, batch=2), np.random.default_rng(0))
    assert torch.equal(large[0], large[1]) and not torch.equal(small[0], small[1])


def test_the_first_stage_comes_nearer_to_a_picture_that_it_never_saw_than_bicubic_interpolation(faces, trained):
    network, losses = trained
    small, large = draw_pairs(faces[5:], TINY, np.random.default_rng(9), count=60)
    with torch.inference_mode():
        drawn = network(small)
    bicubic = F.interpolate(small, scale_factor=4, mode="bicubic", antialias=True)
    assert len(losses) == TINY.psnr_steps and F.l1_loss(drawn, large) < 0.97 * F.l1_loss(bicubic, large)


def test_what_was_trained_enlarges_as_its_forward_does_also_after_it_was_saved(clips, trained, tmp_path):
    grey = np.full((1, 16, 16, 3), 120, np.uint8)
    assert (upscale(grey, TINY.network()) == 120).all()  # it begins as bicubic interpolation
    frames, network = clips["anger"].frames[:2, 30:70, 40:90], trained[0]
    with torch.inference_mode():
        drawn = network(torch.from_numpy(frames).permute(0, 3, 1, 2) / 255).clamp(0, 1).mul(255).round().permute(0, 2, 3, 1).numpy()
    ours = upscale(frames, network)
    assert np.abs(ours - drawn).max() <= 1  # of the last digits' rounding
    path = save_rrdb(network, tmp_path / "mine.safetensors")
    assert np.array_equal(upscale(frames, load_upscaler("bsrgan", path)), ours)
    Image.fromarray(frames[0]).save(tmp_path / "face.png")
    assert emotalk("upscale", tmp_path / "face.png", tmp_path / "large.png", "--model", "bsrgan", "--weights", path).returncode == 0
    assert np.array_equal(np.array(Image.open(tmp_path / "large.png")), ours[0])
    with pytest.raises(EmotalkError, match="mine.pth: give a name that ends in .safetensors"):
        save_rrdb(network, tmp_path / "mine.pth")


def test_the_same_seed_gives_the_same_network(faces, trained):
    again = train_psnr(faces[:5], TINY)[0].state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in trained[0].state_dict().items())


def test_the_second_stage_starts_from_the_first_and_leaves_it_alone(faces, trained):
    network, before = trained[0], {name: t.clone() for name, t in trained[0].state_dict().items()}
    sharper, history = train_gan(network, faces, TINY, load_features("efficientnet_lite0"))
    assert all(torch.equal(network.state_dict()[name], t) for name, t in before.items())
    moved = [(t - before[name]).abs().max().item() for name, t in sharper.state_dict().items()]
    assert 0 < max(moved) < 0.02
    assert set(map(len, history.values())) == {TINY.gan_steps} and all(np.isfinite(v).all() for v in history.values())


class Bright(torch.nn.Module):
    """A critic that takes what is bright for a photograph."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, x):
        return 20 * self.weight * x.mean(dim=(1, 2, 3), keepdim=True)


def test_the_second_stage_draws_what_its_critic_takes_for_a_photograph(faces, monkeypatch):
    critic = Bright()
    monkeypatch.setattr("emotalk_lite.superres.training.PatchCritic", lambda channels: critic)
    start = TINY.network().eval()
    bright, _ = train_gan(start, faces, replace(TINY, gan_steps=20, l1_weight=0, feature_weight=0, critic_weight=1), load_features("efficientnet_lite0"))
    with torch.inference_mode():
        assert bright(faces[:1, :, ::4, ::4]).mean() > start(faces[:1, :, ::4, ::4]).mean() + 0.01
    assert critic.weight != 1, "the critic learns, too"


def test_the_second_stage_brings_features_nearer(faces):
    lite0, start = load_features("efficientnet_lite0"), TINY.network()
    weighed, not_weighed = (train_gan(start, faces, replace(TINY, gan_steps=30, feature_weight=weight), lite0)[1] for weight in (5, 0))
    assert np.mean(weighed["features"][-10:]) < np.mean(not_weighed["features"][-10:])


def test_the_critic_tells_sharp_from_blurred(faces):
    torch.manual_seed(0)
    critic = PatchCritic(channels=8)
    blurred = F.interpolate(F.avg_pool2d(faces, 4), scale_factor=4, mode="bicubic")
    optimiser = torch.optim.Adam(critic.parameters(), 2e-3)
    for _ in range(20):
        loss = F.softplus(-critic(faces)).mean() + F.softplus(critic(blurred)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert critic(faces).mean() > critic(blurred).mean() + 0.5


def test_a_logit_sees_seventy_pixels():
    critic, x = PatchCritic(channels=4), torch.zeros(1, 3, 128, 128, requires_grad=True)
    logits = critic(x)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    seen = x.grad[0].abs().sum(dim=0)
    assert (seen.sum(dim=0) > 0).sum() == 70 and (seen.sum(dim=1) > 0).sum() == 70


def test_a_feature_distance_is_zero_for_equals_and_grows_with_blur(faces):
    network = load_features("efficientnet_lite0")
    blurred = [F.interpolate(F.avg_pool2d(faces[:2], k), scale_factor=k, mode="bicubic") for k in (2, 8)]
    near, far = (feature_distance(b, faces[:2], network).item() for b in blurred)
    assert feature_distance(faces[:2], faces[:2], network) == 0 < near < far
