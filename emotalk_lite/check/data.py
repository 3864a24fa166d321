"""Checks of the exercises of chapter 01."""

from collections.abc import Callable

import numpy as np

from .verdict import Verdict

MOST_TURN = 0.38  # degrees, standard deviation: in the six clips of the sample a shift leaves 0.40 and more, fits with other weights up to 0.37


def clip_length(frames: int, samples: int, zeros: int) -> Verdict:
    """Chapter 01: the length of a recording of 100,000 samples at 48 kHz, after preparation.

    Args:
        frames: at 25 a second.
        samples: of sound at 8 kHz after padding.
        zeros: of those samples, how many were padded on.

    >>> clip_length(frames=52, samples=16640, zeros=0)
    Not yet. 52 frames end before the sound does: round up, not down.
    """
    if frames == 52:
        return Verdict(False, "52 frames end before the sound does: round up, not down.")
    if frames in (62, 63):
        return Verdict(False, "That is 29.97 or 30 a second, as cameras film; we need 25 a second.")
    if frames != 53:
        return Verdict(False, "The recording lasts 100,000 / 48,000 seconds; how many frames of 40 ms does it take to cover them?")
    if samples in (16_666, 16_667):
        return Verdict(False, "So many samples of sound are there before padding; padded, they fill whole frames of 320.")
    if samples != 53 * 320:
        return Verdict(False, "A frame holds 8,000 / 25 samples, and there are as many whole frames of sound as pictures.")
    if zeros == 27:
        return Verdict(False, "27 samples of sound begin the last frame; the zeros are the rest of its 320.")
    if zeros == 294:
        return Verdict(False, "100,000 / 6 is 16,666.7: the last sample of sound is kept, so round up.")
    if zeros != 53 * 320 - 16_667:
        return Verdict(False, "Resampling leaves ceil(100,000 * 8,000 / 48,000) samples; the rest of 16,960 are zeros.")
    return Verdict(True, "Sound and picture fill the same 53 frames.")


def eye_mask(answer: Callable) -> Verdict:
    """Chapter 01: a function that draws the eye mask.

    Args:
        answer: takes eye centres, float (2, 2), x and y of both eyes, and returns the (128, 128) mask.

    >>> eye_mask(lambda centres: np.zeros((64, 64)))
    Not yet. The mask has the shape (64, 64); a frame has (128, 128).
    """
    import torch

    from ..data.masks import eye_mask as reference

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
    if np.isclose(mask.min(), 0.01, atol=1e-4):
        return Verdict(False, "There is a floor of 0.01, as in the mouth mask; the eye mask has none, and its sigma is 6.")
    if mask.max() > 1.5:
        return Verdict(False, f"The largest value is {mask.max():.3g}: the exponent of a bump is never above 0. Mind its minus sign.")
    if mask.max() < 0.9 and np.allclose(mask, np.minimum(*one), atol=1e-5):
        return Verdict(False, "You took the smaller of the two bumps at each pixel; take the larger.")
    if np.allclose(mask, (one[0] + one[1]) / 2, atol=1e-5):
        return Verdict(False, "You averaged the two bumps, so each peaks at a half; take the larger of the two at each pixel.")
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
    from ..data.align import TEMPLATE, similarity_transform

    points = np.asarray(points, dtype=float)
    if points.ndim != 3 or points.shape[1:] != (5, 2):
        return Verdict(False, f"Give the landmarks after your transforms, shape (T, 5, 2); this is {points.shape}.")
    if len(points) < 2 or not np.isfinite(points).all():
        return Verdict(False, "Give finite numbers for all frames of the clip, one transform each.")
    if np.abs(points).max() < 2:
        return Verdict(False, "These points lie between 0 and 1: align.TEMPLATE is in parts of the frame, so fit to `template`, in pixels of 128.")
    off = np.linalg.norm(points[:, :2] - TEMPLATE[:2] * 128, axis=-1).mean()
    if off > 20:
        return Verdict(False, f"The eyes are {off:.0f} pixels from the template: are these points still in the filmed frame?")
    steps = np.linalg.norm(np.diff(points[:, :2].mean(axis=1), axis=0), axis=-1).mean()
    drift = np.linalg.norm(points[:, :2].mean(axis=1).std(axis=0))
    each = np.linalg.norm(points[:, :2].std(axis=0), axis=-1).max()  # of each eye: one may go up as the other goes down
    if each > 1:
        return Verdict(False, f"The eyes still wander by {each:.1f} pixels: fit a transform to each frame's own landmarks.")
    if off > 2:
        return Verdict(False, f"The eyes are steady, but {off:.1f} pixels from the template; is the template in pixels of 128?")
    rest = np.linalg.norm(points[:, 2:].mean(axis=0) - TEMPLATE[2:] * 128, axis=-1).max()
    if rest > 25:
        return Verdict(False, f"The eyes are in place, nose or mouth {rest:.0f} pixels from the template: transform all five landmarks.")
    if np.linalg.norm(points[:, 3:].std(axis=0), axis=-1).max() < 0.1:
        return Verdict(False, "The mouth corners never move: give the clip's own landmarks after your transforms, not the template or one frame's.")
    left = [similarity_transform(frame) for frame in points]  # what another fit would still turn
    turn = np.degrees([np.arctan2(matrix[1, 0], matrix[0, 0]) for matrix in left]).std()
    if turn > MOST_TURN:
        return Verdict(False, f"The face keeps its place, but still turns by {turn:.1f} degrees: fit turn and scale to each frame, too.")
    return Verdict(True, f"The eyes stand still to {drift:.2f} pixels, and move {steps:.2f} from frame to frame.")
