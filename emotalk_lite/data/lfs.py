"""Files that a repository keeps in Git LFS: pointers, and downloads that verify and go on where they stopped.

In the repository itself lies a pointer of three lines for each file, with its SHA-256 and size; the file lies on
another server (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).
"""

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import requests

from ..errors import EmotalkError
from ..paths import file_sha256, make_folder_of

POINTER_START = b"version https://git-lfs.github.com/spec/v1"
LARGEST_POINTER = 1024  # bytes, by the specification
TIMEOUT = 10  # seconds: to connect, and between two pieces of a file; as long a silent server holds up Ctrl-C
TRIES = 5  # times in a row that a server may break off without having sent anything
LONGEST_WAIT = 60  # seconds before another try
CHUNK = 1 << 13  # bytes; what has arrived of a piece is lost when the connection breaks


class Pointer(NamedTuple):
    """What a pointer says about its file."""

    sha256: str
    size: int  # bytes


class Refused(Exception):
    """The server answers, but does not give the file: a wrong address, or its allowance is used up."""


class Stopped(Exception):
    """The caller wants no more."""


def parse_pointer(text: str) -> Pointer:
    """Read a pointer.

    Raises:
        ValueError: it is none.

    >>> parse_pointer(f"version https://git-lfs.github.com/spec/v1\\noid sha256:{'ab' * 32}\\nsize 265922\\n").size
    265922
    """
    sha256 = re.search(r"^oid sha256:([0-9a-f]{64})$", text, re.MULTILINE)
    size = re.search(r"^size (\d+)$", text, re.MULTILINE)
    if not (text.startswith(POINTER_START.decode()) and sha256 and size):
        raise ValueError("not a Git LFS pointer")
    return Pointer(sha256[1], int(size[1]))


def is_pointer(path: str | os.PathLike) -> bool:
    """Whether a file is the pointer only: what a clone without Git LFS, or the repository's ZIP file, holds.

    >>> is_pointer(os.devnull)
    False
    """
    if os.path.getsize(path) > LARGEST_POINTER:
        return False
    with open(path, "rb") as file:
        return file.read(len(POINTER_START)) == POINTER_START


def is_whole(path: Path, pointer: Pointer) -> bool:
    """Whether ``path`` is the file of the pointer, by size and SHA-256."""
    return path.is_file() and path.stat().st_size == pointer.size and file_sha256(path) == pointer.sha256


def partial_path(path: Path) -> Path:
    """Where a download lies until it is whole.

    >>> partial_path(Path("data/a.flv")).as_posix()
    'data/.a.flv.part'
    """
    return path.with_name(f".{path.name}.part")


class Server:
    """A web server, spoken to with patience: what breaks off is tried again, with longer and longer waits.

    Args:
        stop: when it is set, every call raises :class:`Stopped` at the next piece of data.
    """

    def __init__(self, stop: threading.Event):
        self.stop = stop
        self.session = requests.Session()
        self.session.headers["Accept-Encoding"] = "identity"  # bytes are counted as they are in the file

    def pointer(self, url: str, tries: int = TRIES) -> Pointer:
        """The pointer at a URL.

        Args:
            url: of the pointer.
            tries: in a row without any answer; one that answers, but is busy, is asked `TRIES` times.

        Raises:
            Refused: there is none.
            requests.RequestException: the server cannot be reached, or is too busy.
        """
        failures = 0
        while True:
            try:
                return parse_pointer(self._get(url, {}).text)
            except requests.RequestException as error:
                failures += 1
                if failures >= (tries if error.response is None else TRIES):
                    raise
                self._wait(failures, error)
            except ValueError as error:
                raise Refused("no Git LFS pointer there") from error

    def download(self, url: str, path: Path, pointer: Pointer, count: Callable[[int], None]) -> None:
        """Download a file, from where an earlier download of it stopped; it is at ``path`` only when it is whole.

        Args:
            url: of the file.
            path: where to; its folder is made.
            pointer: what the file has to be.
            count: told of the bytes that arrive; a negative number takes back what proved useless.

        Raises:
            Refused: the server does not give the file.
            requests.RequestException: the server cannot be reached, or breaks off again and again.
            EmotalkError: what arrives is not the file, or it cannot be written.
        """
        make_folder_of(path)
        part = partial_path(path)
        failures = damaged = 0
        while True:
            before = part.stat().st_size if part.is_file() else 0
            if before >= pointer.size:
                if is_whole(part, pointer):
                    os.replace(part, path)
                    return
                part.unlink()
                count(-before)
                damaged += 1
                if damaged == 2:
                    raise EmotalkError(f"{path.name}: arrives damaged (its SHA-256 differs); run it again later")
                continue
            broken = requests.ConnectionError("the server sends nothing")
            try:
                self._append(url, part, before, pointer, count)
            except requests.RequestException as error:
                broken = error
            if part.is_file() and part.stat().st_size > before:
                failures = 0
            else:
                failures += 1
                if failures == TRIES:
                    raise broken
                self._wait(failures, broken)

    def _append(self, url: str, part: Path, start: int, pointer: Pointer, count: Callable[[int], None]) -> None:
        """Add to ``part`` what the server sends from byte ``start`` on."""
        with self._get(url, {"Range": f"bytes={start}-"} if start else {}) as response:
            if start and response.status_code != requests.codes.partial_content:  # it sends all of it, whatever was asked
                count(-start)
                start = 0
            length = response.headers.get("Content-Length", "")
            if length.isdigit() and start + int(length) != pointer.size:
                raise Refused(f"it sends {start + int(length)} bytes instead of {pointer.size}")
            try:
                with open(part, "ab" if start else "wb") as file:
                    for chunk in response.iter_content(CHUNK):
                        self._check()
                        file.write(chunk)
                        count(len(chunk))
                        if file.tell() > pointer.size:
                            raise Refused(f"it sends more than {pointer.size} bytes")
            except requests.RequestException:
                raise
            except OSError as error:
                raise EmotalkError(f"cannot write {part}: {error.strerror or error}; free some space, then run it again") from error

    def _get(self, url: str, headers: dict[str, str]) -> requests.Response:
        self._check()
        response = self.session.get(url, headers=headers, timeout=TIMEOUT, stream=True)
        code = response.status_code
        if code in (408, 429) or code >= 500:  # for now
            raise requests.HTTPError(f"HTTP {code}", response=response)
        if code not in (200, 206):
            raise Refused(f"HTTP {code}")
        return response

    def _check(self) -> None:
        if self.stop.is_set():
            raise Stopped

    def _wait(self, failures: int, error: requests.RequestException) -> None:
        """Wait before another try: as long as the server says, else twice as long each time."""
        asked = error.response.headers.get("Retry-After", "") if error.response is not None else ""
        seconds = int(asked) if asked.isdigit() else 2 ** (failures - 1)
        if self.stop.wait(min(seconds, LONGEST_WAIT)):
            raise Stopped
