"""The ``emotalk`` command: fetch the sample or CREMA-D, prepare, train, talk, evaluate.

What a user can put right is said in one line on stderr, exit status 2; a bug keeps its traceback. torch is imported
inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from .emotions import parse_emotion
from .errors import EmotalkError
from .paths import check_writable
from .presets import Preset, resolve_preset

FROZEN = 0.2  # of the real mouth's motion: less is a mouth that stands still
FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")}  # a disk, a quota, the largest file; Windows lacks one
INTERRUPTED = 130  # exit status of a program that Ctrl-C stopped, by the shells' convention
GO_ON = {
    "sample": "stopped; the same command goes on where it stopped",
    "cremad": "stopped; the same command goes on where it stopped",
    "prepare": "stopped; the same command goes on where it stopped",
    "synth": "stopped; the same command goes on where it stopped",
    "train": "stopped; the same command with --resume goes on where it stopped",
    "talk": "stopped; nothing was written",
    "upscale": "stopped; nothing was written",
    "convert": "stopped; nothing was written",
    "bench": "stopped; nothing was written",
    "evaluate": "stopped; nothing was written",
    "ablate": "stopped; the same command goes on where it stopped",
    "mos": "stopped; nothing was written",
}


class OneLineErrors(TyperGroup):
    """Commands whose user errors are one line, exit status 2."""

    def invoke(self, ctx: typer.Context):
        try:
            return super().invoke(ctx)
        except EmotalkError as error:
            say_and_exit(" ".join(str(error).splitlines()), 2)
        except OSError as error:  # any write, of any command: what was being written is gone, what was there before is not
            if error.errno not in FULL:
                raise
            say_and_exit(f"{error.strerror}: the file at hand was not written; make room and give the same command again, or choose another place", 2)
        except KeyboardInterrupt:
            say_and_exit(GO_ON.get(ctx.invoked_subcommand, "stopped"), INTERRUPTED)


def say_and_exit(message: str, status: int) -> None:
    """Print the one line and leave."""
    print(f"emotalk: {message}", file=sys.stderr)
    raise typer.Exit(status)


app = typer.Typer(
    cls=OneLineErrors,
    help="One face + speech + an emotion: a talking face.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # a bug shows Python's own traceback
    context_settings={"help_option_names": ["-h", "--help"]},
)

Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Subset = Annotated[str | None, typer.Option(help="Only a fixed selection: paper100, as many videos as the paper's.")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of all random numbers: same seed, same result.")]


@app.command()
def sample(
    out: Annotated[Path | None, typer.Option(help="Folder of the prepared sample; default: in the cache.")] = None,
) -> None:
    """Fetch and prepare the sample: six real CREMA-D clips.

    \b
    Example:
      emotalk sample
    """
    from .data.sample import sample as prepare_sample

    manifest = prepare_sample(out)
    print(f"{manifest.folder}: {len(manifest.clips)} clips, {len(manifest.speech)} recordings; see contact_sheet.png there")


@app.command()
def cremad(
    out: Annotated[Path, typer.Option(help="Folder to download to; what is there already is kept.")],
    actors: Annotated[str | None, typer.Option(help="Only these, such as 1001,1002; default: all 91 (2.4 GB).")] = None,
    subset: Subset = None,
    sound: Annotated[bool, typer.Option("--sound", help="Also the recordings without video (0.6 GB).")] = False,
) -> None:
    """Download CREMA-D's clips from its own repository, verified.

    \b
    Examples:
      emotalk cremad --out crema-d --actors 1001,1002
      emotalk cremad --out crema-d --subset paper100
    """
    numbers = None if actors is None else actors.replace(" ", "").split(",")
    if numbers is not None and not all(re.fullmatch("10[0-9]{2}", number) for number in numbers):
        raise EmotalkError(f"--actors {actors}: give CREMA-D's numbers, such as 1001,1002")
    from .data import cremad as dataset
    from .data.fetch_cremad import fetch_cremad

    names = None if subset is None else dataset.subset(subset)
    paths = fetch_cremad(out, numbers, names, sound)
    print(
        f"{out}: {len(paths)} files, verified; next: emotalk prepare --raw {out} --out <folder>. "
        "CREMA-D (Cao et al., 2014) is under the Open Database License: attribute it where you show it"
    )


@app.command()
def prepare(
    raw: Annotated[Path, typer.Option(help="Folder of the clips: FLV or MP4, with WAV or MP3 where a video has no sound.")],
    out: Annotated[Path, typer.Option(help="Folder of the prepared clips.")],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
    shard: Annotated[str, typer.Option(help="I/N: only the I-th of N parts, for one machine of a cluster.")] = "1/1",
    subset: Subset = None,
) -> None:
    """Prepare CREMA-D's clips for training, divided by actor.

    \b
    Examples:
      emotalk prepare --raw crema-d --out prepared
      emotalk prepare --raw crema-d --out prepared --subset paper100 --workers 4
      emotalk prepare --raw crema-d --out prepared --shard 3/8
    """
    match = re.fullmatch(r"(\d+)/(\d+)", shard)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise EmotalkError(f"--shard {shard}: give I/N with I from 1 to N, such as 3/8")
    from .data import cremad as dataset
    from .data.prepare_folder import prepare_folder

    names = None if subset is None else dataset.subset(subset)
    manifest = prepare_folder(raw, out, workers or os.cpu_count() or 1, (int(match[1]), int(match[2])), names)
    if manifest is None:
        print(f"{out}: shard {shard} is prepared; the last shard to finish writes manifest.json")
        return
    splits = [entry.split for entry in manifest.clips]
    shares = ", ".join(f"{splits.count(split)} {split}" for split in dataset.SPLITS)
    print(
        f"{out}: {len(splits)} clips ({shares}), {len(manifest.speech)} recordings, {len(manifest.skipped)} skipped "
        "(manifest.json says why)"
    )


@app.command()
def synth(
    out: Annotated[Path, typer.Option(help="Folder of the corpus.")],
    actors: Annotated[int, typer.Option(help="How many synthetic people; of ten, eight are for training.")] = 20,
    clips: Annotated[int, typer.Option(help="Clips of each; the first is neutral, then all six emotions in turn.")] = 12,
    seed: Seed = 0,
    still_heads: Annotated[bool, typer.Option("--still-heads", help="No head turns or nods; the same people say the same.")] = False,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a processor, at most two.")] = None,
) -> None:
    """Make a synthetic corpus: painted people who speak CREMA-D's sentences. Needs the extra: pip install 'emotalk-lite[synth]'.

    \b
    Example:
      emotalk synth --out data/synthetic --actors 20 --clips 12
    """
    from .data.synth import synthesise

    manifest = synthesise(out, actors, clips, seed, workers, still_heads=still_heads)
    frames = sum(entry.n_frames for entry in manifest.clips)
    print(f"{manifest.folder}: {len(manifest.clips)} clips of {actors} actors, {frames} frames; see contact_sheet.png there")


@app.command()
def train(
    data: Annotated[list[Path] | None, typer.Option(help="Prepared folder, or several; default: the sample, fetched if need be.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; default: of its own for these settings, in the cache.")] = None,
    preset: Annotated[str, typer.Option(help="smoke (seconds), cpu (minutes), portrait (any face), cuda (paper size), p100, a100 (its budgets).")] = "cpu",
    stage: Annotated[str, typer.Option(help="critic, pretrain, joint (goes on from both, in the same --out), or all.")] = "all",
    steps: Annotated[int | None, typer.Option(help="Training steps of these stages together; default: the preset's.")] = None,
    variant: Annotated[str | None, typer.Option(help="Row of the paper's Table 5: base, se, em, se+em, each also +bsrgan.")] = None,
    precision: Annotated[str | None, typer.Option(help="fp32 or bf16; default: the preset's.")] = None,
    compile: Annotated[bool, typer.Option("--compile", help="Draw through torch.compile: the first step takes minutes, and on a CPU needs a C++ compiler.")] = False,
    init: Annotated[Path | None, typer.Option(help="Start from the weights of this checkpoint.")] = None,
    seed: Seed = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    device: Device = "auto",
) -> None:
    """Train a generator on prepared clips, in the paper's three stages.

    \b
    Examples:
      emotalk train
      emotalk train --out runs/mine --steps 500
      emotalk train --out runs/mine --steps 500 --resume
      emotalk train --out runs/base --variant base --stage pretrain
      torchrun --nproc_per_node 2 -m emotalk_lite train --out runs/mine --preset cuda
    """
    chosen = choose_settings(preset, variant, precision, compile)
    named = resolve_preset(chosen, steps, stage)
    if out is not None:
        check_writable(out / "run.json")
    from .data.sample import sample as prepare_sample
    from .training.train import run_folder
    from .training.train import train as run_stages

    out = out if out is not None else run_folder(named)
    folders = data or [prepare_sample().folder]
    checkpoint = run_stages(
        folders if len(folders) > 1 else folders[0], out, chosen, stage, steps=steps, init=init, seed=seed, resume=resume, device=device
    )
    run = json.loads((out / "run.json").read_text())
    if os.environ.get("RANK", "0") == "0":  # torchrun numbers its processes: one speaks for all
        print(f"{checkpoint if checkpoint.is_file() else out}: {summary(run)}")


def choose_settings(preset: str, variant: str | None, precision: str | None, compile: bool) -> Preset:
    """The preset that the options of `train` ask for."""
    from .variants import variant as table_row

    chosen = table_row(preset, variant) if variant else resolve_preset(preset)
    if precision not in (None, "fp32", "bf16"):
        raise EmotalkError(f"no precision '{precision}'; choose fp32 or bf16")
    settings = {"precision": precision or chosen.train.precision, "compile": compile or chosen.train.compile}
    return replace(chosen, train=replace(chosen.train, **settings))


def summary(run: dict) -> str:
    """What a run has come to, from its `run.json`, in one line."""
    begun = f"{run['step']} steps in {run['seconds']:.0f} s"
    final = run["history"][-1]
    if "psnr" not in final:
        return f"{begun}, the emotion critic names {final['emotion_accuracy']:.0%} (on {run['validated_on']})"
    frozen = "; the mouth hardly moves" if final["mouth_motion"] < FROZEN else ""
    return (
        f"{begun}, PSNR {final['psnr']:.2f} dB, SSIM {final['ssim']:.3f}, mouth correlation {final['mouth_correlation']:.2f}, "
        f"mouth motion {final['mouth_motion']:.0%} of the real (on {run['validated_on']}{frozen})"
    )


@app.command()
def talk(
    image: Annotated[Path, typer.Option(help="Picture of one face: PNG, JPEG, WebP, ...")],
    audio: Annotated[Path, typer.Option(help="Speech: any audio or video file.")],
    emotion: Annotated[str, typer.Option(help="happiness, HAP, happy; happiness:0.6; happiness:0.7,sadness:0.3.")],
    out: Annotated[Path, typer.Option(help="The MP4 file to write.")],
    checkpoint: Annotated[Path | None, typer.Option(help="Of 'emotalk train'; default: the one that comes with the package.")] = None,
    upscale: Annotated[str, typer.Option(help="Four times as many pixels each way: none, fast, realesrgan or bsrgan.")] = "none",
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Make a face speak; the video has the recording's own sound.

    \b
    Examples:
      emotalk talk --image face.jpg --audio speech.wav --emotion happiness --out talk.mp4
      emotalk talk --image face.jpg --audio speech.wav --emotion happiness:0.7,sadness:0.3 --upscale fast --out talk.mp4
    """
    weights = parse_emotion(emotion)
    for given in (image, audio):  # what takes no time is checked first
        if not given.is_file():
            raise EmotalkError(f"{given}: no such file; check the path")
        if out.exists() and given.samefile(out):
            raise EmotalkError(f"cannot write {out}: it is one of the inputs; give another --out")
    if out.suffix.lower() != ".mp4":
        raise EmotalkError(f"cannot write {out}: the video is an MP4 file; give a name that ends in .mp4")
    check_writable(out)
    from .devices import pick_device
    from .generate import SHIPPED
    from .generate import talk as make_clip
    from .superres import load_upscaler
    from .superres import upscale as enlarge

    checkpoint = checkpoint if checkpoint is not None else SHIPPED
    upscaler = None if upscale == "none" else load_upscaler(upscale, device=pick_device(device))
    clip = make_clip(image, audio, weights, checkpoint=checkpoint, seed=seed, device=device)
    if upscaler is not None:
        clip = replace(clip, frames=enlarge(clip.frames, upscaler, progress=True))
    clip.save(out)
    height, width = clip.frames.shape[1:3]
    print(f"{out}: {len(clip.frames)} frames of {width} x {height}, {clip.duration:.2f} s, seed {seed}, checkpoint {checkpoint}")


