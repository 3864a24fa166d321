"""The files that came back: which can be used, and what is wrong with the others."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..errors import EmotalkError
from ..paths import cannot_read, check_readable
from .questions import KEYS, STEPS

FORMATS = ("emotalk-mos-1", "emotalk-mos-2", "emotalk-mos-3")  # from the second on, how long each clip played; from the third, `saves`
REFUSED = ("duplicate", "tampered", "unplayed", "empty", "foreign")


class Response(NamedTuple):
    """One rater's answers."""

    path: Path
    rater: str
    seed: int  # of the order, drawn by chance
    order: tuple[str, ...]  # of the clips, this rater's own
    ratings: dict[str, dict[str, int]]  # clip -> question -> 1 to 5
    complete: bool
    unplayed: int | None  # clips that were rated without having been played; None: not recorded
    saves: int  # how often this rater had saved; 0: not recorded


class Responses(NamedTuple):
    """Those that count, complete or partial, and why the others do not."""

    used: list[Response]
    refused: dict[Path, str]  # file -> one of REFUSED, a colon, and why


def read_key(path: str | os.PathLike) -> dict[str, object]:
    """The key that `make_survey` wrote.

    Raises:
        EmotalkError: no such file, or something else.

    >>> read_key("no_such.key.json")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such.key.json: no such file; give the .key.json that was written beside the survey
    """
    path = check_readable(path, "give the .key.json that was written beside the survey")
    try:
        key = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(key["survey"], str) or not all("variant" in clip for clip in key["clips"].values()):
            raise ValueError("it names no clips")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EmotalkError(f"{path}: not the key of a survey; give the .key.json that was written beside it") from error
    return key


