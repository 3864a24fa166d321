"""Every size and every budget in one place: the same network at several scales.

``smoke`` runs in seconds and exists for tests, ``cpu`` is the default and gives a real result in minutes on two
cores, ``cuda`` is the size of the paper for minutes on a GPU, ``p100`` and ``a100`` are the paper's own two runs.
The code is the same; a preset is all that differs. What there is to set, and what it may be, stands in `config`.
"""

from __future__ import annotations

from dataclasses import replace

from .config import FPS, IMAGE_SIZE, SAMPLE_RATE, SAMPLES_PER_FRAME, ModelConfig, Preset, TrainConfig
from .errors import EmotalkError

__all__ = ["FPS", "IMAGE_SIZE", "PRESETS", "SAMPLES_PER_FRAME", "SAMPLE_RATE", "STAGES", "ModelConfig", "Preset", "TrainConfig"]


def epochs(count: int) -> int:
    """Steps of so many of the paper's epochs: 100 videos (Dataset), two a step (Implementation Details).

    >>> epochs(1)
    50
    """
    return count * 100 // 2


def of_other_epochs(preset: Preset, clips: int, stages: tuple[str, ...]) -> str:
    """What the budget of the paper's two runs is in epochs of these clips, in a line; empty where it is the paper's, or another preset's.

    >>> of_other_epochs(PRESETS["p100"], clips=6, stages=("critic", "joint"))
    'preset p100 counts epochs of 100 clips, 2 a step; with 6 clips, 2 a step, its budget is 8333.3 epochs (critic), 3333.3 epochs (joint)'
    >>> of_other_epochs(PRESETS["p100"], clips=100, stages=("critic",)) or of_other_epochs(PRESETS["cpu"], 6, ("critic",))
    ''
    """
    config = preset.train
    if not preset.name.startswith(("p100", "a100")) or clips == epochs(1) * config.batch_size:
        return ""
    budget = ", ".join(f"{round(config.budget(stage) * config.batch_size / clips, 1):g} epochs ({stage})" for stage in stages)
    return f"preset {preset.name} counts epochs of 100 clips, 2 a step; with {clips} clips, {config.batch_size} a step, its budget is {budget}"


CPU_MODEL = ModelConfig(
    filters=(16, 32, 64, 128, 128),
    last_filters=8,
    speech_filters=(16, 32, 64, 128),
    speech_dim=128,
    image_dim=128,
    emotion_dim=128,
    noise_dim=32,
    conv_lstm=False,
    critic_filters=(16, 32, 64, 128, 128),
    critic_dim=512,
)
CPU_TRAIN = TrainConfig(
    critic_steps=250,
    pretrain_steps=2700,
    joint_steps=180,  # each costs as much as three and a half of pretraining
    batch_size=1,
    learning_rate=1.5e-3,
    final_learning_rate=1e-5,
    joint_learning_rate=1e-4,
    critic_learning_rate=5e-4,
    warmup_steps=50,
    betas=(0.9, 0.99),
    ema_decay=0.99,
    mask_floor=0.2,
    eye_mean_over="image",
    perceptual_features="efficientnet_lite0",
    perceptual_frames=2,
    voice_shifts=(0, 0, -3, 3, 6),
    grad_clip=1.0,
    checkpoint_every=300,
    validate_every=1200,
)

