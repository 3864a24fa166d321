"""Training examples: a window of a prepared clip, the image it starts from, and where the losses look."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.utils.data import Dataset

from ..emotions import EMOTIONS
from ..presets import SAMPLES_PER_FRAME
from .clips import Entry, PreparedClip
from .collection import Collection
from .identities import PseudoIdentity

Folders = str | PathLike | Sequence[str | PathLike]  # one prepared folder, or several

SYNTHETIC = "synthetic"  # how the source of a synthetic clip begins; such actors have many faces and voices as it is
ANY_EXPRESSION = 0.5  # share of the pseudo-identities whose condition image is not neutral: a stranger's portrait may smile
WEIGHT = {"low": 0.4, "medium": 0.7}  # of the emotion in a clip of this intensity; 1 in all others
EDGE = 4  # the first and the last window of a clip each come up more often, by as many starts as this part of a window has


class Batch(NamedTuple):
    """B windows of T frames, as the networks and the losses take them; a single example has no leading B."""

    image: Tensor  # (B, 3, H, H) in [-1, 1], the condition image
    speech: Tensor  # (B, 320 T) in [-1, 1], 8 kHz
    emotion: Tensor  # (B, 6) one weight above 0: 1, or the clip's intensity
    frames: Tensor  # (B, T, 3, H, H) in [-1, 1], what the generator should draw
    mouth_centre: Tensor  # (B, T, 2), x and y in pixels
    eye_centres: Tensor  # (B, T, 2, 2)

    def to(self, device: torch.device) -> Batch:
        """Move every tensor."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))

    def of_frames(self, chosen: Tensor) -> Batch:
        """The same windows with only some of their frames, chosen (B, D) long; all of the speech stays."""
        frames, mouth, eyes = (take_frames(x, chosen) for x in (self.frames, self.mouth_centre, self.eye_centres))
        return self._replace(frames=frames, mouth_centre=mouth, eye_centres=eyes)


def take_frames(values: Tensor, chosen: Tensor) -> Tensor:
    """Of values (B, T, ...) those of the frames chosen (B, D) long: (B, D, ...).

    >>> take_frames(torch.tensor([[10, 11, 12]]), torch.tensor([[2, 0]])).tolist()
    [[12, 10]]
    """
    return values[torch.arange(len(values), device=values.device)[:, None], chosen]


def to_signed(frames: np.ndarray) -> Tensor:
    """uint8 (..., H, W, 3) in [0, 255] to float32 (..., 3, H, W) in [-1, 1].

    >>> to_signed(np.full((1, 1, 3), 255, dtype=np.uint8)).tolist()
    [[[1.0]], [[1.0]], [[1.0]]]
    """
    return rearrange(torch.from_numpy(np.ascontiguousarray(frames)), "... h w c -> ... c h w").float() / 127.5 - 1


