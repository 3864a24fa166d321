"""The training loop: from a prepared folder to a checkpoint, in the paper's stages."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from os import PathLike
from pathlib import Path

import torch
from tqdm import tqdm

from ..checkpoint import config_to_json, fingerprint, start_from
from ..data.clips import Manifest
from ..data.windows import Batch, ClipWindows, Folders
from ..devices import cannot_compile, check_bfloat16, check_compile, pick_device
from ..errors import EmotalkError
from ..interrupt import interrupts
from ..models.features import load_features
from ..paths import alone_in, atomic_path, home, remove_abandoned
from ..presets import Preset, TrainConfig, of_other_epochs, resolve_preset, stages_of
from ..runlog import RunLog
from ..validate import emotion_accuracy, validate
from .batches import choose_workers, read_batches
from .learners import build_learners, copy_of, update_average
from .processes import Processes, find_processes
from .schedule import example_order, learning_rate, pseudo_ramp
from .state import TrainingState, then_resume
from .steps import Draws, autocast, critic_step, draw_frames, emotion_critic_step, generator_for, generator_step


def run_folder(preset: str | Preset, steps: int | None = None, stage: str = "all") -> Path:
    """Where a run lives unless another folder is given: `home()/runs/<preset>-<fingerprint of its settings>`.

    Other settings, another folder: a run is never continued with a configuration that it was not begun with.

    >>> run_folder("cpu").name.startswith("cpu-"), run_folder("cpu") == run_folder("cpu", steps=7)
    (True, False)
    """
    preset = resolve_preset(preset, steps, stage)
    settings = config_to_json(preset.model) + config_to_json(preset.train)
    name = preset.name.partition("+")[0]  # what was set by name is in the fingerprint
    return home() / "runs" / f"{name}-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"


def train(
    data: Folders,
    out: str | PathLike,
    preset: str | Preset = "cpu",
    stage: str = "all",
    *,
    steps: int | None = None,
    init: str | PathLike | None = None,
    seed: int = 0,
    resume: bool = False,
    device: str = "auto",
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Train on prepared clips: the emotion critic alone, the generator alone, then all together.

    * "critic": the emotion critic learns to name the emotion of real clips.
    * "pretrain": the generator learns from mouth, perceptual and eye loss.
    * "joint": in turn, both critics learn to tell its frames from real ones, and the generator learns from the complete
      objective. Goes on from the two others, in the same folder.

    The run's folder holds `generator.safetensors` (what `talk` reads), `best.safetensors` (the generator at its lowest
    mouth error in a validation; other clips to validate on, another comparison), `state.safetensors` (what `resume` reads), `logs/`
    (TensorBoard: every term under its own name, validation numbers, sample strips), `strips/*.png`, `checkpoints/*.safetensors` (with the
    option `keep_checkpoints`) and, once a stage is complete, `run.json`. One process at a time writes there (`alone_in`). Validation
    generates whole clips: held-out ones (split "val") where the data has any, otherwise the training clips; `run.json`
    says which.

    Started by `torchrun` or `accelerate launch --multi_gpu` (whose name hides that it starts processes on CPUs too), the processes
    share every batch and compute what one alone computes; on several machines, `out` and `data` are on a disk that they share.

    Args:
        data: a prepared folder (`emotalk sample`, `emotalk prepare`), or several.
        out: the run's folder.
        preset: a name of `PRESETS`, or a `Preset`.
        stage: "critic", "pretrain", "joint" or "all".
        steps: overrides the budget of the stages asked for, see `resolve_preset`.
        init: a trained generator whose weights this one starts from, see `start_from`; None: random weights.
        seed: of weights, noise, windows; the same seed, preset and machine give the same bytes on a CPU. A GPU adds up in another order each time.
        resume: go on with the run in `out`; one that is finished returns at once, an empty folder starts anew.
        device: "auto", "cpu" or "cuda".
        workers: processes that read clips beside the one that trains; None: see `choose_workers`. Their number changes nothing else.
        progress: show a bar with the time left.

    Returns:
        The path of `generator.safetensors`.

    Raises:
        EmotalkError: unknown preset or stage, or one without a step; no data; `out` holds a run and `resume` is false, or a run with
            another configuration, or a stage, half or complete, that began with other clips, or half a stage with other features; another
            process trains there; a batch that the processes cannot share; clips of another size than the generator's; a joint stage
            without what it goes on from; bf16 or torch.compile where the device cannot; a loss that is not finite, a file that
            vanished, a full disk or a killed reader (the last good checkpoint stays).

    Source: paper, "Implementation Details".
    """
    out, stages = Path(out), stages_of(stage)
    processes = find_processes(pick_device(device))
    start = fingerprint(Path(init)) if init is not None else "random"
    preset = resolve_preset(preset, steps, stage)
    if preset.train.precision == "bf16":
        check_bfloat16(processes.device)
    if preset.train.compile:
        check_compile(processes.device)
    state = TrainingState(out, preset, seed, stages, start)
    if state.begun() and not resume:
        raise EmotalkError(f"{out} already holds a run at step {state.total}; add --resume to go on with it, or give another --out")
    workers = choose_workers(processes.device) if workers is None else workers
    if state.finished():
        state.check_finished(ClipWindows(data, preset.train.window).fingerprint())
    else:
        try:
            _train_stages(data, out, state, seed, init, processes, workers, progress and processes.is_main)
        except FloatingPointError as error:
            kept = f"the last good checkpoint stays in {out}" if state.exists else "nothing was saved yet"
            raise EmotalkError(f"{error} after step {state.total}; {kept}; try a lower learning_rate in another --out") from None
        except OSError as error:
            reason, where = error.strerror or error, error.filename or out
            kept = "put that right, then add --resume: the last good checkpoint is whole" if state.exists else "put that right, then start again"
            raise EmotalkError(f"{reason}: {where}; {kept}") from error
        except (RuntimeError, AssertionError) as error:
            if str(error).startswith("DataLoader worker"):
                told = f"a process that reads clips was killed after step {state.total}, probably for want of memory"
                raise EmotalkError(f"{told}; add --resume and fewer --workers than {workers}") from error
            # while compiling, or the compiled code of a layout that it did not expect
            if not (preset.train.compile and isinstance(error, (torch._dynamo.exc.TorchDynamoException, AssertionError))):
                raise
            raise cannot_compile(error) from error
    return out / "generator.safetensors"


