"""What a check says."""

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
