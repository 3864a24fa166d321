"""Checks of the exercises of chapter 11."""

from collections.abc import Callable

import numpy as np

from .verdict import Verdict


def steps_of_epochs(steps: int) -> Verdict:
    """Chapter 11: the generator's steps, pretraining included, up to epoch 1,800 of the joint stage in the paper's A100 run.

    >>> steps_of_epochs(3400)
    Not yet. These are epochs; each of them visits 100 videos, two a step.
    """
    hints = {
        170_000: "",
        3400: "These are epochs; each of them visits 100 videos, two a step.",
        340_000: "A step takes two videos, so an epoch has 50 of them.",
        90_000: "That is the joint stage; the generator has learned before it, too.",
        160_000: "That is up to epoch 1,600 of the joint stage, the first of the three pictures; the middle one is asked for.",
        80_000: "That is the pretraining; the generator also learns in the joint stage.",
        250_000: "The emotion critic's own stage moves no generator: leave it out.",
        85_000: "You halved twice: 100 videos, two a step, are 50 steps an epoch, whatever else a step does.",
        680_000: "A batch of two halves the number of steps; it does not double it.",
        180_000: "That is the end, epoch 2,000; the middle picture comes before it.",
    }
    if steps not in hints:
        return Verdict(False, "Epochs times steps an epoch; an epoch visits each of the 100 videos once, two a step.")
    return Verdict(not hints[steps], hints[steps] or "1,600 and 1,800 epochs of 50 steps each.")


def cosine_rate(answer: Callable) -> Verdict:
    """Chapter 11: a learning rate that warms up and then falls along half a cosine.

    Args:
        answer: takes step, steps, top, end, warmup. In step s < warmup: top (s + 1) / warmup. Then from top, at step
            warmup, to end, at step `steps`.

    >>> cosine_rate(lambda step, steps, top, end, warmup: top)
    Not yet. At the last step the rate should be the end's, 0.1; yours is 1.
    """

    def rate(step: int, warmup: int = 10) -> float:
        return float(answer(step, 110, 1.0, 0.1, warmup))

    if not np.isclose(rate(110), 0.1):
        if np.isclose(rate(109), 0.1):
            return Verdict(False, "The rate is at the end's one step early: its way has steps - warmup steps, not one less.")
        if np.isclose(rate(120), 0.1):
            return Verdict(False, "The rate has not arrived at the last step: its way is steps - warmup long, not steps.")
        if np.isclose(rate(60), 0.1):
            return Verdict(False, "The rate is at the end's half way and grows again: half a cosine is from 0 to pi, not to 2 pi.")
        if np.isclose(rate(60), 0.55):
            return Verdict(False, "The rate grows where it should fall: (1 + cos(pi p)) / 2 goes from 1 to 0, p from 0 to 1.")
        return Verdict(False, f"At the last step the rate should be the end's, 0.1; yours is {rate(110):.3g}.")
    if np.isclose(rate(0), 0.0):
        return Verdict(False, "The first step has a rate of zero, so it is wasted: count it as step 1 of the warm-up.")
    if not np.isclose(rate(0), 0.1) or not np.isclose(rate(9), 1.0):
        return Verdict(False, "Warm-up: from a tenth of the top in the first of 10 steps to the whole in the tenth.")
    if np.isclose(rate(10), 1.1):
        if np.isclose(rate(60), 0.55):
            return Verdict(False, "Step 10 is still warm-up with you, above the top: in 10 steps of warm-up, step 9 is the last.")
        return Verdict(False, "The cosine starts above the top, at top + end: what falls to 0 is top - end.")
    if np.isclose(rate(10), 1.9):
        return Verdict(False, "The cosine starts at nearly twice the top: 1 + cos goes from 2 to 0, so halve it.")
    if not np.isclose(rate(10), 1.0):
        return Verdict(False, "When the warm-up is over, the cosine starts at the top: count its progress from there, not from step 0.")
    if not np.isclose(rate(60), 0.55):
        return Verdict(False, f"Half way down, the rate is the mean of top and end, 0.55; yours is {rate(60):.3g}.")
    if np.isclose(rate(35), 0.775):
        return Verdict(False, "That is a straight line; a cosine is slow at both ends.")
    if not np.isclose(rate(35), 0.1 + 0.45 * (1 + np.cos(np.pi / 4))):
        return Verdict(False, "Between top and end: end + (top - end) (1 + cos(pi p)) / 2, p from 0 to 1.")
    for step, wanted in ((0, 0.075), (3, 0.3), (4, 0.3), (27, 0.175), (50, 0.05)):
        found = float(answer(step, 50, 0.3, 0.05, 4))
        if not np.isclose(found, wanted):
            given = "With top 0.3, end 0.05 and 4 of 50 steps of warm-up"
            return Verdict(False, f"{given}, the rate of step {step} is {wanted}; yours is {found:.3g}. Take all five arguments as they come.")
    return Verdict(True, "Gently in, quickly through, gently out.")


