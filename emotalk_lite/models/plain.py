"""Networks as a text book writes them, with the weights of ours: what their rewrites must equal, and are timed against."""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional as F

from .decoder import SMALLEST, ConvLSTMBlock, Decoder
from .generator import Generator
from .layers import SLOPE
from .output import to_frames
from .rrdb import RESIDUAL, ResidualDenseBlock, RRDBNet
from .upsample import conv_reflect, plain_upsample_conv


def plain_generate(generator: Generator, image: Tensor, speech: Tensor, emotion: Tensor, noise: Tensor) -> Tensor:
    """`Generator.forward` with the plain decoder; the encoders are the same."""
    return plain_decode(generator.decoder, *generator.encode(image, speech, emotion, noise))


def plain_decode(decoder: Decoder, z: Tensor, skips: list[Tensor], image: Tensor, *for_warp: Tensor | bool | None) -> Tensor:
    """Repeat every skip for every frame, upsample, join, convolve: (B, T, fusion_dim) to frames (B, T, 3, H, W).

    What follows the image is for the output `warp` alone, in the order of `Decoder.forward`.

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
    frames = decoder.warp(z, frames, image, *for_warp) if decoder.warp else frames
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


def plain_rrdb(net: RRDBNet, x: Tensor) -> Tensor:
    """`RRDBNet` as its paper writes it: every sum and join a new tensor. (B, 3, H, W) to (B, 3, 4H, 4W).

    >>> net, x = RRDBNet(channels=8, blocks=1, growth=4), torch.rand(1, 3, 5, 6)
    >>> torch.allclose(plain_rrdb(net, x), net(x), atol=1e-5)
    True
    """

    def dense(block: ResidualDenseBlock, x: Tensor) -> Tensor:
        seen = [x]
        for conv in (block.conv1, block.conv2, block.conv3, block.conv4):
            seen.append(F.leaky_relu(conv(torch.cat(seen, 1)), SLOPE))
        return x + RESIDUAL * block.conv5(torch.cat(seen, 1))

    first = y = net.conv_first(x)
    for block in net.RRDB_trunk:
        y = y + RESIDUAL * dense(block.RDB3, dense(block.RDB2, dense(block.RDB1, y)))
    y = first + net.trunk_conv(y)
    for conv in (net.upconv1, net.upconv2):
        y = F.leaky_relu(conv(F.interpolate(y, scale_factor=2)), SLOPE)
    return net.conv_last(F.leaky_relu(net.HRconv(y), SLOPE))
