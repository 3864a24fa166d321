"""How long does the Fréchet distance of two sets of 2,000 frames take, and is it the float64 reference's?

    python benchmarks/frechet.py        # a minute or two; writes results/bench_frechet.json

Frames of the sample with noise of their own, so that no two are alike: the time does not depend on what they show. With
EfficientNet-Lite0 everything is timed, from frames to distance. With 2,048 features, as Inception has them, only the
distance is: its weights are no part of the package. Seconds are of one run; the load average says what else the machine did.
"""

import json
import os
import platform
import subprocess
import time
from datetime import date
from pathlib import Path

import numpy as np
import scipy.linalg
import torch

import emotalk_lite as et
from emotalk_lite.data.clips import load_clip
from emotalk_lite.metrics.frechet import frechet_distance, kernel_distance, picture_features, statistics
from emotalk_lite.models.features import load_features
from emotalk_lite.paths import write_json

COUNT = 2000  # frames a set
LIMIT = 60  # seconds on two cores
INCEPTION = 2048  # features of FID
OUT = Path(__file__).parents[1] / "results" / "bench_frechet.json"


def timed(work, times: dict[str, float], name: str):
    """What `work` gives; its seconds go into `times`."""
    started = time.perf_counter()
    result = work()
    times[name] = round(time.perf_counter() - started, 2)
    return result


def reference(a: np.ndarray, b: np.ndarray) -> float:
    """The textbook formula in float64, with the square root of a general matrix."""
    covariances = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    return float(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + np.trace(sum(covariances) - 2 * root))


def main() -> None:
    """Measure, print and write the numbers."""
    manifest, rng = et.sample(progress=False), np.random.default_rng(0)
    frames = np.concatenate([load_clip(manifest.path(entry)).frames for entry in manifest.clips])
    sets = []
    for noise in (4, 8):
        chosen = frames[rng.integers(len(frames), size=COUNT)]
        sets.append((chosen + rng.normal(0, noise, chosen.shape).astype(np.float32)).clip(0, 255).astype(np.uint8))

    times: dict[str, float] = {}
    network = timed(lambda: load_features("efficientnet_lite0"), times, "load the network")
    a, b = (timed(lambda x=x: picture_features(x, network), times, f"features of the {name} set") for x, name in zip(sets, ("first", "second")))
    ours = timed(lambda: frechet_distance(statistics(a), statistics(b)), times, "distance of 192 features")
    total = round(sum(times.values()), 2)
    deep = [rng.normal(size=(COUNT, INCEPTION)) for _ in range(2)]
    timed(lambda: frechet_distance(*map(statistics, deep)), times, "distance of 2,048 features")
    timed(lambda: kernel_distance(*deep), times, "kernel distance of 2,048 features")
    report = {
        "what": f"Fréchet distance of {COUNT} against {COUNT} frames, 128 x 128, EfficientNet-Lite0",
        "seconds": total,
        "limit": LIMIT,
        "parts": times,
        "distance": ours,
        "off_the_float64_reference": abs(ours - reference(a, b)),
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
        "threads": torch.get_num_threads(),
        "load_average": round(os.getloadavg()[0], 1),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "commit": subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip(),
        "date": date.today().isoformat(),
    }
    write_json(report, OUT)
    print(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
