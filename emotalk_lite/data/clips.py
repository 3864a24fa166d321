"""Prepared clips on disk: one self-describing safetensors file a clip, and one manifest for all.

A prepared dataset is a folder::

    manifest.json                     what is in it (this module's Manifest)
    clips/<name>.safetensors          frames, sound, landmarks; what it is stands in the file's header
    speech/<name>.safetensors         speech without video: sound only
    raw/<name>.flv, .mp3              the originals
"""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..errors import EmotalkError
from ..paths import atomic_path, write_json
from ..presets import IMAGE_SIZE, SAMPLES_PER_FRAME

FORMAT = 3  # raised when a prepared clip of an older version can no longer be used
MANIFEST = "manifest.json"
ABOUT = "about"  # the one entry of a file's header: several are written in an order that changes from run to run


@dataclass
class PreparedClip:
    """One clip, aligned and resampled: T frames at 25 a second and their sound at 8 kHz.

    All points are x, y in pixels of the aligned frame.
    """

    frames: np.ndarray  # uint8 (T, H, W, 3) RGB
    audio: np.ndarray  # float32 (T * 320,) in [-1, 1]
    landmarks: np.ndarray  # float32 (T, 5, 2): picture-left eye, right eye, nose, left and right mouth corner
    mouth_centre: np.ndarray  # float32 (T, 2): mean of the mouth corners
    eye_centres: np.ndarray  # float32 (T, 2, 2): picture-left eye, right eye
    name: str = ""  # "1001_DFA_ANG_XX"
    actor: int = 0
    sentence: str = ""  # code, such as "DFA"
    emotion: str = ""  # one of emotions.EMOTIONS
    intensity: str = ""
    split: str = ""  # "train", "val" or "test"
    sha256: str = ""  # of the original file
    source: str = ""  # where the original comes from, with its licence
    duration: float = 0.0  # seconds of sound in the original; T = ceil(duration * 25)
    sound_sha256: str = ""  # of the sound's own file, where the original has none in it
    mouth_opening: np.ndarray | None = None  # float32 (T,), gap between the lips / face height; known of synthetic clips only

    def __len__(self) -> int:
        return len(self.frames)

    def metadata(self) -> dict[str, str | int | float]:
        """Everything but the arrays.

        >>> blank_clip().metadata()["split"]
        'train'
        """
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ARRAYS + OPTIONAL}


ARRAYS = ("frames", "audio", "landmarks", "mouth_centre", "eye_centres")
OPTIONAL = ("mouth_opening",)  # arrays that a clip may lack


