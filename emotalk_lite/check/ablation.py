"""Checks of the exercises of chapter 16."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from .verdict import Verdict


def lucky_tables(share: float) -> Verdict:
    """Chapter 16: in what share of the tables of pure noise some variant comes out above the base.

    >>> lucky_tables(0.5)
    Not yet. That is the chance of one variant that you chose beforehand; here, any of the seven will do.
    """
    hints = {
        7 / 8: "",
        1 / 2: "That is the chance of one variant that you chose beforehand; here, any of the seven will do.",
        1 / 8: "That is the share in which the base itself is the best of eight. And otherwise?",
        1 / 7: "Eight rows are compared, the base is one of them: which of the eight is the best?",
        6 / 7: "Eight rows are compared, the base is one of them: which of the eight is the best?",
        1.0: "Nearly. But the base is somewhere among the eight, too, and sometimes on top.",
        1 - 0.5**7: "The seven comparisons are not independent: all are with the same base. Ask which of the eight is the best.",
    }
    for value, hint in hints.items():
        if abs(share - value) < 0.002:
            return Verdict(not hint, hint or "Only one of the eight can be on top, each is as likely, and in seven cases it is not the base.")
    if 0.865 < share < 0.885:
        return Verdict(False, "That is what was counted, near enough. What is it as a fraction, and why?")
    if not 0 <= share <= 1:
        return Verdict(False, "A share lies between 0 and 1.")
    return Verdict(False, "All eight rows are drawn alike. How likely is it that the base is the best of them?")


def simple_effects(answer: Callable[[Mapping[str, float], str, str], tuple[float, float]]) -> Verdict:
    """Chapter 16: what a factor adds where another one is off, and where it is on.

    Args:
        answer: takes the eight values by variant, a factor and another factor ("SE", "EM", "BSRGAN"), and returns both numbers.

    >>> simple_effects(lambda values, factor, other: (0.0, 0.0))
    Not yet. Take the two rows with the factor and the two without it, where the other is off: a difference of two means.
    """
    from ..effects import FACTORS, effects, signs
    from ..variants import VARIANTS

    values = dict(zip(VARIANTS, np.random.default_rng(16).normal(size=len(VARIANTS))))

    def mean(wanted: dict[str, int]) -> float:
        return float(np.mean([v for name, v in values.items() if all(signs(name)[f] == s for f, s in wanted.items())]))

    for factor in FACTORS:
        for other in (f for f in FACTORS if f != factor):
            off, on = (mean({factor: 1, other: s}) - mean({factor: -1, other: s}) for s in (-1, 1))
            given = answer(values, factor, other)
            if np.shape(given) != (2,):
                return Verdict(False, "Return two numbers: the effect where the other factor is off, and where it is on.")
            if np.allclose(given, (off, on)):
                continue
            if not np.isfinite(given).all():
                return Verdict(False, "One of your means is of no rows. 'base' contains 'se', too: ask `signs`, not the names.")
            (third,), found = set(FACTORS) - {factor, other}, effects(values)
            alone = tuple(mean({factor: 1, other: s, third: -1}) - mean({factor: -1, other: s, third: -1}) for s in (-1, 1))
            main, rows = found[factor], {(f, o): mean({factor: f, other: o}) for f in (-1, 1) for o in (-1, 1)}
            hints = {
                (on, off): "They are in the wrong order: first where the other factor is off.",
                (2 * off, 2 * on): "You add two rows and subtract two; an effect is a difference of means.",
                (-off, -on): "The sign: rows with the factor, less rows without it.",
                (off / 2, on / 2): "Half as much: the difference of two means is not divided again.",
                (rows[1, -1], rows[1, 1]): "These are the means with the factor; take off those without it.",
                (rows[-1, 1] - rows[-1, -1], rows[1, 1] - rows[1, -1]): "The two factors are exchanged: `factor` is switched, `other` is held.",
                alone: f"You use four rows, those without {third}. All eight count: each mean is of two.",
                (main, found.get(f"{factor} x {other}", found.get(f"{other} x {factor}"))): "Those are the main effect and the interaction.",
                (main, main): "That is the main effect, over all eight rows. Keep only those where the other factor is off, then on.",
            }
            for wrong, hint in hints.items():
                if np.allclose(given, wrong):
                    return Verdict(False, hint)
            return Verdict(
                False, "Take the two rows with the factor and the two without it, where the other is off: a difference of two means."
            )
    return Verdict(True, "Half of their sum is the main effect, half of their difference the interaction.")


def seeds_needed(answer: Callable[[float, float], int]) -> Verdict:
    """Chapter 16: how many seeds make an effect of SE or EM twice its standard error.

    Args:
        answer: takes the effect and the deviation between seeds, and returns the seeds of each of the four generators.

    >>> seeds_needed(lambda effect, deviation: (2 * deviation / effect) ** 2)
    Not yet. Nobody trains a part of a seed: round up.
    """
    cases = [(0.7, 1.0), (0.3, 1.0), (1.5, 2.0), (0.05, 0.31), (0.5, 1.0)]
    given = [answer(effect, deviation) for effect, deviation in cases]
    ratios = [(deviation / effect) ** 2 for effect, deviation in cases]
    if given == [math.ceil(4 * r) for r in ratios]:
        return Verdict(True, "Half an effect needs four times the seeds.")
    if given == [math.floor(4 * r) + 1 for r in ratios]:
        return Verdict(False, "Where the formula gives sixteen, sixteen are enough: round up, and add none.")
    if np.allclose(given, [4 * r for r in ratios]) or given in ([round(4 * r) for r in ratios], [int(4 * r) for r in ratios]):
        return Verdict(False, "Nobody trains a part of a seed: round up.")
    if np.allclose(np.ceil(given), [math.ceil(2 * r**0.5) for r in ratios]):
        return Verdict(False, "The standard error falls with the root of the seeds: square the ratio.")
    if np.allclose(np.ceil(given), [math.ceil(4 * deviation / effect**2) for effect, deviation in cases]):
        return Verdict(False, "The effect is squared, the deviation is not: square their ratio.")
    if np.allclose(np.ceil(given), [math.ceil(4 / r) for r in ratios]):
        return Verdict(False, "Upside down: a smaller effect needs more seeds, not fewer.")
    if np.allclose(np.ceil(given), [math.ceil(1.96**2 * r) for r in ratios]):
        return Verdict(False, "Twice its standard error is asked for, not 1.96 times.")
    hints = {
        8: "That is for one row against one other. All four generators tell about the effect: two have the factor, two have not.",
        2: "You count the enlarged rows as trainings of their own. They share one with the rows that are not enlarged.",
        1: "That makes it one standard error; two are asked for.",
        2 * 2.8**2: "That is for raters, in two groups, and four surveys of five. Here, 2 n runs stand against 2 n.",
        16: "The standard error is a deviation by the root of a number of runs: 2 n have the factor, 2 n have not.",
    }
    for factor, hint in hints.items():
        if np.allclose(np.ceil(given), [math.ceil(factor * r) for r in ratios]):
            return Verdict(False, hint)
    return Verdict(False, "With n seeds, the effect is the mean of 2 n runs less the mean of 2 n others. What is its variance?")
