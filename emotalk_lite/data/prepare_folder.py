"""All clips of a folder, prepared: CREMA-D as it was published, or any copy of it.

Nothing of the result depends on the number of workers, the order in which they finish, or how often the work was
interrupted: a clip's bytes follow from the original's, the manifest is sorted by name.
"""

import hashlib
import os
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from ..errors import EmotalkError
from ..interrupt import interrupts
from ..paths import alone_in, check_folder, check_writable, remove_abandoned
from . import prepare
from .clips import MANIFEST, Manifest
from .cremad import KNOWN_BAD, parse_name, split_of
from .lfs import is_pointer
from .workers import in_workers


class Original(NamedTuple):
    """What is to become one entry of the manifest, or the reason why it cannot."""

    name: str  # "1001_DFA_ANG_XX"
    path: Path | None = None  # video, or sound alone
    sound: Path | None = None  # a recording of the same name beside the video
    problem: str = ""

    @property
    def split(self) -> str:
        """The split of its actor."""
        return split_of(parse_name(self.name).actor)


def prepare_folder(
    raw: str | os.PathLike,
    out: str | os.PathLike,
    workers: int = 1,
    shard: tuple[int, int] = (1, 1),
    names: Iterable[str] | None = None,
    progress: bool = True,
) -> Manifest | None:
    """Prepare every CREMA-D clip below ``raw`` into ``out``, train, validation and test divided by actor.

    Videos are ``.flv`` or ``.mp4``, with the sound in them or in a ``.wav`` or ``.mp3`` of the same name anywhere
    below ``raw``; recordings of actors without any video become speech. What cannot be prepared stands in
    ``manifest.skipped`` with the reason. Interrupt or kill it at any time: the next call goes on.

    Args:
        raw: folder of the originals, searched with all its subfolders. They stay where they are.
        out: folder of the prepared clips.
        workers: processes that work at the same time, on one thread each.
        shard: ``(i, n)``: prepare the i-th of n parts only, i from 1 to n. Shards may run on several machines with one
            ``out``; each leaves its part of the manifest in ``out/shards``, and the one that finds all n there
            joins them. (A call without ``shard`` after shards that ran into folders of their own, since put
            together, does the same: what is prepared is not prepared again.)
        names: only these clips, such as ``cremad.subset("paper100")``; one that is not there is reported as skipped.
        progress: show progress bars.

    Returns:
        The :class:`~emotalk_lite.data.clips.Manifest`, which is saved as ``out/manifest.json``; None while other
        shards are missing.

    Raises:
        EmotalkError: no such folder, no clips in it, none of them good, ``out`` cannot be written to, or another process
            prepares the same part there.

    >>> prepare_folder("no_such_folder", "data")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_folder: no such folder; give the one that holds CREMA-D's clips
    """
    raw, out = Path(raw), Path(out)
    everything = find_originals(raw, names)
    check_writable(out / MANIFEST)
    i, n = shard
    with alone_in(out, ".lock" if n == 1 else f".{i}-of-{n}.lock"):
        manifest = _prepare_all(everything[i - 1 :: n], out, workers, progress)
        if n > 1:
            return _join(manifest, out / "shards" / _fingerprint(everything), i, n)
        _save(manifest, raw)
    return manifest


def _prepare_all(originals: list[Original], out: Path, workers: int, progress: bool) -> Manifest:
    """Prepare what is not prepared yet; the manifest of all, not saved."""
    for kind in ("clips", "speech"):
        remove_abandoned(out / kind)
    good = [original for original in originals if not original.problem]
    looking = tqdm(good, desc="looking at what is there", unit="clip", disable=not progress, leave=False)
    todo = [o for o in looking if not prepare.is_prepared(o.path, out, o.split, o.sound)]
    bad = {}
    bar = tqdm(desc="preparing", total=len(good), initial=len(good) - len(todo), unit="clip", disable=not progress)
    # Ctrl-C waits for the clip at hand: raised inside a decoder's callback, it would be swallowed
    with bar, interrupts() as interrupted, closing(in_workers(partial(_prepare_one, out=out), todo, workers, out)) as results:
        for name, reason in results:
            bar.update()
            if reason:
                bad[name] = reason
            if interrupted():
                raise KeyboardInterrupt

    manifest = Manifest(folder=out)
    for original in originals:
        reason = original.problem or bad.get(original.name)
        if reason:
            manifest.skipped.append({"name": original.name, "reason": reason})
        else:
            entry = prepare.entry(original.path, out, raw=_relative(original.path, out))
            (manifest.clips if entry.file.startswith("clips/") else manifest.speech).append(entry)
    return manifest