PRESETS = {
    "smoke": Preset(
        "smoke",
        ModelConfig(
            filters=(4, 8, 8, 8, 8),
            last_filters=4,
            speech_filters=(4, 4, 4, 4),
            speech_dim=16,
            image_dim=16,
            emotion_dim=16,
            noise_dim=8,
            se_ratio=4,
            conv_lstm=False,
            critic_filters=(4, 4, 8, 8, 8),
            critic_dim=32,
        ),
        TrainConfig(
            critic_steps=10,
            pretrain_steps=30,
            joint_steps=10,
            window=8,
            learning_rate=2e-3,
            final_learning_rate=2e-3,
            joint_learning_rate=2e-4,
            eye_mean_over="image",
            perceptual_features="efficientnet_lite0",
            perceptual_frames=1,
            log_every=5,
            checkpoint_every=15,
            validate_every=15,
            validate_clips=2,
        ),
    ),
    "cpu": Preset("cpu", CPU_MODEL, CPU_TRAIN),
    # The preset of the shipped checkpoint's trainings; its card has the rest. Faces that it never saw keep their looks, at the
    # price of an output that the paper does not have. Started from the `cpu` generator, whose mouth already moves.
    "portrait": Preset(
        "portrait",
        replace(CPU_MODEL, output="warp"),
        replace(
            CPU_TRAIN,
            critic_steps=0,
            pretrain_steps=12_000,
            joint_steps=0,
            batch_size=4,
            frames_drawn=6,
            perceptual_frames=1,
            learning_rate=1e-3,
            final_learning_rate=5e-5,
            ema_decay=0.995,
            mask_floor=0.3,
            perceptual_weight=0.3,
            motion_power=2.0,
            eye_weight=100.0,
            eye_sigma=8.0,
            voice_shifts=(0, -5, -3, 3, 5, 7),
            pseudo_identities=0.75,
            pseudo_ramp=(0, 1500),
            intensities=True,
            validate_every=2000,
        ),
    ),
    # The paper's size, trained as `cpu` is, for minutes; the paper's own budgets (below) take far longer.
    "cuda": Preset(
        "cuda",
        train=replace(
            CPU_TRAIN,
            critic_steps=600,
            pretrain_steps=3000,
            joint_steps=150,
            batch_size=2,
            learning_rate=5e-4,
            joint_learning_rate=3e-5,
            critic_learning_rate=1e-4,
            checkpoint_every=1000,
            validate_every=1000,
        ),
    ),
    # The paper's two runs. A sample strip every 50 epochs of a stage: among them those of Figure 8, at 1600, 1800 and 2000:
    # the paper does not say of which stage, we take them for the joint one's, which ends at 2000. It names no average of the weights: `ema_decay`
    # stays 0, and what is saved and validated, every 50 epochs too, is the generator as it is.
    "p100": Preset(
        "p100",
        train=TrainConfig(
            critic_steps=epochs(500), pretrain_steps=epochs(500), joint_steps=epochs(200), validate_every=epochs(50)
        ),
    ),
    "a100": Preset(
        "a100",
        train=TrainConfig(
            critic_steps=epochs(1600), pretrain_steps=epochs(1600), joint_steps=epochs(2000), validate_every=epochs(50)
        ),
    ),
}
STAGES = ("critic", "pretrain", "joint")  # in their order


def stages_of(stage: str) -> tuple[str, ...]:
    """The stages that a name asks for, in their order.

    Raises:
        EmotalkError: no such stage.

    >>> stages_of("all"), stages_of("joint")
    (('critic', 'pretrain', 'joint'), ('joint',))
    """
    if stage != "all" and stage not in STAGES:
        raise EmotalkError(f"no stage '{stage}'; choose one of {', '.join(STAGES)}, all")
    return STAGES if stage == "all" else (stage,)


def resolve_preset(preset: str | Preset, steps: int | None = None, stage: str = "all") -> Preset:
    """A preset by its name, with another number of steps where one is given.

    Args:
        preset: a name of `PRESETS`, or a preset.
        steps: of all stages that are asked for together; they share them as they share the preset's budget.
        stage: "critic", "pretrain", "joint" or "all".

    Raises:
        EmotalkError: no preset or stage of that name, or no step to train.

    >>> train = resolve_preset("smoke", steps=100).train
    >>> train.critic_steps, train.pretrain_steps, train.joint_steps
    (20, 60, 20)
    >>> resolve_preset("smoke", steps=100, stage="joint").train.joint_steps
    100
    """
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise EmotalkError(f"no preset '{preset}'; choose one of {', '.join(PRESETS)}")
        preset = PRESETS[preset]
    stages = stages_of(stage)
    if steps is None:
        if not any(preset.train.budget(s) for s in stages):
            raise EmotalkError(f"preset {preset.name} leaves out {'every stage' if stage == 'all' else f'the {stage} stage'}; give --steps")
        return preset
    if steps < 1:
        raise EmotalkError(f"{steps} steps train nothing; give 1 or more")
    whole = sum(preset.train.budget(s) for s in stages)
    share = {s: steps * preset.train.budget(s) // max(1, whole) for s in stages}
    largest = max(stages, key=preset.train.budget)  # takes what the rounding leaves
    share[largest] += steps - sum(share.values())
    return replace(preset, train=replace(preset.train, **{f"{s}_steps": n for s, n in share.items()}))
