"""How maps become frames: drawn, composited, or moved."""

from dataclasses import replace

import pytest
import torch

from emotalk_lite.models.generator import Generator
from emotalk_lite.models.output import CHANNELS, FARTHEST, move_pixels, to_frames
from toy import TOY


@pytest.mark.parametrize("output", CHANNELS)
def test_frames_stay_in_range_and_every_parameter_learns(output):
    torch.manual_seed(0)
    generator = Generator(replace(TOY, output=output))
    image = torch.rand(2, 3, 32, 32) * 2 - 1
    frames = generator(image, torch.randn(2, 640), torch.eye(6)[:2], torch.randn(2, 2, TOY.noise_dim))
    assert frames.shape == (2, 2, 3, 32, 32) and frames.abs().max() <= 1
    frames.square().mean().backward()
    still = ("decoder.motion.fc", "decoder.motion.blocks") if output == "warp" else ()  # behind weights that start at zero
    learns = {name: p.grad is not None and bool(p.grad.abs().max() > 0) for name, p in generator.named_parameters()}
    assert all(learns[name] or (still and name.startswith(still)) for name in learns)


def test_the_papers_output_does_not_look_at_the_image():
    maps = torch.randn(4, 3, 8, 8)
    assert torch.equal(to_frames(maps, torch.rand(2, 3, 8, 8)), torch.tanh(maps))


def test_the_mask_chooses_between_drawing_and_copying():
    image, colours = torch.rand(2, 3, 8, 8), torch.randn(4, 3, 8, 8)
    drawn = to_frames(torch.cat([colours, torch.full((4, 1, 8, 8), 50.0)], dim=1), image)
    copied = to_frames(torch.cat([colours, torch.full((4, 1, 8, 8), -50.0)], dim=1), image)
    assert torch.allclose(drawn, torch.tanh(colours)) and torch.allclose(copied, image.repeat_interleave(2, dim=0))


def test_motion_moves_whole_pixels_exactly():
    picture = torch.rand(1, 3, 16, 16)
    motion = torch.tensor([2 / 16, -1 / 16]).view(1, 2, 1, 1).expand(1, 2, 16, 16)
    moved = move_pixels(picture, motion)
    assert torch.allclose(moved[..., 1:, :14], picture[..., :15, 2:], atol=1e-5)


def test_motion_has_a_limit():
    moved = torch.full((1, 2, 16, 16), 50.0), torch.full((1, 1, 16, 16), -50.0)
    ramp = torch.linspace(-1, 1, 16).view(1, 1, 1, 16).expand(1, 3, 16, 16)
    shift = (to_frames(torch.zeros(1, 3, 16, 16), ramp, moved) - ramp)[..., 4:8]
    assert torch.allclose(shift, torch.full_like(shift, FARTHEST * 16 * 2 / 15), atol=1e-4)
