"""BSRGAN's training in small: first the mean error alone, then a critic that asks for detail."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from ..models.features import ImageFeatures
from ..models.patch_critic import PatchCritic
from ..models.rrdb import FromBicubic, RRDBNet
from .degradation import degrade


@dataclass(frozen=True)
class SuperresConfig:
    """A network, its critic and their training. BSRGAN's own sizes: nf 64, 23 blocks, gc 32, crops of 288 pixels."""

    channels: int = 16  # nf of the network
    blocks: int = 2
    growth: int = 8  # gc
    critic_channels: int = 16
    crop: int = 64  # pixels of the large picture
    batch: int = 8
    pairs: int = 1_600  # drawn before each stage: ruining a crop takes longer than learning from it
    psnr_steps: int = 1_000  # mean error alone
    gan_steps: int = 100  # with features and critic
    learning_rate: float = 2e-3  # of the first stage; the second has a fifth of it
    l1_weight: float = 1.0  # the three weights of the second stage (BSRGAN)
    feature_weight: float = 1.0
    critic_weight: float = 0.1

    def network(self) -> FromBicubic:
        """A new network of these sizes; it begins as bicubic interpolation."""
        return FromBicubic(self.channels, self.blocks, self.growth)


SUPERRES_PRESETS = {
    "smoke": SuperresConfig(8, 1, 4, critic_channels=8, batch=2, pairs=20, psnr_steps=40, gan_steps=6),
    "cpu": SuperresConfig(),
    "cuda": SuperresConfig(64, 8, 32, critic_channels=64, crop=128, batch=16, gan_steps=250, learning_rate=2e-4),
}


def draw_pairs(pictures: Tensor, config: SuperresConfig, rng: np.random.Generator, count: int | None = None) -> tuple[Tensor, Tensor]:
    """Random crops, and what the degradation model leaves of each; every crop gets a chain of its own.

    Args:
        pictures: (N, 3, H, W) RGB in [0, 1], at least as large as a crop.
        count: of pairs (N); None: a batch.

    Returns:
        small (N, 3, crop / 4, crop / 4) and large (N, 3, crop, crop).

    >>> small, large = draw_pairs(torch.rand(3, 3, 80, 72), SuperresConfig(batch=2), np.random.default_rng(0))
    >>> small.shape, large.shape
    (torch.Size([2, 3, 16, 16]), torch.Size([2, 3, 64, 64]))
    """
    crops = []
    for _ in range(count or config.batch):
        picture = pictures[rng.integers(len(pictures))]
        top, left = (int(rng.integers(side - config.crop + 1)) for side in picture.shape[-2:])
        crop = picture[:, top : top + config.crop, left : left + config.crop]
        crops.append(crop.flip(-1) if rng.random() < 0.5 else crop)
    large = torch.stack(crops)
    return torch.cat([degrade(crop[None], rng) for crop in large]), large


def train_psnr(pictures: Tensor, config: SuperresConfig, seed: int = 0, progress: bool = False) -> tuple[RRDBNet, list[float]]:
    """The first stage: least absolute error. What it cannot know, it averages.

    Args:
        pictures: (N, 3, H, W) RGB in [0, 1], on the device to train on.
        seed: of weights, crops and degradations.
        progress: show a bar with the time left.

    Returns:
        The network in evaluation mode, and the loss of each step. Before the first it equals bicubic interpolation.
    """
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = config.network().to(pictures.device)
    optimiser = torch.optim.Adam(network.parameters(), config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.psnr_steps)
    pairs = draw_pairs(pictures, config, rng, config.pairs)
    losses = []
    for _ in tqdm(range(config.psnr_steps), desc="least error", unit="step", disable=not progress):
        small, large = _batch(pairs, config, rng)
        loss = F.l1_loss(network(small), large)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    return network.eval(), losses


def train_gan(
    network: RRDBNet,
    pictures: Tensor,
    config: SuperresConfig,
    features: ImageFeatures,
    seed: int = 0,
    progress: bool = False,
) -> tuple[RRDBNet, dict[str, list[float]]]:
    """The second stage: error, distance of features, and a critic that must not tell drawn from real.

    Args:
        network: of `train_psnr`; it stays as it is.
        pictures: as there.
        features: of `load_features`, on the same device.
        seed: of critic, crops and degradations.
        progress: show a bar with the time left.

    Returns:
        A new network in evaluation mode, and the values of each step: "l1", "features", "fooled" (the generator's own
        term), "critic".

    Source: Zhang et al. 2021 (BSRGAN), Section 5.1; the features are EfficientNet-Lite0's where the paper has VGG19's.
    """
    rng = np.random.default_rng([seed, 1])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        critic = PatchCritic(config.critic_channels).to(pictures.device)
    network = deepcopy(network).train()
    rate = config.learning_rate / 5
    optimiser, critic_optimiser = (torch.optim.Adam(net.parameters(), rate, betas=(0.9, 0.99)) for net in (network, critic))
    pairs = draw_pairs(pictures, config, rng, config.pairs)
    history: dict[str, list[float]] = {name: [] for name in ("l1", "features", "fooled", "critic")}
    for _ in tqdm(range(config.gan_steps), desc="with a critic", unit="step", disable=not progress):
        small, large = _batch(pairs, config, rng)
        drawn = network(small)

        critic.requires_grad_(True)
        judged = _says(critic(large), real=True) + _says(critic(drawn.detach()), real=False)
        critic_optimiser.zero_grad()
        judged.backward()
        critic_optimiser.step()

        critic.requires_grad_(False)
        l1, fooled = F.l1_loss(drawn, large), _says(critic(drawn), real=True)
        distance = feature_distance(drawn, large, features)
        optimiser.zero_grad()
        (config.l1_weight * l1 + config.feature_weight * distance + config.critic_weight * fooled).backward()
        optimiser.step()
        for name, value in zip(history, (l1, distance, fooled, judged)):
            history[name].append(value.item())
    return network.eval(), history


def feature_distance(a: Tensor, b: Tensor, features: ImageFeatures) -> Tensor:
    """Mean absolute difference of two batches' feature maps, averaged over the layers; (B, 3, H, W) in [0, 1] to a scalar."""
    pairs = zip(features(2 * a - 1), features(2 * b - 1))
    return torch.stack([F.l1_loss(x, y) for x, y in pairs]).mean()


def _batch(pairs: tuple[Tensor, Tensor], config: SuperresConfig, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    chosen = torch.from_numpy(rng.integers(len(pairs[0]), size=config.batch)).to(pairs[0].device)
    return pairs[0][chosen], pairs[1][chosen]


def _says(logits: Tensor, real: bool) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))
