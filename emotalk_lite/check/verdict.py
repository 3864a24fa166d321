"""What a check says."""

import functools
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


def answers_stubs(check: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """The same check, which also answers what the student edition leaves open: dots, and functions without a body yet.

    >>> answers_stubs(lambda answer: Verdict(answer > 3, "More than three."))(...)
    Not yet. Put your answer in the place of the dots.
    """

    @functools.wraps(check)
    def checked(*args, **kwargs) -> Verdict:
        if any(value is ... or isinstance(value, str) and value == "..." for value in (*args, *kwargs.values())):
            return Verdict(False, "Put your answer in the place of the dots.")
        try:
            return check(*args, **kwargs)
        except NotImplementedError:
            return Verdict(False, "A part of it is not written yet: write it, run its cell, and ask again.")

    return checked
