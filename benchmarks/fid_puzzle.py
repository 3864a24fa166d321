"""The paper's FID of 0.001080 to 0.000142: what shallow features or pixels in [0, 1] do to a Fréchet distance, and the estimator's bias.

    python benchmarks/fid_puzzle.py [OUT.json]

Frames of the real sample, the same with noise. The features are EfficientNet-Lite0's, so that no number here is a FID.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import numpy as np
import torch

import emotalk_lite as et
from emotalk_lite.data.clips import load_clip
from emotalk_lite.metrics.frechet import expected_bias, frechet_distance, picture_features, statistics
from emotalk_lite.models.features import ImageFeatures, load_features
from emotalk_lite.paper_tables import FID
from emotalk_lite.paths import atomic_path

SHALLOW = 16  # features of the first map, at half of the picture's resolution
EVERY = 4  # frames of a clip; its neighbours show nearly the same
NOISE = 12  # grey levels, standard deviation
DIM, REPEATS = 64, 5  # of the bias curve


class DividedInput(ImageFeatures):
    """A feature network that is handed pixels in [0, 1] and takes them for [0, 255]."""

    name = "divided_input"

    def __init__(self, network: ImageFeatures) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return self.network((x + 1) / 255 - 1)


def distances(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Fréchet distances of two sets of features (N, 192): of all, and of the shallow ones alone."""
    return {
        "all features": frechet_distance(statistics(a), statistics(b)),
        "shallow features": frechet_distance(statistics(a[:, :SHALLOW]), statistics(b[:, :SHALLOW])),
    }


def bias_curve(counts: tuple[int, ...]) -> list[dict[str, float]]:
    """Distance of two samples of one isotropic Gaussian, measured and by the first-order formula."""
    rng, rows = np.random.default_rng(0), []
    for n in counts:
        drawn = [frechet_distance(*(statistics(rng.normal(size=(n, DIM))) for _ in range(2))) for _ in range(REPEATS)]
        rows.append({"N": n, "measured": float(np.mean(drawn)), "formula": expected_bias(1.0, DIM, n, n)})
    return rows


def main(out: Path) -> None:
    manifest, network = et.sample(progress=False), load_features("efficientnet_lite0")
    clips = [load_clip(manifest.path(entry)).frames[::EVERY] for entry in manifest.clips]
    half, other = np.concatenate(clips[::2]), np.concatenate(clips[1::2])
    noise = np.random.default_rng(0).normal(0, NOISE, half.shape)
    noisy = (half + noise).clip(0, 255).astype(np.uint8)
    found = {}
    for name, judge in (("pixels as the network expects them", network), ("pixels in [0, 1] taken for [0, 255]", DividedInput(network))):
        a, b, c = (picture_features(frames, judge) for frames in (half, other, noisy))
        found[name] = {"real clips against other real clips": distances(a, b), f"real clips against themselves with noise {NOISE}": distances(a, c)}
    report = {
        "distances": found,
        "bias": {"dimensions": DIM, "repeats": REPEATS, "curve": bias_curve((200, 500, 1000, 2000, 5000))},
        "paper": {"values": FID, "times 255 squared": {name: round(value * 255**2, 1) for name, value in FID.items()}},
        "frames": {"real": len(half), "other real": len(other), "noisy": len(noisy)},
        "features": "efficientnet_lite0, 192 dimensions, not Inception; shallow: its first 16",
        "data": "the sample: six clips of actor 1001, every second one on each side, every fourth frame",
        "device": f"cpu: {platform.machine()}",
    }
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("results/fid_puzzle.json"))
