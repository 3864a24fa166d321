"""Two exact rewrites that make the decoder three times cheaper: same numbers, less work.

The plain formulation of a decoder block joins a skip to an upsampled map and convolves::

    conv(cat([upsample(h), repeat(skip)]))        # T frames, each convolves the same skip again

* **Skip once.** A convolution is linear in its input channels, so this is ``conv_h(upsample(h)) + conv_s(skip)``, and
  the skip is the same for all T frames of a clip: its half is computed once a clip.
* **Upsample inside the convolution.** A nearest x2 upsampling followed by a k x k convolution is *one* transposed
  convolution with stride 2, whose kernel is the k x k kernel widened by a 2x2 box: 16 multiplications an input pixel
  in place of 36 (k = 3), 64 in place of 196 (k = 7), and the upsampled map is never made.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def conv_reflect(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """k x k convolution with reflection padding, (N, C_in, H, W) to (N, C_out, H, W); k odd.

    >>> conv_reflect(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)).unique().tolist()
    [9.0]
    """
    pad = weight.shape[-1] // 2
    return F.conv2d(F.pad(x, (pad,) * 4, mode="reflect"), weight, bias)


def plain_upsample_conv(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Nearest x2, then `conv_reflect`: the text-book formulation and the oracle of `upsample_conv`.

    >>> plain_upsample_conv(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)).shape
    torch.Size([1, 1, 8, 8])
    """
    return conv_reflect(F.interpolate(x, scale_factor=2, mode="nearest"), weight, bias)


def transposed_kernel(weight: Tensor) -> Tensor:
    """The stride-2 transposed-convolution kernel that equals "nearest x2, then convolve with `weight`".

    Args:
        weight: (C_out, C_in, k, k) of the convolution.

    Returns:
        (C_in, C_out, k + 1, k + 1): the flipped kernel convolved with a 2x2 box of ones.

    >>> transposed_kernel(torch.ones(1, 1, 1, 1))[0, 0].tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    w = F.pad(weight.flip(2, 3).transpose(0, 1), (1, 1, 1, 1))
    return w[:, :, 1:, 1:] + w[:, :, :-1, 1:] + w[:, :, 1:, :-1] + w[:, :, :-1, :-1]


def upsample_conv(x: Tensor, weight: Tensor, bias: Tensor | None = None, padding: str = "reflect") -> Tensor:
    """`plain_upsample_conv` without the upsampled map.

    Args:
        x: (N, C_in, H, W), H and W at least k.
        weight: (C_out, C_in, k, k), k odd.
        bias: (C_out,) or none.
        padding: of the upsampled map, "reflect" or "zeros".

    Returns:
        (N, C_out, 2H, 2W).

    >>> x, w = torch.randn(2, 3, 8, 8), torch.randn(4, 3, 7, 7)
    >>> torch.allclose(upsample_conv(x, w), plain_upsample_conv(x, w), atol=1e-4)
    True
    """
    pad = weight.shape[-1] // 2
    kernel = transposed_kernel(weight)
    if padding == "zeros":
        return F.conv_transpose2d(x, kernel, bias, stride=2, padding=pad)
    if pad == 1:  # reflecting the upsampled map by one pixel is replicating the small one by one
        return F.conv_transpose2d(F.pad(x, (1,) * 4, mode="replicate"), kernel, bias, stride=2, padding=3)
    inner = F.conv_transpose2d(x, kernel, bias, stride=2, padding=2 * pad)  # all but a border of `pad` pixels
    return _with_borders(inner, x, weight, bias)


def _with_borders(inner: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Put the `pad` outermost rows and columns, convolved plainly, around `inner`."""
    pad = weight.shape[-1] // 2
    near = (3 * pad + 1) // 2  # small rows under the 2 * pad upsampled rows that a border row sees beyond itself

    def upsampled(small: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
        return F.pad(F.interpolate(small, scale_factor=2, mode="nearest"), padding, mode="reflect")

    def convolved(strip: Tensor) -> Tensor:
        return F.conv2d(strip, weight, bias)

    top = convolved(upsampled(x[:, :, :near], (pad, pad, pad, 0))[:, :, : 3 * pad])
    bottom = convolved(upsampled(x[:, :, -near:], (pad, pad, 0, pad))[:, :, -3 * pad :])
    left = convolved(upsampled(x[:, :, :, :near], (pad, 0, 0, 0))[:, :, :, : 3 * pad])
    right = convolved(upsampled(x[:, :, :, -near:], (0, pad, 0, 0))[:, :, :, -3 * pad :])
    return torch.cat([top, torch.cat([left, inner, right], dim=3), bottom], dim=2)
