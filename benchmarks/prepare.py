"""How fast is preparing the sample, and what does tracking cost in accuracy?

    python benchmarks/prepare.py        # about a minute; writes results/bench_prepare.json

The plain formulation is MTCNN's whole cascade, facenet-pytorch's defaults, on every frame at full size. Ours runs
it on one frame in 25 and O-Net alone on the rest. Both see the same frames of the six real clips; times are the best
of several passes, so that whatever else the machine does counts least. The load average beside the numbers says how much
else it did; processor seconds, unlike seconds, hardly depend on it.
"""

import json
import platform
import subprocess
import time
from datetime import date
from pathlib import Path

import numpy as np

import emotalk_lite as et
from emotalk_lite.data import align, faces, media, prepare
from emotalk_lite.paths import write_json

PASSES = 3
EVERY = 3  # the cascade is timed on one frame in three: it is slow, and its time a frame does not change
OUT = Path(__file__).parents[1] / "results" / "bench_prepare.json"


def best(work, passes: int = PASSES) -> np.ndarray:
    """Seconds and processor seconds of the fastest of several passes, after one to warm up."""
    work()
    spent = []
    for _ in range(passes):
        started = np.array([time.perf_counter(), time.process_time()])
        work()
        spent.append(np.array([time.perf_counter(), time.process_time()]) - started)
    return np.min(spent, axis=0)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean distance of two sets of points, pixels."""
    return float(np.linalg.norm(a - b, axis=-1).mean())


def main() -> None:
    """Measure, print and write the numbers."""
    manifest = et.sample()
    paths = [manifest.raw_path(entry) for entry in manifest.clips]
    clips = []
    for path, entry in zip(paths, manifest.clips):
        video = media.read_video(path)
        clips.append(video.frames[media.resample_times(video.times, entry.n_frames)])
    total = sum(len(frames) for frames in clips)
    thinned = [frames[::EVERY] for frames in clips]
    n_thinned = sum(len(frames) for frames in thinned)

    matrix = np.array([[0.8, 0, -110], [0, 0.8, -50]])
    names = "prepare", "track", "warp", "plain_cascade"
    rates = [
        total / best(lambda: [prepare.prepare_clip(path, "train") for path in paths]),
        total / best(lambda: [faces.track_landmarks(frames) for frames in clips]),
        total / best(lambda: [align.warp(frames, matrix) for frames in clips]),
        n_thinned / best(lambda: [faces.detect_faces(f) for frames in thinned for f in frames], passes=1),
    ]

    tracked = [faces.track_landmarks(frames) for frames in clips]
    full = [np.stack([faces.detect_faces(f).points[0] for f in frames]) for frames in clips]
    other = [np.stack([faces.detect_faces(f, 30).points[0] for f in frames]) for frames in thinned]
    jitter = [[float(np.abs(np.diff(p, axis=0)).mean()) for p in points] for points in (tracked, full)]

    numbers = {
        "frames": total,
        "frames_per_second": dict(zip(names, [round(rate[0], 1) for rate in rates])),
        "frames_per_processor_second": dict(zip(names, [round(rate[1], 1) for rate in rates])),
        "prepare_over_plain_cascade": round(rates[0][0] / rates[3][0], 1),
        "track_over_plain_cascade": round(rates[1][0] / rates[3][0], 1),
        "distance_to_plain_px": round(np.mean([distance(a, b) for a, b in zip(tracked, full)]), 2),
        "plain_to_plain_at_min_face_30_px": round(np.mean([distance(a[::EVERY], b) for a, b in zip(full, other)]), 2),
        "frame_to_frame_motion_px": {"tracked": round(np.mean(jitter[0]), 2), "plain": round(np.mean(jitter[1]), 2)},
    }
    result = {"what": "preparing the sample's six clips, 480 x 360", **numbers, **provenance()}
    write_json(result, OUT)
    print(json.dumps(numbers, indent=1))


def provenance() -> dict:
    """Where and with what the numbers were measured."""
    import os

    import av
    import torch

    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "av": av.__version__},
        "commit": git.stdout.strip(),
        "date": date.today().isoformat(),
    }


if __name__ == "__main__":
    main()
