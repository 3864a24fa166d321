"""Small painted faces with known expression and intensity: what ExprGAN is trained on, and the truth that it is judged by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from ..data.cremad import FIRST_SYNTHETIC
from ..data.synth.expression import PROTOTYPES, UNITS, Pose, lids, mouth_shape
from ..data.synth.eyes import EyeState
from ..data.synth.identity import identity
from ..data.synth.paint import paint
from ..data.synth.render import render
from ..data.workers import in_workers
from ..devices import one_thread
from ..emotions import EMOTIONS
from ..paths import atomic_path, home

SIZE = 48  # pixels, width and height of a still
WINDOW = slice(30, 118), slice(20, 108)  # rows and columns of an aligned face of 128 x 128: brows to chin
LEVELS = tuple(k / 8 for k in range(9))  # intensities of each emotion, 0 to 1
FULL = 1.4  # strength of an emotion's action units at intensity 1: a little more than people show, so that 48 pixels show it
RECIPE = 1  # raised when the same actor no longer gives the same stills: then they are painted anew


def small_face(frames: np.ndarray) -> Tensor:
    """Cut brows to chin out of aligned faces, shrink them, and take the mean of the three colours.

    Args:
        frames: uint8 (N, 128, 128, 3).

    Returns:
        (N, 1, 48, 48) in [-1, 1].

    >>> small_face(np.zeros((2, 128, 128, 3), np.uint8)).shape
    torch.Size([2, 1, 48, 48])
    """
    return grey(_shrink(frames))


def grey(images: Tensor) -> Tensor:
    """(..., 3, H, W) in [0, 255] to (..., 1, H, W) in [-1, 1].

    >>> grey(torch.full((2, 3, 1, 1), 255.0)).flatten().tolist()
    [1.0, 1.0]
    """
    return images.float().mean(dim=-3, keepdim=True) / 127.5 - 1


def _shrink(frames: np.ndarray) -> Tensor:
    rows, columns = WINDOW
    x = rearrange(torch.from_numpy(frames[:, rows, columns]), "n h w c -> n c h w").float()
    return F.interpolate(x, size=(SIZE, SIZE), mode="area")


@one_thread()
def paint_actor(actor: int, seed: int = 0) -> np.ndarray:
    """All stills of a painted actor, who wears no glasses and keeps the head still: uint8 (6, 9, 3, 48, 48), emotions by levels.

    Args:
        actor: from 2001, as in the synthetic corpus.
        seed: of the corpus.
    """
    person = replace(identity(seed, actor), glasses="none")
    gains = person.rng(60).normal(1, 0.12, len(UNITS)).clip(0.7, 1.3)  # people differ in how they show an emotion
    strength = FULL * np.tile(LEVELS, len(EMOTIONS))
    shown = [PROTOTYPES[emotion] for emotion in EMOTIONS for _ in LEVELS]
    units = {unit: strength * gain * [p.get(unit, 0.0) for p in shown] for unit, gain in zip(UNITS, gains, strict=True)}
    none = np.zeros(len(strength))
    mouth = mouth_shape(units, dict.fromkeys(("gap", "wide", "round", "tongue", "closed"), none))
    pose = Pose(yaw=none, pitch=none, roll=none, x=none, y=none, scale=none + 1)
    upper, lower = lids(units)
    eyes = EyeState(upper=upper, lower=lower, closed=0.55 * units["AU43"], gaze_x=none, gaze_y=none)
    frames = render(person, paint(person), units, mouth, eyes, pose).frames
    pixels = _shrink(frames).round().to(torch.uint8).numpy()
    return rearrange(pixels, "(k l) c h w -> k l c h w", k=len(EMOTIONS))


def stills(actors: int, seed: int = 0, workers: int | None = None, progress: bool = True) -> Tensor:
    """The stills of the first `actors` painted actors, made once and kept below :func:`~emotalk_lite.paths.home`.

    Args:
        actors: how many, from number 2001 on.
        seed: of the corpus.
        workers: processes; the default is one a processor, at most two.
        progress: show a progress bar.

    Returns:
        (actors, 6, 9, 1, 48, 48) in [-1, 1], grey: emotions in the order of EMOTIONS, levels in that of :data:`LEVELS`.
    """
    folder = home() / "stills" / f"recipe{RECIPE}-seed{seed}"
    paths = [folder / f"{FIRST_SYNTHETIC + k}.npy" for k in range(actors)]
    missing = [(path, seed) for path in paths if not path.is_file()]
    with tqdm(total=actors, initial=actors - len(missing), desc="painting actors", unit="actor", disable=not progress) as bar:
        for _ in in_workers(_keep, missing, workers, folder):
            bar.update()
    return grey(torch.from_numpy(np.stack([np.load(path) for path in paths])))


def _keep(task: tuple[Path, int]) -> None:
    path, seed = task
    with atomic_path(path) as temporary:
        np.save(temporary, paint_actor(int(path.stem), seed))
