"""Motion that knows nothing of the face: where pixels come from and where to draw, from speech, noise and emotion alone."""

from __future__ import annotations

from math import log2

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from ..presets import ModelConfig
from .speech import SLOPE
from .upsample import upsample_conv

LITTLE = -2.0  # the mask's first bias; its sigmoid is 0.12. With more, drawing is easier than moving, and nothing moves
SMALLEST = 4  # pixels, width and height of the first map, as the decoder's


class MotionBranch(nn.Module):
    """A small decoder without skips, for `output="warp"`: three maps that say how *any* aligned face moves.

    All faces are aligned, so a mouth is where mouths are, and what opens one opens another. A branch that sees the picture
    learns to move the faces it was trained on and to leave strangers still; this one cannot tell them apart. It works at half
    the frame's size, for motion is smooth.

    Input: z (B, T, fusion_dim), of which it ignores the image's part.
    Output: motion (B*T, 2, H, W), before the tanh, and mask (B*T, 1, H, W), before the sigmoid.

    Not in the paper; see `output`.

    >>> config = ModelConfig(image_size=32, filters=(4, 8, 8), speech_dim=8, image_dim=8, emotion_dim=8, noise_dim=4)
    >>> motion, mask = MotionBranch(config)(torch.zeros(2, 5, 28))
    >>> motion.shape, mask.shape
    (torch.Size([10, 2, 32, 32]), torch.Size([10, 1, 32, 32]))
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.parts = [config.speech_dim, config.noise_dim, config.image_dim, config.emotion_dim]  # of the fusion, in its order
        self.size = config.image_size
        n_blocks = int(log2(self.size / 2 / SMALLEST))
        filters = [max(8, config.filters[-1] // 2**i) for i in range(n_blocks + 1)]  # 128, 64, 32, 16, 8 in the `cpu` preset
        self.fc = nn.Linear(config.fusion_dim - config.image_dim, filters[0] * SMALLEST**2)
        self.blocks = nn.ModuleList(nn.Conv2d(a, b, 3) for a, b in zip(filters, filters[1:]))
        self.last = nn.Conv2d(filters[-1], 3, 3, padding=1)

    @torch.no_grad()
    def start_still(self) -> None:
        """Set the last weights so that nothing moves and little is drawn: the frames are the picture."""
        self.last.weight.zero_()
        self.last.bias.copy_(torch.tensor([0.0, 0.0, LITTLE]))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        speech, noise, _, emotion = z.split(self.parts, dim=-1)
        h = F.leaky_relu(self.fc(torch.cat([speech, noise, emotion], dim=-1)), SLOPE)
        h = rearrange(h, "b t (c h w) -> (b t) c h w", h=SMALLEST, w=SMALLEST)
        for conv in self.blocks:
            h = F.leaky_relu(upsample_conv(h, conv.weight, conv.bias), SLOPE)
        maps = F.interpolate(self.last(h), size=(self.size, self.size), mode="bilinear", align_corners=False)
        return maps[:, :2], maps[:, 2:]
