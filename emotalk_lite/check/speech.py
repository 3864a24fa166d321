"""Checks of the exercises of chapter 05."""

from collections.abc import Callable

import numpy as np

from .verdict import Verdict

REACH = 347  # samples that a speech vector hears on each side of its own
STEP = 64  # samples from one vector to the next


def lookahead(milliseconds: float) -> Verdict:
    """Chapter 05: how far into the future a frame hears with 8 vectors of context on each side, in milliseconds.

    >>> lookahead(64)
    Not yet. After 64 ms stands the middle of the last vector. Its own filters hear further than that.
    """
    right = (8 * STEP + REACH) / 8
    if abs(milliseconds - right) < 0.75:
        return Verdict(True, "8 vectors of 64 samples, and 347 more for the filters of the last one: 859 samples.")
    if abs(milliseconds - 64) < 0.5:
        return Verdict(False, "After 64 ms stands the middle of the last vector. Its own filters hear further than that.")
    if abs(milliseconds - 2 * right) < 1.5:
        return Verdict(False, "That is the whole window; the future is the half of it after the frame's first sample.")
    if abs(milliseconds - (8 * STEP + 2 * REACH + 1) / 8) < 1.5:
        return Verdict(False, "Of the last vector's 695 samples only the 347 after its middle reach further.")
    if abs(milliseconds - right / 1000) < 0.001:
        return Verdict(False, "That is in seconds; give milliseconds.")
    if abs(milliseconds - right * 8) < 1:
        return Verdict(False, "That is in samples, and there are 8 in a millisecond.")
    if abs(milliseconds - (17 * STEP + REACH) / 8) < 1:
        return Verdict(False, "That is the package's context of 17; here it is 8.")
    if abs(milliseconds - REACH / 8) < 0.75:
        return Verdict(False, "So far hears one vector; the last one stands 8 steps of 64 samples after the frame's first sample.")
    if abs(milliseconds - (2 * REACH + 1) / 8) < 0.75:
        return Verdict(False, "That is all that one vector hears, past and future; the last one stands 8 steps later, and half of it counts.")
    if abs(milliseconds - 2 * 64) < 0.5:
        return Verdict(False, "That is from the first vector's middle to the last one's; the future begins at the frame's own.")
    if min(abs(milliseconds - 8 * 40), abs(milliseconds - 8 * 40 - REACH / 8)) < 0.75:
        return Verdict(False, "Neighbours are vectors, 64 samples or 8 ms apart; video frames are five times as far.")
    if abs(abs(milliseconds - right) - 40) < 0.75:
        return Verdict(False, "Count from the frame's first sample: its own 40 ms are part of the future.")
    return Verdict(False, "Add the steps to the last vector, 64 samples each, and what that vector hears beyond its middle.")


def causal_context(answer: Callable) -> Verdict:
    """Chapter 05: a context of the same width that never looks into the future.

    Args:
        answer: takes features, float (B, 5T, F), and the number n of vectors, and returns (B, T, (n + 1) F): each fifth
            vector with the n before it, oldest first, zeros before the beginning.

    >>> from emotalk_lite.models.speech import add_context
    >>> causal_context(lambda features, n: add_context(features, n // 2))
    Not yet. Frame 0 changes with vector 1, which has not been heard yet when the frame begins.
    """
    import torch

    n, features = 4, torch.arange(1.0, 31.0).reshape(1, 15, 2)
    wanted = torch.nn.functional.pad(features, (0, 0, n, 0)).unfold(1, n + 1, 5).transpose(2, 3).flatten(2)  # (1, 3, 10)
    found = torch.as_tensor(answer(features.clone(), n))
    if found.shape != wanted.shape:
        both = " Only the n before it, not the n after it." if found.shape == (1, 3, 2 * (2 * n + 1)) else ""
        return Verdict(False, f"For 15 vectors of 2 numbers and n = 4 the shape is {tuple(wanted.shape)}; yours is {tuple(found.shape)}.{both}")
    if torch.equal(found, wanted):
        return Verdict(True, "Each frame has the vectors before it and its own, oldest first.")
    for vector in range(1, 15):
        other = features.clone()
        other[:, vector] += 1
        changed = (torch.as_tensor(answer(other, n)) != found).any(dim=2)[0]
        early = [frame for frame in range(3) if changed[frame] and vector > 5 * frame]
        if early:
            return Verdict(False, f"Frame {early[0]} changes with vector {vector}, which has not been heard yet when the frame begins.")
    if torch.equal(found, wanted.unflatten(2, (n + 1, 2)).flip(2).flatten(2)):
        return Verdict(False, "The right vectors, newest first; the layer after it was trained on oldest first.")
    if torch.equal(found, wanted.unflatten(2, (n + 1, 2)).transpose(2, 3).flatten(2)):
        return Verdict(False, "The right numbers, sorted by feature; keep each vector's numbers together.")
    own = features.clone()
    own[:, 10] += 1
    if found.any() and torch.equal(torch.as_tensor(answer(own, n))[:, 2], found[:, 2]):
        return Verdict(False, "Frame 2 does not hear vector 10, its own: each window ends with the frame's own vector.")
    if torch.equal(found[:, 2:], wanted[:, 2:]):
        return Verdict(False, "Later frames are right; before the beginning there should be zeros.")
    return Verdict(False, "Pad n vectors of zeros on the left only, then take windows of n + 1 in steps of 5.")


