"""What stands still in a film stands still when it is enlarged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

CHANGE = 4.0  # grey levels: about as much as noise and compression change a thing that does not move
HOLD = 0.9  # of what was shown, where nothing has changed at all


def steadied(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> Iterator[np.ndarray]:
    """Mix each enlarged frame with what was shown before it, by how little the film has changed there.

    A network that sees one frame at a time makes other detail of other noise, and the detail shimmers. What was shown has
    the weight w = HOLD exp(-(d / CHANGE)^2) where the small film differs by d grey levels (mean of 3 x 3 pixels) from the
    small film *mixed alike*. So what moves is left alone, and what changes slowly is late by w d, 1.6 grey levels at most.

    Args:
        pairs: frames in order, uint8 (H, W, 3), each with the same enlarged by a whole number, uint8 (rH, rW, 3).

    Returns:
        An iterator of the enlarged frames, uint8 (rH, rW, 3). The first is as it was.

    >>> pairs = [(np.full((2, 2, 3), 100, np.uint8), np.full((8, 8, 3), level, np.uint8)) for level in (100, 110, 90)]
    >>> [int(frame.mean()) for frame in steadied(pairs)]
    [100, 101, 100]
    """
    held: tuple[Tensor, Tensor] | None = None
    for pair in pairs:
        small, large = (torch.from_numpy(frame).float() for frame in pair)
        if held is None:
            held = small, large
            yield pair[1]
            continue
        kept = weight(small - held[0])
        rest = F.interpolate(kept, scale_factor=large.shape[0] // small.shape[0], mode="bilinear")
        held = torch.lerp(small, held[0], kept[0, 0, :, :, None]), torch.lerp(large, held[1], rest[0, 0, :, :, None])
        yield held[1].round().byte().numpy()


def weight(change: Tensor) -> Tensor:
    """How much of what was shown is kept, of the change in grey levels: (H, W, 3) to (1, 1, H, W) in [0, HOLD].

    >>> weight(torch.zeros(2, 2, 3)).unique(), weight(torch.full((2, 2, 3), 20.0)).max() < 1e-9
    (tensor([0.9000]), tensor(True))
    """
    size = rearrange(change.abs().mean(-1), "h w -> 1 1 h w")
    size = F.avg_pool2d(F.pad(size, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return HOLD * torch.exp(-((size / CHANGE) ** 2))
