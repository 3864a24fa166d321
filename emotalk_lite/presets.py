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
    output: Literal["drawn", "composite", "warp"] = "drawn"  # how the last maps become frames (paper: drawn); models/output.py
    kaiming_init: bool = True  # start with weights that keep the variance (paper: unstated; reference: PyTorch's default)
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
    eye_sigma: float = 6.0  # pixels at 128 (paper: a box around the eyes of unstated size)
    eye_mean_over: Literal["mask", "image"] = "mask"  # over the image, weight 1 is about a hundredth of the mouth's (paper: unstated)
    perceptual_features: Literal["vgg19", "efficientnet_lite0"] = "vgg19"
    perceptual_frames: int = 0  # frames a clip that the perceptual loss sees, drawn at random; 0: all

    # examples
    voice_shifts: tuple[int, ...] = (0,)  # semitones by which the speech is raised, one drawn an example (paper: none)
    pseudo_identities: float = 0.0  # share of the examples whose face is changed, see data/identities.py (paper: none)
