"""Options of model and training by name: `--set se_ratio=8`, and the list of all that there are.

>>> with_options("cpu", ["se_ratio=8", "squeeze_excitation=last"]).model.se_ratio
8
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import NamedTuple

from .config import ModelConfig, Preset, TrainConfig
from .errors import EmotalkError
from .kinds import describe, kinds, parse, write
from .presets import PRESETS, resolve_preset

PARTS = {"model": ModelConfig, "train": TrainConfig}  # of a `Preset`; no name is in both
PLACE = {option.name: part for part, config in PARTS.items() for option in fields(config)}
KINDS = kinds(ModelConfig) | kinds(TrainConfig)
WIDTH = 100  # characters of a line of the list
LIST = "'emotalk train --list-options' shows all"


class Option(NamedTuple):
    """What a user may set."""

    name: str
    group: str  # of options, such as "objective"
    may_be: str  # in words
    meaning: str  # what it is, and what paper and reference have


def with_options(preset: str | Preset, given: Iterable[str]) -> Preset:
    """A preset with other values for some options; its name tells which.

    Args:
        preset: a name of `PRESETS`, or a preset.
        given: each "name=value".

    Raises:
        EmotalkError: unknown name, wrong value, a name that comes twice, or values that do not go together.

    >>> with_options("cpu", ["se_ratio=8", "compile=no"]).name  # compile is off as it is
    'cpu+se_ratio=8'
    >>> with_options("cpu", ["se_ration=8"])
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no option 'se_ration'; did you mean se_ratio? 'emotalk train --list-options' shows all
    >>> with_options("cpu", ["squeeze_excitation=some"])
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: squeeze_excitation=some: give none, all or last
    """
    preset, values = resolve_preset(preset), parse_options(given)
    parts = {part: {name: v for name, v in values.items() if PLACE[name] == part} for part in PARTS}
    try:
        changed = {part: replace(getattr(preset, part), **parts[part]) for part in PARTS}
        new = [f"+{name}={write(v)}" for name, v in values.items() if getattr(getattr(preset, PLACE[name]), name) != v]
        return replace(preset, name="".join([preset.name, *new]), **changed)
    except ValueError as error:
        raise EmotalkError(str(error)) from None


def parse_options(given: Iterable[str]) -> dict[str, object]:
    """The values of "name=value" by name; raises as `with_options`.

    >>> parse_options(["betas=0.9,0.99", "conv_lstm=off"])
    {'betas': (0.9, 0.99), 'conv_lstm': False}
    """
    values: dict[str, object] = {}
    for text in given:
        name, equals, value = (word.strip() for word in text.partition("="))
        if name not in PLACE:
            close = " or ".join(get_close_matches(name, PLACE))
            raise EmotalkError(f"no option '{name}'; {f'did you mean {close}? ' * bool(close)}{LIST}")
        if not equals:
            raise EmotalkError(f"{name}: give its value too, as in {name}={write(getattr(PARTS[PLACE[name]](), name))}")
        if name in values:
            raise EmotalkError(f"{name} is given twice; leave out one of the two")
        try:
            values[name] = parse(value, KINDS[name])
        except ValueError:
            raise EmotalkError(f"{name}={value}: give {describe(KINDS[name])}") from None
    return values


def check_kept(preset: Preset, given: Iterable[str], others: str) -> None:
    """See that what was asked for by name is what the preset has in the end.

    Args:
        others: the command's options that might have changed it.

    Raises:
        EmotalkError: it is not.

    >>> check_kept(PRESETS["cpu"], ["critic_steps=7"], "--steps")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: critic_steps=7 and --steps contradict each other (critic_steps would be 250); leave out one
    """
    for name, value in parse_options(given).items():
        if (now := getattr(getattr(preset, PLACE[name]), name)) != value:
            raise EmotalkError(f"{name}={write(value)} and {others} contradict each other ({name} would be {write(now)}); leave out one")


def list_options() -> list[Option]:
    """Every option, in the order of the configuration; its meaning is the comment beside it.

    >>> [option.name for option in list_options() if option.group == "model"][:2]
    ['image_size', 'filters']
    """
    found = []
    for part, config in PARTS.items():
        group = part
        for line in inspect.getsource(config).splitlines():
            if heading := re.fullmatch(r"    # (\w+).*", line):
                group = heading[1]
            elif option := re.fullmatch(r"    (\w+): .+  # (.+)", line):
                found.append(Option(option[1], group, describe(KINDS[option[1]]), option[2]))
    return found


def options_text(preset: str | Preset) -> str:
    """The list for a terminal: each option's value in a preset, what it may be, what it is.

    >>> print(options_text("smoke")[:82])
    Options of preset smoke; give others with --set NAME=VALUE, as often as you like.
    """
    preset, paper = resolve_preset(preset), PRESETS["p100"]
    lines, group = [f"Options of preset {preset.name}; give others with --set NAME=VALUE, as often as you like."], ""
    for option in list_options():
        if option.group != group:
            group = option.group
            lines += ["", group]
        value, papers = (write(getattr(getattr(p, PLACE[option.name]), option.name)) for p in (preset, paper))
        lines.append(f"  {option.name}={value}  [{option.may_be}]")
        other = f"; preset p100, the paper's run: {papers}" if value != papers else ""
        lines += textwrap.wrap(option.meaning + other, WIDTH, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)