def find_originals(raw: Path, names: Iterable[str] | None = None) -> list[Original]:
    """What there is to prepare below ``raw``, sorted by name; of several copies of a clip, the first by path, FLV before MP4.

    Raises:
        EmotalkError: no such folder, or no video and no sound in it.
    """
    check_folder(raw, "give the one that holds CREMA-D's clips")
    suffixes = prepare.VIDEO_SUFFIXES + prepare.SOUND_SUFFIXES  # in the order of preference
    found: dict[str, list[Path]] = {}
    for path in raw.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(raw).parts)
        if path.suffix.lower() in suffixes and not hidden and path.is_file():
            found.setdefault(path.stem, []).append(path)
    if not found:
        raise EmotalkError(f"{raw}: holds no {', '.join(suffixes)} file; `emotalk cremad --out {raw}` downloads CREMA-D's")
    for paths in found.values():
        paths.sort(key=lambda path: (suffixes.index(path.suffix.lower()), path.as_posix()))

    filmed = {name[:4] for name, paths in found.items() if _is_video(paths[0])}  # actors
    wanted = sorted(found if names is None else names)
    return [_original(name, found.get(name, []), filmed) for name in wanted]


def _original(name: str, paths: list[Path], filmed: set[str]) -> Original:
    try:
        parse_name(name)
    except EmotalkError:
        return Original(name, problem="not a CREMA-D clip's name, such as 1001_DFA_ANG_XX")
    if not paths:
        return Original(name, problem="not in the folder")
    if name in KNOWN_BAD:
        return Original(name, problem=f"known to be broken in the published dataset: {KNOWN_BAD[name]}")
    whole = [path for path in paths if not is_pointer(path)]
    if not whole or _is_video(paths[0]) != _is_video(whole[0]):
        return Original(name, problem="a Git LFS pointer in place of the file; `git lfs pull` or `emotalk cremad` gets the file")
    if not _is_video(whole[0]) and name[:4] in filmed:
        return Original(name, problem="sound only, though there are videos of this actor")
    return Original(name, whole[0], next((path for path in whole[1:] if not _is_video(path)), None))


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in prepare.VIDEO_SUFFIXES


def _prepare_one(original: Original, out: Path) -> tuple[str, str]:
    """Its name, and the reason why it could not be prepared ("" for all good)."""
    try:
        prepare.prepare_file(original.path, out, original.split, original.sound)
    except EmotalkError as error:
        return original.name, str(error).removeprefix(f"{original.path}: ")
    except (OSError, MemoryError):
        raise
    except Exception as error:  # whatever one damaged file brings a decoder to do, thousands of others wait
        return original.name, f"cannot be prepared ({type(error).__name__}: {error})"
    return original.name, ""


def _relative(path: Path, folder: Path) -> str:
    """The path as seen from the folder, so that both can move together; whole where they are on different drives."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.absolute().as_posix()


def _fingerprint(originals: list[Original]) -> str:
    """Of what is prepared: parts of different selections, or of a folder that has grown, do not join."""
    return hashlib.sha256("\n".join(original.name for original in originals).encode()).hexdigest()[:12]


def _join(manifest: Manifest, parts: Path, i: int, n: int) -> Manifest | None:
    """Save one shard's part of the manifest; join all parts when they are there."""
    folders = [parts / f"{k}-of-{n}" for k in range(1, n + 1)]
    manifest.save(folders[i - 1])
    if not all((folder / MANIFEST).is_file() for folder in folders):
        return None
    whole = Manifest(folder=manifest.folder)
    for part in map(Manifest.load, folders):
        whole.clips += part.clips
        whole.speech += part.speech
        whole.skipped += part.skipped
    for entries in (whole.clips, whole.speech):
        entries.sort(key=lambda entry: entry.name)
    whole.skipped.sort(key=lambda skipped: skipped["name"])
    _save(whole, manifest.folder)
    return whole


def _save(manifest: Manifest, raw: Path) -> None:
    if not manifest.clips + manifest.speech:
        first, count = manifest.skipped[0], len(manifest.skipped)
        failed = "the only clip could not be" if count == 1 else f"none of {count} clips could be"
        raise EmotalkError(f"{raw}: {failed} prepared; {first['name']}: {first['reason']}")
    manifest.save(manifest.folder)
