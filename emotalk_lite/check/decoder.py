"""Checks of the exercises of chapter 08."""

from collections.abc import Callable

import numpy as np

from .verdict import Verdict


def skip_once_share(share: float) -> Verdict:
    """Chapter 08: the share of multiplications that is left when the skip's part is computed once a clip.

    >>> skip_once_share(256 / 515)
    Not yet. That is the map's part alone; the skip's part is computed once, which is not never.
    """
    frames, of_map, of_skip = 25, 256, 259
    whole = frames * (of_map + of_skip)
    wanted = (frames * of_map + of_skip) / whole
    hints = {
        of_map / (of_map + of_skip): "That is the map's part alone; the skip's part is computed once, which is not never.",
        1 - wanted: "That share is saved; which one is left?",
        (of_map + frames * of_skip) / whole: "You computed the map once; the skip is what does not change.",
        1 / frames: "Only the skip is the same for all frames; the map is another one each time.",
        4 / 9 * of_map / (of_map + of_skip): "Upsampling inside the convolution is the other rewrite; here, all taps stay.",
        (4 / 9 * frames * of_map + of_skip) / whole: "Upsampling inside the convolution is the other rewrite; here, all taps stay.",
    }
    if abs(share - wanted) < 6e-4:
        return Verdict(True, "A little more than half: long clips come down to the map's share, 256 of 515.")
    for value, hint in hints.items():
        if abs(share - value) < 6e-4:
            return Verdict(False, hint)
    if abs(share - wanted) < 5e-3:
        return Verdict(False, "Near, but so is another answer: give three digits.")
    if share > 1:
        return Verdict(False, "A share lies between 0 and 1: divide what is left by what there was.")
    return Verdict(False, "Taps, places and filters cancel: count channels times frames, 256 for each frame and 259 once.")


def phase_taps(answer: Callable) -> Verdict:
    """Chapter 08: the taps of a doubled row's convolution, made two convolutions of the small row.

    Args:
        answer: takes taps, float (k,), k odd, and returns float (2, n): of the even and of the odd outputs, both centred on
            the small pixel, n = 3 for k = 3 and k = 5, and 5 for k = 7.

    >>> phase_taps(lambda taps: taps)
    Not yet. For k = 3, return two rows of three taps, shape (2, 3); yours is (3,).
    """
    import torch

    rng = np.random.default_rng(0)
    for k, n in {3: 3, 5: 3, 7: 5}.items():
        taps = torch.from_numpy(rng.normal(size=k).astype(np.float32))
        found = torch.as_tensor(answer(taps.clone()))
        if tuple(found.shape) != (2, n):
            words = {3: "three", 5: "five"}[n]
            return Verdict(False, f"For k = {k}, return two rows of {words} taps, shape (2, {n}); yours is {tuple(found.shape)}.")
        wanted = _phases(taps, n)
        if torch.allclose(found.float(), wanted, atol=1e-5):
            continue
        if torch.allclose(found.float(), wanted.flip(0), atol=1e-5):
            return Verdict(False, "The two rows are exchanged: even outputs first.")
        if torch.allclose(found.float(), wanted.flip(1), atol=1e-5):
            return Verdict(False, "Each row is mirrored: the first tap belongs to the pixel on the left.")
        if torch.allclose(found.float(), wanted.roll(1, 1), atol=1e-5) or torch.allclose(found.float(), wanted.roll(-1, 1), atol=1e-5):
            return Verdict(False, "The taps are right but a place off: the middle column belongs to small pixel i.")
        if not torch.allclose(found.float().sum(dim=1), taps.sum().expand(2), atol=1e-4):
            return Verdict(False, f"For k = {k}, each phase must use every tap once: its sum is that of the taps. Add where two taps meet.")
        if torch.allclose(found.float(), wanted.flip(0, 1), atol=1e-5):
            return Verdict(False, "You read the taps from the right: the first one belongs to the pixel on the left, in a network's convolution.")
        if torch.allclose(found[0].float(), found[1].float(), atol=1e-5):
            return Verdict(False, "Both rows are the same, but an odd output lies one doubled pixel to the right of the even one and sees other pairs.")
        if torch.allclose(found.float(), _truncated(taps, n), atol=1e-5):
            return Verdict(False, "Left of the middle you round the wrong way: int() rounds -0.5 to 0, // rounds it down to -1.")
        return Verdict(False, f"For k = {k}: output 2i + p sees doubled pixels 2i + p + j - k // 2, and each lies on half its number, rounded down.")
    return Verdict(True, "Two taps where there were three, and four where there were seven.")


