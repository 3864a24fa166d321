"""The base paper's released checkpoint in our generator: every tensor renamed, the colours' order changed."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import EmotalkError
from ..presets import ModelConfig
from .generator import Generator

REFERENCE = ModelConfig(squeeze_excitation="none", emotion_head=True, kaiming_init=False)  # 41,647,993 parameters
WRAPPED = "module."  # in front of every name that a DataParallel model saved

# Our name of a layer -> the reference's. Below it, "weight", "bias" and the LSTMs' names are the same in both.
LAYERS = {
    "speech_encoder.convolutions.1": "speech_encoder.net.1",
    "speech_encoder.convolutions.4": "speech_encoder.net.5",
    "speech_encoder.convolutions.7": "speech_encoder.net.9",
    "speech_encoder.convolutions.10": "speech_encoder.net.13",
    "speech_encoder.convolutions.12": "speech_encoder.net.16",
    "speech_encoder.fc": "speech_encoder.fc_1",
    "speech_encoder.lstm": "speech_rnn",
    "image_encoder.blocks.0.conv": "image_encoder.conv_1.1",
    "image_encoder.blocks.1.conv": "image_encoder.conv_2.1",
    "image_encoder.blocks.2.conv": "image_encoder.conv_3.1",
    "image_encoder.blocks.3.conv": "image_encoder.conv_4.1",
    "image_encoder.blocks.4.conv": "image_encoder.conv_5.1",
    "image_encoder.project": "image_encoder.conv_6.0",
    "emotion_encoder.net": "emotion_processor.fc_1",
    "noise_encoder.lstm": "noise_generator.noise_rnn",
    "decoder.fc": "decoder.fc_1",
    "decoder.blocks.0.conv": "decoder.conv_1.1",
    "decoder.blocks.1.conv": "decoder.conv_2.1",
    "decoder.blocks.2.conv": "decoder.conv_3.1",
    "decoder.blocks.3.input.weight": "decoder.conv_4.weight_ih_l0",
    "decoder.blocks.3.input.bias": "decoder.conv_4.bias_ih_l0",
    "decoder.blocks.3.hidden.weight": "decoder.conv_4.weight_hh_l0",
    "decoder.blocks.3.hidden.bias": "decoder.conv_4.bias_hh_l0",
    "decoder.blocks.4.conv": "decoder.conv_5.1",
    "decoder.last": "decoder.out_new.1",
    "emotion_head.lstm": "emotion_rnn",
    "emotion_head.classify": "emo_classifier",
}

# Layers whose last three input channels are a picture: the face itself, or the small face at the end of a skip.
SEES_A_PICTURE = ("image_encoder.blocks.", "image_encoder.project", "decoder.blocks.")
DRAWS_A_PICTURE = "decoder.last."


def reference_name(ours: str) -> str:
    """What the reference calls one of our parameters.

    >>> reference_name("decoder.blocks.3.hidden.weight"), reference_name("speech_encoder.fc.0.bias")
    ('decoder.conv_4.weight_hh_l0', 'speech_encoder.fc_1.0.bias')
    """
    layer = next(layer for layer in LAYERS if ours == layer or ours.startswith(layer + "."))
    return LAYERS[layer] + ours.removeprefix(layer)


def swap_colours(ours: str, weight: Tensor) -> Tensor:
    """BGR to RGB, and back: reverse the three channels of a parameter that belong to a picture, if it has any.

    >>> swap_colours("decoder.last.bias", torch.tensor([1.0, 2.0, 3.0])).tolist()
    [3.0, 2.0, 1.0]
    """
    if ours.startswith(DRAWS_A_PICTURE):
        return weight.flip(0)
    if ours.startswith(SEES_A_PICTURE) and ours.endswith("weight") and ".hidden." not in ours:
        return torch.cat([weight[:, :-3], weight[:, -3:].flip(1)], dim=1)
    return weight


def from_reference(state_dict: Mapping[str, Tensor], config: ModelConfig = REFERENCE) -> Generator:
    """The base paper's released generator as a `Generator` in evaluation mode: the same frames to 1e-4.

    ==============================================  ==========================================
    ours                                            the reference's
    ==============================================  ==========================================
    ``speech_encoder.convolutions.1, 4, 7, 10, 12``  ``speech_encoder.net.1, 5, 9, 13, 16``
    ``speech_encoder.fc``, ``.lstm``                ``speech_encoder.fc_1``, ``speech_rnn``
    ``image_encoder.blocks.0 ... 4.conv``           ``image_encoder.conv_1 ... conv_5.1``
    ``image_encoder.project``                       ``image_encoder.conv_6.0``
    ``emotion_encoder.net``                         ``emotion_processor.fc_1``
    ``noise_encoder.lstm``                          ``noise_generator.noise_rnn``
    ``decoder.fc``                                  ``decoder.fc_1``
    ``decoder.blocks.0, 1, 2, 4.conv``              ``decoder.conv_1, 2, 3, 5.1``
    ``decoder.blocks.3.input``, ``.hidden``         ``decoder.conv_4.*_ih_l0``, ``.*_hh_l0``
    ``decoder.last``                                ``decoder.out_new.1``
    ``emotion_head.lstm``, ``.classify``            ``emotion_rnn``, ``emo_classifier``
    ==============================================  ==========================================

    Three things differ, and none of them is a weight:

    * The reference sees and draws BGR (OpenCV). The order is folded into the weights: the first image convolution, every
      layer that reads a skip (its last three channels are the small face) and the last convolution. In and out are RGB.
    * The reference pads the speech vectors at both ends with N(0, 0.002) noise, new at every call; we pad with zeros. Its
      frames therefore differ a little from call to call, ours do not. "The same frames" means: with zeros there too.
    * The reference draws its noise itself; ours is an argument.

    As there, divide the speech by its largest magnitude (`speech_input` does). Its faces were aligned to a template of
    its own, with inner eyes and nose; ours are the five points of MTCNN.

    Args:
        state_dict: of the reference's generator, with or without DataParallel's ``module.`` in front of every name.
        config: the sizes; the default is the released model's.

    Raises:
        EmotalkError: a parameter is missing, unknown, or of another shape; the first one is named.

    Source: github.com/eeskimez/emotalkingface, commit 4d23f4d (MIT); Eskimez, Zhang & Duan 2021.

    >>> from_reference({})
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: not the reference's generator: it lacks speech_encoder.net.1.weight; give ...
    """
    if not isinstance(state_dict, Mapping):
        raise _refusal(f"it holds a {type(state_dict).__name__}, not named parameters")
    given = dict(state_dict)
    if given and all(str(name).startswith(WRAPPED) for name in given):
        given = {name.removeprefix(WRAPPED): value for name, value in given.items()}
    with torch.device("meta"):  # no memory, no random start
        generator = Generator(config)
    expected = {ours: tuple(parameter.shape) for ours, parameter in generator.state_dict().items()}
    known = {reference_name(ours) for ours in expected}
    unknown = next((name for name in given if name not in known), None)
    converted = {}
    for ours, shape in expected.items():
        name = reference_name(ours)
        if name not in given:
            raise _refusal(f"it lacks {name}" + (f" and has {unknown}" if unknown is not None else ""))
        weight = given[name]
        if not isinstance(weight, Tensor) or not weight.is_floating_point():
            raise _refusal(f"its {name} is no tensor of numbers")
        if tuple(weight.shape) != shape:
            raise _refusal(f"its {name} has shape {tuple(weight.shape)}, not {shape}")
        converted[ours] = swap_colours(ours, weight.detach().to("cpu", torch.float32)).contiguous().clone()
    if unknown is not None:
        raise _refusal(f"it has {unknown}, which the reference does not")
    generator.load_state_dict(converted, assign=True)
    return generator.requires_grad_(True).eval()


def _refusal(reason: str) -> EmotalkError:
    return EmotalkError(f"not the reference's generator: {reason}; give the generator.pt of its release")
