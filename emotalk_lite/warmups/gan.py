"""The game of Goodfellow et al. (2014): a critic tells real from drawn, a generator learns to be taken for real."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, Optimizer
from tqdm import tqdm

from ..devices import one_thread
from ..models.warmups import NOISE_DIM, DigitCritic, DigitGenerator

LEARNING_RATE = 5e-4
BETAS = (0.5, 0.999)  # of Adam: less momentum than usual, because what is optimised moves (Radford et al., 2016)
N_SHOWN = 40  # digits that are drawn from the same noise all through training


def critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """How badly the critic tells real from drawn: -E log D(x) - E log(1 - D(G(z))), with D the logits' sigmoid.

    Args:
        real: logits of real pictures, (B,).
        fake: logits of drawn ones, (B,).

    Source: Goodfellow et al., 2014, equation 1, its sign changed.

    >>> round(critic_loss(torch.zeros(4), torch.zeros(4)).item(), 4)  # log 4: it cannot tell
    1.3863
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor, saturating: bool = False) -> Tensor:
    """What the generator lowers: -E log D(G(z)), or in the saturating form of the game itself, E log(1 - D(G(z))).

    Args:
        fake: logits of drawn pictures, (B,).
        saturating: the original form, which has next to no gradient while the critic is sure.

    Source: Goodfellow et al., 2014, section 3.

    >>> round(generator_loss(torch.zeros(4)).item(), 4), round(generator_loss(torch.zeros(4), saturating=True).item(), 4)
    (0.6931, -0.6931)
    """
    return -F.softplus(fake).mean() if saturating else F.softplus(-fake).mean()


def critic_step(critic: nn.Module, optimiser: Optimizer, real: Tensor, fake: Tensor) -> Tensor:
    """Move the critic once; returns the loss before the step.

    >>> critic = DigitCritic()
    >>> critic_step(critic, Adam(critic.parameters()), torch.ones(2, 1, 8, 8), -torch.ones(2, 1, 8, 8)).shape
    torch.Size([])
    """
    optimiser.zero_grad()
    loss = critic_loss(critic(real), critic(fake.detach()))
    loss.backward()
    optimiser.step()
    return loss.detach()


def generator_step(critic: nn.Module, optimiser: Optimizer, fake: Tensor, saturating: bool = False) -> Tensor:
    """Move what drew `fake` once; the gradient comes through the critic, which stays as it is. Returns the loss before the step.

    >>> generator, critic = DigitGenerator(), DigitCritic()
    >>> generator_step(critic, Adam(generator.parameters()), generator(torch.zeros(2, 16))).shape
    torch.Size([])
    """
    optimiser.zero_grad()
    loss = generator_loss(critic(fake), saturating)
    loss.backward()
    optimiser.step()
    return loss.detach()


@dataclass
class GanRun:
    """A trained GAN and what was seen on the way."""

    generator: nn.Module
    critic: nn.Module
    losses: dict[str, list[float]] = field(default_factory=lambda: {"critic": [], "generator": []})  # one value a step
    seen: list[tuple[int, Tensor]] = field(default_factory=list)  # step, and the digits drawn from the same noise, (N, 1, 8, 8)


@one_thread()  # the matrices are too small to share out
def train_gan(
    images: Tensor,
    steps: int,
    *,
    seed: int = 0,
    batch: int = 64,
    critic_rate: float = LEARNING_RATE,
    generator_rate: float = LEARNING_RATE,
    saturating: bool = False,
    looks: int = 30,
    progress: bool = True,
) -> GanRun:
    """Train a generator and a critic in turns, one step each.

    The same images, settings and seed give the same networks.

    Args:
        images: real ones, (N, 1, 8, 8) in [-1, 1].
        steps: of each network.
        seed: of the weights, the noise, the batches and the dropout.
        batch: pictures in a step.
        critic_rate: learning rate of the critic.
        generator_rate: learning rate of the generator.
        saturating: see :func:`generator_loss`.
        looks: how often digits are drawn from the same noise, to be looked at afterwards.
        progress: show a progress bar.

    >>> run = train_gan(torch.zeros(8, 1, 8, 8), steps=2, looks=2, progress=False)
    >>> len(run.losses["critic"]), run.seen[-1][1].shape
    (2, torch.Size([40, 1, 8, 8]))
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        run = GanRun(DigitGenerator(), DigitCritic())
        generator, critic = run.generator, run.critic
        moves = Adam(generator.parameters(), generator_rate, BETAS), Adam(critic.parameters(), critic_rate, BETAS)
        shown = torch.randn(N_SHOWN, NOISE_DIM)
        look_at = {round(steps * (k / max(looks - 1, 1)) ** 2) for k in range(looks)}  # more often at the beginning

        for step in tqdm(range(steps + 1), "GAN", total=steps, disable=not progress, mininterval=0.5):
            if step in look_at:
                with torch.no_grad():
                    run.seen.append((step, generator(shown)))
            if step == steps:
                break
            real = images[torch.randint(len(images), (batch,))]
            fake = generator(torch.randn(batch, NOISE_DIM))
            run.losses["critic"].append(critic_step(critic, moves[1], real, fake).item())
            run.losses["generator"].append(generator_step(critic, moves[0], fake, saturating).item())
    generator.eval(), critic.eval()
    return run
