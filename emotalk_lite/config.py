"""What can be set: sizes of the networks, budget, optimisers, objective, examples. `presets` gives sets of values a name.

The comment beside an option says what it is and where its default comes from: the paper, or the base paper's released
implementation ("reference"). `emotalk train --list-options` and the book's page of options show these comments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from .kinds import Amount, Count, Decay, Positive, Range, Share, Whole, check_values

Semitones = Annotated[int, Range(-24, 24)]

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

    image_size: Annotated[int, Range(8)] = IMAGE_SIZE  # pixels, width and height of a face, as the clips were prepared (reference: 128)
    filters: tuple[Count, ...] = (64, 128, 256, 512, 512)  # of the image encoder's blocks; the decoder mirrors them (paper)
    last_filters: Count = 32  # maps before the last convolution (reference: 32)
    speech_filters: tuple[Count, Count, Count, Count] = (64, 128, 256, 512)  # of the speech encoder's first four convolutions (paper)
    speech_features: Count = 16  # maps of the fifth, 1x1 speech convolution (paper)
    n_context: Whole = 17  # speech vectors on each side of a frame (paper: unstated; reference: 17)
    speech_dim: Count = 512  # length of a frame's speech embedding (paper: unstated; reference: 512)
    image_dim: Count = 512  # length of the image's embedding (paper: 512)
    emotion_dim: Count = 512  # length of the emotion's embedding (paper: unstated; reference: 512)
    noise_dim: Count = 128  # length of a frame's noise (paper: unstated; reference: 128)
    squeeze_excitation: Literal["none", "all", "last"] = "all"  # after which image-encoder blocks (paper: unstated; reference: none)
    se_ratio: Count = 16  # reduction of the squeeze (paper: unstated; Hu et al. 2018: 16)
    dropout: Decay = 0.0  # after each of the image encoder's blocks (paper: rate unstated; reference: 0)
    conv_lstm: bool = True  # the decoder's fourth block is a ConvLSTM (reference; the paper does not mention it)
    candidate: Literal["leaky_relu", "tanh"] = "leaky_relu"  # candidate gate of the ConvLSTM (reference: leaky_relu)
    output: Literal["drawn", "composite", "warp"] = "drawn"  # the last maps are the frames, or are one layer over the input image, or over the input image that they bend; warp draws every second clip of a batch, so give it two or more (paper: drawn)
    kaiming_init: bool = True  # start with weights that keep the variance (paper: unstated; reference: xavier_uniform_)
    emotion_head: bool = False  # speech-emotion head: predict the emotion from the speech (paper: none; reference: true)
    critic_filters: tuple[Count, ...] = (64, 128, 256, 512, 512)  # of both critics' convolutions (paper)
    critic_dim: Annotated[int, Range(4)] = 2048  # hidden width of the critics' first fully connected layer (reference: 2048)

    def __post_init__(self) -> None:
        check_values(self)
        smallest = self.image_size / 2 ** len(self.filters)
        if smallest != 4:
            raise ValueError(
                f"{len(self.filters)} blocks halve {self.image_size} pixels to {smallest:g}; the decoder starts at 4: "
                "change filters or image_size"
            )
        if self.conv_lstm and len(self.filters) < 3:
            raise ValueError(
                f"the ConvLSTM enlarges the maps before the last block, and with {len(self.filters)} filters nothing is enlarged there: "
                "give three filters or more, or leave conv_lstm off"
            )
        if 2 ** len(self.critic_filters) > self.image_size:
            raise ValueError(f"{len(self.critic_filters)} critic_filters halve {self.image_size} pixels to nothing; give fewer")

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
    critic_steps: Whole = 25_000  # emotion critic alone (paper: 500 epochs on a P100; reference: unstated)
    pretrain_steps: Whole = 100_000  # generator without critics (reference: about 100k)
    joint_steps: Whole = 100_000  # critics and generator in turn (reference: about 100k)
    batch_size: Count = 2  # clips a step (paper)
    window: Count = 25  # frames a clip and step (reference: 25; 32 in its released model)

    # optimisers: Adam for all (paper)
    learning_rate: Amount = 1e-4  # of the generator while it is pretrained (paper, "during the initialization")
    final_learning_rate: Amount = 1e-4  # of the generator at the last step of pretraining, reached by a cosine (paper: constant)
    warmup_steps: Whole = 0  # of pretraining, in which the rate grows from 0 (paper: none)
    joint_learning_rate: Amount = 1e-5  # of the generator in the joint stage (paper, "during the GAN training")
    critic_learning_rate: Amount = 1e-4  # of both critics (paper)
    betas: tuple[Decay, Decay] = (0.5, 0.999)  # of the generator (reference)
    critic_betas: tuple[Decay, Decay] = (0.5, 0.999)  # of both critics (reference)
    grad_clip: Amount = 0.0  # largest norm of the generator's gradient; 0: none (paper)
    ema_decay: Decay = 0.0  # of the averaged weights that are saved; 0 keeps the last ones (paper)

    # objective
    mouth_weight: Amount = 100.0  # of the mouth loss, alpha (paper)
    perceptual_weight: Amount = 1.0  # of the perceptual loss, beta (paper)
    frame_weight: Amount = 0.01  # of what the frame critic says, gamma (paper)
    emotion_weight: Amount = 0.001  # of what the emotion critic says, delta (paper)
    eye_weight: Amount = 1.0  # of the eye loss, epsilon; 0 leaves it out (paper)
    speech_emotion_weight: Amount = 0.001  # of the speech-emotion head, where the model has one (reference)
    penalty_weight: Amount = 10.0  # of the frame critic's gradient penalty (reference)
    penalty_per: Literal["clip", "frame"] = "clip"  # the penalty takes one gradient norm a clip or a frame (paper: unstated; reference: clip)
    mask_floor: Amount = 0.01  # added to the mouth mask everywhere (reference)
    mouth_sigma: Positive = 9.0  # of the mouth mask's Gaussian, pixels at 128 (reference)
    motion_power: Amount = 0.0  # of the weight that the mouth loss gives to frames far from the input image (paper: none)
    eye_sigma: Positive = 6.0  # of the eye mask's Gaussians, pixels at 128 (paper: neither shape nor size)
    eye_mean_over: Literal["mask", "image"] = "mask"  # normalises the eye loss; over the image it is next to nothing (paper: unstated)
    perceptual_features: Literal["vgg19", "efficientnet_lite0"] = "vgg19"  # of the perceptual loss (paper: unstated; reference: vgg19)
    frames_drawn: Whole = 0  # frames of each window that pretraining draws, at random; 0: all, as a ConvLSTM needs (paper)
    perceptual_frames: Whole = 0  # drawn frames a clip that the perceptual loss sees, at random; 0: all (paper)

    # examples
    voice_shifts: tuple[Semitones, ...] = (0,)  # semitones by which the speech is raised, one drawn an example (paper: none)
    pseudo_identities: Share = 0.0  # share of the examples whose face is another's, in every stage: warped, coloured, mirrored (paper: none)
    pseudo_ramp: tuple[Whole, Whole] = (0, 0)  # steps of pretraining between which the pseudo-identities' strength grows from 0; the other stages have all of it (paper: none)
    intensities: bool = False  # a clip of low intensity asks for less of its emotion (paper: one-hot)
    condition: Literal["neutral", "same_window"] = "neutral"  # the input image: a neutral frame of the actor, or the window's first (paper: unstated; reference: same_window)

    # computing
    precision: Literal["fp32", "bf16"] = "fp32"  # bf16: autocast; the weights stay float32 (paper: unstated)
    compile: bool = False  # draw the frames through torch.compile (paper: no)
    log_every: Count = 20  # steps between two lines of the log
    checkpoint_every: Count = 500  # steps between two checkpoints
    keep_checkpoints: bool = False  # keep the generator of every checkpoint in the run's folder checkpoints/ (paper: its Figure 8 compares three)
    validate_every: Count = 500  # steps between two validations with a sample strip; the last step of a stage always has one
    validate_clips: Count = 6  # whole clips that a validation draws, one an emotion

    def __post_init__(self) -> None:
        check_values(self)
        if self.frames_drawn > self.window:
            raise ValueError(f"frames_drawn is {self.frames_drawn}, and a window has {self.window} frames; give fewer, or a larger window")
        if self.pseudo_ramp[0] > self.pseudo_ramp[1]:
            raise ValueError(f"pseudo_ramp is {self.pseudo_ramp}; its end lies before its start")

    def budget(self, stage: str) -> int:
        """Steps of a stage: "critic", "pretrain" or "joint"."""
        return getattr(self, f"{stage}_steps")


@dataclass(frozen=True)
class Preset:
    """A named pair of sizes and budget, and what happens to the frames afterwards.

    >>> Preset("mine", ModelConfig(se_ratio=8)).train.mouth_weight
    100.0
    """

    name: str
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    upscale: Literal["none", "bsrgan"] = "none"  # super-resolution of the generated video; training knows nothing of it

    def __post_init__(self) -> None:
        if self.train.frames_drawn and self.model.conv_lstm:
            raise ValueError("a ConvLSTM needs every frame in its turn: leave frames_drawn at 0, or conv_lstm off")
        if self.model.output == "warp" and self.train.batch_size < 2:
            raise ValueError("the output warp draws every second clip of a batch, and batch_size is 1: give 2 or more")
