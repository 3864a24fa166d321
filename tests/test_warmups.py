"""The warm-ups train, learn something, and give the same networks for the same seed."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from emotalk_lite.warmups import autoencoder, gan


@pytest.fixture(scope="module")
def digits():
    return torch.from_numpy(load_digits().images).float()[:, None] / 8 - 1  # (1797, 1, 8, 8)


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_a_gan_repeats_itself_and_leaves_the_global_random_numbers_alone(digits):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    a, b, c = (gan.train_gan(digits, 5, seed=seed, looks=2, progress=False) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert same(a.generator, b.generator) and a.losses == b.losses
    assert not same(a.generator, c.generator)


def test_a_gan_comes_closer_to_the_digits(digits):
    run = gan.train_gan(digits, 500, looks=2, progress=False)
    (first, start), (last, end) = run.seen
    assert (first, last) == (0, 500)
    nearest = [torch.cdist(x.flatten(1), digits.flatten(1)).min(dim=1).values.mean() for x in (start, end)]
    assert nearest[1] < 0.6 * nearest[0]


def test_the_critic_step_moves_only_the_critic_and_the_generator_step_only_the_generator(digits):
    run = gan.train_gan(digits, 1, progress=False)
    other = gan.train_gan(digits, 1, progress=False)
    fake = run.generator(torch.randn(4, 16))
    gan.critic_step(run.critic, torch.optim.Adam(run.critic.parameters()), digits[:4], fake)
    assert same(run.generator, other.generator) and not same(run.critic, other.critic)
    critic_now = {k: v.clone() for k, v in run.critic.state_dict().items()}
    gan.generator_step(run.critic, torch.optim.Adam(run.generator.parameters()), run.generator(torch.randn(4, 16)))
    assert not same(run.generator, other.generator)
    assert all(torch.equal(v, critic_now[k]) for k, v in run.critic.state_dict().items())


@pytest.mark.parametrize("saturating, gradient", [(False, -0.9933), (True, -0.0067)])
def test_the_saturating_loss_hardly_moves_a_generator_that_is_seen_through(saturating, gradient):
    logit = torch.tensor([-5.0], requires_grad=True)
    gan.generator_loss(logit, saturating).backward()
    np.testing.assert_allclose(logit.grad.item(), gradient, atol=1e-4)


@pytest.mark.parametrize("adversarial", [False, True])
def test_an_autoencoder_repeats_itself(digits, adversarial):
    a, b = (autoencoder.train_autoencoder(digits, 5, adversarial=adversarial, looks=2, progress=False) for _ in range(2))
    assert same(a.model, b.model) and a.losses == b.losses
    assert (a.critic is not None) == adversarial


def test_the_adversarial_prior_draws_the_codes_to_a_standard_normal(digits):
    plain, drawn = (autoencoder.train_autoencoder(digits, 500, adversarial=a, looks=2, progress=False) for a in (False, True))
    assert plain.losses["reconstruction"][-1] < 0.5 * plain.losses["reconstruction"][0]
    spread = [run.seen[-1][1].std(dim=0).mean().item() for run in (plain, drawn)]
    assert spread[0] > 1.8 and abs(spread[1] - 1) < 0.3
