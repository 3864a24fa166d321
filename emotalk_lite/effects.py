"""What each ingredient of a 2 x 2 x 2 comparison adds: main effects and interactions of the eight variants."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

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
