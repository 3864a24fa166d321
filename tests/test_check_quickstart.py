"""The checks of chapter 00: right answers pass, and each usual mistake gets its own hint."""

import numpy as np
import pytest

from emotalk_lite import check
from emotalk_lite.metrics.motion import difference_map


def test_only_the_right_letter_is_right():
    assert check.quieter_speech("b")
    assert "-20 dB" in check.quieter_speech("c").hint
    assert [bool(check.quieter_speech(letter)) for letter in ("a", "c", None, "d")] == [False] * 4


@pytest.mark.parametrize("letter, forms", [
    ("a", ["A", "(a)", "a) a tenth as much", "A tenth as much."]),
    ("b", [" b ", "b.", "(b) the same", "b) the same", "B. The same", "the same"]),
    ("c", ["c)", "c.", "(c) not at all", "Not at all"]),
])
def test_a_letter_may_come_with_its_words(letter, forms):
    assert {check.quieter_speech(form) for form in forms} == {check.quieter_speech(letter)}


@pytest.mark.parametrize("answer", ["", "bcd", "b or c", "same b)", "not the same", "ab)"])
def test_what_names_no_single_letter_is_asked_for_one(answer):
    assert "one letter" in check.quieter_speech(answer).hint


def boxed(a, b, box):
    x1, y1, x2, y2 = box
    return difference_map(a[:, y1:y2, x1:x2], b[:, y1:y2, x1:x2]).mean()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda a, b, box: np.abs(a - b).mean(), "uint8"),
        (lambda a, b, box: (a.astype(int) - b).mean(), "absolute value"),
        (lambda a, b, box: boxed(a, b, (box[1], box[0], box[3], box[2])), "x counts columns"),
        (lambda a, b, box: difference_map(a, b).mean(), "cut the box out"),
        (lambda a, b, box: boxed(a, b, (box[0], box[1], box[2] + 1, box[3])), "A box that differs by 60"),
        (lambda a, b, box: boxed(a[:, None], b[:, None], box), "Your slice is empty"),
        (lambda a, b, box: boxed(a, b, box) ** 2, "squared"),
        (lambda a, b, box: np.abs(a.astype(int) - b).sum(), "the sum over all values"),
        (lambda a, b, box: 3, "it should be 10"),
        (lambda a, b, box: abs(a.astype(int).mean() - b.mean()), "your differences cancel"),
        (lambda a, b, box: np.sqrt(np.square(a.astype(int) - b).mean()), "root of the mean square"),
        (lambda a, b, box: difference_map(a, b).max(), "the largest difference"),
        (lambda a, b, box: np.abs(a.astype(np.int8) - b.astype(np.int8)).mean(), "it should be 71"),
        (lambda a, b, box: boxed(a, b, box) / 255, "[0, 1]"),
        (lambda a, b, box: difference_map(a, b).mean(axis=0), "one number"),
        (lambda a, b, box: boxed(a, b, (box[0], box[2], box[1], box[3])), "in this order"),
        (lambda a, b, box: boxed(a, b, (box[0], box[1], box[2] + 1, box[3] + 1)), "one row and one column"),
    ],
)
def test_each_mistake_in_region_change_is_named(answer, hint):
    assert check.region_change(boxed)
    verdict = check.region_change(answer)
    assert not verdict and hint in verdict.hint


def test_each_mistake_in_mood_swing_is_named():
    rng = np.random.default_rng(0)
    first, last = rng.integers(0, 256, (2, 10, 16, 16, 3), dtype=np.uint8)

    def faded(ramp):
        return first * (1 - ramp[:, None, None, None]) + last * ramp[:, None, None, None]

    ramp = np.linspace(0, 1, 10)
    own = rng.integers(-60, 60, first.shape) * (ramp * (1 - ramp))[:, None, None, None] * 4  # what a decoder draws between the two is no mixture
    swing = (faded(ramp) + own).clip(0, 255).round().astype(np.uint8)
    assert check.mood_swing(swing, first, last)
    backwards = np.concatenate([last[:1], swing[1:]])
    jump = np.concatenate([first[:4], last[4:]])
    between = np.concatenate([first[:4], faded(ramp)[4:5].astype(np.uint8), last[5:]])
    black = np.concatenate([first[:1], 0 * swing[1:-1], last[-1:]])
    mistakes = {"Give the frames": [None], "yours are float64": [first / 255], "wrong emotion": [backwards], "last frame": [first],
                "jumps": [jump, between], "neither": [black], "cross-fade": [faded(way).astype(np.uint8) for way in (ramp, ramp**2, ramp**2 * (3 - 2 * ramp))]}
    for hint, wrong in [(hint, wrong) for hint, several in mistakes.items() for wrong in several]:
        verdict = check.mood_swing(wrong, first, last)
        assert not verdict and hint in verdict.hint, hint
