"""Flicker of enlarged films, as a multiple of the small film's.

    python benchmarks/flicker.py    # about two minutes; writes results/bench_flicker.json

Three films of 128 x 128: a real clip, the same compressed once more (x264, CRF 28), and one that the shipped checkpoint
draws of its face and speech. Each is enlarged frame by frame, and `steady` as `emotalk upscale` and `talk --upscale` do.
Flicker is the mean absolute second difference in time, of the whole picture and of what stands still in the small film.
Sharpness is the mean absolute difference of neighbouring pixels, as a multiple of bicubic interpolation's.
"""

import json
import platform
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import torch

import emotalk_lite as et
from emotalk_lite.data.clips import load_clip
from emotalk_lite.data.media import read_video, write_video
from emotalk_lite.metrics.flicker import flicker, still
from emotalk_lite.paths import write_json
from emotalk_lite.superres import load_upscaler, upscale

FRAMES = slice(20, 32)  # she speaks
CRF = 28
OUT = Path(__file__).parents[1] / "results" / "bench_flicker.json"


def films() -> dict[str, np.ndarray]:
    """uint8 (12, 128, 128, 3) each."""
    manifest = et.sample()
    clip = load_clip(manifest.path(next(e for e in manifest.clips if e.emotion == "happiness")))
    with tempfile.TemporaryDirectory() as folder:
        again = read_video(write_video(Path(folder) / "again.mp4", clip.frames, crf=CRF)).frames
    drawn = et.talk(clip.frames[0], (clip.audio, 8000), "happiness", progress=False).frames
    return {"real": clip.frames[FRAMES], "compressed": again[FRAMES], "generated": drawn[FRAMES]}


def sharpness(frames: np.ndarray) -> float:
    x = frames.astype(np.float32)
    return float(np.abs(np.diff(x, axis=1)).mean() + np.abs(np.diff(x, axis=2)).mean())


def measured(film: np.ndarray) -> dict:
    """Grey levels of the small film, and each upscaler's as a multiple of them."""
    rests = still(film)
    base = {"whole": flicker(film), "still": flicker(film, rests)}
    report = {"grey_levels": {where: round(value, 3) for where, value in base.items()}, "still_part": round(float(rests.mean()), 3)}
    soft = None
    for name in ("bicubic", "fast", "realesrgan"):
        network = load_upscaler(name)
        for steady in (False, True):
            drawn = upscale(film, network, steady=steady)
            soft = soft or sharpness(drawn)
            report[f"{name}, steady" if steady else name] = {
                "whole": round(flicker(drawn) / base["whole"], 3),
                "still": round(flicker(drawn, still(film, scale=4)) / base["still"], 3),
                "sharpness": round(sharpness(drawn) / soft, 3),
            }
    return report


def main() -> None:
    """Measure, print and write the numbers."""
    report = {
        "date": date.today().isoformat(),
        "hardware": f"{platform.machine()}, torch {torch.__version__}",
        "frames": FRAMES.stop - FRAMES.start,
        "crf": CRF,
        "films": {name: measured(film) for name, film in films().items()},
    }
    print(json.dumps(report, indent=1))
    write_json(report, OUT)


if __name__ == "__main__":
    main()
