"""The decoder as a text book writes it, with the weights of a `Decoder`: what its rewrites must equal, and are timed against."""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional as F

from .decoder import SMALLEST, ConvLSTMBlock, Decoder
from .generator import Generator
from .output import to_frames
from .speech import SLOPE
from .upsample import conv_reflect, plain_upsample_conv


def plain_generate(generator: Generator, image: Tensor, speech: Tensor, emotion: Tensor, noise: Tensor) -> Tensor:
    """`Generator.forward` with the plain decoder; the encoders are the same."""
    return plain_decode(generator.decoder, *generator.encode(image, speech, emotion, noise))


def plain_decode(decoder: Decoder, z: Tensor, skips: list[Tensor], image: Tensor, places: Tensor | None = None) -> Tensor:
    """Repeat every skip for every frame, upsample, join, convolve: (B, T, fusion_dim) to frames (B, T, 3, H, W).

    >>> from ..presets import ModelConfig
    >>> config = ModelConfig(image_size=32, filters=(4, 8, 8), last_filters=4, speech_dim=8, image_dim=8,
    ...                      emotion_dim=8, noise_dim=4)
    >>> skips = [torch.zeros(2, 7, 16, 16), torch.zeros(2, 11, 8, 8), torch.zeros(2, 11, 4, 4)]
    >>> decoder, given = Decoder(config), (torch.zeros(2, 5, 28), skips, torch.zeros(2, 3, 32, 32))
    >>> torch.allclose(plain_decode(decoder, *given), decoder(*given)[0], atol=1e-5)
    True
    """
    h = rearrange(decoder.fc(z), "b t (c h w) -> (b t) c h w", h=SMALLEST, w=SMALLEST)
    for i, (block, skip) in enumerate(zip(decoder.blocks, reversed(skips))):
        if i > 0:
            h = F.interpolate(h, scale_factor=2, mode="nearest")
        h = torch.cat([h, repeat(skip, "b c h w -> (b t) c h w", t=z.shape[1])], dim=1)
        if isinstance(block, ConvLSTMBlock):
            h = plain_conv_lstm(block, rearrange(h, "(b t) c h w -> b t c h w", b=z.shape[0]))
        else:
            h = F.leaky_relu(conv_reflect(h, block.conv.weight, block.conv.bias), SLOPE)
    frames = to_frames(plain_upsample_conv(h, decoder.last.weight, decoder.last.bias), image)
    frames = decoder.warp(z, frames, image, places) if decoder.warp else frames
    return rearrange(frames, "(b t) c h w -> b t c h w", b=z.shape[0])


def plain_conv_lstm(block: ConvLSTMBlock, x: Tensor) -> Tensor:
    """One frame after the other: convolve it and the maps before it. (B, T, C, H, W) to (B*T, filters, H, W)."""
    hidden = cell = x.new_zeros(x.shape[0], block.hidden.in_channels, *x.shape[3:])
    outputs = []
    for frame in x.unbind(dim=1):
        of_frame = F.conv2d(frame, block.input.weight, block.input.bias, padding=1)
        i, f, g, o = (of_frame + block.hidden(hidden)).chunk(4, dim=1)
        g = torch.tanh(g) if block.candidate == "tanh" else F.leaky_relu(g, SLOPE)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * g
        hidden = torch.sigmoid(o) * torch.tanh(cell)
        outputs.append(hidden)
    return rearrange(torch.stack(outputs, dim=1), "b t c h w -> (b t) c h w")
