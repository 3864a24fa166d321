"""CREMA-D: what its file names say, what is known about its files, and how its actors are divided.

CREMA-D (Cao et al., 2014; https://github.com/CheyneyComputerScience/CREMA-D) is 7,442 clips of 91 actors who
speak twelve sentences in six emotions, filmed before a green screen: VP6 video, 480 x 360, 29.97 frames a second,
with MP3 sound, 44.1 kHz. It is published under the Open Database License (ODbL): attribute it where you show it.
"""

import re
from functools import cache
from pathlib import PurePath
from typing import NamedTuple

from ..emotions import CODES
from ..errors import EmotalkError

N_ACTORS = 91  # numbered 1001 to 1091
FIRST_SYNTHETIC, N_SYNTHETIC = 2001, 999  # actors of the synthetic corpus: 2001 to 2999, so that no one takes them for real

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

# Clips that are broken in the published dataset, and how (the dataset's README)
KNOWN_BAD = {
    "1076_MTI_NEU_XX": "very short, no sound",
    "1076_MTI_SAD_XX": "very short, no sound, error picture",
    "1064_TIE_SAD_XX": "the file has no duration",
    "1064_IEO_DIS_MD": "a minute long, with every emotion in it",
}

# Of the 7,462 clips that the naming scheme allows, these 20 were never published (the repository's listing)
UNPUBLISHED = frozenset(
    {"1002_TIE_NEU_XX", "1076_ITS_NEU_XX"}
    | {f"{start}_{emotion}_XX" for start in ("1008_WSI", "1009_MTI", "1019_ITH") for emotion in CODES}
)

SPLITS = "train", "val", "test"
SUBSETS = ("paper100",)
PAPER_VIDEOS = 100  # paper, Implementation Details: "a total of 100 videos for training"


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

    Actors 1001 to 1091 are CREMA-D's, actors 2001 to 2999 the synthetic corpus's, which is named in the same way.

    Raises:
        EmotalkError: the name is not one of CREMA-D's.

    >>> parse_name("raw/1001_DFA_ANG_XX.flv")
    ClipName(actor=1001, sentence='DFA', emotion='anger', intensity='unspecified')
    """
    stem = PurePath(name).stem
    match = re.fullmatch(r"([12]\d{3})_([A-Z]{3})_([A-Z]{3})_([A-Z]{2})", stem)
    if match:
        actor, sentence, emotion, intensity = match.groups()
        real = 1001 <= int(actor) < 1001 + N_ACTORS
        synthetic = FIRST_SYNTHETIC <= int(actor) < FIRST_SYNTHETIC + N_SYNTHETIC
        known = (real or synthetic) and sentence in SENTENCES
        if known and emotion in CODES and intensity in INTENSITIES:
            return ClipName(int(actor), sentence, CODES[emotion], INTENSITIES[intensity])
    raise EmotalkError(f"{stem}: not a CREMA-D clip's name; expected one like 1001_DFA_ANG_XX")


@cache
def official_names() -> tuple[str, ...]:
    """The names of all 7,442 published clips, without folder and suffix, sorted.

    Everyone says eleven sentences in six emotions; "It's eleven o'clock" (IEO) comes in three intensities, but for
    the neutral one. That the names follow from this, less :data:`UNPUBLISHED`, was checked against the repository's listing.

    >>> len(official_names()), official_names()[0]
    (7442, '1001_DFA_ANG_XX')
    """
    names = {
        f"{actor}_{sentence}_{emotion}_{intensity}"
        for actor in range(1001, 1001 + N_ACTORS)
        for sentence in SENTENCES
        for emotion in CODES
        for intensity in (("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",))
    }
    return tuple(sorted(names - UNPUBLISHED))


def parse_actors(text: str) -> list[int]:
    """CREMA-D's actors from a list of numbers and spans.

    Raises:
        EmotalkError: one of them is no actor's number.

    >>> parse_actors("1001, 1089-1091")
    [1001, 1089, 1090, 1091]
    >>> parse_actors("1001,1092")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: '1092' is no actor of CREMA-D; they are numbered 1001 to 1091: give 1001,1005-1010
    """
    actors = []
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        span = range(int(first), int(last or first) + 1) if first.isdigit() and (last or first).isdigit() else range(0)
        if not span or span[0] < 1001 or span[-1] > 1000 + N_ACTORS:
            raise EmotalkError(f"'{part}' is no actor of CREMA-D; they are numbered 1001 to {1000 + N_ACTORS}: give 1001,1005-1010")
        actors += span
    return actors


def split_of(actor: int) -> str:
    """The split of everything an actor does: ``"val"`` for the numbers that end in 0, ``"test"`` for those in 5, else ``"train"``.

    Of 91 actors 73 train, 9 validate and 9 test; validation has five men and four women, test six and three. It
    depends on the number alone, so no copy of the dataset, however incomplete, divides its actors otherwise.

    >>> [split_of(actor) for actor in (1001, 1005, 1010)]
    ['train', 'test', 'val']
    """
    return {0: "val", 5: "test"}.get(actor % 10, "train")


@cache
def subset(name: str) -> tuple[str, ...]:
    """The clips of a named, fixed selection.

    ``"paper100"``: the paper trained on 100 videos and does not say which. Ours are 17 training actors at even
    distances, each in all six emotions (the last in four, the neutral one among them, which the condition image comes
    from), so that every emotion has 16 or 17 clips; over the actors an emotion goes through the twelve sentences, and no
    actor says one twice. "It's eleven o'clock" is at medium intensity.

    Raises:
        EmotalkError: no such selection.

    >>> len(subset("paper100")), subset("paper100")[:2]
    (100, ('1001_DFA_NEU_XX', '1001_IEO_ANG_MD'))
    """
    if name not in SUBSETS:
        raise EmotalkError(f"{name}: no such subset; choose from {', '.join(SUBSETS)}")
    actors = [actor for actor in range(1001, 1001 + N_ACTORS) if split_of(actor) == "train"]
    count = -(-PAPER_VIDEOS // len(CODES))
    sentences, codes = list(SENTENCES), list(CODES)
    in_turn = sorted(codes, key=lambda code: code != "NEU")  # neutral first: each actor needs it
    chosen = []
    for place in range(PAPER_VIDEOS):
        i, j = divmod(place, len(codes))
        actor, emotion = actors[i * len(actors) // count], in_turn[j]
        sentence = sentences[(i + 2 * codes.index(emotion)) % len(sentences)]
        intensity = "MD" if sentence == "IEO" and emotion != "NEU" else "XX"
        chosen.append(f"{actor}_{sentence}_{emotion}_{intensity}")
    return tuple(sorted(chosen))
