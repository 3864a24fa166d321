"""The warm-ups train, learn something, and give the same networks for the same seed."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.models.exprgan import EXPRESSIONS, FaceCritic, expression_code
from emotalk_lite.warmups import autoencoder, exprgan, gan, stills


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


@pytest.fixture(scope="module")
def faces():
    """Three soft random faces; each emotion darkens or lightens a patch of its own, in four strengths, neutral none."""
    rng = torch.Generator().manual_seed(0)
    who = torch.nn.functional.interpolate(torch.rand(3, 1, 6, 6, generator=rng) - 0.5, size=(48, 48), mode="bilinear")
    made = who[:, None, None].repeat(1, 6, 4, 1, 1, 1)  # (3, 6, 4, 1, 48, 48)
    for name, k in exprgan.COLUMN.items():
        strength = torch.tensor([0.3, 0.6, 0.9, 1.2])[:, None, None, None] * (-1) ** k
        made[:, EMOTIONS.index(name), :, :, 8 * k : 8 * k + 8, 10:38] += 0.4 * strength
    return made.clamp(-1, 1)


def test_exprgan_repeats_itself(faces):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    a, b, c = (exprgan.train_exprgan(faces, 3, seed=seed, batch=8, progress=False) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert same(a.model, b.model) and same(a.critic, b.critic) and a.losses == b.losses
    assert not same(a.model, c.model)


def test_exprgan_follows_an_intensity_that_it_was_never_told(faces):
    run = exprgan.train_exprgan(faces, 250, batch=32, progress=False)
    neutral = faces[:, EMOTIONS.index("neutral"), 0]
    for name in EXPRESSIONS:
        levels = torch.stack([exprgan.edit(run.model, neutral, name, z) for z in (0, 0.25, 0.5, 0.75, 1)])  # (5, 3, 1, 48, 48)
        shown = exprgan.shown_intensity(levels - levels[0], (faces[:, EMOTIONS.index(name), -1] - neutral).expand_as(levels))
        assert (shown.diff(dim=0) > 0).all() and (shown[-1] > 0.3).all(), name


def test_the_controller_says_which_by_sign_and_how_strongly_by_size():
    code = expression_code(torch.eye(5)[[2]], torch.tensor([[-0.3, 0.8]])).view(5, 2)
    assert torch.equal(code.abs(), torch.tensor([[0.3, 0.8]]).expand(5, 2))
    assert (code[2] > 0).all() and (code[[0, 1, 3, 4]] < 0).all()


def test_neutral_is_asked_for_with_intensity_zero():
    rows = exprgan.one_hot(torch.arange(len(EMOTIONS)))
    codes = exprgan.asked_code(rows)
    assert [name for name, code in zip(EMOTIONS, codes) if not code.any()] == ["neutral"]


def test_without_regulariser_there_is_no_reader_and_without_critics_they_stay_as_they_were(faces):
    run = exprgan.train_exprgan(faces, 2, regulariser=0, adversarial=0, batch=8, progress=False)
    torch.manual_seed(0)
    exprgan.ExprGan(faces.mean(dim=(0, 1, 2)))
    assert run.reader is None and not run.losses["code"]
    assert same(run.critic, FaceCritic())


def test_painted_stills_grow_with_their_level_and_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path))
    first = stills.stills(1, progress=False)
    assert first.shape == (1, 6, 9, 1, 48, 48) and -1 <= first.min() and first.max() <= 1
    neutral, smile = first[0, EMOTIONS.index("neutral")], first[0, EMOTIONS.index("happiness")]
    assert torch.equal(neutral[0], neutral[-1]) and torch.equal(neutral[0], smile[0])
    assert ((smile - neutral).abs().mean(dim=(1, 2, 3)).diff() > 0).all()
    monkeypatch.setattr(stills, "paint_actor", None)  # a second call paints nothing
    assert torch.equal(stills.stills(1, progress=False), first)
