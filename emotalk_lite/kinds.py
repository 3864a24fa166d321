"""What an option may be: a number within a range, one of some words, several numbers. Checked, said in words, read from text."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

YES, NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`.

    >>> str(Range(1)), str(Range(0, 1)), str(Range(0, 1, without=1)), str(Range(0, without=0))
    ('1 or more', 'from 0 to 1', 'from 0 to below 1', 'above 0')
    """

    low: float
    high: float = math.inf
    without: float | None = None  # one of the ends, where it is not in the range itself

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and value != self.without and math.isfinite(value)

    def __str__(self) -> str:
        if self.high == math.inf:
            return f"above {self.low:g}" if self.without == self.low else f"{self.low:g} or more"
        return f"from {self.low:g} to {'below ' * (self.without == self.high)}{self.high:g}"


Count = Annotated[int, Range(1)]
Whole = Annotated[int, Range(0)]
Amount = Annotated[float, Range(0)]
Positive = Annotated[float, Range(0, without=0)]
Share = Annotated[float, Range(0, 1)]
Decay = Annotated[float, Range(0, 1, without=1)]


def check_values(config: object) -> None:
    """See that every option of a configuration is what it may be.

    Raises:
        ValueError: the first that is not.

    >>> from emotalk_lite.config import ModelConfig
    >>> ModelConfig(se_ratio=0)
    Traceback (most recent call last):
    ValueError: se_ratio is 0; it has to be a whole number, 1 or more
    """
    for option in fields(config):
        kind, value = kinds(type(config))[option.name], getattr(config, option.name)
        if not is_one(value, kind):
            raise ValueError(f"{option.name} is {value}; it has to be {describe(kind)}")


@cache
def kinds(config: type) -> dict[str, object]:
    """The kind of each option of a configuration dataclass: its type, with the `Range`."""
    return get_type_hints(config, include_extras=True)


def is_one(value: object, kind: object) -> bool:
    """Whether a value is one of this kind: its type, and its range. A whole number is a number, too; true and false are none.

    >>> is_one(3, Count), is_one(0, Count), is_one((1, 0), tuple[Count, ...]), is_one("some", Literal["all", "none"])
    (True, False, False, False)
    >>> is_one(1.5, Count), is_one(True, Count), is_one(1, Amount), is_one(1, bool)
    (False, False, True, False)
    """
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is tuple:
        many = isinstance(value, (tuple, list))
        return many and len(value) == len(_parts(kind, len(value))) > 0 and all(map(is_one, value, _parts(kind, len(value))))
    if get_origin(kind) is Annotated:
        return is_one(value, get_args(kind)[0]) and value in get_args(kind)[1]
    of_type = isinstance(value, {bool: bool, int: int, float: (int, float)}[kind])
    return of_type and isinstance(value, bool) == (kind is bool)  # to Python, True is an int


def describe(kind: object) -> str:
    """A kind in words.

    >>> describe(Count), describe(bool), describe(Literal["none", "all", "last"])
    ('a whole number, 1 or more', 'true or false', 'none, all or last')
    >>> describe(tuple[Count, ...]), describe(tuple[Decay, Decay])
    ('whole numbers with commas between, each 1 or more', '2 numbers with commas between, each from 0 to below 1')
    """
    if get_origin(kind) is Literal:
        return " or ".join(", ".join(get_args(kind)).rsplit(", ", 1))
    if get_origin(kind) is tuple:
        members = get_args(kind)
        what, comma, limits = describe(members[0]).removeprefix("a ").partition(", ")
        many = f"{what}s" if ... in members else f"{len(members)} {what}s"
        return f"{many} with commas between{comma}{limits and 'each ' + limits}"
    if get_origin(kind) is Annotated:
        return f"{describe(get_args(kind)[0])}, {get_args(kind)[1]}"
    return {bool: "true or false", int: "a whole number", float: "a number"}[kind]


def parse(text: str, kind: object) -> object:
    """A value of this kind from what a user wrote.

    Raises:
        ValueError: it is none.

    >>> parse("8", Count), parse("off", bool), parse("16,32", tuple[Count, ...]), parse("all", Literal["all", "none"])
    (8, False, (16, 32), 'all')
    """
    text = text.strip()
    if kind is bool:
        if text.lower() not in YES + NO:
            raise ValueError(text)
        return text.lower() in YES
    if get_origin(kind) is tuple:
        words = text.split(",")
        value: object = tuple(map(parse, words, _parts(kind, len(words))))
        value = value if len(value) == len(words) else ()
    else:
        value = (get_args(kind)[0] if get_origin(kind) is Annotated else {int: int, float: float}.get(kind, str))(text)
    if not is_one(value, kind):
        raise ValueError(text)
    return value


def write(value: object) -> str:
    """A value as `parse` reads it.

    >>> write((16, 32)), write(True), write(0.0001), write("all")
    ('16,32', 'true', '0.0001', 'all')
    """
    if isinstance(value, tuple):
        return ",".join(map(write, value))
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _parts(kind: object, n: int) -> tuple[object, ...]:
    """The kinds of a tuple's n members."""
    parts = get_args(kind)
    return parts[:1] * n if parts[-1] is ... else parts
