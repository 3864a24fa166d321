"""ExprGAN (Ding, Sricharan and Chellappa, 2018): an adversarial autoencoder that changes a face's expression, and how strongly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam
from tqdm import tqdm

from ..devices import one_thread
from ..emotions import EMOTIONS
from ..models.exprgan import EXPRESSIONS, IDENTITY_DIM, INTENSITY_DIM, CodeReader, ExprGan, FaceCritic, expression_code
from ..models.warmups import LatentCritic
from .gan import BETAS, critic_loss, generator_loss

RATE = 1e-3
CRITIC_RATE = 3e-4
REGULARISER = 0.2  # weight of the code that is read off the drawn face, beside the mean absolute error of the pixels
ADVERSARIAL = 0.003  # weight of either critic (the authors' code: 0.01)
SMOOTH = 0.1  # weight of the total variation
VISIBLE = 0.1  # deviation of the noise on what the reader sees: a code has to be visible to be read
COLUMN = {emotion: k for k, emotion in enumerate(EXPRESSIONS)}


class Batch(NamedTuple):
    """Pairs of pictures of the same actors.

    ``source`` and ``target`` (B, 1, 48, 48) in [-1, 1]; ``expression`` (B, 5) is the target's, one-hot, all zeros for neutral.
    """

    source: Tensor
    target: Tensor
    expression: Tensor


@dataclass
class ExprGanRun:
    """A trained ExprGAN and what was noted on the way."""

    model: ExprGan
    critic: FaceCritic
    latent_critic: LatentCritic
    reader: CodeReader | None  # None without the regulariser
    losses: dict[str, list[float]] = field(default_factory=lambda: {"pixels": [], "code": []})  # one value a step


def one_hot(emotions: Tensor) -> Tensor:
    """Places in EMOTIONS to rows of five, all zeros for neutral.

    >>> one_hot(torch.tensor([EMOTIONS.index("fear"), EMOTIONS.index("neutral")])).tolist()
    [[0.0, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]]
    """
    rows = torch.tensor([[float(name == emotion) for name in EXPRESSIONS] for emotion in EMOTIONS])
    return rows[emotions]


def draw_batch(faces: Tensor, size: int) -> Batch:
    """Pairs of random pictures of random actors, with random light, half of them mirrored; both of a pair alike.

    All random numbers here are from torch's own generator, which `train_exprgan` seeds and puts back.

    Args:
        faces: (A, 6, L, 1, 48, 48): L pictures of each emotion.
        size: pairs.

    >>> draw_batch(torch.zeros(3, 6, 2, 1, 48, 48), 4).target.shape
    torch.Size([4, 1, 48, 48])
    """
    actors, emotions, levels = faces.shape[:3]
    who, other = torch.randint(actors, (2, size))
    emotion, level = torch.randint(emotions, (2, size)), torch.randint(levels, (2, size))
    share = torch.rand(size, 1, 1, 1)
    pair = share * faces[who, emotion, level] + (1 - share) * faces[other, emotion, level]  # (2, B, 1, 48, 48)
    pair = torch.where(torch.rand(size, 1, 1, 1) < 0.5, pair.flip(-1), pair)
    pair = (pair * (1 + 0.15 * torch.randn(size, 1, 1, 1)) + 0.1 * torch.randn(size, 1, 1, 1)).clamp(-1, 1)
    return Batch(pair[0], pair[1], one_hot(emotion[1]))


def asked_code(expression: Tensor, controller: bool = True) -> Tensor:
    """The code that goes with a training picture: of random intensity, which nobody knows; neutral is intensity 0.

    Args:
        expression: of a :class:`Batch`.
        controller: otherwise the bare one-hot, which has no intensity.

    >>> asked_code(torch.eye(5)[:2], controller=False).tolist()
    [[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0]]
    """
    if not controller:
        return expression.repeat_interleave(INTENSITY_DIM, dim=1)
    shown = expression.sum(dim=1, keepdim=True)  # (B, 1): 0 for neutral
    return expression_code(expression, shown * torch.rand(len(expression), INTENSITY_DIM))


def total_variation(images: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels, (B, C, H, W) to a number.

    >>> total_variation(torch.ones(1, 1, 4, 4)).item()
    0.0
    """
    return images.diff(dim=-1).square().mean() + images.diff(dim=-2).square().mean()


def code_loss(read: Tensor, asked: Tensor) -> Tensor:
    """How far the code that was read off the drawn face is from the one that was asked for; both (B, K * d).

    Source: Ding et al., 2018: -log Q(c | x), with Q a normal distribution around what is read, without its constants.

    >>> code_loss(torch.zeros(2, 5), torch.ones(2, 5)).item()
    1.0
    """
    return F.mse_loss(read, asked)


