"""Toy sizes shared by the tests of the networks: the same code, a thousandth of the work."""

from emotalk_lite.presets import ModelConfig

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