def _train_stages(
    data: Folders,
    out: Path,
    state: TrainingState,
    seed: int,
    init: str | PathLike | None,
    processes: Processes,
    workers: int,
    progress: bool,
) -> None:
    """The loop itself: for each stage and step, data, critic step, generator step, log, save."""
    preset, config, device = state.preset, state.preset.train, processes.device
    rows = processes.rows(config.batch_size, in_pairs=preset.model.output == "warp")
    examples = ClipWindows(
        data,
        config.window,
        seed,
        config.condition,
        voice_shifts=config.voice_shifts,
        pseudo_identities=config.pseudo_identities,
        intensities=config.intensities,
    )
    size = examples.clip(examples.entries[0]).frames.shape[1]
    if size != preset.model.image_size:
        raise EmotalkError(f"the clips have {size} x {size} pixels and the generator draws {preset.model.image_size}; give image_size={size}")
    if progress and (notice := of_other_epochs(preset, len(examples.entries), state.stages)):
        print(notice, file=sys.stderr)
    features = load_features(config.perceptual_features).to(device)
    state.begin(examples.fingerprint(), features.name)
    judged, judged_on = validation_clips(data, examples, config)
    judged_by = judged.fingerprint()
    learners = build_learners(preset, seed, device)
    generator = learners.generator.network
    if init is not None:
        start_from(generator, Path(init))
    average = copy_of(generator)
    draw = torch.compile(draw_frames) if config.compile else draw_frames
    about = {"perceptual_features": features.name, "validated_on": judged_on}
    held = alone_in(out) if processes.is_main else nullcontext()

    def read(order: Sequence[int]) -> Iterator[Batch]:
        with then_resume(state):
            yield from read_batches(examples, order, rows.stop - rows.start, workers, pinned=device.type == "cuda")

    def save(stage: str, step: int) -> None:
        if processes.is_main:
            log.save()
            state.save(learners, average, **about)
            if config.keep_checkpoints and stage != "critic":
                with atomic_path(out / "checkpoints" / f"{stage}-{step:06d}.safetensors") as temporary:
                    shutil.copyfile(out / "generator.safetensors", temporary)

    with held, ExitStack() as closed_at_the_end, interrupts() as interrupted:
        state.load(learners, average)
        if processes.is_main:
            remove_abandoned(out, age=0)  # half a state that a kill left: as large as all networks together
            log = closed_at_the_end.enter_context(closing(RunLog(out, state.total)))
        for stage in state.stages:
            budget, first = config.budget(stage), state.done[stage]
            order = example_order(stage, first, budget, config.batch_size, rows)
            examples.pseudo_ramp = pseudo_ramp(stage, config)  # before they are read
            reading = closed_at_the_end.enter_context(closing(read(order)))
            title = f"{stage} {without_options(preset.name)}"
            for batch in (bar := tqdm(reading, title, total=budget, initial=first, unit="step", disable=not progress or not budget)):
                step = state.done[stage]
                rng = generator_for(seed, stage, step, device)
                if preset.model.dropout:  # it knows no generator but torch's own
                    torch.manual_seed(rng.initial_seed() + processes.index)
                n_drawn = config.frames_drawn if stage == "pretrain" else 0
                batch, draws = batch.to(device), Draws.draw(config, preset.model, rng, n_drawn).rows(rows)
                of_critics, of_generator = {}, {}

                if stage == "critic":
                    of_critics = emotion_critic_step(learners, batch, config, processes)
                else:
                    with autocast(device, config):
                        drawn = draw(generator, batch, draws)
                    batch = batch.of_frames(draws.drawn)
                    if stage == "joint":
                        of_critics = critic_step(learners, batch, drawn.frames.detach(), draws.mix, config, processes)
                    rate = learning_rate(stage, step, config)
                    of_generator = generator_step(learners, batch, drawn, draws.seen, features, stage, rate, config, processes)
                    updates = state.done["pretrain"] + state.done["joint"] + 1
                    update_average(average, generator, min(config.ema_decay, updates / (updates + 10)))
                step = state.done[stage] = step + 1

                if step % config.log_every == 0 or step == budget:
                    values = {"train": processes.average_values(of_generator), "critic": processes.average_values(of_critics)}
                    if processes.is_main:
                        for group, named in values.items():
                            log.scalars(group, named, state.total)
                        bar.set_postfix_str(describe(values))
                if processes.is_main and (step % config.validate_every == 0 or step == budget):
                    if stage == "critic":
                        with then_resume(state):
                            accuracy = emotion_accuracy(learners.emotion_critic.network, judged, config.validate_clips)
                        log.scores(stage, step, state.total, {"emotion_accuracy": accuracy})
                    else:
                        with then_resume(state):
                            validation = validate(average, judged, config.validate_clips)
                        log.validation(stage, step, state.total, validation)
                        state.keep_best(average, validation.means()["mouth_error"], judged_by, **about)
                if processes.is_main and step == budget:  # before the state: a stage that is complete has its report
                    per_epoch, since = len(examples.entries) / config.batch_size, state.judged["since"]
                    log.report(preset, state.done, device, steps_per_epoch=per_epoch, validated_since=since, **about)
                if step % config.checkpoint_every == 0 or step == budget:
                    save(stage, step)
                if interrupted():
                    save(stage, step)
                    raise KeyboardInterrupt
    processes.wait()  # the files are whole


