"""What a check says."""

import functools
import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """What a check found; true if the answer is right.

    >>> Verdict(False, "Count again.")
    Not yet. Count again.
    >>> bool(Verdict(True, "All frames are covered."))
    True
    """

    right: bool
    hint: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return f"{'Right.' if self.right else 'Not yet.'} {self.hint}"


class Stopped(Exception):
    """The reader's function did not return: it raised, or cannot be called as the exercise says. The text is the hint."""


def answers_stubs(check: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """The same check, which also answers what no exercise means: dots, functions without a body yet or that raise, other kinds of things.

    >>> checked = answers_stubs(lambda answer: Verdict(answer > 3, "More than three."))
    >>> checked(...)
    Not yet. Put your answer in the place of the dots.
    >>> checked("four")
    Not yet. The check cannot use what it was given (str): see what the exercise asks for.
    """

    @functools.wraps(check)
    def checked(*args, **kwargs) -> Verdict:
        given = [*args, *kwargs.values()]
        if any(value is ... or isinstance(value, str) and value == "..." for value in given):
            return Verdict(False, "Put your answer in the place of the dots.")
        try:
            inspect.signature(check).bind(*args, **kwargs)
        except TypeError as error:
            return Verdict(False, f"Call the check as the exercise does: {_said(error)}.")
        numbers = [p.annotation in (int, float) for p in inspect.signature(check).parameters.values()]
        if any(isinstance(value, str) for value in given) and all(numbers):
            return Verdict(False, "Give a number, without quotes.")
        try:
            return check(*map(_watched, args), **{name: _watched(value) for name, value in kwargs.items()})
        except NotImplementedError:
            return Verdict(False, "A part of it is not written yet: write it, run its cell, and ask again.")
        except Stopped as stopped:
            return Verdict(False, str(stopped))
        except (TypeError, ValueError, AttributeError, IndexError, KeyError, OverflowError, RuntimeError) as error:
            if inspect.isfunction(given[0]):
                return Verdict(False, f"The check cannot use what your function returns: {_said(error)}.")
            kinds = ", ".join(dict.fromkeys(type(value).__name__ for value in given))
            return Verdict(False, f"The check cannot use what it was given ({kinds}): see what the exercise asks for.")

    return checked


def _watched(answer: object) -> object:
    """A function of the reader's that says where it stopped, and whether it forgot to return; anything else as it is."""
    if not inspect.isfunction(answer):
        return answer

    @functools.wraps(answer)
    def watched(*args, **kwargs) -> object:
        try:
            inspect.signature(answer).bind(*args, **kwargs)
        except TypeError as error:
            raise Stopped(f"The check gives your function {len(args) + len(kwargs)} arguments: {_said(error)}.") from None
        try:
            found = answer(*args, **kwargs)
        except Stopped:
            raise
        except Exception as error:
            if isinstance(error, NotImplementedError) and not str(error):  # a stub's; torch's own come with a text
                raise
            raise Stopped(f"Your function stops{_place(answer, error)}: {type(error).__name__}, {_said(error)}.") from error
        if found is None:
            raise Stopped("Your function returns nothing: it has to end with a return.")
        return found

    return watched


def _said(error: Exception) -> str:
    """The first line of what an error says, without its full stop."""
    return str(error).partition("\n")[0].rstrip(".:")


def _place(function: Callable, error: Exception) -> str:
    """The last line of the reader's own code that was running, quoted."""
    own = [frame.line for frame in traceback.extract_tb(error.__traceback__) if frame.filename == function.__code__.co_filename]
    return f" in the line `{own[-1][:88]}`" if own and own[-1] else ""
