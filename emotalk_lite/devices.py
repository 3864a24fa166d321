"""Where to compute."""

from __future__ import annotations

import torch

from .errors import EmotalkError


def pick_device(name: str = "auto") -> torch.device:
    """The device of a name; "auto" takes a GPU where there is one.

    Args:
        name: "auto", "cpu", "cuda", "cuda:1", "mps".

    Raises:
        EmotalkError: the name is unknown or this machine has no such device.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise EmotalkError(f"no device '{name}'; use auto, cpu or cuda") from None
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(device.type, False):
        raise EmotalkError(f"this machine has no {device.type} device; use --device cpu")
    return device
