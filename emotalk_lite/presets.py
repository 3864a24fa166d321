"""Every size and every budget in one place: the same network at several scales.

``smoke`` runs in seconds and exists for tests, ``cpu`` is the default and gives a real result in minutes on two
cores, ``cuda`` is the size of the paper with the base paper's budget, ``p100`` and ``a100`` are the paper's own two runs.
The code is the same; a preset is all that differs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from .errors import EmotalkError

IMAGE_SIZE = 128  # pixels, width and height of an aligned face (reference: 128)
FPS = 25  # video frames a second (paper, Dataset)
SAMPLE_RATE = 8000  # speech samples a second that the network hears (paper, Speech encoder)
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS  # 320


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of the generator and of both critics; the defaults are the paper's.

    Where the paper gives no size, the value comes from the base paper's released implementation ("reference").

    >>> ModelConfig().context_dim
    560
    >>> ModelConfig(image_size=64, filters=(8, 8, 8, 8)).image_size
    64
    """

    image_size: int = IMAGE_SIZE
    filters: tuple[int, ...] = (64, 128, 256, 512, 512)  # of the image encoder; the decoder mirrors them (paper)
    last_filters: int = 32  # maps before the last convolution (reference: 32)
    speech_filters: tuple[int, ...] = (64, 128, 256, 512)  # paper
    speech_features: int = 16  # maps of the fifth, 1x1 speech convolution (paper)
    n_context: int = 17  # speech vectors on each side of a frame (paper: unstated; reference: 17)
    speech_dim: int = 512
    image_dim: int = 512
    emotion_dim: int = 512
    noise_dim: int = 128
    squeeze_excitation: Literal["none", "all", "last"] = "all"  # after which image-encoder blocks (paper: unstated)
    se_ratio: int = 16  # reduction of the squeeze (paper: unstated; Hu et al. 2018: 16)
    dropout: float = 0.0  # after each squeeze-and-excitation block (paper: rate unstated; reference: 0)
    conv_lstm: bool = True  # the decoder's fourth block is a ConvLSTM (reference; the paper does not mention it)
    candidate: Literal["leaky_relu", "tanh"] = "leaky_relu"  # candidate gate of the ConvLSTM (reference: leaky ReLU)
    output: Literal["drawn", "composite", "warp"] = "drawn"  # how the last maps become frames (paper: drawn); models/output.py, warp.py
    kaiming_init: bool = True  # start with weights that keep the variance (paper: unstated; reference: xavier_uniform_)
    emotion_head: bool = False  # predict the emotion from the speech (reference only)
    critic_filters: tuple[int, ...] = (64, 128, 256, 512, 512)  # paper
    critic_dim: int = 2048  # hidden width of the critics' first fully connected layer (reference: 2048)

    def __post_init__(self) -> None:
        smallest = self.image_size / 2 ** len(self.filters)
        if smallest != 4:
            raise ValueError(
                f"{len(self.filters)} blocks halve {self.image_size} pixels to {smallest:g}; the decoder starts at 4: "
                "change filters or image_size"
            )

    @property
    def context_dim(self) -> int:
        """Length of the vector that the context layer makes: (2 n_context + 1) * speech_features."""
        return (2 * self.n_context + 1) * self.speech_features

    @property
    def fusion_dim(self) -> int:
        """Length of [speech, noise, image, emotion], the decoder's input at each frame."""
        return self.speech_dim + self.noise_dim + self.image_dim + self.emotion_dim


