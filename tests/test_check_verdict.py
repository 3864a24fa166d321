"""What every exercise check says to answers that no exercise means: a hint, never a traceback."""

import inspect

import pytest
import torch

from emotalk_lite import check


def unfinished(a, b, box):
    raise NotImplementedError


def stops(a, b, box):
    return a[box]["nothing"]


def of_torch(a, b, box):
    # torch refuses this with a NotImplementedError of its own
    return torch.nn.ReflectionPad1d(1)(torch.zeros(3))


@pytest.mark.parametrize(
    "ask, hint",
    [
        (lambda: check.region_change(...), "place of the dots"),
        (lambda: check.region_change(unfinished), "not written yet"),
        (lambda: check.region_change(stops), 'Your function stops in the line `return a[box]["nothing"]`: IndexError'),
        (lambda: check.region_change(of_torch), "ReflectionPad1d(1)(torch.zeros(3))`: NotImplementedError"),
        (lambda: check.region_change(lambda a, b, box: None), "Your function returns nothing"),
        (lambda: check.region_change(lambda a, b: 10.0), "gives your function 3 arguments: too many"),
        (lambda: check.region_change(lambda a, b, box: "ten"), "cannot use what your function returns"),
        (lambda: check.best_logit("log 3"), "without quotes"),
        (lambda: check.best_logit([1.1]), "cannot use what it was given (list)"),
        (lambda: check.clip_length(frames=53), "Call the check as the exercise does: missing a required argument: 'samples'"),
    ],
)
def test_any_answer_gets_a_hint(ask, hint):
    verdict = ask()
    assert hint in verdict.hint and not verdict


def takes_numbers(name):
    parameters = inspect.signature(getattr(check, name)).parameters.values()
    return name != "Verdict" and all(p.annotation in (int, float) for p in parameters)


@pytest.mark.parametrize("name", filter(takes_numbers, sorted(check.__all__)))
@pytest.mark.parametrize("number", [10**400, -(10**400), float("inf"), float("nan")], ids=["10**400", "-10**400", "inf", "nan"])
def test_a_number_beyond_all_bounds_gets_a_hint(name, number):
    ask = getattr(check, name)
    verdict = ask(**dict.fromkeys(inspect.signature(ask).parameters, number))
    assert verdict.hint and not verdict