def read_responses(paths: Iterable[str | os.PathLike], key: dict[str, object]) -> Responses:
    """Sort responses into those that count and those that do not.

    * complete: every clip that the rater was shown has an answer to every question; counts.
    * partial: some have; counts with what is there.
    * duplicate: the same rater's file again, or a file under a new name with the seed that chance gave them, or with their
      answers in their order of clips. The file that the rater saved last counts: the page counts how often it saved. Of files
      of earlier pages, which did not, the fullest counts. Two raters may well agree in everything, but not in the order that
      chance gave each of them; that they draw the same of 2^32 seeds does not happen.
    * tampered: changed after it was saved: its digest does not fit, an answer is none of the five steps, or the clips stand in
      another order than the seed in the file gives. The digest is no signature: who reads the page's script can forge one.
    * unplayed: it rates clips, and none of them ever played.
    * empty: none of its questions is answered.
    * foreign: of another survey, or no file of the page.

    What was said of a clip that never played does not count. Pages of the first format did not record that: their files are read,
    and all of their answers count.

    Args:
        paths: JSON files that the survey page saved, or folders of them.
        key: of `read_key`.

    Raises:
        EmotalkError: a file cannot be read, or there is none.
    """
    paths = [file for path in map(Path, paths) for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    if not paths:
        raise EmotalkError("no responses; give the JSON files that raters saved")
    read, refused = [], {}
    for path in paths:
        try:
            read.append(_read(path, key))
        except OSError as error:
            raise cannot_read(path, error) from error
        except ValueError as error:
            refused[path] = str(error)
    used: dict[str, Response] = {}
    for response in sorted(read, key=lambda r: (-r.saves, -_count(r), str(r.path))):  # of each rater, the last, else the fullest
        first = used.setdefault(response.rater, response)
        if first is not response:
            later = ", saved later" * (first.saves > response.saves > 0)
            refused[response.path] = f"duplicate: the same rater as {first.path.name}{later}"
    for response in list(used.values()):
        first = next(r for r in used.values() if r.seed == response.seed or (r.order, r.ratings) == (response.order, response.ratings))
        if first is not response:
            what = "answers" if first.ratings == response.ratings else "seed"
            refused[response.path] = f"duplicate: the same {what} as {first.path.name}"
            del used[response.rater]
    return Responses(sorted(used.values(), key=lambda r: r.rater), refused)


def shuffled(names: Iterable[str], seed: int) -> list[str]:
    """The order in which the page shows clips to a rater whose seed this is.

    Fisher and Yates's shuffle of the sorted names, with numbers of Marsaglia's xorshift of 32 bits, as in `survey.html`.

    >>> shuffled("abcd", 1), shuffled("abcd", 2)
    (['a', 'c', 'd', 'b'], ['b', 'd', 'a', 'c'])
    """
    order, x = sorted(names), seed or 1
    for i in range(len(order) - 1, 0, -1):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        j = x % (i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def shown(key: dict[str, object], seed: int) -> list[str]:
    """The clips that a rater with this seed sees, in order: all of the survey, or a share of them.

    A share takes block after block, in the order in which the shuffled clips come to them. A block holds one clip of each
    variant, so a rater sees each variant equally often; where the share ends within a block, to within one.

    >>> key = {"clips": {"a": {"block": 0}, "b": {"block": 1}, "c": {"block": 1}, "d": {"block": 0}}, "per_rater": 2}
    >>> shown(key, 1), shown(key, 2)
    (['a', 'd'], ['b', 'c'])
    """
    order = shuffled(key["clips"], seed)
    if "per_rater" not in key:
        return order
    block = {name: about["block"] for name, about in key["clips"].items()}
    first = {number: place for place, number in reversed([*enumerate(block[name] for name in order)])}
    share = sorted(order, key=lambda name: first[block[name]])[: key["per_rater"]]  # a stable sort: within a block, the order stays
    return [name for name in order if name in share]


def digest(response: dict[str, object]) -> str:
    """SHA-256 of all that a response says, as the page computes it.

    >>> digest({"survey": "s", "rater": "r", "seed": 1, "order": ["a"], "ratings": {}})[:12]
    '1af1ee3b7abf'
    """
    order, ratings, played = response["order"], response["ratings"], response.get("played")
    lines = [response["survey"], response["rater"], str(response["seed"]), ",".join(order)]
    if "saves" in response:
        lines.append(str(response["saves"]))
    for clip in order:
        answers = ",".join(str(ratings.get(clip, {}).get(key, 0)) for key in KEYS)
        lines.append(f"{clip}:{answers}" + (f":{played.get(clip, 0)}" if played is not None else ""))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _read(path: Path, key: dict[str, object]) -> Response:
    """ValueError says what is wrong, its class of fault first."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))  # an editor may have put a byte order mark before it
        survey, rater, seed, order, ratings = (content[name] for name in ("survey", "rater", "seed", "order", "ratings"))
        version = FORMATS.index(content["format"])
        played = content["played"] if version > 0 else None
        saves = content["saves"] if version > 1 else 0
        if not isinstance(rater, str) or type(saves) is not int:
            raise ValueError
        expected = digest(content)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("foreign: not a response that the survey page saved") from None
    if survey != key["survey"]:
        raise ValueError("foreign: of another survey")
    if content.get("digest") != expected:
        raise ValueError("tampered: its digest does not fit its answers")
    asked = key.get("per_rater", len(key["clips"]))
    if not set(ratings) <= set(order) <= set(key["clips"]) or not len(order) == len(set(order)) == asked:
        raise ValueError("tampered: it names other clips than the survey")
    if not all(k in KEYS and type(v) is int and 1 <= v <= STEPS for given in ratings.values() for k, v in given.items()):
        raise ValueError("tampered: an answer is none of the five steps")
    if played is not None and (type(seed) is not int or order != shown(key, seed)):
        raise ValueError("tampered: its clips are not in the order of its seed")
    ratings = {clip: given for clip, given in ratings.items() if given}
    if not ratings:
        raise ValueError("empty: it answers no question")
    unplayed = None if played is None else [clip for clip in ratings if not played.get(clip)]
    ratings = {clip: given for clip, given in ratings.items() if clip not in (unplayed or ())}
    if not ratings:
        raise ValueError("unplayed: it played none of the clips that it rates")
    complete = all(set(ratings.get(clip, ())) == set(KEYS) for clip in order)
    return Response(path, rater, seed, tuple(order), ratings, complete, None if unplayed is None else len(unplayed), saves)


def _count(response: Response) -> int:
    return sum(len(given) for given in response.ratings.values())
