"""A clip's frames and its truth, from a painted person and what the face does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from ...presets import IMAGE_SIZE
from ..align import similarity_transform, transform_points
from .expression import BENDS, MouthShape, Pose, bend_fields
from .eyes import EyeState, draw_eyes
from .fields import AXIS, MARGIN, SPAN, canvas
from .geometry import CENTRE_Y, FOLDS
from .identity import Identity
from .mouth import UPPER_SHARE, draw_mouth, resting_line
from .paint import TEXTURE, Layers

CHUNK = 8  # frames drawn together: more would leave the processor's cache
PIVOT = 6.0  # pixels above the contour: what is nearer than this moves with a turn, what is farther moves against it
FACE_BOX = (16, 16, 112, 128)  # x1, y1, x2, y2 in face space: outside, no action unit moves anything
EYE_BOX = (13, 9, 12)  # pixels from an eye's centre: to either side, up, down
MOUTH_BOX = (23, 14, 24)  # from the mouth's centre: to either side, up, down
CORNER = 0.91  # MTCNN sees a mouth's corner a little inside the lips' tip: its place as a part of the mouth's half width
MTCNN_OFFSET = np.array([1.1, 0.35])  # pixels: it sees points so far right and below; measured on these faces and their mirror images
BODY_SHARE = 0.3  # of the head's motion, which neck and shoulders follow


class Rendered(NamedTuple):
    """``frames`` uint8 (T, 128, 128, 3), ``landmarks`` float32 (T, 5, 2) in MTCNN's order.

    ``opening`` float32 (T,) is the gap between the lips as a part of the face's height, see `face_height`.
    """

    frames: np.ndarray
    landmarks: np.ndarray
    opening: np.ndarray


def face_height(person: Identity) -> float:
    """From the brows to the chin, in pixels."""
    return person.chin_y - person.brow_y


def bend_weights(units: dict[str, np.ndarray], mouth: MouthShape, eyes: EyeState) -> np.ndarray:
    """How strongly each of `expression.BENDS` acts, (T, 14)."""
    opened = mouth.gap * UPPER_SHARE + 0.6 * mouth.upper
    moves = dict(units) | {"upper": opened, "lower": mouth.gap - opened, "lid": eyes.closed - 0.3 * eyes.upper}
    moves["out"] = mouth.out - 2.9 * units["AU12"] - 2.3 * units["AU20"]  # whose own bends move the corners
    return np.stack([moves[name] for name in BENDS], 1)


def face_points(person: Identity, units: dict[str, np.ndarray], mouth: MouthShape, eyes: EyeState) -> np.ndarray:
    """The five landmarks in face space: float64 (T, 5, 2)."""
    p, count = person, len(mouth.gap)
    points = np.empty((count, 5, 2))
    points[:, 0], points[:, 1] = (AXIS - p.eye_apart, p.eye_y), (AXIS + p.eye_apart, p.eye_y)
    tip = np.array([[AXIS]]), np.array([[p.nose_y]])
    points[:, 2] = np.array([AXIS, p.nose_y]) + bend_weights(units, mouth, eyes) @ bend_fields(p, *tip)[..., 0, 0]
    half, corner_y = CORNER * (p.mouth_wide + mouth.out), resting_line(p, mouth.lift, CORNER)
    points[:, 3] = np.stack([AXIS - half, corner_y], -1)
    points[:, 4] = np.stack([AXIS + half, corner_y], -1)
    return points


def head_matrices(pose: Pose, share: float = 1.0) -> np.ndarray:
    """(T, 2, 3): roll, scale and shift of the head around the base of the skull, as matrices on face space."""
    c = share * (pose.scale - 1) + 1
    cos, sin = c * np.cos(share * pose.roll), c * np.sin(share * pose.roll)
    centre = np.array([AXIS, CENTRE_Y + 30])
    matrix = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
    shift = np.stack([share * pose.x, share * pose.y], -1) + centre - matrix @ centre
    return np.concatenate([matrix, shift[..., None]], -1)


def parallax(depth: Tensor, pose: Pose, grid: Tensor) -> Tensor:
    """How far places move when the head turns and nods, in the units of `grid`.

    Args:
        depth: (S, S) of the canvas.
        pose: of T frames.
        grid: (T, H, W, 2) places on the canvas in grid_sample's [-1, 1].
    """
    z = F.grid_sample(depth.expand(len(grid), 1, -1, -1), grid, padding_mode="border", align_corners=False)
    turn = torch.as_tensor(np.stack([np.sin(pose.yaw), np.sin(pose.pitch)], -1), dtype=torch.float32) * (2 / SPAN)
    return rearrange(z - PIVOT, "t 1 h w -> t h w 1") * rearrange(turn, "t xy -> t 1 1 xy")


def _to_grid(points: Tensor) -> Tensor:
    """Face space to grid_sample's [-1, 1] of a canvas."""
    return (points + 0.5 + MARGIN) * (2 / SPAN) - 1


