"""The output `warp`: pixels move, a mouth opens, maps go where the face is, and every second clip of a batch is drawn."""

from dataclasses import replace

import pytest
import torch

from emotalk_lite.models.pixels import backward_warp, shifted
from emotalk_lite.models.warp import AVERAGE, FARTHEST, OFFSET, Layers, Warp
from toy import TOY


@pytest.fixture
def warp():
    torch.manual_seed(0)
    warp = Warp(replace(TOY, output="warp"))
    with torch.no_grad():
        for layer in (warp.motion.last, warp.inside.last):
            layer.weight.normal_()
    return warp


def given(warp, batch=2, frames=3):
    z = torch.randn(batch, frames, sum(warp.parts))
    size = warp.motion.size
    return z, torch.rand(batch * frames, 3, size, size) * 2 - 1, torch.rand(batch, 3, size, size) * 2 - 1


def test_motion_moves_whole_pixels_exactly():
    picture = torch.rand(1, 3, 16, 16)
    motion = torch.tensor([2 / 16, -1 / 16]).view(1, 2, 1, 1).expand(1, 2, 16, 16)
    moved = backward_warp(picture, motion)
    assert torch.allclose(moved[..., 1:, :14], picture[..., :15, 2:], atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_under_bfloat16_the_frames_are_nearly_the_same_and_have_gradients(warp, training):
    z, drawn, image = given(warp)
    emotion, warp = torch.eye(6)[:2], warp.train(training)
    exact = warp(z, drawn, image, emotion=emotion)
    with torch.autocast("cpu", torch.bfloat16):
        frames = warp(z, drawn.bfloat16(), image, emotion=emotion)
    assert frames.dtype == torch.float32 and (frames - exact).abs().mean() < 0.02
    frames.sum().backward()
    assert warp.motion.last.weight.grad.abs().sum() > 0


def test_a_new_warp_shows_the_picture(warp):
    warp.start_still()
    z, _, image = given(warp)
    layers = warp.layers(z, image)
    assert torch.allclose(layers.moved[3], image[1], atol=1e-5)
    assert layers.share.max() < 0.05 and layers.opening.max() < 0.05


def test_motion_has_a_limit(warp):
    warp.motion.start(50.0, 0.0)
    z, _, _ = given(warp, batch=1, frames=1)
    size = warp.motion.size
    ramp = torch.linspace(-1, 1, size).view(1, 1, 1, size).expand(1, 3, size, size)
    moved = (warp.layers(z, ramp).moved - ramp)[..., size // 4 : size // 2]
    assert torch.allclose(moved, torch.full_like(moved, FARTHEST * size * 2 / (size - 1)), atol=1e-4)


def test_layers_lie_on_top_of_each_other():
    one, opening = torch.ones(1, 3, 1, 2), torch.tensor([0.0, 1.0]).view(1, 1, 1, 2)
    layers = Layers(moved=-one, inside=0.5 * one, opening=opening, share=torch.zeros(1, 1, 1, 1))
    assert layers.join(drawn=0 * one)[0, 0].flatten().tolist() == [-1.0, 0.5]
    assert layers._replace(share=torch.ones(1, 1, 1, 1)).join(drawn=0 * one)[0, 0].flatten().tolist() == [0.0, 0.0]


def test_who_is_known_is_drawn(warp):
    z, drawn, image = given(warp)
    with torch.no_grad():
        warp.known.weight[0, 0] = 99.0
    z[0, :, sum(warp.parts[:2])], z[1, :, sum(warp.parts[:2])] = 1.0, -1.0
    frames = warp.eval()(z, drawn, image)
    assert torch.allclose(frames[:3], drawn[:3], atol=1e-4) and not torch.allclose(frames[3:], drawn[3:], atol=0.1)


def test_who_is_known_is_moved_where_that_is_asked_for(warp):
    z, drawn, image = given(warp)
    with torch.no_grad():
        warp.known.bias.fill_(99.0)
    layers = warp.eval().layers(z, image)
    assert torch.equal(warp(z, drawn, image, moved=True), torch.lerp(layers.moved, layers.inside, layers.opening))


def test_recordings_are_remembered_and_travel_with_the_weights(warp):
    heard = torch.randn(3, 7, warp.recordings.shape[1])
    assert not warp.remembers(heard[0])
    warp.recordings = heard[:2].mean(dim=1)
    other = Warp(replace(TOY, output="warp"))
    other.load_state_dict(warp.state_dict())
    assert [other.remembers(of_speech) for of_speech in heard] == [True, True, False]
    assert other.remembers(1.2 * heard[1]) and not other.remembers(1.4 * heard[1])


def test_the_inside_of_a_mouth_stays_at_the_mouth(warp):
    warp.inside.start(0.0, 0.0, 0.0, 9.0)
    z, _, image = given(warp)
    size = warp.motion.size
    opening = warp.layers(z, image).opening[:, 0]
    x, y = (round(share * size) for share in AVERAGE[1])
    assert opening[:, y, x].min() > 0.9 and opening[:, : size * 4 // 10].max() < 0.1


def test_eyes_and_mouth_are_shifted_by_themselves():
    maps = torch.zeros(1, 1, 40, 40)
    maps[..., 12, 20] = maps[..., 32, 20] = 1.0  # about where an eye and a mouth are
    moved = shifted(maps, torch.tensor([[[0.05, 0.0], [0.0, -0.05]]]))[0, 0]
    assert [divmod(int(half.argmax()), 40) for half in (moved[:22], moved[22:])] == [(12, 22), (30 - 22, 20)]


def test_motion_and_mouth_follow_the_places_and_not_the_picture(warp):
    z, _, image = given(warp)
    other, middle = z.clone(), torch.tensor(AVERAGE).expand(2, 2, 2)
    other[..., sum(warp.parts[:2]) : sum(warp.parts[:3])] += 1.0
    usual = warp.layers(z, image).opening
    assert torch.equal(usual, warp.layers(other, image).opening)
    assert torch.allclose(usual, warp.layers(z, image, middle).opening, atol=1e-6)
    far, farther = (warp.layers(z, image, middle + by * OFFSET).opening for by in (1, 5))
    assert not torch.allclose(usual, far, atol=1e-3) and torch.allclose(far, farther, atol=1e-6)


def test_the_inside_of_a_mouth_is_lit_like_the_face(warp):
    z, _, image = given(warp)
    dark = warp.layers(z, 0.2 * (image + 1) - 1).inside
    assert dark.mean() < warp.layers(z, image).inside.mean() - 0.1


def test_in_training_every_second_clip_is_drawn_and_the_others_are_moved(warp):
    z, drawn, image = given(warp)
    moved = warp.layers(z, image)
    moved = moved._replace(share=torch.zeros_like(moved.share)).join(drawn)
    frames = warp.train()(z, drawn, image)
    assert torch.equal(frames[:3], moved[:3]) and torch.equal(frames[3:], drawn[3:])
