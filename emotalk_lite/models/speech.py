"""Speech encoder: an 8 kHz waveform becomes one embedding a video frame (paper, "Speech encoder")."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

from ..presets import SAMPLES_PER_FRAME, ModelConfig
from .layers import SLOPE

KERNELS = (63, 31, 17, 9)  # samples (paper)
STRIDES = (4, 4, 2, 2)  # 8000 / 64 = 125 vectors a second (paper)
VECTORS_PER_FRAME = SAMPLES_PER_FRAME // 64  # 5: every fifth vector starts a video frame


def add_context(features: Tensor, n_context: int) -> Tensor:
    """Join every fifth speech vector with its `n_context` neighbours on each side.

    The edges are padded with zeros, so inference is deterministic; the reference draws N(0, 0.002) there.

    Args:
        features: (B, 5T, F), 125 vectors a second.
        n_context: neighbours on each side.

    Returns:
        (B, T, (2 n_context + 1) F), 25 vectors a second, oldest neighbour first.

    Source: paper, "Speech encoder" (context layer); the width is the reference's.

    >>> x = torch.arange(10.0).reshape(1, 10, 1)
    >>> add_context(x, 1)[0].tolist()
    [[0.0, 0.0, 1.0], [4.0, 5.0, 6.0]]
    """
    padded = nn.functional.pad(features, (0, 0, n_context, n_context))
    if torch.compiler.is_compiling():  # its backward of `unfold` is wrong where windows overlap (PyTorch 2.13)
        first = torch.arange(0, features.shape[1], VECTORS_PER_FRAME, device=features.device)
        every = first[:, None] + torch.arange(2 * n_context + 1, device=features.device)  # (T, 2n+1)
        return rearrange(padded[:, every], "b t n f -> b t (n f)")
    windows = padded.unfold(1, 2 * n_context + 1, VECTORS_PER_FRAME)  # (B, T, F, 2n+1)
    return rearrange(windows, "b t f n -> b t (n f)")


class SpeechEncoder(nn.Module):
    """Five 1-D convolutions, the context layer, one fully connected layer and two LSTM layers.

    Input (B, 320 T) float in [-1, 1] at 8 kHz, output (B, T, speech_dim).

    Raises:
        ValueError: the number of samples is not a multiple of 320.

    Source: paper, "Speech encoder"; padding and sizes of the reference.

    >>> config = ModelConfig(speech_filters=(4, 4, 4, 4), speech_dim=8)
    >>> SpeechEncoder(config)(torch.zeros(2, 3 * 320)).shape
    torch.Size([2, 3, 8])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for filters, kernel, stride in zip(config.speech_filters, KERNELS, STRIDES):
            layers += [
                nn.ReflectionPad1d((kernel - 1) // 2),
                nn.Conv1d(channels, filters, kernel, stride),
                nn.LeakyReLU(SLOPE),
            ]
            channels = filters
        layers += [nn.Conv1d(channels, config.speech_features, 1), nn.LeakyReLU(SLOPE)]
        self.convolutions = nn.Sequential(*layers)
        self.n_context = config.n_context
        self.fc = nn.Sequential(nn.Linear(config.context_dim, config.speech_dim), nn.LeakyReLU(SLOPE))
        self.lstm = nn.LSTM(config.speech_dim, config.speech_dim, num_layers=2, batch_first=True)

    def forward(self, speech: Tensor) -> Tensor:
        if speech.shape[-1] % SAMPLES_PER_FRAME:
            raise ValueError(f"speech has {speech.shape[-1]} samples, not a multiple of {SAMPLES_PER_FRAME}")
        h = self.convolutions(rearrange(speech, "b n -> b 1 n"))  # (B, 16, 5T)
        h = add_context(rearrange(h, "b f n -> b n f"), self.n_context)  # (B, T, 560)
        h, _ = self.lstm(self.fc(h))  # (B, T, 512)
        return h
