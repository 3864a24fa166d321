"""Training the generator: the paper's first stage (mouth, perceptual and eye loss), from a prepared folder to a checkpoint."""

from __future__ import annotations

import copy
import hashlib
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from .checkpoint import TrainingState, config_to_json
from .data.masks import eye_mask, mouth_mask
from .data.windows import Batch, ClipWindows
from .devices import pick_device
from .errors import EmotalkError
from .losses import masked_l1, perceptual_loss
from .models.features import ImageFeatures, load_features
from .models.generator import Generator
from .models.noise import sample_noise
from .paths import home
from .presets import Preset, TrainConfig, resolve_preset
from .runlog import RunLog
from .validate import validate


def generator_for(seed: int, step: int, device: torch.device | str = "cpu") -> torch.Generator:
    """The random numbers of one training step: they depend on the seed and the step alone, so a run can resume.

    >>> a, b = generator_for(0, 7), generator_for(0, 7)
    >>> torch.equal(torch.rand(3, generator=a), torch.rand(3, generator=b))
    True
    """
    seed = int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0] >> 1)
    return torch.Generator(device).manual_seed(seed)


def reconstruction_terms(
    frames: Tensor, batch: Batch, features: ImageFeatures, config: TrainConfig, rng: torch.Generator
) -> dict[str, Tensor]:
    """The three weighted terms of the first stage: mouth, perceptual, eye.

    Args:
        frames: (B, T, 3, H, H), what the generator drew for `batch`.
        batch: the target frames and where mouth and eyes are.
        features: of the perceptual loss.
        config: weights and masks.
        rng: chooses the frames that the perceptual loss sees, where it does not see all.

    Returns:
        Scalars by name; their sum is the objective.

    Source: paper, "Objective Function" (alpha, beta, epsilon).
    """
    size = frames.shape[-1]
    mouth = mouth_mask(batch.mouth_centre, size, config.mouth_sigma, config.mask_floor)
    eyes = eye_mask(batch.eye_centres, size, config.eye_sigma)
    drawn, target = frames.flatten(0, 1), batch.frames.flatten(0, 1)
    if config.perceptual_frames:
        chosen = torch.randperm(len(drawn), generator=rng, device=rng.device)[: config.perceptual_frames]
        drawn, target = drawn[chosen], target[chosen]
    return {
        "mouth": config.mouth_weight * masked_l1(frames, batch.frames, mouth),
        "perceptual": config.perceptual_weight * perceptual_loss(drawn, target, features),
        "eye": config.eye_weight * masked_l1(frames, batch.frames, eyes),
    }


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then a cosine from `learning_rate` to `final_learning_rate` at the last step.

    >>> config = TrainConfig(steps=100, learning_rate=1.0, final_learning_rate=0.0, warmup_steps=10)
    >>> [round(learning_rate(s, config), 3) for s in (0, 10, 55, 100)]
    [0.1, 1.0, 0.5, 0.0]
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps)
    span = config.learning_rate - config.final_learning_rate
    return config.final_learning_rate + span * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


@torch.no_grad()
def update_average(average: Generator, generator: Generator, decay: float) -> None:
    """Move the averaged weights towards the current ones: average = decay * average + (1 - decay) * current."""
    torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - decay)


def run_folder(preset: str | Preset, steps: int | None = None) -> Path:
    """Where a run lives unless another folder is given: `home()/runs/<preset>-<fingerprint of its settings>`.

    Other settings, another folder: a run is never continued with a configuration that it was not begun with.

    >>> run_folder("cpu").name.startswith("cpu-"), run_folder("cpu") == run_folder("cpu", steps=7)
    (True, False)
    """
    preset = resolve_preset(preset, steps)
    settings = config_to_json(preset.model) + config_to_json(preset.train)
    return home() / "runs" / f"{preset.name}-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"


