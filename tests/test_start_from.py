"""Training that starts from trained weights."""

from dataclasses import replace

import pytest
import torch

from emotalk_lite.checkpoint import load_generator, save_generator, start_from
from emotalk_lite.errors import EmotalkError
from emotalk_lite.models.generator import Generator
from emotalk_lite.presets import PRESETS
from emotalk_lite.training.train import train
from toy import TOY

SMOKE = PRESETS["smoke"]


def inputs():
    torch.manual_seed(5)
    return torch.rand(1, 3, 32, 32) * 2 - 1, torch.randn(1, 640), torch.eye(6)[:1], torch.randn(1, 2, TOY.noise_dim)


def test_the_same_output_starts_as_the_same_network(tmp_path):
    trained, new = Generator(TOY), Generator(TOY)
    save_generator(trained, tmp_path / "generator.safetensors")
    start_from(new, tmp_path)
    assert torch.equal(new(*inputs()), trained(*inputs()))


def test_another_output_takes_over_the_encoders_and_starts_as_the_picture(tmp_path):
    trained, new = Generator(TOY), Generator(replace(TOY, output="warp"))
    save_generator(trained, tmp_path / "generator.safetensors")
    start_from(new, tmp_path)
    assert torch.equal(new.encode(*inputs()).z, trained.encode(*inputs()).z)
    image = inputs()[0][:, None]
    assert (new(*inputs()) - image).abs().mean() < 0.2 * (trained(*inputs()) - image).abs().mean()


def test_another_size_is_refused_by_name(tmp_path):
    save_generator(Generator(TOY), tmp_path / "generator.safetensors")
    with pytest.raises(EmotalkError, match="other sizes"):
        start_from(Generator(replace(TOY, speech_dim=20)), tmp_path)


def test_a_run_starts_from_it_and_does_not_resume_from_another_start(sample, tmp_path):
    config = replace(SMOKE, train=replace(SMOKE.train, learning_rate=0.0, final_learning_rate=0.0, pretrain_steps=1))
    first = train(sample.folder, tmp_path / "first", "smoke", "pretrain", steps=1, progress=False)
    second = train(sample.folder, tmp_path / "second", config, "pretrain", init=first, seed=9, progress=False)
    ours, theirs = load_generator(second).state_dict(), load_generator(first).state_dict()
    assert all(torch.allclose(ours[name], theirs[name]) for name in ours)
    more = {"resume": True, "seed": 9, "progress": False}
    save_generator(Generator(SMOKE.model), tmp_path / "other.safetensors")
    with pytest.raises(EmotalkError, match="another start .of --init."):
        train(sample.folder, tmp_path / "second", config, "pretrain", init=tmp_path / "other.safetensors", **more)
    bytes_before = second.read_bytes()
    train(sample.folder, tmp_path / "second", config, "pretrain", **more)  # need not name it again
    assert second.read_bytes() == bytes_before


def test_a_start_that_is_not_there_is_one_line(sample, tmp_path):
    with pytest.raises(EmotalkError, match="no checkpoint at"):
        train(sample.folder, tmp_path, "smoke", init=tmp_path / "none.safetensors", progress=False)
