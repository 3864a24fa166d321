"""Does a compiled training step give the numbers of an uncompiled one, and what does compiling cost?

    python benchmarks/compiled_step.py [--conv-lstm]        # writes results/bench_compile.json

A step of pretraining at toy size, twice from the same weights and the same batch: the frames drawn plainly, then through
`torch.compile`, as `emotalk train --compile` does. Compared are the frames, the terms of the objective, and each tensor's
gradient of the frames' mean square difference from the film, relative to its largest value. (The objective itself is not smooth: where a
frame differs in its seventh digit, an L1 term or a rectifier of the perceptual network can turn over, and then a gradient
differs by a hundredth.) Compiling takes a minute on a CPU, so this is no test.
"""

import argparse
import json
import platform
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import torch

from emotalk_lite.data.windows import Batch, one_hot
from emotalk_lite.models.features import load_features
from emotalk_lite.paths import write_json
from emotalk_lite.presets import SAMPLES_PER_FRAME, ModelConfig, Preset, TrainConfig
from emotalk_lite.training.learners import build_learners
from emotalk_lite.training.steps import Draws, draw_frames, reconstruction_terms

OUT = Path(__file__).parents[1] / "results" / "bench_compile.json"
SIZE, FRAMES, CLIPS = 32, 4, 2
STEPS = 10  # timed, after the first
TOY = Preset(
    "toy",
    ModelConfig(SIZE, (4, 8, 8), 4, (4, 4, 4, 4), speech_dim=12, image_dim=10, emotion_dim=8, noise_dim=6, se_ratio=1, critic_filters=(4, 8, 8), critic_dim=16),
    TrainConfig(batch_size=CLIPS, window=FRAMES, perceptual_features="efficientnet_lite0", perceptual_frames=1),
)


def random_batch() -> Batch:
    """Clips of noise: where the numbers come from does not matter here."""
    rng = torch.Generator().manual_seed(0)

    def noise(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=rng) * 2 - 1

    centres = SIZE / 2 + noise(CLIPS, FRAMES, 3, 2) * SIZE / 4
    emotion = torch.stack([one_hot("anger"), one_hot("neutral")])
    image, speech, frames = noise(CLIPS, 3, SIZE, SIZE), noise(CLIPS, FRAMES * SAMPLES_PER_FRAME), noise(CLIPS, FRAMES, 3, SIZE, SIZE)
    return Batch(image, speech, emotion, frames, centres[:, :, 0], centres[:, :, 1:])


def compare(conv_lstm: bool) -> dict[str, object]:
    """Both ways of one step; the report's entry for a model with or without the ConvLSTM."""
    preset = replace(TOY, model=replace(TOY.model, conv_lstm=conv_lstm))
    generator, features = build_learners(preset, 0, torch.device("cpu")).generator.network, load_features("efficientnet_lite0")
    batch, draws = random_batch(), Draws.draw(preset.train, preset.model, torch.Generator().manual_seed(0))

    def step(draw):
        generator.zero_grad()
        frames = draw(generator, batch, draws).frames
        terms = reconstruction_terms(frames, batch, draws.seen, features, preset.train)
        (frames - batch.frames).square().mean().backward()
        return frames.detach(), {k: v.item() for k, v in terms.items()}, [p.grad.clone() for p in generator.parameters()]

    def seconds(draw) -> float:
        started = time.perf_counter()
        for _ in range(STEPS):
            step(draw)
        return (time.perf_counter() - started) / STEPS

    compiled = torch.compile(draw_frames)
    frames, terms, gradients = step(draw_frames)
    started, processor = time.perf_counter(), time.process_time()
    other_frames, other_terms, other_gradients = step(compiled)
    spent = {"first_step_seconds": round(time.perf_counter() - started, 1), "processor_seconds": round(time.process_time() - processor, 1)}
    return {
        "frames_largest_difference": (frames - other_frames).abs().max().item(),
        "terms_largest_relative_difference": max(abs(terms[k] - other_terms[k]) / abs(terms[k]) for k in terms),
        "gradient_largest_relative_difference": max(((a - b).abs().max() / a.abs().max()).item() for a, b in zip(gradients, other_gradients)),
        **spent,
        "speed_ratio": round(seconds(draw_frames) / seconds(compiled), 2),
    }


def main() -> None:
    """Measure, print and write; what an earlier call wrote of the other model stays."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conv-lstm", action="store_true", help="with the ConvLSTM, which is unrolled frame by frame")
    name = "with ConvLSTM" if (conv_lstm := parser.parse_args().conv_lstm) else "without ConvLSTM"
    earlier = json.loads(OUT.read_text())["models"] if OUT.is_file() else {}
    report = {
        "what": "a step of pretraining at toy size, compiled against plain",
        "frames": [CLIPS, FRAMES, 3, SIZE, SIZE],
        "models": {**earlier, name: compare(conv_lstm)},
        "hardware": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "date": date.today().isoformat(),
    }
    write_json(report, OUT)
    print(json.dumps(report["models"][name], indent=1))


if __name__ == "__main__":
    main()