def _phases(taps: "torch.Tensor", n: int) -> "torch.Tensor":  # noqa: F821
    """The same by trying: what each output makes of a single 1 in a small row."""
    import torch
    from torch.nn import functional as F

    rows = torch.eye(4 * n)[:, None].repeat_interleave(2, dim=2)  # (pixel, 1, 2 * 4n), each with one small pixel lit
    seen = F.conv1d(rows, taps.view(1, 1, -1), padding=len(taps) // 2)[:, 0]  # (pixel, outputs)
    middle = 2 * n
    return torch.stack([seen[middle - n // 2 : middle + n // 2 + 1, 2 * middle + p] for p in (0, 1)])


def _truncated(taps: "torch.Tensor", n: int) -> "torch.Tensor":  # noqa: F821
    """What comes out if half of a number is rounded towards zero."""
    import torch

    small = torch.zeros(2, n)
    for p in (0, 1):
        for j, tap in enumerate(taps):
            small[p, int((p + j - len(taps) // 2) / 2) + n // 2] += tap
    return small


def decoded_in_pieces(answer: Callable) -> Verdict:
    """Chapter 08: a film drawn piece by piece, the same as at once.

    Args:
        answer: takes decode, z float (1, T, D) and a size, and returns frames (1, T, ...). decode(z, state) returns the
            frames of z and the state to go on with.

    >>> decoded_in_pieces(lambda decode, z, size: decode(z, None)[0])
    Not yet. You decode 10 frames at once where at most 3 are allowed.
    """
    import torch

    z, longest = torch.randn(1, 10, 2, generator=torch.Generator().manual_seed(0)), 0

    def decode(piece: torch.Tensor, state: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal longest
        longest = max(longest, piece.shape[1])
        sums = piece.cumsum(dim=1) + (0 if state is None else state)
        return 2 * sums, sums[:, -1:]  # a state is not the last frame

    wanted, _ = decode(z, None)
    longest = 0
    found = answer(decode, z, 3)
    if longest == 4:
        return Verdict(False, "You decode 4 frames at once where at most 3 are allowed: z.chunk(size) makes `size` pieces, z.split(size) pieces of `size`.")
    if longest > 3:
        return Verdict(False, f"You decode {longest} frames at once where at most 3 are allowed.")
    if isinstance(found, list | tuple):
        return Verdict(False, "Your function returns a list of pieces: join them along the frames, dimension 1.")
    if found.shape != wanted.shape:
        rest = " The last piece is shorter; it counts, too." if found.shape[1:2] == (9,) else ""
        return Verdict(False, f"10 frames go in, so the film has shape {tuple(wanted.shape)}; yours has {tuple(found.shape)}.{rest}")
    if torch.allclose(found, wanted, atol=1e-5):
        return Verdict(True, "Each piece begins where the one before it ended.")
    if torch.allclose(found[:, :3], wanted[:, :3], atol=1e-5):
        if torch.allclose(found[:, 3:6], decode(z[:, 3:6], None)[0], atol=1e-5):
            return Verdict(False, "The first piece is right, the second begins anew: pass on the state that decode returns.")
        return Verdict(False, "The first piece is right, the second is not: the state is the second thing that decode returns, not its last frame.")
    return Verdict(False, "The pieces are in the wrong order, or the first one did not begin with None.")
