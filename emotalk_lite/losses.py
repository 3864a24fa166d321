"""The objective, term by term, as pure functions of tensors (paper, "Objective Function")."""

from __future__ import annotations

from typing import Callable

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F


def masked_l1(frames: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference, each pixel weighed by its mask: the mouth loss with a mouth mask, the eye loss with an eye mask.

    The mean is over all pixels, not over the mask's mass (reference).

    Args:
        frames: (B, T, 3, H, W) in [-1, 1].
        target: the same shape.
        mask: (B, T, H, W), not negative.

    Returns:
        A scalar.

    Source: paper, "Mouth Region Mask Loss" and "Eye Region Mask Loss".

    >>> x = torch.zeros(1, 1, 3, 2, 2)
    >>> masked_l1(x, x + 0.5, torch.ones(1, 1, 2, 2)).item()
    0.5
    """
    return ((frames - target).abs() * rearrange(mask, "b t h w -> b t 1 h w")).mean()


def perceptual_loss(frames: Tensor, target: Tensor, features: Callable[[Tensor], list[Tensor]]) -> Tensor:
    """Sum over layers of the mean squared difference of frozen image features.

    Args:
        frames: (N, 3, H, W) RGB in [-1, 1].
        target: the same shape; no gradient flows to it.
        features: maps such a batch to a list of feature maps (see `features.load_features`).

    Returns:
        A scalar.

    Source: paper, "Perceptual Loss"; sum of MSE from the reference.

    >>> perceptual_loss(torch.ones(1, 3, 4, 4), torch.zeros(1, 3, 4, 4), lambda x: [x, 2 * x]).item()
    5.0
    """
    with torch.no_grad():
        of_target = features(target)
    return sum(F.mse_loss(a, b) for a, b in zip(features(frames), of_target))


def frame_critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """What the frame critic minimises, before the penalty: fake scores down, real scores up (WGAN).

    Args:
        real: scores of real frames, any shape.
        fake: scores of generated frames.

    >>> frame_critic_loss(torch.tensor([3.0]), torch.tensor([1.0])).item()
    -2.0
    """
    return fake.mean() - real.mean()


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, generator: torch.Generator, per_frame: bool = False
) -> Tensor:
    """Keep the critic's slope near 1 between real and generated clips (WGAN-GP).

    One interpolation factor and one gradient norm a clip, as in the reference; with `per_frame`, one of each a frame.

    Args:
        critic: maps frames (B, T, 3, H, W) to scores.
        real: (B, T, 3, H, W).
        fake: the same shape.
        generator: draws the interpolation factors, on the frames' device.
        per_frame: treat every frame as its own example.

    Returns:
        A scalar, mean of (norm - 1)^2, differentiable with respect to the critic.

    Source: Gulrajani et al. 2017.

    >>> g, x = torch.Generator().manual_seed(0), torch.zeros(2, 3, 3, 4, 4)
    >>> gradient_penalty(lambda frames: frames.sum(dim=(1, 2, 3, 4)), x, x + 1, g).item()  # (sqrt(144) - 1)^2
    121.0
    """
    shape = (*real.shape[: 2 if per_frame else 1], *[1] * (3 if per_frame else 4))
    mix = torch.rand(shape, generator=generator, device=real.device)
    between = (mix * real.detach() + (1 - mix) * fake.detach()).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    norm = slope.flatten(2 if per_frame else 1).norm(dim=-1)
    return ((norm - 1) ** 2).mean()


def emotion_critic_loss(real: Tensor, fake: Tensor, emotion: Tensor, fake_class: int = 6) -> Tensor:
    """What the emotion critic minimises: name a real clip's emotion, call a generated clip generated.

    Args:
        real: logits (B, 7) of real clips.
        fake: logits (B, 7) of generated clips.
        emotion: (B,) long, the real clips' emotions.
        fake_class: index of the class "generated".

    Returns:
        A scalar, the mean of both cross-entropies.

    Source: paper, "Emotion Discriminator"; the factor 0.5 is the reference's.

    >>> logits = torch.zeros(2, 7)
    >>> round(emotion_critic_loss(logits, logits, torch.tensor([0, 3])).item(), 4)  # log 7
    1.9459
    """
    generated = torch.full((fake.shape[0],), fake_class, device=fake.device)
    return 0.5 * (F.cross_entropy(real, emotion) + F.cross_entropy(fake, generated))
