"""RRDBNet: the network of ESRGAN, Real-ESRGAN and BSRGAN, four times as many pixels in each direction.

Every parameter has the name that the published `BSRGAN.pth` gives it, so that the file loads as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import SLOPE

SCALE = 4  # times as many pixels in each direction
RESIDUAL = 0.2  # share of a block's result that is added to its input: deep stacks of residuals stay tame


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU; over its own input where no gradient needs that, which saves a tensor.

    >>> leaky(torch.tensor([-1.0, 2.0]))
    tensor([-0.2000,  2.0000])
    """
    return F.leaky_relu(x, SLOPE, inplace=not torch.is_grad_enabled())


def add(x: Tensor, residual: Tensor) -> Tensor:
    """x + 0.2 * residual; over the residual where no gradient needs it.

    >>> add(torch.tensor([1.0]), torch.tensor([5.0]))
    tensor([2.])
    """
    return torch.add(x, residual, alpha=RESIDUAL) if torch.is_grad_enabled() else residual.mul_(RESIDUAL).add_(x)


class ResidualDenseBlock(nn.Module):
    """Five convolutions, each of which sees the input and all results before it.

    Args:
        channels: nf, of input and output.
        growth: gc, channels that each of the first four convolutions adds.

    Source: Wang et al. 2018 (ESRGAN), Section 3.1.

    >>> ResidualDenseBlock(8, 4)(torch.zeros(1, 8, 6, 5)).shape
    torch.Size([1, 8, 6, 5])
    """

    def __init__(self, channels: int = 64, growth: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, growth, 3, padding=1)
        self.conv2 = nn.Conv2d(channels + growth, growth, 3, padding=1)
        self.conv3 = nn.Conv2d(channels + 2 * growth, growth, 3, padding=1)
        self.conv4 = nn.Conv2d(channels + 3 * growth, growth, 3, padding=1)
        self.conv5 = nn.Conv2d(channels + 4 * growth, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        seen = x  # (B, nf, H, W), and gc channels more after each convolution
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat([seen, leaky(conv(seen))], dim=1)
        return add(x, self.conv5(seen))


class ResidualInResidual(nn.Module):
    """Three dense blocks in a row, and a way around them (RRDB).

    >>> ResidualInResidual(8, 4)(torch.zeros(1, 8, 6, 5)).shape
    torch.Size([1, 8, 6, 5])
    """

    def __init__(self, channels: int = 64, growth: int = 32) -> None:
        super().__init__()
        self.RDB1 = ResidualDenseBlock(channels, growth)
        self.RDB2 = ResidualDenseBlock(channels, growth)
        self.RDB3 = ResidualDenseBlock(channels, growth)

    def forward(self, x: Tensor) -> Tensor:
        return add(x, self.RDB3(self.RDB2(self.RDB1(x))))


class RRDBNet(nn.Module):
    """RGB (B, 3, H, W) in [0, 1] to (B, 3, 4H, 4W), not clamped.

    Args:
        channels: nf.
        blocks: nb, residual-in-residual blocks.
        growth: gc.

    The defaults are those of BSRGAN and of Real-ESRGAN x4plus: 16,697,987 parameters. The weights lie channels-last,
    and without gradients nothing is kept: see `benchmarks/superres.py` for what that is worth.

    Source: Wang et al. 2018 (ESRGAN); Zhang et al. 2021 (BSRGAN), Section 5.

    >>> RRDBNet(channels=8, blocks=1, growth=4)(torch.zeros(1, 3, 6, 5)).shape
    torch.Size([1, 3, 24, 20])
    """

    def __init__(self, channels: int = 64, blocks: int = 23, growth: int = 32) -> None:
        super().__init__()
        self.conv_first = nn.Conv2d(3, channels, 3, padding=1)
        self.RRDB_trunk = nn.Sequential(*[ResidualInResidual(channels, growth) for _ in range(blocks)])
        self.trunk_conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.upconv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.upconv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.HRconv = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_last = nn.Conv2d(channels, 3, 3, padding=1)
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        return self.compose(x, self.features, self.draw)

    def compose(self, x: Tensor, features: Callable[[Tensor], Tensor], draw: Callable[[Tensor], Tensor]) -> Tensor:
        """What `forward` gives, of its two parts as they are or computed tile by tile. What a subclass adds, it adds here."""
        return draw(features(x))

    def features(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, nf, H, W): nearly all of the work, at the small size."""
        x = self.conv_first(x.contiguous(memory_format=torch.channels_last))
        return x + self.trunk_conv(self.RRDB_trunk(x))

    def draw(self, x: Tensor) -> Tensor:
        """(B, nf, H, W) to (B, 3, 4H, 4W): nearly all of the memory, at the large size."""
        for conv in (self.upconv1, self.upconv2):
            x = leaky(conv(F.interpolate(x, scale_factor=2, mode="nearest")))
        return self.conv_last(leaky(self.HRconv(x)))


class FromBicubic(RRDBNet):
    """An RRDBNet whose drawing is added to bicubic interpolation. It begins as exactly that and learns what it lacks.

    The published networks draw the whole picture; a training of a minute would spend itself on learning to copy colours.
    Arguments, input and output are those of `RRDBNet`.

    Source: the skip is Kim et al. 2016 (VDSR), Section 3.

    >>> x = torch.rand(1, 3, 6, 5)
    >>> bicubic = F.interpolate(x, scale_factor=SCALE, mode="bicubic", antialias=True)
    >>> torch.equal(FromBicubic(channels=8, blocks=1, growth=4)(x), bicubic)
    True
    """

    def __init__(self, channels: int = 64, blocks: int = 23, growth: int = 32) -> None:
        super().__init__(channels, blocks, growth)
        nn.init.zeros_(self.conv_last.weight)
        nn.init.zeros_(self.conv_last.bias)

    def compose(self, x: Tensor, features: Callable[[Tensor], Tensor], draw: Callable[[Tensor], Tensor]) -> Tensor:
        return F.interpolate(x, scale_factor=SCALE, mode="bicubic", antialias=True) + super().compose(x, features, draw)
