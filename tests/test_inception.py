"""FID and KID proper, by our path and by torchmetrics', with the same weights. They are random: the true file is not ours to ship."""

import functools
import hashlib
import http.server
import re
import threading
import time

import numpy as np
import pytest
import torch

from emotalk_lite.data.media import write_video
from emotalk_lite.errors import EmotalkError
from emotalk_lite.evaluate import evaluate
from emotalk_lite.metrics import inception
from emotalk_lite.metrics.frechet import frechet_distance, kernel_distance, statistics
from emotalk_lite.metrics.inception import DEEP_PART, SHALLOW_PART, inception_features, load_inception


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of the shape of Inception's weights, with random numbers, and its hash in place of the true one's."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    path = tmp_path_factory.mktemp("inception") / inception.WEIGHTS
    with pytest.MonkeyPatch.context() as patch:
        # the class reads a file while it is built; only its shape is wanted here
        patch.setattr(torch, "load", lambda *_, **__: {})
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda *_, **__: None)
        torch.manual_seed(0)
        network = FeatureExtractorInceptionV3("random", ["64"], feature_extractor_weights_path="none")
    torch.save(network.state_dict(), path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inception, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
        yield path


def test_fid_64_and_kid_are_torchmetrics(weights, clips):
    from torchmetrics.image.fid import FrechetInceptionDistance, NoTrainInceptionV3
    from torchmetrics.image.kid import KernelInceptionDistance

    real, made = (clips[emotion].frames[:12:2] for emotion in ("neutral", "anger"))
    network = load_inception(weights)
    a, b = (inception_features(frames, network) for frames in (real, made))
    assert a.shape == (6, 64 + 2048)

    def theirs(width: int) -> torch.nn.Module:  # without antialias: with it, torchmetrics enlarges in a way of its own
        return NoTrainInceptionV3("theirs", [str(width)], str(weights), antialias=False)

    fid = FrechetInceptionDistance(feature=theirs(64)).set_dtype(torch.float64)
    kid = KernelInceptionDistance(feature=theirs(2048), subsets=1, subset_size=6)
    for metric in (fid, kid):
        for frames, is_real in ((real, True), (made, False)):
            metric.update(torch.from_numpy(frames).permute(0, 3, 1, 2), real=is_real)
    ours = frechet_distance(*(statistics(x[:, SHALLOW_PART]) for x in (a, b)))
    assert ours == pytest.approx(fid.compute().item(), rel=1e-4, abs=1e-8)
    assert kernel_distance(*(x[:, DEEP_PART].astype(np.float64) for x in (a, b))) == pytest.approx(kid.compute()[0].item(), rel=1e-3, abs=1e-7)


def test_evaluate_calls_it_fid_only_with_the_weights(weights, clips, tmp_path, monkeypatch):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path / "home"))  # what random weights see is kept nowhere else
    write_video(tmp_path / "real" / "a.mp4", clips["neutral"].frames[:3], 25)
    report = evaluate(tmp_path / "real", tmp_path / "real", progress=False, inception_weights=weights)
    assert report["metrics"]["fid"] == pytest.approx(0, abs=1e-6) and {"fid_64", "kid"} <= set(report["metrics"])
    assert not [of for of in report["missing"] if "fid" in of["metrics"]]
    assert f"Inception, 2048 dimensions (FID-64: 64), weights with SHA-256 {inception.SHA256}, of the same faces enlarged to 299 x 299" in report["features"]
    assert "torch-fidelity" in report["versions"]


@pytest.fixture
def served(tmp_path, monkeypatch):
    """An empty folder whose files the source of the weights is, and how many were asked for."""
    asked, folder = [], tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_request(self, *_) -> None:
            asked.append(self.path)

        def log_error(self, *_) -> None:
            pass

    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))  # where this machine may have the true ones
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setattr(inception, "SOURCE", f"http://127.0.0.1:{server.server_port}/{inception.WEIGHTS}")
        yield folder, asked
        server.shutdown()


def test_the_weights_are_downloaded_once(weights, tmp_path, served, capsys):
    folder, asked = served
    (folder / inception.WEIGHTS).write_bytes(weights.read_bytes())
    place = tmp_path / "home" / "downloads" / inception.WEIGHTS
    assert inception.get_weights() == inception.get_weights() == (place, None)
    assert len(asked) == 1 and place.read_bytes() == weights.read_bytes()
    assert f"downloading {inception.WEIGHTS} (" in capsys.readouterr().err


@pytest.mark.parametrize("content, why", [(b"other weights", "SHA-256 differs"), (None, r"HTTP 404\); get it from http")])
def test_what_cannot_be_downloaded_is_asked_for_once_and_nothing_is_called_fid(weights, clips, tmp_path, served, content, why):
    folder, asked = served
    if content is not None:
        (folder / inception.WEIGHTS).write_bytes(content)
    write_video(tmp_path / "real" / "a.mp4", clips["neutral"].frames[:3], 25)
    for _ in range(2):
        report = evaluate(tmp_path / "real", tmp_path / "real", progress=False)
        assert not {"fid", "fid_64", "kid"} & set(report["metrics"]) and "frechet_efficientnet_lite0" in report["metrics"]
        (said,) = (of["why"] for of in report["missing"] if "fid" in of["metrics"])
        assert re.search(f"Inception's weights are not here: .*{why}", said) and str(tmp_path) not in said
    assert len(asked) == 1
    assert not list((tmp_path / "home").glob("downloads/*"))


def test_offline_nobody_waits(monkeypatch, tmp_path):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(inception, "SOURCE", "http://127.0.0.1:9/weights.pth")  # nobody answers there
    started = time.monotonic()
    assert inception.get_weights()[0] is None and "(offline?)" in inception.get_weights()[1]
    assert time.monotonic() - started < 3


def test_another_file_is_refused(tmp_path):
    (tmp_path / "other.pth").write_bytes(b"no weights")
    with pytest.raises(EmotalkError, match="other.pth: is not Inception's weights"):
        load_inception(tmp_path / "other.pth")
