"""The objective's terms against their definitions."""

import pytest
import torch

from emotalk_lite.data.masks import eye_mask, gaussian_mask, mouth_mask
from emotalk_lite.losses import (
    emotion_critic_loss,
    emotion_loss,
    frame_adversarial_loss,
    frame_critic_loss,
    gradient_penalty,
    interpolation_factors,
    masked_l1,
    motion_emphasis,
    perceptual_loss,
)
from emotalk_lite.models.features import EfficientNetLite0Features, load_features


def test_mouth_mask_peaks_on_the_mouth_and_keeps_its_floor_everywhere():
    mask = mouth_mask(torch.tensor([[64.0, 92.0], [60.0, 90.0]]))
    assert mask.shape == (2, 128, 128)
    assert mask[0, 92, 64] == mask[0].max() == pytest.approx(1.01)
    assert mask[0, 0, 0] == pytest.approx(0.01, abs=1e-6)
    assert mask[0, 92, 73] == pytest.approx(0.01 + torch.exp(torch.tensor(-0.5)).item())  # one sigma to the right


def test_eye_mask_is_one_on_both_eyes_and_falls_off_between_them():
    mask = eye_mask(torch.tensor([[44.0, 51.0], [84.0, 51.0]]))
    assert mask[51, 44] == mask[51, 84] == 1
    assert mask[51, 64] < 0.01


def test_masks_scale_with_the_image():
    large = gaussian_mask(torch.tensor([64.0, 64.0]), 128, 8.0)
    assert mouth_mask(torch.tensor([32.0, 32.0]), size=64, sigma=8.0, floor=0.0).sum().item() == pytest.approx(large.sum().item() / 4, rel=1e-3)


def test_masked_l1_ignores_what_the_mask_hides():
    frames, target = torch.zeros(1, 1, 3, 4, 4), torch.zeros(1, 1, 3, 4, 4)
    frames[..., 0, 0] = 1.0
    mask = torch.zeros(1, 1, 4, 4)
    assert masked_l1(frames, target, mask) == 0
    mask[..., 0, 0] = 0.5
    assert masked_l1(frames, target, mask) == pytest.approx(0.5 / 16)


def test_the_mean_over_the_mask_does_not_depend_on_how_much_of_the_frame_it_covers():
    frames, target = torch.rand(2, 3, 3, 16, 16), torch.zeros(2, 3, 3, 16, 16)
    small, large = torch.zeros(2, 3, 16, 16), torch.zeros(2, 3, 16, 16)
    small[..., :2, :2], large[..., :8, :8] = 0.5, 1.0
    for mask, pixels in ((small, frames[..., :2, :2]), (large, frames[..., :8, :8])):
        assert masked_l1(frames, target, mask, mean_over="mask").item() == pytest.approx(pixels.mean().item(), rel=1e-5)
    assert masked_l1(frames, target, small) < masked_l1(frames, target, large) / 16


@pytest.mark.parametrize("power, best", [(0.0, 0.0), (2.0, 1.0)])
def test_of_two_mouths_that_the_speech_may_mean_emphasis_prefers_the_open_one(power, best):
    opening = torch.tensor([0.1, 0.0, 0.0, 0.0, 1.0, 1.0])  # more often shut than open
    target = opening.reshape(1, 6, 1, 1, 1).expand(1, 6, 3, 4, 4)
    mask = torch.ones(1, 6, 4, 4)
    mask = mask * motion_emphasis(target, torch.zeros(1, 3, 4, 4), mask, power)
    errors = [masked_l1(torch.full_like(target, guess), target, mask).item() for guess in (0.0, 1.0)]
    assert mask.mean().item() == pytest.approx(1.0) and errors.index(min(errors)) == best


def test_masked_l1_has_a_gradient_proportional_to_the_mask():
    frames = torch.full((1, 1, 3, 4, 4), 0.5, requires_grad=True)
    mask = torch.rand(1, 1, 4, 4)
    masked_l1(frames, torch.zeros_like(frames), mask).backward()
    torch.testing.assert_close(frames.grad[0, 0, 0], mask[0, 0] / frames.numel())


def test_perceptual_loss_is_zero_for_equal_frames_and_leaves_the_target_alone():
    features = EfficientNetLite0Features()
    target = (torch.rand(1, 3, 64, 64) * 2 - 1).requires_grad_()
    frames = target.detach().clone().requires_grad_()
    assert perceptual_loss(frames, target, features) == 0
    perceptual_loss(frames + 0.1, target, features).backward()
    assert frames.grad.abs().sum() > 0 and target.grad is None


def test_features_stay_frozen_whatever_their_parent_does():
    features = load_features("efficientnet_lite0")
    torch.nn.Sequential(features).train()
    assert not any(m.training for m in features.modules())
    assert not any(p.requires_grad for p in features.parameters())


