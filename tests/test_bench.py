"""The benchmark as a process at toy size: it says what it measured, and its numbers can be read."""

import json
import math

import pytest
import torch
from test_cli import emotalk

from emotalk_lite import bench
from emotalk_lite.devices import check_bfloat16
from emotalk_lite.errors import EmotalkError
from emotalk_lite.presets import PRESETS


def numbers(value):
    """Every number in a report."""
    if isinstance(value, dict):
        return [n for v in value.values() for n in numbers(v)]
    return [value] if isinstance(value, (int, float)) else []


def test_bench_prints_the_ratios_and_writes_json_with_what_they_were_measured_on(tmp_path):
    done = emotalk("bench", "--preset", "smoke", "--seconds", 0, "--json", tmp_path / "out" / "bench.json", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert {"hardware", "versions", "date", "device"} <= set(report) and list(report["presets"]) == ["smoke"]
    smoke = report["presets"]["smoke"]
    assert all(math.isfinite(n) and n > 0 for n in numbers(smoke))
    assert smoke["largest_difference"] < 1e-5
    for work in ("forward", "training_step"):
        row = smoke[work]
        assert row["memory_ratio"] > 1  # the plain formulation keeps every upsampled map and every repeated skip
        assert f"x {row['ratio']:.2f}" in done.stdout
        assert 0.2 < row["ratio"] / (row["frames_per_second"] / row["plain_frames_per_second"]) < 5
    assert set(smoke["options"]) == {"bfloat16", "channels_last"}
    half, last = smoke["options"]["bfloat16"], smoke["options"]["channels_last"]
    if "error" in half:
        with pytest.raises(EmotalkError):  # the only excuse
            check_bfloat16(torch.device("cpu"))
        assert half["error"] in done.stdout
    else:
        assert half["largest_difference"] > last["largest_difference"]


def test_a_training_step_is_drawn_in_training_mode_and_begins_without_gradients():
    """A GPU's LSTM has no gradient in evaluation mode, and gradients that pile up cost an addition."""
    generator, seen = bench.build(("smoke",), torch.device("cpu")), []

    def draw(*given):
        seen.append((generator.training, all(p.grad is None for p in generator.parameters())))
        return generator(*given)

    for _ in range(2):
        bench.training_step(bench.Way(generator, draw), bench.inputs(("smoke",), 1, torch.device("cpu")))
    assert seen == [(True, True)] * 2 and not generator.training and any(p.grad is not None for p in generator.parameters())


def test_bench_of_an_unknown_preset_is_refused_in_one_line(tmp_path):
    done = emotalk("bench", "--preset", "huge", "--json", tmp_path / "bench.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"emotalk: no preset 'huge'; choose one of {', '.join(PRESETS)}\n"
    assert not (tmp_path / "bench.json").exists()