def blank_clip(count: int = 1) -> PreparedClip:
    """A clip of ``count`` black frames and silence, for examples and tests of the file format.

    >>> len(blank_clip(count=3))
    3
    """
    landmarks = np.zeros((count, 5, 2), np.float32)
    return PreparedClip(
        frames=np.zeros((count, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8),
        audio=np.zeros(count * SAMPLES_PER_FRAME, np.float32),
        landmarks=landmarks,
        mouth_centre=landmarks[:, 3:].mean(axis=1),
        eye_centres=landmarks[:, :2],
        split="train",
    )


def save_clip(clip: PreparedClip, path: str | os.PathLike) -> None:
    """Write a prepared clip atomically; its metadata goes into the safetensors header.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "blank.safetensors"
    >>> save_clip(blank_clip(count=2), path); len(load_clip(path))
    2
    """
    known = [name for name in OPTIONAL if getattr(clip, name) is not None]
    _write({name: getattr(clip, name) for name in (*ARRAYS, *known)}, clip.metadata(), path)


def load_clip(path: str | os.PathLike) -> PreparedClip:
    """Read a prepared clip.

    Raises:
        EmotalkError: no such file, damaged, of speech alone, or written by another version of the format.

    >>> load_clip("no_such.safetensors")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such.safetensors: no such prepared file; make it again as its folder was made (`emotalk sample`, `prepare` or `synth`)
    """
    arrays, header = _read(path, ARRAYS, OPTIONAL)
    return PreparedClip(**arrays, **header | {"actor": int(header["actor"]), "duration": float(header["duration"])})


def save_speech(audio: np.ndarray, metadata: dict[str, str | int | float], path: str | os.PathLike) -> None:
    """Write prepared speech, float32 (T * 320,) at 8 kHz, with its metadata in the header, atomically.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "hush.safetensors"
    >>> save_speech(np.zeros(640, np.float32), {"name": "hush"}, path); load_speech(path).shape
    (640,)
    """
    _write({"audio": audio}, metadata, path)


def load_speech(path: str | os.PathLike) -> np.ndarray:
    """Read prepared speech: float32 (T * 320,) in [-1, 1], 8 kHz mono. Raises as :func:`load_clip`.

    >>> load_speech("no_such.safetensors")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such.safetensors: no such prepared file; make it again as its folder was made (`emotalk sample`, `prepare` or `synth`)
    """
    return _read(path, ("audio",))[0]["audio"]


def read_header(path: str | os.PathLike) -> dict[str, str]:
    """The metadata of a prepared file, without reading its arrays. Raises as :func:`load_clip`.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "hush.safetensors"
    >>> save_speech(np.zeros(640, np.float32), {"name": "hush"}, path); read_header(path)
    {'name': 'hush'}
    """
    return _read(path, ())[1]


def _write(arrays: dict[str, np.ndarray], metadata: dict, path: str | os.PathLike) -> None:
    header = {key: str(value) for key, value in metadata.items()} | {"format": str(FORMAT)}
    with atomic_path(path) as temporary:
        ordered = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        temporary.write_bytes(save(ordered, metadata={ABOUT: json.dumps(header, sort_keys=True)}))


def _read(
    path: str | os.PathLike, names: tuple[str, ...], optional: tuple[str, ...] = ()
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    if not Path(path).is_file():
        raise EmotalkError(f"{path}: no such prepared file; make it again as its folder was made (`emotalk sample`, `prepare` or `synth`)")
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get(ABOUT, "{}"))
            if header.pop("format", None) != str(FORMAT):
                raise EmotalkError(f"{path}: prepared by another version; prepare it again (`emotalk sample` for the sample)")
            if lacking := set(names) - set(file.keys()):
                raise EmotalkError(f"{path}: holds no {', '.join(sorted(lacking))}; give a prepared clip (of speech alone, see load_speech)")
            there = [name for name in optional if name in file.keys()]
            return {name: file.get_tensor(name) for name in (*names, *there)}, header
    except (SafetensorError, ValueError) as error:
        raise EmotalkError(f"{path}: is damaged ({error}); delete it and prepare it again") from error


@dataclass
class Entry:
    """One line of the manifest: a clip's or a speech recording's metadata and where its files are."""

    name: str
    actor: int
    sentence: str
    emotion: str
    intensity: str
    split: str
    sha256: str  # of the original
    source: str
    file: str  # prepared file, relative to the manifest
    size: int  # bytes of the prepared file
    raw: str  # the original, relative to the manifest
    n_frames: int  # at 25 a second
    duration: float  # seconds of sound in the original
    sound_sha256: str = ""  # of the sound's own file, where the original has none in it


@dataclass
class Manifest:
    """What a prepared dataset holds; saved as ``manifest.json`` in its folder.

    ``skipped`` holds ``{"name": ..., "reason": ...}`` for every clip that could not be prepared.
    """

    clips: list[Entry] = field(default_factory=list)
    speech: list[Entry] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    folder: Path = Path(".")

    def save(self, folder: str | os.PathLike) -> None:
        """Write ``manifest.json`` into ``folder``, atomically.

        >>> import tempfile; folder = tempfile.mkdtemp()
        >>> Manifest().save(folder); Manifest.load(folder).clips
        []
        """
        content = {
            "format": FORMAT,
            "clips": [asdict(entry) for entry in self.clips],
            "speech": [asdict(entry) for entry in self.speech],
            "skipped": self.skipped,
        }
        write_json(content, Path(folder) / MANIFEST)

    @classmethod
    def load(cls, folder: str | os.PathLike) -> "Manifest":
        """Read ``manifest.json`` from ``folder``.

        Raises:
            EmotalkError: there is none, it is damaged, or it is of another version of the format.

        >>> Manifest.load("no_such_folder")
        Traceback (most recent call last):
        emotalk_lite.errors.EmotalkError: no_such_folder: no such folder; give one that `emotalk sample`, `prepare` or `synth` made
        """
        path = Path(folder) / MANIFEST
        if not path.is_file():
            lacks = f"holds no {MANIFEST}" if Path(folder).is_dir() else "no such folder"
            raise EmotalkError(f"{folder}: {lacks}; give one that `emotalk sample`, `prepare` or `synth` made")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise EmotalkError(f"{path}: made by another version; prepare it again (`emotalk sample` for the sample)")
            clips, speech = ([Entry(**entry) for entry in content[key]] for key in ("clips", "speech"))
            return cls(clips, speech, content["skipped"], Path(folder))
        except (ValueError, KeyError, TypeError) as error:
            raise EmotalkError(f"{path}: is damaged; delete it and prepare the data again") from error

    def path(self, entry: Entry) -> Path:
        """Where the entry's prepared file is.

        >>> manifest = Manifest(folder=Path("data"))
        >>> entry = Entry("a", 1001, "DFA", "fear", "high", "train", "", "", "clips/a.safetensors", 0, "", 1, 0.04)
        >>> manifest.path(entry).as_posix()
        'data/clips/a.safetensors'
        """
        return self.folder / entry.file

    def raw_path(self, entry: Entry) -> Path:
        """Where the entry's original is.

        >>> manifest = Manifest(folder=Path("data"))
        >>> entry = Entry("a", 1001, "DFA", "fear", "high", "train", "", "", "", 0, "raw/a.flv", 1, 0.04)
        >>> manifest.raw_path(entry).as_posix()
        'data/raw/a.flv'
        """
        return self.folder / entry.raw

    def complete(self) -> bool:
        """Whether every file is there with its recorded size; quick, because nothing is read.

        >>> Manifest().complete()
        True
        """
        return all(
            self.path(e).is_file() and self.path(e).stat().st_size == e.size and self.raw_path(e).is_file()
            for e in self.clips + self.speech
        )
