"""Checks of the exercises of chapter 00."""

import re
from collections.abc import Callable

import numpy as np

from .verdict import Verdict


ANSWERS = {"a tenth as much": "a", "the same": "b", "not at all": "c"}  # to quieter_speech, as its exercise words them


def quieter_speech(answer: str | None) -> Verdict:
    """Chapter 00: what a tenth of the speech's level does to the mouth.

    Args:
        answer: "a" a tenth of the movement, "b" the same, "c" none; the letter, the exercise's words, or both: "b) the same".

    >>> quieter_speech("a")
    Not yet. The network never hears the level that you recorded: look at emotalk_lite.data.media.speech_input.
    """
    said = str(answer).strip(" .").lower()
    match = re.fullmatch(r"\(?([abc])\s*(?:[).].*)?", said)
    letter = match[1] if match else ANSWERS.get(said)
    if letter is None:
        return Verdict(False, 'Answer with one letter: "a", "b" or "c".')
    if letter == "b":
        return Verdict(True, "Every recording is scaled to the same peak before the network hears it.")
    if letter == "c":
        return Verdict(False, "Only a recording below -60 dB is refused, and a tenth is -20 dB. Look at emotalk_lite.data.media.speech_input.")
    return Verdict(False, "The network never hears the level that you recorded: look at emotalk_lite.data.media.speech_input.")


def region_change(answer: Callable) -> Verdict:
    """Chapter 00: a function that says how much two videos differ inside a box.

    Args:
        answer: takes two videos, uint8 (T, H, W, 3), and a box x1, y1, x2, y2; returns the mean absolute difference.

    >>> region_change(lambda a, b, box: 0.0)
    Not yet. Two videos that differ by 10 everywhere give 0; it should be 10.
    """
    dark, bright = np.full((2, 30, 30, 3), 100, np.uint8), np.full((2, 30, 30, 3), 110, np.uint8)
    whole = (0, 0, 30, 30)
    found = answer(bright, dark, whole)
    if np.ndim(found):
        return Verdict(False, f"Give one number for the whole box; yours has the shape {np.shape(found)}.")
    up, down = float(found), float(answer(dark, bright, whole))
    if np.isnan(up):
        return Verdict(False, "Your slice is empty, even with the whole frame as the box: the box is x1, y1, x2, y2, in this order.")
    if np.isclose(up, 10 / 255):
        return Verdict(False, "You scaled the frames to [0, 1]; the difference is asked for on their own scale, 0 to 255.")
    if np.isclose(up, 10) and np.isclose(down, 246):
        return Verdict(False, "In uint8, 100 - 110 is 246: turn the frames into integers with a sign before you subtract.")
    if np.isclose(up, 10) and np.isclose(down, -10):
        return Verdict(False, "Differences of opposite sign cancel: take the absolute value before the mean.")
    if np.isclose(up, 100):
        return Verdict(False, "You squared the differences; take their absolute value.")
    if np.isclose(up, 10 * dark.size):
        return Verdict(False, "That is the sum over all values; take their mean.")
    if not (np.isclose(up, 10) and np.isclose(down, 10)):
        return Verdict(False, f"Two videos that differ by 10 everywhere give {up:g}; it should be 10.")
    mixed = dark.copy()
    mixed[:, :, :10], mixed[:, :, 10:20], mixed[:, :, 20:] = 250, 103, 40
    uneven = float(answer(mixed, dark, whole))
    if np.isclose(uneven, np.abs((mixed.astype(int) - dark).mean())):
        return Verdict(False, "Where one place gets brighter and another darker, your differences cancel: absolute value first, then the mean.")
    if np.isclose(uneven, np.sqrt(np.square(mixed.astype(int) - dark).mean())):
        return Verdict(False, "That is the root of the mean square, which counts large differences more; take the mean of absolute values.")
    if np.isclose(uneven, 150):
        return Verdict(False, "That is the largest difference; take the mean.")
    if not np.isclose(uneven, 71):
        return Verdict(False, f"Where a third of the pixels differs by 150, a third by 3 and a third by 60, you give {uneven:g}; it should be 71.")
    patch = dark.copy()
    patch[:, 5:15, 20:24] += 60  # rows 5 to 14, columns 20 to 23
    found = float(answer(dark, patch, (20, 5, 24, 15)))
    if np.isclose(found, 60):
        return Verdict(True, "Signs, rows and columns are where they belong.")
    if np.isclose(found, 60 * 40 / 900):
        return Verdict(False, "You average over the whole frame: cut the box out of both videos first.")
    if np.isnan(found):
        return Verdict(False, "Your slice is empty: the axes are time, y, x, colour, and x1, x2 belong to the third.")
    if found == 0:
        return Verdict(False, "x counts columns and y counts rows: the first axis after time is y.")
    if np.isclose(found, 60 * 40 / 55):
        return Verdict(False, "You cut one row and one column too many: as in a Python slice, x2 and y2 are the first outside of the box.")
    return Verdict(False, f"A box that differs by 60 gives {found:g}. x2 and y2 are the box's other corner, not its width and height.")


