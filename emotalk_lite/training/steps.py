"""One step of each kind: draw frames, move the critics, move the generator."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.masks import eye_mask, mouth_mask
from ..data.windows import Batch, take_frames
from ..losses import (
    emotion_critic_loss,
    emotion_loss,
    frame_adversarial_loss,
    frame_critic_loss,
    gradient_penalty,
    interpolation_factors,
    masked_l1,
    motion_emphasis,
    perceptual_loss,
)
from ..models.features import ImageFeatures
from ..models.generator import Generator
from ..models.noise import sample_noise
from ..presets import STAGES, ModelConfig, TrainConfig
from .learners import Learners, frozen
from .processes import Processes


def generator_for(seed: int, stage: str, step: int, device: torch.device | str = "cpu") -> torch.Generator:
    """The random numbers of one training step: they depend on seed, stage and step alone, so a run can resume.

    >>> a, b = generator_for(0, "joint", 7), generator_for(0, "joint", 7)
    >>> torch.equal(torch.rand(3, generator=a), torch.rand(3, generator=b))
    True
    """
    sequence = np.random.SeedSequence((seed, STAGES.index(stage), step))
    return torch.Generator(device).manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> 1))


class Draws(NamedTuple):
    """What is random in a step besides the examples; a row for each clip of the batch."""

    noise: Tensor  # (B, T, noise_dim)
    drawn: Tensor  # (B, D) long: the frames of the window that are drawn
    seen: Tensor  # (B, F) long: the drawn ones that the perceptual loss sees
    mix: Tensor  # (B, 1 or T, 1, 1, 1): where the gradient penalty looks

    @classmethod
    def draw(cls, config: TrainConfig, model: ModelConfig, rng: torch.Generator, n_drawn: int = 0) -> Draws:
        """Draw for the whole batch: every process draws the same and takes its rows.

        Args:
            config: sizes of the batch and of the window.
            model: size of the noise.
            rng: see `generator_for`; what is drawn is on its device.
            n_drawn: frames D of each window that are drawn, at random; 0: all, in their order.
        """
        batch, n_frames = config.batch_size, config.window
        noise = sample_noise(batch, n_frames, model.noise_dim, rng)
        order = torch.rand(batch, n_frames, generator=rng, device=rng.device).argsort(dim=1)
        mix = interpolation_factors(batch, n_frames, rng, per_frame=config.penalty_per == "frame")
        in_turn = torch.arange(n_drawn or n_frames, device=rng.device).expand(batch, -1)
        drawn, seen = (order[:, :n_drawn], in_turn) if n_drawn else (in_turn, order)
        return cls(noise, drawn, seen[:, : config.perceptual_frames or None], mix)

    def rows(self, rows: slice) -> Draws:
        """Those of some of the batch's clips."""
        return Draws(*(values[rows] for values in self))


class Drawn(NamedTuple):
    """What the generator made of a batch."""

    frames: Tensor  # (B, D, 3, H, H) float32; D = T where all frames are drawn
    speech_emotion: Tensor | None  # (B, 6) logits of the speech-emotion head, where there is one


def draw_frames(generator: Generator, batch: Batch, draws: Draws) -> Drawn:
    """Run the generator on a batch, with the head that only training knows: it hears all, and draws the frames `draws.drawn`.

    Args:
        generator: in training mode.
        batch: B windows of T frames.
        draws: noise, and which D of the frames to draw.

    Returns:
        D frames of each window, with their graph.
    """
    encoded = generator.encode(batch.image, batch.speech, batch.emotion, draws.noise)
    head = generator.emotion_head
    of_speech = encoded.z[..., : generator.config.speech_dim]  # first in the fusion
    frames, _ = generator.decode(encoded._replace(z=take_frames(encoded.z, draws.drawn)))
    return Drawn(frames.float(), head(of_speech).float() if head is not None else None)


