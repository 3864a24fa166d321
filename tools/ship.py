"""Put a trained generator into the package: python tools/ship.py CHECKPOINT [--motion FACTOR]

CHECKPOINT is a run's folder or a file of it, such as its `best.safetensors`; run.json lies beside it. --motion enlarges
what the generator has learned to move: trained on differences, it expects the middle of what a voice may mean, and
moves less than people do. The factor goes into the weights of the last layer, so nothing else has to know of it.

Writes emotalk_lite/weights/portrait.safetensors in half precision (half the size; frames change by less than one grey
level). Afterwards measure it (benchmarks/portrait.py) and bring its card, emotalk_lite/weights/portrait.md, up to date.
"""

import argparse
import json
from pathlib import Path

import torch

from emotalk_lite.checkpoint import generator_file, load_generator, read_header, save_generator
from emotalk_lite.generate import SHIPPED

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("checkpoint", type=Path)
parser.add_argument("--motion", type=float, default=1.0)
given = parser.parse_args()

path = generator_file(given.checkpoint)
generator = load_generator(path)
if given.motion != 1:
    last = generator.decoder.warp.motion.last  # x, y, mask
    with torch.no_grad():
        last.weight[:2] *= given.motion
        last.bias[:2] *= given.motion
known = ("format", "config")  # written anew
about = {name: value for name, value in read_header(path).items() if name not in known}
about |= {"trained_on": json.loads((path.parent / "run.json").read_text())["device"], "motion": str(given.motion)}
save_generator(generator.half(), SHIPPED, **about)
print(f"{SHIPPED}: {SHIPPED.stat().st_size / 1e6:.1f} MB")
