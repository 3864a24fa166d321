"""The base paper's generator once more, as plainly as can be written: its names and shapes, BGR, no rewrite.

The oracle of `from_reference`. Checked once against the released implementation itself; see test_models_reference.py.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from emotalk_lite.presets import ModelConfig


def reference_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Every parameter of the reference's generator and its shape, at the sizes of `config`."""
    shapes: dict[str, tuple[int, ...]] = {}

    def layer(name: str, *weight: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = weight, weight[:1]

    def lstm(name: str, size: int, hidden: int, layers: int) -> None:
        for i in range(layers):
            shapes[f"{name}.weight_ih_l{i}"] = (4 * hidden, size if i == 0 else hidden)
            shapes[f"{name}.weight_hh_l{i}"] = (4 * hidden, hidden)
            shapes[f"{name}.bias_ih_l{i}"] = shapes[f"{name}.bias_hh_l{i}"] = (4 * hidden,)

    before = 1
    for index, filters, kernel in zip((1, 5, 9, 13), config.speech_filters, (63, 31, 17, 9)):
        layer(f"speech_encoder.net.{index}", filters, before, kernel)
        before = filters
    layer("speech_encoder.net.16", 16, before, 1)
    layer("speech_encoder.fc_1.0", config.speech_dim, 35 * 16)
    lstm("speech_rnn", config.speech_dim, config.speech_dim, 2)
    before = 3
    for i, filters in enumerate(config.filters):
        layer(f"image_encoder.conv_{i + 1}.1", filters, before, 3, 3)
        before = filters + 3
    layer("image_encoder.conv_6.0", config.image_dim, before, 4, 4)
    layer("emotion_processor.fc_1.0", config.emotion_dim, 6)
    layer("emotion_processor.fc_1.2", config.emotion_dim, config.emotion_dim)
    lstm("noise_generator.noise_rnn", config.noise_dim, config.noise_dim, 1)
    layer("decoder.fc_1.0", config.filters[-1] * 16, config.fusion_dim)
    a, b, c, d, e = config.filters
    layer("decoder.conv_1.1", d, 2 * e + 3, 3, 3)
    layer("decoder.conv_2.1", c, 2 * d + 3, 3, 3)
    layer("decoder.conv_3.1", b, 2 * c + 3, 3, 3)
    shapes["decoder.conv_4.weight_ih_l0"] = (4 * a, 2 * b + 3, 3, 3)
    shapes["decoder.conv_4.weight_hh_l0"] = (4 * a, a, 3, 3)
    shapes["decoder.conv_4.bias_ih_l0"] = shapes["decoder.conv_4.bias_hh_l0"] = (4 * a,)
    layer("decoder.conv_5.1", config.last_filters, 2 * a + 3, 3, 3)
    layer("decoder.out_new.1", 3, config.last_filters, 7, 7)
    lstm("emotion_rnn", config.speech_dim, config.emotion_dim, 2)
    layer("emo_classifier.0", config.emotion_dim, config.emotion_dim)
    layer("emo_classifier.2", 6, config.emotion_dim)
    return shapes


def reference_weights(config: ModelConfig, seed: int) -> dict[str, Tensor]:
    """Weights that keep a signal's size through the layers; numpy's frozen stream gives them on every machine."""
    rng = np.random.RandomState(seed)
    weights = {}
    for name, shape in sorted(reference_shapes(config).items()):
        values = rng.standard_normal(shape) * (np.prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.1)
        weights[name] = torch.from_numpy(values.astype(np.float32))
    return weights


def reference_inputs(config: ModelConfig, batch: int, n_frames: int, seed: int) -> tuple[Tensor, ...]:
    """An RGB picture, speech, emotion and noise, from the same frozen stream."""
    rng = np.random.RandomState(seed)
    image = rng.uniform(-1, 1, (batch, 3, config.image_size, config.image_size))
    speech = rng.standard_normal((batch, 320 * n_frames)) * 0.2
    noise = rng.standard_normal((batch, n_frames, config.noise_dim))
    return *(torch.from_numpy(x.astype(np.float32)) for x in (image, speech)), torch.eye(6)[:batch], torch.from_numpy(noise).float()


def reference_frames(w: dict[str, Tensor], image: Tensor, speech: Tensor, emotion: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Frames (B, T, 3, H, H) in BGR of a picture in BGR, and the speech-emotion head's logits (B, 6)."""

    def leaky(x: Tensor) -> Tensor:
        return F.leaky_relu(x, 0.2)

    def linear(name: str, x: Tensor) -> Tensor:
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def conv(name: str, x: Tensor, stride: int = 1) -> Tensor:
        pad = w[f"{name}.weight"].shape[-1] // 2
        return F.conv2d(F.pad(x, (pad,) * 4, mode="reflect"), w[f"{name}.weight"], w[f"{name}.bias"], stride)

    def lstm(name: str, x: Tensor, layers: int) -> Tensor:  # (B, T, D), gates in the order input, forget, cell, output
        for k in range(layers):
            h = c = x.new_zeros(len(x), w[f"{name}.weight_hh_l{k}"].shape[1])
            out = []
            for t in range(x.shape[1]):
                of_input = F.linear(x[:, t], w[f"{name}.weight_ih_l{k}"], w[f"{name}.bias_ih_l{k}"])
                i, f, g, o = (of_input + F.linear(h, w[f"{name}.weight_hh_l{k}"], w[f"{name}.bias_hh_l{k}"])).chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                out.append(h)
            x = torch.stack(out, 1)
        return x

    batch, n_frames = noise.shape[:2]
    x = speech[:, None]
    for index, stride in zip((1, 5, 9, 13), (4, 4, 2, 2)):
        kernel = w[f"speech_encoder.net.{index}.weight"]
        x = F.pad(x, (kernel.shape[-1] // 2,) * 2, mode="reflect")
        x = leaky(F.conv1d(x, kernel, w[f"speech_encoder.net.{index}.bias"], stride))
    x = leaky(F.conv1d(x, w["speech_encoder.net.16.weight"], w["speech_encoder.net.16.bias"])).transpose(1, 2)
    x = F.pad(x, (0, 0, 17, 17))  # zeros where the reference has noise
    x = torch.stack([x[:, 5 * t : 5 * t + 35].flatten(1) for t in range(n_frames)], 1)
    of_speech = lstm("speech_rnn", leaky(linear("speech_encoder.fc_1.0", x)), 2)
    logits = linear("emo_classifier.2", leaky(linear("emo_classifier.0", lstm("emotion_rnn", of_speech, 2)[:, -1])))

    skips, h, small = [], image, image
    for k in range(1, 6):
        small = small[:, :, ::2, ::2]
        h = torch.cat([leaky(conv(f"image_encoder.conv_{k}.1", h, stride=2)), small], 1)
        skips.append(h)
    of_image = leaky(F.conv2d(h, w["image_encoder.conv_6.0.weight"], w["image_encoder.conv_6.0.bias"])).flatten(1)
    of_emotion = leaky(linear("emotion_processor.fc_1.2", leaky(linear("emotion_processor.fc_1.0", emotion))))
    of_noise = lstm("noise_generator.noise_rnn", noise, 1)

    frames, state = [], None
    for t in range(n_frames):
        z = torch.cat([of_speech[:, t], of_noise[:, t], of_image, of_emotion], 1)
        h = leaky(linear("decoder.fc_1.0", z)).reshape(batch, -1, 4, 4)
        for k in range(1, 6):
            h = torch.cat([h, skips[5 - k]], 1)
            if k == 4:
                gates = F.conv2d(h, w["decoder.conv_4.weight_ih_l0"], w["decoder.conv_4.bias_ih_l0"], padding=1)
                before, cell = state if state else [gates.new_zeros(batch, gates.shape[1] // 4, *gates.shape[2:])] * 2
                of_before = F.conv2d(before, w["decoder.conv_4.weight_hh_l0"], w["decoder.conv_4.bias_hh_l0"], padding=1)
                i, f, g, o = (gates + of_before).chunk(4, 1)
                cell = f.sigmoid() * cell + i.sigmoid() * leaky(g)
                h = o.sigmoid() * cell.tanh()
                state = h, cell
            else:
                h = leaky(conv(f"decoder.conv_{k}.1", h))
            h = h.repeat_interleave(2, 2).repeat_interleave(2, 3)  # nearest x2
        frames.append(conv("decoder.out_new.1", h).tanh())
    return torch.stack(frames, 1), logits
