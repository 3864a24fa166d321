"""The smile of a picture, for the output `warp`: it is let go where another emotion is asked for.

Not in the paper. The motion was learned on faces that are neutral in their pictures: it makes a mouth angry or sad, but takes nothing
away. Whoever smiles in the picture would be angry with a smile. So the corners of the mouth go down and in before the rest is moved.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor

from ..emotions import EMOTIONS
from .pixels import around

CORNERS = 0.15, 0.02  # of the width: how far beside the middle between its corners, as MTCNN marks them, and below it, a smile ends
DOWN, INWARDS = 0.022, 0.03  # of the width: how far the corners go; with more, the person is another
LEAST_ASKED = 0.3  # of all weights together: who asks for a little sadness does not ask for a smile; who asks for nothing keeps it
CHEEK_REACH = 0.085  # of the width: how much of a cheek goes with its corner


def let_go(image: Tensor, mouth: Tensor, smile: Tensor, emotion: Tensor | None) -> Tensor:
    """The motion that lets go of a smile: of as much of it as the share that other emotions than happiness have in what is asked for.

    Args:
        image: (B, 3, H, W), whose size the motion has.
        mouth: (B, 2), x and y of the middle between its corners, as shares of the width.
        smile: (B,) in [0, 1], whether the picture smiles; with teeth, for a shut mouth's smile is hard to tell from its form.
        emotion: (B, 6), weights, or (B, T, 6) where they change with time; None: as in the picture.

    Returns:
        (B, 1, 2, H, W), or (B, T, 2, H, W): x and y of where in the picture each pixel comes from, as shares of the width and the height.

    >>> image, mouth, anger, happiness = torch.zeros(1, 3, 64, 64), torch.tensor([[0.5, 0.7]]), torch.eye(6)[:1], torch.eye(6)[3:4]
    >>> left = let_go(image, mouth, torch.ones(1), anger)[0, 0, :, 46, 22]
    >>> bool(left[0] < 0 and left[1] < 0), let_go(image, mouth, torch.ones(1), happiness).abs().max().item()
    (True, 0.0)
    """
    if emotion is None:
        return torch.zeros_like(image[:, None, :2])
    asked = (emotion if emotion.ndim == 3 else emotion[:, None]).clamp(min=0)  # (B, T or 1, 6)
    everything = asked.sum(dim=-1)
    others = everything - asked[..., EMOTIONS.index("happiness")]
    amount = smile[:, None] * others / everything.clamp(min=LEAST_ASKED)
    beside, below = CORNERS
    left, right = (around(mouth + torch.tensor([x, below], device=mouth.device), CHEEK_REACH, image) for x in (-beside, beside))
    motion = torch.stack([INWARDS * (right - left), -DOWN * (right + left)], dim=1)
    return rearrange(amount, "b t -> b t 1 1 1") * motion[:, None]
