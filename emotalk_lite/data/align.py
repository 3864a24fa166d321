"""Find the face, track its five points, and bring it to a fixed place in a 128 x 128 picture.

Detection is MTCNN (Zhang et al., 2016): a cascade of three networks, the last of which, O-Net, looks at a
48 x 48 crop and says whether it is a face, how to correct its box, and where eyes, nose and mouth corners are.
Alignment is one similarity transform (rotation, uniform scale, shift) a clip, so that head motion stays.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange
from torch.nn import functional as F

from ..errors import EmotalkError
from ..presets import IMAGE_SIZE

# Eyes, nose and mouth corners as fractions of the picture (x, y): ArcFace's average face (112 x 112: eyes 38.29
# and 73.53, 51.6; nose 56.03, 71.74; mouth 41.55 and 70.73, 92.3), made symmetric, shrunk to 0.84 and moved so
# that chin, brows and the start of the hair are inside too.
TEMPLATE = np.array([[0.368, 0.400], [0.632, 0.400], [0.5, 0.551], [0.3905, 0.705], [0.6095, 0.705]], np.float32)

WEIGHTS = np.array([1, 1, 0.5, 0.25, 0.25])  # of the five points in the fit; why: see similarity_transform
KEYFRAME_INTERVAL = 25  # frames between two runs of the whole cascade while tracking
FACE_SCORE = 0.7  # O-Net's probability from which MTCNN accepts a face (Zhang et al.: 0.7)


class Faces(NamedTuple):
    """Detected faces, largest first: ``boxes`` (N, 4) x1, y1, x2, y2; ``scores`` (N,); ``points`` (N, 5, 2)."""

    boxes: np.ndarray
    scores: np.ndarray
    points: np.ndarray


@lru_cache(maxsize=4)
def _mtcnn(min_face_size: int):
    from facenet_pytorch import MTCNN

    return MTCNN(keep_all=True, min_face_size=min_face_size).eval()


def detect_faces(image: np.ndarray, min_face_size: int = 20) -> Faces:
    """All faces that MTCNN's whole cascade finds in one picture.

    Args:
        image: uint8 (H, W, 3) RGB.
        min_face_size: pixels; a smaller face is not looked for. Twice the size is about four times as fast.

    Returns:
        :class:`Faces`, in pixels of ``image``, largest first; N is 0 where there is no face.

    >>> from skimage.data import astronaut
    >>> len(detect_faces(astronaut(), min_face_size=60).boxes)
    1
    """
    nothing = Faces(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
    if min(image.shape[:2]) < min_face_size:
        return nothing
    try:
        boxes, scores, points = _mtcnn(min_face_size).detect(image, landmarks=True)
    except (RuntimeError, ValueError):  # MTCNN fails on some empty candidate sets: no face, then
        return nothing
    if boxes is None:
        return nothing
    return Faces(*(np.asarray(a.tolist(), np.float32) for a in (boxes, scores, points)))


def _square(boxes: np.ndarray) -> np.ndarray:
    """Grow boxes (N, 4) to squares around the same centres, as MTCNN does between its networks."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


@torch.no_grad()
def _onet(frames: np.ndarray, boxes: np.ndarray):
    """O-Net on one square box a frame, all frames in one batch.

    Returns boxes (T, 4), scores (T,) and points (T, 5, 2), computed as inside facenet_pytorch's cascade.
    """
    height, width = frames.shape[1:3]
    corners = np.trunc(boxes).astype(int)
    crops = []
    for frame, (x1, y1, x2, y2) in zip(frames, corners):
        rows = np.arange(y1 - 1, y2).clip(0, height - 1)  # clip: replicate the border where the box leaves
        columns = np.arange(x1 - 1, x2).clip(0, width - 1)
        crop = torch.from_numpy(frame[rows[:, None], columns]).float()
        crops.append(F.interpolate(rearrange(crop, "h w c -> 1 c h w"), size=(48, 48), mode="area"))
    shift, points, probability = (out.numpy() for out in _mtcnn(20).onet((torch.cat(crops) - 127.5) / 128))

    side = boxes[:, 2:] - boxes[:, :2] + 1  # (T, 2)
    points = rearrange(points, "t (xy point) -> t point xy", xy=2) * side[:, None] + boxes[:, None, :2] - 1
    return boxes + shift * np.tile(side, 2), probability[:, 1], points