def pretrain(
    data: Path,
    out: Path,
    preset: str | Preset = "cpu",
    *,
    steps: int | None = None,
    seed: int = 0,
    resume: bool = False,
    device: str = "auto",
    progress: bool = True,
) -> Path:
    """Train a generator on a prepared folder: mouth, perceptual and eye loss, no critics yet.

    The run's folder holds `generator.safetensors` (what `talk` reads), `state.safetensors` (what `resume` reads),
    `logs/` (TensorBoard: every term, validation numbers, sample strips), `strips/*.png` and, at the end, `run.json`.

    Args:
        data: a prepared folder (`emotalk sample`, `emotalk prepare`).
        out: the run's folder.
        preset: "smoke", "cpu", "cuda", or a `Preset`.
        steps: overrides the preset's budget.
        seed: of weights, noise, windows; the same seed, preset and machine give the same bytes.
        resume: go on with the run in `out`; a finished run returns at once, an empty folder starts anew.
        device: "auto", "cpu" or "cuda".
        progress: show a bar with the time left.

    Returns:
        The path of `generator.safetensors`.

    Raises:
        EmotalkError: unknown preset, no data, `out` holds a run and `resume` is false, or a run with another
            configuration; a loss that is not finite (the last good checkpoint stays).

    Source: paper, "Implementation Details", first stage.
    """
    preset = resolve_preset(preset, steps)
    config, out, device = preset.train, Path(out), pick_device(device)
    checkpoint = out / "generator.safetensors"
    examples = ClipWindows(data, config.window, seed, config.condition, voice_shifts=config.voice_shifts)
    torch.manual_seed(seed)  # the initial weights; everything later has a generator of its own
    generator = Generator(preset.model).to(device)
    average = copy.deepcopy(generator).requires_grad_(False).eval()
    optimizer = torch.optim.Adam(generator.parameters(), lr=config.learning_rate, betas=config.betas)
    state = TrainingState(out, preset, seed, generator, average, optimizer)
    first = state.load(resume)
    if first >= config.steps:
        return checkpoint
    features = load_features(config.perceptual_features).to(device)
    loader = DataLoader(examples, config.batch_size, sampler=range(first * config.batch_size, config.steps * config.batch_size))
    log = RunLog(out, first)
    started = time.monotonic()
    bar = tqdm(loader, total=config.steps, initial=first, unit="step", disable=not progress, desc=f"train {preset.name}")
    step = first
    try:
        for batch in bar:
            batch, rng = batch.to(device), generator_for(seed, step, device)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, config)

            noise = sample_noise(config.batch_size, config.window, preset.model.noise_dim, rng)
            frames = generator(batch.image, batch.speech, batch.emotion, noise)
            terms = reconstruction_terms(frames, batch, features, config, rng)
            loss = sum(terms.values())
            if not torch.isfinite(loss):
                raise EmotalkError(f"the loss is {loss.item()} at step {step}; the last good checkpoint stays in {out}")
            optimizer.zero_grad()
            loss.backward()
            if config.grad_clip:
                torch.nn.utils.clip_grad_norm_(generator.parameters(), config.grad_clip)
            optimizer.step()
            step += 1
            update_average(average, generator, min(config.ema_decay, step / (step + 10)))

            if step % config.log_every == 0 or step == config.steps:
                log.scalars({**{f"train/{k}": v.item() for k, v in terms.items()}, "train/loss": loss.item()}, step)
                bar.set_postfix_str(" ".join(f"{name} {value.item():.3f}" for name, value in terms.items()))
            if step % config.validate_every == 0 or step == config.steps:
                log.validation(validate(average, examples), step)
            if step == config.steps:  # before the state: a run that is complete has its report
                log.save(preset, step, features.name, seconds=time.monotonic() - started, device=device)
            if step % config.checkpoint_every == 0 or step == config.steps:
                state.save(step, features.name)
    except KeyboardInterrupt:
        state.save(step, features.name)
        raise
    finally:
        bar.close()
        log.close()
    return checkpoint
