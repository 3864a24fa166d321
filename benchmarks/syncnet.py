"""How well does the shipped SyncNet tell shifted sound from aligned sound, on films that it never saw?

    python benchmarks/syncnet.py FOLDER [OTHER.safetensors ...]      # a minute; writes results/syncnet.json

FOLDER is a painted corpus of another seed than the one that it was trained on: `emotalk synth --actors 12 --clips 6 --seed 7`.
The others are networks of `tools/train_syncnet.py --hold-out ...`, each judged on the real clips that it did not learn.
"""

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.torch import load_file

import emotalk_lite as et
from emotalk_lite.data.clips import Manifest, PreparedClip, load_clip
from emotalk_lite.metrics.sync import SHIPPED, embed, lip_sync
from emotalk_lite.models.syncnet import SyncNet
from emotalk_lite.paths import write_json
from emotalk_lite.presets import SAMPLES_PER_FRAME

SHIFTS = (-8, -5, 0, 5, 8)  # frames by which the sound is moved
WRONG = 6  # frames: a sound this far off is set against the aligned one, window by window
OUT = Path(__file__).parents[1] / "results" / "syncnet.json"


def judge(clips: list[PreparedClip], network: SyncNet) -> dict[str, float]:
    """Of clips: how often a shift is found within a frame, how often the aligned window is the nearer one, LSE-D and LSE-C."""
    found, nearer, aligned, frozen = [], [], [], []
    for clip in clips:
        for shift in SHIFTS:
            offset = lip_sync(clip.frames, np.roll(clip.audio, shift * SAMPLES_PER_FRAME), network).offset
            found.append(abs(offset - shift) <= 1)
        seen, heard = embed(clip.frames, clip.audio, network)
        n = len(seen)
        for a, b in ((slice(0, n - WRONG), slice(WRONG, n)), (slice(WRONG, n), slice(0, n - WRONG))):
            nearer += ((seen[a] - heard[a]).norm(dim=1) < (seen[a] - heard[b]).norm(dim=1)).tolist()
        aligned.append(lip_sync(clip.frames, clip.audio, network))
        frozen.append(lip_sync(np.repeat(clip.frames[:1], len(clip), axis=0), clip.audio, network))
    return {
        "clips": len(clips),
        "shift found within a frame": float(np.mean(found)),
        f"window nearer to its own sound than to that {WRONG} frames off": float(np.mean(nearer)),
        "lse_d": float(np.mean([s.distance for s in aligned])),
        "lse_c": float(np.mean([s.confidence for s in aligned])),
        "lse_c of the frozen mouth": float(np.mean([s.confidence for s in frozen])),
    }


def load(path: Path) -> tuple[SyncNet, list[str]]:
    """A network, and the names of the real clips that it learned from."""
    network = SyncNet()
    network.load_state_dict(load_file(path))
    with safe_open(path, "pt") as file:
        return network.eval().requires_grad_(False), json.loads(file.metadata()["about"])["learned"]["real clips"]


def main(folder: Path, others: list[Path]) -> None:
    manifest, sample = Manifest.load(folder), et.sample(progress=False)
    films = [load_clip(sample.path(entry)) for entry in sample.clips]
    network, learned = load(SHIPPED)
    report = {
        "what": "SyncNet: " + str(SHIPPED.name),
        "shifts": SHIFTS,
        "unseen painted actors": judge([load_clip(manifest.path(entry)) for entry in manifest.clips], network),
        "unseen real clips": judge([clip for clip in films if clip.name not in learned], network),
        "real clips that it learned": judge([clip for clip in films if clip.name in learned], network),
        "trained again without other real clips": {},
        "device": f"cpu: {platform.machine()}",
        "versions": {name: version(name) for name in ("torch", "torchaudio")},
    }
    for path in others:
        network, learned = load(path)
        unseen = [clip for clip in films if clip.name not in learned]
        report["trained again without other real clips"][" ".join(clip.name for clip in unseen)] = judge(unseen, network)
    write_json(report, OUT)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(path) for path in sys.argv[2:]])
