"""The clips of a prepared folder, and other voices for them, read when they are needed and remembered."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ..errors import EmotalkError
from ..presets import SAMPLE_RATE
from .clips import Entry, Manifest, PreparedClip, load_clip
from .identities import stabilise
from .media import normalise

REMEMBERED = 400  # clips and voices kept in memory by each process, about 3 MB each


def shift_voice(speech: np.ndarray, semitones: int) -> np.ndarray:
    """The same words at the same time in a higher or lower voice: pitch and formants move together.

    One actor's voice becomes several, so that the network learns what voices share. Peak-normalised, as all speech that
    it hears.

    Args:
        speech: float32 (N,) at 8 kHz.
        semitones: upwards; a woman's formants lie about three above a man's.

    Returns:
        float32 (N,), peak 1 (or as given, for 0 semitones).

    Source: phase vocoder and resampling, torchaudio.

    >>> speech = np.sin(np.arange(800) / 5).astype(np.float32)
    >>> shift_voice(speech, 3).shape, shift_voice(speech, 0) is speech
    ((800,), True)
    """
    if not semitones:
        return speech
    from torchaudio.functional import pitch_shift

    raised = round(SAMPLE_RATE * 2 ** (semitones / 12), -2)  # whole hundreds, at most 0.15 semitones off between -5 and 7, resample 300 times faster
    steps = 12 * math.log2((raised + 0.01) / SAMPLE_RATE)  # the hundredth: pitch_shift rounds down
    return normalise(pitch_shift(torch.from_numpy(speech), SAMPLE_RATE, steps, n_fft=256).numpy())


class Collection:
    """The clips of one prepared folder and split, read when they are needed; the last ones stay in memory.

    Args:
        folder: with `manifest.json` and `clips/`.
        split: "train", "val", "test" or "all".

    Raises:
        EmotalkError: the folder holds no clip of the split.
    """

    def __init__(self, folder: Path, split: str) -> None:
        self.folder = folder
        self.entries = [e for e in Manifest.load(folder).clips if split in ("all", e.split)]
        if not self.entries:
            raise EmotalkError(f"{folder} holds no clip of the split '{split}'; prepare it again or choose another")
        self.neutral = {e.actor: e for e in self.entries if e.emotion == "neutral"}
        self._memory: OrderedDict[tuple, object] = OrderedDict()

    def of_actor(self, actor: int) -> list[Entry]:
        """Every clip of an actor."""
        return [e for e in self.entries if e.actor == actor]

    def clip(self, entry: Entry) -> PreparedClip:
        """The whole prepared clip."""
        return self._remember(("clip", entry.name), lambda: load_clip(self.folder / entry.file))

    def stable(self, entry: Entry) -> PreparedClip:
        """The clip without its head motion, see `stabilise`."""
        return self._remember(("stable", entry.name), lambda: stabilise(self.clip(entry)))

    def speech(self, entry: Entry, semitones: int) -> np.ndarray:
        """The clip's speech, float32 (320 T,), in another voice, see `shift_voice`."""
        return self._remember(("speech", entry.name, semitones), lambda: shift_voice(self.clip(entry).audio, semitones))

    def _remember(self, key: tuple, make: Callable[[], object]) -> object:
        if key not in self._memory:
            self._memory[key] = make()
        self._memory.move_to_end(key)
        while len(self._memory) > REMEMBERED:
            self._memory.popitem(last=False)
        return self._memory[key]
