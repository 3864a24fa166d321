"""The objective, term by term, as pure functions of tensors (paper, "Objective Function")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from .emotions import EMOTIONS

GENERATED = len(EMOTIONS)  # index of the emotion critic's seventh class


def masked_l1(frames: Tensor, target: Tensor, mask: Tensor, mean_over: Literal["image", "mask"] = "image") -> Tensor:
    """Mean absolute difference, each pixel weighed by its mask: the mouth loss with a mouth mask, the eye loss with an eye mask.

    Args:
        frames: (B, T, 3, H, W) in [-1, 1].
        target: the same shape.
        mask: (B, T, H, W), not negative.
        mean_over: "image" divides by the number of pixels (the reference's mouth loss), so a small mask makes a small
            loss; "mask" divides by each frame's sum of the mask: the mean difference where the mask looks, whatever
            its size. The paper does not say which of them its eye loss is.

    Returns:
        A scalar.

    Source: paper, "Mouth Region Mask Loss" and "Eye Region Mask Loss".

    >>> x, mask = torch.zeros(1, 1, 3, 2, 2), torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    >>> masked_l1(x, x + 0.5, mask).item(), masked_l1(x, x + 0.5, mask, mean_over="mask").item()
    (0.125, 0.5)
    """
    if mean_over == "mask":
        mask = mask / mask.mean(dim=(-2, -1), keepdim=True)
    return ((frames - target).abs() * rearrange(mask, "b t h w -> b t 1 h w")).mean()


def motion_emphasis(target: Tensor, image: Tensor, mask: Tensor, power: float) -> Tensor:
    """A weight for each frame by how far its masked region has moved from the input image; a clip's weights have mean 1.

    An L1 loss asks for the median of what the speech may mean, and the median mouth hardly opens. Weighed so, the frames
    in which the mouth is open count for more, and the median opens.

    Args:
        target: (B, T, 3, H, W) in [-1, 1].
        image: (B, 3, H, W) in [-1, 1].
        mask: (B, T, H, W), not negative.
        power: of the movement; 0 weighs all frames alike.

    Returns:
        (B, T, 1, 1), to be multiplied with the mask.

    Source: ours, not the paper's.

    >>> target = torch.tensor([0.0, 0.1, 0.3]).reshape(1, 3, 1, 1, 1).expand(1, 3, 3, 2, 2)
    >>> motion_emphasis(target, torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2), power=1).flatten().tolist()
    [0.0, 0.75, 2.25]
    """
    moved = ((target - image[:, None]).abs().mean(dim=2) * mask).sum(dim=(-2, -1), keepdim=True) ** power
    return moved / moved.mean(dim=1, keepdim=True).clamp_min(1e-12)


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

    Returns:
        A scalar.

    Source: Arjovsky et al. 2017 (WGAN).

    >>> frame_critic_loss(torch.tensor([3.0]), torch.tensor([1.0])).item()
    -2.0
    """
    return fake.mean() - real.mean()


def frame_adversarial_loss(fake: Tensor) -> Tensor:
    """What the generator minimises against the frame critic: the scores of its frames should rise.

    Args:
        fake: scores of generated frames, any shape.

    Returns:
        A scalar.

    Source: paper, "Frame Discriminator Loss" (J_FD), as a Wasserstein critic's (reference).

    >>> frame_adversarial_loss(torch.tensor([1.0, 3.0])).item()
    -2.0
    """
    return -fake.mean()


def interpolation_factors(batch: int, n_frames: int, generator: torch.Generator, per_frame: bool = False) -> Tensor:
    """Draw where between a real and a generated clip the gradient penalty looks: uniform in [0, 1).

    Args:
        batch: clips B.
        n_frames: frames T.
        generator: where the randomness comes from; the factors are on its device.
        per_frame: one factor a frame, and so one gradient norm a frame; otherwise one a clip (reference).

    Returns:
        (B, T, 1, 1, 1) or (B, 1, 1, 1, 1).

    >>> interpolation_factors(2, 5, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 1, 1, 1, 1])
    """
    return torch.rand(batch, n_frames if per_frame else 1, 1, 1, 1, generator=generator, device=generator.device)


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Keep the critic's slope near 1 between real and generated clips (WGAN-GP).

    One gradient norm for each interpolation factor: of the whole clip, or of every frame.

    Args:
        critic: maps frames (B, T, 3, H, W) to scores.
        real: (B, T, 3, H, W).
        fake: the same shape.
        mix: see `interpolation_factors`; the share of the real clip.

    Returns:
        A scalar, mean of (norm - 1)^2, differentiable with respect to the critic.

    Source: Gulrajani et al. 2017; one factor and one norm a clip is the reference's.

    >>> x = torch.zeros(2, 3, 3, 4, 4)
    >>> gradient_penalty(lambda frames: frames.sum(dim=(1, 2, 3, 4)), x, x + 1, torch.rand(2, 1, 1, 1, 1)).item()  # (sqrt(144) - 1)^2
    121.0
    """
    between = (mix * real.detach() + (1 - mix) * fake.detach()).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    slopes = rearrange(slope, "b t c h w -> (b t) (c h w)" if mix.shape[1] == slope.shape[1] else "b t c h w -> b (t c h w)")
    return ((slopes.norm(dim=-1) - 1) ** 2).mean()


def emotion_loss(logits: Tensor, emotion: Tensor) -> Tensor:
    """Cross-entropy of the emotion that was asked for.

    Three terms are this function: the emotion critic's on real clips, the generator's against the emotion critic
    (J_ED: its clips should be taken for the emotion, not for "generated"), and the speech-emotion head's.

    Args:
        logits: (B, 7) of the emotion critic or (B, 6) of the speech-emotion head.
        emotion: (B,) long, index of the emotion.

    Returns:
        A scalar, the mean over the batch.

    Source: paper, "Emotion Discriminator Loss".

    >>> round(emotion_loss(torch.zeros(2, 7), torch.tensor([0, 3])).item(), 4)  # log 7
    1.9459
    """
    return F.cross_entropy(logits, emotion)


def emotion_critic_loss(real: Tensor, fake: Tensor, emotion: Tensor) -> Tensor:
    """What the emotion critic minimises: name a real clip's emotion, call a generated clip generated.

    Args:
        real: logits (B, 7) of real clips.
        fake: logits (B, 7) of generated clips.
        emotion: (B,) long, the real clips' emotions.

    Returns:
        A scalar, the mean of both cross-entropies.

    Source: paper, "Emotion Discriminator"; the factor 0.5 is the reference's.

    >>> logits = torch.zeros(2, 7)
    >>> round(emotion_critic_loss(logits, logits, torch.tensor([0, 3])).item(), 4)  # log 7
    1.9459
    """
    generated = torch.full((fake.shape[0],), GENERATED, device=fake.device)
    return 0.5 * (emotion_loss(real, emotion) + emotion_loss(fake, generated))
