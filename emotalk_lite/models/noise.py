"""Noise encoder: what the speech does not determine, smooth in time (paper, "Noise Encoder")."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..presets import ModelConfig


def sample_noise(batch: int, n_frames: int, dim: int, generator: torch.Generator) -> Tensor:
    """Draw N(0, 1) for every frame, on the generator's device.

    Args:
        batch: number of clips B.
        n_frames: frames T.
        dim: noise dimension D.
        generator: where all randomness comes from; the same state gives the same noise.

    Returns:
        (B, T, D) float32.

    Source: paper, "Noise Encoder".

    >>> g = torch.Generator().manual_seed(0)
    >>> sample_noise(2, 3, 4, g).shape
    torch.Size([2, 3, 4])
    """
    return torch.randn(batch, n_frames, dim, generator=generator, device=generator.device)


class NoiseEncoder(nn.Module):
    """One LSTM layer over a noise vector a frame: (B, T, noise_dim) to the same shape.

    Source: paper, "Noise Encoder"; the dimension 128 is the reference's.

    >>> NoiseEncoder(ModelConfig(noise_dim=4))(torch.zeros(2, 5, 4)).shape
    torch.Size([2, 5, 4])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.lstm = nn.LSTM(config.noise_dim, config.noise_dim, batch_first=True)

    def forward(self, noise: Tensor) -> Tensor:
        h, _ = self.lstm(noise)
        return h
