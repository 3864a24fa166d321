"""Pseudo-identities: one actor becomes many, the points go where the pixels go, and nothing but the face's looks changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from emotalk_lite.data.align import TEMPLATE
from emotalk_lite.data.clips import Manifest, save_clip
from emotalk_lite.data.faces import detect_faces
from emotalk_lite.data.identities import PseudoIdentity, matte, stabilise
from emotalk_lite.data.synth import synthesise
from emotalk_lite.data.windows import ClipWindows, to_signed, to_uint8
from emotalk_lite.presets import IMAGE_SIZE


def dot(x: int, y: int) -> torch.Tensor:
    """A white dot on a dark picture (1, 3, 128, 128)."""
    picture = torch.full((1, 3, IMAGE_SIZE, IMAGE_SIZE), -1.0)
    picture[:, :, y - 1 : y + 2, x - 1 : x + 2] = 1.0
    return picture


@pytest.mark.parametrize("seed", range(6))
def test_a_point_goes_where_its_pixel_goes(seed):
    identity = PseudoIdentity.draw(np.random.default_rng(seed))
    identity.background = None
    for x, y in ((47, 51), (81, 51), (64, 90)):
        drawn = identity.apply(dot(x, y))[0].mean(dim=0).numpy()
        brightest = np.argwhere(drawn > (drawn.max() + drawn.min()) / 2).mean(axis=0)[::-1]
        assert np.abs(identity.move(np.array([[x, y]], np.float32))[0] - brightest).max() < 1.0


def test_the_actor_stays_and_the_green_screen_goes(clips):
    alpha = matte(to_signed(clips["neutral"].frames[:1]))[0, 0]
    assert alpha[50:80, 40:90].min() > 0.9  # the face
    assert alpha[5:60, 2:8].max() < 0.1  # the screen beside it


def test_a_picture_without_green_keeps_all_its_pixels(portrait):
    assert matte(to_signed(portrait[None])).mean() > 0.95


def test_every_frame_of_a_window_gets_the_same_identity(sample):
    batch = ClipWindows(sample.folder, window=3, pseudo_identities=1.0)[1]
    corner = batch.frames[:, :, :6, :6]
    assert torch.equal(corner[0], corner[2]) and torch.equal(batch.image[:, :6, :6], corner[0])


def test_pseudo_identities_differ_and_are_still_faces(sample):
    examples = ClipWindows(sample.folder, window=1, pseudo_identities=1.0)
    pictures = [to_uint8(examples[i].image) for i in range(12)]
    means = np.stack([p.reshape(-1, 3).mean(axis=0) for p in pictures])
    assert means.std(axis=0).min() > 10
    assert sum(len(detect_faces(p).boxes) > 0 for p in pictures) >= 10


def test_without_pseudo_identities_the_clip_is_untouched_and_the_ramp_starts_there(sample):
    plain = ClipWindows(sample.folder, window=2)
    ramped = ClipWindows(sample.folder, window=2, pseudo_identities=1.0, pseudo_ramp=(10, 20))
    assert all(torch.equal(plain[i].frames, ramped[i].frames) for i in range(6))
    assert not torch.equal(plain[30].frames, ramped[30].frames)


def test_the_same_example_twice_is_the_same(sample):
    one, two = (ClipWindows(sample.folder, 2, seed=3, pseudo_identities=1.0) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one[5], two[5]))


def test_a_stabilised_clip_keeps_its_eyes_in_place(clips):
    clip = clips["happiness"]  # the clip whose head moves most
    still = stabilise(clip)
    eyes = (TEMPLATE * IMAGE_SIZE)[:2]

    def wander(c):
        return np.abs(c.eye_centres - eyes).mean()

    assert wander(still) < 0.6 * wander(clip)
    assert still.frames.shape == clip.frames.shape and still.mouth_centre.shape == clip.mouth_centre.shape
    points = {name: getattr(clip, name) / 4 for name in ("landmarks", "mouth_centre", "eye_centres")}
    small = stabilise(replace(clip, frames=np.ascontiguousarray(clip.frames[:, ::4, ::4]), **points))  # any size will do
    assert small.frames.shape[1:] == (32, 32, 3) and np.allclose(small.eye_centres, still.eye_centres / 4, atol=0.01)


def test_folders_take_turns(sample, clips, tmp_path):
    only_fear = tmp_path / "fear"
    save_clip(clips["fear"], only_fear / "clips" / "1001_DFA_FEA_XX.safetensors")
    entry = next(e for e in Manifest.load(sample.folder).clips if e.emotion == "fear")
    Manifest([entry]).save(only_fear)
    examples = ClipWindows([sample.folder, only_fear], window=2)
    assert {int(examples[i].emotion.argmax()) for i in range(1, 12, 2)} == {2}
    assert {int(examples[i].emotion.argmax()) for i in range(0, 12, 2)} == set(range(6))


def test_synthetic_faces_are_lit_anew_and_keep_their_shape(tmp_path):
    folder = synthesise(tmp_path, actors=1, clips=1, workers=1, progress=False, still_heads=True).folder
    plain, lit = (ClipWindows(folder, window=2, pseudo_identities=share) for share in (0.0, 1.0))
    for i in range(3):
        before, after = plain[i], lit[i]
        assert not torch.allclose(before.frames, after.frames, atol=0.05)
        across, mirrored = before.eye_centres[..., 0], IMAGE_SIZE - 1 - before.eye_centres[..., 0]
        assert torch.allclose(after.eye_centres[..., 0], across) or torch.allclose(after.eye_centres[..., 0], mirrored)
        assert torch.allclose(after.eye_centres[..., 1], before.eye_centres[..., 1])


def test_a_still_head_needs_no_stabilising(clips):
    still = replace(clips["neutral"], eye_centres=np.broadcast_to(clips["neutral"].eye_centres[:1], clips["neutral"].eye_centres.shape))
    assert stabilise(still) is still
