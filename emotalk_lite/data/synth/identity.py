"""Who a synthetic actor is: every trait of a face, drawn from (seed, actor) alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# sRGB of skin in even light, from the lightest to the darkest: spans the Monk scale of skin tones (Monk, 2019)
SKIN = np.array(
    [
        [247, 220, 204],
        [238, 204, 181],
        [226, 184, 154],
        [207, 160, 126],
        [181, 132, 98],
        [150, 104, 76],
        [122, 84, 63],
        [98, 68, 53],
        [80, 57, 47],
    ]
)
HAIR = {
    "black": (28, 24, 23),
    "dark brown": (52, 37, 28),
    "brown": (88, 60, 40),
    "chestnut": (104, 60, 38),
    "auburn": (130, 62, 34),
    "red": (158, 84, 42),
    "dark blond": (150, 114, 72),
    "blond": (196, 160, 104),
    "platinum": (222, 202, 166),
}
IRIS = {
    "dark brown": (58, 36, 22),
    "brown": (94, 58, 32),
    "hazel": (122, 92, 48),
    "green": (96, 116, 76),
    "grey": (122, 134, 140),
    "blue": (92, 128, 164),
}
STYLES = ("bald", "receding", "buzz", "short", "side", "curly", "afro", "bob", "long", "wavy", "tied", "fringe")


@dataclass(frozen=True)
class Identity:
    """One synthetic actor. Lengths are pixels of the aligned picture, colours sRGB in [0, 255], the rest in [0, 1] or as said."""

    actor: int
    female: float  # 0 masculine to 1 feminine: shifts shapes, styles and voice, decides none
    age: float  # years, 20 to 75
    tone: float  # 0 lightest to 1 darkest skin
    skin: np.ndarray
    hair: np.ndarray
    grey: float
    iris: np.ndarray
    style: str
    beard: str  # "none", "stubble", "moustache", "goatee", "full"
    glasses: str  # "none", "thin", "thick", "round"
    makeup: float
    freckles: float
    outline: np.ndarray  # (10, 2) half of the head's contour, crown to chin, relative to its centre
    eye_y: float
    eye_apart: float  # half the distance of the eyes
    eye_wide: float  # half the width of an eye
    eye_open: float  # how far the upper lid stands above the corners' line
    eye_tilt: float  # pixels by which the outer corner is higher
    hooded: float  # how low the fold of the upper lid hangs
    brow_y: float
    brow_thick: float
    brow_arch: float
    nose_y: float  # of the tip
    nose_wide: float  # half the width across the wings
    nose_high: float  # height above the face
    mouth_y: float
    mouth_wide: float  # half the width
    mouth_lift: float  # by which the corners stand higher than the middle at rest
    lip_upper: float  # thickness
    lip_lower: float
    cheek: float
    gaunt: float
    chin_y: float
    seed: tuple[int, int]

    def rng(self, what: int) -> np.random.Generator:
        """Random numbers for one part of the picture; parts do not disturb each other."""
        return np.random.default_rng((*self.seed, what))


def identity(seed: int, actor: int) -> Identity:
    """The actor's traits.

    Args:
        seed: of the corpus, >= 0.
        actor: number, such as 2001.

    >>> a, b = identity(0, 2001), identity(0, 2001)
    >>> a.style == b.style and bool((a.skin == b.skin).all())
    True
    """
    rng = np.random.default_rng((seed, actor, 0))
    female = float(rng.random() < 0.5) * 0.7 + 0.3 * rng.random()
    age = float(rng.choice([rng.uniform(20, 35), rng.uniform(30, 55), rng.uniform(50, 75)], p=[0.4, 0.37, 0.23]))
    tone = float(rng.beta(0.8, 1.2))
    skin = np.array([np.interp(tone * (len(SKIN) - 1), range(len(SKIN)), SKIN[:, c]) for c in range(3)])
    skin = skin * (1 + rng.normal(0, [0.02, 0.015, 0.03]))  # undertone: pink, olive, golden

    dark = list(HAIR)[:3]
    colour = str(rng.choice(list(HAIR) if tone < 0.35 else dark))
    if tone > 0.6:
        colour = str(rng.choice(["black", "black", "dark brown"]))
    grey = float(np.clip((age - rng.uniform(38, 66)) / 18, 0, 1))
    eyes = list(IRIS) if tone < 0.3 else list(IRIS)[:3] if tone < 0.55 else list(IRIS)[:2]

    weights = dict.fromkeys(STYLES, 1.0)
    if female > 0.5:
        weights |= {
            "bald": 0.02,
            "receding": 0.0,
            "buzz": 0.2,
            "short": 0.7,
            "long": 2.2,
            "wavy": 2.2,
            "bob": 2.0,
            "tied": 2.0,
            "fringe": 1.8,
        }
    else:
        weights |= {"bald": 0.5 + (age > 40), "receding": 0.2 + 1.3 * (age > 40), "short": 3.0, "side": 2.5, "buzz": 1.6}
        weights |= {"bob": 0.1, "long": 0.3, "wavy": 0.3, "tied": 0.4, "fringe": 0.8}
    weights["afro"] = 1.5 if tone > 0.6 else 0.1
    weights["buzz"] *= 1.8 if tone > 0.6 else 1
    chances = np.array([weights[s] for s in STYLES])
    style = str(rng.choice(STYLES, p=chances / chances.sum()))
    beard = "none"
    if female < 0.4:
        beard = str(rng.choice(["none", "stubble", "moustache", "goatee", "full"], p=[0.42, 0.24, 0.08, 0.1, 0.16]))

    wide, jaw, tall = rng.normal(0.99 - 0.025 * female, 0.035), rng.normal(1.0 - 0.08 * female, 0.07), rng.normal(0, 2.0)
    outline = np.array(
        [
            [0, -58],
            [21, -54.5],
            [33, -42.5],
            [37.6, -22],
            [37.6, -2],
            [36.6, 13],
            [33.2, 28],
            [25.5, 41.5],
            [14, 50.3],
            [0, 53.5],
        ]
    )
    outline = outline * [wide, 1]
    outline[5:, 0] *= 1 + (jaw - 1) * np.array([0.5, 1, 1.1, 1.2, 1])
    outline[7:9, 0] *= rng.normal(1 - 0.07 * female, 0.07)  # pointed or square chin
    outline[6:, 1] += np.array([0.4, 0.8, 1, 1]) * tall
    outline[1:4, 0] *= rng.normal(1, 0.025)

    mouth_y = 90.2 + rng.normal(0, 0.7)
    return Identity(
        actor=actor,
        female=female,
        age=age,
        tone=tone,
        skin=skin.clip(25, 252),
        hair=np.array(HAIR[colour], float),
        grey=grey,
        iris=np.array(IRIS[str(rng.choice(eyes))], float) * rng.normal(1, 0.08),
        style=style,
        beard=beard,
        glasses=str(rng.choice(["none", "thin", "thick", "round"], p=[0.78, 0.1, 0.07, 0.05])),
        makeup=float(female > 0.5) * float(rng.beta(1.2, 1.6)),
        freckles=float(rng.beta(0.5, 2.5)) * (tone < 0.5),
        outline=outline,
        eye_y=51.2 + rng.normal(0, 0.4),
        eye_apart=16.9 + rng.normal(0, 0.6),
        eye_wide=7.7 + rng.normal(0, 0.4) + 0.3 * female,
        eye_open=3.55 + rng.normal(0, 0.4) + 0.35 * female - 0.012 * (age - 20),
        eye_tilt=rng.normal(0.45, 0.6) + 0.3 * female,
        hooded=float(np.clip(rng.normal(0.35 + 0.006 * (age - 20), 0.25), 0, 1)),
        brow_y=41.6 + rng.normal(0, 0.8) - 0.9 * female,
        brow_thick=1.75 + rng.normal(0, 0.3) - 0.45 * female,
        brow_arch=1.2 + rng.normal(0, 0.5) + 0.8 * female,
        nose_y=70.3 + rng.normal(0, 0.9),
        nose_wide=7.6 + rng.normal(0, 0.6) - 0.8 * female + 1.3 * tone,
        nose_high=10.5 + rng.normal(0, 1.3) - 1.2 * female - 1.5 * tone,
        mouth_y=mouth_y,
        mouth_wide=15.0 + rng.normal(0, 0.7) - 0.4 * female,
        mouth_lift=rng.normal(0.75, 0.45) - 0.012 * (age - 30),
        lip_upper=2.55 + rng.normal(0, 0.45) + 1.2 * tone + 0.5 * female - 0.014 * (age - 20),
        lip_lower=4.1 + rng.normal(0, 0.5) + 1.2 * tone + 0.5 * female - 0.014 * (age - 20),
        cheek=rng.normal(1, 0.3),
        gaunt=float(np.clip(rng.normal(0.35, 0.3), 0, 1)),
        chin_y=58.0 + float(outline[-1, 1]),
        seed=(seed, actor),
    )
