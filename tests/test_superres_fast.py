"""The fast upscaler: its network, its shipped weights, and what they are worth beside bicubic interpolation."""

import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from einops import rearrange
from PIL import Image
from safetensors.torch import save_file

from emotalk_lite.data.align import align_face
from emotalk_lite.errors import EmotalkError
from emotalk_lite.data.media import read_video, write_video
from emotalk_lite.metrics.flicker import flicker, still
from emotalk_lite.models.compact import CompactUpscaler
from emotalk_lite.models.features import load_features
from emotalk_lite.superres import load_upscaler, upscale
from emotalk_lite.superres.tiles import OVERLAP, tiled
from emotalk_lite.superres.training import feature_distance
from emotalk_lite.superres.weights import FAST


@pytest.fixture(scope="module")
def fast():
    return load_upscaler("fast")


@pytest.fixture(scope="module")
def eyes(portrait) -> np.ndarray:
    """Eyes and nose of a face that nothing in the package has learned from: uint8 (1, 48, 64, 3)."""
    return align_face(portrait).image[None, 36:84, 32:96]


def unit(frames: np.ndarray) -> torch.Tensor:
    return rearrange(torch.from_numpy(frames), "b h w c -> b c h w") / 255


@pytest.mark.parametrize("size", [(6, 8), (7, 8), (6, 9), (1, 1)])
def test_untrained_it_is_bicubic_interpolation_at_any_size(size):
    x = torch.rand(2, 3, *size)
    torch.testing.assert_close(CompactUpscaler(8, 1)(x), F.interpolate(x, scale_factor=4, mode="bicubic", antialias=True))


def test_every_weight_learns():
    net = CompactUpscaler(8, 2)
    for conv in (net.last, *(two for _, two in net.blocks)):  # they start at zero
        torch.nn.init.normal_(conv.weight)
    net(torch.rand(1, 3, 8, 8)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_tiles_have_no_seams(fast, clips):
    x = unit(clips["happiness"].frames[:1]).repeat(1, 1, 1, 2)  # (1, 3, 128, 256): wider than what a place sees
    assert 4 * (len(fast.blocks) + 1) + 1 <= OVERLAP
    with torch.inference_mode():
        whole = fast(x)
        torch.testing.assert_close(tiled(fast, x, tile=48), whole, atol=1e-5, rtol=0)
        assert (tiled(fast, x, tile=48, overlap=2) - whole).abs().max() > 1e-3  # the test would see a seam


def test_the_shipped_file_is_small_and_draws_the_same_twice(fast, eyes):
    assert FAST.stat().st_size <= 2_000_000
    assert np.array_equal(upscale(eyes, fast), upscale(eyes, load_upscaler("fast", FAST)))
    assert FAST.with_suffix(".md").is_file()


def test_it_is_nearer_to_the_teacher_than_bicubic_interpolation_is(fast, eyes):
    wanted, ours, bicubic = (unit(upscale(eyes, model)) for model in (load_upscaler("realesrgan"), fast, load_upscaler("bicubic")))
    gain = 10 * torch.log10((bicubic - wanted).square().mean() / (ours - wanted).square().mean())
    lite0 = load_features("efficientnet_lite0")
    with torch.inference_mode():
        ratio = feature_distance(ours, wanted, lite0) / feature_distance(bicubic, wanted, lite0)
    assert gain > 2 and ratio < 0.85


def test_it_keeps_what_it_was_given(fast, clips):
    frame = clips["happiness"].frames[20:21]
    drawn = upscale(frame, fast)[0].astype(float)
    shrunk = drawn.reshape(128, 4, 128, 4, 3).mean((1, 3))
    assert np.abs(shrunk - frame[0]).mean() < 5  # grey levels: the same picture; its teacher shifts saturated colours


def test_a_film_flickers_no_more_than_before(fast, clips, tmp_path):
    whole = clips["happiness"].frames
    again = read_video(write_video(tmp_path / "again.mp4", whole, crf=28)).frames  # compressed once more, which shimmers
    for film in (whole[20:32], again[20:32]):
        drawn = upscale(film, fast, steady=True)
        assert flicker(drawn) < flicker(film)
        assert flicker(drawn, still(film, scale=4)) < 0.6 * flicker(film, still(film))
    assert flicker(upscale(film, fast), still(film, scale=4)) > 1.1 * flicker(film, still(film))  # else there was nothing to do


def test_it_takes_less_than_a_twentieth_of_its_teachers_time(fast, eyes):
    def seconds(model):
        started = time.perf_counter()
        upscale(eyes, model)
        return time.perf_counter() - started

    upscale(eyes, fast)
    assert seconds(load_upscaler("realesrgan")) > 20 * min(seconds(fast) for _ in range(5))


def test_other_weights_are_refused(tmp_path):
    save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(EmotalkError, match="does not hold CompactUpscaler's weights"):
        load_upscaler("fast", tmp_path / "other.safetensors")
    with pytest.raises(EmotalkError, match="no such file"):
        load_upscaler("fast", tmp_path / "none.safetensors")


def test_the_command_takes_it_by_default(eyes, tmp_path):
    Image.fromarray(eyes[0]).save(tmp_path / "face.png")
    command = [sys.executable, "-m", "emotalk_lite", "upscale", str(tmp_path / "face.png"), str(tmp_path / "large.png")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'large.png'}: 256 x 192, fast\n")
