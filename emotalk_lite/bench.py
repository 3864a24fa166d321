"""How fast the generator draws and learns, and in how much memory, against the plain formulation in the same run.

"Plain" is the text-book decoder with the same weights (`models.plain`). Both are timed in turn, so a machine whose
speed drifts gives the same ratio; memory is the peak of a process that ran nothing else.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from .devices import pick_device
from .errors import EmotalkError
from .models.generator import Generator
from .models.noise import sample_noise
from .models.plain import plain_generate
from .options import PLACE, parse_options, with_options
from .paths import check_writable, write_json
from .presets import SAMPLES_PER_FRAME

WINDOW = 25  # frames a clip (paper's training window)
TRAIN_CLIPS = 2  # clips a training step (paper)
SECONDS = 10.0  # a comparison is repeated for this long ...
FEWEST = 2  # ... and at least this often
HOPELESS = 0.5  # an option that makes the forward pass this slow is not tried in training
MIB = 2**20

Inputs = tuple[Tensor, ...]
Asked = Sequence[str]  # a preset's name, then options


class Way(NamedTuple):
    """A way to draw frames: a generator, and a function of its inputs that draws with its weights."""

    generator: Generator
    draw: Callable[..., Tensor]


def bench(
    presets: Iterable[str] = ("cuda", "cpu"),
    *,
    options: Sequence[str] = (),
    json_path: str | os.PathLike | None = None,
    device: str = "auto",
    seconds: float = SECONDS,
    compiled: bool = False,
    progress: bool = True,
) -> dict[str, object]:
    """Measure presets: frames a second forward and in training, their ratio to the plain formulation, peak memory.

    Args:
        presets: names; "cuda" is the paper's size, on whatever device.
        options: of the model, each "name=value", see `with_options`.
        json_path: also write the report there.
        device: "auto", "cpu" or "cuda".
        seconds: for how long each pair is timed in turn; more on a busy machine.
        compiled: also try `torch.compile`, which takes minutes to compile on a CPU.
        progress: show a bar.

    Returns:
        {"presets": {name: {"forward": ..., "training_step": ..., "options": ...}}, and hardware, versions, date}.
        Ratios above 1 are gains.

    Raises:
        EmotalkError: unknown preset, option or device, an option of training, or the report cannot be written.
    """
    presets = {with_options(name, options).name: name for name in presets}
    for name in parse_options(options):
        if PLACE[name] != "model":
            raise EmotalkError(f"{name} is an option of training, and the bench measures the model; leave it out")
    place = pick_device(device)
    if json_path is not None:
        check_writable(json_path)
    report: dict[str, object] = {"what": "the generator against its plain formulation", "presets": {}}
    bar = tqdm(total=len(presets) * (5 + compiled), desc="bench", unit="part", disable=not progress)
    with bar:
        for shown, name in presets.items():
            report["presets"][shown] = measure((name, *options), place, seconds, compiled, bar)
    report |= provenance(place)
    if json_path is not None:
        write_json(report, json_path)
    return report


def measure(asked: Asked, device: torch.device, seconds: float, compiled: bool, bar: tqdm) -> dict[str, object]:
    """One preset's part of the report."""
    generator = build(asked, device)
    ours, plain = Way(generator, generator), Way(generator, partial(plain_generate, generator))
    talk, window = inputs(asked, 1, device), inputs(asked, TRAIN_CLIPS, device)
    with torch.inference_mode():
        report: dict[str, object] = {"largest_difference": (ours.draw(*talk) - plain.draw(*talk)).abs().max().item()}
    for work, run, given in (("forward", forward, talk), ("training_step", training_step, window)):
        report[work] = compare(partial(run, ours, given), partial(run, plain, given), len(given[0]), device, seconds)
        bar.update()
    memory = {which: peak_memory(asked, which, device) for which in ("ours", "plain")}
    for work in ("forward", "training_step"):
        now, before = memory["ours"][work], memory["plain"][work]
        report[work] |= {"peak_memory_mib": now, "plain_peak_memory_mib": before, "memory_ratio": round(before / now, 2)}
    bar.update()

    def in_bfloat16(*given: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            return generator(*given)

    other = build(asked, device).to(memory_format=torch.channels_last)
    options = {"bfloat16": Way(generator, in_bfloat16), "channels_last": Way(other, other)}
    if compiled:
        options["compile"] = Way(generator, torch.compile(generator))
    report["options"] = {}
    for name, changed in options.items():
        report["options"][name] = option(ours, changed, talk, window, seconds)
        bar.update()
    return report


def build(asked: Asked, device: torch.device) -> Generator:
    """A generator with random weights, the same every time."""
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they are
        torch.manual_seed(0)
        return Generator(with_options(asked[0], asked[1:]).model).to(device).eval()


def inputs(asked: Asked, clips: int, device: torch.device) -> Inputs:
    """A picture, a second of speech, an emotion and noise for each clip."""
    config, rng = with_options(asked[0], asked[1:]).model, torch.Generator().manual_seed(0)
    given = (
        torch.rand(clips, 3, config.image_size, config.image_size, generator=rng) * 2 - 1,
        torch.randn(clips, WINDOW * SAMPLES_PER_FRAME, generator=rng) * 0.1,
        torch.eye(6)[:clips],
        sample_noise(clips, WINDOW, config.noise_dim, rng),
    )
    return tuple(tensor.to(device) for tensor in given)


def forward(way: Way, given: Inputs) -> None:
    with torch.inference_mode():
        way.draw(*given)


def training_step(way: Way, given: Inputs) -> None:
    """Forward and backward; the optimiser's step is the same for all and left out."""
    way.generator.train().zero_grad()  # on a GPU, an LSTM in evaluation mode has no gradient
    way.draw(*given).square().mean().backward()
    way.generator.eval()


def compare(new: Callable[[], None], old: Callable[[], None], clips: int, device: torch.device, seconds: float) -> dict[str, float]:
    """Frames a second of both, and the ratio, from runs in turn."""
    times = [(timed(new, device), timed(old, device))]  # warms up
    deadline = time.perf_counter() + seconds
    while len(times) <= FEWEST or time.perf_counter() < deadline:
        times.append((timed(new, device), timed(old, device)))
    fast, slow = zip(*times[1:])
    return {
        "frames_per_second": round(clips * WINDOW / statistics.median(fast), 1),
        "plain_frames_per_second": round(clips * WINDOW / statistics.median(slow), 1),
        "ratio": round(statistics.median(s / f for f, s in zip(fast, slow)), 2),
        "repeats": len(fast),
    }


def timed(work: Callable[[], None], device: torch.device) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def option(ours: Way, changed: Way, talk: Inputs, window: Inputs, seconds: float) -> dict[str, object]:
    """How much faster `changed` is than `ours`, forward and in training, and how far its frames move."""
    device = talk[0].device
    try:
        with torch.inference_mode():
            moved = (changed.draw(*talk).float() - ours.draw(*talk)).abs().max().item()
        row: dict[str, object] = {"largest_difference": moved}
        for work, run, given in (("forward", forward, talk), ("training_step", training_step, window)):
            if work == "forward" or row["forward_ratio"] > HOPELESS:
                found = compare(partial(run, changed, given), partial(run, ours, given), len(given[0]), device, seconds / 4)
                row[f"{work}_ratio"] = found["ratio"]
    except Exception as error:  # an option that this machine cannot do (torch.compile without a compiler) is a result
        return {"error": (str(error).strip().splitlines() or [type(error).__name__])[0]}
    return row


def peak_memory(asked: Asked, which: str, device: torch.device) -> dict[str, float]:
    """Peak memory of a forward pass and of a training step, MiB, measured in a process of its own.

    Args:
        asked: a preset's name and options.
        which: "ours" or "plain".
        device: where to measure.

    Raises:
        RuntimeError: that process failed, such as for want of memory.
    """
    command = [sys.executable, "-m", __name__, which, str(device), *asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def memory_of_this_process(asked: Asked, which: str, device: torch.device) -> dict[str, float]:
    """Run a forward pass, then a training step; the peak after each. CUDA: of PyTorch's allocator."""
    generator = build(asked, device)
    way = Way(generator, generator if which == "ours" else partial(plain_generate, generator))
    forward(way, inputs(asked, 1, device))
    peaks = {"forward": peak_mib(device)}
    training_step(way, inputs(asked, TRAIN_CLIPS, device))
    return peaks | {"training_step": peak_mib(device)}


def peak_mib(device: torch.device) -> float:
    """The most memory this process has had at once."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / MIB, 1)
    status = Path("/proc/self/status")
    if status.is_file():  # Linux's getrusage would count the parent's peak too
        return round(int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024, 1)
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MIB if sys.platform == "darwin" else 1024), 1)


def provenance(device: torch.device) -> dict[str, object]:
    """Where and with what the numbers were measured."""
    gpu = f"; {torch.cuda.get_device_name(device)}" if device.type == "cuda" else ""
    return {
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}, {torch.get_num_threads()} threads{gpu}",
        "device": str(device),
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "date": date.today().isoformat(),
    }


if __name__ == "__main__":
    print(json.dumps(memory_of_this_process(sys.argv[3:], sys.argv[1], torch.device(sys.argv[2]))))
