"""Bring a face to a fixed place in a 128 x 128 picture.

Alignment is one similarity transform (rotation, uniform scale, shift), fitted to MTCNN's five points. A clip gets
one transform for all its frames, so that the head's own motion stays in it.
"""

import os
from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch.nn import functional as F

from ..errors import EmotalkError
from ..presets import IMAGE_SIZE
from .faces import Faces, detect_faces, refine, square
from .pictures import read_image

# Eyes, nose and mouth corners as fractions of the picture (x, y): ArcFace's average face (112 x 112: eyes 38.29
# and 73.53, 51.6; nose 56.03, 71.74; mouth 41.55 and 70.73, 92.3), made symmetric, shrunk to 0.84 and moved so
# that chin, brows and the start of the hair are inside too.
TEMPLATE = np.array([[0.368, 0.400], [0.632, 0.400], [0.5, 0.551], [0.3905, 0.705], [0.6095, 0.705]], np.float32)

WEIGHTS = np.array([1, 1, 0.5, 0.25, 0.25])  # of the five points in the fit; why: see similarity_transform
SMALLEST_FACE = 48  # pixels, height of MTCNN's box; less would be enlarged more than twice, into a blur
DETECTION_SIDES = (640, 1920)  # pixels: a larger picture is searched in a copy of the first size, then the second
# Of 111 upright faces, 16 have a lower score than DOUBTFUL. For 15 of these, turning leaves three times the doubt or more, for one 0.4 of it.
# Of their pictures turned by quarters, 125 have a face that would be taken; in 123, the score is lower and turning back leaves 0.3 or less.
DOUBTFUL = 0.99  # O-Net's score, below which a face may lie on its side
LESS_DOUBT = 0.3  # of 1 - score: what turning has to leave of it
ROOM = 0.15  # of the aligned square, that may lie outside the picture before what is missing is drawn soft
SOFT, SEAM = 0.1, 0.025  # widths of that blur, and of the way from sharp to soft, as fractions of the square
SURE_FACE = 0.9  # probability from which a second face counts: weaker ones are mostly hands, clothes, wallpaper


class AlignedFace(NamedTuple):
    """A face brought to its place, ready for the generator.

    ``image`` uint8 (128, 128, 3) RGB; ``landmarks`` float32 (5, 2), x, y in pixels of ``image``; ``matrix`` float64
    (2, 3), which takes a pixel of the original picture there; ``missing`` is the share of the square that lies outside it.
    """

    image: np.ndarray
    landmarks: np.ndarray
    matrix: np.ndarray
    missing: float


def align_face(image: str | os.PathLike | Image.Image | np.ndarray) -> AlignedFace:
    """Find the one face of any ordinary picture and align it as the clips are aligned.

    Args:
        image: whatever :func:`~emotalk_lite.data.pictures.read_image` takes.

    Returns:
        An :class:`AlignedFace`. Where the aligned square reaches over the picture's edge, the border is repeated; where
        more than 15 % of it do, it is continued softly.

    Raises:
        EmotalkError: not a picture, no face, several faces of comparable size (a face less than half as high as
            the largest is background), a face less than 48 pixels high, or one that lies on its side or upside down.

    >>> from skimage.data import astronaut
    >>> align_face(astronaut()).image.shape
    (128, 128, 3)
    """
    name = "the picture" if isinstance(image, (np.ndarray, Image.Image)) else str(image)
    picture = read_image(image)
    faces = Faces(*[np.zeros(0)] * 3)
    for side in DETECTION_SIDES:
        scale = min(1, side / max(picture.shape[:2]))
        small = np.array(Image.fromarray(picture).resize([max(1, round(n * scale)) for n in picture.shape[1::-1]]))
        faces = detect_faces(small)
        if scale == 1 or faces.scores.max(initial=0) >= SURE_FACE:
            break
    if not len(faces.boxes):
        raise EmotalkError(f"{name}: no face found; give a picture of one face from the front, upright and well lit")

    sure = faces.scores >= min(SURE_FACE, faces.scores.max())
    boxes = faces.boxes[sure]  # largest first
    heights = (boxes[:, 3] - boxes[:, 1]) / scale  # in pixels of the original
    rivals = int((heights >= heights[0] / 2).sum())
    if rivals > 1:
        raise EmotalkError(f"{name}: {rivals} faces found; crop it to the one that should speak, with hair, chin and some room around")
    if heights[0] < SMALLEST_FACE:
        found, needed = round(float(heights[0])), SMALLEST_FACE
        raise EmotalkError(f"{name}: the face is {found} pixels high, {needed} are needed; give a larger picture")

    scores, points = refine(small[None], square(boxes[:1]))
    if scores[0] < DOUBTFUL and stands_better_turned(small, boxes[0], scores[0]):
        raise EmotalkError(f"{name}: the face lies on its side or upside down; turn the picture upright")
    points = (points[0] + 0.5) / scale - 0.5  # pixel centres of the original
    matrix = similarity_transform(points)
    landmarks = transform_points(points, matrix).astype(np.float32)
    aligned, inside = warp(picture[None], matrix)[0], covered(picture.shape[:2], matrix)
    missing = 1 - float(inside.mean())
    return AlignedFace(soften(aligned, inside) if missing > ROOM else aligned, landmarks, matrix, missing)


