"""The two critics: does a frame look real, and which emotion does a video show (paper, "Frame / Emotion Discriminator")."""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor, nn

from ..presets import ModelConfig
from .emotion import N_EMOTIONS
from .layers import SLOPE


def convolutions(channels: int, filters: tuple[int, ...]) -> nn.Sequential:
    """3x3 convolutions with stride 2 and padding 1, a leaky ReLU after each: what both critics begin with.

    Slope 0.2 (paper); the reference has 0.3.

    >>> convolutions(6, (8, 8))(torch.zeros(1, 6, 16, 16)).shape
    torch.Size([1, 8, 4, 4])
    """
    layers: list[nn.Module] = []
    for n in filters:
        layers += [nn.Conv2d(channels, n, 3, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
        channels = n
    return nn.Sequential(*layers)


class FrameCritic(nn.Module):
    """Scores each frame beside the condition image: the higher, the more real (WGAN, no sigmoid).

    Input: frames (B, T, 3, H, H) and image (B, 3, H, H), both in [-1, 1]. Output: scores (B, T).

    Source: paper, "Frame Discriminator"; widths of the fully connected layers from the reference.

    >>> critic = FrameCritic(ModelConfig(image_size=32, filters=(4, 8, 8), critic_filters=(4, 8, 8), critic_dim=16))
    >>> critic(torch.zeros(2, 5, 3, 32, 32), torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 5])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.convolutions = convolutions(6, config.critic_filters)
        self.score = nn.Sequential(
            nn.Linear(_flat(config), config.critic_dim), nn.LeakyReLU(SLOPE), nn.Linear(config.critic_dim, 1)
        )

    def forward(self, frames: Tensor, image: Tensor) -> Tensor:
        pairs = torch.cat([frames, repeat(image, "b c h w -> b t c h w", t=frames.shape[1])], dim=2)
        h = self.convolutions(rearrange(pairs, "b t c h w -> (b t) c h w"))
        return rearrange(self.score(h.flatten(1)), "(b t) 1 -> b t", b=frames.shape[0])


class EmotionCritic(nn.Module):
    """Classifies a video: anger, disgust, fear, happiness, neutral, sadness, or generated.

    Input: frames (B, T, 3, H, H) in [-1, 1]. Output: logits (B, 7), from the last step of an LSTM over the frames.

    Source: paper, "Emotion Discriminator"; widths from the reference.

    >>> critic = EmotionCritic(ModelConfig(image_size=32, filters=(4, 8, 8), critic_filters=(4, 8, 8), critic_dim=16))
    >>> critic(torch.zeros(2, 5, 3, 32, 32)).shape
    torch.Size([2, 7])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim = config.critic_dim // 4  # 512 (reference)
        self.convolutions = convolutions(3, config.critic_filters)
        self.project = nn.Sequential(
            nn.Linear(_flat(config), config.critic_dim), nn.LeakyReLU(SLOPE), nn.Linear(config.critic_dim, dim)
        )
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.classify = nn.Linear(dim, N_EMOTIONS + 1)

    def forward(self, frames: Tensor) -> Tensor:
        h = self.convolutions(rearrange(frames, "b t c h w -> (b t) c h w"))
        h = rearrange(self.project(h.flatten(1)), "(b t) d -> b t d", b=frames.shape[0])
        h, _ = self.lstm(h)
        return self.classify(h[:, -1])


def _flat(config: ModelConfig) -> int:
    """Length of the flattened last map of `convolutions` (8192 at the paper's size)."""
    return config.critic_filters[-1] * (config.image_size // 2 ** len(config.critic_filters)) ** 2
