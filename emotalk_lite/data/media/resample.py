"""Time: 25 frames a second by timestamps, and sound at 8 kHz through a low-pass filter."""

import math

import numpy as np
import torch

from ...errors import EmotalkError
from ...presets import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME

SILENCE = 10 ** (-60 / 20)  # peak below -60 dBFS: nothing that a listener would call speech
CANCELLED = 10 ** (-20 / 10)  # of the loudest channel's energy: a voice in one channel of eight still has 18 dB less, and is mixed


class NoSound(EmotalkError):
    """A file is whole, but nothing is heard: no audio track, no samples, or silence."""


def n_frames(duration: float) -> int:
    """How many 25-fps frames cover ``duration`` seconds: ``ceil(duration * 25)``.

    The product is rounded at 1e-6 first, so that a duration which is a whole number of frames up to floating
    point stays that number.

    >>> n_frames(1.0), n_frames(1.001), n_frames(0.28), n_frames(2.04)
    (25, 26, 7, 51)
    """
    return math.ceil(round(duration * FPS, 6))


def resample_times(times: np.ndarray, count: int, fps: float = FPS) -> np.ndarray:
    """For each of ``count`` output frames, the index of the source frame nearest in time.

    Output frame k shows time k / fps. Going by timestamps keeps every frame within half a source interval of
    the truth for the whole clip; dropping every sixth frame of 29.97 instead loses 0.1 % of time, is uneven, and
    breaks wherever the camera skipped a frame. Past the last source frame, that frame is held.

    Args:
        times: float (N,) ascending timestamps in seconds.
        count: number of output frames.
        fps: output frames a second.

    Returns:
        int64 (count,) ascending indices into the source frames; at equal distance, the earlier one.

    >>> resample_times(np.arange(7) / 30, 6)        # 30 -> 25 frames a second
    array([0, 1, 2, 4, 5, 6])
    """
    wanted = np.arange(count) / fps
    right = np.searchsorted(times, wanted).clip(1, max(len(times) - 1, 1))
    left = right - 1
    right = right.clip(max=len(times) - 1)
    return np.where(wanted - times[left] <= times[right] - wanted, left, right)


def to_mono(samples: np.ndarray) -> np.ndarray:
    """The mean of all channels; where these cancel each other out, to less than a tenth of the loudest, that one.

    Args:
        samples: float32 (channels, N).

    Returns:
        float32 (N,).

    >>> to_mono(np.array([[0.5, -0.5], [0.1, -0.1]], np.float32)), to_mono(np.array([[0.5, -0.5], [-0.5, 0.5]], np.float32))
    (array([ 0.3, -0.3], dtype=float32), array([ 0.5, -0.5], dtype=float32))
    """
    mono = samples.mean(axis=0, dtype=np.float32)
    energies = np.einsum("cn,cn->c", samples, samples)
    loudest = energies.argmax()
    return samples[loudest] if mono @ mono < CANCELLED * energies[loudest] else mono


def to_mono_8k(samples: np.ndarray, rate: int) -> np.ndarray:
    """Mix down to mono (`to_mono`) and resample to 8 kHz with a windowed-sinc low-pass (torchaudio's Resample).

    Args:
        samples: float32 (channels, N) or (N,).
        rate: samples a second.

    Returns:
        float32 (ceil(N * 8000 / rate),) in [-1, 1]; what was louder stays as loud, for cut off it would be a square wave, and
        `normalise` scales it.

    >>> to_mono_8k(np.zeros((2, 44100), np.float32), 44100).shape
    (8000,)
    """
    from torchaudio.functional import resample

    mono = torch.from_numpy(to_mono(np.atleast_2d(samples)))  # (N,)
    loudest = float(np.abs(mono.numpy()).max(initial=1.0))
    if rate != SAMPLE_RATE:
        # 64 zero crossings: a steep filter, so that consonants up to 3.9 kHz survive and nothing folds back
        mono = resample(mono, rate, SAMPLE_RATE, lowpass_filter_width=64)
    return mono.clamp(-loudest, loudest).numpy()  # the filter may overshoot a little


def fit_to_frames(audio: np.ndarray, count: int) -> np.ndarray:
    """Cut or zero-pad 8 kHz sound to exactly ``count`` frames: ``count * 320`` samples.

    >>> fit_to_frames(np.ones(700, np.float32), 3).shape
    (960,)
    """
    audio = audio[: count * SAMPLES_PER_FRAME]
    return np.pad(audio, (0, count * SAMPLES_PER_FRAME - len(audio)))


def within_range(samples: np.ndarray) -> np.ndarray:
    """Sound in [-1, 1]: what is louder, as a file of floats may be, is divided by its peak, which does not distort it.

    Args:
        samples: float (channels, N), finite.

    >>> within_range(np.array([[3.0, -1.5]])), within_range(np.array([[0.3, -0.2]]))
    (array([[ 1. , -0.5]]), array([[ 0.3, -0.2]]))
    """
    peak = np.abs(samples).max(initial=0.0)
    return samples / peak if peak > 1 else samples


def normalise(audio: np.ndarray) -> np.ndarray:
    """Scale sound so that its largest absolute value is 1: the generator hears every recording at the same level.

    Raises:
        NoSound: silent (peak below -60 dBFS); the reference divides by zero here.

    Source: reference.

    >>> normalise(np.array([0.1, -0.2], np.float32))
    array([ 0.5, -1. ], dtype=float32)
    """
    peak = np.abs(audio).max(initial=0.0)
    if peak < SILENCE:
        raise NoSound("the speech is silent (peak below -60 dBFS); record it again or turn its level up")
    return audio / peak


def speech_input(samples: np.ndarray, rate: int) -> np.ndarray:
    """What the generator hears of a recording: 8 kHz mono, peak 1, zeros at the end up to a whole video frame.

    Preparing training clips and talking both go through here, so both hear the same.

    Args:
        samples: float32 (channels, N) or (N,).
        rate: samples a second.

    Returns:
        float32 (T * 320,) in [-1, 1], T = ``n_frames(N / rate)``.

    Raises:
        NoSound: silent.

    >>> speech_input(np.ones((2, 44100), np.float32), 44100).shape
    (8000,)
    """
    return fit_to_frames(normalise(to_mono_8k(samples, rate)), n_frames(samples.shape[-1] / rate))
