"""How many raters answered? What the percentages of the paper's Table 6 can come from."""

from __future__ import annotations

from collections.abc import Sequence

ROUNDING = 0.15  # percentage points: the tables have one digit, and some rows were nudged to add up to 100


def counts(percent: Sequence[float], raters: int, tolerance: float = ROUNDING) -> tuple[int, ...] | None:
    """How many of so many raters chose each step, if these percentages can come from them.

    Args:
        percent: shares of the five steps, as printed.
        raters: how many there were.
        tolerance: by how much each share may be off, in percentage points.

    Returns:
        A whole number for each step, their sum `raters`; None if no such numbers come near enough.

    >>> from emotalk_lite.paper_tables import LIKERT
    >>> counts(LIKERT["base"].realistic, 39), counts(LIKERT["base"].realistic, 29)
    ((8, 13, 11, 6, 1), None)
    >>> counts(LIKERT["em+bsrgan"].realistic, 29)
    (1, 1, 8, 16, 3)
    """
    found = tuple(round(share * raters / 100) for share in percent)
    fits = all(abs(100 * n / raters - share) <= tolerance for n, share in zip(found, percent))
    return found if fits and sum(found) == raters else None


def possible_raters(percent: Sequence[float], most: int = 60, fewest: int = 10) -> list[int]:
    """Every number of raters from which these percentages can come.

    >>> from emotalk_lite.paper_tables import LIKERT
    >>> fitting = possible_raters(LIKERT["base"].realistic)
    >>> 39 in fitting, 29 in fitting
    (True, False)
    """
    return [n for n in range(fewest, most + 1) if counts(percent, n)]