@app.command()
def upscale(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A picture or a video.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A .png or .jpg for a picture, an .mp4 or .mkv for a video.")],
    model: Annotated[str, typer.Option(help="fast (a laptop's), realesrgan or bsrgan (seconds a frame), bicubic.")] = "fast",
    weights: Annotated[Path | None, typer.Option(help="BSRGAN.pth or weights like it; default: shipped, or fetched once.")] = None,
    device: Device = "auto",
) -> None:
    """Enlarge a picture or a video four times each way; the sound stays as it is, bit for bit.

    \b
    Examples:
      emotalk upscale talk.mp4 large.mp4
      emotalk upscale face.png large.png --model realesrgan
      emotalk upscale talk.mp4 large.mp4 --model bsrgan --weights BSRGAN.pth
    """
    from .devices import pick_device
    from .superres import load_upscaler, upscale_file
    from .superres.files import check_names

    check_names(source, out)  # what takes no time is checked first
    print(f"{out}: {upscale_file(source, out, load_upscaler(model, weights, pick_device(device)))}, {model}")


@app.command()
def convert(
    checkpoint: Annotated[Path, typer.Argument(metavar="IN.pt", help="generator.pt of the base paper's release.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.safetensors", help="What 'emotalk talk --checkpoint' reads.")],
) -> None:
    """Turn the base paper's released checkpoint into one of ours: the same frames.

    \b
    Example:
      emotalk convert generator.pt reference.safetensors
    """
    from .convert import convert as convert_checkpoint

    generator = convert_checkpoint(checkpoint, out)
    print(f"{out}: {sum(p.numel() for p in generator.parameters()):,} parameters")


