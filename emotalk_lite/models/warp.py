"""The output `warp`: of a stranger, the input picture with its pixels moved and the inside of a mouth; of who is known, a drawing.

A face that is known from training is drawn, as in the paper (tools/acquaint.py). The rest is not in the paper and never part of its
variants; after Siarohin et al. 2019 (first order motion, backward warping) and Pumarola et al. 2018 (GANimation, masks).
"""

from __future__ import annotations

from math import log2
from typing import NamedTuple

import torch
from einops import rearrange, repeat
from torch import Tensor, nn
from torch.nn import functional as F

from ..presets import ModelConfig
from .speech import SLOPE
from .teeth import find_teeth, hold_teeth
from .upsample import upsample_conv

FARTHEST = 0.125  # of the width: how far a pixel can move (16 pixels at 128; an open jaw moves about 10)
AVERAGE = ((0.495, 0.398), (0.495, 0.698))  # x, y of the middle of the eyes and of the mouth in the training's faces, of the width
OFFSET = 0.06  # of the width: how far from there the maps follow a face
CENTRE = 0.55  # of the height: between the eyes, which are moved to their places, and the mouth, which has another
FACE = 5 / 16, 25 / 32  # of width and height: between these lies the face, by whose brightness the mouth's inside is lit
BRIGHTEST = 1.6  # of the face's mean brightness: teeth
COLOURED = 0.1  # difference of the face's strongest and weakest channel in [0, 1] from which a picture is in colour, and its mouth's inside, too
NEAR = 0.3  # of a known recording's own size: copies and cuts of it are within 0.2, other voices from 0.6 on
LITTLE = -4.0  # the first bias of the mouth's opening and of `known`; its sigmoid is 0.02. With more, they are easier than moving
REACH = 0.2  # of the width: how far from the middle of the mouth its inside can be
SMALLEST = 4  # pixels, width and height of a branch's first map, as the decoder's


class Layers(NamedTuple):
    """What lies on top of each other in N frames: `moved`, and `inside` where `opening` is; over both, a `share` of the drawing."""

    moved: Tensor  # (N, 3, H, W) in [-1, 1], the picture's pixels at their new places; teeth stay at their own
    inside: Tensor  # (N, 3, H, W) in [-1, 1], teeth, tongue and the dark between them
    opening: Tensor  # (N, 1, H, W) in [0, 1]
    share: Tensor  # (N, 1, 1, 1) in [0, 1], as far as the face is known

    def join(self, drawn: Tensor) -> Tensor:
        """Frames (N, 3, H, W) in [-1, 1] of these layers and the decoder's drawing, which has the same shape and range."""
        return torch.lerp(torch.lerp(self.moved, self.inside, self.opening), drawn, self.share)


