"""`benchmarks/portrait.py`: a folder of pictures is measured as the astronaut is, and every stored part says when it was measured."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage.data import astronaut

import emotalk_lite as et
from emotalk_lite.checkpoint import fingerprint
from emotalk_lite.data.clips import load_speech
from emotalk_lite.generate import SHIPPED, load_generator
from emotalk_lite.errors import EmotalkError
from emotalk_lite.metrics import identity
from emotalk_lite.metrics.expression import fetch_fer
from emotalk_lite.presets import SAMPLES_PER_FRAME

ROOT = Path(__file__).parents[1]
needs_dlib = pytest.mark.skipif(identity.why_missing() is not None, reason="dlib is not installed")


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_portrait", ROOT / "benchmarks" / "portrait.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_stored_part_says_when_and_on_what_it_was_measured():
    stored = json.loads((ROOT / "results" / "portrait.json").read_text())
    assert set(stored) - {"checkpoint", "preset", "stages", "measured"} == set(stored["measured"])
    assert all(made["of"] and made["date"] and made["torch"] for made in stored["measured"].values())
    assert stored["checkpoint"] == fingerprint(SHIPPED)


def test_a_folder_of_portraits_is_measured_by_file_name_and_what_shows_no_face_is_left_out(bench, tmp_path):
    Image.fromarray(astronaut()).save(tmp_path / "she.png")
    Image.new("RGB", (200, 200), "grey").save(tmp_path / "wall.png")
    (tmp_path / "notes.txt").write_text("no picture")
    manifest = et.sample(progress=False)
    speech = load_speech(manifest.path(manifest.speech[0]))
    voice = {"a part of it": speech[15 * SAMPLES_PER_FRAME : 25 * SAMPLES_PER_FRAME]}
    found = bench.portraits(load_generator(SHIPPED), tmp_path, voice)
    assert found["pictures"] == 1 and list(found["each"]) == ["she.png"] and set(found["left_out"]) == {"wall.png", "notes.txt"}
    assert "no face found" in found["left_out"]["wall.png"]
    row = found["each"]["she.png"]["mean"]
    assert set(found["all"]) == {*et.EMOTIONS, "mean"} and found["all"] == found["each"]["she.png"]
    by_dlib = {name for name in row if name.startswith(("lip_", "identity"))}
    assert bool(by_dlib) == (identity.why_missing() is None)
    if by_dlib:
        assert row["lip_opening_deviation_least"] <= row["lip_opening_deviation"] <= row["lip_opening_deviation_most"]


def test_sharpness_is_that_of_the_picture_and_less_of_a_blurred_one(bench):
    face = et.data.align.align_face(astronaut()).image
    assert bench.sharpness(np.stack([face, face]), face[None]) == {"eyes_sharpness": 1, "mouth_sharpness": 1}
    blurred = np.asarray(Image.fromarray(face).filter(ImageFilter.GaussianBlur(1)))
    assert all(0 < value < 0.7 for value in bench.sharpness(blurred[None], face[None]).values())


@needs_dlib
def test_a_film_that_stands_still_is_the_person_of_its_picture_and_moves_no_lips(bench):
    face = et.data.align.align_face(astronaut()).image
    row = bench.read_film(np.repeat(face[None], 6, axis=0), np.linspace(0, 1, 6 * SAMPLES_PER_FRAME), face)
    assert row["lip_opening_deviation"] == 0 and row["identity_distance"] < 1e-6
    assert 60 < bench.face_height(face) < 95


def test_a_folder_that_is_not_there_is_refused_before_anything_is_measured(bench, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sys.argv", ["portrait.py", "--portraits", str(tmp_path / "none")])
    with pytest.raises(SystemExit, match="2"):
        bench.main()
    assert "no such folder" in capsys.readouterr().err


def test_the_asked_emotion_rises_against_the_neutral_film_and_neutral_against_all_others(bench):
    seen = {asked: {emotion: 0.1 + 0.4 * (emotion == asked) for emotion in et.EMOTIONS} for asked in et.EMOTIONS}
    assert all(row == {"rise": pytest.approx(0.4), "named": 1} for row in bench.evidence(seen).values())
    still = dict.fromkeys(et.EMOTIONS, seen["happiness"])  # a smile that nothing moves
    rows = bench.evidence(still)
    assert {row["rise"] for row in rows.values()} == {0} and {name for name, row in rows.items() if row["named"]} == {"happiness"}


def test_the_expressions_alone_leave_all_other_numbers_as_they_were(bench, monkeypatch, tmp_path):
    try:
        fetch_fer()
    except EmotalkError as error:
        pytest.skip(str(error))
    stored = (ROOT / "results" / "portrait.json").read_text()
    (tmp_path / "portrait.json").write_text(stored)
    monkeypatch.setattr(bench, "OUT", tmp_path / "portrait.json")
    monkeypatch.setattr(bench, "load_speech", lambda path: load_speech(path)[: 10 * SAMPLES_PER_FRAME])  # seconds
    monkeypatch.setattr("sys.argv", ["portrait.py", "--expression"])
    bench.main()
    before, after = json.loads(stored), json.loads((tmp_path / "portrait.json").read_text())
    made = {"expressions of the filmed clips", "expressions of the astronaut"}
    assert all(after["measured"][name]["fer"] and set(after[name]) == set(et.EMOTIONS) for name in made)
    others = lambda record: {name: part for name, part in record.items() if name not in {*made, "measured"}}
    assert others(before) == others(after) and others(before["measured"]) == others(after["measured"])
    (tmp_path / "portrait.json").write_text(json.dumps(before | {"checkpoint": "another"}))
    with pytest.raises(SystemExit, match="2"):
        bench.main()
    assert json.loads((tmp_path / "portrait.json").read_text())["checkpoint"] == "another"
