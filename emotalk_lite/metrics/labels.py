"""What a video shows: which real one it repeats, which emotion and whose face. Its name says it, or a table of labels."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..data import cremad
from ..emotions import emotion_name
from ..errors import EmotalkError

COLUMNS = ("name", "real", "emotion", "actor")


class Label(NamedTuple):
    """Of a video: the name of its real partner, the emotion that it should show, and whose face it is; None where nobody knows."""

    real: str
    emotion: str | None
    actor: str | None


def label_of(stem: str) -> Label:
    """What a video's name says: the real one has the same, and CREMA-D's tells emotion and actor.

    >>> label_of("1001_DFA_ANG_XX")
    Label(real='1001_DFA_ANG_XX', emotion='anger', actor='1001')
    >>> label_of("holiday")
    Label(real='holiday', emotion=None, actor=None)
    """
    try:
        name = cremad.parse_name(stem)
    except EmotalkError:
        return Label(stem, None, None)
    return Label(stem, name.emotion, str(name.actor))


def read_labels(path: str | os.PathLike, real: Iterable[str], generated: Iterable[str]) -> dict[str, Label]:
    """A CSV file's labels of videos whose names say something else, or nothing.

    Args:
        path: of a file with a line of headings: `name`, and any of `real`, `emotion` and `actor`. An empty cell leaves what the
            name says. Names stand there as in the folders, without the suffix or with it.
        real, generated: the names of both folders' videos, without the suffix.

    Returns:
        By name.

    Raises:
        EmotalkError: no such file; other columns; a name twice, or one that is no video's; no such emotion.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            rows, columns = list(table), table.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EmotalkError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); give a CSV file in UTF-8") from error
    if "name" not in columns or not set(columns) <= set(COLUMNS):
        raise EmotalkError(f"{path}: has the columns {', '.join(map(str, columns)) or '(none)'}; give name, and any of {', '.join(COLUMNS[1:])}")
    real, labels = set(real), {}
    for number, row in enumerate(rows, 2):
        said = {key: (value or "").strip() for key, value in row.items() if key in COLUMNS}
        name = _known(said["name"], real | set(generated), f"{path}, line {number}", "either folder")
        if name in labels:
            raise EmotalkError(f"{path}, line {number}: {name} has a line already; give each video one")
        usual = label_of(name)
        partner = _known(said["real"], real, f"{path}, line {number}", "the folder of real ones") if said.get("real") else usual.real
        try:
            emotion = emotion_name(said["emotion"]) if said.get("emotion") else usual.emotion
        except EmotalkError as error:
            raise EmotalkError(f"{path}, line {number}: {error}") from error
        labels[name] = Label(partner, emotion, said.get("actor") or usual.actor)
    return labels


def _known(name: str, names: set[str], where: str, folder: str) -> str:
    """The name of a video that is there, without its suffix."""
    found = next((said for said in (name, Path(name).stem) if said in names), None)
    if found is None:
        raise EmotalkError(f"{where}: no video in {folder} has the name {name or '(empty)'}; put that right")
    return found
