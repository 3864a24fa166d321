"""An ablation's folder: what it was begun with, which has to stay as it is, and how long the calls on it took."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .data.clips import Manifest
from .data.windows import ClipWindows
from .errors import EmotalkError
from .paths import check_writable, write_json

SETTINGS = "ablation.json"


def describe_data(folder: Path) -> dict[str, object]:
    """What a prepared folder holds, the same wherever it lies.

    Raises:
        EmotalkError: as `Manifest.load`; or it holds no clip.
    """
    clips = Manifest.load(folder).clips
    if not clips:
        raise EmotalkError(f"{folder}: holds no clip; give a prepared folder that does")
    content = "\n".join(sorted(f"{c.name} {c.split} {c.sha256} {c.n_frames}" for c in clips))
    return {
        "name": folder.resolve().name,
        "clips": len(clips),
        "actors": len({c.actor for c in clips}),
        "sha256": hashlib.sha256(content.encode()).hexdigest(),
    }


def begun_with(out: Path) -> str | None:
    """The upscaler of an ablation that was begun in `out`; None where there is none, or its settings are damaged."""
    try:
        return json.loads((out / SETTINGS).read_text(encoding="utf-8"))["upscaler"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check_settings(settings: dict[str, object], out: Path) -> bool:
    """Whether an ablation was begun in `out`; if so, it has to be this one.

    Raises:
        EmotalkError: it has another configuration, by the name of the first setting that differs; or `out` cannot be written.
    """
    path = check_writable(out / SETTINGS)
    if not path.is_file():
        return False
    try:
        before = _flat(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        raise EmotalkError(f"{path}: is damaged; give another --out") from None
    now = _flat(settings)
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if changed:
        key = changed[0]
        raise EmotalkError(
            f"the ablation in {out} was begun with another {key} ({before.get(key)}, now {now.get(key)}); "
            "use the same settings, or give another --out"
        )
    return True


def _flat(settings: dict[str, object]) -> dict[str, object]:
    parts = {key: value if isinstance(value, dict) else {"": value} for key, value in settings.items()}
    return {f"{key} {inner}".strip(): value for key, part in parts.items() for inner, value in part.items()}


def check_names(examples: ClipWindows) -> None:
    """A clip's videos have its name, so no two clips may have the same.

    Raises:
        EmotalkError: two have.
    """
    twice = [name for name, times in Counter(entry.name for entry in examples.entries).items() if times > 1]
    if twice:
        raise EmotalkError(f"two clips have the name {min(twice)}; give each folder of --data once")


@contextmanager
def session(folder: Path, started: float) -> Iterator[Callable[[], None]]:
    """Keep in a file of its own how many seconds a call of `ablate` took, interrupted or not; the results have the sum of all.

    Yields:
        A function that writes the time until now. A call that is killed counts up to the last of these.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> for _ in range(2):
    ...     with session(folder, time.monotonic() - 60):
    ...         pass
    >>> round(session_seconds(folder))
    120
    """
    path = folder / f"{uuid.uuid4().hex}.json"

    def keep() -> None:
        write_json({"seconds": round(time.monotonic() - started, 1)}, path)

    try:
        yield keep
    finally:
        keep()


def session_seconds(folder: Path) -> float:
    """What all sessions took; those that ran side by side count each."""
    return round(sum(json.loads(path.read_text(encoding="utf-8"))["seconds"] for path in folder.glob("[!.]*.json")), 1)
