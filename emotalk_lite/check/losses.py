"""Checks of the exercises of chapter 10."""

from collections.abc import Callable

import numpy as np

from .verdict import Verdict


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
    if 3.1 <= factor <= 3.5:
        return Verdict(False, "Did you leave the floor in? It adds the same to both sums, and so hides some of the growth.")
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

    from ..losses import masked_l1

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
    if not torch.isfinite(plain):
        return Verdict(False, "Without a blink your weights add up to 0: a frame with open eyes weighs 1, one with shut eyes 1 + 3.")
    error = (frames - target).abs().mean(dim=2)
    pooled = (error * mask).sum() / mask.sum()
    if any(torch.isclose(plain, wrong, rtol=1e-4) for wrong in (pooled, pooled / 4)):
        return Verdict(False, "You divide by the masks of all frames together; divide each frame's error by its own mask's sum, and average then.")
    if not torch.isclose(plain, each.mean(), rtol=1e-4):
        ratio = float(plain / each.mean())
        hint = "not the mean absolute difference over the mask"
        if 2.9 < ratio < 3.1:
            hint = "one of three: average over the colours"
        elif np.isclose(ratio, 4, rtol=1e-4):
            hint = "the sum over the four frames: divide by the sum of the weights"
        elif torch.isclose(plain, error.mean(), rtol=1e-4):
            hint = "for the mask has no say in it"
        elif torch.isclose(plain, masked_l1((frames - target) ** 2, 0 * target, mask, "mask"), rtol=1e-4):
            hint = "for you squared the differences: take absolute values"
        elif ratio > 10:
            hint = "a sum over the mask: divide each frame's by the mask's own sum"
        return Verdict(False, f"Without a blink your loss is {ratio:.3g} times the package's, {hint}.")
    weights = 1 + 3 * closed[0]
    if torch.isclose(found, (each * weights).sum() / weights.sum(), rtol=1e-4):
        two = [torch.cat([x, x.flip(1)]) for x in (frames, target, mask)]
        if not torch.isclose(torch.as_tensor(answer(*two, torch.cat([closed, never]))), (each.sum() + (each * weights).sum()) / (4 + weights.sum()), rtol=1e-4):
            return Verdict(False, "With one clip it is right, with two it is not: sums go over clips and frames, the first two axes.")
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
    median, mean, ordered = np.median(frames, axis=0), frames.mean(axis=0), np.sort(frames, axis=0).astype(float)
    low, high = ordered[(len(frames) - 1) // 2], ordered[len(frames) // 2]  # of an even number, whatever lies between the middle two has the same L1

    def near(still: np.ndarray, wanted: np.ndarray) -> bool:
        return bool(np.abs(still - wanted).max() <= 1)  # rounding

    def in_the_middle(still: np.ndarray) -> bool:
        return bool(((still >= low - 1) & (still <= high + 1)).all())

    if in_the_middle(of_l1) and near(of_l2, mean):
        return Verdict(True, "The median for L1, the mean for L2, each pixel by itself.")
    if near(of_l1, mean) and in_the_middle(of_l2):
        return Verdict(False, "They are exchanged: squares punish the far frames more, and pull towards the mean.")
    if near(of_l1, mean):
        return Verdict(False, "For L1 you gave the mean. Move the guess by one grey level: how many terms grow by one, and how many shrink?")
    l1, best = (np.abs(frames - still).mean() for still in (of_l1, median))
    if not in_the_middle(of_l1):
        return Verdict(False, f"Another picture has a lower L1: yours {l1:.2f}, the best {best:.2f} grey levels. Each pixel is by itself.")
    if in_the_middle(of_l2):
        return Verdict(False, "The L1 picture is right, and you gave it for L2, too: squares punish the far frames more.")
    if of_l2.max() <= 255 / len(frames) < mean.max():
        return Verdict(False, "The L1 picture is right. The L2 one is far too dark: sums of uint8 wrap around at 256, so take the mean in float.")
    return Verdict(False, "The L1 picture is right. For L2, set the derivative of the sum of squares to zero.")