@pytest.mark.parametrize("per_frame", [False, True])
def test_gradient_penalty_equals_the_norms_computed_by_hand(per_frame):
    torch.manual_seed(0)
    weight = torch.randn(3, 4, 4, requires_grad=True)
    real, fake = torch.randn(2, 5, 3, 4, 4), torch.randn(2, 5, 3, 4, 4)
    mix = interpolation_factors(2, 5, torch.Generator().manual_seed(3), per_frame)

    def critic(frames):  # its slope is 2 * weight^2 * frames, so the norm depends on where it is taken
        return ((weight * frames) ** 2).sum(dim=(2, 3, 4))

    penalty = gradient_penalty(critic, real, fake, mix)
    slope = 2 * weight**2 * (mix * real + (1 - mix) * fake)
    norm = slope.flatten(2 if per_frame else 1).norm(dim=-1)
    by_hand = ((norm - 1) ** 2).mean()
    torch.testing.assert_close(penalty, by_hand)
    torch.testing.assert_close(torch.autograd.grad(penalty, weight)[0], torch.autograd.grad(by_hand, weight)[0])


def test_gradient_penalty_leaves_the_frames_alone():
    real, fake = torch.randn(2, 3, 3, 4, 4), torch.randn(2, 3, 3, 4, 4, requires_grad=True)
    weight = torch.randn(3, 4, 4, requires_grad=True)
    gradient_penalty(lambda frames: ((weight * frames) ** 2).sum(dim=(2, 3, 4)), real, fake, torch.rand(2, 1, 1, 1, 1)).backward()
    assert fake.grad is None and weight.grad.abs().sum() > 0


# Each loss as a function of what is trained: the shape of that, where its first axis counts the inputs that a gradient must reach
LOSSES = {
    "mouth": ((1, 2, 3, 3, 8, 8), lambda x: masked_l1(x[0], 0 * x[0].detach(), torch.rand(2, 3, 8, 8))),
    "eye, mean over the mask": ((1, 2, 3, 3, 8, 8), lambda x: masked_l1(x[0], 0 * x[0].detach(), torch.rand(2, 3, 8, 8), mean_over="mask")),
    "perceptual": ((1, 2, 3, 32, 32), lambda x: perceptual_loss(x[0], 0 * x[0].detach(), load_features("efficientnet_lite0"))),
    "frame critic": ((2, 2, 5), lambda x: frame_critic_loss(*x)),
    "frame, of the generator": ((1, 2, 5), lambda x: frame_adversarial_loss(x[0])),
    "gradient penalty": ((1, 3, 4, 4), lambda x: gradient_penalty(lambda frames: (x * frames) ** 2, *torch.randn(2, 2, 5, 3, 4, 4), torch.rand(2, 1, 1, 1, 1))),
    "emotion critic": ((2, 2, 7), lambda x: emotion_critic_loss(*x, torch.tensor([0, 4]))),
    "emotion, of the generator": ((1, 2, 7), lambda x: emotion_loss(x[0], torch.tensor([0, 4]))),
    "speech emotion": ((1, 2, 6), lambda x: emotion_loss(x[0], torch.tensor([0, 4]))),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_one_number_with_a_gradient_of_all_its_inputs(name):
    torch.manual_seed(0)
    shape, loss = LOSSES[name]
    inputs = torch.randn(shape, requires_grad=True)
    value = loss(inputs)
    assert value.shape == () and value.isfinite()
    value.backward()
    assert inputs.grad.isfinite().all() and inputs.grad.flatten(1).any(dim=1).all()


def test_the_frame_critic_prefers_higher_scores_for_real_frames():
    assert frame_critic_loss(real=torch.tensor([2.0]), fake=torch.tensor([-1.0])) == -3


def test_the_emotion_critic_is_right_when_it_names_the_emotion_and_the_fake():
    sure = 20 * torch.eye(7)
    assert emotion_critic_loss(sure[[0, 4]], sure[[6, 6]], torch.tensor([0, 4])) < 1e-6
    assert emotion_critic_loss(sure[[0, 4]], sure[[0, 4]], torch.tensor([0, 4])) > 5


def test_the_adversarial_terms_pull_towards_higher_scores_and_the_emotion_that_was_asked_for():
    scores = torch.randn(2, 5, requires_grad=True)
    frame_adversarial_loss(scores).backward()
    assert (scores.grad < 0).all()  # descending raises every score
    logits = torch.zeros(2, 7, requires_grad=True)
    emotion_loss(logits, torch.tensor([0, 4])).backward()
    raised = logits.grad < 0
    assert raised.nonzero().tolist() == [[0, 0], [1, 4]]
