"""Where emotalk_lite keeps its files, and how it writes them without ever leaving half a file."""

import errno
import hashlib
import json
import os
import stat
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import EmotalkError

ABANDONED = 3600  # seconds after which a temporary file belongs to a process that was killed; writing takes less than one
PATIENCE = 2.0  # seconds: what a killed process had started ends, and lets go, a moment after it


def home() -> Path:
    """The folder for downloads, the prepared sample and training runs.

    ``$EMOTALK_HOME`` if set, otherwise the user's cache folder (``~/.cache/emotalk_lite`` on Linux).
    Below it: ``downloads/``, ``sample/``, ``runs/``. The folder is not created here.

    >>> import os; os.environ["EMOTALK_HOME"] = "/data/emotalk"    # doctest: +SKIP
    >>> home()                                                     # doctest: +SKIP
    PosixPath('/data/emotalk')
    >>> home().is_absolute()
    True
    """
    chosen = os.environ.get("EMOTALK_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("emotalk_lite", appauthor=False))


def stored_results(name: str) -> dict:
    """A measurement that was made once and is kept: ``results/NAME.json`` of the repository, installed with the package.

    Raises:
        EmotalkError: there is none of that name.

    >>> stored_results("portrait")["preset"]
    'portrait'
    """
    return json.loads(stored_file(f"{name}.json").read_text(encoding="utf-8"))


def stored_file(name: str) -> Path:
    """A file of ``results/``: the repository's, or an installation's.

    Raises:
        EmotalkError: there is none of that name.

    >>> stored_file("ablation_cuda.mp4").suffix
    '.mp4'
    """
    package = Path(__file__).parent
    for folder in (package.parent / "results", package / "results"):
        if (folder / name).is_file():
            return folder / name
    raise EmotalkError(f"no stored measurement '{name}'; results/ has the names")


def file_sha256(path: str | os.PathLike) -> str:
    """The SHA-256 of a file, in hexadecimal.

    >>> file_sha256(os.devnull)[:16]
    'e3b0c44298fc1c14'
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` on success, remove it on failure.

    The temporary name keeps the suffix, because media containers are chosen by it. The parent folder is
    created. A reader therefore sees the whole file or none, also after an interrupt.

    Raises:
        EmotalkError: the folder cannot be created or written to.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "note.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [p.name for p in folder.iterdir()], (folder / "note.txt").read_text()
    (['note.txt'], 'whole')
    """
    path = make_folder_of(path)
    temporary = path.with_name(_temporary_name(path))
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary_name(path: Path) -> str:
    """Of `atomic_path`, and one that `remove_abandoned` knows."""
    return f".{path.stem}.{uuid.uuid4().hex[:8]}.part{path.suffix or '.tmp'}"


def write_json(content: object, path: str | os.PathLike) -> None:
    """Write what JSON can hold, indented by one space a level, in UTF-8; atomic.

    Raises:
        EmotalkError: as `atomic_path`.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "a.json"
    >>> write_json({"of": "Fréchet"}, path); path.read_text(encoding="utf-8")
    '{\\n "of": "Fréchet"\\n}\\n'
    """
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))  # half a character, of a file's name, in JSON's own spelling


def check_writable(path: str | os.PathLike) -> Path:
    """See that a file can be written at ``path``, before any work is done for it. Nothing is left behind.

    Missing folders are made when the file is (`make_folder_of`): a command that is refused leaves none. Returns ``path`` as
    a :class:`~pathlib.Path`.

    Raises:
        EmotalkError: the path is a folder, or the nearest folder above it that is there cannot be written to.

    >>> check_writable("/")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: cannot write /: it is a folder; give a file name in it
    """
    path = Path(path)
    try:
        is_folder = path.is_dir()
        if not is_folder:
            above = next(folder for folder in path.absolute().parents if folder.exists())
            probe = above / _temporary_name(path)  # longer than the file's own: where there is no room for it, that is said now
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise _cannot_write(path, error) from error
    if is_folder:
        raise EmotalkError(f"cannot write {path}: it is a folder; give a file name in it")
    return path