def autocast(device: torch.device, config: TrainConfig) -> torch.autocast:
    """bfloat16 where it is asked for; weights, losses and the gradient penalty stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=config.precision == "bf16")


def emotion_critic_step(learners: Learners, batch: Batch, config: TrainConfig, processes: Processes) -> dict[str, Tensor]:
    """First stage: the emotion critic learns to name the emotion of real clips.

    Returns:
        Its loss and its accuracy on the batch, by name.

    Source: paper, "Implementation Details" (the discriminator alone).
    """
    critic, emotion = learners.emotion_critic, batch.emotion.argmax(dim=1)
    with autocast(batch.frames.device, config):
        logits = critic.network(batch.frames).float()
    loss = emotion_loss(logits, emotion)
    critic.step({"emotion": loss}, config.critic_learning_rate, processes)
    return {"emotion": loss, "accuracy": (logits.argmax(dim=1) == emotion).float().mean()}


def critic_step(
    learners: Learners, batch: Batch, fake: Tensor, mix: Tensor, config: TrainConfig, processes: Processes
) -> dict[str, Tensor]:
    """Joint stage: both critics learn to tell the generator's frames from real ones.

    Args:
        fake: (B, T, 3, H, H), drawn for the batch, detached.
        mix: see `Draws`.

    Returns:
        The critics' losses by name; "frame" is minus the Wasserstein distance as the frame critic sees it.

    Source: paper, "Frame / Emotion Discriminator Loss"; Gulrajani et al. 2017.
    """
    emotion = batch.emotion.argmax(dim=1)
    frame_critic, emotion_critic = learners.frame_critic.network, learners.emotion_critic.network
    with autocast(batch.frames.device, config):
        real_scores, fake_scores = frame_critic(batch.frames, batch.image), frame_critic(fake, batch.image)
        real_logits, fake_logits = emotion_critic(batch.frames), emotion_critic(fake)
    of_frames = {
        "frame": frame_critic_loss(real_scores.float(), fake_scores.float()),
        "penalty": config.penalty_weight
        * gradient_penalty(lambda frames: frame_critic(frames, batch.image), batch.frames, fake, mix),
    }
    of_emotions = {"emotion": emotion_critic_loss(real_logits.float(), fake_logits.float(), emotion)}
    learners.frame_critic.step(of_frames, config.critic_learning_rate, processes)
    learners.emotion_critic.step(of_emotions, config.critic_learning_rate, processes)
    return of_frames | of_emotions


def generator_step(
    learners: Learners,
    batch: Batch,
    drawn: Drawn,
    seen: Tensor,
    features: ImageFeatures,
    stage: str,
    rate: float,
    config: TrainConfig,
    processes: Processes,
) -> dict[str, Tensor]:
    """Move the generator: towards the real frames, and in the joint stage also past the critics.

    Args:
        drawn: what it drew for the batch, with its graph.
        seen: see `Draws`.
        features: of the perceptual loss.
        stage: "pretrain" or "joint".
        rate: learning rate.

    Returns:
        The weighted terms of the objective by name; their sum is what was minimised.

    Source: paper, "Objective Function".
    """
    with autocast(batch.frames.device, config):
        terms = reconstruction_terms(drawn.frames, batch, seen, features, config)
        if drawn.speech_emotion is not None:
            terms["speech_emotion"] = config.speech_emotion_weight * emotion_loss(drawn.speech_emotion, batch.emotion.argmax(dim=1))
        if stage == "joint":
            terms |= adversarial_terms(drawn.frames, batch, learners, config)
    learners.generator.step(terms, rate, processes, config.grad_clip)
    return terms


def reconstruction_terms(
    frames: Tensor, batch: Batch, seen: Tensor, features: ImageFeatures, config: TrainConfig
) -> dict[str, Tensor]:
    """The weighted terms that compare drawn frames (B, T, 3, H, H) with the real ones: mouth, perceptual, eye."""
    size = frames.shape[-1]
    mouth = mouth_mask(batch.mouth_centre, size, config.mouth_sigma, config.mask_floor)
    eyes = eye_mask(batch.eye_centres, size, config.eye_sigma)
    if config.motion_power:
        mouth = mouth * motion_emphasis(batch.frames, batch.image, mouth, config.motion_power)
    drawn, target = (take_frames(x, seen).flatten(0, 1) for x in (frames, batch.frames))  # (B*F, 3, H, H)
    return {
        "mouth": config.mouth_weight * masked_l1(frames, batch.frames, mouth),
        "perceptual": config.perceptual_weight * perceptual_loss(drawn, target, features),
        "eye": config.eye_weight * masked_l1(frames, batch.frames, eyes, config.eye_mean_over),
    }


def adversarial_terms(frames: Tensor, batch: Batch, learners: Learners, config: TrainConfig) -> dict[str, Tensor]:
    """The weighted terms in which the critics judge drawn frames (B, T, 3, H, H): frame, emotion."""
    frame_critic, emotion_critic = learners.frame_critic.network, learners.emotion_critic.network
    with frozen(frame_critic, emotion_critic):
        scores, logits = frame_critic(frames, batch.image), emotion_critic(frames)
    return {
        "frame": config.frame_weight * frame_adversarial_loss(scores.float()),
        "emotion": config.emotion_weight * emotion_loss(logits.float(), batch.emotion.argmax(dim=1)),
    }
