"""Emotion encoder: six numbers become an embedding (paper, "Emotion encoder")."""

from __future__ import annotations

from torch import Tensor, nn

from ..emotions import EMOTIONS
from ..presets import ModelConfig
from .layers import SLOPE

N_EMOTIONS = len(EMOTIONS)


class EmotionEncoder(nn.Module):
    """Two fully connected layers, a leaky ReLU after each.

    Input (B, 6): one-hot, or a blend (weights between 0 and 1), or all zeros for no emotion condition.
    Output (B, emotion_dim); the generator repeats it over the frames.

    Source: paper, "Emotion encoder".

    >>> import torch
    >>> EmotionEncoder(ModelConfig(emotion_dim=8))(torch.eye(6)).shape
    torch.Size([6, 8])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(N_EMOTIONS, config.emotion_dim),
            nn.LeakyReLU(SLOPE),
            nn.Linear(config.emotion_dim, config.emotion_dim),
            nn.LeakyReLU(SLOPE),
        )

    def forward(self, emotion: Tensor) -> Tensor:
        return self.net(emotion)