def streamed_features(answer: Callable) -> Verdict:
    """Chapter 05: the convolutions over a recording that arrives in pieces.

    Args:
        answer: takes convolutions, a function from (1, 1, 320 t) to (1, F, 5 t), speech (320 T,) and a number of frames
            `chunk`; returns (F, 5 T). It must not give the convolutions more than `chunk` + 12 frames at once.

    >>> streamed_features(lambda convolutions, speech, chunk: convolutions(speech[None, None])[0])
    Not yet. You gave the convolutions 40 frames at once; with chunks of 8 and a margin, 20 should do.
    """
    import torch

    from ..models.speech import SpeechEncoder
    from ..presets import PRESETS

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        whole = SpeechEncoder(PRESETS["smoke"].model).convolutions
        speech, longer, lengths = torch.randn(40 * 320), torch.randn(42 * 320), []

        def listened(x: torch.Tensor) -> torch.Tensor:
            lengths.append(x.shape[-1])
            return whole(x)

        found, wanted = torch.as_tensor(answer(listened, speech, 8)), whole(speech[None, None])[0]
    if not lengths:
        return Verdict(False, "Call the convolutions that you are given.")
    if max(lengths) > 20 * 320:
        return Verdict(False, f"You gave the convolutions {max(lengths) // 320} frames at once; with chunks of 8 and a margin, 20 should do.")
    if found.shape != wanted.shape:
        margins = " Cut the margins off again." if found.dim() == 2 and found.shape[1] > wanted.shape[1] else ""
        return Verdict(False, f"For 40 frames the shape is {tuple(wanted.shape)}; yours is {tuple(found.shape)}.{margins}")
    wrong = np.flatnonzero(~torch.isclose(found, wanted, rtol=1e-4, atol=1e-5).all(dim=0).numpy())
    if not wrong.size:
        with torch.no_grad():
            found, wanted = torch.as_tensor(answer(whole, longer, 8)), whole(longer[None, None])[0]
        if found.shape != wanted.shape:
            return Verdict(False, "42 frames make 210 vectors: the last piece is shorter, and it counts, too.")
        if not torch.allclose(found, wanted, rtol=1e-4, atol=1e-5):
            return Verdict(False, "40 frames are right, 42 are not: there the last piece is shorter, and it needs its margin, too.")
        return Verdict(True, "Piece by piece, and the same numbers.")
    if len(wrong) > 100:
        return Verdict(False, "Most vectors are wrong: five belong to each frame, and those of the margin must be cut off again.")
    if ((wrong < 10) | (wrong >= 190)).all():
        return Verdict(False, f"Only vectors at the recording's ends are wrong ({wrong.min()} to {wrong.max()}): there it has no margin to give.")
    if np.isin(wrong % 40, (0, 39)).all():
        return Verdict(False, "Only the vectors right beside a cut are wrong: a margin of one frame, 320 samples, is 27 too few for them.")
    sides = {"left": wrong % 40 < 20, "right": wrong % 40 >= 20}  # of a piece of 8 frames, 40 vectors
    for side, there in sides.items():
        if there.all():
            return Verdict(False, f"Vectors are wrong at the {side} end of each piece alone: it needs a margin on that side too.")
    return Verdict(
        False,
        f"Vector {wrong.min()} is the first of {len(wrong)} wrong ones: beside a cut, the reflected end stands where the neighbour's "
        "sound should. Give each piece a margin on both sides.",
    )
