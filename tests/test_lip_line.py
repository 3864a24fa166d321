"""Where lips meet is found in the picture, and the mouth opens there."""

import numpy as np
import pytest
import torch

from emotalk_lite.data.clips import load_clip
from emotalk_lite.data.windows import to_signed
from emotalk_lite.generate import SHIPPED, encode, face_places, load_generator
from emotalk_lite.models.lip_line import find_lip_line
from emotalk_lite.models.warp import AVERAGE, LINE

NEUTRAL = 4  # of the sample's clips


@pytest.fixture
def shut(sample):
    return load_clip(sample.path(sample.clips[NEUTRAL])).frames[0]


def seen(face, below=0.0):
    """The line in pixels, told that the corners of the mouth are `below` where they are."""
    mouth = face_places(face)[:, 1] + torch.tensor([0.0, below / len(face)])
    row, sure, _ = find_lip_line(to_signed(face)[None], mouth)
    return row.item() * len(face), sure.item()


def test_the_line_of_a_shut_mouth_is_found_where_the_training_has_it(shut):
    row, sure = seen(shut)
    assert row == pytest.approx(90.3, abs=0.5) and sure == 1  # looked up in the picture
    assert row / 128 - face_places(shut)[0, 1, 1] == pytest.approx(LINE - AVERAGE[1][1], abs=0.01)


@pytest.mark.parametrize("below", [-2, 2, 3])
def test_it_is_found_from_corners_that_are_not_exact(shut, below):
    assert seen(shut, below)[0] == pytest.approx(seen(shut)[0], abs=0.3 * abs(below))


def test_without_a_line_it_is_not_sure(shut):
    bare = np.full_like(shut, 128)
    assert seen(bare)[1] == 0
    assert torch.isfinite(find_lip_line(torch.full((1, 3, 32, 32), -1.0), torch.full((1, 2), 0.7)).row).all()


def test_a_mouth_that_is_higher_opens_higher(sample, shut):
    generator, clip = load_generator(SHIPPED), load_clip(sample.path(sample.clips[NEUTRAL]))
    higher = shut.copy()
    higher[70:110] = shut[74:114]  # the mouth alone, four pixels up; its corners are said to be where they were

    def middle(face):
        encoded = encode(generator, shut, clip.audio, [0, 0, 0, 0, 1, 0])
        with torch.inference_mode():
            layers = generator.decoder.warp.layers(encoded.z[:, ::4], to_signed(face)[None], encoded.places)
        opening = layers.opening.mean(dim=(0, 1, 3))
        return (opening * torch.arange(128)).sum() / opening.sum()

    assert 2.5 < middle(shut) - middle(higher) < 4.5


def painted_mouth(bend):
    """A light face with a dark line, bent by so much at its ends, in its 128 columns around the middle."""
    x = (np.arange(128) + 0.5) / 128 - 0.5
    rows = 90 - 128 * bend * x**2
    dark = np.exp(-(((np.arange(128)[:, None] + 0.5 - rows) / 1.5) ** 2)) * (np.abs(x) < 0.15)
    face = np.repeat((200 - 120 * dark)[..., None], 3, axis=2).astype(np.uint8)
    return to_signed(face)[None]


@pytest.mark.parametrize("bend", [0.0, 0.5, 1.5])
def test_a_bent_line_is_followed_to_its_ends(bend):
    line = find_lip_line(painted_mouth(bend), torch.tensor([[0.5, 0.7]]))
    assert line.row.item() * 128 == pytest.approx(90, abs=0.5)
    assert line.bend.item() == pytest.approx(bend, rel=0.25, abs=0.1)


def test_an_open_mouth_is_open_up_to_the_upper_lip(sample, shut):
    """A line that is painted between the lips moves up with the upper one. In a mouth that is wide open, nothing of it is left to be seen."""
    generator, clip = load_generator(SHIPPED), load_clip(sample.path(sample.clips[NEUTRAL]))
    face = shut.copy()
    row = round(seen(shut)[0])
    face[row - 1 : row + 1, 52:76] = (0, 0, 255)
    encoded = encode(generator, shut, clip.audio, [0, 0, 0, 1, 0, 0])
    with torch.inference_mode():
        layers = generator.decoder.warp.layers(encoded.z, to_signed(face)[None], encoded.places)
    blue = lambda frames: (frames[:, 2] - frames[:, 0])[:, 70:110, 58:70].amax(dim=(1, 2))
    frames = torch.lerp(layers.moved, layers.inside, layers.opening)
    widest = int(layers.opening.sum(dim=(1, 2, 3)).argmax())
    assert blue(layers.moved)[widest] > 1  # it is there before the inside is laid over it
    assert blue(frames)[widest] < 0.5 * blue(layers.moved)[widest]
