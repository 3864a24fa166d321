"""Put a trained generator into the package: python tools/ship.py CHECKPOINT [--motion FACTOR] [--speech FACTOR] [--opening FACTOR] [--opened BIAS] [--people FOLDER] [--to FILE]

CHECKPOINT is a run's folder or a file of it, such as its `best.safetensors`; run.json lies beside it. Trained on differences,
a generator expects the middle of what a voice may mean, and moves less than people do: --motion enlarges what it has learned to
move, --speech what of it follows the voice and not the emotion, --opening makes up its mind where a mouth is open, and --opened above 0
shows more of what is between the lips. All go into weights of the branches' first and last layers, so nothing else has to know of them.
--people is the prepared folder of tools/acquaint.py: with the recordings of these films, the people it knows are drawn.

Writes emotalk_lite/weights/portrait.safetensors in half precision (half the size; frames change by less than one grey
level), or with --to what tools/acquaint.py goes on from. Afterwards measure it (benchmarks/portrait.py) and bring its card, emotalk_lite/weights/portrait.md, up to date.
"""

import argparse
import json
from pathlib import Path

import torch

from emotalk_lite.checkpoint import generator_file, load_generator, read_header, save_generator
from emotalk_lite.data.collection import Collection
from emotalk_lite.generate import SHIPPED


def main() -> None:
    """Read, scale, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--motion", type=float, default=1.0)
    parser.add_argument("--speech", type=float, default=1.0)
    parser.add_argument("--opening", type=float, default=1.0)
    parser.add_argument("--opened", type=float, default=0.0)
    parser.add_argument("--people", type=Path)
    parser.add_argument("--to", type=Path, default=SHIPPED)
    given = parser.parse_args()

    path = generator_file(given.checkpoint)
    generator = load_generator(path)
    by_hand = {name: getattr(given, name) for name in ("motion", "speech", "opening", "opened") if getattr(given, name) != parser.get_default(name)}
    if by_hand:
        branches = generator.decoder.warp.motion, generator.decoder.warp.inside
        motion, inside = (branch.last for branch in branches)  # x, y; red, green, blue, opening
        with torch.no_grad():
            for branch in branches:
                branch.fc.weight[:, : generator.config.speech_dim] *= given.speech
            for last, maps, factor in ((motion, slice(None), given.motion), (inside, slice(3, 4), given.opening)):
                last.weight[maps] *= factor
                last.bias[maps] *= factor
            inside.bias[3] += given.opened
    if given.people:
        people = Collection(given.people, "train")
        heard = [torch.from_numpy(people.speech(entry, 0))[None] for entry in people.entries]
        with torch.no_grad():
            generator.decoder.warp.recordings = torch.stack([generator.speech_encoder(speech)[0].mean(dim=0) for speech in heard])
    known = ("format", "config")  # written anew
    about = {name: value for name, value in read_header(path).items() if name not in known}
    about |= {"trained_on": json.loads((path.parent / "run.json").read_text())["device"]}
    about |= {name: f"{about.get(name, '')} {value}".strip() for name, value in by_hand.items()}  # of each time, one after the other
    save_generator(generator.half(), given.to, **about)
    print(f"{given.to}: {given.to.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
