"""Videos that cannot be measured: found before the long work, and never left out without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from tqdm import tqdm

from ..data import media
from ..data.faces import NoFace
from ..errors import EmotalkError
from ..presets import IMAGE_SIZE
from .cache import Cache
from .media import media_info
from .video import enough, read_faces

Videos = dict[str, Path]  # by name


def check_videos(sets: dict[str, Videos], caches: dict[str, Cache], skip_bad: bool = False, progress: bool = True, size: int = IMAGE_SIZE) -> dict[Path, str]:
    """Read every video to its end, then find the face in every one.

    Decoding is a few hundredths of the work of measuring; where faces were found is kept, so that is not done twice. No face
    is looked for, which takes a second a video, where reading alone has already stopped the evaluation.

    Args:
        sets: videos by name, of "generated" and "real".
        caches: of `read_faces`, for either.
        skip_bad: return the bad ones instead of raising.
        progress: show bars with the time left.
        size: of `read_faces`.

    Returns:
        The bad ones, and what is wrong with each.

    Raises:
        EmotalkError: some are bad and `skip_bad` is false; the message names every one that is damaged or, if none is, every
            one without a face.
    """
    set_of = {path: name for name in ("generated", "real") for path in sets[name].values()}

    def read(path: Path) -> None:
        media.read_video(path, enough(size))
        media_info(path)
        try:
            media.read_audio(path)
        except media.NoSound:  # is measured without
            pass

    bad = _failures(read, EmotalkError, set_of, "checking", progress)
    if not bad or skip_bad:
        bad |= _failures(lambda path: read_faces(path, caches[set_of[path]], size), NoFace, [path for path in set_of if path not in bad], "finding faces", progress)
    if bad and not skip_bad:
        raise EmotalkError(
            f"{len(bad)} of {len(set_of)} videos cannot be measured: {_named(bad)}; put that right, or add --skip-bad to leave out "
            "such videos and their partners"
        )
    return bad


def leave_out(sets: dict[str, Videos], bad: dict[Path, str], partners: dict[str, str]) -> dict[str, dict[str, str]]:
    """Which videos of each set to leave out, and why: the bad ones, and those whose every partner is bad.

    Args:
        sets: videos by name, of "generated" and "real".
        bad: of `check_videos`.
        partners: of generated videos, by name, the name of the real one.

    Raises:
        EmotalkError: these are all videos of a set.

    >>> sets = {"real": {"a": Path("r/a.mp4"), "b": Path("r/b.mp4")}, "generated": {"a": Path("g/a.mp4")}}
    >>> leave_out(sets, {Path("g/a.mp4"): "is cut off"}, {"a": "a"})
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: of the generated videos none is left that can be measured: g/a.mp4: is cut off; put that right
    >>> leave_out(sets, {Path("r/b.mp4"): "is cut off"}, {"a": "a"})
    {'real': {'b': 'is cut off'}, 'generated': {}}
    """
    found: dict[str, dict[str, str]] = {name: {} for name in sets}
    pairs = {"real": [(real, stem) for stem, real in partners.items()], "generated": list(partners.items())}
    for name, other in (("real", "generated"), ("generated", "real")):
        for stem, path in sets[name].items():
            if path in bad:
                found[name][stem] = bad[path]
            elif (theirs := [b for a, b in pairs[name] if a == stem]) and all(sets[other][b] in bad for b in theirs):
                found[name][stem] = f"its {other} partner is bad"
        if len(found[name]) == len(sets[name]):
            raise EmotalkError(f"of the {name} videos none is left that can be measured: {_named(bad)}; put that right")
    return found


def _named(bad: dict[Path, str]) -> str:
    return "; ".join(f"{path}: {why}" for path, why in bad.items())


def _failures(
    look: Callable[[Path], object], failure: type[EmotalkError], paths: Iterable[Path], title: str, progress: bool
) -> dict[Path, str]:
    """What `look` says is wrong with the paths, without the path and without the advice after the semicolon."""
    found = {}
    for path in tqdm(list(paths), title, unit="video", disable=not progress, leave=False):
        try:
            look(path)
        except failure as error:
            found[path] = str(error).removeprefix(f"{path}: ").rpartition("; ")[0]
    return found
