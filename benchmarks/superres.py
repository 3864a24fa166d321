"""RRDBNet without gradients against its plain formulation, same weights, same frame, same run.

    python benchmarks/superres.py        # about a minute; writes results/bench_superres.json

Ours keeps weights and features channels-last and rectifies and adds in place. Times are the best of several passes in turn.
Also: how much Real-ESRGAN flickers, on a few frames of a real clip, as a multiple of bicubic interpolation's.
"""

import json
import platform
import time
from datetime import date
from pathlib import Path

import torch
import torch.nn.functional as F

import emotalk_lite as et
from emotalk_lite.data.clips import load_clip
from emotalk_lite.metrics.flicker import flicker
from emotalk_lite.superres import load_upscaler, upscale

PASSES = 3
FRAMES = 4  # for the flicker
OUT = Path(__file__).parents[1] / "results" / "bench_superres.json"


def plain(net, x: torch.Tensor) -> torch.Tensor:
    """RRDBNet as its paper writes it."""

    def dense(block, x):
        seen = [x]
        for conv in (block.conv1, block.conv2, block.conv3, block.conv4):
            seen.append(F.leaky_relu(conv(torch.cat(seen, 1)), 0.2))
        return x + 0.2 * block.conv5(torch.cat(seen, 1))

    first = y = net.conv_first(x)
    for block in net.RRDB_trunk:
        y = y + 0.2 * dense(block.RDB3, dense(block.RDB2, dense(block.RDB1, y)))
    y = first + net.trunk_conv(y)
    for conv in (net.upconv1, net.upconv2):
        y = F.leaky_relu(conv(F.interpolate(y, scale_factor=2)), 0.2)
    return net.conv_last(F.leaky_relu(net.HRconv(y), 0.2))


def main() -> None:
    """Measure, print and write the numbers."""
    manifest = et.sample()
    clip = load_clip(manifest.path(next(e for e in manifest.clips if e.emotion == "happiness")))
    ours = load_upscaler("realesrgan")
    usual = load_upscaler("realesrgan").to(memory_format=torch.contiguous_format)
    x = torch.from_numpy(clip.frames[20].copy()).permute(2, 0, 1)[None].contiguous() / 255  # (1, 3, 128, 128)
    work = {"ours": lambda: ours(x), "plain": lambda: plain(usual, x)}
    seconds = dict.fromkeys(work, float("inf"))
    with torch.inference_mode():
        for _ in range(PASSES):
            for name, run in work.items():
                started = time.perf_counter()
                run()
                seconds[name] = min(seconds[name], time.perf_counter() - started)
        difference = (ours(x) - plain(usual, x)).abs().max().item()
    film = clip.frames[20 : 20 + FRAMES]
    drawn = {name: flicker(upscale(film, model)) for name, model in (("bicubic", load_upscaler("bicubic")), ("realesrgan", ours))}
    report = {
        "date": date.today().isoformat(),
        "hardware": f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        "input": "one real frame, 128 x 128, Real-ESRGAN x4plus",
        "seconds_a_frame": {name: round(s, 3) for name, s in seconds.items()},
        "time_ratio": round(seconds["ours"] / seconds["plain"], 3),
        "largest_difference": difference,
        "flicker_frames": FRAMES,
        "flicker_grey_levels": {name: round(value, 3) for name, value in drawn.items()},
        "flicker_ratio": round(drawn["realesrgan"] / drawn["bicubic"], 3),
    }
    print(json.dumps(report, indent=2))
    OUT.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