def stands_better_turned(picture: np.ndarray, box: np.ndarray, score: float) -> bool:
    """Whether MTCNN is much surer of a face in a box when the picture is turned by a quarter, a half or three quarters.

    Args:
        picture: uint8 (H, W, 3).
        box: float (4,), x1, y1, x2, y2.
        score: O-Net's, as the picture is.

    >>> from skimage.data import astronaut
    >>> stands_better_turned(astronaut()[::-1, ::-1], np.array([220.0, 320, 350, 450]), score=0.9)
    True
    """
    left, top, right, bottom = square(box[None])[0]
    x, y, half = (left + right) / 2, (top + bottom) / 2, right - left  # twice as far as the face: another one of the picture does not count
    x1, y1 = (int(max(0, centre - half)) for centre in (x, y))
    around = picture[y1 : int(y + half), x1 : int(x + half)]
    for quarters in (1, 2, 3):
        turned = np.ascontiguousarray(np.rot90(around, quarters))
        found = detect_faces(turned).boxes[:1]
        if len(found) and 1 - refine(turned[None], square(found))[0][0] < LESS_DOUBT * (1 - score):
            return True
    return False


def covered(size: tuple[int, int], matrix: np.ndarray) -> np.ndarray:
    """Where an aligned square shows the picture, and not what `warp` repeats: bool (128, 128).

    Args:
        size: height and width of the picture, pixels.
        matrix: of `similarity_transform`.

    >>> float(covered((200, 64), np.eye(2, 3)).mean())
    0.5
    """
    ticks = np.arange(IMAGE_SIZE)
    target = np.stack(np.meshgrid(ticks, ticks), axis=-1)  # (128, 128, 2) x, y
    source = (target - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return ((source > -0.5) & (source < np.array(size[::-1]) - 0.5)).all(axis=-1)


def soften(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Continue a picture outside of where it is known by its blurred self: repeated, its border would be stripes.

    Args:
        image: uint8 (H, H, 3), the border repeated outside.
        inside: bool (H, H), where it is known; some of it is.

    Returns:
        uint8 (H, H, 3), the same where it is known.

    >>> stripes = np.tile(np.arange(64, dtype=np.uint8)[:, None, None] % 2 * 200, (1, 64, 3))
    >>> soft = soften(stripes, np.arange(64) < np.full((64, 1), 32))
    >>> int(np.ptp(stripes[:, 60])), int(np.ptp(soft[8:-8, 60])) < 5
    (200, True)
    """
    known = torch.from_numpy(inside).double()[None]  # (1, H, H)
    colours = rearrange(torch.from_numpy(image), "h w c -> c h w").double()
    soft = blur(known * colours, SOFT) / blur(known, SOFT)  # the mean of what is known, near places first
    sharp = (2 * blur(known, SEAM)).clamp(max=1)  # half at a straight edge, so 1 there
    drawn = rearrange(torch.lerp(soft, colours, sharp.expand_as(soft)).round().byte(), "c h w -> h w c")
    return np.where(inside[..., None], image, drawn.numpy())


def blur(x: torch.Tensor, width: float) -> torch.Tensor:
    """Pictures (C, H, H) times a Gaussian matrix from both sides; ``width``, its standard deviation, as a fraction of H.

    Rows of the matrix add up to 1; far away, it is tiny but not 0 in float64, so that a place far from all others has a mean too.

    >>> blur(torch.ones(1, 64, 64).double(), 0.1).mean().item()
    1.0
    """
    place = torch.arange(x.shape[-1], dtype=x.dtype) / x.shape[-1]
    weights = torch.softmax(-((place[:, None] - place) ** 2) / (2 * width**2), dim=-1)  # (H, H)
    return weights @ x @ weights.T


def similarity_transform(points: np.ndarray, template: np.ndarray = TEMPLATE * IMAGE_SIZE) -> np.ndarray:
    """The rotation, uniform scale and shift that bring five points nearest to a template (weighted least squares).

    As complex numbers p = x + iy, a similarity is p -> a p + b: |a| is the scale and arg(a) the rotation. With both
    sets of points centred, the best a is sum(w conj(p) q) / sum(w |p|^2), and b brings the centres together.
    The eyes count double the nose and four times a mouth corner (:data:`WEIGHTS`): lips move in speech, eyes do
    not. The mouth still counts, because a turned head brings the eyes closer together but not eyes and mouth.

    Args:
        points: float (5, 2), in MTCNN's order.
        template: float (5, 2), where they should go; the default is :data:`TEMPLATE` in a 128 x 128 picture.

    Returns:
        float64 (2, 3) matrix M: the aligned point is ``M[:, :2] @ p + M[:, 2]``.

    >>> similarity_transform(2 * TEMPLATE, TEMPLATE).round(6)
    array([[ 0.5, -0. ,  0. ],
           [ 0. ,  0.5,  0. ]])
    """
    p, q = (np.asarray(s, np.float64) @ [1, 1j] for s in (points, template))  # (5,) complex
    p_centre, q_centre = np.average(p, weights=WEIGHTS), np.average(q, weights=WEIGHTS)
    p, q = p - p_centre, q - q_centre
    a = np.sum(WEIGHTS * p.conj() * q) / np.sum(WEIGHTS * abs(p) ** 2)
    b = q_centre - a * p_centre
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def transform_points(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Apply a (2, 3) matrix to points (..., 2).

    >>> transform_points(np.array([[1.0, 2.0]]), np.array([[2.0, 0, 5], [0, 2, 0]]))
    array([[7., 4.]])
    """
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(points.dtype)


def warp(frames: np.ndarray, matrix: np.ndarray, size: int = IMAGE_SIZE) -> np.ndarray:
    """Resample pictures so that the point p lands on ``matrix`` p, without aliasing.

    Bicubic sampling on a finer grid, then averaging down: one sample for each source pixel or more, so that a
    pattern finer than the output's pixels averages out instead of folding back. Outside the picture, its border
    is repeated.

    Args:
        frames: uint8 (T, H, W, 3).
        matrix: float (2, 3) similarity, source pixels to output pixels.
        size: pixels, width and height of the output.

    Returns:
        uint8 (T, size, size, 3).

    >>> picture = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
    >>> bool((warp(picture, np.eye(2, 3), size=4) == picture).all())
    True
    """
    height, width = frames.shape[1:3]
    inverse = np.linalg.inv(matrix[:, :2])
    step = np.sqrt(np.linalg.det(inverse))  # source pixels from one output pixel to the next
    shrink = max(1, int(step / 2))  # a very large picture is averaged down first, or the finer grid would be huge
    finer = int(np.ceil(step / shrink - 1e-6))  # samples an output pixel, each way
    ticks = (np.arange(size * finer) + 0.5) / finer - 0.5  # centres of the samples, in output pixels
    target = np.stack(np.meshgrid(ticks, ticks), axis=-1)  # (S, S, 2) x, y
    source = (target - matrix[:, 2]) @ inverse.T

    # only the part of the picture that is looked at, and 3 pixels around it for the bicubic kernel
    margin = 3 * shrink
    x1, y1 = (source.min(axis=(0, 1)) - margin).clip(0, [width - shrink, height - shrink]).clip(0).astype(int)
    x2, y2 = (source.max(axis=(0, 1)) + margin + 1).clip([x1 + shrink, y1 + shrink], [width, height]).astype(int)
    grid = torch.from_numpy((2 * (source - [x1, y1]) + 1) / [x2 - x1, y2 - y1] - 1).float()  # grid_sample's [-1, 1]

    out = []
    for chunk in np.array_split(frames[:, y1:y2, x1:x2], np.arange(32, len(frames), 32)):  # bounds the memory
        images = rearrange(torch.tensor(chunk), "t h w c -> t c h w").float()
        if shrink > 1:
            images = F.interpolate(images, size=((y2 - y1) // shrink, (x2 - x1) // shrink), mode="area")
        samples = F.grid_sample(
            images, grid.expand(len(images), -1, -1, -1), mode="bicubic", padding_mode="border", align_corners=False
        )
        pixels = F.avg_pool2d(samples.clamp(0, 255), finer).round().byte()
        out.append(rearrange(pixels, "t c h w -> t h w c"))
    return torch.cat(out).numpy()
