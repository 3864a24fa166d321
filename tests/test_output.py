"""How maps become frames: drawn or composited."""

from dataclasses import replace

import pytest
import torch

from emotalk_lite.models.generator import Generator
from emotalk_lite.models.output import CHANNELS, to_frames
from toy import TOY


@pytest.mark.parametrize("output", CHANNELS)
def test_frames_stay_in_range_and_every_parameter_learns(output):
    torch.manual_seed(0)
    generator = Generator(replace(TOY, output=output))
    image = torch.rand(2, 3, 32, 32) * 2 - 1
    frames = generator(image, torch.randn(2, 640), torch.eye(6)[:2], torch.randn(2, 2, TOY.noise_dim))
    assert frames.shape == (2, 2, 3, 32, 32) and frames.abs().max() <= 1
    frames.square().mean().backward()
    still = ("decoder.warp.motion", "decoder.warp.inside", "decoder.warp.known")  # behind weights that start at zero; tools/acquaint.py's
    learns = {name: p.grad is not None and bool(p.grad.abs().max() > 0) for name, p in generator.named_parameters()}
    assert all(learns[name] or name.startswith(still) for name in learns)
    if output == "warp":
        assert learns["decoder.warp.motion.last.weight"] and learns["decoder.warp.inside.last.weight"]
        assert not learns["decoder.warp.known.weight"]  # training says which clips are drawn


def test_the_papers_output_does_not_look_at_the_image():
    maps = torch.randn(4, 3, 8, 8)
    assert torch.equal(to_frames(maps, torch.rand(2, 3, 8, 8)), torch.tanh(maps))


def test_the_mask_chooses_between_drawing_and_copying():
    image, colours = torch.rand(2, 3, 8, 8), torch.randn(4, 3, 8, 8)
    drawn = to_frames(torch.cat([colours, torch.full((4, 1, 8, 8), 50.0)], dim=1), image)
    copied = to_frames(torch.cat([colours, torch.full((4, 1, 8, 8), -50.0)], dim=1), image)
    assert torch.allclose(drawn, torch.tanh(colours)) and torch.allclose(copied, image.repeat_interleave(2, dim=0))