@app.command()
def evaluate(
    real: Annotated[Path, typer.Option(help="Folder of real videos.")],
    generated: Annotated[Path, typer.Option(help="Folder of generated videos; those named as a real one are compared with it.")],
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the numbers here.")] = None,
    inception: Annotated[Path | None, typer.Option(metavar="FILE", help="Inception's weights, for FID and KID.")] = None,
    classifier: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Emotion classifier; the package's own was fitted to painted faces.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out videos that are damaged or show no face, and their partners, and say which.")
    ] = False,
) -> None:
    """Measure generated videos against real ones, whoever made them.

    A square video is taken as an aligned face, as 'emotalk talk' writes it; in any other the face is found and aligned first.
    Every video is checked before the first is measured; one that is damaged stops the evaluation unless --skip-bad is given.

    \b
    Examples:
      emotalk evaluate --real real --generated generated --json numbers.json
      emotalk evaluate --real real --generated generated --skip-bad
    """
    from .evaluate import evaluate as measure
    from .evaluate import table

    judge = {} if classifier is None else {"classifier": classifier}
    print(table(measure(real, generated, json_file, inception_weights=inception, skip_bad=skip_bad, **judge)))


@app.command()
def ablate(
    data: Annotated[list[Path], typer.Option(help="Prepared folder, or several.")],
    out: Annotated[Path, typer.Option(help="Folder of the ablation; what is there already is kept.")],
    preset: Annotated[str, typer.Option(help="smoke, cpu, cuda, p100, a100; see 'emotalk train --help'.")] = "cpu",
    seeds: Annotated[int, typer.Option(help="Trainings a generator.")] = 1,
    steps: Annotated[int | None, typer.Option(help="Steps of a training's stages together; default: the preset's.")] = None,
    variants: Annotated[str | None, typer.Option(help="Rows of the paper's Table 5, such as base,se; default: all eight.")] = None,
    upscaler: Annotated[str, typer.Option(help="Of the rows with BSRGAN: fast, bicubic, realesrgan or bsrgan (the last two take seconds a frame).")] = "fast",
    device: Device = "auto",
) -> None:
    """Train and measure the paper's eight variants, and print its Tables 2 to 5 with both columns.

    \b
    Examples:
      emotalk sample --out data/sample
      emotalk ablate --data data/sample --out ablation --steps 400
      emotalk ablate --data prepared --out ablation --preset cuda --seeds 3 --upscaler bsrgan
    """
    from .ablate import RESULTS
    from .ablate import ablate as run
    from .ablation_tables import tables
    from .variants import VARIANTS

    names = tuple(VARIANTS) if variants is None else tuple(variants.replace(" ", "").split(","))
    print(tables(run(data, out, preset, seeds=seeds, steps=steps, variants=names, upscaler=upscaler, device=device)))
    print(f"every number: {out / RESULTS}; the videos: {out / 'videos'}")


