"""Work that several processes share: they end with the one that started them, and Ctrl-C is for that one to answer."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ..errors import EmotalkError
from ..interrupt import ENDS

Task, Result = TypeVar("Task"), TypeVar("Result")


def in_workers(work: Callable[[Task], Result], tasks: Sequence[Task], workers: int | None, out: Path) -> Iterator[Result]:
    """Each task's result as it is finished; all in this process where one worker is asked for or one task is left.

    Close it, and nothing new is started.

    Args:
        work: what to do with a task; a function of a module, or a `functools.partial` of one.
        tasks: of anything that can be pickled.
        workers: processes; None: one a processor, at most two.
        out: where the work writes to, for the message.

    Raises:
        EmotalkError: what a task makes cannot be written, or a process was killed.

    >>> list(in_workers(abs, [-1, 2], workers=1, out=Path(".")))
    [1, 2]
    """
    count = min(len(tasks), min(2, os.cpu_count() or 1) if workers is None else workers)
    try:
        if count <= 1:
            yield from map(work, tasks)
            return
        pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=end_with_parent)
        try:
            with _held_back(signal.SIGINT):  # and workers never hear it, not even while they import, which takes seconds
                futures = [pool.submit(work, task) for task in tasks]
            for future in as_completed(futures):
                yield future.result()
        finally:
            with _held_back(signal.SIGINT, *ENDS):  # a second one would leave the pool and its workers waiting for each other
                pool.shutdown(cancel_futures=True)
    except OSError as error:
        raise EmotalkError(f"cannot write to {out}: {error.strerror or error}; free some space, then run it again") from error
    except (BrokenProcessPool, MemoryError) as error:
        raise EmotalkError(
            "a worker process ended, probably for want of memory: run it again with fewer workers; "
            'a script of your own must call it below `if __name__ == "__main__":`'
        ) from error


@contextmanager
def _held_back(*numbers: int) -> Iterator[None]:
    """These signals come after the block, and to processes that are started in it not at all."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: `end_with_parent` makes them deaf, after their imports
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """Called in a worker: it ends as soon as the process that started it does, and leaves Ctrl-C to that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent decides
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()  # it may be killed
