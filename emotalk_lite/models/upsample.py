"""Two exact rewrites that make the decoder three times cheaper on a CPU: same numbers, less work. (On a GPU they save memory and no time,
see `results/bench_generate_cuda.json`.)

The plain formulation of a decoder block joins a skip to an upsampled map and convolves::

    conv(cat([upsample(h), repeat(skip)]))        # T frames, each convolves the same skip again

* **Skip once.** A convolution is linear in its input channels, so this is ``conv_h(upsample(h)) + conv_s(skip)``, and
  the skip is the same for all T frames of a clip: its half is computed once a clip.
* **Upsample inside the convolution.** A nearest x2 upsampling followed by a k x k convolution is *one* transposed
  convolution with stride 2, whose kernel is the k x k kernel widened by a 2x2 box: 16 multiplications an input pixel
  in place of 36 (k = 3), and the upsampled map is never made. The last convolution (k = 7) has only three outputs,
  which neither form computes fast; as a 5x5 convolution of the small map with 4 x 3 outputs, the four pixels
  under each small one, it is three times faster, though it multiplies more.
"""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional as F


def conv_reflect(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """k x k convolution with reflection padding, (N, C_in, H, W) to (N, C_out, H, W); k odd.

    >>> conv_reflect(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)).unique().tolist()
    [9.0]
    """
    pad = weight.shape[-1] // 2
    return F.conv2d(F.pad(x, (pad,) * 4, mode="reflect"), weight, bias)


def replicate_border(x: Tensor) -> Tensor:
    """Repeat the outermost rows and columns once: (N, C, H, W) to (N, C, H + 2, W + 2).

    >>> replicate_border(torch.tensor([[[[1.0, 2.0]]]]))[0, 0, 0].tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    if torch.compiler.is_compiling():  # its backward of `F.pad` takes a channels-last gradient for a contiguous one (PyTorch 2.13)
        x = torch.cat([x[..., :1], x, x[..., -1:]], dim=-1)
        return torch.cat([x[..., :1, :], x, x[..., -1:, :]], dim=-2)
    return F.pad(x, (1,) * 4, mode="replicate")


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
    k = weight.shape[-1]
    flip = torch.eye(k, dtype=weight.dtype, device=weight.device).flip(0)
    widen = F.pad(flip, (0, 1)) + F.pad(flip, (1, 0))  # (k, k + 1)
    # One matrix product over all kernels: adding four shifted copies of them costs as much as the convolution of 8x8 maps.
    wide = rearrange(weight, "o i h w -> i o (h w)") @ torch.kron(widen, widen)
    return rearrange(wide, "i o (h w) -> i o h w", h=k + 1)


def phase_kernel(weight: Tensor) -> Tensor:
    """The kernel that draws the four pixels under a small pixel at once: a convolution of the small map with 4 C_out outputs.

    Args:
        weight: (C_out, C_in, k, k) of the convolution of the upsampled map, k odd.

    Returns:
        (4 C_out, C_in, n, n) in the order of `pixel_shuffle`, n = 3 for k = 3 and 5 for k = 7.

    >>> phase_kernel(torch.ones(1, 1, 3, 3))[0, 0].tolist()  # the upper left pixel sees nothing below or to the right
    [[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 0.0]]
    """
    k = weight.shape[-1]
    reach = (k // 2 + 1) // 2  # small pixels on each side
    seen = torch.zeros(2, k, 2 * reach + 1, dtype=weight.dtype, device=weight.device)
    for pixel in range(2):
        for tap in range(k):
            seen[pixel, tap, (pixel + tap - k // 2) // 2 + reach] = 1  # which small pixel lies under this tap
    kernel = torch.einsum("oihw,phm,qwn->opqimn", weight, seen, seen)
    return rearrange(kernel, "o p q i m n -> (o p q) i m n")


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
    if padding == "zeros":
        return F.conv_transpose2d(x, transposed_kernel(weight), bias, stride=2, padding=pad)
    if pad == 1:  # reflecting the upsampled map by one pixel is replicating the small one by one
        x = replicate_border(x)
        return F.conv_transpose2d(x, transposed_kernel(weight), bias, stride=2, padding=3)
    kernel = phase_kernel(weight)  # three outputs are too few to be fast, transposed or not; twelve are not
    four = F.conv2d(x, kernel, None if bias is None else repeat(bias, "o -> (o 4)"), padding=kernel.shape[-1] // 2)
    return _with_borders(F.pixel_shuffle(four, 2), x, weight, bias)


def _with_borders(frames: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Put rows and columns that are convolved plainly in place of the `pad` outermost ones of `frames`."""
    pad = weight.shape[-1] // 2
    near = (3 * pad + 1) // 2  # small rows under the 2 * pad upsampled rows that a border row sees beyond itself

    def upsampled(small: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
        return F.pad(F.interpolate(small, scale_factor=2, mode="nearest"), padding, mode="reflect")

    def convolved(strip: Tensor) -> Tensor:
        return F.conv2d(strip, weight, bias)

    frames[:, :, :pad] = convolved(upsampled(x[:, :, :near], (pad, pad, pad, 0))[:, :, : 3 * pad])
    frames[:, :, -pad:] = convolved(upsampled(x[:, :, -near:], (pad, pad, 0, pad))[:, :, -3 * pad :])
    inner = slice(pad, -pad)
    frames[:, :, inner, :pad] = convolved(upsampled(x[:, :, :, :near], (pad, 0, 0, 0))[:, :, :, : 3 * pad])
    frames[:, :, inner, -pad:] = convolved(upsampled(x[:, :, :, -near:], (0, pad, 0, 0))[:, :, :, -3 * pad :])
    return frames
