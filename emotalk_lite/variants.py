"""The eight models that the paper compares in Table 5: settings, nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

from .errors import EmotalkError
from .presets import Preset, resolve_preset


class Variant(NamedTuple):
    """What the paper's Table 5 switches on and off."""

    squeeze_excitation: bool
    eye_mask: bool
    upscale: Literal["none", "bsrgan"]


# The rows of Table 5, in its order
VARIANTS = {
    "base": Variant(False, False, "none"),
    "base+bsrgan": Variant(False, False, "bsrgan"),
    "se": Variant(True, False, "none"),
    "se+bsrgan": Variant(True, False, "bsrgan"),
    "em": Variant(False, True, "none"),
    "em+bsrgan": Variant(False, True, "bsrgan"),
    "se+em": Variant(True, True, "none"),
    "se+em+bsrgan": Variant(True, True, "bsrgan"),
}


def variant(preset: str | Preset, name: str) -> Preset:
    """A row of the paper's Table 5 at the scale of a preset.

    With and without BSRGAN are the same training, so they have the same name and can share a run.

    Args:
        preset: sizes and budget.
        name: of `VARIANTS`: "se" squeeze and excitation in the image encoder, "em" eye mask loss.

    Raises:
        EmotalkError: no such preset or variant; or the preset leaves out what the row is about.

    Source: paper, Table 5.

    >>> base = variant("cpu", "base+bsrgan")
    >>> base.name, base.model.squeeze_excitation, base.train.eye_weight, base.upscale
    ('cpu-base', 'none', 0.0, 'bsrgan')
    """
    preset = resolve_preset(preset)
    if name not in VARIANTS:
        raise EmotalkError(f"no variant '{name}'; choose one of {', '.join(VARIANTS)}")
    chosen = VARIANTS[name]
    for wanted, option, has in (
        (chosen.squeeze_excitation, "squeeze_excitation=none", preset.model.squeeze_excitation != "none"),
        (chosen.eye_mask, "eye_weight=0", preset.train.eye_weight > 0),
    ):
        if wanted and not has:
            raise EmotalkError(f"the row '{name}' cannot have {option}; leave one of them out")
    return Preset(
        f"{preset.name}-{name.removesuffix('+bsrgan')}",
        preset.model if chosen.squeeze_excitation else replace(preset.model, squeeze_excitation="none"),
        preset.train if chosen.eye_mask else replace(preset.train, eye_weight=0.0),
        chosen.upscale,
    )
