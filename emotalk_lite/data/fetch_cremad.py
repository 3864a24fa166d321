"""CREMA-D from where it is published: its GitHub repository, which keeps the clips in Git LFS.

The list of the files needs no network: it follows from CREMA-D's naming scheme (:func:`.cremad.official_names`), so no
listing can be rate-limited, cut short or out of date. What each file must be, the repository's pointers say.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as NothingYet
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import requests
from tqdm import tqdm

from ..errors import EmotalkError
from ..paths import check_writable, write_json
from .cremad import official_names
from .lfs import TRIES, Pointer, Refused, Server, is_whole, partial_path

COMMIT = "1658cd342dff90010aa843eaeebd53610a08b1dc"  # of 21 March 2025, the repository's newest in 2026
POINTERS = f"https://raw.githubusercontent.com/CheyneyComputerScience/CREMA-D/{COMMIT}"
MIRROR = "https://gitlab.com/cs-cooper-lab/crema-d-mirror"
SERVERS = (  # asked in this order
    f"https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/{COMMIT}",
    f"{MIRROR}/-/raw/HEAD",  # the dataset's own, for when GitHub's allowance for it is used up (the dataset's README)
)
VIDEO = "VideoFlash/{}.flv"
SOUND = "AudioMP3/{}.mp3"
POINTER_FILE = "pointers.json"
CONNECTIONS = 4  # at the same time: most of a clip's time (300 KB) is waiting for the answer


def fetch_cremad(
    out: str | os.PathLike,
    actors: Iterable[int] | None = None,
    names: Iterable[str] | None = None,
    sound: bool = False,
    progress: bool = True,
) -> list[Path]:
    """Download CREMA-D's clips, laid out as in its repository, each verified by its SHA-256.

    All 7,442 videos are 2.4 GB; they have their sound in them. What is there and whole is never downloaded again, and
    what is half there is continued: interrupt it at any time. Without a network it still verifies what is there.

    Args:
        out: folder to download to.
        actors: only these, from 1001 to 1091.
        names: only these clips, such as ``cremad.subset("paper100")``.
        sound: also the recordings of their own (MP3, 0.6 GB for all).
        progress: show progress bars.

    Returns:
        The files' paths, in the order of their names, videos first.

    Raises:
        EmotalkError: nothing asked for, no connection, the servers do not give a file, or ``out`` cannot be written to.

    >>> fetch_cremad("crema-d", actors=[7])
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no clip of these actors; CREMA-D's are numbered 1001 to 1091
    """
    out = Path(out)
    numbers = None if actors is None else {str(actor) for actor in actors}
    chosen = sorted(official_names() if names is None else names)
    chosen = [name for name in chosen if numbers is None or name[:4] in numbers]
    if not chosen:
        if names is not None:
            raise EmotalkError("none of the chosen clips is of these actors; leave out --subset or choose other --actors")
        raise EmotalkError("no clip of these actors; CREMA-D's are numbered 1001 to 1091")
    files = [kind.format(name) for kind in ((VIDEO, SOUND) if sound else (VIDEO,)) for name in chosen]
    check_writable(out / POINTER_FILE)

    pointers = _read_pointers(out)
    unknown = [file for file in files if file not in pointers]
    try:
        _fetch_pointers(unknown, pointers, progress)
    finally:
        if any(file in pointers for file in unknown):
            write_json({"commit": COMMIT, "files": dict(sorted(pointers.items()))}, out / POINTER_FILE)

    looking = tqdm(files, desc="looking at what is there", unit="file", disable=not progress, leave=False)
    missing = [file for file in looking if not is_whole(out / file, pointers[file])]
    _download(missing, {file: pointers[file] for file in files}, out, progress)
    return [out / file for file in files]


def _fetch_pointers(files: list[str], pointers: dict[str, Pointer], progress: bool) -> None:
    def fetch(server: Server, file: str) -> None:
        try:  # the first is asked for alone, and once where nobody answers: without a network one should know at once
            pointers[file] = server.pointer(f"{POINTERS}/{file}", tries=1 if file == files[0] else TRIES)
        except Refused as error:
            raise EmotalkError(f"{file}: not in the dataset's repository ({error}); {_by_hand()}") from error
        except requests.RequestException as error:
            said = "no answer from {}" if error.response is None else "{} is too busy"
            raise EmotalkError(f"{said.format(_host(POINTERS))} for CREMA-D ({_reason(error)}); {_by_hand()}") from error

    with tqdm(desc="asking for sizes and hashes", total=len(files), unit="file", disable=not progress, leave=False) as bar:
        for some in (files[:1], files[1:]):
            _run(fetch, some, bar.update)


def _download(missing: list[str], pointers: dict[str, Pointer], out: Path, progress: bool) -> None:
    bar = tqdm(
        desc="downloading CREMA-D",
        total=sum(pointer.size for pointer in pointers.values()),
        initial=sum(pointers[file].size for file in pointers.keys() - set(missing)) + sum(_part_size(out / file) for file in missing),
        unit="B",
        unit_scale=True,
        disable=not progress,
    )
    lock = threading.Lock()

    def count(received: int) -> None:
        with lock:
            bar.update(received)

    def fetch(server: Server, file: str) -> None:
        reasons = []
        for base in SERVERS:
            try:
                return server.download(f"{base}/{file}", out / file, pointers[file], count)
            except Refused as error:
                reasons.append(f"{_host(base)}: {error}, its allowance for downloads is probably used up")
            except requests.RequestException as error:
                reasons.append(f"{_host(base)}: {_reason(error)}")
        raise EmotalkError(f"{file}: cannot be downloaded ({'; '.join(reasons)}); {_by_hand()}")

    with bar:
        _run(fetch, missing)


def _run(work: Callable[[Server, str], None], files: list[str], done: Callable = lambda: None) -> None:
    """Do the work for every file, over several connections; the first failure, or Ctrl-C, ends all of it."""
    stop = threading.Event()
    server = Server(stop)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        futures = [pool.submit(work, server, file) for file in files]
        try:
            for future in _as_they_end(futures):
                future.result()
                done()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def _as_they_end(futures: list[Future]) -> Iterator[Future]:
    """Each when it ends. Looks up every second: Ctrl-C that reaches a connection's thread does not wake this one."""
    waiting = set(futures)
    while waiting:
        with suppress(NothingYet):
            for future in as_completed(waiting, timeout=1):
                waiting.discard(future)
                yield future


def _reason(error: requests.RequestException) -> str:
    """What happened, in short; requests' own text is a chain of objects."""
    return str(error) if error.response is not None else f"no connection, {type(error).__name__}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _by_hand() -> str:
    return (
        f"the same command goes on later; or take any copy of the clips, such as a clone of {MIRROR} with Git LFS, and "
        "give its folder to `emotalk prepare --raw`"
    )


def _part_size(path: Path) -> int:
    part = partial_path(path)
    return part.stat().st_size if part.is_file() else 0


def _read_pointers(out: Path) -> dict[str, Pointer]:
    """What an earlier call learnt of this commit; nothing if there was none."""
    try:
        content = json.loads((out / POINTER_FILE).read_text(encoding="utf-8"))
        if content["commit"] == COMMIT:
            return {file: Pointer(*pointer) for file, pointer in content["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return {}