@app.command()
def bench(
    preset: Annotated[list[str] | None, typer.Option(help="Sizes to measure, repeatable; default: cuda (the paper's) and cpu.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the report here.")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long each pair is timed in turn.")] = 10.0,
    compiled: Annotated[bool, typer.Option("--compile", help="Also try torch.compile; takes minutes.")] = False,
    device: Device = "auto",
) -> None:
    """Measure speed and memory against the plain formulation, same weights, same run.

    \b
    Examples:
      emotalk bench
      emotalk bench --preset cpu --json bench.json
    """
    from .bench import bench as measure

    report = measure(preset or ("cuda", "cpu"), json_path=json_file, device=device, seconds=seconds, compiled=compiled)
    for name, of_preset in report["presets"].items():
        for work in ("forward", "training_step"):
            row = of_preset[work]
            print(
                f"{name:5} {work:13} {row['frames_per_second']:7.1f} frames/s, plain {row['plain_frames_per_second']:7.1f}: "
                f"x {row['ratio']:.2f}; peak {row['peak_memory_mib']:.0f} MiB, plain {row['plain_peak_memory_mib']:.0f}"
            )
        for option, row in of_preset["options"].items():
            ratios = [f"{key.removesuffix('_ratio')} x {value}" for key, value in row.items() if key.endswith("_ratio")]
            print(f"{name:5} with {option}: {row.get('error') or ', '.join(ratios)}")
    print(f"largest difference {max(p['largest_difference'] for p in report['presets'].values()):.1e}; {report['hardware']}")


mos = typer.Typer(help="Mean opinion scores: a survey, and what its answers say.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(mos, name="mos")


@mos.command()
def survey(
    clips: Annotated[Path, typer.Argument(metavar="CLIPS", help="A folder with a folder of clips for each variant.")],
    out: Annotated[Path, typer.Option(help="The page, .html; the key is written beside it.")],
    seed: Seed = 0,
) -> None:
    """Make one page that shows clips blinded and in random order, and asks the paper's questions.

    \b
    Example:
      emotalk mos survey clips --out survey.html
    """
    from .mos import make_survey

    made = make_survey(clips, out, seed=seed)
    print(f"{made.page}: {made.clips} clip{'s' * (made.clips != 1)}; send it to raters. {made.key} says which clip is whose: keep it from them")


@mos.command()
def analyse(
    responses: Annotated[list[Path], typer.Argument(metavar="RESPONSES", help="The JSON files that raters saved, or a folder of them.")],
    key: Annotated[Path, typer.Option(help="The survey's .key.json.")] = Path("survey.key.json"),
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the numbers here.")] = None,
) -> None:
    """Means with intervals, shares as numbers and as bars, and agreement, by variant.

    \b
    Example:
      emotalk mos analyse responses/*.json --key survey.key.json --json mos.json
    """
    from .mos import analyse as analyse_responses
    from .mos import report_bars, report_tables

    report = analyse_responses(responses, key, json_file)
    print(report_tables(report), report_bars(report), sep="\n\n")
