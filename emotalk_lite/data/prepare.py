"""From an original clip to a prepared one: decode, resample in time, track, align, cache.

This is the whole of what the paper calls preprocessing (paper, Dataset), for one clip.
"""

import hashlib
import os
from pathlib import Path

import numpy as np

from ..errors import EmotalkError
from . import align, faces, media
from .clips import PreparedClip
from .cremad import parse_name

CREMAD_SOURCE = "CREMA-D (https://github.com/CheyneyComputerScience/CREMA-D), Open Database License"
LARGEST_DRIFT = 0.2  # seconds by which picture and sound may differ in length; more is a damaged clip


def file_sha256(path: str | os.PathLike) -> str:
    """The SHA-256 of a file, in hexadecimal.

    >>> file_sha256(os.devnull)[:16]
    'e3b0c44298fc1c14'
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(path: str | os.PathLike, split: str) -> dict[str, str | int]:
    """The metadata that a CREMA-D file's name, its content and its split give a prepared clip."""
    name = parse_name(str(path))
    return {
        "name": Path(path).stem,
        **name._asdict(),
        "split": split,
        "sha256": file_sha256(path),
        "source": CREMAD_SOURCE,
    }


def prepare_speech(path: str | os.PathLike) -> tuple[np.ndarray, float]:
    """Speech as the generator hears it.

    Returns:
        float32 (T * 320,) at 8 kHz mono, peak 1, zeros at the end up to a whole frame, and the recording's own duration
        in seconds; T is ``ceil(duration * 25)``.

    Raises:
        EmotalkError: as :func:`~emotalk_lite.data.media.read_audio`.
    """
    samples, rate = media.read_audio(path)
    return media.speech_input(samples, rate), samples.shape[1] / rate


@faces.one_thread()
def prepare_clip(path: str | os.PathLike, split: str) -> PreparedClip:
    """Prepare one CREMA-D clip: 25 frames a second by timestamps, 128 x 128, 8 kHz mono.

    The clip lasts as long as its sound; where the picture ends a little earlier, its last frame is held. One
    similarity transform brings the median of the landmarks over the clip to the template; it is the same for
    every frame, so the head's own motion stays in the clip. (The reference takes the first frame's landmarks;
    over the whole clip the eyes then sit 2.0 pixels off the template on average, with the median 0.8.)

    Raises:
        EmotalkError: damaged, no face, no sound, or picture and sound differ by more than 0.2 seconds.
    """
    audio, duration = prepare_speech(path)
    video = media.read_video(path)
    shown = video.times[-1] + np.median(np.diff(video.times)) if len(video.times) > 1 else 0.0
    if abs(shown - duration) > LARGEST_DRIFT:
        raise EmotalkError(f"{path}: {shown:.2f} s of picture but {duration:.2f} s of sound; get the file again")

    frames = video.frames[media.resample_times(video.times, media.n_frames(duration))]  # (T, H, W, 3)
    landmarks = faces.track_landmarks(frames)
    matrix = align.similarity_transform(np.median(landmarks, axis=0))
    landmarks = align.transform_points(landmarks, matrix)  # (T, 5, 2)
    return PreparedClip(
        frames=align.warp(frames, matrix),
        audio=audio,
        landmarks=landmarks,
        mouth_centre=landmarks[:, 3:].mean(axis=1),
        eye_centres=landmarks[:, :2],
        duration=duration,
        **describe(path, split),
    )
