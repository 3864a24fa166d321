"""Inception's features, for FID, FID-64 and KID proper. The network is torch-fidelity's port of the original one.

Its weights (96 MB) are not part of the package: where its code is installed, they are downloaded the first time. Only
numbers made of them are called FID and KID.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import nn

from ..download import download
from ..errors import EmotalkError
from ..paths import file_sha256, home

WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"
OTHER_NAME = "pt_inception-2015-12-05-6726825d.pth"  # of the same file, as pytorch-fid keeps it
SOURCE = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{WEIGHTS}"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
INSTALL = "pip install torch-fidelity"  # the extra 'fid'
SHALLOW, DEEP = 64, 2048  # features after the first pooling, and before the last layer (FID)
SHALLOW_PART, DEEP_PART = slice(0, SHALLOW), slice(SHALLOW, SHALLOW + DEEP)  # columns of `inception_features`
SIDE = 299  # pixels, of what the network sees; pictures are enlarged to it
BATCH = 16  # pictures at a time


def find_weights(path: str | os.PathLike | None = None) -> Path | None:
    """The file of the weights: the one that is given, or one in `downloads/` of `home()` or in torch's own cache, or None.

    Raises:
        EmotalkError: the given one does not exist.

    >>> find_weights("no_such.pth")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such.pth: no such file; give Inception's weights, weights-inception-2015-12-05-6726825d.pth
    """
    if path is not None:
        if not Path(path).is_file():
            raise EmotalkError(f"{path}: no such file; give Inception's weights, {WEIGHTS}")
        return Path(path)
    cached = Path(torch.hub.get_dir()) / "checkpoints"
    places = (home() / "downloads" / WEIGHTS, cached / WEIGHTS, cached / OTHER_NAME)
    return next((place for place in places if place.is_file()), None)


def get_weights(path: str | os.PathLike | None = None, progress: bool = True) -> tuple[Path | None, str | None]:
    """The file of the weights, downloaded into `downloads/` of `home()` where it is nowhere; or why FID and KID cannot be measured.

    Where the network's code is not installed, nothing is downloaded. A download that failed is not tried again by the same process.

    Args:
        path: as `find_weights`.
        progress: show a bar of the download.

    Returns:
        The file and None, or None and the reason, with what to do.

    Raises:
        EmotalkError: the given file does not exist.
    """
    weights, place = find_weights(path), home() / "downloads" / WEIGHTS
    if importlib.util.find_spec("torch_fidelity") is None:
        return None, f"Inception's network is not installed; run: {INSTALL}"
    if weights is None and place not in _failed:
        try:
            return download(SOURCE, place, SHA256, "give it with --inception, or put it into downloads/ of EMOTALK_HOME", progress), None
        except EmotalkError as error:
            _failed[place] = f"Inception's weights are not here: {error}"
    return weights, None if weights else _failed[place]


_failed: dict[Path, str] = {}  # where a file should have come, and why it did not


def load_inception(weights: Path) -> nn.Module:
    """The network, frozen, for `inception_features`.

    Raises:
        EmotalkError: the file is not the known one (its SHA-256 differs): then no number made of it would be FID.

    Source: Szegedy et al. 2016; the port of 2015's weights that FID is defined by (Heusel et al. 2017).
    """
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    if file_sha256(weights) != SHA256:
        raise EmotalkError(f"{weights}: is not Inception's weights (its SHA-256 differs); get {SOURCE}")
    return FeatureExtractorInceptionV3("inception", [str(SHALLOW), str(DEEP)], feature_extractor_weights_path=str(weights)).eval()


@torch.inference_mode()
def inception_features(frames: np.ndarray, network: nn.Module) -> np.ndarray:
    """Both sets of features of pictures, side by side: first the 64 shallow ones, then the 2048 of FID.

    Args:
        frames: uint8 (N, H, W, 3) RGB; the network enlarges them to 299 x 299 as TensorFlow 1 did.
        network: of `load_inception`.

    Returns:
        (N, 2112) float32.
    """
    rows = []
    for start in range(0, len(frames), BATCH):
        pictures = torch.from_numpy(np.ascontiguousarray(frames[start : start + BATCH]))
        rows.append(torch.cat(network(rearrange(pictures, "n h w c -> n c h w")), dim=1))
    return torch.cat(rows).float().numpy()