def mood_swing(frames: np.ndarray | None, first: np.ndarray, last: np.ndarray) -> Verdict:
    """Chapter 00: a video that begins with one emotion and ends with another.

    Args:
        frames: uint8 (T, H, W, 3), the answer.
        first: the same speech with the emotion of the beginning.
        last: the same speech with the emotion of the end.

    >>> mood_swing(None, np.zeros((2, 4, 4, 3), np.uint8), np.zeros((2, 4, 4, 3), np.uint8))
    Not yet. Give the frames, uint8 of shape (2, 4, 4, 3).
    """
    kind = getattr(frames, "dtype", type(frames).__name__)
    if not isinstance(frames, np.ndarray) or frames.shape != first.shape or kind != np.uint8:
        given = "" if frames is None else f"; yours are {kind}{f', {tuple(frames.shape)}' if hasattr(frames, 'shape') else ''}"
        return Verdict(False, f"Give the frames, uint8 of shape {first.shape}{given}.")

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a.astype(np.int16) - b).mean())

    if apart(frames[0], first[0]) > 1:
        backwards = apart(frames[0], last[0]) < 1
        late = "Its first frame is not the first emotion's: the ramp has to begin at 0."
        return Verdict(False, "It begins with the wrong emotion." if backwards else late)
    if apart(frames[-1], last[-1]) > 1:
        return Verdict(False, "Its last frame is not the last emotion's: the ramp has to reach 1.")
    if apart(first, last) <= 1:  # an untrained network draws all emotions alike: there is no way from one to the other to look at
        return Verdict(True, "The face changes its mood while it speaks.")
    way, start = (last - first.astype(float)), frames - first.astype(float)
    place = (start * way).sum(axis=(1, 2, 3)) / (way**2).sum(axis=(1, 2, 3))  # 0 in the first emotion, 1 in the last
    beside = np.abs(start - place[:, None, None, None] * way).mean(axis=(1, 2, 3))  # what no mixture of the two pictures explains
    between, distance = (place > 0.2) & (place < 0.8), np.abs(way).mean(axis=(1, 2, 3))
    if (beside > distance).any():
        return Verdict(False, f"Frame {int((beside - distance).argmax())} is nearer to neither emotion: is its speech and noise the film's?")
    if np.abs(np.diff(place)).max() > 1 / 3:
        return Verdict(False, "It jumps from one emotion to the other: let the weight grow a little with every frame.")
    if beside[between].mean() < 0.1 * distance[between].mean() + 0.1:
        return Verdict(False, "That is a cross-fade of two pictures, with two mouths in it. Blend the embeddings z instead.")
    return Verdict(True, "The face changes its mood while it speaks.")
