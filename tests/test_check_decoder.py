"""The exercise checks of chapter 08: the right answer passes, and each wrong one is told where to look."""

import pytest
import torch
from torch.nn.functional import pad

from emotalk_lite import check
from emotalk_lite.models.upsample import phase_kernel

WHOLE = 25 * (256 + 259)


@pytest.mark.parametrize(
    "share, hint",
    [((25 * 256 + 259) / WHOLE, "A little more than half"), (256 / 515, "not never"), (1 - (25 * 256 + 259) / WHOLE, "is saved"),
     ((256 + 25 * 259) / WHOLE, "computed the map once"), (1 / 25, "another one each time"), (4 / 9 * 256 / 515, "the other rewrite"),
     (0.52, "three digits"), (6659, "divide"), (0.9, "count channels")],
)
def test_skip_once_share(share, hint):
    verdict = check.skip_once_share(share)
    assert hint in verdict.hint and bool(verdict) == ("A little" in hint)


def phases(taps, shift=0, both=True, rounded=lambda x: x // 2):
    k = len(taps)
    reach = (k // 2 + 1) // 2
    small = torch.zeros(2, 2 * reach + 1)
    for p in (0, 1):
        for j in range(k):
            place = rounded(p + j - k // 2) + reach
            small[p, place] = (small[p, place] if both else 0) + taps[j]
    return small.roll(shift, 1)


@pytest.mark.parametrize(
    "answer, hint",
    [
        (phases, "Two taps where"),
        (lambda taps: phases(taps).flip(0), "exchanged"),
        (lambda taps: phases(taps).flip(1), "mirrored"),
        (lambda taps: phases(taps, shift=1), "a place off"),
        (lambda taps: phases(taps, both=False), "where two taps meet"),
        (lambda taps: phases(taps.flip(0)), "from the right"),
        (lambda taps: (phases(taps) + phases(taps.flip(0))) / 2, "rounded down"),
        (lambda taps: phases(taps)[0], "shape (2, 3)"),
        (lambda taps: phases(taps, rounded=lambda x: int(x / 2)), "rounds -0.5"),
        (lambda taps: phases(taps)[[0, 0]], "Both rows"),
        (lambda taps: pad(phases(taps), (0, int(len(taps) == 5))), "For k = 5, return two rows of three taps"),
    ],
)
def test_phase_taps(answer, hint):
    verdict = check.phase_taps(answer)
    assert hint in verdict.hint and bool(verdict) == (answer is phases)


def test_the_package_folds_its_kernels_so():
    def from_the_package(taps):
        column = torch.zeros(len(taps))
        column[len(taps) // 2] = 1  # a kernel that only its middle row fills: the rows of its phases are the row's phases
        kernel = phase_kernel(torch.outer(column, taps)[None, None]).view(2, 2, *[5 if len(taps) == 7 else 3] * 2)
        return kernel[0].sum(dim=1)

    assert check.phase_taps(from_the_package)


def in_pieces(decode, z, size, hand_on="state", last=True, order=1, cut="split", joined=True):
    state, drawn = None, []
    for piece in getattr(z, cut)(size, dim=1):
        if last or piece.shape[1] == size:
            frames, new = decode(piece, state)
            drawn.append(frames)
            state = {"state": new, "nothing": None, "frame": frames[:, -1:]}[hand_on]
    return torch.cat(drawn[::order], dim=1) if joined else drawn


@pytest.mark.parametrize(
    "mistake, hint",
    [({}, "where the one before it ended"), ({"hand_on": "nothing"}, "pass on the state"), ({"hand_on": "frame"}, "not its last frame"), ({"last": False}, "shorter"), ({"order": -1}, "wrong order"),
     ({"cut": "chunk"}, "pieces of `size`"), ({"joined": False}, "dimension 1")],
)
def test_decoded_in_pieces(mistake, hint):
    verdict = check.decoded_in_pieces(lambda *given: in_pieces(*given, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


def test_decoded_in_pieces_looks_at_the_size():
    assert "at most 3" in check.decoded_in_pieces(lambda decode, z, size: decode(z, None)[0]).hint
