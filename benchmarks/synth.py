"""How fast are synthetic people painted, and does MTCNN take them for faces?

    python benchmarks/synth.py        # about a minute; writes results/bench_synth.json

A corpus of new people: frames a second by the clock, as `emotalk synth` makes it and by one process, and by that one's processor time,
which hardly depends on what else the machine does. Then MTCNN looks at some frames of every clip: how many faces it finds, how far its points are from the truth.
The book's status page shows both numbers.
"""

import json
import os
import platform
import subprocess
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import torch

from emotalk_lite.data.clips import load_clip
from emotalk_lite.data.faces import detect_faces
from emotalk_lite.data.synth import synthesise
from emotalk_lite.paths import write_json

OUT = Path(__file__).parents[1] / "results" / "bench_synth.json"
ACTORS, CLIPS, SEED = 12, 6, 2026  # a seed that no corpus of the book has
EVERY = 10  # MTCNN looks at one frame in ten
SMALLEST = 40  # pixels, of a face that it looks for


def main() -> None:
    """Measure, print and write the numbers."""
    with tempfile.TemporaryDirectory() as folder:
        synthesise(Path(folder) / "warm", actors=1, clips=1, seed=SEED, workers=1, progress=False)
        started, processor = time.perf_counter(), time.process_time()
        manifest = synthesise(Path(folder) / "corpus", ACTORS, CLIPS, SEED, workers=1, progress=False)
        seconds, busy = time.perf_counter() - started, time.process_time() - processor
        started = time.perf_counter()
        synthesise(Path(folder) / "by default", ACTORS, CLIPS, SEED, progress=False)
        by_default = time.perf_counter() - started
        load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
        clips = [load_clip(manifest.path(entry)) for entry in manifest.clips]
    frames = sum(len(clip) for clip in clips)
    errors, looked = [], 0
    for clip in clips:
        for k in range(0, len(clip), EVERY):
            looked += 1
            faces = detect_faces(clip.frames[k], SMALLEST)
            if len(faces.boxes):
                errors.append(np.linalg.norm(faces.points[0] - clip.landmarks[k], axis=-1).mean())
    report = {
        "what": "the synthetic corpus",
        "actors": ACTORS,
        "frames": frames,
        "frames_per_second": {"by default": round(frames / by_default, 1), "one process": round(frames / seconds, 1)},
        "frames_per_processor_second": round(frames / busy, 1),
        "mtcnn": {"looked_at": looked, "found": round(len(errors) / looked, 4), "mean_error_pixels": round(float(np.mean(errors)), 2)},
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
        "load_average": load,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__},
        "commit": subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip(),
        "date": date.today().isoformat(),
    }
    write_json(report, OUT)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
