"""Being stopped between two steps, never within one (half a step could not be gone on with), and with nothing half written."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]  # `kill`, a scheduler; a closed terminal
USUAL = (signal.SIG_DFL, signal.default_int_handler)  # how Python finds them
STDERR = 2  # as the operating system counts


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Hold Ctrl-C back, and what `ends_like_ctrl_c` treats like it; the value says whether one came. A second one stops at once.

    A KeyboardInterrupt that the block then raises carries the signal's number. Only the main thread can do so; in another
    one, the value is always False.

    >>> with interrupts() as interrupted:
    ...     interrupted()
    False
    """
    came: list[int] = []

    def remember(number: int, frame: object) -> None:
        if came:
            raise KeyboardInterrupt(number)
        came.append(number)

    with _handled(remember, [number for number in (signal.SIGINT, *ENDS) if callable(signal.getsignal(number))]):
        try:
            yield lambda: bool(came)
        except KeyboardInterrupt as stopped:
            stopped.args = stopped.args or tuple(came)
            raise


@contextmanager
def ends_like_ctrl_c(last_words: Callable[[], str] = lambda: "stopped; nothing was written") -> Iterator[None]:
    """In the block, `kill` and a closed terminal raise KeyboardInterrupt, with the signal's number: what is half written is removed.

    A signal that is ignored (`nohup`) stays so. While a module is being imported, each of them, and Ctrl-C, ends the process
    at once: an exception there may be swallowed, or make compiled code crash, and nothing is being written.

    Args:
        last_words: what to say then, on stderr.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        if _imports(frame):
            with suppress(OSError):  # a closed terminal takes no more words
                os.write(STDERR, f"emotalk: {last_words()}\n".encode())  # print may be at work itself
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        raise KeyboardInterrupt(number)

    with _handled(stop, [number for number in (signal.SIGINT, *ENDS) if signal.getsignal(number) in USUAL]):
        yield


def _imports(frame: FrameType | None) -> bool:
    """Whether what runs in this frame runs for an import."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


@contextmanager
def _handled(handler: Callable[[int, object], None], numbers: list[int]) -> Iterator[None]:
    """The handler of these signals while the block lasts; nothing outside the main thread, where Python allows none."""
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
