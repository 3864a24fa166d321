"""Checks for the book's exercises: not only whether an answer is right, but where to look if it is not.

Each check takes an answer and returns a :class:`Verdict`, which a notebook shows as a sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Verdict:
    """What a check found; true if the answer is right.

    >>> Verdict(False, "Count again.")
    Not yet. Count again.
    >>> bool(Verdict(True, "All frames are covered."))
    True
    """

    right: bool
    hint: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return f"{'Right.' if self.right else 'Not yet.'} {self.hint}"


def clip_length(frames: int, samples: int, zeros: int) -> Verdict:
    """Chapter 01: the length of actor 1001's happy clip, 84,096 samples at 44.1 kHz, after preparation.

    Args:
        frames: at 25 a second.
        samples: of sound at 8 kHz after padding.
        zeros: of those samples, how many were padded on.

    >>> clip_length(frames=47, samples=15040, zeros=0)
    Not yet. 47 frames end before the sound does: round up, not down.
    """
    if frames == 47:
        return Verdict(False, "47 frames end before the sound does: round up, not down.")
    if frames in (56, 57, 58):
        return Verdict(False, "That is about what the camera took, 29.97 a second; we need 25 a second.")
    if frames != 48:
        return Verdict(False, "The clip lasts 84,096 / 44,100 seconds; how many frames of 40 ms does it take to cover them?")
    if samples == 15256:
        return Verdict(False, "15,256 samples of sound are there before padding; padded, they fill whole frames of 320.")
    if samples != 48 * 320:
        return Verdict(False, "A frame holds 8,000 / 25 samples, and there are as many whole frames of sound as pictures.")
    if zeros != 48 * 320 - 15256:
        return Verdict(False, "Resampling leaves ceil(84,096 * 8,000 / 44,100) samples; the rest of 15,360 are zeros.")
    return Verdict(True, "Sound and picture fill the same 48 frames.")


def eye_mask(answer: Callable) -> Verdict:
    """Chapter 01: a function that draws the eye mask.

    Args:
        answer: takes eye centres, float (2, 2), x and y of both eyes, and returns the (128, 128) mask.

    >>> eye_mask(lambda centres: np.zeros((64, 64)))
    Not yet. The mask has the shape (64, 64); a frame has (128, 128).
    """
    import torch

    from .data.masks import eye_mask as reference

    centres = np.array([[44.0, 50.0], [83.0, 58.0]])
    wanted = reference(torch.from_numpy(centres)).numpy()
    mask = np.asarray(answer(centres.copy()), dtype=float)
    if mask.shape != (128, 128):
        return Verdict(False, f"The mask has the shape {mask.shape}; a frame has (128, 128).")
    if np.allclose(mask, wanted, atol=1e-5):
        return Verdict(True, "Both eyes and both brows are inside, and the mask peaks at 1 on each eye.")
    if np.allclose(mask.T, wanted, atol=1e-5):
        return Verdict(False, "x and y are exchanged: x counts columns, the second axis of the array.")
    one = [reference(torch.from_numpy(centres[[i, i]])).numpy() for i in (0, 1)]
    if np.allclose(mask, one[0] + one[1], atol=1e-5):
        return Verdict(False, "Between the eyes your bumps add up; take the larger of the two at each pixel.")
    if any(np.allclose(mask, single, atol=1e-5) for single in one):
        return Verdict(False, "Only one eye is there; draw a bump on each.")
    if np.allclose(mask, wanted + 0.01, atol=1e-5):
        return Verdict(False, "The eye mask has no floor; only the mouth mask has.")
    if not 0.99 < mask.max() < 1.01:
        return Verdict(False, f"The largest value is {mask.max():.3g}; a mask peaks at 1. Leave the Gaussian unnormalised.")
    row, column = np.unravel_index(mask.argmax(), mask.shape)
    if min(np.hypot(column - x, row - y) for x, y in centres) > 1:
        return Verdict(False, f"The peak is at x = {column}, y = {row}, where no eye is.")
    width = 6 * np.sqrt(mask.sum() / wanted.sum())
    return Verdict(False, f"The place is right, the width is not: yours is like sigma = {width:.1f}. Use 6 pixels, and 2 sigma squared.")


def stabilised(points: np.ndarray) -> Verdict:
    """Chapter 01: landmarks of a clip after one transform a frame.

    Args:
        points: float (T, 5, 2), the aligned landmarks, in pixels of the 128 x 128 frames.

    >>> stabilised(np.zeros((10, 5)))
    Not yet. Give the landmarks after your transforms, shape (T, 5, 2); this is (10, 5).
    """
    from .data.align import TEMPLATE

    points = np.asarray(points, dtype=float)
    if points.ndim != 3 or points.shape[1:] != (5, 2):
        return Verdict(False, f"Give the landmarks after your transforms, shape (T, 5, 2); this is {points.shape}.")
    off = np.linalg.norm(points[:, :2] - TEMPLATE[:2] * 128, axis=-1).mean()
    if off > 20:
        return Verdict(False, f"The eyes are {off:.0f} pixels from the template: are these points still in the filmed frame?")
    steps = np.linalg.norm(np.diff(points[:, :2].mean(axis=1), axis=0), axis=-1).mean()
    drift = np.linalg.norm(points[:, :2].mean(axis=1).std(axis=0))
    if drift > 1:
        return Verdict(False, f"The eyes still wander by {drift:.1f} pixels: fit a transform to each frame's own landmarks.")
    if off > 2:
        return Verdict(False, f"The eyes are steady, but {off:.1f} pixels from the template; is the template in pixels of 128?")
    return Verdict(True, f"The eyes stand still to {drift:.2f} pixels, and move {steps:.2f} from frame to frame.")


def quieter_speech(answer: str | None) -> Verdict:
    """Chapter 00: what a tenth of the speech's level does to the mouth.

    Args:
        answer: "a" a tenth of the movement, "b" the same, "c" none.

    >>> quieter_speech("a")
    Not yet. The network never hears the level that you recorded: look at emotalk_lite.data.media.speech_input.
    """
    if answer not in ("a", "b", "c"):
        return Verdict(False, 'Answer with one letter: "a", "b" or "c".')
    if answer == "b":
        return Verdict(True, "Every recording is scaled to the same peak before the network hears it.")
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
    up, down = (float(answer(a, b, whole)) for a, b in ((bright, dark), (dark, bright)))
    if np.isclose(up, 10) and np.isclose(down, 246):
        return Verdict(False, "In uint8, 100 - 110 is 246: turn the frames into integers with a sign before you subtract.")
    if np.isclose(up, 10) and np.isclose(down, -10):
        return Verdict(False, "Differences of opposite sign cancel: take the absolute value before the mean.")
    if not (np.isclose(up, 10) and np.isclose(down, 10)):
        return Verdict(False, f"Two videos that differ by 10 everywhere give {up:g}; it should be 10.")
    patch = dark.copy()
    patch[:, 5:15, 20:24] += 60  # rows 5 to 14, columns 20 to 23
    found = float(answer(dark, patch, (20, 5, 24, 15)))
    if np.isclose(found, 60):
        return Verdict(True, "Signs, rows and columns are where they belong.")
    if found == 0:
        return Verdict(False, "x counts columns and y counts rows: the first axis after time is y.")
    return Verdict(False, f"A box that differs by 60 gives {found:g}.")


def mood_swing(frames: np.ndarray | None, first: np.ndarray, last: np.ndarray) -> Verdict:
    """Chapter 00: a video that begins with one emotion and ends with another.

    Args:
        frames: uint8 (T, H, W, 3), the answer.
        first: the same speech with the emotion of the beginning.
        last: the same speech with the emotion of the end.

    >>> mood_swing(None, np.zeros((2, 4, 4, 3), np.uint8), np.zeros((2, 4, 4, 3), np.uint8))
    Not yet. Give the frames, uint8 of shape (2, 4, 4, 3).
    """
    if frames is None or frames.shape != first.shape or frames.dtype != np.uint8:
        return Verdict(False, f"Give the frames, uint8 of shape {first.shape}.")

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a.astype(np.int16) - b).mean())

    if apart(frames[0], first[0]) > 1:
        backwards = apart(frames[0], last[0]) < 1
        return Verdict(False, "It begins with the wrong emotion." if backwards else "Its first frame is not the first emotion's.")
    if apart(frames[-1], last[-1]) > 1:
        return Verdict(False, "Its last frame is not the last emotion's: the ramp has to reach 1.")
    ramp = np.linspace(0, 1, len(frames))[:, None, None, None]
    faded = (first * (1 - ramp) + last * ramp).round().astype(np.uint8)
    visible = apart(first, last) > 1  # an untrained network draws all emotions alike: nothing more to tell then
    if visible and apart(frames, faded) < 0.5:
        return Verdict(False, "That is a cross-fade of two pictures, with two mouths in it. Blend the embeddings z instead.")
    if visible and any(apart(frames[k], first[k]) + apart(frames[k + 1], last[k + 1]) < 0.1 for k in range(len(frames) - 1)):
        return Verdict(False, "It jumps from one emotion to the other: let the weight grow a little with every frame.")
    return Verdict(True, "The face changes its mood while it speaks.")


def mask_growth(factor: float) -> Verdict:
    """Chapter 10: by how much the mouth mask's sum grows when its sigma is doubled, the floor left out.

    >>> mask_growth(2)
    Not yet. Twice as wide, and what about the height? The mask covers an area.
    """
    if not np.isfinite(factor) or factor <= 0:
        return Verdict(False, "A mask's sum is positive, and it grows: give a number above 1.")
    if 1.9 <= factor <= 2.1:
        return Verdict(False, "Twice as wide, and what about the height? The mask covers an area.")
    if 15 <= factor <= 17:
        return Verdict(False, "Sigma stands squared under the exponent, but the area grows with sigma squared only.")
    if 0.9 <= factor <= 1.1:
        return Verdict(False, "The peak stays 1, the sum does not: nobody normalised this Gaussian.")
    if 3.8 <= factor <= 4.1:
        return Verdict(True, "The area grows by four; a little less where the wide mask reaches over the picture's border.")
    return Verdict(False, "A Gaussian's integral over the plane is 2 pi sigma squared.")


def blink_loss(answer: Callable) -> Verdict:
    """Chapter 10: an eye loss that counts frames with shut eyes four times.

    Args:
        answer: takes frames and target, float (B, T, 3, H, W), the mask (B, T, H, W) and `closed` (B, T) of zeros and
            ones, and returns a scalar.

    >>> blink_loss(lambda frames, target, mask, closed: (frames - target).abs())
    Not yet. A loss is one number; yours has the shape (1, 4, 3, 8, 8).
    """
    import torch

    from .losses import masked_l1

    rng = torch.Generator().manual_seed(0)
    frames, target = (torch.rand(1, 4, 3, 8, 8, generator=rng) for _ in range(2))
    mask = torch.rand(1, 4, 8, 8, generator=rng)
    closed, never = torch.tensor([[0.0, 1.0, 0.0, 0.0]]), torch.zeros(1, 4)
    each = torch.stack([masked_l1(frames[:, [t]], target[:, [t]], mask[:, [t]], "mask") for t in range(4)])
    found = torch.as_tensor(answer(frames, target, mask, closed))
    plain = torch.as_tensor(answer(frames, target, mask, never))
    if found.dim():
        return Verdict(False, f"A loss is one number; yours has the shape {tuple(found.shape)}.")
    if torch.isclose(plain, masked_l1(frames, target, mask), rtol=1e-4):
        return Verdict(False, "That is the mean over the image; divide by the mask's own sum, frame by frame.")
    if not torch.isclose(plain, each.mean(), rtol=1e-4):
        ratio = float(plain / each.mean())
        hint = "one of three: average over the colours" if 2.9 < ratio < 3.1 else "not the mean over the mask"
        return Verdict(False, f"Without a blink your loss is {ratio:.3g} times the package's, {hint}.")
    weights = 1 + 3 * closed[0]
    if torch.isclose(found, (each * weights).sum() / weights.sum(), rtol=1e-4):
        return Verdict(True, "A blink counts four times, and a film without blinks costs what it did.")
    if torch.isclose(found, (each * weights).mean(), rtol=1e-4):
        return Verdict(False, "Divide by the sum of the weights, not by their number: otherwise blinks make the loss louder.")
    return Verdict(False, "Without blinks it is right; with one, weigh frame t by 1 + 3 closed[t].")


def best_stills(frames: np.ndarray, of_l1: np.ndarray, of_l2: np.ndarray) -> Verdict:
    """Chapter 10: the one picture that is nearest to all frames of a clip, by L1 and by L2.

    Args:
        frames: uint8 (T, H, W, 3).
        of_l1, of_l2: uint8 (H, W, 3).

    >>> clip = np.array([0, 0, 9], np.uint8).reshape(3, 1, 1, 1).repeat(3, axis=3)
    >>> best_stills(clip, of_l1=clip.mean(axis=0), of_l2=np.median(clip, axis=0))
    Not yet. They are exchanged: squares punish the far frames more, and pull towards the mean.
    """
    of_l1, of_l2 = (np.asarray(still, dtype=float) for still in (of_l1, of_l2))
    for still in (of_l1, of_l2):
        if still.shape != frames.shape[1:]:
            return Verdict(False, f"A still has the shape {frames.shape[1:]}; one of yours has {still.shape}.")
    median, mean = np.median(frames, axis=0), frames.mean(axis=0)

    def near(still: np.ndarray, wanted: np.ndarray) -> bool:
        return bool(np.abs(still - wanted).max() <= 1)  # rounding

    if near(of_l1, median) and near(of_l2, mean):
        return Verdict(True, "The median for L1, the mean for L2, each pixel by itself.")
    if near(of_l1, mean) and near(of_l2, median):
        return Verdict(False, "They are exchanged: squares punish the far frames more, and pull towards the mean.")
    l1, best = (np.abs(frames - still).mean() for still in (of_l1, median))
    if not near(of_l1, median):
        return Verdict(False, f"Another picture has a lower L1: yours {l1:.2f}, the best {best:.2f} grey levels. Each pixel is by itself.")
    return Verdict(False, "The L1 picture is right. For L2, set the derivative of the sum of squares to zero.")
