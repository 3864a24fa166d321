"""How much the eye loss weighs at the end of a `cpu` run, with its mean over the image and over the mask.

    python benchmarks/eye_loss.py [RUN]    # a minute after a run of `emotalk train`; writes results/eye_loss.json

The run's generator draws examples as its training does, and the weighted terms are averaged over them. The gradient is
that of each term with respect to the drawn pixels: how hard it pulls.
"""

import argparse
import json
import platform
from datetime import date
from pathlib import Path

import torch
from torch.utils.data import DataLoader

import emotalk_lite as et
from emotalk_lite.data.windows import ClipWindows
from emotalk_lite.models.features import load_features
from emotalk_lite.options import with_options
from emotalk_lite.paths import write_json
from emotalk_lite.presets import PRESETS
from emotalk_lite.training.schedule import example_order
from emotalk_lite.training.steps import Draws, generator_for, reconstruction_terms

EXAMPLES = 60  # ten of each clip
OUT = Path(__file__).parents[1] / "results" / "eye_loss.json"


def measured(run: Path) -> dict:
    """Means over the examples: values and gradient norms of the terms."""
    generator, presets = et.load_generator(run), {over: with_options("cpu", [f"eye_mean_over={over}"]) for over in ("image", "mask")}
    config = presets["image"].train
    examples = ClipWindows(et.sample().folder, config.window, condition=config.condition, voice_shifts=config.voice_shifts)
    features = load_features(config.perceptual_features)
    order = example_order("joint", 0, EXAMPLES, 1, slice(0, 1))
    sums: dict[str, dict[str, float]] = {}
    for step, batch in enumerate(DataLoader(examples, 1, sampler=order)):
        draws = Draws.draw(config, generator.config, generator_for(0, "joint", step, torch.device("cpu")))
        with torch.no_grad():
            encoded = generator.encode(batch.image, batch.speech, batch.emotion, draws.noise)
            drawn = generator.decode(encoded)[0]
        drawn.requires_grad_()
        for over, preset in presets.items():
            for name, term in reconstruction_terms(drawn, batch, draws.seen, features, preset.train).items():
                name = f"eye, over the {over}" if name == "eye" else name
                (pull,) = torch.autograd.grad(term, drawn, retain_graph=True)
                row = sums.setdefault(name, {"value": 0.0, "gradient": 0.0})
                if over == "image" or name.startswith("eye"):
                    row["value"] += term.item() / EXAMPLES
                    row["gradient"] += pull.norm().item() / EXAMPLES
    others = {key: sum(sums[name][key] for name in ("mouth", "perceptual")) for key in ("value", "gradient")}
    for over in presets:
        eye = sums[f"eye, over the {over}"]
        eye["percent_of_sum"] = 100 * eye["value"] / (others["value"] + eye["value"])
        eye["percent_of_mouth_gradient"] = 100 * eye["gradient"] / sums["mouth"]["gradient"]
    return {name: {key: float(f"{value:.3g}") for key, value in row.items()} for name, row in sums.items()}


def main() -> None:
    """Measure, print and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", nargs="?", type=Path, default=et.run_folder("cpu"), help="folder of a cpu run; default: the one in the cache")
    report = {
        "date": date.today().isoformat(),
        "hardware": f"{platform.machine()}, torch {torch.__version__}",
        "steps": sum(PRESETS["cpu"].train.budget(stage) for stage in ("critic", "pretrain", "joint")),
        "examples": EXAMPLES,
        "terms": measured(parser.parse_args().run),
    }
    print(json.dumps(report, indent=1))
    write_json(report, OUT)


if __name__ == "__main__":
    main()
