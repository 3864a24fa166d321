"""The exercise checks of chapter 16: the right answer passes, and each wrong one is told where to look."""

import math

import numpy as np
import pytest

from emotalk_lite import check
from emotalk_lite.effects import effects, signs


@pytest.mark.parametrize(
    "share, hint",
    [
        (0.875, "seven cases"),
        (0.5, "chose beforehand"),
        (0.125, "And otherwise"),
        (6 / 7, "one of them"),
        (1, "sometimes on top"),
        (0.9922, "not independent"),
        (3, "between 0 and 1"),
        (0.877, "as a fraction"),
        (0.3, "drawn alike"),
    ],
)
def test_lucky_tables(share, hint):
    verdict = check.lucky_tables(share)
    assert hint in verdict.hint and bool(verdict) == (share == 0.875)


def test_the_share_is_that_of_drawn_tables():
    tables = np.random.default_rng(0).normal(size=(100_000, 8))
    assert check.lucky_tables(0.875) and (tables.argmax(axis=1) > 0).mean() == pytest.approx(0.875, abs=0.005)


def both(values, factor, other, scale=1, swap=False, only=True):
    def mean(with_factor, with_other):
        chosen = [v for n, v in values.items() if signs(n)[factor] == with_factor and (not only or signs(n)[other] == with_other)]
        return np.mean(chosen)

    found = [scale * (mean(1, s) - mean(-1, s)) for s in (-1, 1)]
    return found[::-1] if swap else found


@pytest.mark.parametrize(
    "mistake, hint",
    [
        ({}, "half of their difference"),
        ({"swap": True}, "wrong order"),
        ({"scale": 2}, "difference of means"),
        ({"scale": -1}, "The sign"),
        ({"only": False}, "main effect, over all eight"),
        ({"scale": 0.5}, "not divided again"),
        ({"scale": 0.3}, "difference of two means"),
    ],
)
def test_simple_effects(mistake, hint):
    verdict = check.simple_effects(lambda *given: both(*given, **mistake))
    assert hint in verdict.hint and bool(verdict) == (not mistake)


def test_other_mistakes_with_two_factors():
    def rows(values, factor, other):
        return {(f, o): np.mean([v for n, v in values.items() if (signs(n)[factor], signs(n)[other]) == (f, o)]) for f in (-1, 1) for o in (-1, 1)}

    assert "take off those without" in check.simple_effects(lambda *given: (rows(*given)[1, -1], rows(*given)[1, 1])).hint
    assert "are exchanged" in check.simple_effects(lambda values, factor, other: both(values, other, factor)).hint


def test_rows_that_were_chosen_wrongly():
    def drawn_only(values, factor, other):
        third = ({"SE", "EM", "BSRGAN"} - {factor, other}).pop()
        return both({name: v for name, v in values.items() if signs(name)[third] < 0}, factor, other)

    assert "All eight count" in check.simple_effects(drawn_only).hint
    assert "ask `signs`" in check.simple_effects(lambda *given: (float("nan"), 0.0)).hint
    found = check.simple_effects(lambda values, factor, other: (effects(values)[factor], effects(values)[f"{factor} x {other}"]))
    assert "the interaction" in found.hint


def test_what_a_single_number_is_told():
    assert "Return two numbers" in check.simple_effects(lambda values, factor, other: effects(values)[factor]).hint


@pytest.mark.parametrize(
    "factor, hint",
    [(4, "four times"), (8, "one row against one other"), (2, "share one"), (1, "two are asked for"), (16, "the root"), (0.1, "variance"), (3.8416, "1.96")],
)
def test_seeds_needed(factor, hint):
    verdict = check.seeds_needed(lambda effect, deviation: math.ceil(factor * (deviation / effect) ** 2))
    assert hint in verdict.hint and bool(verdict) == (factor == 4)


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda effect, deviation: 4 * (deviation / effect) ** 2, "round up"),
        (lambda effect, deviation: int(4 * (deviation / effect) ** 2), "round up"),
        (lambda effect, deviation: int(4 * (deviation / effect) ** 2) + 1, "add none"),
        (lambda effect, deviation: math.ceil(2 * deviation / effect), "square the ratio"),
        (lambda effect, deviation: math.ceil(4 * deviation / effect**2), "the deviation is not"),
        (lambda effect, deviation: math.ceil(2 * (2.8 * deviation / effect) ** 2), "four surveys of five"),
        (lambda effect, deviation: math.ceil(4 * (effect / deviation) ** 2), "Upside down"),
    ],
)
def test_other_numbers_of_seeds(answer, hint):
    assert hint in check.seeds_needed(answer).hint
