"""The networks that learn, each with the optimiser that moves it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..models.critics import EmotionCritic, FrameCritic
from ..models.generator import Generator, kaiming
from ..presets import Preset
from .processes import Processes


@dataclass
class Learner:
    """A network and its Adam."""

    network: nn.Module
    optimizer: torch.optim.Adam

    def step(self, terms: dict[str, Tensor], rate: float, processes: Processes, grad_clip: float = 0.0) -> None:
        """Move the weights against the gradient of the terms' sum.

        Args:
            terms: weighted scalars by name.
            rate: learning rate.
            processes: that share the batch; the gradient is their mean.
            grad_clip: largest norm of the gradient; 0: none.

        Raises:
            FloatingPointError: the gradient is not finite; the weights stay as they were.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        sum(terms.values()).backward()
        processes.average_gradients(self.network.parameters())
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), grad_clip or float("inf"))
        if not torch.isfinite(norm):
            values = ", ".join(f"{name} {term.item():.3g}" for name, term in terms.items())
            raise FloatingPointError(f"the loss or its gradient is not finite ({values})")
        self.optimizer.step()


@dataclass
class Learners:
    """The three of them."""

    generator: Learner
    frame_critic: Learner
    emotion_critic: Learner

    def items(self) -> Iterator[tuple[str, Learner]]:
        """Name and learner."""
        yield from vars(self).items()


def build_learners(preset: Preset, seed: int, device: torch.device) -> Learners:
    """New networks; their first weights depend on the seed alone.

    Args:
        preset: sizes, and Adam's betas.
        seed: of torch's own generator, which is left where the last weight was drawn.
        device: where to put them.

    >>> from emotalk_lite.presets import PRESETS
    >>> [name for name, _ in build_learners(PRESETS["smoke"], seed=0, device=torch.device("cpu")).items()]
    ['generator', 'frame_critic', 'emotion_critic']
    """
    config = preset.train
    torch.manual_seed(seed)  # what is drawn later has a generator of its own for each step, see `generator_for`
    generator, frame_critic, emotion_critic = (network(preset.model) for network in (Generator, FrameCritic, EmotionCritic))
    if preset.model.kaiming_init:
        emotion_critic.apply(kaiming)  # with PyTorch's start the LSTM hears hardly any difference between two faces

    def learner(network: nn.Module, betas: tuple[float, float]) -> Learner:
        network.to(device)
        return Learner(network, torch.optim.Adam(network.parameters(), betas=betas))

    return Learners(learner(generator, config.betas), *(learner(critic, config.critic_betas) for critic in (frame_critic, emotion_critic)))


@contextmanager
def frozen(*networks: nn.Module) -> Iterator[None]:
    """Let gradients pass through the networks without stopping in them.

    >>> layer = nn.Linear(1, 1)
    >>> with frozen(layer):
    ...     layer.weight.requires_grad
    False
    """
    for network in networks:
        network.requires_grad_(False)
    try:
        yield
    finally:
        for network in networks:
            network.requires_grad_(True)


def copy_of(generator: Generator) -> Generator:
    """The same weights, which no longer learn, in evaluation mode.

    >>> from emotalk_lite.presets import PRESETS
    >>> any(p.requires_grad for p in copy_of(Generator(PRESETS["smoke"].model)).parameters())
    False
    """
    copied = copy.deepcopy(generator).requires_grad_(False).eval()
    for module in copied.modules():
        if isinstance(module, nn.LSTM):
            module.flatten_parameters()  # a GPU wants an LSTM's weights in one piece, and a copy scatters them
    return copied


@torch.no_grad()
def update_average(average: Generator, generator: Generator, decay: float) -> None:
    """Move the averaged weights towards the current ones, in place: average = decay * average + (1 - decay) * current."""
    torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - decay)


def moments(learner: Learner) -> dict[str, Tensor]:
    """Adam's moments by parameter: "mean.<name>", "square.<name>", "step.<name>"; none of what has not moved yet."""
    names = {"mean": "exp_avg", "square": "exp_avg_sq", "step": "step"}
    state = learner.optimizer.state
    return {
        f"{ours}.{name}": state[parameter][theirs]
        for name, parameter in learner.network.named_parameters()
        if parameter in state
        for ours, theirs in names.items()
    }


def load_moments(learner: Learner, tensors: dict[str, Tensor]) -> None:
    """The inverse of `moments`."""
    for name, parameter in learner.network.named_parameters():
        if f"mean.{name}" in tensors:
            learner.optimizer.state[parameter] = {
                "step": tensors[f"step.{name}"],
                "exp_avg": tensors[f"mean.{name}"].to(parameter.device),
                "exp_avg_sq": tensors[f"square.{name}"].to(parameter.device),
            }
