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
from .layers import SLOPE
from .lip_line import LipLine, find_lip_line, lower_side, reach_up
from .pixels import around, backward_warp, shifted
from .smile import let_go
from .teeth import Teeth, find_teeth, hold_teeth, with_edge
from .upsample import upsample_conv

FARTHEST = 0.125  # of the width: how far a pixel can move (16 pixels at 128; an open jaw moves about 10)
OPEN = 0.9  # of the motion: where teeth are seen, the mouth is open, and has less far to go
AVERAGE = ((0.495, 0.398), (0.495, 0.698))  # x, y of the middle of the eyes and of the mouth in the training's faces, of the width
LINE = 0.694  # of the height: where the lips of the training's faces meet
OFFSET = 0.06  # of the width: how far from there the maps follow a face
FACE = 5 / 16, 25 / 32  # of width and height: between these lies the face, by whose brightness the mouth's inside is lit
BRIGHTEST = 1.6  # of the face's mean brightness: teeth
COLOURED = 0.1  # difference of the face's strongest and weakest channel in [0, 1] from which a picture is in colour, and its mouth's inside, too
NEAR = 0.3  # of a known recording's own size: copies and cuts of it are within 0.2, other voices from 0.6 on
LITTLE = -4.0  # the first bias of the mouth's opening and of `known`; its sigmoid is 0.02. With more, they are easier than moving
INSIDE_REACH = 0.2  # of the width: how far from the middle of the mouth its inside can be
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


class Face(NamedTuple):
    """What the branches cannot see of B pictures, and is looked up in them; places as x and y, shares of the width."""

    mouth: Tensor  # (B, 2), the middle between its corners, by MTCNN
    opens_at: Tensor  # (B, 2), where the lips meet, or the teeth are
    shift: Tensor  # (B, 2, 2), of the eyes and of the mouth, against the training's faces; see `shifted`
    teeth: Teeth
    line: LipLine
    colour: Tensor  # (B, 3) in [0, 1], the mean of the face


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
        maps = shifted(self.last(h).to(shift), shift)  # places need float32, under autocast too
        return F.interpolate(maps, size=(self.size, self.size), mode="bilinear", align_corners=False)


