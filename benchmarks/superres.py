"""The upscalers: RRDBNet against its plain formulation, the fast network against its teacher, and the memory of a large picture.

    python benchmarks/superres.py               # about four minutes; writes results/bench_superres.json
    python benchmarks/superres.py --distances   # how near the fast network comes to its teacher alone: for a new generator
    python benchmarks/superres.py --large       # one picture of 1024 x 1024 through RRDBNet, many minutes
    python benchmarks/superres.py --gpu         # frames a second on a graphics card, less than a minute
    python benchmarks/superres.py --command     # emotalk upscale from file to file, sound included, less than a minute

The last four change their own part of the file. Distances do not depend on what else the machine does; times do.

RRDBNet: ours keeps weights and features channels-last and rectifies and adds in place. Times are the best of several passes in turn.
Fast: frames a second from bytes to bytes, and on faces that it did not learn from, how near it is to Real-ESRGAN's picture, beside
bicubic interpolation.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from skimage.data import astronaut

import emotalk_lite as et
from emotalk_lite.data.align import align_face
from emotalk_lite.data.clips import load_clip
from emotalk_lite.data.media import write_video
from emotalk_lite.metrics.perceptual import lpips_like
from emotalk_lite.models.features import load_features
from emotalk_lite.models.plain import plain_rrdb
from emotalk_lite.paths import write_json
from emotalk_lite.superres import load_upscaler, upscale
from emotalk_lite.superres.training import feature_distance
from emotalk_lite.superres.weights import FAST

PASSES = 3
FILM = 50  # frames of a film that is timed
SECONDS = 10  # of a film that the command enlarges
LARGE = 1024  # pixels
OUT = Path(__file__).parents[1] / "results" / "bench_superres.json"


def rrdb(clip, ours) -> dict:
    """Seconds a frame of both formulations."""
    usual = load_upscaler("realesrgan").to(memory_format=torch.contiguous_format)
    x = torch.from_numpy(clip.frames[20].copy()).permute(2, 0, 1)[None].contiguous() / 255  # (1, 3, 128, 128)
    work = {"ours": lambda: ours(x), "plain": lambda: plain_rrdb(usual, x)}
    seconds = dict.fromkeys(work, float("inf"))
    with torch.inference_mode():
        for _ in range(PASSES):
            for name, run in work.items():
                seconds[name] = min(seconds[name], timed(run))
        difference = (ours(x) - plain_rrdb(usual, x)).abs().max().item()
    return {
        "input": "one real frame, 128 x 128, Real-ESRGAN x4plus",
        "seconds_a_frame": {name: round(s, 3) for name, s in seconds.items()},
        "time_ratio": round(seconds["ours"] / seconds["plain"], 3),
        "largest_difference": difference,
    }


def timed(run) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def speed(clip, network) -> dict:
    """Size of the fast network, and frames a second from bytes to bytes, as of a film."""
    film = np.resize(clip.frames, (FILM, *clip.frames.shape[1:]))
    usual = torch.get_num_threads()
    rates = {}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        upscale(film[:4], network)
        rates[threads] = round(FILM / min(timed(lambda: upscale(film, network, steady=True)) for _ in range(PASSES)), 1)
    torch.set_num_threads(usual)
    return {
        "parameters": sum(p.numel() for p in network.parameters()),
        "megabytes": round(FAST.stat().st_size / 1e6, 2),
        "frames_per_second": {f"{threads} threads": rate for threads, rate in rates.items()},
    }


def to_teacher(clip, models: dict) -> dict:
    """How near the fast network and bicubic interpolation come to the teacher.

    Also how near the teacher comes to itself, when it is given the mirrored picture and its result is mirrored back.
    """
    portrait = align_face(astronaut()).image
    speech = (clip.audio, 8000)
    talking = [et.talk(face, speech, "happiness", progress=False).frames for face in (astronaut(), clip.frames[0])]
    pictures = {
        "portrait": portrait[None],
        "portrait's film": talking[0][[8, 20]],
        "held-out clip": clip.frames[[20, 40]],
        "held-out clip's film": talking[1][[8, 20]],
    }
    lite0 = load_features("efficientnet_lite0")
    distances = {"feature_distance": feature_distance, "lpips_like": lpips_like}
    report = {}
    for name, frames in pictures.items():
        drawn = {key: unit(upscale(frames, model)) for key, model in models.items()}
        drawn["mirrored teacher"] = unit(upscale(frames[:, :, ::-1].copy(), models["realesrgan"])[:, :, ::-1].copy())
        wanted = drawn.pop("realesrgan")
        report[name] = {
            key: {"psnr": round(mean(decibels, ours, wanted), 2)}
            | {what: round(mean(lambda a, b: far(a, b, lite0), ours, wanted), 4) for what, far in distances.items()}
            for key, ours in drawn.items()
        }

    def beside_bicubic(key: str) -> dict:
        rows = [(row[key], row["bicubic"]) for row in report.values()]
        ratios = {f"{what}_ratio": round(float(np.mean([own[what] / base[what] for own, base in rows])), 3) for what in distances}
        return {"psnr_gain": round(float(np.mean([own["psnr"] - base["psnr"] for own, base in rows])), 2)} | ratios

    how_near = {"to_teacher": report, **beside_bicubic("fast"), "mirrored_teacher": beside_bicubic("mirrored teacher")}
    return how_near | {"distances_measured": date.today().isoformat()}


@torch.inference_mode()
def mean(function, drawn: torch.Tensor, wanted: torch.Tensor) -> float:
    return float(np.mean([function(a[None], b[None]).item() for a, b in zip(drawn, wanted)]))


def decibels(drawn: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return -10 * (drawn - wanted).square().mean().log10()


def unit(frames: np.ndarray) -> torch.Tensor:
    return rearrange(torch.from_numpy(frames), "b h w c -> b c h w") / 255


def large(ours) -> dict:
    """Time and peak memory of one large picture, tile by tile."""
    picture = astronaut().repeat(2, 0).repeat(2, 1)  # 512 x 512, twice as large
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = timed(lambda: upscale(picture[None], ours, progress=True))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "input": f"{LARGE} x {LARGE}",
        "output": f"{4 * LARGE} x {4 * LARGE}",
        "minutes": round(seconds / 60, 1),
        "peak_gigabytes": round(after / 2**20, 2),  # kilobytes on Linux
        "before_gigabytes": round(before / 2**20, 2),
        "hardware": hardware(),
    }


def gpu(clip) -> dict:
    """Frames a second from bytes to bytes on a graphics card, in single precision and under autocast."""
    film = np.resize(clip.frames, (FILM, *clip.frames.shape[1:]))
    rates = {}
    for name in ("realesrgan", "fast"):
        network = load_upscaler(name, device="cuda")
        for kind in (torch.float32, torch.bfloat16):
            with torch.autocast("cuda", kind, enabled=kind != torch.float32):
                upscale(film[:8], network)
                seconds = min(timed(lambda: upscale(film, network)) for _ in range(PASSES))
            rates[f"{name}, {str(kind).removeprefix('torch.')}"] = round(FILM / seconds, 1)
    hardware = f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    return {"input": "128 x 128", "frames_per_second": rates, "hardware": hardware, "date": date.today().isoformat()}


def command(clip) -> dict:
    """`emotalk upscale` on a film with sound, as a process of its own: decoding, `fast`, steadying, encoding, copying the sound.

    And the network alone, bytes to bytes and steady, in the same minute: a machine that others share is not always as fast.
    """
    times = SECONDS * 25 // len(clip.frames) + 1
    frames, audio = (np.concatenate([x] * times) for x in (clip.frames, clip.audio))
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in.mp4", Path(folder) / "out.mp4"
        write_video(source, frames[: SECONDS * 25], 25, audio[: SECONDS * 8000], 8000)
        call = [sys.executable, "-m", "emotalk_lite", "upscale", source, out]
        seconds = min(timed(lambda: subprocess.run(call, check=True, capture_output=True)) for _ in range(PASSES))
        film, network = np.resize(clip.frames, (FILM, *clip.frames.shape[1:])), load_upscaler("fast")
        alone = min(timed(lambda: upscale(film, network, steady=True)) for _ in range(PASSES))
        start = min(timed(lambda: subprocess.run([sys.executable, "-c", "import emotalk_lite.superres"], check=True)) for _ in range(PASSES))
    return {
        "input": f"{SECONDS} s of 128 x 128 at 25 frames/s, with sound",
        "seconds": round(seconds, 1),
        "frames_per_second": round(SECONDS * 25 / seconds, 1),
        "frames_per_second_of_the_network_alone": round(FILM / alone, 1),
        "seconds_to_start": round(start, 1),  # of these: imports
        "hardware": hardware(),
        "date": date.today().isoformat(),
    }


def hardware() -> str:
    return f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def main() -> None:
    """Measure, print and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--distances", action="store_true")
    only.add_argument("--large", action="store_true")
    only.add_argument("--gpu", action="store_true")
    only.add_argument("--command", action="store_true")
    only = parser.parse_args()
    before = json.loads(OUT.read_text()) if OUT.is_file() else {}
    manifest = et.sample()
    clip = load_clip(manifest.path(next(e for e in manifest.clips if e.emotion == "happiness")))
    if only.command:
        report = before | {"command": command(clip)}
        print(json.dumps(report["command"], indent=1))
        write_json(report, OUT)
        return
    models = {name: load_upscaler(name) for name in ("bicubic", "fast", "realesrgan")}
    if only.large:
        report = before | {"large": large(models["realesrgan"])}
    elif only.gpu:
        report = before | {"gpu": gpu(clip)}
    elif only.distances:
        report = before | {"fast": before.get("fast", {}) | to_teacher(clip, models)}
    else:
        report = {
            "date": date.today().isoformat(),
            "hardware": hardware(),
            **rrdb(clip, models["realesrgan"]),
            "fast": speed(clip, models["fast"]) | to_teacher(clip, models),
            **{key: before[key] for key in ("large", "gpu", "command") if key in before},
        }
    print(json.dumps(report, indent=1))
    write_json(report, OUT)


if __name__ == "__main__":
    main()
