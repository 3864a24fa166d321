"""Speech with the time of every phoneme: who speaks, how an emotion changes it, and what espeak-ng makes of it.

espeak-ng (GPL-3) runs in a process of its own, see `espeak`; it comes with the extra ``emotalk-lite[synth]``.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import EmotalkError
from .identity import Identity

ACCENTS = ("en-us", "en-us", "en-us", "en", "en-gb-x-rp", "en-gb-scotland")  # espeak's; North America weighs half
MASCULINE, FEMININE = tuple(f"m{k}" for k in range(1, 8)), tuple(f"f{k}" for k in range(1, 6))  # espeak's variants

# Words a minute, pitch, range of pitch and loudness, each times the actor's own; directions as in Banse & Scherer (1996)
PROSODY = {
    "anger": (1.08, 1.12, 1.35, 1.15),
    "disgust": (0.88, 0.92, 0.9, 0.95),
    "fear": (1.15, 1.28, 1.15, 0.95),
    "happiness": (1.05, 1.2, 1.5, 1.08),
    "neutral": (1.0, 1.0, 1.0, 1.0),
    "sadness": (0.82, 0.9, 0.6, 0.8),
}


class Phoneme(NamedTuple):
    """A sound of speech: espeak's mnemonic, such as "aI", and the second at which it starts."""

    name: str
    start: float


class Utterance(NamedTuple):
    """``samples`` float32 (N,) in [-1, 1] at ``rate`` Hz; ``phonemes`` in order, the last one silence."""

    samples: np.ndarray
    rate: int
    phonemes: list[Phoneme]


class Voice(NamedTuple):
    """Who speaks, and how: espeak's voice, words a minute, pitch and its range in [0, 99], loudness in percent."""

    voice: str
    rate: int
    pitch: int
    range: int
    volume: int = 90


def require_espeak() -> None:
    """Raise EmotalkError where espeakng-loader is not installed."""
    try:
        there = importlib.util.find_spec("espeakng_loader") is not None
    except ValueError:  # marked as missing in sys.modules
        there = False
    if not there:
        raise EmotalkError("espeak-ng, which speaks the sentences, is missing; run: pip install 'emotalk-lite[synth]'")


def actor_voice(person: Identity) -> Voice:
    """The actor's own voice: accent and variant, pitch by sex and age.

    >>> from .identity import identity
    >>> actor_voice(identity(0, 2001)) == actor_voice(identity(0, 2001))
    True
    """
    rng = person.rng(50)
    variant = rng.choice(FEMININE if person.female > 0.5 else MASCULINE)
    pitch = rng.normal(48, 12) - 0.12 * (person.age - 40)
    name = f"{rng.choice(ACCENTS)}+{variant}"
    return Voice(name, int(rng.normal(158, 14)), int(np.clip(pitch, 18, 80)), int(np.clip(rng.normal(50, 14), 20, 85)))


def with_emotion(voice: Voice, emotion: str, strength: float) -> Voice:
    """The voice in an emotion; `strength` 0 is neutral, 1 the emotion's `PROSODY` in full.

    >>> with_emotion(Voice("en-us+m3", 160, 50, 50), "sadness", 1.0).rate
    131
    """
    factors = [1 + strength * (f - 1) for f in PROSODY[emotion]]
    values = [value * factor for value, factor in zip(voice[1:], factors)]
    limits = ((90, 260), (5, 95), (5, 95), (40, 120))
    return Voice(voice.voice, *(int(np.clip(value, *limit)) for value, limit in zip(values, limits)))


def speak(requests: list[tuple[str, Voice]]) -> list[Utterance]:
    """Say sentences, one after the other, each in its voice. The same list gives the same samples.

    Raises:
        EmotalkError: espeakng-loader is not installed or does not work here.

    >>> said = speak([("Don't forget a jacket", Voice("en-us+m3", 170, 45, 50))])    # doctest: +SKIP
    >>> [phoneme.name for phoneme in said[0].phonemes][:3]                          # doctest: +SKIP
    ['d', 'oU', 'n']
    """
    require_espeak()
    lines = "".join(json.dumps({"text": text, **voice._asdict()}) + "\n" for text, voice in requests)
    script = Path(__file__).with_name("espeak.py")
    done = subprocess.run([sys.executable, str(script)], input=lines, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise EmotalkError(f"espeak-ng failed ({reason}); run: pip install --force-reinstall espeakng-loader")
    out = []
    for line in done.stdout.splitlines():
        said = json.loads(line)
        samples = np.frombuffer(base64.b64decode(said["samples"]), np.int16).astype(np.float32) / 32768
        out.append(Utterance(samples, said["rate"], [Phoneme(*pair) for pair in said["phonemes"]]))
    return out
