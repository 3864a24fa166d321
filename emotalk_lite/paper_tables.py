"""The numbers that the paper prints: its Tables 2 to 6, and those of its text, as plain data.

Rows are keyed by the names in `emotalk_lite.variants.VARIANTS`; values stand as printed.

Source: "Improved Speech Synchronized Talking Face Generation From an Image and an Emotion Condition": Tables 2 to 4
in Objective Evaluation, 5 and 6 in Subjective Evaluation, `CLAIMS` in its Conclusion.

>>> MOS["se+em+bsrgan"].aggregate, CLAIMS["mos_change"]
(3.51, 28.5)
"""

from __future__ import annotations

from typing import NamedTuple


class Score(NamedTuple):
    """A row of Table 5: mean opinion scores of 1 to 5, their mean, and its change from the base model in per cent."""

    motion: float
    noise: float
    overall: float
    aggregate: float
    change: float | None


class Shares(NamedTuple):
    """A row of Table 6: per cent of the answers, from strongly disagree to strongly agree."""

    realistic: tuple[float, float, float, float, float]
    pleasing: tuple[float, float, float, float, float]


# Table 2: Fréchet Inception distance, and its change from the base model in per cent
FID = {"base": 0.001080, "se": 0.000874, "em": 0.000753, "se+em+bsrgan": 0.000142}
FID_CHANGE = {"se": -19.07, "em": -30.28, "se+em+bsrgan": -86.85}

# Table 3: width and height of a frame in pixels
RESOLUTION = {"base": 128, "se": 128, "em": 128, "se+em+bsrgan": 512}

# Table 4: bitrate; the paper gives no unit
BITRATE = {"base": 107.50, "se": 115.00, "em": 113.33, "se+em+bsrgan": 3337.83}

# Table 5: mean opinion scores
MOS = {
    "base": Score(2.54, 3.13, 2.56, 2.74, None),
    "base+bsrgan": Score(3.44, 3.05, 2.95, 3.15, 14.70),
    "se": Score(3.18, 3.69, 3.54, 3.47, 26.49),
    "se+bsrgan": Score(3.64, 4.03, 3.82, 3.83, 39.61),
    "em": Score(2.83, 3.48, 2.7, 3.00, 9.48),
    "em+bsrgan": Score(3.13, 3.78, 3.04, 3.32, 20.90),
    "se+em": Score(3.18, 3.67, 2.96, 3.27, 19.20),
    "se+em+bsrgan": Score(3.4, 3.88, 3.25, 3.51, 27.95),
}

# Table 6: "The video was realistic", "It was visually pleasing"
LIKERT = {
    "base": Shares((20.5, 33.3, 28.2, 15.4, 2.6), (20.4, 38.5, 28.2, 10.3, 2.6)),
    "base+bsrgan": Shares((7.8, 17.9, 41.0, 28.2, 5.1), (5.1, 28.2, 46.2, 15.4, 5.1)),
    "se": Shares((5.0, 10.3, 30.8, 43.6, 10.3), (2.4, 10.3, 38.5, 38.5, 10.3)),
    "se+bsrgan": Shares((5.1, 5.1, 35.9, 23.1, 30.8), (2.6, 7.7, 33.3, 33.3, 23.1)),
    "em": Shares((3.5, 13.8, 31.0, 41.4, 10.3), (3.6, 17.2, 37.9, 24.1, 17.2)),
    "em+bsrgan": Shares((3.5, 3.4, 27.6, 55.2, 10.3), (3.46, 6.9, 34.54, 37.9, 17.2)),
    "se+em": Shares((0.1, 10.3, 27.6, 44.8, 17.2), (3.4, 6.9, 34.5, 34.5, 20.7)),
    "se+em+bsrgan": Shares((0.1, 10.3, 10.3, 48.3, 31.0), (3.5, 6.9, 27.6, 37.9, 24.1)),
}

# What the Conclusion says of the base model and the full one, in per cent where no unit is in the name
CLAIMS = {
    "mos_base": 2.74,
    "mos_full": 3.51,
    "mos_change": 28.5,
    "realistic_base": 18.0,
    "realistic_full": 79.3,
    "pleasing_base": 12.9,
    "pleasing_full": 62.0,
    "fid_base": 0.001080,
    "fid_full": 0.000142,
    "fid_reduction": 86.9,
}
