"""Find faces and track their five points with MTCNN (Zhang et al., 2016; facenet-pytorch's weights).

MTCNN is a cascade of three networks. The last of them, O-Net, looks at a 48 x 48 crop and says whether it is a
face, how to correct its box, and where eyes, nose and mouth corners are.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange
from torch.nn import functional as F

from .. import compat
from ..devices import one_thread
from ..errors import EmotalkError

KEYFRAME_INTERVAL = 25  # frames between two runs of the whole cascade while tracking
SMOOTHING = 5  # frames over which a box is averaged before O-Net looks again
FACE_SCORE = 0.7  # O-Net's probability from which MTCNN accepts a face (Zhang et al.: 0.7)


class NoFace(EmotalkError):
    """A clip was read, but shows no face, or not throughout."""


class Faces(NamedTuple):
    """Detected faces, largest first: ``boxes`` (N, 4) x1, y1, x2, y2; ``scores`` (N,); ``points`` (N, 5, 2)."""

    boxes: np.ndarray
    scores: np.ndarray
    points: np.ndarray


@lru_cache(maxsize=4)
def _mtcnn(min_face_size: int):
    try:
        from facenet_pytorch import MTCNN
    except ImportError as error:  # it is no dependency of the package: its metadata asks for a torch of long ago
        raise EmotalkError("MTCNN, which finds faces, is missing; run: pip install --no-deps facenet-pytorch==2.6.0") from error
    compat.allow_nms()
    return MTCNN(keep_all=True, min_face_size=min_face_size).eval()


@one_thread()  # MTCNN's networks are small: two threads on a busy machine took six times the processor time
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


@one_thread()
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
        mouth corner on the left, the one on the right. On a frame without a face, the points are
        interpolated between the nearest frames that have one.

    Raises:
        NoFace: no face on more than a tenth of the frames.

    >>> from skimage.data import astronaut
    >>> track_landmarks(np.stack([astronaut()] * 3)).shape
    (3, 5, 2)
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
        raise NoFace("no face found in the clip; give a clip that shows one face from the front")

    boxes = square(np.stack(boxes))
    boxes = np.stack([np.interp(everything, at, side) for side in boxes.T], axis=1)  # (T, 4)
    scores, points = refine(frames, boxes)

    seen = scores >= FACE_SCORE
    for k in np.flatnonzero(~seen):
        faces = detect_faces(frames[k])
        if len(faces.boxes):
            points[k], seen[k] = faces.points[0], True
    if seen.mean() < 0.9:
        lost = count - int(seen.sum())
        raise NoFace(f"no face on {lost} of the clip's {count} frames; give a clip that shows one face throughout")
    points = points.reshape(count, -1)  # (T, 10)
    points = np.stack([np.interp(everything, everything[seen], value[seen]) for value in points.T], axis=1)
    return points.reshape(count, 5, 2).astype(np.float32)


def refine(frames: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores (T,) and points (T, 5, 2) from O-Net, looking a second time at the boxes it has corrected.

    Args:
        frames: uint8 (T, H, W, 3) RGB.
        boxes: float (T, 4) square boxes as x1, y1, x2, y2, roughly around the face; they may leave the picture.

    >>> from skimage.data import astronaut
    >>> scores, points = refine(astronaut()[None], np.array([[160.0, 60, 290, 190]]))
    >>> points.shape, bool(scores[0] > 0.99)
    ((1, 5, 2), True)
    """
    boxes, _, _ = _onet(frames, boxes)
    _, scores, points = _onet(frames, square(_smooth(boxes)))
    return scores, points


def square(boxes: np.ndarray) -> np.ndarray:
    """Grow boxes (N, 4) to squares around the same centres, as MTCNN does between its networks.

    >>> square(np.array([[0.0, 0, 10, 20]]))
    array([[-5.,  0., 15., 20.]])
    """
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


@one_thread()
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
    batch = ((torch.cat(crops) - 127.5) / 128).contiguous(memory_format=torch.channels_last)  # twice as fast so
    shift, points, probability = (out.numpy() for out in _mtcnn(20).onet(batch))

    side = boxes[:, 2:] - boxes[:, :2] + 1  # (T, 2)
    points = rearrange(points, "t (xy point) -> t point xy", xy=2) * side[:, None] + boxes[:, None, :2] - 1
    return boxes + shift * np.tile(side, 2), probability[:, 1], points


def _smooth(boxes: np.ndarray) -> np.ndarray:
    """Running mean over time of boxes (T, 4), the ends repeated."""
    padded = np.pad(boxes, ((SMOOTHING // 2, SMOOTHING // 2), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, SMOOTHING, axis=0).mean(axis=-1)
