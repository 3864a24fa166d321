"""One actor becomes many: pseudo-identities made of a clip before a green screen.

A network that has seen one actor draws that actor, whatever face it is given. So each training example may get a face of
its own: the background is replaced, the face is warped, lit and coloured anew and perhaps mirrored, all constant through
the window and the same for the condition image. What stays is what the network should learn: how speech and emotion
move *the face that it is given*.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from ..presets import IMAGE_SIZE
from .align import TEMPLATE, similarity_transform, transform_points, warp
from .clips import PreparedClip

SMOOTHING = 2.0  # frames, standard deviation of the Gaussian over which landmarks are averaged before stabilising
GREEN = (0.06, 0.22)  # how far green exceeds red and blue (of 1) where the screen starts to show, and where it is all screen
CONTROL = 5  # control points of a warp each way: one about every 32 pixels, so features move but do not crumple
SHIFT = 0.028  # standard deviation of a control point's shift, as a share of the width (3.6 pixels at 128)
STRETCH = 0.05  # standard deviation of the logarithm of the face's width and height
FIXED_POINT_STEPS = 8  # to invert a warp at a landmark; the error shrinks by more than half with each


def stabilise(clip: PreparedClip) -> PreparedClip:
    """The clip without its head motion: each frame gets a similarity transform of its own.

    The condition image says nothing about where the head will go, so a target that moves is learned as a ghost. A
    prepared clip keeps the motion (paper); pseudo-identities are made of stabilised clips.

    Args:
        clip: as prepared.

    Returns:
        The same clip, frames and points moved so that the smoothed landmarks of every frame lie on the template; a clip
        whose eyes never move, as a synthetic one with a still head, as it is.
    """
    if not np.ptp(clip.eye_centres, axis=0).any():
        return clip
    size = clip.frames.shape[1]
    frames, points = clip.frames.copy(), clip.landmarks.copy()
    for t, smooth in enumerate(_smooth(clip.landmarks)):
        matrix = similarity_transform(smooth, TEMPLATE * size)
        frames[t] = warp(clip.frames[t : t + 1], matrix, size)[0]
        points[t] = transform_points(clip.landmarks[t], matrix)
    return replace(clip, frames=frames, landmarks=points, mouth_centre=points[:, 3:].mean(axis=1), eye_centres=points[:, :2])


def _smooth(points: np.ndarray) -> np.ndarray:
    """Points (T, 5, 2) averaged over time with a Gaussian; the ends are held."""
    reach = int(3 * SMOOTHING)
    kernel = np.exp(-((np.arange(-reach, reach + 1) / SMOOTHING) ** 2) / 2)
    padded = np.pad(points, ((reach, reach), (0, 0), (0, 0)), mode="edge")
    return np.stack([np.tensordot(kernel / kernel.sum(), padded[t : t + len(kernel)], axes=1) for t in range(len(points))])


def matte(frames: Tensor) -> Tensor:
    """How much of each pixel is the actor and not the green screen.

    Args:
        frames: (..., 3, H, W) RGB in [-1, 1].

    Returns:
        (..., 1, H, W) in [0, 1]; 1 everywhere in a picture without a green screen.

    >>> green, skin = torch.tensor([-0.5, 0.4, -0.6]), torch.tensor([0.5, 0.2, 0.0])
    >>> matte(torch.stack([green, skin]).view(2, 3, 1, 1)).flatten().tolist()
    [0.0, 1.0]
    """
    red, green, blue = (0.5 * frames + 0.5).unbind(dim=-3)
    low, high = GREEN
    screen = ((green - torch.maximum(red, blue) - low) / (high - low)).clamp(0, 1)
    return (1 - screen)[..., None, :, :]


@dataclass
class PseudoIdentity:
    """How a face is changed: the same for every frame of a window and for its condition image.

    displacement: (H, W, 2) x, y; what is seen at a pixel comes from there plus this, in pixels.
    colour: (3, 3), mixes red, green and blue; light: (3, H, W) gain; gamma: exponent of intensities in [0, 1].
    background: (3, H, W) in [-1, 1], or None to keep the one that is there. mirror: swap left and right.
    """

    displacement: Tensor
    colour: Tensor
    light: Tensor
    gamma: float
    background: Tensor | None
    mirror: bool

    @classmethod
    def draw(cls, rng: np.random.Generator, size: int = IMAGE_SIZE, strength: float = 1.0) -> PseudoIdentity:
        """A random identity.

        Args:
            rng: draws it.
            size: pixels.
            strength: from 0, the actor as filmed, to 1, a stranger on another background.

        >>> identity = PseudoIdentity.draw(np.random.default_rng(0), size=32)
        >>> identity.displacement.shape, identity.background.shape
        (torch.Size([32, 32, 2]), torch.Size([3, 32, 32]))
        """
        noise = smooth_noise(rng, 2, CONTROL, size) * SHIFT * size
        axis = torch.arange(size) - (size - 1) / 2
        across, down = (float(np.exp(rng.normal(0, STRETCH))) - 1 for _ in range(2))
        stretch = torch.stack(torch.meshgrid(axis * across, axis * down, indexing="xy"), dim=-1)
        light = 0.18 * smooth_noise(rng, 1, 3, size) + rng.normal(-0.25, 0.25)
        identity = cls(
            displacement=strength * (rearrange(noise, "c h w -> h w c") + stretch),
            colour=torch.lerp(torch.eye(3), _colour(rng), strength),
            light=torch.exp(strength * light.float()),
            gamma=float(np.exp(strength * rng.normal(0.1, 0.25))),
            background=_background(rng, size),
            mirror=bool(rng.random() < 0.5 * strength),
        )
        return identity if rng.random() < strength else replace(identity, background=None)

    def light_and_colour(self) -> PseudoIdentity:
        """The same without the warp and the background: the face stays who it is, in another light (and perhaps mirrored)."""
        return replace(self, displacement=torch.zeros_like(self.displacement), background=None)

    def apply(self, frames: Tensor) -> Tensor:
        """Give frames (T, 3, H, W) RGB in [-1, 1] this identity; the same shape and range."""
        size = frames.shape[-1]
        pixels = torch.arange(size, dtype=torch.float32)
        place = torch.stack(torch.meshgrid(pixels, pixels, indexing="xy"), dim=-1) + self.displacement  # (H, W, 2)
        grid = ((2 * place + 1) / size - 1).expand(len(frames), -1, -1, -1)
        layers = torch.cat([frames, matte(frames)], dim=1) if self.background is not None else frames
        layers = F.grid_sample(layers, grid, padding_mode="border", align_corners=False)
        colours = torch.einsum("dc,tchw->tdhw", self.colour, 0.5 * layers[:, :3] + 0.5) * self.light
        drawn = 2 * colours.clamp(1e-4, 1) ** self.gamma - 1
        if self.background is not None:
            actor = layers[:, 3:]
            drawn = actor * drawn + (1 - actor) * self.background
        return drawn.flip(-1) if self.mirror else drawn

    def move(self, points: np.ndarray) -> np.ndarray:
        """Where points (..., 2), x and y in pixels, lie after `apply`; float32 of the same shape, in the same order.

        What is drawn at q comes from q + displacement(q), so a point p goes to the q with q = p - displacement(q).
        """
        size, field = self.displacement.shape[0], self.displacement.numpy()
        moved = points
        for _ in range(FIXED_POINT_STEPS):
            column, row = np.moveaxis(moved.round().astype(int).clip(0, size - 1), -1, 0)
            moved = points - field[row, column]
        if self.mirror:
            moved = [size - 1, 0] + moved * [-1, 1]
        return np.asarray(moved, np.float32)


def smooth_noise(rng: np.random.Generator, channels: int, control: int, size: int) -> Tensor:
    """(channels, size, size) of about unit variance: Gaussian numbers on a coarse grid, bicubic in between.

    >>> smooth_noise(np.random.default_rng(0), 2, 4, 16).shape
    torch.Size([2, 16, 16])
    """
    coarse = torch.from_numpy(rng.normal(size=(1, channels, control, control)).astype(np.float32))
    return F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=True)[0]


def _colour(rng: np.random.Generator) -> Tensor:
    """A colour mix: saturation, white balance and, at times, any mixture of the three channels."""
    saturation = rng.uniform(0.3, 1.2)
    mix = saturation * np.eye(3) + (1 - saturation) / 3
    if rng.random() < 0.2:
        mix = 0.5 * mix + 0.5 * rng.dirichlet(np.ones(3), size=3)
    gains = np.exp(rng.normal(0, 0.12, size=(3, 1)))
    return torch.from_numpy((mix * gains).astype(np.float32))


def _background(rng: np.random.Generator, size: int) -> Tensor:
    """A blurred scene: smooth colours at three scales around a random one."""
    base = torch.from_numpy(rng.uniform(-0.9, 0.9, size=(3, 1, 1)).astype(np.float32))
    strength = rng.uniform(0, 0.5)
    return (base + strength * sum(smooth_noise(rng, 3, n, size) / 2**i for i, n in enumerate((2, 5, 12)))).clamp(-1, 1)
