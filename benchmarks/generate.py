"""How fast the generator draws and learns, as a ratio to the plain formulation with the same weights in the same run.

    python benchmarks/generate.py [--preset cpu] [--json results/bench_generate.json]

"Plain" is the text-book decoder: repeat every skip for every frame, join, upsample, convolve. Both are timed in turn,
so a machine whose speed drifts gives the same ratio.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from pathlib import Path

import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional as F

from emotalk_lite.models.decoder import SMALLEST, ConvLSTMBlock, Decoder
from emotalk_lite.models.generator import Generator
from emotalk_lite.models.noise import sample_noise
from emotalk_lite.models.speech import SLOPE
from emotalk_lite.models.upsample import conv_reflect, plain_upsample_conv
from emotalk_lite.presets import FPS, PRESETS, SAMPLES_PER_FRAME

WINDOW_SECONDS = 1  # of a training step, as the presets have it


def plain_decode(decoder: Decoder, z: Tensor, skips: list[Tensor]) -> Tensor:
    """The decoder with its weights and without its two rewrites; blocks with a ConvLSTM are not covered."""
    h = rearrange(decoder.fc(z), "b t (c h w) -> (b t) c h w", h=SMALLEST, w=SMALLEST)
    for block, skip in zip(decoder.blocks, reversed(skips)):
        if isinstance(block, ConvLSTMBlock):
            raise SystemExit("the plain formulation covers presets without a ConvLSTM; choose --preset cpu or smoke")
        if block.upsample:
            h = F.interpolate(h, scale_factor=2, mode="nearest")
        h = torch.cat([h, repeat(skip, "b c h w -> (b t) c h w", t=z.shape[1])], dim=1)
        h = F.leaky_relu(conv_reflect(h, block.conv.weight, block.conv.bias), SLOPE)
    frames = torch.tanh(plain_upsample_conv(h, decoder.last.weight, decoder.last.bias))
    return rearrange(frames, "(b t) c h w -> b t c h w", b=z.shape[0])


def paired_seconds(ours, plain, repeats: int) -> tuple[list[float], list[float]]:
    """Time two functions in turn, after one warm-up each."""
    ours(), plain()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, row in zip((ours, plain), times):
            start = time.perf_counter()
            function()
            row.append(time.perf_counter() - start)
    return times


def measure(preset: str, seconds: int, repeats: int) -> dict[str, object]:
    """Frames a second of generation and of a training step, ours and plain, and how far their frames differ."""
    config = PRESETS[preset].model
    torch.manual_seed(0)
    generator = Generator(config).eval()

    def inputs(batch: int, n_frames: int) -> tuple[Tensor, ...]:
        rng = torch.Generator().manual_seed(0)
        image = torch.rand(batch, 3, config.image_size, config.image_size, generator=rng) * 2 - 1
        speech = torch.randn(batch, n_frames * SAMPLES_PER_FRAME, generator=rng) * 0.1
        return image, speech, torch.eye(6)[:batch], sample_noise(batch, n_frames, config.noise_dim, rng)

    def ours(given: tuple[Tensor, ...]) -> Tensor:
        return generator(*given)

    def plain(given: tuple[Tensor, ...]) -> Tensor:
        return plain_decode(generator.decoder, *generator.encode(*given))

    def step(function, given: tuple[Tensor, ...]) -> None:
        generator.zero_grad()
        function(given).square().mean().backward()

    talk, window = inputs(1, seconds * FPS), inputs(2, WINDOW_SECONDS * FPS)
    with torch.inference_mode():
        difference = (ours(talk) - plain(talk)).abs().max().item()
        forward = paired_seconds(lambda: ours(talk), lambda: plain(talk), repeats)
    backward = paired_seconds(lambda: step(ours, window), lambda: step(plain, window), repeats)
    report: dict[str, object] = {"largest_difference": difference}
    for name, (fast, slow), n_frames in (("generation", forward, seconds * FPS), ("training_step", backward, 2 * WINDOW_SECONDS * FPS)):
        report[name] = {
            "frames_a_second": round(n_frames / statistics.median(fast), 1),
            "plain_frames_a_second": round(n_frames / statistics.median(slow), 1),
            "ratio": round(statistics.median(s / f for f, s in zip(fast, slow)), 2),
        }
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="cpu", choices=PRESETS)
    parser.add_argument("--seconds", type=int, default=4, help="length of the generated speech")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, help="also write the report here")
    args = parser.parse_args()
    report = {
        "preset": args.preset,
        **measure(args.preset, args.seconds, args.repeats),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    text = json.dumps(report, indent=1)
    print(text)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
