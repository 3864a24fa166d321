"""The exercise checks of chapter 09: the right answer passes, and each wrong one is told where to look."""

import pytest
import torch

from emotalk_lite import check
from emotalk_lite.losses import gradient_penalty


@pytest.mark.parametrize(
    "per_clip, per_frame, hint",
    [(121, 25, "no detail"), (25, 121, "exchanged"), (12, 6, "These are the norms"), (143**2, 35**2, "is its root"), (143, 35, "is its root"), (121, 100, "their mean"), (1210, 250, "ten times"),
     (121, 121, "half as long"), (144, 36, "how many numbers"), (11, 5, "distances of the norms"), (0, 0, "all ones")],
)
def test_sum_penalty(per_clip, per_frame, hint):
    verdict = check.sum_penalty(per_clip, per_frame)
    assert hint in verdict.hint and bool(verdict) == ((per_clip, per_frame) == (121, 25))


def test_the_package_gives_these_penalties():
    x = torch.zeros(1, 4, 3, 3, 4)
    of = [gradient_penalty(lambda frames: frames.sum(dim=(2, 3, 4)), x, x, torch.rand(1, n, 1, 1, 1)).item() for n in (1, 4)]
    assert check.sum_penalty(*of)


def one_sided(critic, real, fake, mix, graph=True, below=False, square="after", reduce="mean", batch=False, between=True,
              start=0, scores="sum", weight=1, norm=1, mean_first=False):
    x = (mix * real + (1 - mix) * fake if between else real.clone()).requires_grad_()
    (slope,) = torch.autograd.grad(getattr(critic(x), scores)(), x, create_graph=graph)
    norm = slope.flatten(0 if batch else 1 + start).norm(dim=-1) ** norm
    norm = norm.mean() if mean_first else norm
    over = norm - 1 if below else (norm - 1).clamp_min(0)
    squared = {"none": over, "before": (norm**2 - 1).clamp_min(0), "whole": norm.clamp_min(1) ** 2}.get(square, over**2)
    return weight * getattr(squared, reduce)()


@pytest.mark.parametrize(
    "mistake, hint",
    [({}, "Flat is allowed"), ({"below": True}, "slope 0.5"), ({"graph": False}, "create_graph"), ({"square": "none"}, "square it before"),
     ({"reduce": "sum"}, "the sum"), ({"batch": True}, "its own"), ({"between": False}, "Look between"), ({"start": 1}, "norm a frame"),
     ({"scores": "mean"}, "Sum the clips' scores"), ({"weight": 10}, "ten times"), ({"square": "before"}, "take 1 off and square"), ({"norm": 2}, "squared norm"),
     ({"square": "whole"}, "square them whole"), ({"mean_first": True}, "for its own")],
)
def test_one_sided_penalty(mistake, hint):
    verdict = check.one_sided_penalty(lambda *given: one_sided(*given, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


def test_one_sided_penalty_is_one_number():
    assert "one number" in check.one_sided_penalty(lambda critic, real, fake, mix: mix.flatten()).hint
    assert "should give" in check.one_sided_penalty(lambda critic, real, fake, mix: torch.tensor(9.0)).hint


def occlusion(score, frame, size, copy=True, sign=1, cover=0.0, whole=True, colours=slice(None), fresh=True, apart=True):
    found, covered = torch.zeros(frame.shape[1] // size, frame.shape[2] // size), frame.clone()
    for i in range(found.shape[0]):
        for j in range(found.shape[1]):
            covered = (frame.clone() if fresh else covered) if copy else frame
            y, x = (i * size, j * size) if apart else (i, j)
            covered[colours, y : y + size, x : x + size] = cover
            found[i, j] = sign * ((score(frame[None]) if whole else 0) - score(covered[None]))
    return found


@pytest.mark.parametrize(
    "mistake, hint",
    [({}, "better off"), ({"copy": False}, "cover a copy"), ({"sign": -1}, "The sign"), ({"cover": -1.0}, "black"),
     ({"whole": False, "sign": -1}, "covered frame's score"), ({"cover": 0.5}, "One square at a time"),
     ({"fresh": False}, "fresh copy"), ({"colours": 0}, "all three"), ({"apart": False}, "overlap")],
)
def test_occlusion_map(mistake, hint):
    verdict = check.occlusion_map(lambda *given: occlusion(*given, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


def test_a_penalty_may_be_a_plain_zero_and_a_map_may_have_a_gradient():
    def by_max(critic, real, fake, mix):
        x = (mix * real + (1 - mix) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return sum(max(0, s.norm() - 1) ** 2 for s in slope) / len(slope)

    assert check.one_sided_penalty(by_max)
    assert check.occlusion_map(lambda score, frame, size: occlusion(score, frame.clone().requires_grad_(), size))


def test_occlusion_map_wants_a_map():
    assert "(2, 3)" in check.occlusion_map(lambda score, frame, size: torch.zeros(3, 2)).hint
