"""How many steps a second each stage of the training makes, and what bfloat16 and larger batches are worth.

    python benchmarks/stages.py [--preset p100] [--device auto] [--seconds 4]        # writes results/bench_stages.json

One batch of the sample, again and again: reading clips is not counted. In a training on a GPU other processes read beside it (`emotalk
train --workers`); where they are too few, reading decides: an example takes about 10 ms of a core, a painted one 20, a
pseudo-identity 50. Run it on a quiet machine: nothing is compared in turn.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch.utils.data import default_collate

import emotalk_lite as et
from emotalk_lite.bench import provenance
from emotalk_lite.data.windows import Batch, ClipWindows
from emotalk_lite.devices import pick_device
from emotalk_lite.models.features import load_features
from emotalk_lite.paths import write_json
from emotalk_lite.presets import PRESETS, Preset
from emotalk_lite.training.learners import build_learners
from emotalk_lite.training.processes import find_processes
from emotalk_lite.training.steps import Draws, autocast, critic_step, draw_frames, emotion_critic_step, generator_for, generator_step

OUT = Path(__file__).parents[1] / "results" / "bench_stages.json"
CASES = (  # stage, and what is set
    ("critic", {}),
    ("pretrain", {}),
    ("joint", {}),
    ("pretrain", {"precision": "bf16"}),
    ("joint", {"precision": "bf16"}),
    ("pretrain", {"batch_size": 8}),
)


def speed(preset: Preset, stage: str, clips: Batch, device: torch.device, seconds: float) -> float:
    """Steps a second."""
    config, learners, processes = preset.train, build_learners(preset, 0, device), find_processes(device)
    features = load_features(config.perceptual_features).to(device)
    generator = learners.generator.network
    batch = Batch(*(tensor[: config.batch_size] for tensor in clips)).to(device)

    def step(number: int) -> None:
        draws = Draws.draw(config, preset.model, generator_for(0, stage, number, device))
        if stage == "critic":
            emotion_critic_step(learners, batch, config, processes)
            return
        with autocast(device, config):
            drawn = draw_frames(generator, batch, draws)
        if stage == "joint":
            critic_step(learners, batch, drawn.frames.detach(), draws.mix, config, processes)
        generator_step(learners, batch, drawn, draws.seen, features, stage, config.learning_rate, config, processes)

    def finish() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    for number in (0, 1):  # warms up
        step(number)
    started, done = finish(), 0
    while finish() - started < seconds:
        for _ in range(5):
            step(done)
            done += 1
    return done / (finish() - started)


def main() -> None:
    """Measure, print and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="p100", choices=PRESETS)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=4.0)
    given = parser.parse_args()
    device, preset = pick_device(given.device), PRESETS[given.preset]
    preset = replace(preset, train=replace(preset.train, perceptual_features="efficientnet_lite0"))  # the same wherever it is measured
    examples = ClipWindows(et.sample().folder, preset.train.window)
    clips = default_collate([examples[i] for i in range(8)])
    found = {}
    for stage, changed in CASES:
        case = replace(preset, train=replace(preset.train, **changed))
        found[" ".join([stage, *(f"{name}={value}" for name, value in changed.items())])] = round(speed(case, stage, clips, device, given.seconds), 2)
        print(json.dumps(found), flush=True)
    report = {"preset": given.preset, "perceptual_features": "efficientnet_lite0", "steps_per_second": found} | provenance(device)
    write_json(report, OUT)


if __name__ == "__main__":
    main()
