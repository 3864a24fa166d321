"""Lip sync: how close a mouth lies to its sound in SyncNet's space, and at which shift it lies closest.

LSE-D and LSE-C are defined as for the published SyncNet (Chung & Zisserman 2016; Prajwal et al. 2020), but measured in
the space of the network that comes with this package. Its distances lie between 0 and 2 and compare with each other
alone, never with published ones, which lie around 6 to 8.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from ..errors import EmotalkError
from ..models.syncnet import WINDOW, SyncNet, log_mel, mouth_crops, mouth_windows, sound_windows
from ..presets import SAMPLES_PER_FRAME

SHIPPED = Path(__file__).parents[1] / "weights" / "syncnet.safetensors"  # its card stands beside it
HELD_OUT = ("fear", "neutral")  # emotions of the two sample clips that it was not trained on
MOST_SHIFT = 15  # frames each way, 0.6 s (Chung & Zisserman 2016)
FEWEST_WINDOWS = 10  # that a distance is the mean of; a short clip is shifted less
FEWEST_FRAMES = WINDOW + FEWEST_WINDOWS + 2  # of a clip: it can be shifted by three frames each way


class LipSync(NamedTuple):
    """Of one clip.

    distance: LSE-D, at the best shift; lower is better. confidence: LSE-C, the median over shifts minus the distance;
    higher is better, near 0 where the mouth does not move. offset: the best shift, so many frames that the sound comes late;
    any, where the mouth does not move.
    """

    distance: float
    confidence: float
    offset: int


def lip_sync(frames: np.ndarray, speech: np.ndarray, network: SyncNet | None = None) -> LipSync:
    """LSE-D, LSE-C and the offset of a clip.

    Args:
        frames: uint8 (T, 128, 128, 3), aligned, 25 a second.
        speech: float (320 T',) at 8 kHz, see `speech_input`; what is longer is cut off.
        network: the shipped one if None.

    Raises:
        EmotalkError: less than 17 frames: too short to be shifted by three each way.

    Source: Chung & Zisserman 2016 (confidence, offset); Prajwal et al. 2020 (the names LSE-D, LSE-C).
    """
    distances = shift_distances(*embed(frames, speech, network))
    best = int(distances.argmin())
    least = float(distances[best])
    return LipSync(least, float(np.median(distances)) - least, best - len(distances) // 2)


def in_time(sync: LipSync, frames: np.ndarray) -> bool:
    """Whether the sound comes within a frame of the lips. A mouth that does not change at all is not in time, whatever shift came out.

    Args:
        sync: of `lip_sync`.
        frames: uint8 (T, 128, 128, 3), of the same clip.

    >>> moving = np.random.default_rng(0).integers(0, 256, (20, 128, 128, 3), dtype=np.uint8)
    >>> in_time(LipSync(0.9, 0.3, 1), moving), in_time(LipSync(0.9, 0.3, 2), moving), in_time(LipSync(1.4, 0.01, 0), 0 * moving)
    (True, False, False)
    """
    crops = mouth_crops(frames)
    return abs(sync.offset) <= 1 and bool((crops != crops[:1]).any())


@torch.inference_mode()
def embed(frames: np.ndarray, speech: np.ndarray, network: SyncNet | None = None) -> tuple[Tensor, Tensor]:
    """What SyncNet makes of a clip: (N, 64) of the mouth and (N, 64) of the sound, N = T - 4. Arguments and errors as `lip_sync`."""
    count = min(len(frames), len(speech) // SAMPLES_PER_FRAME)
    if count < FEWEST_FRAMES:
        raise EmotalkError(f"a clip of {count} frames is too short to measure lip sync; give one of at least {FEWEST_FRAMES}")
    network = network or load_syncnet()
    sound = torch.from_numpy(np.ascontiguousarray(speech[: count * SAMPLES_PER_FRAME], dtype=np.float32))
    return network.see(mouth_windows(mouth_crops(frames[:count]))), network.hear(sound_windows(log_mel(sound)))


def shift_distances(seen: Tensor, heard: Tensor, most: int = MOST_SHIFT) -> np.ndarray:
    """Mean Euclidean distance between mouth and sound for every shift of the sound.

    Args:
        seen: (N, d), of the mouth.
        heard: (N, d), of the sound.
        most: largest shift in frames; less where fewer than ten windows would be left to compare.

    Returns:
        (2 most + 1,): entry `most + k` compares each mouth with the sound that comes k frames later.

    >>> seen = torch.eye(40)
    >>> heard = seen.roll(2, dims=0)  # the sound comes two frames late
    >>> int(shift_distances(seen, heard).argmin()) - MOST_SHIFT
    2
    """
    n = len(seen)
    most = min(most, n - FEWEST_WINDOWS)
    means = []
    for k in range(-most, most + 1):
        a, b = seen[max(-k, 0) : n - max(k, 0)], heard[max(k, 0) : n + min(k, 0)]
        means.append((a - b).norm(dim=1).mean().item())
    return np.array(means)


@lru_cache(maxsize=1)
def load_syncnet() -> SyncNet:
    """The one that comes with the package.

    >>> load_syncnet().see(torch.zeros(1, 5, 48, 48)).shape
    torch.Size([1, 64])
    """
    network = SyncNet()
    network.load_state_dict(load_file(SHIPPED))
    return network.eval().requires_grad_(False)
