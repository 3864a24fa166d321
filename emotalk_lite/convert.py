"""Checkpoints of others, turned into ours."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from .checkpoint import save_generator
from .errors import EmotalkError
from .models.generator import Generator
from .models.reference import from_reference
from .paths import check_writable


def read_reference(path: str | os.PathLike) -> Generator:
    """The base paper's released generator.pt as a `Generator`; see `from_reference`.

    Of the file, tensors are read and nothing else: code that stands in it does not run.

    Raises:
        EmotalkError: no such file, not a checkpoint, one that holds more than tensors, or as `from_reference`.

    >>> read_reference("nowhere.pt")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no file at nowhere.pt; give the generator.pt of the base paper's release
    """
    path = Path(path)
    if not path.is_file():
        raise EmotalkError(f"no file at {path}; give the generator.pt of the base paper's release")
    try:
        state_dict = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a file that is no checkpoint makes the unpickler raise nearly anything
        raise EmotalkError(
            f"{path} cannot be read as a checkpoint: it is damaged, or something else, or holds more than tensors; download it again"
        ) from None
    return from_reference(state_dict)


def convert(path: str | os.PathLike, out: str | os.PathLike) -> Generator:
    """Write the base paper's released checkpoint as one that `talk` reads; atomic.

    Args:
        path: generator.pt of the release.
        out: the .safetensors file.

    Returns:
        The generator that was written.

    Raises:
        EmotalkError: as `read_reference`; or `out` cannot be written.
    """
    check_writable(out)
    generator = read_reference(path)
    save_generator(generator, Path(out), source="the base paper's release (eeskimez/emotalkingface, MIT)")
    return generator
