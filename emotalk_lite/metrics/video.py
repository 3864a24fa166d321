"""One video, measured: what its numbers need, without keeping its pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from torch import nn

from ..data import align, faces, media
from ..errors import EmotalkError
from ..models.features import ImageFeatures
from ..presets import FPS, IMAGE_SIZE
from . import identity
from .cache import Cache
from .frechet import picture_features
from .image import psnr, ssim
from .inception import inception_features
from .labels import Label
from .lips import lip_opening
from .media import MediaInfo, media_info
from .motion import lagged_correlation, mouth_opening, speech_envelope
from .sync import FEWEST_FRAMES, in_time, lip_sync

VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".avi", ".flv", ".webm")
EYES_AND_MOUTH = [0, 1, 3, 4]  # of MTCNN's five points
ENOUGH = 540  # pixels of a picture's shorter side: a head that fills a third of it is still larger than the face it is compared by
IDENTITY_FRAMES = 4  # of a video, evenly spaced: an embedding takes a quarter of a second
ON_TEMPLATE = 0.08  # of the width: eyes and mouths of aligned faces are up to 0.04 from the template's, badly drawn ones up to 0.06, mere crops' over 0.1
ALIGNMENT = "alignment-3"  # in the cache, as in all keys below; the number is raised when faces are aligned otherwise
EmotionJudge = Callable[[np.ndarray, np.ndarray], dict[str, float]]
"""From frames, uint8 (T, 128, 128, 3), and the actor's neutral picture, uint8 (128, 128, 3), the probability of each emotion."""
EMBEDDINGS = f"dlib-{IDENTITY_FRAMES}-{ALIGNMENT}"
LIP_OPENINGS = f"dlib-lips-1-{ALIGNMENT}"
INCEPTION = f"inception-{ALIGNMENT}"


@dataclass
class Networks:
    """What looks at every video: `features` and `emotions` always, `inception` where its weights are, dlib's embedding and landmarks where they are installed."""

    features: ImageFeatures
    emotions: EmotionJudge
    inception: nn.Module | None = None
    identity: bool = False


class Neutral(NamedTuple):
    """An actor's neutral picture, uint8 (128, 128, 3), and its embedding (1, 128) where dlib is installed."""

    picture: np.ndarray
    embedding: np.ndarray | None


class AlignedVideo(NamedTuple):
    """A video's faces, uint8 (T, 128, 128, 3), and how they came to their place.

    `how`: "aligned" by MTCNN; "as is", a square whose face lies on the template; "no face", a square in which MTCNN finds none.
    `large`: the same at the size that was asked for, uint8 (T, size, size, 3).
    """

    frames: np.ndarray
    how: str
    large: np.ndarray


@dataclass
class VideoNumbers:
    """Of one video of T frames: what sets are compared by, and its own `values` by the names of `evaluate`'s metrics."""

    info: MediaInfo
    features: np.ndarray  # (T, 192)
    inception: np.ndarray | None  # (T, 2112), where the network is at hand
    values: dict[str, float]


