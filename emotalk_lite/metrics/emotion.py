"""Which emotion does a film show? A judge that no generator is trained against.

It sees how the face differs from the picture that the film started from: an unmoved face is no evidence of an emotion,
whatever its brows look like by nature.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from ..data.windows import to_signed
from ..emotions import EMOTIONS
from ..errors import EmotalkError
from ..models.features import ImageFeatures, load_features

SHIPPED = Path(__file__).parents[1] / "weights" / "emotion_classifier.safetensors"  # its card stands beside it
GRID = 4  # fields in each direction into which a face is divided: brows, eyes, mouth and chin are told apart
EVERY = 6  # frames; an expression changes slowly
DECAY = 0.01  # of the squared weights while it is fitted


class EmotionClassifier(nn.Module):
    """Logits of the six emotions, linear in the standardised features of `film_features`.

    >>> EmotionClassifier(3)(torch.zeros(2, 3)).shape
    torch.Size([2, 6])
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("deviation", torch.ones(dim))
        self.linear = nn.Linear(dim, len(EMOTIONS))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear((x - self.mean) / self.deviation)


@torch.inference_mode()
def film_features(frames: np.ndarray, image: np.ndarray, network: ImageFeatures) -> Tensor:
    """How a film differs from the picture it started from, field by field of the face.

    Args:
        frames: uint8 (T, 128, 128, 3), aligned, T >= 1; every sixth is looked at, from the third on, or the last of fewer.
        image: uint8 (128, 128, 3), the condition image.
        network: of `load_features`.

    Returns:
        (d,): the mean over frames; d = 2816 with EfficientNet-Lite0.
    """
    seen = frames[min(2, len(frames) - 1) :: EVERY]
    maps = network(to_signed(np.concatenate([image[None], seen])))[1:]
    fields = torch.cat([F.adaptive_avg_pool2d(m, GRID).flatten(1) for m in maps], dim=1)  # (1 + N, d)
    return (fields[1:] - fields[0]).mean(dim=0)


def fit_emotion_classifier(features: Tensor, labels: Tensor) -> EmotionClassifier:
    """Multinomial logistic regression, the same for the same data.

    Args:
        features: (N, d) of `film_features`.
        labels: (N,) int64, the place in EMOTIONS.

    >>> features = torch.eye(6).repeat(2, 1)
    >>> classifier = fit_emotion_classifier(features, features.argmax(dim=1))
    >>> classifier(features).argmax(dim=1).tolist()
    [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]
    """
    classifier = EmotionClassifier(features.shape[1])
    classifier.mean.copy_(features.mean(dim=0))
    classifier.deviation.copy_(features.std(dim=0).clamp_min(1e-6))
    nn.init.zeros_(classifier.linear.weight)
    nn.init.zeros_(classifier.linear.bias)
    optimizer = torch.optim.LBFGS(classifier.linear.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(classifier(features), labels) + DECAY * classifier.linear.weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return classifier.eval().requires_grad_(False)


def load_emotion_classifier(path: str | os.PathLike = SHIPPED) -> EmotionClassifier:
    """The one that comes with the package, or another one of `tools/train_emotion_classifier.py`.

    Raises:
        EmotalkError: no such file, or it is not a classifier.

    >>> load_emotion_classifier().linear.out_features
    6
    """
    try:
        state = load_file(path)
        classifier = EmotionClassifier(len(state["mean"]))
        classifier.load_state_dict(state)
    except FileNotFoundError as error:
        raise EmotalkError(f"{path}: no such file; give a file of tools/train_emotion_classifier.py") from error
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise EmotalkError(f"{path}: is not an emotion classifier; give a file of tools/train_emotion_classifier.py") from error
    return classifier.eval().requires_grad_(False)


def fitted_to(path: str | os.PathLike = SHIPPED) -> str:
    """What a classifier was fitted to, as its file says: that decides what its answers are worth. Raises as `load_emotion_classifier`.

    >>> fitted_to()
    "synthetic: emotalk_lite's painted heads, speech by espeak-ng (GPL-3); 1152 clips of 96 actors learned"
    """
    load_emotion_classifier(path)
    with safe_open(path, "pt") as file:
        about = (file.metadata() or {}).get("about", "what it was fitted to, its file does not say")
    return about.split("; unseen actors")[0]


def recognise(
    frames: np.ndarray, image: np.ndarray, network: ImageFeatures | None = None, classifier: EmotionClassifier | None = None
) -> dict[str, float]:
    """The probability of each emotion that a classifier sees in a film.

    Args:
        frames: uint8 (T, 128, 128, 3), aligned.
        image: uint8 (128, 128, 3), the picture that the film started from, best with a neutral face.
        network: EfficientNet-Lite0 of `load_features`; None loads it.
        classifier: of `load_emotion_classifier`; None loads the shipped one.

    Returns:
        Six numbers whose sum is 1.
    """
    features = film_features(frames, image, network or load_features("efficientnet_lite0"))
    logits = (classifier or load_emotion_classifier())(features)
    return dict(zip(EMOTIONS, logits.softmax(dim=0).tolist()))