def make_folder_of(path: str | os.PathLike) -> Path:
    """Make the missing folders above a file that is about to be written. Returns ``path`` as a :class:`~pathlib.Path`.

    Raises:
        EmotalkError: as `check_writable`, or a folder cannot be made.

    >>> import tempfile
    >>> make_folder_of(Path(tempfile.mkdtemp()) / "new" / "note.txt").parent.is_dir()
    True
    """
    path = check_writable(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error
    return path


def _cannot_write(path: Path, error: OSError) -> EmotalkError:
    advice = "give a shorter name" if error.errno == errno.ENAMETOOLONG else "choose a folder that you may write to"
    return EmotalkError(f"cannot write {path}: {error.strerror or error}; {advice}")


def check_readable(path: str | os.PathLike, advice: str = "check the path") -> Path:
    """See that ``path`` is a file that can be read, before any work is done for it. Returns it as a :class:`~pathlib.Path`.

    Args:
        path: of an input.
        advice: what to do where there is no such file.

    Raises:
        EmotalkError: there is none, it is a folder, or it cannot be read.

    >>> check_readable("no_such_face.png")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_face.png: no such file; check the path
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):  # a pipe is not opened: it would wait for who writes to it
            path.open("rb").close()
    except FileNotFoundError:
        raise EmotalkError(f"{path}: no such file; {advice}") from None
    except OSError as error:
        raise cannot_read(path, error) from error
    if stat.S_ISDIR(mode):
        raise EmotalkError(f"{path}: is a folder; give a file")
    return path


def check_folder(path: str | os.PathLike, advice: str = "check the path") -> Path:
    """See that ``path`` is a folder, before any work is done for it. Returns it as a :class:`~pathlib.Path`.

    Args:
        path: of an input.
        advice: what to do where there is no such folder.

    Raises:
        EmotalkError: there is none, or it is a file.

    >>> check_folder("no_such_folder")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_folder: no such folder; check the path
    """
    path = Path(path)
    try:
        if path.is_dir():
            return path
        there = path.exists()
    except OSError as error:
        raise cannot_read(path, error) from error
    raise EmotalkError(f"{path}: is a file; give a folder" if there else f"{path}: no such folder; {advice}")


def cannot_read(path: str | os.PathLike, error: OSError) -> EmotalkError:
    """What to say of an input that the operating system refuses.

    >>> cannot_read("face.png", PermissionError(errno.EACCES, "Permission denied"))
    EmotalkError('face.png: cannot be read (Permission denied); check its permissions')
    """
    advice = "check its permissions" if isinstance(error, PermissionError) else "check the path"
    return EmotalkError(f"{path}: cannot be read ({error.strerror or error}); {advice}")


def remove_abandoned(folder: str | os.PathLike, age: float = ABANDONED) -> None:
    """Remove the temporary files of `atomic_path` that killed processes left in ``folder``.

    Args:
        folder: need not be there.
        age: seconds; younger ones stay, where other processes or machines may be writing theirs.

    >>> import tempfile; left = Path(tempfile.mkdtemp()) / ".note.0123abcd.part.txt"
    >>> left.touch(); remove_abandoned(left.parent); left.exists()
    True
    >>> remove_abandoned(left.parent, age=0); left.exists()
    False
    """
    for path in Path(folder).glob(".*.part.*"):
        try:
            if time.time() - path.stat().st_mtime >= age:
                path.unlink()
        except FileNotFoundError:  # renamed or removed meanwhile
            pass


@contextmanager
def alone_in(folder: str | os.PathLike, name: str = ".lock", wait: float = PATIENCE) -> Iterator[None]:
    """Nobody else is in a block of this name for the same folder, on this machine or on another that shares the disk.

    The lock is the operating system's on an empty file, which stays: it ends with its process, whatever ends that. On a file
    system that has no locks, nobody is kept out.

    Args:
        folder: is made.
        name: of the file.
        wait: seconds before giving up.

    Raises:
        EmotalkError: another process is in such a block; or the folder cannot be made or written to.

    >>> import tempfile; folder = tempfile.mkdtemp()
    >>> with alone_in(folder), alone_in(folder, ".other.lock"):
    ...     with alone_in(folder, wait=0):
    ...         pass
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: another process is at work in /...; wait until it has ended, or give another --out
    >>> with alone_in(folder):
    ...     pass
    """
    from filelock import FileLock, SoftFileLock, Timeout

    lock = FileLock(make_folder_of(Path(folder) / name))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that the file system has no locks
            lock.acquire(timeout=wait)
    except Timeout:
        raise EmotalkError(f"another process is at work in {folder}; wait until it has ended, or give another --out") from None
    except (OSError, NotImplementedError):  # no locks
        pass
    if isinstance(lock, SoftFileLock):  # filelock's way out where there are none: a file that would outlive a kill
        lock.release()
    try:
        yield
    finally:
        lock.release()
