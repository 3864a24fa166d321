"""How many raters answered? What the percentages of the paper's Table 6 can come from, and its tables as a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..paper_tables import LIKERT, MOS
from .analysis import Mean, mean_interval
from .questions import SCORES, STATEMENTS, STEPS

ROUNDING = 0.15  # percentage points: the tables have one digit, and some rows were nudged to add up to 100
NUDGED = 0.2  # by as much as that
RATERS = {False: 39, True: 29}  # of Table 6's rows, with the eye mask or without


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


def possible_raters(percent: Sequence[float], most: int = 60, fewest: int = 10, tolerance: float = ROUNDING) -> list[int]:
    """Every number of raters from which these percentages can come, each share off by `tolerance` percentage points at most.

    >>> from emotalk_lite.paper_tables import LIKERT
    >>> fitting = possible_raters(LIKERT["base"].realistic)
    >>> 39 in fitting, 29 in fitting
    (True, False)
    """
    return [n for n in range(fewest, most + 1) if counts(percent, n, tolerance)]


def paper_report() -> dict[str, object]:
    """The paper's Tables 5 and 6 in the shape of what `analyse` returns, for the same tables and bars.

    Where percentages can be taken back to people, means have intervals: those of Table 6. Table 5 prints means alone, and no
    number of raters.

    >>> report = paper_report()
    >>> [round(x, 2) for x in report["scores"]["base"]["realistic"]], report["scores"]["base"]["motion"].n
    ([2.46, 2.11, 2.81, 39], 0)
    """
    of = {name: RATERS["em" in name.split("+")] for name in LIKERT}
    answers = {
        name: {s: np.repeat(range(1, STEPS + 1), counts(getattr(row, s), of[name], NUDGED)) for s in STATEMENTS} for name, row in LIKERT.items()
    }
    printed = {name: {question: _alone(getattr(row, question)) for question in SCORES} for name, row in MOS.items()}
    return {
        "raters": {"raters of Table 6's rows without the eye mask": RATERS[False], "of those with it": RATERS[True]},
        "refused": {},
        "unplayed": {"left_out": 0, "not_recorded": 0},
        "base": "base",
        "scores": {name: row | {s: mean_interval(answers[name][s]) for s in STATEMENTS} for name, row in printed.items()},
        "aggregate": {name: _alone(float(np.mean([m.mean for m in row.values()]))) for name, row in printed.items()},
        "difference": {},  # nobody knows which rater said what
        "shares": {s: {name: list(getattr(row, s)) for name, row in LIKERT.items()} for s in STATEMENTS},
        "agreement": {},
    }


def _alone(mean: float) -> Mean:
    """A mean of which no more is known."""
    return Mean(mean, float("nan"), float("nan"), 0)
