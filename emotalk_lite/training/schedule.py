"""What a step depends on by its number: the learning rate, which examples are read, and how far their faces are another's."""

from __future__ import annotations

import math

from ..presets import STAGES, TrainConfig

STAGE_EXAMPLES = 2**32  # each stage's examples are counted from a multiple of this: whatever the others' budgets are


def learning_rate(stage: str, step: int, config: TrainConfig) -> float:
    """Of the generator. Pretraining: linear warm-up, then a cosine to `final_learning_rate`. Joint stage: constant (paper).

    Args:
        stage: "pretrain" or "joint".
        step: of the stage, from 0.
        config: rates, warm-up and length of pretraining.

    >>> config = TrainConfig(pretrain_steps=100, learning_rate=1.0, final_learning_rate=0.0, warmup_steps=10)
    >>> [round(learning_rate("pretrain", s, config), 3) for s in (0, 10, 55, 100)], learning_rate("joint", 0, config)
    ([0.1, 1.0, 0.5, 0.0], 1e-05)
    """
    if stage == "joint":
        return config.joint_learning_rate
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, config.pretrain_steps - config.warmup_steps)
    span = config.learning_rate - config.final_learning_rate
    return config.final_learning_rate + span * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def example_order(stage: str, first: int, budget: int, batch_size: int, rows: slice) -> list[int]:
    """Which examples this process reads in steps `first` to `budget`: its rows of every batch.

    >>> example_order("critic", first=1, budget=3, batch_size=4, rows=slice(2, 4))
    [6, 7, 10, 11]
    """
    start = STAGES.index(stage) * STAGE_EXAMPLES
    return [start + step * batch_size + row for step in range(first, budget) for row in range(rows.start, rows.stop)]


def pseudo_ramp(stage: str, config: TrainConfig) -> tuple[int, int]:
    """The examples of a stage between which the pseudo-identities' strength grows from 0, for `ClipWindows`.

    It grows in pretraining alone, where a generator that meets strangers from the start keeps the mouth still. The critics
    have no such way out, and the joint stage goes on from the end of pretraining: there it is 1 throughout.

    >>> config = TrainConfig(batch_size=4, pseudo_ramp=(0, 10))
    >>> [tuple(example - STAGES.index(stage) * STAGE_EXAMPLES for example in pseudo_ramp(stage, config)) for stage in STAGES]
    [(0, 0), (0, 40), (0, 0)]
    """
    start = STAGES.index(stage) * STAGE_EXAMPLES
    first, last = config.pseudo_ramp if stage == "pretrain" else (0, 0)
    return start + first * config.batch_size, start + last * config.batch_size