def validation_clips(data: Folders, examples: ClipWindows, config: TrainConfig) -> tuple[ClipWindows, str]:
    """The clips that validation generates, and what they are in words: held-out ones (split "val") where there are any.

    Args:
        data: prepared folders; of several, those without a held-out clip are left out where another has some.
        examples: of training, for where there is nothing else.
        config: window and condition.
    """
    folders = [data] if isinstance(data, (str, PathLike)) else list(data)
    held_out = [folder for folder in folders if any(clip.split == "val" for clip in Manifest.load(folder).clips)]
    if not held_out:
        return examples, "training clips"
    return ClipWindows(held_out, config.window, condition=config.condition, split="val", intensities=config.intensities), "held-out clips"


def without_options(name: str) -> str:
    """A preset's name for a bar; options, which may be many, are left out.

    >>> without_options("cpu-se+em+bsrgan+learning_rate=1e+30+dropout=0.1")
    'cpu-se+em+bsrgan'
    """
    return re.split(r"\+\w+=", name)[0]


def describe(values: dict[str, dict[str, float]]) -> str:
    """The terms of a step in one short line.

    >>> describe({"train": {"mouth": 0.5}, "critic": {"frame": -1.0}})
    'mouth 0.500 | critic frame -1.000'
    """
    lines = {group: " ".join(f"{name} {value:.3f}" for name, value in named.items()) for group, named in values.items() if named}
    return " | ".join(line if group == "train" else f"{group} {line}" for group, line in lines.items())
