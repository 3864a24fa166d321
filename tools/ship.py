"""Put a trained generator into the package: python tools/ship.py CHECKPOINT [--motion FACTOR] [--opening FACTOR] [--drawn BIAS]

CHECKPOINT is a run's folder or a file of it, such as its `best.safetensors`; run.json lies beside it. Trained on differences,
a generator expects the middle of what a voice may mean, and moves less than people do: --motion enlarges what it has learned to
move, --opening makes up its mind where a mouth is open. --drawn below 0 takes the decoder's drawing back: of a stranger it is a poor
one. All three go into the weights of the last layers, so nothing else has to know of them.

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
parser.add_argument("--opening", type=float, default=1.0)
parser.add_argument("--drawn", type=float, default=0.0)
given = parser.parse_args()

path = generator_file(given.checkpoint)
generator = load_generator(path)
by_hand = {"motion": given.motion, "opening": given.opening, "drawn": given.drawn}
if by_hand != {"motion": 1.0, "opening": 1.0, "drawn": 0.0}:
    motion, inside = generator.decoder.warp.motion.last, generator.decoder.warp.inside.last  # x, y, mask; red, green, blue, opening
    with torch.no_grad():
        for last, maps, factor in ((motion, slice(0, 2), given.motion), (inside, slice(3, 4), given.opening)):
            last.weight[maps] *= factor
            last.bias[maps] *= factor
        motion.bias[2] += given.drawn
known = ("format", "config")  # written anew
about = {name: value for name, value in read_header(path).items() if name not in known}
about |= {"trained_on": json.loads((path.parent / "run.json").read_text())["device"]}
about |= {name: str(value) for name, value in by_hand.items()}
save_generator(generator.half(), SHIPPED, **about)
print(f"{SHIPPED}: {SHIPPED.stat().st_size / 1e6:.1f} MB")
