"""How a person may write down an emotion."""

import pytest

from emotalk_lite.emotions import CODES, EMOTIONS, parse_emotion
from emotalk_lite.errors import EmotalkError


@pytest.mark.parametrize("index, name", list(enumerate(EMOTIONS)))
def test_a_name_is_one_hot(index, name):
    assert parse_emotion(name) == tuple(float(i == index) for i in range(6))


@pytest.mark.parametrize("code, name", list(CODES.items()))
def test_codes_stand_for_names_in_any_case(code, name):
    assert parse_emotion(code) == parse_emotion(code.lower()) == parse_emotion(name)


def test_adjectives_spaces_and_capitals():
    assert parse_emotion(" Happy ") == parse_emotion("happiness")
    assert parse_emotion("sad : 0.25") == (0, 0, 0, 0, 0, 0.25)


def test_blends_and_intensities():
    assert parse_emotion("happiness:0.7, sadness:0.3") == (0, 0, 0, 0.7, 0, 0.3)
    assert parse_emotion({"angry": 0.5, "FEA": 0.5}) == (0.5, 0, 0.5, 0, 0, 0)
    assert parse_emotion("neutral:0") == (0,) * 6
    assert sum(parse_emotion(",".join(f"{name}:0.1" for name in EMOTIONS))) == pytest.approx(0.6)


@pytest.mark.parametrize(
    "written, complaint",
    [
        ("joyful", "unknown emotion 'joyful'"),
        ("", "unknown emotion ''"),
        ("happiness,", "unknown emotion ''"),
        ("happiness:much", "must be a number from 0 to 1"),
        ("happiness:nan", "must be a number from 0 to 1"),
        ("happiness:-0.1", "must be a number from 0 to 1"),
        ("happiness:1.5", "must be a number from 0 to 1"),
        ("happiness:0.8,sadness:0.3", "must not exceed 1"),
        ("happy:0.5,HAP:0.5", "stands twice"),
        (None, "not NoneType"),
        ({3: 1.0}, "unknown emotion '3'"),
        ({"happy": "x"}, "must be a number from 0 to 1"),
    ],
)
def test_what_cannot_be_meant_is_one_clear_line(written, complaint):
    with pytest.raises(EmotalkError) as error:
        parse_emotion(written)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "written, complaint",
    [
        ("happiness,sadness", "the weights of 'happiness,sadness' add up to 2; give each a share, such as happiness:0.5,sadness:0.5"),
        ("happy,sad:0.3", "add up to 1.3; give each a share, such as happiness:0.5,sadness:0.5"),
        ("happiness:0,5", "'happiness:0,5' has a comma inside a number; write 0.5 with a point"),
        ("happiness: 0,25, sadness:0,5", "write 0.25 with a point"),
        ("hapiness", "unknown emotion 'hapiness'; did you mean happiness?"),
        ("Angre", "unknown emotion 'Angre'; did you mean anger?"),
        ("mad", "unknown emotion 'mad'; choose from anger, disgust"),
    ],
)
def test_what_was_probably_meant_is_said(written, complaint):
    with pytest.raises(EmotalkError) as error:
        parse_emotion(written)
    assert complaint in str(error.value)


def test_the_shares_that_are_proposed_for_emotions_without_one_are_taken():
    for n in range(2, 7):
        with pytest.raises(EmotalkError) as error:
            parse_emotion(",".join(EMOTIONS[:n]))
        proposed = str(error.value).split("such as ")[1]
        assert 0.9 < sum(parse_emotion(proposed)) <= 1
