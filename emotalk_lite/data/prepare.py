"""From an original clip to a prepared one: decode, resample in time, track, align, cache.

This is the whole of what the paper calls preprocessing (paper, Dataset), for one clip;
:mod:`~emotalk_lite.data.prepare_folder` does it for all clips of a folder.
"""

import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..devices import one_thread
from ..errors import EmotalkError
from ..paths import file_sha256
from . import align, faces, media
from .clips import Entry, PreparedClip, read_header, save_clip, save_speech
from .cremad import parse_name

CREMAD_SOURCE = "CREMA-D (https://github.com/CheyneyComputerScience/CREMA-D), Open Database License"
VIDEO_SUFFIXES = (".flv", ".mp4")  # CREMA-D's own, and what people convert it to
SOUND_SUFFIXES = (".wav", ".mp3")
LARGEST_DRIFT = 0.2  # seconds by which picture and sound may differ in length; more is a damaged clip


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


@one_thread()
def prepare_clip(path: str | os.PathLike, split: str, sound: str | os.PathLike | None = None) -> PreparedClip:
    """Prepare one CREMA-D clip: 25 frames a second by timestamps, 128 x 128, 8 kHz mono.

    The clip lasts as long as its sound; where the picture ends a little earlier, its last frame is held. One
    similarity transform brings the median of the landmarks over the clip to the template; it is the same for
    every frame, so the head's own motion stays in the clip. (The reference takes the first frame's landmarks;
    over the whole clip the eyes then sit 2.0 pixels off the template on average, with the median 0.8.)

    Args:
        path: of the video, named as CREMA-D's.
        split: "train", "val" or "test".
        sound: a recording beside it, for where the video's own sound is missing or bad.

    Raises:
        EmotalkError: damaged, no face, no sound, or picture and sound differ by more than 0.2 seconds.
    """
    sound_sha256 = ""
    try:
        audio, duration = prepare_speech(path)
    except EmotalkError as error:
        if sound is None:
            beside = f", as {Path(path).stem}.wav or .mp3 beside it" if isinstance(error, media.NoSound) else ""
            raise EmotalkError(f"{error}{beside}") from error
        audio, duration = prepare_speech(sound)
        sound_sha256 = file_sha256(sound)
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
        sound_sha256=sound_sha256,
        **describe(path, split),
    )


@one_thread()
def prepare_file(original: Path, folder: Path, split: str, sound: Path | None = None) -> None:
    """Prepare one original, a video or sound alone, and save it at its :func:`prepared_path`.

    On one thread throughout: the bytes then depend on nothing but the original.

    Raises:
        EmotalkError: the original is bad, as :func:`prepare_clip` and :func:`prepare_speech`.
        OSError: it cannot be saved.
    """
    if original.suffix.lower() in VIDEO_SUFFIXES:
        clip = prepare_clip(original, split, sound)
        with _saving():
            save_clip(clip, prepared_path(original, folder))
    else:
        audio, duration = prepare_speech(original)
        with _saving():
            save_speech(audio, {**describe(original, split), "duration": duration}, prepared_path(original, folder))


@contextmanager
def _saving():
    """A folder that cannot be written to is no fault of the original's, which would be skipped for it."""
    try:
        yield
    except EmotalkError as error:
        raise OSError(str(error)) from error


def prepared_path(original: Path, folder: Path) -> Path:
    """Where the prepared file of an original goes.

    >>> prepared_path(Path("raw/1001_DFA_ANG_XX.flv"), Path("data")).as_posix()
    'data/clips/1001_DFA_ANG_XX.safetensors'
    """
    kind = "clips" if original.suffix.lower() in VIDEO_SUFFIXES else "speech"
    return folder / kind / f"{original.stem}.safetensors"


def is_prepared(original: Path, folder: Path, split: str, sound: Path | None = None) -> bool:
    """Whether ``folder`` holds the original, whole, prepared from these very bytes (their SHA-256) and for this split.

    >>> is_prepared(Path("1001_DFA_ANG_XX.flv"), Path("no_such_folder"), "train")
    False
    """
    try:
        header = read_header(prepared_path(original, folder))
    except EmotalkError:  # not there, of another version, or damaged: prepare it (again)
        return False
    used = header.get("sound_sha256")  # empty where the video's own sound was good
    if used and (sound is None or used != file_sha256(sound)):
        return False
    return header.get("split") == split and header.get("sha256") == file_sha256(original)


def entry(original: Path, folder: Path, raw: str) -> Entry:
    """The manifest's entry for a prepared original; ``raw`` is where the original is, relative to ``folder``."""
    path = prepared_path(original, folder)
    header = read_header(path)
    duration = float(header["duration"])
    return Entry(
        **header | {"actor": int(header["actor"]), "duration": duration},
        file=path.relative_to(folder).as_posix(),
        size=path.stat().st_size,
        raw=raw,
        n_frames=media.n_frames(duration),
    )