@dataclass(frozen=True)
class TrainConfig:
    """Budget, optimisers and objective of a run; the defaults are the paper's, with the base paper's budget.

    >>> TrainConfig().mouth_weight, TrainConfig().budget("joint")
    (100.0, 100000)
    """

    # budget of each stage; 0 leaves the stage out
    critic_steps: int = 25_000  # emotion critic alone (paper: 500 epochs on a P100; reference: unstated)
    pretrain_steps: int = 100_000  # generator without critics (reference: about 100k)
    joint_steps: int = 100_000  # critics and generator in turn (reference: about 100k)
    batch_size: int = 2  # clips a step (paper)
    window: int = 25  # frames a clip and step (reference: 25; 32 in its released model)

    # optimisers: Adam for all (paper)
    learning_rate: float = 1e-4  # of the generator while it is pretrained (paper, "during the initialization")
    final_learning_rate: float = 1e-4  # reached by a cosine at the last step of pretraining (paper: constant)
    warmup_steps: int = 0  # of pretraining
    joint_learning_rate: float = 1e-5  # of the generator in the joint stage (paper, "during the GAN training")
    critic_learning_rate: float = 1e-4  # of both critics (paper)
    betas: tuple[float, float] = (0.5, 0.999)  # of the generator (reference)
    critic_betas: tuple[float, float] = (0.5, 0.999)  # reference
    grad_clip: float = 0.0  # largest norm of the generator's gradient; 0: none (paper)
    ema_decay: float = 0.0  # of the averaged weights that are saved; 0 keeps the last ones (paper)

    # objective
    mouth_weight: float = 100.0  # alpha (paper)
    perceptual_weight: float = 1.0  # beta (paper)
    frame_weight: float = 0.01  # gamma, against the frame critic (paper)
    emotion_weight: float = 0.001  # delta, against the emotion critic (paper)
    eye_weight: float = 1.0  # epsilon (paper)
    speech_emotion_weight: float = 0.001  # of the speech-emotion head, where the model has one (reference)
    penalty_weight: float = 10.0  # of the frame critic's gradient penalty (reference)
    penalty_per: Literal["clip", "frame"] = "clip"  # one gradient norm a clip (reference) or a frame
    mask_floor: float = 0.01  # added to the mouth mask everywhere (reference)
    mouth_sigma: float = 9.0  # pixels at 128 (reference)
    motion_power: float = 0.0  # of the weight that the mouth loss gives to frames far from the input image (paper: none)
    eye_sigma: float = 6.0  # pixels at 128 (paper: a box around the eyes of unstated size)
    eye_mean_over: Literal["mask", "image"] = "mask"  # over the image, weight 1 is about a hundredth of the mouth's (paper: unstated)
    perceptual_features: Literal["vgg19", "efficientnet_lite0"] = "vgg19"
    frames_drawn: int = 0  # frames of each window that pretraining draws, at random; 0: all, as a ConvLSTM needs (paper)
    perceptual_frames: int = 0  # drawn frames a clip that the perceptual loss sees, drawn at random; 0: all

    # examples
    voice_shifts: tuple[int, ...] = (0,)  # semitones by which the speech is raised, one drawn an example (paper: none)
    pseudo_identities: float = 0.0  # share of the examples whose face is changed, see data/identities.py (paper: none)
    pseudo_ramp: tuple[int, int] = (0, 0)  # steps of pretraining between which their strength grows from 0
    intensities: bool = False  # a clip of low intensity asks for less of its emotion (paper: one-hot)
    condition: Literal["neutral", "same_window"] = "neutral"  # whose frame is the input image (reference: same_window)

    # computing
    precision: Literal["fp32", "bf16"] = "fp32"  # bf16: autocast; the weights stay float32
    compile: bool = False  # draw the frames through torch.compile
    log_every: int = 20
    checkpoint_every: int = 500
    validate_every: int = 500  # scores and a sample strip; the last step of a stage is always validated

    def budget(self, stage: str) -> int:
        """Steps of a stage: "critic", "pretrain" or "joint"."""
        return getattr(self, f"{stage}_steps")


@dataclass(frozen=True)
class Preset:
    """A named pair of sizes and budget, and what happens to the frames afterwards.

    >>> PRESETS["cpu"].model.filters
    (16, 32, 64, 128, 128)
    """

    name: str
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    upscale: Literal["none", "bsrgan"] = "none"  # super-resolution of the generated video; training knows nothing of it

    def __post_init__(self) -> None:
        if self.train.frames_drawn and self.model.conv_lstm:
            raise ValueError("a ConvLSTM needs every frame in its turn: leave frames_drawn at 0, or conv_lstm off")


def epochs(count: int) -> int:
    """Steps of so many of the paper's epochs: 100 videos (Dataset), two a step (Implementation Details).

    >>> epochs(1)
    50
    """
    return count * 100 // 2


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
        ),
    ),
    "cpu": Preset("cpu", CPU_MODEL, CPU_TRAIN),
    # What the shipped checkpoint was trained with: faces that it never saw keep their looks, at the price of an output that
    # the paper does not have. Started from the `cpu` generator, whose mouth already moves.
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
    "cuda": Preset("cuda"),
    # The paper's two runs. A sample strip every 50 epochs of a stage: among them those of Figure 8, at 1600, 1800 and 2000,
    # which are epochs of the joint stage, for 2000 is where it ends.
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
        EmotalkError: no preset or stage of that name, or fewer than one step.

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
        return preset
    if steps < 1:
        raise EmotalkError(f"{steps} steps train nothing; give 1 or more")
    whole = sum(preset.train.budget(s) for s in stages)
    share = {s: steps * preset.train.budget(s) // max(1, whole) for s in stages}
    largest = max(stages, key=preset.train.budget)  # takes what the rounding leaves
    share[largest] += steps - sum(share.values())
    return replace(preset, train=replace(preset.train, **{f"{s}_steps": n for s, n in share.items()}))