class Warp(nn.Module):
    """Makes frames of the input picture, or of the decoder's drawing.

    One blind branch says where in the picture each pixel comes from; lips and brows of a face that was never seen are moved.
    Moving cannot open shut lips: there is nothing between them to be moved. So a second one draws the inside of the mouth, which
    is much the same in everybody, in the light of the picture, and it is seen up to the upper lip (see lip_line.py). Both follow the face's places, where its eyes and its mouth are.
    Where the picture itself shows teeth, its mouth is open already: then they are held in their place, and nothing is drawn (see
    teeth.py); and its smile is let go where another emotion is asked for (see smile.py). Of a stranger the decoder's drawing is a
    poor one; of a face that it was trained on it is the best there is. How well the face is known, the image encoder's embedding
    says, once tools/acquaint.py has taught it. And it is drawn with the recordings alone that go with its film: with others, what
    was learned by heart falls apart, so they move it like a stranger's (see `remembers`). In training nobody is known yet, and
    the clips of a batch take turns: one is moved, the next one drawn.

    Args of a call: z (B, T, fusion_dim), drawn (B*T, 3, H, W) in [-1, 1], image (B, 3, H, W) in [-1, 1], places (B, 2, 2), x and y
    of the middle of the eyes and of the mouth as shares of the width; None: those of an average face; emotion (B, 6) or
    (B, T, 6), the weights asked for; None: a smile is kept; moved: True moves who is known, too.
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

    def layers(self, z: Tensor, image: Tensor, places: Tensor | None = None, emotion: Tensor | None = None) -> Layers:
        """What a frame is made of besides the decoder's drawing; arguments as in a call."""
        speech, noise, of_face, of_emotion = z.split(self.parts, dim=-1)
        unseen = torch.cat([speech, noise, of_emotion], dim=-1)
        face = locate_face(image, places)
        smile = let_go(image, face.mouth, face.teeth.shown, emotion)  # (B, 1 or T, 2, H, W)
        near = around(face.opens_at, INSIDE_REACH, image) * rearrange(1 - face.teeth.shown, "b -> b 1 1")
        far = FARTHEST * (1 - (1 - OPEN) * face.teeth.shown)

        n_frames = z.shape[1]
        lower, sure = lower_side(image, face.mouth, face.line), rearrange(face.line.sure, "b -> b 1 1 1")
        image, mask, row, colour, near, far, lower, sure = (
            repeat(x, "b ... -> (b t) ...", t=n_frames)
            for x in (image, face.teeth.mask, face.teeth.row, face.colour, near, far, lower, sure)
        )
        smile = rearrange(smile.expand(-1, n_frames, -1, -1, -1), "b t xy h w -> (b t) xy h w")
        motion = rearrange(far, "n -> n 1 1 1") * torch.tanh(self.motion(unseen, face.shift))
        motion = motion + backward_warp(smile, motion)  # the branch moves what is left of the smile
        inside, opening = self.inside(unseen, face.shift).split([3, 1], dim=1)
        moved, pulled, lower = backward_warp(torch.cat([image, 2 * with_edge(mask) - 1, 2 * lower - 1], dim=1), motion).split([3, 1, 1], dim=1)
        return Layers(
            moved=hold_teeth(moved, image, mask, 0.5 * pulled + 0.5, row, colour),
            inside=relight(torch.sigmoid(inside), colour),
            opening=reach_up(torch.sigmoid(opening) * near[:, None], sure * (0.5 * lower + 0.5)),
            share=rearrange(self.knows(of_face).to(image), "b t 1 -> (b t) 1 1 1"),
        )

    def forward(
        self, z: Tensor, drawn: Tensor, image: Tensor, places: Tensor | None = None, emotion: Tensor | None = None, moved: bool = False
    ) -> Tensor:
        layers = self.layers(z, image, places, emotion)
        if moved:
            layers = layers._replace(share=torch.zeros_like(layers.share))
        if self.training:
            in_turn = torch.arange(len(image), device=image.device) % 2
            layers = layers._replace(share=repeat(in_turn.to(image), "b -> (b t) 1 1 1", t=z.shape[1]))
        return layers.join(drawn.to(image))


def locate_face(image: Tensor, places: Tensor | None) -> Face:
    """The `Face` of pictures (B, 3, H, W) in [-1, 1], with the places (B, 2, 2) of a call of `Warp`.

    >>> locate_face(torch.zeros(1, 3, 32, 32), None).shift.abs().max().item()
    0.0
    """
    average = torch.tensor(AVERAGE, device=image.device)
    shift = torch.zeros(len(image), 2, 2, device=image.device) if places is None else (places - average).clamp(-OFFSET, OFFSET)
    mouth = average[1] + shift[:, 1]
    low, high = (round(share * image.shape[-1]) for share in FACE)
    colour = (0.5 * image[:, :, low:high, low:high] + 0.5).mean(dim=(2, 3))
    teeth, line = find_teeth(image, mouth, colour), find_lip_line(image, mouth)
    height = torch.lerp(torch.lerp(shift[:, 1, 1], line.row - LINE, line.sure), teeth.row - average[1, 1], teeth.shown)
    shift[:, 1, 1] = height.clamp(-OFFSET, OFFSET)
    return Face(mouth, average[1] + shift[:, 1], shift, teeth, line, colour)


def relight(inside: Tensor, face_colour: Tensor) -> Tensor:
    """The inside of a mouth in the light of its face, and grey in a grey picture.

    Args:
        inside: (N, 3, H, W) in [0, 1].
        face_colour: (N, 3) in [0, 1], the mean of the face.

    Returns:
        (N, 3, H, W) in [-1, 1].

    >>> [round(x, 2) for x in relight(torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1), torch.full((1, 3), 0.5)).flatten().tolist()]
    [-0.2, -0.2, -0.2]
    """
    light, range_of_colours = face_colour.mean(dim=1), face_colour.amax(dim=1) - face_colour.amin(dim=1)
    light, coloured = (rearrange(x, "n -> n 1 1 1") for x in (light, (range_of_colours / COLOURED).clamp(max=1)))
    inside = BRIGHTEST * light * torch.lerp(inside.mean(dim=1, keepdim=True), inside, coloured)
    return 2 * inside.clamp(0, 1) - 1
