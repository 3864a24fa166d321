"""The generator: one face + speech + emotion + noise become frames (paper, Figure 1)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from einops import repeat
from torch import Tensor, nn

from ..presets import ModelConfig
from .decoder import Decoder, State
from .emotion import N_EMOTIONS, EmotionEncoder
from .image import ImageEncoder
from .layers import SLOPE
from .noise import NoiseEncoder
from .speech import SpeechEncoder


class Encoded(NamedTuple):
    """What the decoder draws a clip from: z (B, T, fusion_dim) of the four encoders, the image encoder's skips, largest
    first, the image itself, the places of its face where they are known, the emotion asked for, (B, 6) or, where it changes,
    (B, T, 6), and whether the image is moved even if the face is known."""

    z: Tensor
    skips: list[Tensor]
    image: Tensor
    places: Tensor | None = None
    emotion: Tensor | None = None
    moved: bool = False

    def frames(self, start: int, stop: int) -> Encoded:
        """What the frames from `start` up to `stop` are drawn from, stop not included: a chunk of a long clip.

        Past the end there are none, as in a slice. An emotion that changes is cut, too; one of (B, 6) is that of every frame.

        >>> whole = Encoded(torch.zeros(1, 9, 4), [], torch.zeros(1, 3, 8, 8), emotion=torch.zeros(1, 9, 6))
        >>> last = whole.frames(6, 12)
        >>> last.z.shape, last.emotion.shape
        (torch.Size([1, 3, 4]), torch.Size([1, 3, 6]))
        """
        changes = self.emotion is not None and self.emotion.ndim == 3
        return self._replace(z=self.z[:, start:stop], emotion=self.emotion[:, start:stop] if changes else self.emotion)


class SpeechEmotionHead(nn.Module):
    """Predict the emotion from the speech embedding: LSTM x 2, then two fully connected layers.

    (B, T, speech_dim) to logits (B, 6). The reference trains it beside the generator; it changes no frame and the
    paper leaves it out, for it argues that the emotion in the speech should be ignored. Default off.

    >>> SpeechEmotionHead(ModelConfig(speech_dim=8, emotion_dim=4))(torch.zeros(2, 3, 8)).shape
    torch.Size([2, 6])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.lstm = nn.LSTM(config.speech_dim, config.emotion_dim, num_layers=2, batch_first=True)
        self.classify = nn.Sequential(
            nn.Linear(config.emotion_dim, config.emotion_dim),
            nn.LeakyReLU(SLOPE),
            nn.Linear(config.emotion_dim, N_EMOTIONS),
        )

    def forward(self, speech_embedding: Tensor) -> Tensor:
        h, _ = self.lstm(speech_embedding)
        return self.classify(h[:, -1])


def kaiming(module: nn.Module) -> None:
    """Start a layer so that a leaky ReLU keeps its input's variance.

    PyTorch's own start loses more than half of it in every layer: after five convolutions the speech is a whisper, and
    the mouth stays shut for the first thousand steps.
    """
    if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, a=SLOPE, nonlinearity="leaky_relu")
        nn.init.zeros_(module.bias)


class Generator(nn.Module):
    """The complete generator of the paper.

    Args of a call:
        image: (B, 3, H, H) in [-1, 1], the aligned face.
        speech: (B, 320 T) at 8 kHz in [-1, 1].
        emotion: (B, 6), one-hot, a blend, or zeros.
        noise: (B, T, noise_dim) from N(0, 1); see `sample_noise`.
        places: (B, 2, 2), x and y of the middle of the eyes and of the mouth as shares of the width, for the output `warp`;
            None: an average face.

    Returns:
        frames (B, T, 3, H, H) in (-1, 1).

    Source: paper, "Generator", Figure 1; the order of the fusion is the reference's.

    >>> config = ModelConfig(image_size=32, filters=(4, 8, 8), last_filters=4, speech_filters=(4, 4, 4, 4),
    ...                      speech_dim=8, image_dim=8, emotion_dim=8, noise_dim=4)
    >>> generator = Generator(config)
    >>> generator(torch.zeros(2, 3, 32, 32), torch.zeros(2, 5 * 320), torch.zeros(2, 6), torch.zeros(2, 5, 4)).shape
    torch.Size([2, 5, 3, 32, 32])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.speech_encoder = SpeechEncoder(config)
        self.image_encoder = ImageEncoder(config)
        self.emotion_encoder = EmotionEncoder(config)
        self.noise_encoder = NoiseEncoder(config)
        self.decoder = Decoder(config)
        self.emotion_head = SpeechEmotionHead(config) if config.emotion_head else None
        if config.kaiming_init:
            self.apply(kaiming)
        if self.decoder.warp:
            self.decoder.warp.start_still()

    def encode(
        self, image: Tensor, speech: Tensor, emotion: Tensor, noise: Tensor, places: Tensor | None = None
    ) -> Encoded:
        """Run the four encoders and join their embeddings at every frame: [speech, noise, image, emotion]."""
        of_speech = self.speech_encoder(speech)  # (B, T, 512)
        of_noise = self.noise_encoder(noise)  # (B, T, 128)
        of_image, skips = self.image_encoder(image)  # (B, 512)
        of_emotion = self.emotion_encoder(emotion)  # (B, 512)
        n_frames = of_speech.shape[1]
        constant = repeat(torch.cat([of_image, of_emotion], dim=-1), "b d -> b t d", t=n_frames)
        return Encoded(torch.cat([of_speech, of_noise, constant], dim=-1), skips, image, places, emotion)

    def decode(self, encoded: Encoded, state: State | None = None) -> tuple[Tensor, State | None]:
        """Draw the frames of `encoded`; pass the returned state on to go on with the next chunk of a long clip (`Encoded.frames`)."""
        return self.decoder(*encoded, state)

    def forward(
        self, image: Tensor, speech: Tensor, emotion: Tensor, noise: Tensor, places: Tensor | None = None
    ) -> Tensor:
        frames, _ = self.decode(self.encode(image, speech, emotion, noise, places))
        return frames