def track_landmarks(frames: np.ndarray) -> np.ndarray:
    """MTCNN's five points on every frame of a clip that shows one face.

    The whole cascade runs on one frame in 25; between them the box is interpolated and corrected by O-Net itself,
    which then reads the points from the corrected boxes of all frames in a batch. This is several times as fast
    as the cascade on every frame, and steadier: the cascade's box jumps from frame to frame, and its points with
    it. A frame on which O-Net doubts that it sees a face goes through the cascade by itself.

    Args:
        frames: uint8 (T, H, W, 3) RGB.

    Returns:
        float32 (T, 5, 2): x, y in pixels; the eye on the left of the picture, the eye on the right, nose, the
        mouth corner on the left, the one on the right. Where there is no face on a frame, the neighbours' points
        are interpolated.

    Raises:
        EmotalkError: no face on more than a tenth of the frames.

    >>> from skimage.data import astronaut
    >>> track_landmarks(np.stack([astronaut()] * 2))[1, 0].round(-1)       # her right eye
    array([200., 110.], dtype=float32)
    """
    count, short_side = len(frames), min(frames.shape[1:3])
    everything = np.arange(count)
    at, boxes = [], []
    for k in sorted({*range(0, count, KEYFRAME_INTERVAL), count - 1}):
        # a talking face fills a good part of the picture: look for large ones first, they are found faster
        faces = detect_faces(frames[k], max(20, short_side // 6))
        if not len(faces.boxes):
            faces = detect_faces(frames[k])
        if len(faces.boxes):
            at.append(k)
            boxes.append(faces.boxes[0])
    if not at:
        raise EmotalkError("no face found in the clip; give a clip that shows one face from the front")

    boxes = _square(np.stack(boxes))
    boxes = np.stack([np.interp(everything, at, side) for side in boxes.T], axis=1)  # (T, 4)
    boxes, _, _ = _onet(frames, boxes)
    boxes, scores, points = _onet(frames, _square(_smooth(boxes)))

    seen = scores >= FACE_SCORE
    for k in np.flatnonzero(~seen):
        faces = detect_faces(frames[k])
        if len(faces.boxes):
            points[k], seen[k] = faces.points[0], True
    if seen.mean() < 0.9:
        lost = count - int(seen.sum())
        raise EmotalkError(f"no face on {lost} of the clip's {count} frames; give a clip that shows one face throughout")
    for k in np.flatnonzero(~seen):
        nearest = np.flatnonzero(seen)[np.abs(np.flatnonzero(seen) - k).argmin()]
        points[k] = points[nearest]
    return points.astype(np.float32)


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
    finer = int(np.ceil(1 / np.sqrt(np.linalg.det(matrix[:, :2])) - 1e-6))  # samples a pixel, each way
    height, width = frames.shape[1:3]
    ticks = (np.arange(size * finer) + 0.5) / finer - 0.5  # centres of the samples, in output pixels
    target = np.stack(np.meshgrid(ticks, ticks), axis=-1)  # (S, S, 2) x, y
    source = (target - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    grid = torch.from_numpy((2 * source + 1) / [width, height] - 1).float()  # grid_sample's [-1, 1]

    out = []
    for chunk in torch.from_numpy(frames).split(32):  # bounds the memory of a long clip
        images = rearrange(chunk, "t h w c -> t c h w").float()
        sampled = F.grid_sample(
            images, grid.expand(len(images), -1, -1, -1), mode="bicubic", padding_mode="border", align_corners=False
        )
        sampled = F.avg_pool2d(sampled.clamp(0, 255), finer).round().byte()
        out.append(rearrange(sampled, "t c h w -> t h w c"))
    return torch.cat(out).numpy()


def _smooth(boxes: np.ndarray, window: int = 5) -> np.ndarray:
    """Running mean over time of boxes (T, 4), the ends repeated."""
    padded = np.pad(boxes, ((window // 2, window // 2), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, window, axis=0).mean(axis=-1)
