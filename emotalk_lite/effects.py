"""What each ingredient of a 2 x 2 x 2 comparison adds: main effects and interactions of the eight variants."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from .errors import EmotalkError
from .variants import VARIANTS

FACTORS = ("SE", "EM", "BSRGAN")  # what a variant switches on, in the order of `Variant`'s fields


def signs(name: str) -> dict[str, int]:
    """1 for each factor that a variant has, -1 for each that it lacks.

    >>> signs("em+bsrgan")
    {'SE': -1, 'EM': 1, 'BSRGAN': 1}
    """
    chosen = VARIANTS[name]
    on = (chosen.squeeze_excitation, chosen.eye_mask, chosen.upscale != "none")
    return {factor: 1 if there else -1 for factor, there in zip(FACTORS, on)}


def effect(values: Mapping[str, float], factors: Sequence[str]) -> float:
    """The mean of the four rows whose signs of these factors multiply to 1, less that of the four where they give -1.

    Of one factor it is the main effect: what switching it on adds on average over the others. Of several it is their
    interaction: of two, half of how much more one of them adds where the other is on than where it is off.

    Args:
        values: one number for each name of `VARIANTS`.
        factors: one, two or three of `FACTORS`.

    Raises:
        EmotalkError: a row is missing; then the effects cannot be told apart.

    Source: Yates, "The design and analysis of factorial experiments", 1937.

    >>> only_se = {name: float("se" in name.split("+")) for name in VARIANTS}
    >>> effect(only_se, ["SE"]), effect(only_se, ["SE", "EM"])
    (1.0, 0.0)
    """
    missing = [name for name in VARIANTS if name not in values]
    if missing:
        raise EmotalkError(f"no number for {', '.join(missing)}; a 2 x 2 x 2 design needs all eight rows")
    contrast = sum(math.prod(signs(name)[factor] for factor in factors) * values[name] for name in VARIANTS)
    return contrast / (len(VARIANTS) / 2)


def effects(values: Mapping[str, float]) -> dict[str, float]:
    """All seven effects of a full 2 x 2 x 2 design, see `effect`: "SE", "EM", "BSRGAN", "SE x EM", ..., "SE x EM x BSRGAN".

    >>> list(effects(dict.fromkeys(VARIANTS, 1.0)))[2:5]
    ['BSRGAN', 'SE x EM', 'SE x BSRGAN']
    """
    chosen = [factors for size in (1, 2, 3) for factors in itertools.combinations(FACTORS, size)]
    return {" x ".join(factors): effect(values, factors) for factors in chosen}


def effect_error(columns: Mapping[str, Sequence[float]], factors: Sequence[str]) -> float:
    """The standard error of an effect of means over seeds.

    A row and its enlarged row are the same training. So an effect without BSRGAN scatters as the mean of such a pair does from
    seed to seed, one with BSRGAN as half of the difference: s / sqrt(n), with s pooled over the four generators.

    Args:
        columns: for each name of `VARIANTS` the numbers of n seeds, in the same order.
        factors: one, two or three of `FACTORS`.

    Raises:
        EmotalkError: one seed, which says nothing of another.

    >>> lucky_and_not = {name: (1.0, 3.0) if "bsrgan" in name else (0.0, 2.0) for name in VARIANTS}
    >>> round(effect_error(lucky_and_not, ["SE"]), 6), effect_error(lucky_and_not, ["BSRGAN"])  # enlarging adds 1 to each
    (1.0, 0.0)
    """
    n, sign = len(columns["base"]), -1 if "BSRGAN" in factors else 1
    if n < 2:
        raise EmotalkError("one seed does not tell how seeds scatter; give two or more")
    drawn = np.array([columns[name] for name in VARIANTS if not name.endswith("+bsrgan")], float)  # (4, n)
    enlarged = np.array([columns[name] for name in VARIANTS if name.endswith("+bsrgan")], float)
    variances = np.var((enlarged + sign * drawn) / 2, axis=1, ddof=1)
    return math.sqrt(variances.mean() / n)
