"""A folder of clips to one page that shows them blinded and in random order, and gives the answers back as a file."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data.media import read_video
from ..errors import EmotalkError
from ..metrics.media import MediaInfo, media_info
from ..paths import atomic_path, check_folder, check_writable
from .blind import differences, without_metadata
from .questions import AGREEMENT, ENDS, SCORES, STATEMENTS, STEPS

HEAVY = 40_000_000  # bytes of clips; a page of more takes a phone's memory
CODECS = ("h264", "vp8", "vp9", "av1", "libdav1d")  # of these pictures, as FFmpeg names what decodes them
TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm"}  # what browsers play
FILMS = (*TYPES, ".mov", ".mkv", ".avi", ".flv")  # what somebody might take for a clip


class Survey(NamedTuple):
    """What was written: the page, the key that says which clip is whose (not for raters), how many clips it holds and each rater
    sees, and what tells variants apart all the same (see `differences`)."""

    page: Path
    key: Path
    clips: int
    per_rater: int
    differ: list[str]


def make_survey(
    clips: str | os.PathLike,
    out: str | os.PathLike,
    *,
    seed: int = 0,
    title: str = "How good are these videos?",
    per_rater: int | None = None,
) -> Survey:
    """Write the page and, beside it, the key.

    The page holds the clips themselves, so it can be sent as one file and opened from a disk. It knows them by random
    names only and without their metadata (see `without_metadata`), shows them to each rater in an order of the rater's own,
    keeps the progress in the browser, and exports a JSON file for `read_responses`. Which name belongs to which variant
    stands in the key alone.

    Args:
        clips: folder with a folder for each variant and its clips in it: `clips/se+em/happiness.mp4`. The `videos` folder of
            an ablation is one: `se+em-seed0` and `se+em-seed1` are both of the variant `se+em`.
        out: the page, `.html`; the key gets the same name with `.key.json`.
        seed: of the random names.
        title: heading of the page.
        per_rater: clips that each rater sees, drawn by chance from all, of each variant equally many or nearly so (see `shown`).
            The first clip of every variant by name, the second of every variant and so on come together, so give them the same
            names in each folder. None: all.

    Raises:
        EmotalkError: no such folder, no clips in folders of their own, one in a folder below these, one that no browser plays or
            that is damaged, too many bytes, a share of more clips than there are or of variants with unequally many, the key of
            another survey stands where this one's belongs, or `out` cannot be written.

    >>> make_survey("no_such_folder", "survey.html")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_folder: no such folder; give one with a folder of clips for each variant
    """
    clips, out = Path(clips), Path(out)
    found = find_clips(clips)
    blocks = find_blocks(found, per_rater) if per_rater is not None else {}
    if out.suffix.lower() != ".html":
        raise EmotalkError(f"cannot write {out}: the survey is a page; give a name that ends in .html")
    key_path = out.with_suffix(".key.json")
    for path in (out, key_path):
        check_writable(path)
    content = {path: without_metadata(path) for path in found}
    weight = sum(map(len, content.values()))
    if weight > HEAVY:
        raise EmotalkError(f"{clips}: {weight / 1e6:.0f} MB of clips; a page holds {HEAVY // 1_000_000} MB, so give fewer or shorter ones")
    digests = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
    rng = np.random.default_rng(seed)
    names = {path: rng.bytes(4).hex() for path in found}
    # what each name shows: where a clip stands under another name, answers are to another survey
    shows = sorted(names[path] + digests[path] for path in found)
    share = {} if per_rater is None else {"per_rater": per_rater}
    survey = hashlib.sha256(f"{''.join(shows)}{seed}{share or ''}".encode()).hexdigest()[:16]
    block = {path: {"block": blocks[path]} if blocks else {} for path in found}  # of the same number in each variant: it tells none
    embedded = [
        {"id": names[path], "type": TYPES[path.suffix.lower()], "data": base64.b64encode(data).decode(), **block[path]}
        for path, data in sorted(content.items(), key=lambda item: names[item[0]])  # not in the folder's order
    ]
    page = _page({"survey": survey, "title": title, "clips": embedded, **share})
    about = {names[p]: {"variant": variant_of(p), "clip": p.name, "sha256": digests[p], **block[p]} for p in found}
    key = {"survey": survey, "seed": seed, "clips": about, **share}
    key_text = json.dumps(key, indent=1) + "\n"
    if key_path.exists() and key_path.read_text(encoding="utf-8") != key_text:
        raise EmotalkError(f"{key_path} is another survey's key, without which its answers say nothing; give another --out, or delete that key")
    with atomic_path(key_path) as new_key, atomic_path(out) as new_page:  # both or neither
        new_key.write_text(key_text, encoding="utf-8")
        new_page.write_text(page, encoding="utf-8")
    return Survey(out, key_path, len(found), per_rater or len(found), differences({p: (variant_of(p), info) for p, info in found.items()}))


def variant_of(clip: Path) -> str:
    """What a clip's folder says of it, without an ablation's seed.

    >>> variant_of(Path("videos/se+em-seed0/1001_DFA_HAP_XX.mp4"))
    'se+em'
    """
    return re.sub(r"-seed\d+$", "", clip.parent.name)


def find_blocks(found: Iterable[Path], per_rater: int) -> dict[Path, int]:
    """For each clip the number of its block; a block holds one clip of each variant, the k-th of its sorted ones.

    Raises:
        EmotalkError: see `make_survey`.

    >>> find_blocks([Path("base/a.mp4"), Path("base/b.mp4"), Path("se/a.mp4"), Path("se/b.mp4")], 2).values()
    dict_values([0, 1, 0, 1])
    """
    of = defaultdict(list)
    for path in found:
        of[variant_of(path)].append(path)
    counts = {variant: len(paths) for variant, paths in of.items()}
    total = sum(counts.values())
    if not 1 <= per_rater <= total:
        raise EmotalkError(f"cannot show {per_rater} clips to each rater: there are {total}; give 1 to {total}")
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{n} of {variant}" for variant, n in counts.items())
        raise EmotalkError(f"a rater's share holds each variant equally often, so each needs as many clips; there are {said}")
    return {path: k for paths in of.values() for k, path in enumerate(paths)}


def find_clips(folder: Path) -> dict[Path, MediaInfo]:
    """Every clip that stands in a folder of its variant, sorted, and what each says of itself.

    Raises:
        EmotalkError: see `make_survey`.
    """
    check_folder(folder, "give one with a folder of clips for each variant")
    found = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in FILMS and path.is_file() and not path.name.startswith("."))
    astray = [path for path in folder.iterdir() if path.suffix.lower() in FILMS and path.is_file()]
    deep = sorted(path for path in folder.glob("*/*/**/*") if path.suffix.lower() in FILMS and path.is_file())
    for path in deep:
        inside = path.relative_to(folder)
        if not any(part.startswith(".") for part in inside.parts):
            raise EmotalkError(f"{path}: lies too deep; put it into its variant's folder itself, as in {folder / inside.parts[0] / path.name}")
    if found and astray:
        raise EmotalkError(f"{astray[0]}: lies in no folder of a variant; put it into one, as in {folder}/base/{astray[0].name}")
    infos = {}
    for path in found:
        if path.suffix.lower() not in TYPES or (info := media_info(path)).codec not in CODECS:
            raise EmotalkError(f"{path}: browsers do not play such a video; convert it to an MP4 with H.264")
        read_video(path, enough=16)  # to its end: one that was cut off begins like any other
        infos[path] = info
    if not found:
        raise EmotalkError(f"{folder}: holds no clips; put {', '.join(TYPES)} files into a folder for each variant, as in {folder}/base/one.mp4")
    return infos


def _page(content: dict[str, object]) -> str:
    questions = [
        *({"key": key, "text": text, "ends": ENDS[key], "labels": [str(n + 1) for n in range(STEPS)]} for key, text in SCORES.items()),
        *({"key": key, "text": text, "ends": None, "labels": AGREEMENT} for key, text in STATEMENTS.items()),
    ]
    data = json.dumps({**content, "questions": questions}, ensure_ascii=False).replace("</", "<\\/")
    template = files("emotalk_lite.mos").joinpath("survey.html").read_text(encoding="utf-8")
    return template.replace("{{content}}", data)
