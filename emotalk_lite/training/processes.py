"""One training on one or several processes: each computes a share of every batch, and gradients are averaged.

`torchrun` or `accelerate launch --multi_gpu` (on CPUs too, where it starts a single process without that option) starts the
processes, accelerate connects them. No network is wrapped: the gradient penalty differentiates twice, and the generator is called
in parts, which wrappers do not follow.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Parameter

from ..errors import EmotalkError


@dataclass(frozen=True)
class Processes:
    """Which of how many processes this one is, and where it computes."""

    index: int
    count: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this process logs and saves."""
        return self.index == 0

    def rows(self, batch_size: int, in_pairs: bool = False) -> slice:
        """Which examples of every batch are this process's.

        Args:
            batch_size: of all processes together.
            in_pairs: every second clip is treated in another way: several processes do what one alone does if each gets an even number.

        Raises:
            EmotalkError: the batch cannot be shared evenly, or not in pairs.

        >>> Processes(1, 2, torch.device("cpu")).rows(4)
        slice(2, 4, None)
        """
        each, left = divmod(batch_size, self.count)
        larger = math.lcm(batch_size, self.count * (2 if in_pairs else 1))
        if left:
            raise EmotalkError(
                f"a batch of {batch_size} cannot be shared by {self.count} processes; start a number that divides it, "
                f"or give a larger batch: --set batch_size={larger}"
            )
        if in_pairs and self.count > 1 and each % 2:
            raise EmotalkError(
                f"a batch of {batch_size} gives each of {self.count} processes an odd number of clips, and the output warp draws every second "
                f"one; start fewer, or give a larger batch: --set batch_size={larger}"
            )
        return slice(self.index * each, (self.index + 1) * each)

    def wait(self) -> None:
        """Go on when every process is here."""
        if self.count > 1:
            torch.distributed.barrier()

    def average_gradients(self, parameters: Iterable[Parameter]) -> None:
        """Replace each gradient by its mean over the processes: the gradient of the whole batch."""
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        mean = self.average(torch.cat([g.flatten() for g in gradients]))
        for gradient, part in zip(gradients, mean.split([g.numel() for g in gradients])):
            gradient.copy_(part.view_as(gradient))

    def average_values(self, terms: dict[str, Tensor]) -> dict[str, float]:
        """Scalars by name, each its mean over the processes.

        >>> Processes(0, 1, torch.device("cpu")).average_values({"mouth": torch.tensor(0.5)})
        {'mouth': 0.5}
        """
        if not terms:
            return {}
        values = torch.stack([term.detach() for term in terms.values()])
        return dict(zip(terms, (self.average(values) if self.count > 1 else values).tolist()))

    def average(self, values: Tensor) -> Tensor:
        """The mean of a tensor over the processes, each has its own values of it."""
        from accelerate.utils import reduce

        return reduce(values, reduction="mean")


def find_processes(device: torch.device) -> Processes:
    """This process's place among those that were started together; one of one where it was started alone.

    Args:
        device: "cpu" or "cuda"; with several GPUs, each process gets its own.
    """
    from accelerate import PartialState

    state = PartialState(cpu=device.type == "cpu")
    own = device.type != "cpu" and state.num_processes > 1
    return Processes(state.process_index, state.num_processes, state.device if own else device)