def motion_ratio(answer: Callable) -> Verdict:
    """Chapter 11: an alarm for the frozen mouth.

    Args:
        answer: takes drawn and real, uint8 (T, H, W, 3), and a box (x1, y1, x2, y2), and returns the mean absolute change
            from frame to frame inside the box, of the drawn film, divided by that of the real one.

    >>> motion_ratio(lambda drawn, real, box: 1.0)
    Not yet. A film that stands still has the ratio 0; yours is 1.
    """
    rng = np.random.default_rng(0)
    real = rng.integers(0, 200, size=(6, 12, 10, 3)).astype(np.uint8)
    box = (2, 3, 8, 11)
    still, brighter = np.repeat(real[:1], 6, axis=0), real + 40
    outside = real.copy()
    outside[:, 3:11, 2:8] = real[:1, 3:11, 2:8]

    def ratio(drawn: np.ndarray) -> float:
        return float(answer(drawn, real, box))

    if np.isinf(ratio(still)):
        return Verdict(False, "Drawn and real are exchanged: divide the drawn film's change by the real one's.")
    if not np.isclose(ratio(still), 0):
        for axis in (1, 2, 3):
            change = [np.abs(np.diff(film[:, 3:11, 2:8].astype(int), axis=axis)).mean() for film in (still, real)]
            if np.isclose(ratio(still), change[0] / change[1]):
                return Verdict(False, f"You take differences along axis {axis}; time is axis 0 (np.diff takes the last axis if none is named).")
        return Verdict(False, f"A film that stands still has the ratio 0; yours is {ratio(still):.3g}.")
    whole = [np.abs(np.diff(film.astype(int), axis=0)).mean() for film in (outside, real)]
    if np.isclose(ratio(outside), whole[0] / whole[1]):
        return Verdict(False, "You measure the whole picture: cut the box out of every frame first.")
    if not np.isclose(ratio(outside), 0):
        return Verdict(False, "Inside the box nothing moves, and your ratio is not 0: rows are y, columns are x.")
    halved = (real // 2).astype(np.uint8)

    def measured(change: Callable, kind: type = int) -> float:  # what a way to measure the change makes of the halved film
        return float(np.divide(*(change(film[:, 3:11, 2:8].astype(kind)) for film in (halved, real))))

    wanted = measured(lambda film: np.abs(np.diff(film, axis=0)).mean())
    hints = {
        measured(lambda film: np.diff(film, axis=0).astype(float).mean(), np.uint8): "uint8 wraps around: 3 - 5 is 254. Make the frames int first.",
        measured(lambda film: (np.diff(film, axis=0) ** 2).mean()): "Take absolute values, not squares: they count one large change too much.",
        measured(lambda film: np.abs(film - film[0]).mean()): "You compare each frame with the first; compare it with the one before it.",
        measured(lambda film: np.diff(film, axis=0).mean()): "Up and down cancel: take absolute values before the mean.",
    }
    if not np.isclose(ratio(real), 1):
        return Verdict(False, f"A film that equals the real one has the ratio 1; yours is {ratio(real):.3g}.")
    if np.isclose(ratio(halved), wanted):
        if np.isclose(ratio(brighter), 1):
            return Verdict(True, "Below a half, look at the film. Near 0 is where every run begins: stop only if it is still there late in pretraining.")
        return Verdict(False, "A brighter film moves as much; compare frame with frame, not drawn with real.")
    for wrong, hint in hints.items():
        if np.isclose(ratio(halved), wrong):
            return Verdict(False, hint)
    return Verdict(False, "The mean of the absolute differences of neighbouring frames, as int: of the drawn film, divided by that of the real one.")
