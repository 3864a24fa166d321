"""The six emotions of CREMA-D, and how a person may write one down.

An emotion condition is a vector of six weights in [0, 1], one for each of :data:`EMOTIONS`. A one-hot vector
is the paper's condition; a smaller weight is a lower intensity, several weights are a blend, and all zeros
leave the generator unconditioned.
"""

import difflib
import re
from collections.abc import Mapping, Sequence

from .errors import EmotalkError

EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness")
"""The order of the condition vector's six entries."""

CODES = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
"""CREMA-D's file-name codes."""

ADJECTIVES = {
    "angry": "anger",
    "disgusted": "disgust",
    "afraid": "fear",
    "fearful": "fear",
    "scared": "fear",
    "happy": "happiness",
    "calm": "neutral",
    "sad": "sadness",
}
"""The words people type instead of the noun."""

ALIKE = 0.75  # of difflib: a letter or two less, more or wrong; "mad" is not "sad"


def emotion_name(text: str) -> str:
    """The emotion that a name, a CREMA-D code or an adjective stands for; upper and lower case are alike.

    Raises:
        EmotalkError: the word is none of them.

    >>> emotion_name("HAP"), emotion_name("angry"), emotion_name("Fear")
    ('happiness', 'anger', 'fear')
    """
    word = str(text).strip()  # a mapping's key may be anything
    known = {**{name: name for name in EMOTIONS}, **ADJECTIVES, **{code.lower(): name for code, name in CODES.items()}}
    try:
        return known[word.lower()]
    except KeyError:
        close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=ALIKE)
        advice = f"did you mean {known[close[0]]}?" if close else f"choose from {', '.join(EMOTIONS)}"
        raise EmotalkError(f"unknown emotion '{word}'; {advice}") from None


def parse_emotion(emotion: str | Mapping[str, float]) -> tuple[float, ...]:
    """Turn what a person writes into the condition vector: six weights in the order of :data:`EMOTIONS`.

    Args:
        emotion: a name (``"happiness"``), a code (``"HAP"``), an adjective (``"happy"``), one with an
            intensity in [0, 1] (``"happiness:0.6"``), a blend (``"happiness:0.7,sadness:0.3"``), or a mapping
            from such names to weights.

    Returns:
        Six floats in [0, 1] whose sum is at most 1. Weights are kept as written, not normalised: a sum below 1
        is a weaker emotion.

    Raises:
        EmotalkError: an unknown or repeated emotion, a weight that is not a number in [0, 1], or a sum above 1.

    >>> parse_emotion("happy")
    (0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    >>> parse_emotion("happiness:0.7,sadness:0.3")
    (0.0, 0.0, 0.0, 0.7, 0.0, 0.3)
    >>> parse_emotion({"ANG": 0.5})
    (0.5, 0.0, 0.0, 0.0, 0.0, 0.0)
    """
    if isinstance(emotion, Mapping):
        parts = list(emotion.items())
    elif isinstance(emotion, str):
        if comma := re.search(r":\s*(\d*),(\d+)\s*(,|$)", emotion):
            raise EmotalkError(f"'{emotion}' has a comma inside a number; write {comma[1] or 0}.{comma[2]} with a point")
        parts = [_split(part) for part in emotion.split(",")]
    else:
        raise EmotalkError(f"an emotion is a name or a mapping, not {type(emotion).__name__}; try 'happiness:0.6'")

    weights: dict[str, float] = {}
    for word, weight in parts:
        name = emotion_name(word)
        if name in weights:
            raise EmotalkError(f"{name} stands twice in '{emotion}'; name each emotion once")
        weights[name] = _weight(name, weight)
    if sum(weights.values()) > 1 + 1e-6:
        total = sum(weights.values())
        advice = "they must not exceed 1"
        if isinstance(emotion, str) and any(":" not in part for part in emotion.split(",")):
            share = int(100 / len(weights)) / 100  # rounded down: 0.17 of six would be too much again
            advice = f"give each a share, such as {','.join(f'{name}:{share}' for name in weights)}"
        raise EmotalkError(f"the weights of '{emotion}' add up to {total:g}; {advice}")
    return tuple(weights.get(name, 0.0) for name in EMOTIONS)


def describe_emotion(weights: Sequence[float]) -> str:
    """A condition in words.

    >>> describe_emotion(parse_emotion("happy")), describe_emotion(parse_emotion("fear:0.3,anger:0.7"))
    ('happiness', 'anger 0.7 and fear 0.3')
    >>> describe_emotion([0] * 6)
    'no emotion'
    """
    parts = [name if w == 1 else f"{name} {w:.2g}" for name, w in zip(EMOTIONS, weights) if w]
    return " and ".join(parts) or "no emotion"


def _split(part: str) -> tuple[str, str]:
    word, colon, weight = part.partition(":")
    return word, weight if colon else "1"


def _weight(name: str, weight: str | float) -> float:
    try:
        value = float(weight)
    except (TypeError, ValueError):
        value = float("nan")
    if not 0 <= value <= 1:  # also false for nan
        raise EmotalkError(f"the weight of {name} is '{weight}'; it must be a number from 0 to 1")
    return value
