"""Where to compute, and on how many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread, within ``with`` or as a decorator: for networks and pictures that are too small to share out.

    A second thread gains nothing on an idle machine, and on a busy one each of thousands of small operations waits for it.

    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_bfloat16(device: torch.device) -> None:
    """Fail where a bfloat16 LSTM cannot run: many processors have none, every recent GPU has one.

    Raises:
        EmotalkError: it cannot; the message says what to ask for instead.
    """
    lstm = torch.nn.LSTM(8, 8, batch_first=True).to(device)
    try:
        with torch.autocast(device.type, torch.bfloat16):
            lstm(torch.zeros(1, 2, 8, device=device))
    except RuntimeError:
        raise EmotalkError(f"this {device.type} device cannot compute an LSTM in bfloat16; use --precision fp32") from None


def check_compile(device: torch.device) -> None:
    """Compile one line, to see whether `torch.compile` works here: on a CPU it needs a C++ compiler, on a GPU Triton.

    Raises:
        EmotalkError: it does not; the message says why.
    """
    try:
        torch.compile(lambda x: x.sin() + 1)(torch.zeros(8, device=device))
    except Exception as error:  # of the compiler's tool chain: of any kind
        raise cannot_compile(error) from error


def cannot_compile(error: Exception) -> EmotalkError:
    """One line of a failure of `torch.compile`.

    >>> cannot_compile(RuntimeError("InvalidCxxCompiler: No working C++ compiler found\\n\\nSet TORCHDYNAMO_VERBOSE=1"))
    EmotalkError('torch.compile fails here (InvalidCxxCompiler: No working C++ compiler found); train without --compile')
    """
    why = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return EmotalkError(f"torch.compile fails here ({why}); train without --compile")
