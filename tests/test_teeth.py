"""The teeth of a picture: found in a smile and nowhere else, and held where they are while the jaw goes down."""

import numpy as np
import pytest
import torch
from skimage.color import gray2rgb, rgb2gray
from skimage.data import astronaut

from emotalk_lite.data.align import align_face
from emotalk_lite.data.clips import load_clip
from emotalk_lite.data.windows import to_signed
from emotalk_lite.generate import SHIPPED, encode, face_places, load_generator
from emotalk_lite.models import warp
from emotalk_lite.models.teeth import find_teeth, hold_teeth
from emotalk_lite.models.warp import locate_face


def seen(face):
    return locate_face(to_signed(face)[None], face_places(face)).teeth


@pytest.fixture(scope="module")
def smile():
    return align_face(astronaut()).image


def test_the_teeth_of_a_smile_are_found(smile):
    teeth = seen(smile)
    rows, columns = (teeth.mask[0, 0] > 0.5).nonzero().unbind(dim=1)
    assert teeth.shown == 1 and 40 < len(rows) < 200
    assert rows.min() >= 85 and rows.max() <= 92 and columns.min() > 48 and columns.max() < 82  # looked up in the picture
    white, lips = smile[rows, columns].mean(axis=0), smile[93:95, 58:70].mean(axis=(0, 1))
    assert white.min() > lips.min() + 20


def test_a_shut_mouth_and_a_grey_picture_show_none(smile, sample):
    for entry in sample.clips:
        assert seen(load_clip(sample.path(entry)).frames[0]).shown == 0
    grey = (255 * gray2rgb(rgb2gray(smile))).astype(np.uint8)
    assert seen(grey).shown == 0


def test_a_black_picture_has_no_teeth_and_no_nan():
    teeth = find_teeth(torch.full((1, 3, 64, 64), -1.0), torch.full((1, 2), 0.6), torch.zeros(1, 3))
    assert teeth.shown == 0 and all(part.isfinite().all() for part in teeth)


def test_teeth_below_the_dark_of_an_open_mouth_are_those_of_the_jaw(smile):
    open_mouth = smile.copy()
    open_mouth[82:86, 50:80] = (30, 10, 10)
    assert seen(open_mouth).shown == 0 < seen(smile).shown


def test_the_shadow_of_a_lip_on_the_teeth_is_no_open_mouth(smile):
    shadowed = smile.copy()
    shadowed[84:86, 50:80] = (40, 12, 12)
    assert seen(shadowed).shown == 1


def test_a_light_on_a_lip_is_not_teeth(sample):
    shut = load_clip(sample.path(sample.clips[0])).frames[0].astype(float)
    y, x = np.mgrid[:128, :128]
    light = 80 * np.exp(-((((x - 64) / 11) ** 2 + ((y - 95) / 2.5) ** 2) ** 2))[..., None]
    assert seen((shut + light).clip(0, 255).astype(np.uint8)).shown == 0


def test_of_two_pictures_each_has_its_own(smile, sample):
    shut = load_clip(sample.path(sample.clips[0])).frames[0]
    images, mouths = to_signed(np.stack([shut, smile])), torch.cat([face_places(shut), face_places(smile)])[:, 1]
    both, alone = find_teeth(images, mouths, torch.full((2, 3), 0.6)), find_teeth(images[1:], mouths[1:], torch.full((1, 3), 0.6))
    assert torch.allclose(both.mask[1], alone.mask[0]) and both.mask[0].max() == 0


def test_they_are_held_and_the_dark_is_below_them():
    picture, moved = torch.zeros(1, 3, 8, 1), torch.full((1, 3, 8, 1), 0.5)
    held, pulled = torch.zeros(1, 1, 8, 1), torch.zeros(1, 1, 8, 1)
    held[:, :, 2:4], pulled[:, :, 2:7] = 1, 1  # the lip below them went down by three rows
    shown = hold_teeth(moved, picture, held, pulled, torch.tensor([2 / 8]), torch.ones(1, 3))[0, 0, :, 0]
    assert shown[[0, 1, 7]].tolist() == [0.5] * 3 and shown[2:4].tolist() == [0.0, 0.0]
    assert torch.allclose(shown[4:7], torch.tensor([0.6 - 1] * 3), atol=0.1)


def test_a_film_of_a_smile_keeps_its_teeth(smile, sample, monkeypatch):
    generator, clip, teeth = load_generator(SHIPPED), load_clip(sample.path(sample.clips[0])), seen(smile).mask > 0.99
    encoded = encode(generator, smile, clip.audio, [0, 0, 1, 0, 0, 0])

    def made():
        with torch.inference_mode():
            layers = generator.decoder.warp.layers(encoded.z[:, ::4], encoded.image, encoded.places)
        return layers.opening.max(), (layers.moved - encoded.image).abs()[teeth.expand_as(layers.moved)].median()

    opening, changed = made()
    monkeypatch.setattr(warp, "find_teeth", lambda image, *_: find_teeth(torch.zeros_like(image), *_))
    drawn_over, pulled = made()
    assert opening < 0.01 < drawn_over and changed < 0.01 < pulled