def to_uint8(frames: Tensor) -> np.ndarray:
    """float (..., 3, H, W) in [-1, 1] to uint8 (..., H, W, 3); the inverse of `to_signed`.

    >>> to_uint8(torch.tensor([-1.0, 0.0, 1.0]).view(3, 1, 1)).tolist()
    [[[0, 128, 255]]]
    """
    scaled = ((frames + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return rearrange(scaled, "... c h w -> ... h w c").cpu().numpy()


def one_hot(emotion: str) -> Tensor:
    """(6,) float32 with a one at the emotion's place.

    >>> one_hot("disgust").tolist()
    [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    """
    return torch.eye(len(EMOTIONS))[EMOTIONS.index(emotion)]


def emotion_condition(clip: PreparedClip, intensities: bool) -> Tensor:
    """(6,) float32, the emotion that a clip was played with.

    Args:
        clip: with its emotion and its intensity.
        intensities: a low or medium intensity has a weight below 1; otherwise the vector is one-hot (paper).

    >>> from .clips import blank_clip
    >>> clip = blank_clip()
    >>> clip.emotion, clip.intensity = "fear", "low"
    >>> [round(weight, 1) for weight in emotion_condition(clip, intensities=True).tolist()]
    [0.0, 0.0, 0.4, 0.0, 0.0, 0.0]
    """
    return one_hot(clip.emotion) * (WEIGHT.get(clip.intensity, 1.0) if intensities else 1.0)


class ClipWindows(Dataset):
    """Endless training examples from prepared folders: example i depends on the seed and on i alone.

    Several folders take turns, so six real clips count as much as a thousand synthetic ones; a folder given twice comes
    twice as often. Every epoch of a folder visits each of its clips once, in an order of its own. A window's first frame
    is uniform over the clip, but the clip's first and last window come up more often: every utterance that is generated
    later has a beginning, and the LSTMs have to know it. A clip shorter than the window is continued by its last frame
    and silence. So a run that was interrupted at step s goes on with the same examples, and the number of processes
    that read them (`read_batches`) changes nothing.

    Args:
        folders: a prepared folder (`manifest.json` and `clips/`), or several.
        window: frames T an example.
        seed: of order, windows, condition images and pseudo-identities.
        condition: "neutral": the image is a frame of the actor's neutral clip (of the clip itself where the actor has
            none); "same_window": the window's first frame, as in the reference, which gives the emotion away.
        voice_shifts: semitones, one drawn for each real clip's example: the speech is heard that much higher (see `shift_voice`).
        pseudo_identities: share of the examples that are given a face of their own (see `identities`); half of the real ones
            start from a frame of any of the actor's clips. Synthetic actors have many faces as it is: they only get
            another light and other colours.
        pseudo_ramp: examples between which their strength grows from nothing: with strangers from the start, the network
            finds that a still mouth is the safest bet, and stays there.
        intensities: give the emotion the weight of the clip's intensity, see `emotion_condition`.
        split: which of the manifest's splits; "all" for everything.

    Raises:
        EmotalkError: a folder holds no clip of the split.

    Source: paper, "Dataset" and "Implementation Details".
    """

    def __init__(
        self,
        folders: Folders,
        window: int,
        seed: int = 0,
        condition: str = "neutral",
        split: str = "train",
        voice_shifts: tuple[int, ...] = (0,),
        pseudo_identities: float = 0.0,
        pseudo_ramp: tuple[int, int] = (0, 0),
        intensities: bool = False,
    ) -> None:
        folders = [folders] if isinstance(folders, (str, PathLike)) else folders
        self.collections = [Collection(Path(folder), split) for folder in folders]
        self.entries = [entry for collection in self.collections for entry in collection.entries]
        self.window = window
        self.seed = seed
        self.condition = condition
        self.voice_shifts = voice_shifts
        self.pseudo_identities = pseudo_identities
        self.pseudo_ramp = pseudo_ramp
        self.intensities = intensities

    def fingerprint(self) -> str:
        """Which clips these are, wherever they lie: of every folder's names and the originals' SHA-256, in hexadecimal."""
        clips = [[(entry.name, entry.sha256) for entry in collection.entries] for collection in self.collections]
        return hashlib.sha256(json.dumps(clips).encode()).hexdigest()

    def clip(self, entry: Entry) -> PreparedClip:
        """The whole prepared clip of a manifest entry."""
        return self._collection(entry).clip(entry)

    def condition_image(self, entry: Entry) -> Tensor:
        """(3, H, H) in [-1, 1]: the first frame of the actor's neutral clip, or of the clip itself where there is none."""
        collection = self._collection(entry)
        return to_signed(collection.clip(collection.neutral.get(entry.actor, entry)).frames[0])

    def _collection(self, entry: Entry) -> Collection:
        return next(collection for collection in self.collections if entry in collection.entries)

    def __getitem__(self, index: int) -> Batch:
        collection, entry, rng = self._in_turn(index)
        clip, real = collection.clip(entry), not entry.source.startswith(SYNTHETIC)
        start = self._start(len(clip), rng)
        rows = np.minimum(np.arange(start, start + self.window), len(clip) - 1)
        audio = self._audio(collection, entry, start, int(rng.choice(self.voice_shifts)) if real else 0)
        source = entry if self.condition == "same_window" else collection.neutral.get(entry.actor, entry)
        first = int(rng.integers(2**16))
        pseudo, other_source = self._pseudo_identity(index, collection, entry, real, rng)

        read = collection.stable if pseudo else collection.clip
        clip, condition = read(entry), read(other_source or source).frames
        first = start if self.condition == "same_window" else first % len(condition)
        frames = to_signed(np.concatenate([condition[first : first + 1], clip.frames[rows]]))  # (1 + T, 3, H, H)
        mouth, eyes = clip.mouth_centre[rows], clip.eye_centres[rows]
        if pseudo:
            frames, mouth, eyes = pseudo.apply(frames), pseudo.move(mouth), pseudo.move(eyes)
        return Batch(
            image=frames[0],
            speech=torch.from_numpy(audio),
            emotion=emotion_condition(clip, self.intensities),
            frames=frames[1:],
            mouth_centre=torch.from_numpy(mouth),
            eye_centres=torch.from_numpy(eyes),
        )

    def _in_turn(self, index: int) -> tuple[Collection, Entry, np.random.Generator]:
        """The clip of an example, the collection that it is from, and the example's own random numbers."""
        turn, which = divmod(index, len(self.collections))
        collection = self.collections[which]
        epoch, place = divmod(turn, len(collection.entries))
        order = np.random.default_rng((self.seed, epoch)).permutation(len(collection.entries))
        return collection, collection.entries[order[place]], np.random.default_rng((self.seed, epoch, place, which))

    def _start(self, n_frames: int, rng: np.random.Generator) -> int:
        """The first frame of a window of a clip of so many frames."""
        last = max(0, n_frames - self.window)
        beyond = self.window // EDGE
        return int(np.clip(rng.integers(-beyond, last + beyond + 1), 0, last))

    def _audio(self, collection: Collection, entry: Entry, start: int, semitones: int) -> np.ndarray:
        """What is said in a window: float32 (320 T,), silence after the clip's end."""
        speech = collection.speech(entry, semitones)[start * SAMPLES_PER_FRAME : (start + self.window) * SAMPLES_PER_FRAME]
        return np.pad(speech, (0, self.window * SAMPLES_PER_FRAME - len(speech)))

    def _pseudo_identity(
        self, index: int, collection: Collection, entry: Entry, real: bool, rng: np.random.Generator
    ) -> tuple[PseudoIdentity | None, Entry | None]:
        """The face of its own that an example gets, if any, and the clip that its condition image then comes from, if another."""
        strength = np.interp(index, self.pseudo_ramp, (0, 1))
        if not strength or rng.random() >= self.pseudo_identities:
            return None, None
        source = rng.choice(collection.of_actor(entry.actor)) if real and rng.random() < ANY_EXPRESSION else None
        pseudo = PseudoIdentity.draw(rng, collection.clip(entry).frames.shape[1], strength)
        return pseudo if real else pseudo.light_and_colour(), source
