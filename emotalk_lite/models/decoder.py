"""Video decoder: embeddings and skips become frames, U-Net style (paper, "Decoder")."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from ..presets import ModelConfig
from .layers import SLOPE
from .output import CHANNELS, to_frames
from .upsample import conv_reflect, upsample_conv
from .warp import Warp

SMALLEST = 4  # pixels, width and height of the map that the fully connected layer makes (paper)

State = tuple[Tensor, Tensor]  # hidden and cell maps of the ConvLSTM


class DecoderBlock(nn.Module):
    """Join the upsampled map of each frame with the clip's skip, convolve 3x3, leaky ReLU.

    Input: h (B*T, C, H, W) and skip (B, S, rH, rW), r = 2 where `upsample` else 1.
    Output (B*T, filters, rH, rW).

    One convolution over the joined channels (reflection padding), computed as two: see `upsample`.

    >>> block = DecoderBlock(8, 5, 4, upsample=True)
    >>> block(torch.zeros(6, 8, 4, 4), torch.zeros(2, 5, 8, 8)).shape
    torch.Size([6, 4, 8, 8])
    """

    def __init__(self, channels: int, skip_channels: int, filters: int, upsample: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels + skip_channels, filters, 3)
        self.channels = channels
        self.upsample = upsample

    def forward(self, h: Tensor, skip: Tensor) -> Tensor:
        of_frame, of_skip = self.conv.weight.split([self.channels, skip.shape[1]], dim=1)
        once = conv_reflect(skip, of_skip, self.conv.bias)  # (B, filters, rH, rW), the same for every frame
        h = upsample_conv(h, of_frame) if self.upsample else conv_reflect(h, of_frame)
        return F.leaky_relu(_add_to_each_frame(h, once), SLOPE, inplace=True)


class ConvLSTMBlock(nn.Module):
    """A ConvLSTM in place of a decoder block: its maps remember the frames before.

    The candidate gate is a leaky ReLU where a text-book LSTM has tanh (option), the output uses tanh(cell); zero
    padding; weights start in U(-1/sqrt(filters), 1/sqrt(filters)). All three are the reference's.

    Input: h (B*T, C, H, W), skip (B, S, 2H, 2W), and the state that the previous chunk left (or None).
    Output (B*T, filters, 2H, 2W) and the new state.

    Source: reference; the paper does not mention it. Shi et al. 2015.

    >>> block = ConvLSTMBlock(8, 5, 4, candidate="tanh")
    >>> frames, state = block(torch.zeros(6, 8, 4, 4), torch.zeros(2, 5, 8, 8))
    >>> frames.shape, state[0].shape
    (torch.Size([6, 4, 8, 8]), torch.Size([2, 4, 8, 8]))
    """

    def __init__(self, channels: int, skip_channels: int, filters: int, candidate: str) -> None:
        super().__init__()
        self.input = nn.Conv2d(channels + skip_channels, 4 * filters, 3)
        self.hidden = nn.Conv2d(filters, 4 * filters, 3, padding=1)
        self.channels = channels
        self.candidate = candidate
        bound = filters**-0.5
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, h: Tensor, skip: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        batch = skip.shape[0]
        of_frame, of_skip = self.input.weight.split([self.channels, skip.shape[1]], dim=1)
        once = F.conv2d(skip, of_skip, self.input.bias, padding=1)
        h = rearrange(h, "(b t) c h w -> (t b) h w c", b=batch)  # copied here, where the maps are small, and nowhere else
        h = rearrange(h, "n h w c -> n c h w")
        inputs = upsample_conv(h, of_frame, padding="zeros").split(batch)  # T times (B, 4 filters, 2H, 2W)
        of_hidden = self.hidden.weight.contiguous(memory_format=torch.channels_last)  # once, not at every step
        if state is None:
            zeros = torch.zeros_like(inputs[0][:, : self.hidden.in_channels], memory_format=torch.channels_last)
            state = zeros, zeros
        hidden, cell = state
        outputs = []
        for gates in inputs:
            gates = F.conv2d(hidden, of_hidden, self.hidden.bias, padding=1).add_(gates).add_(once)
            i, f, g, o = gates.chunk(4, dim=1)
            g = torch.tanh(g) if self.candidate == "tanh" else F.leaky_relu(g, SLOPE)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * g
            hidden = torch.sigmoid(o) * torch.tanh(cell)
            outputs.append(rearrange(hidden, "b c h w -> b h w c"))  # so joined, they stay channels_last
        return rearrange(torch.stack(outputs, dim=1), "b t h w c -> (b t) c h w"), (hidden, cell)


class Decoder(nn.Module):
    """One fully connected layer to a 4x4 map, five blocks with skips and nearest x2 upsampling, a 7x7 convolution, tanh.

    Input: z (B, T, fusion_dim), the image encoder's skips, largest first, the condition image (B, 3, H, W), where its eyes
    and mouth are, the emotion asked for, (B, 6) or (B, T, 6), and whether it is moved in any case, which only the outputs beyond the paper look at
    (see `output` and `warp`).
    Output: frames (B, T, 3, H, W) in (-1, 1), and the ConvLSTM's state (None without one), so that a long video can
    be decoded in chunks with the same result.

    The paper says "two FC layers"; the reference has one. The paper's "the last layer has no skip" is the 7x7 one.

    Source: paper, "Decoder"; sizes of the reference.

    >>> config = ModelConfig(image_size=32, filters=(4, 8, 8), last_filters=4, speech_dim=8, image_dim=8,
    ...                      emotion_dim=8, noise_dim=4)
    >>> skips = [torch.zeros(2, 7, 16, 16), torch.zeros(2, 11, 8, 8), torch.zeros(2, 11, 4, 4)]
    >>> Decoder(config)(torch.zeros(2, 5, 28), skips, torch.zeros(2, 3, 32, 32))[0].shape
    torch.Size([2, 5, 3, 32, 32])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        top = config.filters[-1]
        self.fc = nn.Sequential(nn.Linear(config.fusion_dim, top * SMALLEST**2), nn.LeakyReLU(SLOPE))
        inputs = config.filters[::-1]
        outputs = (*inputs[1:], config.last_filters)
        self.blocks = nn.ModuleList()
        for i, (channels, filters) in enumerate(zip(inputs, outputs)):
            if config.conv_lstm and i == len(inputs) - 2:
                self.blocks.append(ConvLSTMBlock(channels, channels + 3, filters, config.candidate))
            else:
                self.blocks.append(DecoderBlock(channels, channels + 3, filters, upsample=i > 0))
        self.last = nn.Conv2d(config.last_filters, CHANNELS[config.output], 7)
        self.warp = Warp(config) if config.output == "warp" else None

    def forward(
        self,
        z: Tensor,
        skips: list[Tensor],
        image: Tensor,
        places: Tensor | None = None,
        emotion: Tensor | None = None,
        moved: bool = False,
        state: State | None = None,
    ) -> tuple[Tensor, State | None]:
        frames, state = self.draw(z, skips, image, state)
        frames = self.warp(z, frames, image, places, emotion, moved) if self.warp else frames
        return rearrange(frames, "(b t) c h w -> b t c h w", b=z.shape[0]), state

    def draw(self, z: Tensor, skips: list[Tensor], image: Tensor, state: State | None = None) -> tuple[Tensor, State | None]:
        """What the decoder draws by itself: (B*T, 3, H, W) in [-1, 1]. For the output `warp`, it is one of several layers."""
        h = rearrange(self.fc(z), "b t (c h w) -> (b t) c h w", h=SMALLEST, w=SMALLEST)
        h = h.contiguous(memory_format=torch.channels_last)  # transposed convolutions are faster so, CPU and CUDA
        for block, skip in zip(self.blocks, reversed(skips)):
            skip = skip.contiguous(memory_format=torch.channels_last)  # sums of two layouts are slow
            if isinstance(block, ConvLSTMBlock):
                h, state = block(h, skip, state)
            else:
                h = block(h, skip)
        return to_frames(upsample_conv(h, self.last.weight, self.last.bias), image), state


def _add_to_each_frame(of_frames: Tensor, of_clip: Tensor) -> Tensor:
    """Add a clip's map (B, C, H, W) to each of its frames' maps (B*T, C, H, W), in place: new memory costs more than adding."""
    frames = rearrange(of_frames, "(b t) c h w -> b t c h w", b=of_clip.shape[0])
    frames += rearrange(of_clip, "b c h w -> b 1 c h w")
    return of_frames
