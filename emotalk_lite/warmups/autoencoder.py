"""An autoencoder, and the same with an adversarial prior (Makhzani et al., 2015)."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam
from tqdm import tqdm

from ..devices import one_thread
from ..models.warmups import LATENT_DIM, Autoencoder, LatentCritic
from .gan import BETAS, critic_step, generator_loss

RATE = 1e-3
PRIOR_WEIGHT = 0.2  # of being taken for the prior, beside the mean squared error of the pixels


@dataclass
class AutoencoderRun:
    """A trained autoencoder and what was seen on the way."""

    model: Autoencoder
    critic: LatentCritic | None  # None without an adversarial prior
    losses: dict[str, list[float]] = field(default_factory=lambda: {"reconstruction": [], "prior": [], "critic": []})
    seen: list[tuple[int, Tensor]] = field(default_factory=list)  # step, and the codes of all images, (N, latent_dim)


def encoder_loss(images: Tensor, drawn: Tensor, verdict: Tensor | None, weight: float = PRIOR_WEIGHT) -> tuple[Tensor, Tensor]:
    """The two terms that encoder and decoder lower: squared error of the pixels, and the weighed wish to look like the prior.

    Args:
        images: real, (B, 1, 8, 8).
        drawn: their reconstructions.
        verdict: the latent critic's logits of their codes, (B,); None for a plain autoencoder, whose second term is 0.
        weight: of the second term.

    Source: Makhzani et al., 2015, who lower both in turns; here they are one sum.

    >>> [round(x.item(), 4) for x in encoder_loss(torch.zeros(2, 1, 8, 8), torch.ones(2, 1, 8, 8), torch.zeros(2), 1.0)]
    [1.0, 0.6931]
    """
    reconstruction = F.mse_loss(drawn, images)
    prior = reconstruction.new_zeros(()) if verdict is None else weight * generator_loss(verdict)
    return reconstruction, prior


@one_thread()  # the matrices are too small to share out
def train_autoencoder(
    images: Tensor,
    steps: int,
    *,
    adversarial: bool = False,
    latent_dim: int = LATENT_DIM,
    weight: float = PRIOR_WEIGHT,
    seed: int = 0,
    batch: int = 128,
    looks: int = 25,
    progress: bool = True,
) -> AutoencoderRun:
    """Train an autoencoder; with `adversarial`, a critic compares its codes with draws from a standard normal prior.

    The same images, settings and seed give the same network.

    Args:
        images: (N, 1, 8, 8) in [-1, 1].
        steps: of Adam.
        adversarial: train a :class:`LatentCritic` too, one step each.
        latent_dim: numbers in a code.
        weight: of looking like the prior, beside the reconstruction.
        seed: of the weights, the batches and the prior's draws.
        batch: pictures in a step.
        looks: how often the codes of all images are noted, to be looked at afterwards.
        progress: show a progress bar.

    >>> run = train_autoencoder(torch.zeros(8, 1, 8, 8), steps=2, looks=2, progress=False)
    >>> run.critic is None, run.seen[-1][1].shape
    (True, torch.Size([8, 2]))
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        run = AutoencoderRun(Autoencoder(latent_dim), LatentCritic(latent_dim) if adversarial else None)
        model, critic = run.model, run.critic
        move = Adam(model.parameters(), RATE, BETAS)
        judge = Adam(critic.parameters(), RATE, BETAS) if critic else None
        look_at = {round(steps * (k / max(looks - 1, 1)) ** 2) for k in range(looks)}  # more often at the beginning

        for step in tqdm(range(steps + 1), "AAE" if adversarial else "AE", total=steps, disable=not progress, mininterval=0.5):
            if step in look_at:
                with torch.no_grad():
                    run.seen.append((step, model.encoder(images)))
            if step == steps:
                break
            real = images[torch.randint(len(images), (batch,))]
            drawn, code = model(real)
            if critic:
                run.losses["critic"].append(critic_step(critic, judge, torch.randn(batch, latent_dim), code).item())
            reconstruction, prior = encoder_loss(real, drawn, critic(code) if critic else None, weight)
            move.zero_grad()
            (reconstruction + prior).backward()
            move.step()
            run.losses["reconstruction"].append(reconstruction.item())
            run.losses["prior"].append(prior.item())
    return run
