"""Toy sizes shared by the tests of networks and training: the same code, a thousandth of the work."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from einops import reduce

from emotalk_lite.data.clips import Manifest, load_clip, save_clip
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.presets import SAMPLES_PER_FRAME, ModelConfig, Preset, TrainConfig

TOY = ModelConfig(
    image_size=32,
    filters=(4, 8, 8),
    last_filters=4,
    speech_filters=(4, 4, 4, 4),
    speech_dim=12,
    image_dim=10,
    emotion_dim=8,
    noise_dim=6,
    se_ratio=1,
    critic_filters=(4, 8, 8),
    critic_dim=16,
)

# Two clips a step, four frames each; every stage is short and saves often
TOY_PRESET = Preset(
    "toy",
    TOY,
    TrainConfig(
        critic_steps=6,
        pretrain_steps=12,
        joint_steps=6,
        window=4,
        learning_rate=3e-3,
        final_learning_rate=3e-3,
        joint_learning_rate=1e-3,
        critic_learning_rate=1e-3,
        ema_decay=0.9,
        perceptual_features="efficientnet_lite0",
        perceptual_frames=1,
        log_every=2,
        checkpoint_every=2,
        validate_every=6,
    ),
)


def toy_folder(manifest: Manifest, folder: Path, emotions: tuple[str, ...] = EMOTIONS, rows: slice = slice(24)) -> Path:
    """A prepared folder of some frames of the real clips at 32 x 32: the mean of every 4 x 4 pixels."""
    entries = []
    for entry in manifest.clips:
        if entry.emotion not in emotions:
            continue
        clip = load_clip(manifest.path(entry))
        frames = reduce(clip.frames[rows].astype(np.float32), "t (h a) (w b) c -> t h w c", "mean", a=4, b=4)
        points = {k: getattr(clip, k)[rows] / 4 for k in ("landmarks", "mouth_centre", "eye_centres")}
        audio = clip.audio.reshape(-1, SAMPLES_PER_FRAME)[rows].flatten()
        small = replace(clip, frames=frames.round().astype(np.uint8), audio=audio, **points)
        save_clip(small, folder / entry.file)
        entries.append(replace(entry, size=(folder / entry.file).stat().st_size, n_frames=len(small)))
    Manifest(entries).save(folder)
    return folder