class BlindBranch(nn.Module):
    """A small decoder without skips that cannot see the picture: maps that fit *any* aligned face.

    All faces are aligned, so a mouth is about where mouths are, and what opens one opens another. A branch that sees the picture
    learns to move the faces it was trained on and to leave strangers still; this one cannot tell them apart. It works at half
    the frame's size, for motion is smooth.

    Args of a call: speech, noise and emotion (B, T, D), of the fusion; shift (B, 2, 2), see `shifted`.
    Returns: maps (B*T, n, H, W), before any tanh or sigmoid.

    >>> config = ModelConfig(image_size=32, filters=(4, 8, 8), speech_dim=8, image_dim=8, emotion_dim=8, noise_dim=4)
    >>> BlindBranch(config, 3)(torch.zeros(2, 5, 20), torch.zeros(2, 2, 2)).shape
    torch.Size([10, 3, 32, 32])
    """

    def __init__(self, config: ModelConfig, n: int) -> None:
        super().__init__()
        self.size = config.image_size
        n_blocks = int(log2(self.size / 2 / SMALLEST))
        filters = [max(8, config.filters[-1] // 2**i) for i in range(n_blocks + 1)]  # 128, 64, 32, 16, 8 in the `cpu` preset
        self.fc = nn.Linear(config.fusion_dim - config.image_dim, filters[0] * SMALLEST**2)
        self.blocks = nn.ModuleList(nn.Conv2d(a, b, 3) for a, b in zip(filters, filters[1:]))
        self.last = nn.Conv2d(filters[-1], n, 3, padding=1)

    @torch.no_grad()
    def start(self, *biases: float) -> None:
        """Set the last weights so that each map is flat and has its value everywhere."""
        self.last.weight.zero_()
        self.last.bias.copy_(torch.tensor(biases))

    def forward(self, unseen: Tensor, shift: Tensor) -> Tensor:
        h = F.leaky_relu(self.fc(unseen), SLOPE)
        h = rearrange(h, "b t (c h w) -> (b t) c h w", h=SMALLEST, w=SMALLEST)
        for conv in self.blocks:
            h = F.leaky_relu(upsample_conv(h, conv.weight, conv.bias), SLOPE)
        maps = shifted(self.last(h), shift)
        return F.interpolate(maps, size=(self.size, self.size), mode="bilinear", align_corners=False)


class Warp(nn.Module):
    """Makes frames of the input picture, or of the decoder's drawing.

    One blind branch says where in the picture each pixel comes from; lips and brows of a face that was never seen are moved. Moving
    cannot open shut lips: there is nothing between them to be moved. So a second one draws the inside of the mouth, which is much the
    same in everybody, in the light of the picture. Both follow the face's places, where its eyes and its mouth are. Where the picture
    itself shows teeth, its mouth is open already: then they are held in their place, and nothing is drawn (see teeth.py). Of a stranger the
    decoder's drawing is a poor one; of a face that it was trained on it is the best there is. How well the face is known, the image
    encoder's embedding says, once tools/acquaint.py has taught it. And it is drawn with the recordings alone that go with its film:
    with others, what was learned by heart falls apart, so they move it like a stranger's (see `remembers`). In training nobody is
    known yet, and the clips of a batch take turns: one is moved, the next one drawn.

    Args of a call: z (B, T, fusion_dim), drawn (B*T, 3, H, W) in [-1, 1], image (B, 3, H, W) in [-1, 1], places (B, 2, 2), x and y
    of the middle of the eyes and of the mouth as shares of the width; None: those of an average face; moved: True moves who is
    known, too.
    Returns: frames (B*T, 3, H, W) in [-1, 1].

    >>> config = ModelConfig(image_size=32, filters=(4, 8, 8), speech_dim=8, image_dim=8, emotion_dim=8, noise_dim=4)
    >>> Warp(config)(torch.zeros(2, 5, 28), torch.zeros(10, 3, 32, 32), torch.zeros(2, 3, 32, 32)).shape
    torch.Size([10, 3, 32, 32])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.parts = [config.speech_dim, config.noise_dim, config.image_dim, config.emotion_dim]  # of the fusion, in its order
        self.motion = BlindBranch(config, 2)
        self.inside = BlindBranch(config, 4)
        self.known = nn.Linear(config.image_dim, 1)
        self.register_buffer("recordings", torch.zeros(0, config.speech_dim))  # of what is known by heart; tools/ship.py fills it

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *rest) -> None:
        """A checkpoint says how many recordings it knows."""
        self.recordings = torch.empty_like(state.get(f"{prefix}recordings", self.recordings), device=self.recordings.device, dtype=self.recordings.dtype)
        super()._load_from_state_dict(state, prefix, *rest)

    @torch.no_grad()
    def start_still(self) -> None:
        """Set the last weights so that nothing moves and little is seen of anything else: the frames are the picture."""
        self.motion.start(0.0, 0.0)
        self.inside.start(-1.0, -1.0, -1.0, LITTLE)
        self.known.weight.zero_()
        self.known.bias.fill_(LITTLE)

    def knows(self, of_image: Tensor) -> Tensor:
        """How well the image encoder's embedding (..., image_dim) is known: (..., 1) in [0, 1]."""
        return torch.sigmoid(self.known(of_image))

    def remembers(self, of_speech: Tensor) -> bool:
        """Whether an utterance, its speech embeddings (T, speech_dim), is one of the recordings that are known by heart."""
        far = torch.linalg.vector_norm(of_speech.mean(dim=0) - self.recordings, dim=1)
        return bool((far < NEAR * torch.linalg.vector_norm(self.recordings, dim=1)).any())

    def layers(self, z: Tensor, image: Tensor, places: Tensor | None = None) -> Layers:
        """What a frame is made of besides the decoder's drawing; arguments as in a call."""
        speech, noise, face, emotion = z.split(self.parts, dim=-1)
        unseen = torch.cat([speech, noise, emotion], dim=-1)
        average = torch.tensor(AVERAGE, device=z.device)
        shift = torch.zeros(len(image), 2, 2, device=z.device) if places is None else (places - average).clamp(-OFFSET, OFFSET)
        low, high = (round(share * image.shape[-1]) for share in FACE)
        colour = (0.5 * image[:, :, low:high, low:high] + 0.5).mean(dim=(2, 3))
        teeth = find_teeth(image, average[1] + shift[:, 1], colour)
        shift[:, 1, 1] = torch.lerp(shift[:, 1, 1], (teeth.row - average[1, 1]).clamp(-OFFSET, OFFSET), teeth.shown)
        at_the_mouth = around(average[1] + shift[:, 1], REACH, image) * rearrange(1 - teeth.shown, "b -> b 1 1")
        motion = FARTHEST * torch.tanh(self.motion(unseen, shift))
        inside, opening = self.inside(unseen, shift).split([3, 1], dim=1)

        image, mask, row, colour, at_the_mouth = (
            repeat(x, "b ... -> (b t) ...", t=z.shape[1]) for x in (image, teeth.mask, teeth.row, colour, at_the_mouth)
        )
        moved, pulled = move_pixels(torch.cat([image, 2 * mask - 1], dim=1), motion).split([3, 1], dim=1)
        return Layers(
            moved=hold_teeth(moved, image, mask, 0.5 * pulled + 0.5, row, colour),
            inside=lit(torch.sigmoid(inside), colour),
            opening=torch.sigmoid(opening) * at_the_mouth[:, None],
            share=rearrange(self.knows(face), "b t 1 -> (b t) 1 1 1"),
        )

    def forward(self, z: Tensor, drawn: Tensor, image: Tensor, places: Tensor | None = None, moved: bool = False) -> Tensor:
        layers = self.layers(z, image, places)
        if moved:
            layers = layers._replace(share=torch.zeros_like(layers.share))
        if self.training:
            in_turn = torch.arange(len(image), device=image.device) % 2
            layers = layers._replace(share=repeat(in_turn.to(drawn), "b -> (b t) 1 1 1", t=z.shape[1]))
        return layers.join(drawn)


def shifted(maps: Tensor, shift: Tensor) -> Tensor:
    """Move what belongs to the eyes and what belongs to the mouth to where they are in a face; smoothly in between.

    Args:
        maps: (B*T, n, h, w).
        shift: (B, 2, 2), x and y of the eyes, then of the mouth, as shares of the width.

    Returns:
        (B*T, n, h, w), bilinear, the border held.

    >>> maps = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4)
    >>> shifted(maps, torch.tensor([[[0.25, 0.0], [0.25, 0.0]]]))[0, 0, 0].tolist()
    [0.0, 0.0, 1.0, 2.0]
    """
    here = pixel_grid(maps)
    lower = torch.sigmoid(12 * (here[..., 1:] + 1 - 2 * CENTRE))  # (h, w, 1): 0 at the eyes, 1 at the mouth
    eyes, mouth = rearrange(shift, "b part xy -> part b 1 1 xy")
    grid = here - 2 * torch.lerp(eyes, mouth, lower)  # (B, h, w, 2)
    grid = repeat(grid, "b h w xy -> (b t) h w xy", t=len(maps) // len(shift))
    return F.grid_sample(maps, grid, mode="bilinear", padding_mode="border", align_corners=False)


def move_pixels(images: Tensor, motion: Tensor) -> Tensor:
    """Backward warping: each pixel shows what lies `motion` away from it in the picture; bicubic, the border held.

    Bilinear would halve the sharpness of everything that moves by half a pixel, and a face always does. Bicubic can
    overshoot at an edge, hence the clamp.

    Args:
        images: (N, C, H, W) in [-1, 1].
        motion: (N, 2, H, W), x and y, as shares of the width and the height.

    Returns:
        (N, C, H, W) in [-1, 1].

    >>> row = torch.tensor([-1.0, -0.5, 0.5, 1.0]).view(1, 1, 1, 4)
    >>> move_pixels(row, torch.tensor([0.25, 0.0]).view(1, 2, 1, 1).expand(1, 2, 1, 4)).flatten().tolist()
    [-0.5, 0.5, 1.0, 1.0]
    """
    grid = pixel_grid(images) + 2 * rearrange(motion, "n c h w -> n h w c")
    return F.grid_sample(images, grid, mode="bicubic", padding_mode="border", align_corners=False).clamp(-1, 1)


def lit(inside: Tensor, face: Tensor) -> Tensor:
    """The inside of a mouth in the light of its face, and grey in a grey picture.

    Args:
        inside: (N, 3, H, W) in [0, 1].
        face: (N, 3) in [0, 1], its mean colour.

    Returns:
        (N, 3, H, W) in [-1, 1].

    >>> [round(x, 2) for x in lit(torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1), torch.full((1, 3), 0.5)).flatten().tolist()]
    [-0.2, -0.2, -0.2]
    """
    light, range_of_colours = face.mean(dim=1), face.amax(dim=1) - face.amin(dim=1)
    light, coloured = (rearrange(x, "n -> n 1 1 1") for x in (light, (range_of_colours / COLOURED).clamp(max=1)))
    inside = BRIGHTEST * light * torch.lerp(inside.mean(dim=1, keepdim=True), inside, coloured)
    return 2 * inside.clamp(0, 1) - 1


def around(centre: Tensor, reach: float, images: Tensor) -> Tensor:
    """A round window with a soft edge: 1 at the centre, 1/e `reach` away from it, nothing at one and a half times that.

    Args:
        centre: (B, 2), x and y as shares of the width.
        reach: as a share of the width.
        images: (B, C, H, W), whose size the window has.

    Returns:
        (B, H, W) in [0, 1].

    >>> [round(weight, 2) for weight in around(torch.tensor([[0.1, 0.5]]), 0.4, torch.zeros(1, 3, 1, 5))[0, 0].tolist()]
    [1.0, 0.94, 0.37, 0.01, 0.0]
    """
    away = pixel_grid(images) - rearrange(2 * centre - 1, "b xy -> b 1 1 xy")
    return torch.exp(-((away / (2 * reach)).square().sum(dim=-1) ** 2))


def pixel_grid(images: Tensor) -> Tensor:
    """Where the pixels of (..., H, W) are: (H, W, 2), x and y in `grid_sample`'s [-1, 1].

    >>> pixel_grid(torch.zeros(1, 2))[..., 0].tolist()
    [[-0.5, 0.5]]
    """
    y, x = ((2 * torch.arange(n, device=images.device, dtype=images.dtype) + 1) / n - 1 for n in images.shape[-2:])
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
