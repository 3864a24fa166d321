"""What each ingredient of a 2 x 2 x 2 comparison adds: main effects and interactions of the eight variants."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

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


def effects(values: Mapping[str, float]) -> dict[str, float]:
    """Main effects and interactions of a full 2 x 2 x 2 design.

    An effect is the mean of the four rows whose signs multiply to 1, less the mean of the four where they multiply to -1.
    A main effect is therefore what switching one ingredient on adds on average over the others; an interaction is half of how
    much more one adds where the other is on than where it is off.

    Args:
        values: one number for each name of `VARIANTS`.

    Returns:
        Seven effects: "SE", "EM", "BSRGAN", "SE x EM", "SE x BSRGAN", "EM x BSRGAN", "SE x EM x BSRGAN".

    Raises:
        EmotalkError: a row is missing; then the effects cannot be told apart.

    Source: Yates, "The design and analysis of factorial experiments", 1937.

    >>> only_se = {name: float("se" in name.split("+")) for name in VARIANTS}
    >>> [name for name, size in effects(only_se).items() if size], effects(only_se)["SE"]
    (['SE'], 1.0)
    """
    missing = [name for name in VARIANTS if name not in values]
    if missing:
        raise EmotalkError(f"no number for {', '.join(missing)}; a 2 x 2 x 2 design needs all eight rows")
    found = {}
    for size in (1, 2, 3):
        for chosen in itertools.combinations(FACTORS, size):
            contrast = 0.0
            for name in VARIANTS:
                product = 1
                for factor in chosen:
                    product *= signs(name)[factor]
                contrast += product * values[name]
            found[" x ".join(chosen)] = contrast / (len(VARIANTS) / 2)
    return found
