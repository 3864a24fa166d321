"""Does it look like the real clip? The same numbers while training, in the book and in the benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from einops import rearrange

from .data.clips import Entry
from .data.windows import ClipWindows, emotion_condition, to_signed, to_uint8
from .emotions import EMOTIONS
from .generate import generate
from .metrics.image import mouth_correlation, mouth_error, mouth_motion, psnr, ssim
from .models.critics import EmotionCritic
from .models.generator import Generator

LEAST_MOTION = 0.01  # grey levels a frame: less motion than any film has, so that a still clip divides by something


@dataclass
class Validation:
    """Generated clips beside the real ones, and what they score.

    scores: per clip name {"psnr": dB, "ssim": [-1, 1], "mouth_correlation": [-1, 1], "mouth_error": grey levels,
        "mouth_motion": 1 is as much as the real mouth moves, 0 is frozen}. The correlation is that of the brightness around
        the mouth, frame by frame; `evaluate` has others, of the lips' gap and with a lag, whose names end in "follows_real".
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
def validate(generator: Generator, examples: ClipWindows, n_clips: int = len(EMOTIONS), seed: int = 0) -> Validation:
    """Generate whole clips, one an emotion, as `talk` does, from their own speech and the first neutral frame, and compare.

    Args:
        generator: the model; it is put into evaluation mode.
        examples: where the clips and the condition images come from.
        n_clips: at most so many, of the first emotions.
        seed: of the noise.

    Returns:
        Scores and frames of each clip.
    """
    generator.eval()
    result = Validation({}, {}, {})
    for entry in one_of_each_emotion(examples)[:n_clips]:
        clip = examples.clip(entry)
        image, emotion = to_uint8(examples.condition_image(entry)), emotion_condition(clip, examples.intensities)
        drawn = generate(generator, image, clip.audio, emotion.tolist(), seed=seed)
        result.generated[clip.name], result.real[clip.name] = drawn, clip.frames
        result.scores[clip.name] = {
            "psnr": psnr(drawn, clip.frames),
            "ssim": ssim(drawn, clip.frames),
            "mouth_correlation": mouth_correlation(drawn, clip.frames, clip.mouth_centre),
            "mouth_error": mouth_error(drawn, clip.frames, clip.mouth_centre),
            "mouth_motion": mouth_motion(drawn, clip.mouth_centre) / max(mouth_motion(clip.frames, clip.mouth_centre), LEAST_MOTION),
        }
    return result


@torch.inference_mode()
def emotion_accuracy(critic: EmotionCritic, examples: ClipWindows, n_clips: int = len(EMOTIONS)) -> float:
    """The share of real clips whose emotion the critic names; the clips are those of :func:`validate`."""
    device = next(critic.parameters()).device
    clips = [examples.clip(entry) for entry in one_of_each_emotion(examples)[:n_clips]]
    named = [critic(to_signed(clip.frames)[None].to(device)).argmax().item() for clip in clips]
    return float(np.mean([EMOTIONS[i] == clip.emotion if i < len(EMOTIONS) else False for i, clip in zip(named, clips)]))


def one_of_each_emotion(examples: ClipWindows) -> list[Entry]:
    """One clip an emotion, of different actors where there are several: of the i-th emotion the first clip of the i-th actor.

    Where that actor has none, it is the emotion's first clip.
    """
    actors, chosen = sorted({entry.actor for entry in examples.entries}), []
    for i, emotion in enumerate(EMOTIONS):
        entries = [entry for entry in examples.entries if entry.emotion == emotion]
        of_actor = [entry for entry in entries if entry.actor == actors[i % len(actors)]]
        chosen += (of_actor or entries)[:1]
    return chosen
