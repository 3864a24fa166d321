"""The paper's ablation from data to numbers: four trainings, eight kinds of video, one table each."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch
from tqdm import tqdm

from .ablation_folder import SETTINGS, begun_with, check_names, check_settings, describe_data, session, session_seconds
from .checkpoint import checkpoint_name, config_fields, load_generator
from .clip import Clip
from .data.media import write_video
from .data.windows import ClipWindows, emotion_condition, to_uint8
from .devices import pick_device
from .errors import EmotalkError
from .evaluate import FER, evaluate
from .generate import generate
from .metrics.emotion import SHIPPED, load_emotion_classifier
from .metrics.expression import load_expression_classifier
from .paths import alone_in, file_sha256, write_json
from .presets import FPS, SAMPLE_RATE, STAGES, Preset, resolve_preset
from .superres import UPSCALERS, load_upscaler, upscale
from .superres.weights import fetch_realesrgan
from .training.state import TrainingState
from .training.train import train, validation_clips
from .variants import VARIANTS, variant

RESULTS, SESSIONS = "results.json", "sessions"
BEGINNING = 60.0  # seconds: others that share the folder begin at the same time, each for a moment


def ablate(
    data: Sequence[str | os.PathLike],
    out: str | os.PathLike,
    preset: str | Preset = "cpu",
    *,
    seeds: int = 1,
    steps: int | None = None,
    variants: Sequence[str] = tuple(VARIANTS),
    upscaler: str = "auto",
    classifier: str | os.PathLike = SHIPPED,
    device: str = "auto",
    progress: bool = True,
) -> dict[str, object]:
    """Train, draw, enlarge and measure the rows of the paper's Table 5.

    Rows with and without BSRGAN share a training, so eight rows are four trainings a seed. Every clip that validation would
    use (held-out ones where the data has any) is drawn from its own speech and emotion and a neutral frame of its actor.
    The real clips are written by the same encoder, and `evaluate` compares the two folders.

    `out` holds `runs/<row>-seed<k>`, `real/`, `videos/<row>-seed<k>/`, `numbers/<row>-seed<k>.json`, `sessions/` (the seconds of
    each call) and `results.json`.
    What is there is kept: interrupted or killed, the same call goes on. More seeds or rows may be added later.
    Processes may share `out` if each has rows of its own; a last call for all rows gathers what they measured.

    Args:
        data: prepared folders.
        out: folder of the ablation.
        preset: a name of `PRESETS`, or a `Preset`.
        seeds: trainings a generator: seeds 0 to `seeds` - 1.
        steps: of a training's stages together; None: the preset's.
        variants: which rows of `VARIANTS`.
        upscaler: of `UPSCALERS`, for the rows with BSRGAN, or "auto", see `choose_upscaler`; each of these rows names it in the
            results. Their films are `steady`, as those of `emotalk upscale` are.
        classifier: of emotions, see `evaluate`; the results name it where it is not the shipped one.
        device: "auto", "cpu" or "cuda".
        progress: show bars with the time left.

    Returns:
        What `results.json` holds.

    Raises:
        EmotalkError: unknown preset, row, device, upscaler or classifier, or its weights cannot be had; no data, or two clips of one name;
            `out` holds an ablation of another configuration. All this is said before anything is written. Later: another process
            trains one of these rows.

    Source: paper, "Results".

    >>> ablate([], "out")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: an ablation needs prepared clips; give --data
    """
    started = time.monotonic()
    out, folders = Path(out), [Path(folder) for folder in data]
    if not folders:
        raise EmotalkError("an ablation needs prepared clips; give --data")
    if seeds < 1:
        raise EmotalkError(f"{seeds} seeds train nothing; give 1 or more")
    if upscaler != "auto" and upscaler not in UPSCALERS:
        raise EmotalkError(f"no upscaler '{upscaler}'; choose auto or one of {', '.join(UPSCALERS)}")
    place, preset = pick_device(device), resolve_preset(preset, steps)
    generators = {name.removesuffix("+bsrgan"): variant(preset, name) for name in variants}
    if upscaler == "auto":
        upscaler = begun_with(out) or choose_upscaler(place)
    settings = {
        "preset": preset.name,
        "model": config_fields(preset.model),
        "train": config_fields(preset.train),
        "data": [describe_data(folder) for folder in folders],
        "upscaler": upscaler,
        "steady": True,
    }
    if Path(classifier) != SHIPPED:  # an ablation of before there was a choice goes on
        settings["classifier"] = describe_classifier(classifier)
    begun = check_settings(settings, out)
    examples, judged_on = validation_clips(folders, ClipWindows(folders, preset.train.window), preset.train)
    examples.intensities = preset.train.intensities
    check_names(examples)
    network = load_upscaler(upscaler, device=place) if any(name.endswith("+bsrgan") for name in variants) else None  # fetched now, not after hours
    if not begun:
        with alone_in(out, wait=BEGINNING):
            if not check_settings(settings, out):  # another process may have begun it meanwhile
                write_json(settings, out / SETTINGS)
    with session(out / SESSIONS, started) as keep_time:
        write_real(examples, out / "real")
        runs = {(name, seed): out / "runs" / f"{name}-seed{seed}" for seed in range(seeds) for name in generators}
        done = [TrainingState(path, generators[name], seed, STAGES).finished() for (name, seed), path in runs.items()]
        bar = tqdm(total=len(runs), desc="trainings", unit="training", initial=sum(done), disable=not progress)
        with bar:
            for (name, seed), finished in zip(runs, done):
                if not finished:
                    train(folders, runs[name, seed], generators[name], seed=seed, resume=True, device=device, progress=progress)
                    bar.update()
                    keep_time()

        rows = [(name, seed) for seed in range(seeds) for name in variants]
        done = [(out / "numbers" / f"{name}-seed{seed}.json").is_file() for name, seed in rows]
        with tqdm(total=len(rows), desc="measuring", unit="row", initial=sum(done), disable=not progress) as bar:
            for (name, seed), finished in zip(rows, done):
                if not finished:
                    run = runs[name.removesuffix("+bsrgan"), seed]
                    videos = out / "videos" / f"{name}-seed{seed}"
                    draw_videos(run, examples, videos, network if name.endswith("+bsrgan") else None, place)
                    evaluate(out / "real", videos, out / "numbers" / f"{name}-seed{seed}.json", progress=False, classifier=classifier)
                    bar.update()
                    keep_time()
    results = gather(settings, out, runs, rows, judged_on)
    write_json(results, out / RESULTS)
    return results


def describe_classifier(classifier: str | os.PathLike) -> str:
    """A classifier of emotions, the same wherever its file lies; it is loaded, or fetched, now and not after hours.

    Raises:
        EmotalkError: as `load_emotion_classifier` and `load_expression_classifier`.
    """
    if classifier == FER:
        load_expression_classifier()
        return FER
    load_emotion_classifier(classifier)
    return f"{Path(classifier).name}, SHA-256 {file_sha256(Path(classifier))}"


def choose_upscaler(device: torch.device) -> str:
    """Which upscaler the rows with BSRGAN get where nobody chose: BSRGAN's network where it takes no hours, else the one for laptops.

    Args:
        device: where the videos are drawn.

    Returns:
        "realesrgan" on a GPU, where its weights can be had; else "fast", and why is said where that is not the CPU's doing.

    >>> choose_upscaler(torch.device("cpu"))
    'fast'
    """
    if device.type == "cpu":
        return "fast"
    try:
        fetch_realesrgan()
    except EmotalkError as error:
        print(f"the rows with BSRGAN are enlarged by 'fast', for {error}", file=sys.stderr)
        return "fast"
    return "realesrgan"


def source_commit() -> str | None:
    """The git commit of this package's source, with "-dirty" where files differ from it; None where it is not in a repository."""

    def git(*command: str) -> subprocess.CompletedProcess:
        return subprocess.run(["git", *command], cwd=Path(__file__).parent, capture_output=True, text=True)

    try:  # an installation may lie within somebody else's repository, which does not track it
        if git("ls-files", "--error-unmatch", Path(__file__).name).returncode:
            return None
        return git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*").stdout.strip() or None
    except OSError:  # no git
        return None


