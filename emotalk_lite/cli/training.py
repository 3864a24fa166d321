"""The command that trains."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..options import check_kept, options_text, with_options
from ..paths import check_folder, check_writable
from ..presets import Preset, resolve_preset
from .app import PREPARED, Device, Seed, Set, app

LEAST_MOUTH_MOTION = 0.2  # of the real mouth's motion: less is a mouth that stands still


@app.command()
def train(
    data: Annotated[list[Path] | None, typer.Option(help="Prepared folder, or several; default: the sample, fetched if need be.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; default: of its own for these settings, in the cache.")] = None,
    preset: Annotated[str, typer.Option(help="smoke (seconds), cpu (minutes), portrait (any face), cuda (paper size, minutes on a GPU), p100, a100 (its two runs: hours).")] = "cpu",
    stage: Annotated[str, typer.Option(help="critic, pretrain, joint (goes on from both, in the same --out), or all.")] = "all",
    steps: Annotated[int | None, typer.Option(help="Training steps of these stages together; default: the preset's.")] = None,
    variant: Annotated[str | None, typer.Option(help="Row of the paper's Table 5: base, se, em, se+em, each also +bsrgan (the same training; 'talk' enlarges).")] = None,
    set_: Set = None,
    list_options: Annotated[bool, typer.Option("--list-options", help="Show every option, its value in this preset and variant, what it may be, and leave.")] = False,
    precision: Annotated[str | None, typer.Option(help="fp32 or bf16; the same as --set precision=.")] = None,
    compile: Annotated[bool, typer.Option("--compile", help="Draw through torch.compile: the first step takes minutes, and on a CPU needs a C++ compiler.")] = False,
    init: Annotated[Path | None, typer.Option(help="Start from the weights of this checkpoint.")] = None,
    seed: Seed = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out; where there is none yet, begin it.")] = False,
    device: Device = "auto",
    workers: Annotated[int | None, typer.Option(min=0, help="Processes that read clips; default: none on a CPU, up to 8 for a GPU.")] = None,
) -> None:
    """Train a generator, in the paper's three stages.

    \b
    Examples:
      emotalk train
      emotalk train --out runs/mine --steps 500
      emotalk train --out runs/mine --steps 500 --resume
      emotalk train --out runs/base --variant base --stage pretrain
      emotalk train --list-options
      emotalk train --out runs/other --set se_ratio=8 --set squeeze_excitation=last
      torchrun --nproc_per_node 2 -m emotalk_lite train --data prepared --out runs/p100 --preset p100
    """
    given = [*(set_ or []), *([f"precision={precision}"] if precision else []), *(["compile=true"] if compile else [])]
    chosen = choose_settings(preset, given, variant)
    named = resolve_preset(chosen, steps, stage)
    check_kept(named, given, "--steps")
    if list_options:
        print(options_text(named))
        return
    for folder in data or []:
        check_folder(folder, PREPARED)
    if out is not None:
        check_writable(out / "run.json")
    from ..data.sample import sample as prepare_sample
    from ..training.train import run_folder
    from ..training.train import train as run_stages

    out = out if out is not None else run_folder(named)
    folders = data or [prepare_sample().folder]
    with plain_warnings():
        checkpoint = run_stages(folders, out, chosen, stage, steps=steps, init=init, seed=seed, resume=resume, device=device, workers=workers)
    run = json.loads((out / "run.json").read_text())
    if speaks():
        print(f"{checkpoint if checkpoint.is_file() else out}: {summary(run)}")
        if best := best_of(run):
            print(f"{out / 'best.safetensors'}: {best}")
        if chosen.upscale != "none":
            print(f"{variant} is this generator and, afterwards, `emotalk talk --checkpoint {out} --upscale {chosen.upscale}`")


def speaks() -> bool:
    """Whether this process speaks for all: torchrun numbers them."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Say in one line, without a place in the code, that other features are used; other warnings stay as they are."""
    from ..models.features import FeaturesWarning

    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_plainly(message: Warning | str, category: type[Warning], *place: object) -> None:
            if not issubclass(category, FeaturesWarning):
                show(message, category, *place)
            elif speaks():
                print(f"emotalk: {message}", file=sys.stderr)

        warnings.showwarning = show_plainly
        yield


def choose_settings(preset: str, given: list[str], variant: str | None) -> Preset:
    """The preset that the options of `train` ask for."""
    from ..variants import variant as table_row

    chosen = with_options(preset, given)
    if variant is not None:
        chosen = table_row(chosen, variant)
        check_kept(chosen, given, f"--variant {variant}")
    return chosen


def summary(run: dict) -> str:
    """What a run has come to, from its `run.json`, in one line."""
    begun = f"{run['step']} steps in {run['seconds']:.0f} s"
    final = run["history"][-1]
    if "psnr" not in final:
        return f"{begun}, the emotion critic names {final['emotion_accuracy']:.0%} (on {run['validated_on']})"
    frozen = "; the mouth hardly moves" if final["mouth_motion"] < LEAST_MOUTH_MOTION else ""
    return (
        f"{begun}, PSNR {final['psnr']:.2f} dB, SSIM {final['ssim']:.3f}, mouth correlation {final['mouth_correlation']:.2f}, "
        f"mouth motion {final['mouth_motion']:.0%} of the real (on {run['validated_on']}{frozen})"
    )


def best_of(run: dict) -> str:
    """Which of a run's generators is in `best.safetensors`, in a line; empty where no generator was validated.

    Only the clips that validated last count: errors on others, before the step "validated_since", compare with nothing.

    >>> best_of({"history": [{"stage": "pretrain", "step": 30, "mouth_error": 9.5}, {"stage": "joint", "step": 10, "mouth_error": 11.0}]})
    'the generator of pretrain step 30, whose mouth error, 9.50 grey levels, is the lowest'
    """
    since = run.get("validated_since", 0)
    validated = [row for row in run["history"] if "mouth_error" in row and row.get("total", since) >= since]
    if not validated:
        return ""
    best = min(validated, key=lambda row: row["mouth_error"])
    return f"the generator of {best['stage']} step {best['step']}, whose mouth error, {best['mouth_error']:.2f} grey levels, is the lowest"
