"""The exercise checks of chapter 11: the right answer passes, and each wrong one is told where to look."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotalk_lite import check
from emotalk_lite.presets import PRESETS, TrainConfig
from emotalk_lite.training.schedule import learning_rate


@pytest.mark.parametrize(
    "steps, hint",
    [(3400, "These are epochs"), (340_000, "two videos"), (90_000, "joint stage"), (80_000, "pretraining"), (160_000, "the first of the three"), (250_000, "no generator"),
     (680_000, "halves"), (85_000, "halved twice"), (180_000, "the end"), (1, "steps an epoch"), (170_000, "50 steps each")],
)
def test_steps_of_epochs(steps, hint):
    verdict = check.steps_of_epochs(steps)
    assert hint in verdict.hint and bool(verdict) == (steps == 170_000)


def test_the_preset_takes_as_many():
    a100 = PRESETS["a100"].train
    assert check.steps_of_epochs(a100.pretrain_steps + a100.joint_steps * 1800 // 2000)


def rate(step, steps, top, end, warmup, first=1, start=None, shape="cosine", last=0, way=None, fall=None, warm_top=None):
    if step < warmup + last:
        return (warm_top or top) * (step + first) / warmup
    p = (step - (warmup if start is None else start)) / (way(steps, warmup) if way else steps - (warmup if start is None else start))
    bend = {"cosine": (1 + math.cos(math.pi * p)) / 2, "line": 1 - p, "square": 1 - p**2, "odd": (1 + math.cos(math.pi * p) ** 3) / 2,
            "whole": (1 + math.cos(2 * math.pi * p)) / 2, "up": (1 - math.cos(math.pi * p)) / 2, "twice": 1 + math.cos(math.pi * p)}[shape]
    return end + (top - end if fall is None else fall) * bend


@pytest.mark.parametrize(
    "mistake, hint",
    [({}, "Gently"), ({"first": 0}, "wasted"), ({"first": 3}, "tenth"), ({"start": 0}, "from there"), ({"shape": "line"}, "straight line"),
     ({"shape": "square"}, "Half way"), ({"shape": "odd"}, "p from 0 to 1"), ({"shape": "whole"}, "not to 2 pi"), ({"shape": "up"}, "it should fall"),
     ({"shape": "twice"}, "halve it"), ({"last": 1}, "step 9 is the last"), ({"fall": 1.0}, "top - end"), ({"way": lambda steps, warmup: steps}, "not arrived"),
     ({"way": lambda steps, warmup: steps - warmup - 1}, "one step early"), ({"warm_top": 1.0}, "all five"), ({"way": lambda steps, warmup: 100}, "all five"),
     ({"fall": 0.9}, "all five")],
)
def test_cosine_rate(mistake, hint):
    verdict = check.cosine_rate(lambda *given: rate(*given, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


def test_the_package_has_this_rate():
    def of_package(step, steps, top, end, warmup):
        config = replace(TrainConfig(), pretrain_steps=steps, learning_rate=top, final_learning_rate=end, warmup_steps=warmup)
        return learning_rate("pretrain", step, config)

    assert check.cosine_rate(of_package)


def ratio(drawn, real, box, boxed=True, inverse=False, swap=False, signed=True, scale=1.0, against_real=False, change=lambda film: np.abs(np.diff(film, axis=0))):
    x1, y1, x2, y2 = (box[1], box[0], box[3], box[2]) if swap else box
    if not boxed:
        x1, y1, x2, y2 = 0, 0, None, None
    a, b = (film[:, y1:y2, x1:x2].astype(int) if signed else film[:, y1:y2, x1:x2] for film in (drawn, real))
    moved = [change(film).mean() for film in ((b, a) if inverse else (a, b))]
    darker = (a.mean() / b.mean() if moved[0] > 0 and a.mean() > b.mean() else 1) if against_real else 1
    return scale * darker * moved[0] / moved[1]


@pytest.mark.parametrize(
    "mistake, hint",
    [({}, "late in pretraining"), ({"swap": True}, "rows are y"), ({"signed": False}, "wraps around"), ({"scale": 2.0}, "ratio 1"),
     ({"against_real": True}, "brighter film"), ({"change": lambda film: np.diff(film, axis=0) ** 2}, "not squares"),
     ({"change": lambda film: np.abs(film - film[0])}, "the one before it"), ({"change": lambda film: np.diff(film, axis=0)}, "cancel"),
     ({"change": lambda film: film.std(axis=0)}, "neighbouring frames"), ({"boxed": False}, "cut the box out"), ({"inverse": True}, "are exchanged"),
     ({"change": lambda film: np.abs(np.diff(film))}, "time is axis 0")],
)
def test_motion_ratio(mistake, hint):
    verdict = check.motion_ratio(lambda *given: ratio(*given, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


def test_the_chapters_table_is_the_measurement():
    root = Path(__file__).parents[1]
    text = (root / "book" / "chapters" / "11_training.md").read_text()
    kept = json.loads((root / "results" / "train_cpu.json").read_text())
    assert f"{kept['step']:,} steps, {kept['seconds']:.0f} s, two CPU threads" in text
    for row in kept["history"][1:]:
        assert f"| {row['stage']} | {row['step']} | {row['mouth_error']:.1f} | {row['mouth_motion']:.2f} |" in text
