"""A folder of clips to one page that shows them blinded and in random order, and gives the answers back as a file."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data.media import read_video
from ..errors import EmotalkError
from ..metrics.media import media_info
from ..paths import atomic_path, check_writable
from .questions import AGREEMENT, ENDS, SCORES, STATEMENTS, STEPS

HEAVY = 40_000_000  # bytes of clips; a page of more takes a phone's memory
CODECS = ("h264", "vp8", "vp9", "av1", "libdav1d")  # of these pictures, as FFmpeg names what decodes them
TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm"}  # what browsers play
FILMS = (*TYPES, ".mov", ".mkv", ".avi", ".flv")  # what somebody might take for a clip


class Survey(NamedTuple):
    """What was written: the page, the key that says which clip is whose (not for raters), and how many clips."""

    page: Path
    key: Path
    clips: int


def make_survey(clips: str | os.PathLike, out: str | os.PathLike, *, seed: int = 0, title: str = "How good are these videos?") -> Survey:
    """Write the page and, beside it, the key.

    The page holds the clips themselves, so it can be sent as one file and opened from a disk. It knows them by random
    names only, shows them to each rater in an order of the rater's own, keeps the progress in the browser, and exports a
    JSON file for `read_responses`. Which name belongs to which variant stands in the key alone.

    Args:
        clips: folder with a folder for each variant and its clips in it: `clips/se+em/happiness.mp4`. The `videos` folder of
            an ablation is one: `se+em-seed0` and `se+em-seed1` are both of the variant `se+em`.
        out: the page, `.html`; the key gets the same name with `.key.json`.
        seed: of the random names.
        title: heading of the page.

    Raises:
        EmotalkError: no such folder, no clips in folders of their own, one in a folder below these, one that no browser plays or that is damaged, too many bytes, the key
            of another survey stands where this one's belongs, or `out` cannot be written.

    >>> make_survey("no_such_folder", "survey.html")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_folder: no such folder; give one with a folder of clips for each variant
    """
    clips, out = Path(clips), Path(out)
    found = find_clips(clips)
    if out.suffix.lower() != ".html":
        raise EmotalkError(f"cannot write {out}: the survey is a page; give a name that ends in .html")
    check_writable(out)
    content = {path: path.read_bytes() for path in found}
    weight = sum(map(len, content.values()))
    if weight > HEAVY:
        raise EmotalkError(f"{clips}: {weight / 1e6:.0f} MB of clips; a page holds {HEAVY // 1_000_000} MB, so give fewer or shorter ones")
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in content.items()}
    rng = np.random.default_rng(seed)
    names = {path: rng.bytes(4).hex() for path in found}
    # what each name shows: where a clip stands under another name, answers are to another survey
    shows = sorted(names[path] + digests[path] for path in found)
    survey = hashlib.sha256("".join(shows).encode() + str(seed).encode()).hexdigest()[:16]
    shown = [
        {"id": names[path], "type": TYPES[path.suffix.lower()], "data": base64.b64encode(data).decode()}
        for path, data in sorted(content.items(), key=lambda item: names[item[0]])  # not in the folder's order
    ]
    page = _page({"survey": survey, "title": title, "clips": shown})
    key = {"survey": survey, "seed": seed, "clips": {names[p]: {"variant": variant_of(p), "clip": p.name, "sha256": digests[p]} for p in found}}
    key_path, key_text = out.with_suffix(".key.json"), json.dumps(key, indent=1) + "\n"
    if key_path.exists() and key_path.read_text(encoding="utf-8") != key_text:
        raise EmotalkError(f"{key_path} is another survey's key, without which its answers say nothing; give another --out, or delete that key")
    with atomic_path(key_path) as new_key, atomic_path(out) as new_page:  # both or neither
        new_key.write_text(key_text, encoding="utf-8")
        new_page.write_text(page, encoding="utf-8")
    return Survey(out, key_path, len(found))


def variant_of(clip: Path) -> str:
    """What a clip's folder says of it, without an ablation's seed.

    >>> variant_of(Path("videos/se+em-seed0/1001_DFA_HAP_XX.mp4"))
    'se+em'
    """
    return re.sub(r"-seed\d+$", "", clip.parent.name)


def find_clips(folder: Path) -> list[Path]:
    """Every clip that stands in a folder of its variant, sorted.

    Raises:
        EmotalkError: see `make_survey`.
    """
    if not folder.is_dir():
        raise EmotalkError(f"{folder}: no such folder; give one with a folder of clips for each variant")
    found = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in FILMS and path.is_file() and not path.name.startswith("."))
    astray = [path for path in folder.iterdir() if path.suffix.lower() in FILMS and path.is_file()]
    deep = sorted(path for path in folder.glob("*/*/**/*") if path.suffix.lower() in FILMS and path.is_file())
    for path in deep:
        inside = path.relative_to(folder)
        if not any(part.startswith(".") for part in inside.parts):
            raise EmotalkError(f"{path}: lies too deep; put it into its variant's folder itself, as in {folder / inside.parts[0] / path.name}")
    if found and astray:
        raise EmotalkError(f"{astray[0]}: lies in no folder of a variant; put it into one, as in {folder}/base/{astray[0].name}")
    for path in found:
        if path.suffix.lower() not in TYPES or media_info(path).codec not in CODECS:
            raise EmotalkError(f"{path}: browsers do not play such a video; convert it to an MP4 with H.264")
        read_video(path, enough=16)  # to its end: one that was cut off begins like any other
    if not found:
        raise EmotalkError(f"{folder}: holds no clips; put {', '.join(TYPES)} files into a folder for each variant, as in {folder}/base/one.mp4")
    return found


def _page(content: dict[str, object]) -> str:
    questions = [
        *({"key": key, "text": text, "ends": ENDS[key], "labels": [str(n + 1) for n in range(STEPS)]} for key, text in SCORES.items()),
        *({"key": key, "text": text, "ends": None, "labels": AGREEMENT} for key, text in STATEMENTS.items()),
    ]
    data = json.dumps({**content, "questions": questions}, ensure_ascii=False).replace("</", "<\\/")
    template = files("emotalk_lite.mos").joinpath("survey.html").read_text(encoding="utf-8")
    return template.replace("{{content}}", data)
