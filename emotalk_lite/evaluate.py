"""Every number of a set of generated videos, against the real ones: files in, one table out, whoever made the files."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from .data import align, faces, media
from .errors import EmotalkError
from .metrics.frechet import floor, frechet_distance, kernel_distance, picture_features, statistics
from .metrics.image import psnr, ssim
from .metrics.media import MediaInfo, media_info
from .metrics.motion import lagged_correlation, mouth_opening, speech_envelope
from .models.features import load_features
from .paths import atomic_path, check_writable
from .presets import FPS, IMAGE_SIZE

VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".avi", ".flv", ".webm")
FEATURES = "efficientnet_lite0"
NAMES = {  # row of the table -> key in the JSON
    "Fréchet distance (EfficientNet-Lite0, not FID)": "frechet_efficientnet_lite0",
    "the same between halves of the real clips": "frechet_real_floor",
    "kernel distance (EfficientNet-Lite0, not KID)": "kernel_efficientnet_lite0",
    "PSNR, dB": "psnr",
    "SSIM": "ssim",
    "mouth opening follows the real one": "opening_follows_real",
    "mouth opening follows the loudness": "opening_follows_loudness",
    "the same in the real clips": "opening_follows_loudness_real",
    "mouth opening's deviation, of the real one": "opening_deviation_ratio",
    "width": "width",
    "height": "height",
    "bitrate of the pictures, kbit/s": "kilobits_per_second",
    "seconds a clip": "seconds",
}


def evaluate(
    real: str | os.PathLike,
    generated: str | os.PathLike,
    json_path: str | os.PathLike | None = None,
    progress: bool = True,
) -> dict[str, object]:
    """Measure a folder of generated videos against a folder of real ones.

    Videos of the same name are pairs; PSNR, SSIM and the mouth's correlation are of pairs alone, over the frames that
    both have. All faces are compared at 128 x 128: square videos are taken as aligned and are resized by averaging,
    others are aligned by MTCNN as `emotalk prepare` does it. Resolution and bitrate are those of the files.

    Args:
        real: folder of videos, searched with its subfolders.
        generated: another one.
        json_path: also write the result here.
        progress: show bars with the time left.

    Returns:
        {"metrics": {key: value}, and how they were made: numbers of clips and frames, features, codecs, versions}. What
        cannot be measured stands in "missing" with the reason.

    Raises:
        EmotalkError: no such folder, no video in it, or one that cannot be read.

    >>> evaluate("no_such_folder", "generated")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_folder: no such folder; give one with videos
    """
    sets = {"real": find_videos(real), "generated": find_videos(generated)}
    if json_path is not None:
        check_writable(json_path)
    network = load_features(FEATURES)
    frames, features, groups = {}, {}, {}
    for name, paths in sets.items():
        reading = tqdm(paths.items(), desc=f"reading {name} videos", unit="video", disable=not progress, leave=False)
        frames[name] = {stem: read_faces(path) for stem, path in reading}
        features[name] = picture_features(np.concatenate(list(frames[name].values())), network, progress)
        groups[name] = np.repeat(list(paths), [len(f) for f in frames[name].values()])

    pairs = [stem for stem in sets["generated"] if stem in sets["real"]]
    info = {name: [media_info(path) for path in paths.values()] for name, paths in sets.items()}
    metrics, missing = _of_sets(features, groups), {}
    metrics |= _of_speech(sets, frames)
    if pairs:
        metrics |= _of_pairs({stem: (frames["generated"][stem], frames["real"][stem]) for stem in pairs})
    else:
        missing["psnr, ssim, opening_follows_real"] = "no generated video has the name of a real one"
    metrics |= _of_files(info["generated"])
    missing["fid, kid"] = "Inception's weights are not part of the package; EfficientNet-Lite0's features stand in"
    report = {
        "metrics": {key: round(value, 6) for key, value in metrics.items()},
        "missing": missing,
        "videos": {name: len(paths) for name, paths in sets.items()},
        "pairs": len(pairs),
        "frames": {name: len(f) for name, f in features.items()},
        "features": f"{network.name}, {features['real'].shape[1]} dimensions, of {IMAGE_SIZE} x {IMAGE_SIZE} faces",
        "encoding": {name: sorted({_encoding(i) for i in infos}) for name, infos in info.items()},
        "versions": {name: version(name) for name in ("torch", "torchmetrics", "av")},
        "device": f"cpu: {platform.machine()}",
    }
    if json_path is not None:
        with atomic_path(json_path) as temporary:
            temporary.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return report


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
        if path.suffix.lower() in VIDEOS and path.is_file() and not path.name.startswith("."):
            if path.stem in found:
                raise EmotalkError(f"{path} and {found[path.stem]} have the same name; give each video its own")
            found[path.stem] = path
    if not found:
        raise EmotalkError(f"{folder}: holds no video ({', '.join(VIDEOS)}); give a folder with videos")
    return found


def read_faces(path: Path) -> np.ndarray:
    """A video's aligned faces, uint8 (T, 128, 128, 3), at 25 a second.

    Raises:
        EmotalkError: it cannot be read, or shows no face.
    """
    video = media.read_video(path)
    step = np.median(np.diff(video.times)) if len(video.times) > 1 else 1 / FPS
    count = max(1, round(float(video.times[-1] - video.times[0] + step) * FPS))
    frames = video.frames[media.resample_times(video.times - video.times[0], count)]
    height, width = frames.shape[1:3]
    if height != width:
        landmarks = faces.track_landmarks(frames)
        return align.warp(frames, align.similarity_transform(np.median(landmarks, axis=0)))
    if height == IMAGE_SIZE:
        return frames
    size = (IMAGE_SIZE, IMAGE_SIZE)
    return np.stack([np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BOX)) for frame in frames])


def table(report: dict[str, object]) -> str:
    """The report as lines of text: a name and a number each, and how they were made."""
    metrics = report["metrics"]
    lines = [f"{name:<48} {metrics[key]:10.4g}" for name, key in NAMES.items() if key in metrics]
    videos, frames = report["videos"], report["frames"]
    lines.append(
        f"{videos['generated']} generated videos ({frames['generated']} frames) against {videos['real']} real ones "
        f"({frames['real']} frames), {report['pairs']} pairs; {'; '.join(report['encoding']['generated'])}"
    )
    lines += [f"not measured: {what} ({why})" for what, why in report["missing"].items()]
    return "\n".join(lines)


def _of_sets(features: dict[str, np.ndarray], groups: dict[str, np.ndarray]) -> dict[str, float]:
    real, generated = statistics(features["real"]), statistics(features["generated"])
    found = {
        "frechet_efficientnet_lite0": frechet_distance(real, generated),
        "frechet_real_floor": floor(features["real"], groups["real"]),
        "kernel_efficientnet_lite0": kernel_distance(features["real"], features["generated"]),
    }
    return {key: value for key, value in found.items() if np.isfinite(value)}


def _of_speech(sets: dict[str, dict[str, Path]], frames: dict[str, dict[str, np.ndarray]]) -> dict[str, float]:
    """How well mouths follow their own sound; videos without sound are left out."""
    keys = {"generated": "opening_follows_loudness", "real": "opening_follows_loudness_real"}
    found = {}
    for name, key in keys.items():
        rows = []
        for stem, path in sets[name].items():
            try:
                sound = media.read_audio(path)
            except EmotalkError:  # none, or silence
                continue
            opening, loudness = mouth_opening(frames[name][stem]), speech_envelope(media.speech_input(*sound))
            count = min(len(opening), len(loudness))
            rows.append(lagged_correlation(opening[:count], loudness[:count])[0])
        if rows:
            found[key] = float(np.mean(rows))
    return found


def _of_pairs(pairs: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    measures: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
        "psnr": psnr,
        "ssim": ssim,
        "opening_follows_real": lambda a, b: lagged_correlation(mouth_opening(a), mouth_opening(b))[0],
        "opening_deviation_ratio": lambda a, b: float(mouth_opening(a).std() / max(mouth_opening(b).std(), 1e-6)),
    }
    common = [(a[: len(b)], b[: len(a)]) for a, b in pairs.values()]
    return {key: float(np.mean([measure(a, b) for a, b in common])) for key, measure in measures.items()}


def _of_files(infos: list[MediaInfo]) -> dict[str, float]:
    return {key: float(np.mean([getattr(info, key) for info in infos])) for key in ("width", "height", "kilobits_per_second", "seconds")}


def _encoding(info: MediaInfo) -> str:
    return info.codec + (f", CRF {info.crf:g}" if info.crf is not None else ", CRF not stated in the file")
