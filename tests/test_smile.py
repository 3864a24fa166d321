"""A smile of the picture is let go where another emotion is asked for, and kept where none is or happiness."""

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from emotalk_lite.data.align import align_face
from emotalk_lite.data.clips import load_clip
from emotalk_lite.data.faces import detect_faces
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.generate import SHIPPED, encode, generate, load_generator
from emotalk_lite.models import warp
from emotalk_lite.models.pixels import backward_warp
from emotalk_lite.models.smile import DOWN, INWARDS, let_go

IMAGE, MOUTH, SMILE = torch.zeros(1, 3, 128, 128), torch.tensor([[0.5, 0.7]]), torch.ones(1)


def weights(**given):
    return torch.tensor([[given.get(name, 0.0) for name in EMOTIONS]])


def let_go_for(smile=SMILE, **given):
    return let_go(IMAGE, MOUTH, smile, weights(**given))


def test_the_corners_go_down_and_in():
    spots = torch.full((1, 1, 128, 128), -1.0)
    spots[0, 0, 91:93, 44:46] = spots[0, 0, 91:93, 82:84] = 1  # the corners of a mouth at (64, 89.6)
    moved = backward_warp(spots, let_go_for(neutral=1)[:, 0])[0, 0] > 0
    (rows, columns), middle = moved.nonzero().unbind(dim=1), 63.5
    assert rows.float().mean() == pytest.approx(91.5 + 128 * DOWN, abs=1)
    assert (columns - middle).abs().float().mean() == pytest.approx(19 - 128 * INWARDS, abs=1)


def test_as_much_as_the_share_of_other_emotions():
    full, half = let_go_for(anger=1), let_go_for(anger=0.3, sadness=0.2, happiness=0.5)
    assert full.abs().max() > 0.02 and torch.allclose(half, 0.5 * full)
    assert torch.equal(let_go_for(sadness=0.3), full) and torch.allclose(let_go_for(sadness=0.15), half)
    for kept in (let_go_for(happiness=0.4), let_go_for(), let_go_for(anger=-1), let_go_for(torch.zeros(1), anger=1), let_go(IMAGE, MOUTH, SMILE, None)):
        assert not kept.any()


def test_with_time_if_the_emotion_changes():
    turning = torch.stack([weights(happiness=1), weights(happiness=0.5, anger=0.5), weights(anger=1)], dim=1)  # (1, 3, 6)
    first, between, last = let_go(IMAGE, MOUTH, SMILE, turning)[0]
    assert not first.any() and torch.allclose(between, 0.5 * last) and torch.equal(last, let_go_for(anger=1)[0, 0])


def test_only_the_mouth_moves():
    motion = let_go_for(fear=1)[:, 0]
    assert not motion[:, :, :64].abs().gt(1e-4).any() and not motion[:, :, :, 60:67].abs().gt(1e-3).any()


def corners(frames):
    """Of the mouth, by MTCNN: how wide it is, and how far it is below the eyes, both as shares of the distance between these."""
    seen = [detect_faces(frame, min_face_size=40).points[0] for frame in frames]
    apart = np.mean([np.linalg.norm(p[1] - p[0]) for p in seen])
    return np.mean([p[4, 0] - p[3, 0] for p in seen]) / apart, np.mean([p[3:, 1].mean() - p[:2, 1].mean() for p in seen]) / apart


def test_a_film_of_a_smile_smiles_less(sample, monkeypatch):
    generator, face, speech = load_generator(SHIPPED), align_face(astronaut()).image, load_clip(sample.path(sample.clips[0])).audio[: 320 * 12]

    def film(emotion):
        return generate(generator, face, speech, weights(**{emotion: 1.0})[0].tolist())[::3]

    happy, neutral = film("happiness"), film("neutral")
    monkeypatch.setattr(warp, "let_go", lambda image, *_: torch.zeros_like(image[:, None, :2]))
    assert (film("happiness") == happy).all()
    (wide, high), (narrow, low) = corners(film("neutral")), corners(neutral)
    assert narrow < wide - 0.05 and low > high + 0.02


def test_a_film_whose_emotion_changes_is_the_same_in_chunks(sample):
    generator, face, speech = load_generator(SHIPPED), align_face(astronaut()).image, load_clip(sample.path(sample.clips[0])).audio[: 320 * 7]
    turning = torch.lerp(weights(happiness=1)[None], weights(anger=1)[None], torch.linspace(0, 1, 7).view(1, 7, 1))  # (1, 7, 6)
    encoded = encode(generator, face, speech, turning[0, 0].tolist())._replace(emotion=turning)
    with torch.inference_mode():
        whole = generator.decode(encoded)[0]
        chunks = [encoded.frames(start, start + 3) for start in (0, 3, 6)]
        drawn = [generator.decode(chunk)[0] for chunk in chunks]
        smiling = generator.decode(chunks[2]._replace(emotion=turning[:, :1]))[0]
    assert torch.allclose(torch.cat(drawn, dim=1), whole, atol=1e-5)
    assert not torch.allclose(smiling, drawn[2], atol=0.1), "the emotion of a chunk is seen"