@one_thread()  # the matrices are too small to share out
def train_exprgan(
    faces: Tensor,
    steps: int,
    *,
    controller: bool = True,
    regulariser: float = REGULARISER,
    adversarial: float = ADVERSARIAL,
    smooth: float = SMOOTH,
    seed: int = 0,
    batch: int = 64,
    progress: bool = True,
) -> ExprGanRun:
    """Train encoder, decoder, reader and both critics. It is told who a picture shows and which emotion, never how strongly.

    The same pictures, settings and seed give the same networks.

    Args:
        faces: (A, 6, L, 1, 48, 48) in [-1, 1]: pictures of each actor and emotion, their intensities mixed.
        steps: of Adam; the rate falls to 0 in the second half.
        controller: otherwise the decoder is given a bare one-hot.
        regulariser: weight of :func:`code_loss`; 0 leaves the reader out.
        adversarial: weight of being taken for real by either critic; 0 leaves them untrained.
        smooth: weight of :func:`total_variation`.
        seed: of all random numbers.
        batch: pairs in a step.
        progress: show a progress bar.

    >>> train_exprgan(torch.zeros(2, 6, 2, 1, 48, 48), steps=1, batch=4, progress=False).losses["pixels"]
    [0.0...]
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        run = ExprGanRun(ExprGan(faces.mean(dim=(0, 1, 2))), FaceCritic(), LatentCritic(IDENTITY_DIM), CodeReader() if regulariser else None)
        readers = list(run.reader.parameters()) if run.reader else []
        move = Adam([*run.model.parameters(), *readers], RATE)
        judge = Adam([*run.critic.parameters(), *run.latent_critic.parameters()], CRITIC_RATE, BETAS)
        for step in tqdm(range(steps), "ExprGAN", disable=not progress, mininterval=0.5):
            for group in move.param_groups:
                group["lr"] = RATE * min(1, 2 * (1 - step / steps))
            one = draw_batch(faces, batch)
            code = asked_code(one.expression, controller)
            drawn, identity = run.model(one.source, code)
            pixels = F.l1_loss(drawn, one.target)
            loss = pixels + smooth * total_variation(drawn)
            if run.reader:
                of_code = code_loss(run.reader(drawn + VISIBLE * torch.randn_like(drawn)), code)
                loss = loss + regulariser * of_code
                run.losses["code"].append(of_code.item())
            if adversarial:
                judges_step(run, judge, one, drawn, identity)
                taken = generator_loss(run.critic(drawn, one.expression)) + generator_loss(run.latent_critic(identity))
                loss = loss + adversarial * taken
            move.zero_grad()
            loss.backward()
            move.step()
            run.losses["pixels"].append(pixels.item())
    run.model.eval(), run.critic.eval()
    return run


def judges_step(run: ExprGanRun, optimiser: Adam, one: Batch, drawn: Tensor, identity: Tensor) -> None:
    """Move both critics once: of faces, and of identity codes, whose prior is uniform in [-1, 1]."""
    prior = 2 * torch.rand_like(identity) - 1
    loss = critic_loss(run.critic(one.target, one.expression), run.critic(drawn.detach(), one.expression))
    loss = loss + critic_loss(run.latent_critic(prior), run.latent_critic(identity.detach()))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


@torch.no_grad()
def edit(model: ExprGan, images: Tensor, expression: str, intensity: float, controller: bool = True) -> Tensor:
    """Faces with another expression.

    Args:
        model: trained.
        images: (B, 1, 48, 48) in [-1, 1].
        expression: one of EXPRESSIONS.
        intensity: 0 (neutral) to 1.
        controller: what the model was trained with.

    >>> edit(ExprGan(torch.zeros(1, 48, 48)), torch.zeros(2, 1, 48, 48), "fear", 0.5).shape
    torch.Size([2, 1, 48, 48])
    """
    asked = torch.zeros(len(images), len(EXPRESSIONS))
    asked[:, COLUMN[expression]] = 1
    if controller:
        code = expression_code(asked, torch.full((len(images), INTENSITY_DIM), float(intensity)))
    else:
        code = (intensity * asked).repeat_interleave(INTENSITY_DIM, dim=1)
    return model(images, code)[0]


def shown_intensity(change: Tensor, full_change: Tensor) -> Tensor:
    """How much of the known full expression a change of the face contains: 0 none, 1 all of it, below 0 its opposite.

    Args:
        change: what was drawn minus the neutral face as drawn, (..., 1, H, W).
        full_change: the truth at intensity 1 minus the true neutral face, the same shape.

    Returns:
        (...): the projection of one on the other.

    >>> shown_intensity(torch.full((1, 1, 2, 2), 0.5), torch.ones(1, 1, 2, 2)).tolist()
    [0.5]
    """
    along = (change * full_change).sum(dim=(-3, -2, -1))
    return along / full_change.square().sum(dim=(-3, -2, -1)).clamp_min(1e-9)
