"""CREMA-D: what its file names say, and what is known about its files.

CREMA-D (Cao et al., 2014; https://github.com/CheyneyComputerScience/CREMA-D) is 7,442 clips of 91 actors who
speak twelve sentences in six emotions, filmed before a green screen: VP6 video, 480 x 360, 29.97 frames a second,
with MP3 sound, 44.1 kHz. It is published under the Open Database License (ODbL): attribute it where you show it.
"""

import re
from pathlib import PurePath
from typing import NamedTuple

from ..emotions import CODES
from ..errors import EmotalkError

N_ACTORS = 91  # numbered 1001 to 1091
N_CLIPS = 7442

SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}

INTENSITIES = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified"}

# Clips whose video or sound is broken in the published dataset
KNOWN_BAD = frozenset({"1076_MTI_NEU_XX", "1076_MTI_SAD_XX", "1064_TIE_SAD_XX", "1064_IEO_DIS_MD"})


class ClipName(NamedTuple):
    """What a CREMA-D file name says: actor number, sentence code, emotion and intensity in words."""

    actor: int
    sentence: str
    emotion: str
    intensity: str

    @property
    def text(self) -> str:
        """The words of the sentence.

        >>> parse_name("1001_DFA_ANG_XX.flv").text
        "Don't forget a jacket"
        """
        return SENTENCES[self.sentence]


def parse_name(name: str) -> ClipName:
    """Read a CREMA-D file name such as ``1001_DFA_ANG_XX.flv``; folder and suffix do not matter.

    Raises:
        EmotalkError: the name is not one of CREMA-D's.

    >>> parse_name("raw/1001_DFA_ANG_XX.flv")
    ClipName(actor=1001, sentence='DFA', emotion='anger', intensity='unspecified')
    """
    stem = PurePath(name).stem
    match = re.fullmatch(r"(10\d\d)_([A-Z]{3})_([A-Z]{3})_([A-Z]{2})", stem)
    if match:
        actor, sentence, emotion, intensity = match.groups()
        known = 1001 <= int(actor) < 1001 + N_ACTORS and sentence in SENTENCES
        if known and emotion in CODES and intensity in INTENSITIES:
            return ClipName(int(actor), sentence, CODES[emotion], INTENSITIES[intensity])
    raise EmotalkError(f"{stem}: not a CREMA-D clip's name; expected one like 1001_DFA_ANG_XX")