def find_videos(folder: str | os.PathLike) -> dict[str, Path]:
    """Every video below a folder by its name without the suffix, sorted.

    Raises:
        EmotalkError: no such folder, none in it, or two of one name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise EmotalkError(f"{folder}: no such folder; give one with videos")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in VIDEOS and not path.is_dir() and not path.name.startswith("."):  # a broken link, too
            if path.stem in found:
                raise EmotalkError(f"{path} and {found[path.stem]} have the same name; give each video its own")
            found[path.stem] = path
    if not found:
        raise EmotalkError(f"{folder}: holds no video ({', '.join(VIDEOS)}); give a folder with videos")
    return found


def read_faces(path: Path, cache: Cache | None = None, size: int = IMAGE_SIZE) -> AlignedVideo:
    """A video's aligned faces, at 25 a second.

    The face is found by MTCNN and aligned as `emotalk prepare` does it. A square video whose eyes and mouth lie on the template
    already, each within `ON_TEMPLATE` of the width, or that shows no face, is kept as it is, and made smaller by averaging or
    larger by bicubic interpolation. Large pictures are averaged down as they are decoded, see `enough`.

    Args:
        path: of the video.
        cache: keeps where the face was found.
        size: pixels, of `large`.

    Raises:
        NoFace: it is not square, and shows none.
        EmotalkError: it cannot be read.
    """
    video = media.read_video(path, enough(size))
    step = np.median(np.diff(video.times)) if len(video.times) > 1 else 1 / FPS
    count = max(1, round(float(video.times[-1] - video.times[0] + step) * FPS))
    frames = video.frames[media.resample_times(video.times - video.times[0], count)]
    height, width = frames.shape[1:3]
    cache = cache or Cache(keep=False)
    try:
        points = cache.get(path, at_size(ALIGNMENT, size), lambda: _face_points(frames))
    except faces.NoFace as error:
        raise faces.NoFace(f"{path}: {error}") from error
    if len(points) and not (height == width and on_template(points, width)):
        how, faces_at = "aligned", {n: align.warp(frames, align.similarity_transform(points, align.TEMPLATE * n), n) for n in {IMAGE_SIZE, size}}
    else:
        how, faces_at = "as is" if len(points) else "no face", {n: resized(frames, n) for n in {IMAGE_SIZE, size}}
    return AlignedVideo(faces_at[IMAGE_SIZE], how, faces_at[size])


def enough(size: int = IMAGE_SIZE) -> int:
    """Pixels of the shorter side to which a larger picture is averaged down as it is decoded: `ENOUGH`, for larger faces more.

    >>> enough(), enough(512), enough(64)
    (540, 2160, 540)
    """
    return ENOUGH * max(size, IMAGE_SIZE) // IMAGE_SIZE


def at_size(key: str, size: int) -> str:
    """A key of the cache for faces of this size; those of 128 x 128 have the plain one.

    >>> at_size("inception", 128), at_size("inception", 512)
    ('inception', 'inception-512')
    """
    return key if size == IMAGE_SIZE else f"{key}-{size}"


def resized(frames: np.ndarray, size: int) -> np.ndarray:
    """Pictures (T, H, W, 3) as squares of this size: averaged down, or up by bicubic interpolation.

    >>> resized(np.zeros((2, 8, 8, 3), np.uint8), 4).shape, resized(np.zeros((2, 8, 8, 3), np.uint8), 16).shape
    ((2, 4, 4, 3), (2, 16, 16, 3))
    """
    if frames.shape[1] == size:
        return frames
    by = Image.Resampling.BOX if frames.shape[1] > size else Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(frame).resize((size, size), by)) for frame in frames])


def on_template(points: np.ndarray, width: int) -> bool:
    """Whether eyes and mouth corners lie where alignment puts them, each within `ON_TEMPLATE` of the width. The nose moves with the head's turn.

    Args:
        points: (5, 2), MTCNN's, in pixels of a square picture.
        width: of the picture, pixels.

    >>> on_template(align.TEMPLATE * 360, 360), on_template(align.TEMPLATE * 360 + 30, 360)
    (True, False)
    """
    distances = np.linalg.norm(points / width - align.TEMPLATE, axis=1)
    return bool(distances[EYES_AND_MOUTH].max() <= ON_TEMPLATE)


def measure_video(
    path: Path,
    faces_seen: AlignedVideo,
    networks: Networks,
    neutral: Neutral | None = None,
    paired: tuple[Path, AlignedVideo] | None = None,
    cache: Cache | None = None,
    kept: Cache | None = None,
    emotion: str | None = None,
) -> VideoNumbers:
    """All numbers of a video; what cannot be measured is left out.

    Args:
        path: of the video.
        faces_seen: of `read_faces`. Pictures are compared, alone and as sets, at the size of its `large`.
        networks: that look at it.
        neutral: what the actor looks like.
        paired: its real partner, and the faces there.
        cache: keeps what the networks see of the video.
        kept: the same for the real one.
        emotion: that it should show.
    """
    cache, kept = cache or Cache(keep=False), kept or Cache(keep=False)
    name, inception = networks.features.name, networks.inception
    frames, _, large = faces_seen
    size = large.shape[1]
    openings = {"opening": mouth_opening(frames)}
    if networks.identity:
        openings["lip_opening"] = cache.get(path, at_size(LIP_OPENINGS, size), lambda: lip_opening(frames))
    values = _of_sound(path, frames, openings)
    if paired is not None:
        other, real = paired
        theirs = {"opening": mouth_opening(real.frames)}
        if networks.identity:
            theirs["lip_opening"] = kept.get(other, at_size(LIP_OPENINGS, size), lambda: lip_opening(real.frames))
        values |= _of_pair(large, real.large) | _of_mouths(openings, theirs)
    if neutral is not None and emotion is not None:
        seen = networks.emotions(frames, neutral.picture)
        values["emotion_accuracy"] = float(max(seen, key=seen.get) == emotion)
    if networks.identity and (neutral is not None or paired is not None):
        faces_here = cache.get(path, at_size(EMBEDDINGS, size), lambda: _embeddings(frames))
        if neutral is not None:
            values |= _of_faces(faces_here, neutral.embedding, "")
        if paired is not None:
            values |= _of_faces(faces_here, kept.get(other, at_size(EMBEDDINGS, size), lambda: _embeddings(real.frames)), "_pair")
    return VideoNumbers(
        info=media_info(path),
        features=cache.get(path, at_size(f"{name}-{ALIGNMENT}", size), lambda: picture_features(large, networks.features)),
        inception=cache.get(path, at_size(INCEPTION, size), lambda: inception_features(large, inception)) if inception else None,
        values=values,
    )


class NeutralPictures:
    """What each actor looks like: the first frame of the first neutral video, read when it is asked for.

    Args:
        videos: by name.
        labels: of each of them: whose face it is.
        networks: whether faces are embedded.
        cache, size: of `read_faces`.
    """

    def __init__(self, videos: dict[str, Path], labels: Mapping[str, Label], networks: Networks, cache: Cache, size: int = IMAGE_SIZE) -> None:
        neutral = [stem for stem in videos if labels[stem].actor is not None and labels[stem].emotion == "neutral"]
        self._paths = {labels[stem].actor: videos[stem] for stem in reversed(neutral)}
        self._networks, self._cache, self._size, self._seen = networks, cache, size, {}

    def of(self, actor: str | None) -> Neutral | None:
        """Of an actor, or None where there is no neutral one."""
        if actor in self._paths and actor not in self._seen:
            picture = read_faces(self._paths[actor], self._cache, self._size).frames[0]
            self._seen[actor] = Neutral(picture, identity.face_embeddings(picture[None]) if self._networks.identity else None)
        return self._seen.get(actor)


def _face_points(frames: np.ndarray) -> np.ndarray:
    """MTCNN's five points (5, 2) in pixels, the median over the frames; (0, 2) for a square without a face.

    Raises:
        NoFace: another one shows none.
    """
    try:
        return np.median(faces.track_landmarks(frames), axis=0)
    except faces.NoFace:
        if frames.shape[1] != frames.shape[2]:
            raise
        return np.zeros((0, 2), np.float32)


def _of_sound(path: Path, frames: np.ndarray, openings: dict[str, np.ndarray]) -> dict[str, float]:
    """How the mouth goes with its own sound, by each of its readers; nothing for a video without sound or of less than 17 frames."""
    try:
        speech = media.speech_input(*media.read_audio(path))
    except media.NoSound:
        return {}
    loudness = speech_envelope(speech)
    count = min(len(frames), len(loudness))
    if count < FEWEST_FRAMES:
        return {}
    values = {f"{name}_follows_loudness": lagged_correlation(curve[:count], loudness[:count])[0] for name, curve in openings.items()}
    sync = lip_sync(frames, speech)
    return values | {"lse_d": sync.distance, "lse_c": sync.confidence, "in_time": float(in_time(sync, frames[:count]))}


def _of_pair(frames: np.ndarray, real: np.ndarray) -> dict[str, float]:
    a, b = frames[: len(real)], real[: len(frames)]
    decibels = psnr(a, b)
    finite = {"psnr": decibels} if np.isfinite(decibels) else {}  # it is not where a picture is the same; JSON knows no infinity
    return finite | {"ssim": ssim(a, b)}


def _of_mouths(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> dict[str, float]:
    """How two mouths go together, over the frames that both have, by each of their readers; nothing where these are less than 17."""
    values = {}
    for name, curve in ours.items():
        a, b = curve[: len(theirs[name])], theirs[name][: len(curve)]
        if len(a) < FEWEST_FRAMES:
            continue
        values[f"{name}_follows_real"] = lagged_correlation(a, b)[0]
        values[f"{name}_deviation_ratio"] = float(a.std() / max(b.std(), 1e-6))
    return values


def _of_faces(a: np.ndarray, b: np.ndarray, ending: str) -> dict[str, float]:
    return {f"identity_distance{ending}": identity.identity_distance(a, b), f"identity_cosine{ending}": identity.identity_cosine(a, b)}


def _embeddings(frames: np.ndarray) -> np.ndarray:
    return identity.face_embeddings(frames[np.linspace(0, len(frames) - 1, IDENTITY_FRAMES).round().astype(int)])