def picture_points(points: np.ndarray, depth: Tensor, pose: Pose, matrices: np.ndarray) -> np.ndarray:
    """Points of face space to where the camera sees them, before alignment: float64 (T, N, 2).

    Frames are drawn backwards, q = p - parallax(p); a point p for a given q is found by iterating p = q + parallax(p).
    """
    q = _to_grid(torch.as_tensor(points, dtype=torch.float32))[:, None]  # (T, 1, N, 2)
    p = q
    for _ in range(12):
        p = q + parallax(depth, pose, p)
    p = (p[:, 0].double().numpy() + 1) * (SPAN / 2) - MARGIN - 0.5
    return np.einsum("tij,tnj->tni", matrices[..., :2], p) + matrices[:, None, :, 2]


@torch.no_grad()
def render(
    person: Identity, layers: Layers, units: dict[str, np.ndarray], mouth: MouthShape, eyes: EyeState, pose: Pose
) -> Rendered:
    """Draw a clip, aligned as real clips are: one similarity brings the median landmarks to the template.

    Args:
        person: who.
        layers: the person, painted.
        units: action units over time, see `expression.action_units`.
        mouth: lips over time.
        eyes: lids and gaze over time.
        pose: the head over time.
    """
    depth = torch.from_numpy(layers.depth)
    head_to_camera = head_matrices(pose)
    seen = picture_points(face_points(person, units, mouth, eyes), depth, pose, head_to_camera)
    align = similarity_transform(np.median(seen, axis=0) + MTCNN_OFFSET)
    landmarks = np.stack([transform_points(points, align) for points in seen])

    painter = _Painter(person, layers)
    frames = np.empty((len(seen), IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
    for start in range(0, len(seen), CHUNK):
        part = slice(start, start + CHUNK)
        few = [_cut(what, part) for what in (units, mouth, eyes, pose)]
        frames[part] = painter.draw(*few, align)
    opening = mouth.gap / face_height(person)  # both grow alike with the head's size in the picture
    return Rendered(frames, landmarks.astype(np.float32), opening.astype(np.float32))


def _cut(what, part: slice):
    if isinstance(what, dict):
        return {key: value[part] for key, value in what.items()}
    return type(what)(**{key: value[part] for key, value in vars(what).items()})


def _compose(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """The matrix (..., 2, 3) that applies `inner` first."""
    linear = outer[..., :2] @ inner[..., :2]
    shift = np.einsum("...ij,...j->...i", outer[..., :2], inner[..., 2]) + outer[..., 2]
    return np.concatenate([linear, shift[..., None]], -1)


def _invert(matrix: np.ndarray) -> np.ndarray:
    linear = np.linalg.inv(matrix[..., :2])
    return np.concatenate([linear, -(linear @ matrix[..., 2:])], -1)


def _pixels_on_canvas(matrices: np.ndarray) -> Tensor:
    """Where the picture's pixels lie on the canvas, (T, 128, 128, 2) in grid_sample's [-1, 1].

    Args:
        matrices: (T, 2, 3), from face space to the picture.
    """
    inverse = torch.as_tensor(_invert(matrices), dtype=torch.float32)
    inverse[..., 2] += 0.5 + MARGIN
    inverse = inverse * (2 / SPAN)
    inverse[..., 2] -= 1
    ticks = torch.arange(IMAGE_SIZE, dtype=torch.float32)
    across, down, shift = (rearrange(inverse[..., k], "t xy -> t 1 1 xy") for k in range(3))
    return across * rearrange(ticks, "w -> 1 1 w 1") + (down * rearrange(ticks, "h -> 1 h 1 1") + shift)


def _to_tensor(picture: np.ndarray) -> Tensor:
    """(H, W, C) to (1, C, H, W)."""
    return rearrange(torch.from_numpy(picture), "h w c -> 1 c h w")


class _Painter:
    """A person's layers as tensors, and the grids that every frame shares."""

    def __init__(self, person: Identity, layers: Layers) -> None:
        self.person, self.layers = person, layers
        self.head, self.front, self.body = (_to_tensor(a) for a in (layers.head, layers.front, layers.body))
        self.body = torch.cat([self.body[:, :3] * self.body[:, 3:], self.body[:, 3:]], 1)  # premultiplied
        self.still = self._under_front(self.head, self.front).repeat(CHUNK, 1, 1, 1)  # what moves is drawn into it
        self.background, self.shade = _to_tensor(layers.background), _to_tensor(layers.shade)
        self.depth = torch.from_numpy(layers.depth)
        x, y = canvas(TEXTURE)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        rows, columns = self._box(*FACE_BOX)
        self.face = rows, columns
        self.bends = torch.from_numpy(bend_fields(person, x[rows, columns], y[rows, columns])).flatten(1)
        self.folds = torch.from_numpy(np.ascontiguousarray(layers.folds[:, rows, columns])).flatten(1)
        self.places = torch.stack([self.x, self.y], -1)[rows, columns]  # (h, w, 2)

    def _box(self, x1: float, y1: float, x2: float, y2: float) -> tuple[slice, slice]:
        a, b, c, d = (round((v + MARGIN) * TEXTURE) for v in (x1, y1, x2, y2))
        return slice(b, d), slice(a, c)

    def draw(self, units: dict, mouth: MouthShape, eyes: EyeState, pose: Pose, align: np.ndarray) -> np.ndarray:
        """uint8 (T, 128, 128, 3)."""
        count = len(mouth.gap)
        face = self.still[:count]
        rows, columns = self.face
        face[:, :, rows, columns] = self._under_front(self._face(units, mouth, eyes), self.front[..., rows, columns])
        near = _pixels_on_canvas(_compose(align, head_matrices(pose)))
        near = near - parallax(self.depth, pose, near)
        head = F.grid_sample(face, near, padding_mode="border", align_corners=False)
        far = _pixels_on_canvas(_compose(align, head_matrices(pose, BODY_SHARE)))
        back = F.grid_sample(self.body.expand(count, -1, -1, -1), far, padding_mode="border", align_corners=False)
        image = self.background * (1 - back[:, 3:]) + back[:, :3]
        image = image * (1 - head[:, 3:]) + head[:, :3]
        values = (image.clamp(0, 1) * 255 + 0.5).byte().numpy()
        return np.stack([np.take(curve, values[:, c]) for c, curve in enumerate(self.layers.film)], axis=-1)

    @staticmethod
    def _under_front(head: Tensor, front: Tensor) -> Tensor:
        """The head with hair and glasses before it: (T, 4, H, W), the colours premultiplied by alpha."""
        over, alpha = front[:, 3:], head[:, 3:]
        return torch.cat([head[:, :3] * (alpha * (1 - over)) + front[:, :3] * over, alpha * (1 - over) + over], 1)

    def _face(self, units: dict, mouth: MouthShape, eyes: EyeState) -> Tensor:
        """The head layer within `FACE_BOX`, with the face's motion: (T, 4, h, w)."""
        p, count = self.person, len(mouth.gap)
        weights = torch.as_tensor(bend_weights(units, mouth, eyes), dtype=torch.float32)
        rows, columns = self.face
        shift = rearrange(weights @ self.bends, "t (xy h w) -> t h w xy", xy=2, h=self.places.shape[0])
        grid = _to_grid(self.places - shift)
        skin = F.grid_sample(self.head.expand(count, -1, -1, -1), grid, padding_mode="border", align_corners=False)

        folds = dict(units) | {"AU26": (mouth.gap / 9).clip(0, 1.2)}
        weights = torch.as_tensor(np.stack([folds[name] for name in FOLDS], 1), dtype=torch.float32)
        change = rearrange(weights @ self.folds, "t (h w) -> t 1 h w", h=self.places.shape[0]).clamp(-0.55, 0.5)
        skin[:, :3] *= 1 + change * torch.tensor([0.85, 1.0, 1.05]).view(1, 3, 1, 1)

        light_x = float(self.layers.light.key[0])
        side, up, down = EYE_BOX
        for middle in (AXIS - p.eye_apart, AXIS + p.eye_apart):
            box = self._box(middle - side, p.eye_y - up, middle + side, p.eye_y + down)
            self._draw_on(skin, box, draw_eyes, eyes, light_x)
        side, up, down = MOUTH_BOX
        self._draw_on(
            skin, self._box(AXIS - side, p.mouth_y - up, AXIS + side, p.mouth_y + down), draw_mouth, mouth, light_x
        )
        return skin

    def _draw_on(self, skin: Tensor, box: tuple[slice, slice], draw, state, light_x: float) -> None:
        """Draw eyes or mouth, within a box of the canvas, onto the face."""
        (r, c), (rows, columns) = box, self.face
        inner = ..., slice(r.start - rows.start, r.stop - rows.start), slice(c.start - columns.start, c.stop - columns.start)
        part = skin[:, :3][inner]
        skin[:, :3][inner] = draw(part, self.x[r, c], self.y[r, c], self.person, state, self.shade[..., r, c], light_x)
