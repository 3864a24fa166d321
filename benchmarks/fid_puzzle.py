"""The paper's FID of 0.001080 to 0.000142: what shallow features or pixels in [0, 1] do to a Fréchet distance, and the estimator's bias.

    python benchmarks/fid_puzzle.py [OUT.json]        # about two minutes; needs espeakng-loader

Every frame of the real sample; the same with noise; what the shipped checkpoint draws for it; and two sets of painted actors, which alone
have more frames than there are features. The features are EfficientNet-Lite0's, so that no number here is a FID.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

import emotalk_lite as et
from emotalk_lite.checkpoint import fingerprint
from emotalk_lite.data.clips import Manifest, PreparedClip, load_clip
from emotalk_lite.data.synth import synthesise
from emotalk_lite.data.windows import emotion_condition
from emotalk_lite.generate import SHIPPED, generate
from emotalk_lite.metrics.frechet import expected_bias, frechet_distance, gaussian_bias, picture_features, statistics
from emotalk_lite.models.features import ImageFeatures, load_features
from emotalk_lite.paper_tables import FID
from emotalk_lite.paths import write_json

SHALLOW = 16  # features of the first map, at half of the picture's resolution
NOISE = 12  # grey levels, standard deviation
ACTORS = 40  # painted, one clip each; half of them on each side
DIM, REPEATS, COUNTS = 64, 5, (200, 500, 1000, 2000, 5000)  # of the bias curve
EXPECTED, DIVIDED = "pixels as the network expects them", "pixels in [0, 1] taken for [0, 255]"


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


def drawn(clip: PreparedClip) -> np.ndarray:
    """The clip once more, by the shipped checkpoint, from its first frame, its speech and its emotion."""
    generator = et.load_generator(SHIPPED)
    return generate(generator, clip.frames[0], clip.audio, emotion_condition(clip, intensities=True).tolist(), progress=False)


def compared() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The pairs of sets of frames, by what they are."""
    rng = np.random.default_rng(0)
    manifest = et.sample(progress=False)
    clips = [load_clip(manifest.path(entry)) for entry in manifest.clips]
    real = np.concatenate([clip.frames for clip in clips])
    half, other = (np.concatenate([clip.frames for clip in clips[start::2]]) for start in (0, 1))
    noisy = (half + rng.normal(0, NOISE, half.shape)).clip(0, 255).astype(np.uint8)
    dealt = rng.permutation(len(real))
    with tempfile.TemporaryDirectory() as folder:
        painted: Manifest = synthesise(folder, ACTORS, 1, progress=False)
        actors = [load_clip(painted.path(entry)).frames for entry in painted.clips]
    return {
        "frames of the real clips, dealt out at random": (real[dealt[::2]], real[dealt[1::2]]),
        "real clips against other real clips": (half, other),
        f"real clips against themselves with noise {NOISE}": (half, noisy),
        "real clips against the same clips generated": (real, np.concatenate([drawn(clip) for clip in clips])),
        "real clips against painted actors": (real, np.concatenate(actors[::2])),
        "painted actors against other painted actors": (np.concatenate(actors[::2]), np.concatenate(actors[1::2])),
    }


def bias_curve(variances: np.ndarray) -> list[dict[str, float]]:
    """Distance of two samples of one Gaussian, measured and by the first-order formula."""
    rng, rows, deviations = np.random.default_rng(0), [], np.sqrt(variances)
    for n in COUNTS:
        drawn = [frechet_distance(*(statistics(rng.normal(size=(n, len(variances))) * deviations) for _ in range(2))) for _ in range(REPEATS)]
        rows.append({"N": n, "measured": float(np.mean(drawn)), "formula": gaussian_bias(variances, n, n)})
    return rows


def main(out: Path) -> None:
    network, pairs = load_features("efficientnet_lite0"), compared()
    found: dict[str, dict] = {}
    for reading, judge in ((EXPECTED, network), (DIVIDED, DividedInput(network))):
        features = {name: [picture_features(frames, judge) for frames in pair] for name, pair in pairs.items()}
        found[reading] = {name: distances(*pair) for name, pair in features.items()}
        if reading == EXPECTED:
            ranks = {name: [int(np.linalg.matrix_rank(x - x.mean(axis=0))) for x in pair] for name, pair in features.items()}
            spread = np.linalg.eigvalsh(statistics(np.concatenate(features["real clips against other real clips"])).covariance)
    report = {
        "date": date.today().isoformat(),
        "distances": found,
        "frames": {name: [len(frames) for frames in pair] for name, pair in pairs.items()},
        "rank of the covariances": ranks,
        "bias": {"dimensions": DIM, "variance": 1.0, "repeats": REPEATS, "curve": bias_curve(np.ones(DIM))},
        "bias of the features": {
            "of": "independent draws from the Gaussian that is fitted to the six real clips",
            "dimensions": len(spread),
            "repeats": REPEATS,
            "curve": bias_curve(spread.clip(0)),
        },
        "paper": {"values": FID, "times 255 squared": {name: round(value * 255**2, 1) for name, value in FID.items()}},
        "features": "efficientnet_lite0, 192 dimensions, not Inception; shallow: its first 16",
        "data": f"the sample: six clips of actor 1001, every frame; {ACTORS} painted actors (seed 0), one clip each",
        "checkpoint": {"name": SHIPPED.stem, "fingerprint": fingerprint(SHIPPED)},
        "versions": {name: version(name) for name in ("torch", "numpy")},
        "hardware": f"{platform.machine()}, cpu",
    }
    assert abs(report["bias"]["curve"][0]["formula"] - expected_bias(1.0, DIM, COUNTS[0], COUNTS[0])) < 1e-9
    write_json(report, out)
    print(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("results/fid_puzzle.json"))