def write_real(examples: ClipWindows, folder: Path) -> None:
    """The real clips as videos, by the encoder that writes the generated ones."""
    for entry in examples.entries:
        if not (path := folder / f"{entry.name}.mp4").is_file():
            clip = examples.clip(entry)
            write_video(path, clip.frames, FPS, clip.audio, SAMPLE_RATE)


def draw_videos(run: Path, examples: ClipWindows, folder: Path, network: torch.nn.Module | None, device: torch.device) -> None:
    """Each clip's speech and emotion through a trained generator, and through an upscaler where one is given, as `emotalk talk --upscale` does it."""
    generator, drawn_by = load_generator(run, device), checkpoint_name(run)
    for entry in examples.entries:
        if not (path := folder / f"{entry.name}.mp4").is_file():
            clip, face = examples.clip(entry), to_uint8(examples.condition_image(entry))
            emotion = tuple(emotion_condition(clip, examples.intensities).tolist())
            frames = generate(generator, face, clip.audio, emotion)
            frames = frames if network is None else upscale(frames, network, steady=True)
            Clip(frames, clip.audio, SAMPLE_RATE, emotion=emotion, checkpoint=drawn_by).save(path)


def gather(
    settings: dict[str, object], out: Path, runs: dict[tuple[str, int], Path], rows: list[tuple[str, int]], judged_on: str
) -> dict[str, object]:
    """Everything that was measured, when and how; two ablations of the same settings differ in "date", "commit" and seconds alone."""
    reports = {row: json.loads((out / "numbers" / f"{row[0]}-seed{row[1]}.json").read_text(encoding="utf-8")) for row in rows}
    trained = {key: json.loads((path / "run.json").read_text(encoding="utf-8")) for key, path in runs.items()}
    enlarged = {key: settings[key] for key in ("upscaler", "steady")}
    measured = {row: report["metrics"] | (enlarged if row[0].endswith("+bsrgan") else {}) for row, report in reports.items()}
    report, run = next(iter(reports.values())), next(iter(trained.values()))
    return {
        **{key: settings[key] for key in ("preset", "data", "model", "train", "classifier") if key in settings},
        "steps": run["steps"],
        "seeds": sorted({seed for _, seed in rows}),
        "judged_on": judged_on,
        "videos": report["videos"]["generated"],
        "frames": report["frames"]["generated"],
        "features": report["features"],
        "perceptual_features": run["perceptual_features"],
        "encoding": report["encoding"]["generated"],
        "missing": report["missing"],
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": source_commit(),
        "hardware": f"{run['device']} of {os.cpu_count()}, {platform.system()}",
        "versions": report["versions"],
        "wall_seconds": session_seconds(out / SESSIONS),  # of all calls, drawing and measuring included
        "seconds": {f"{name}-seed{seed}": run["seconds"] for (name, seed), run in trained.items()},
        "rows": {
            name: {str(seed): measured[row, seed] for row, seed in rows if row == name}
            for name in dict.fromkeys(name for name, _ in rows)
        },
    }
