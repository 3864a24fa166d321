"""Batches of training examples, read by the process that trains or by others beside it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from ..data.windows import Batch
from ..data.workers import end_with_parent
from ..errors import EmotalkError

MOST_WORKERS = 8  # each remembers clips of its own (`collection.REMEMBERED`, up to 1.2 GB)


def choose_workers(device: torch.device, cores: int | None = None) -> int:
    """How many processes read clips where nobody said: none on a CPU, whose cores train; on a GPU most of the cores, which would idle.

    Args:
        device: that trains.
        cores: of this machine; None: those that this process may use. Processes that torchrun started share them.

    >>> [choose_workers(torch.device("cuda"), cores) for cores in (1, 2, 64)], choose_workers(torch.device("cpu"), 64)
    ([0, 1, 8], 0)
    """
    if device.type == "cpu" or "fork" not in multiprocessing.get_all_start_methods():
        return 0
    if cores is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return max(0, min(MOST_WORKERS, share - 1))


def read_batches(examples: Dataset, order: Sequence[int], batch_size: int, workers: int = 0, pinned: bool = False) -> Iterator[Batch]:
    """The examples of an order, so many at a time. Close it, and the processes that read end.

    They are the same with any number of workers: an example depends on its index alone.

    Args:
        examples: `ClipWindows`.
        order: indices, see `example_order`.
        batch_size: B; what does not fill a batch at the end makes a smaller one.
        workers: processes that read ahead; 0: this one reads.
        pinned: in memory from which a GPU copies while it computes.

    Raises:
        EmotalkError, OSError: as the examples do.
    """
    method = "fork" if workers and "fork" in multiprocessing.get_all_start_methods() else None  # a new interpreter imports for seconds
    loader = DataLoader(
        _Readable(examples),
        batch_size,
        sampler=order,
        num_workers=workers,
        collate_fn=_collate,
        pin_memory=pinned,
        worker_init_fn=_start if workers else None,
        multiprocessing_context=method,
    )
    for batch in loader:
        if isinstance(batch, Exception):
            raise batch
        yield batch


class _Readable(Dataset):
    """The same examples; what the user can put right travels as a value, for DataLoader adds a worker's traceback to what is raised."""

    def __init__(self, examples: Dataset) -> None:
        self.examples = examples

    def __getitem__(self, index: int) -> Batch | Exception:
        try:
            return self.examples[index]
        except (EmotalkError, OSError) as error:
            return error


def _collate(examples: list[Batch | Exception]) -> Batch | Exception:
    return next((example for example in examples if isinstance(example, Exception)), None) or default_collate(examples)


def _start(number: int) -> None:
    end_with_parent()
