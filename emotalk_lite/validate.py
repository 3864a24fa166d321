"""Does it look like the real clip? The same numbers while training, in the book and in the benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from einops import rearrange

from .data.windows import ClipWindows, one_hot, to_uint8
from .emotions import EMOTIONS
from .metrics.image import mouth_correlation, psnr, ssim
from .models.generator import Generator
from .models.noise import sample_noise


@dataclass
class Validation:
    """Generated clips beside the real ones, and what they score.

    scores: per clip name {"psnr": dB, "ssim": [-1, 1], "mouth_correlation": [-1, 1]}.
    generated, real: per clip name uint8 (T, H, W, 3).
    """

    scores: dict[str, dict[str, float]]
    generated: dict[str, np.ndarray]
    real: dict[str, np.ndarray]

    def means(self) -> dict[str, float]:
        """The mean of each score over the clips."""
        names = next(iter(self.scores.values()))
        return {name: float(np.mean([s[name] for s in self.scores.values()])) for name in names}

    def strip(self, n_frames: int = 8) -> np.ndarray:
        """One picture, uint8 (rows, width, 3): for each clip a row of real frames above a row of generated ones."""
        rows = []
        for name, real in self.real.items():
            chosen = np.linspace(0, len(real) - 1, n_frames).round().astype(int)
            rows += [real[chosen], self.generated[name][chosen]]
        return rearrange(np.stack(rows), "r n h w c -> (r h) (n w) c")


@torch.inference_mode()
def validate(generator: Generator, examples: ClipWindows, seed: int = 0) -> Validation:
    """Generate one whole clip of every emotion from its own speech and the first neutral frame, and compare.

    Args:
        generator: the model; it is put into evaluation mode.
        examples: where the clips and the condition images come from.
        seed: of the noise.

    Returns:
        Scores and frames of up to six clips, one an emotion.
    """
    generator.eval()
    device = next(generator.parameters()).device
    first_of = {e.emotion: e for e in reversed(examples.entries)}
    result = Validation({}, {}, {})
    for entry in (first_of[e] for e in EMOTIONS if e in first_of):
        clip = examples.clip(entry)
        rng = torch.Generator(device).manual_seed(seed)
        frames = generator(
            examples.condition_image(entry)[None].to(device),
            torch.from_numpy(clip.audio)[None].to(device),
            one_hot(clip.emotion)[None].to(device),
            sample_noise(1, len(clip.frames), generator.config.noise_dim, rng),
        )
        drawn = to_uint8(frames[0])
        result.generated[clip.name], result.real[clip.name] = drawn, clip.frames
        result.scores[clip.name] = {
            "psnr": psnr(drawn, clip.frames),
            "ssim": ssim(drawn, clip.frames),
            "mouth_correlation": mouth_correlation(drawn, clip.frames, clip.mouth_centre),
        }
    return result
