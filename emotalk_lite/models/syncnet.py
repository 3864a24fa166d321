"""SyncNet: does this mouth belong to this sound? Two towers map a fifth of a second of each into one space.

As in the original, five frames meet 20 columns of a spectrogram, and what belongs together lies close. Ours is small,
hears 8 kHz, and sees how the mouth differs from its own mean picture, so that a face is no evidence of a sound.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn

from ..data.align import TEMPLATE
from ..presets import IMAGE_SIZE, SAMPLE_RATE, SAMPLES_PER_FRAME

WINDOW = 5  # video frames, 0.2 s (Chung & Zisserman 2016)
COLUMNS = 4  # of the spectrogram a video frame: 100 a second (Chung & Zisserman 2016)
HOP = SAMPLES_PER_FRAME // COLUMNS  # 80 samples
MELS = 40
RANGE = 50.0  # dB below a recording's loudest point; what is softer counts as silence
CROP = 48  # pixels of an aligned face, from the nose's tip to the chin
MOUTH = tuple(round(float(c)) for c in TEMPLATE[3:].mean(axis=0) * IMAGE_SIZE)  # x, y in pixels: where alignment puts the mouth
CONTRAST = 0.15  # of 1: about how far a moving mouth's pixels are from their mean
DIM = 64  # of an embedding


class SyncNet(nn.Module):
    """A tower for mouths and one for sounds; both give embeddings of length 1.

    Source: Chung & Zisserman 2016, "Out of time: automated lip sync in the wild", with fewer and narrower layers.

    >>> network = SyncNet().eval()
    >>> mouths, sounds = torch.zeros(2, WINDOW, CROP, CROP), torch.zeros(2, MELS, WINDOW * COLUMNS)
    >>> network.see(mouths).shape, network.hear(sounds).shape
    (torch.Size([2, 64]), torch.Size([2, 64]))
    """

    def __init__(self) -> None:
        super().__init__()
        self.seeing = nn.Sequential(
            _layer(WINDOW, 24, 5, 2),  # 24 x 24
            _layer(24, 48, 3, 2),
            _layer(48, 64, 3, 2),
            _layer(64, 96, 3, 2),  # 3 x 3
            nn.Flatten(),
            nn.Linear(96 * 9, DIM),
        )
        self.hearing = nn.Sequential(
            _layer(1, 24, 3, (2, 1)),  # 20 x 20
            _layer(24, 48, 3, 2),
            _layer(48, 64, 3, 2),
            _layer(64, 96, 3, 2),  # 3 x 3
            nn.Flatten(),
            nn.Linear(96 * 9, DIM),
        )

    def see(self, mouths: Tensor) -> Tensor:
        """(N, 5, 48, 48) of `mouth_windows` to (N, 64)."""
        return nn.functional.normalize(self.seeing(mouths), dim=1)

    def hear(self, sounds: Tensor) -> Tensor:
        """(N, 40, 20) of `sound_windows` to (N, 64)."""
        return nn.functional.normalize(self.hearing(rearrange(sounds, "n m t -> n 1 m t")), dim=1)


def _layer(channels: int, filters: int, kernel: int, stride: int | tuple[int, int]) -> nn.Sequential:
    conv = nn.Conv2d(channels, filters, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(filters), nn.ReLU())


def mouth_crops(frames: np.ndarray, margin: int = 0) -> Tensor:
    """The mouths of aligned faces in grey.

    Args:
        frames: uint8 (T, 128, 128, 3).
        margin: more pixels on each side.

    Returns:
        (T, 48 + 2 margin, 48 + 2 margin) float32 in [0, 1].

    >>> mouth_crops(np.full((2, 128, 128, 3), 255, np.uint8)).shape
    torch.Size([2, 48, 48])
    """
    x, y = (c - CROP // 2 - margin for c in MOUTH)
    side = CROP + 2 * margin
    return torch.from_numpy(frames[:, y : y + side, x : x + side]).float().mean(dim=3) / 255


def mouth_windows(crops: Tensor) -> Tensor:
    """Every five frames in a row, as differences from the mean picture of all.

    Args:
        crops: (T, 48, 48) of `mouth_crops`, T >= 5.

    Returns:
        (T - 4, 5, 48, 48).

    >>> mouth_windows(torch.rand(7, 48, 48)).shape
    torch.Size([3, 5, 48, 48])
    """
    moved = (crops - crops.mean(dim=0)) / CONTRAST
    return rearrange(moved.unfold(0, WINDOW, 1), "n h w t -> n t h w")


def log_mel(speech: Tensor) -> Tensor:
    """A mel spectrogram in decibels, 100 columns a second.

    Args:
        speech: (320 T,) at 8 kHz.

    Returns:
        (40, 4 T) in [-1, 1]: from 50 dB below the loudest point, or softer, to the loudest point.

    Source: torchaudio.

    >>> log_mel(torch.randn(640)).shape
    torch.Size([40, 8])
    """
    power = _spectrogram()(speech)[:, :-1]  # (40, 4 T); column k is centred on sample 80 k
    decibels = 10 * torch.log10(power / power.max().clamp_min(1e-9) + 1e-9)
    return decibels.clamp_min(-RANGE) / (RANGE / 2) + 1


def sound_windows(mel: Tensor) -> Tensor:
    """The 20 columns beside every five frames in a row.

    Args:
        mel: (40, 4 T) of `log_mel`, T >= 5.

    Returns:
        (T - 4, 40, 20).

    >>> sound_windows(torch.zeros(40, 28)).shape
    torch.Size([3, 40, 20])
    """
    return rearrange(mel.unfold(1, WINDOW * COLUMNS, COLUMNS), "m n t -> n m t")


@lru_cache(maxsize=1)
def _spectrogram() -> nn.Module:
    from torchaudio.transforms import MelSpectrogram

    return MelSpectrogram(SAMPLE_RATE, n_fft=512, win_length=200, hop_length=HOP, n_mels=MELS)  # 25 ms windows
