"""Media files in and out: real codecs, real files, no mocks."""

import struct
import subprocess
import sys
import weakref

import av
import numpy as np
import pytest
from PIL import Image

from emotalk_lite.data import media
from emotalk_lite.errors import EmotalkError

RATE = 44100


@pytest.fixture(scope="module")
def speech(sample):
    """Actor 1002's angry recording: (float32 (1, N), 44100)."""
    return media.read_audio(sample.raw_path(sample.speech[0]))


@pytest.fixture(scope="module")
def film(sample):
    """Actor 1001's angry clip as it was filmed: Video, 480 x 360, 29.97 frames a second."""
    return media.read_video(sample.raw_path(sample.clips[0]))


def write_audio(path, samples, rate, codec, layout="mono", **options):
    """Encode sound with ffmpeg's own encoders; ``samples`` float32 (channels, N)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout, **options)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout)
        frame.sample_rate, frame.pts = rate, 0
        fifo = av.AudioResampler(format=stream.format, layout=layout, rate=rate, frame_size=stream.frame_size or 1024)
        for part in [*fifo.resample(frame), *fifo.resample(None), None]:
            container.mux(stream.encode(part))
    return path


def correlation(a, b):
    n = min(len(a), len(b))
    return np.corrcoef(a[:n], b[:n])[0, 1]


def test_large_pictures_are_averaged_down_where_fewer_pixels_are_enough(sample, film):
    smaller = media.read_video(sample.raw_path(sample.clips[0]), enough=100)
    assert smaller.frames.shape[1:] == (120, 160, 3) and (smaller.times == film.times).all()
    averaged = film.frames.reshape(-1, 120, 3, 160, 3, 3).mean(axis=(2, 4))
    assert np.abs(smaller.frames - averaged).mean() < 2  # grey levels; as far as colours are stored for every second pixel
    assert (media.read_video(sample.raw_path(sample.clips[0]), enough=181).frames == film.frames).all()


@pytest.mark.parametrize(
    "name, codec, rate, tolerance",
    [
        ("a.wav", "pcm_u8", RATE, 0.95),
        ("a.wav", "pcm_s16le", RATE, 0.999),
        ("a.wav", "pcm_s24le", RATE, 0.999),
        ("a.wav", "pcm_s32le", RATE, 0.999),
        ("a.wav", "pcm_f32le", RATE, 0.999),
        ("a.aiff", "pcm_s16be", RATE, 0.999),
        ("a.flac", "flac", RATE, 0.999),
        ("a.mp3", "libmp3lame", RATE, 0.99),
        ("a.m4a", "aac", RATE, 0.98),
        ("a.aac", "aac", RATE, None),
        ("a.opus", "libopus", 48000, 0.9),
        ("a.webm", "libopus", 48000, 0.9),
        ("a.mkv", "flac", 16000, 0.999),
        ("a.wav", "pcm_s16le", 8000, 0.999),
        ("a.wav", "pcm_s16le", 96000, 0.999),
    ],
)
def test_speech_is_read_from_every_ordinary_format(tmp_path, speech, name, codec, rate, tolerance):
    path = write_audio(tmp_path / name, speech.samples, rate, codec)
    samples, read_rate = media.read_audio(path)
    assert read_rate == rate and samples.dtype == np.float32 and samples.shape[0] == 1
    assert samples.shape[1] == pytest.approx(speech.samples.shape[1], abs=0.06 * rate)
    if tolerance is not None:  # raw AAC says nothing about its encoder's delay
        assert correlation(samples[0], speech.samples[0]) > tolerance


@pytest.mark.parametrize("layout, channels", [("mono", 1), ("stereo", 2), ("5.1", 6)])
def test_channels_are_kept_and_mixed_down_for_the_network(tmp_path, speech, layout, channels):
    gains = np.linspace(0.2, 1, channels, dtype=np.float32)[:, None]
    path = write_audio(tmp_path / "a.wav", gains * speech.samples, RATE, "pcm_s16le", layout)
    samples, rate = media.read_audio(path)
    assert samples.shape[0] == channels
    mono = media.to_mono_8k(samples, rate)
    assert mono.ndim == 1
    assert correlation(mono, media.to_mono_8k(*speech)) > 0.999


def test_speech_is_read_from_a_film(sample):
    samples, rate = media.read_audio(sample.raw_path(sample.clips[0]))
    assert rate == RATE and samples.shape[1] / rate == pytest.approx(2.27, abs=0.01)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
def test_resampling_keeps_what_8_khz_can_carry_and_folds_nothing_back(rate):
    t = np.arange(2 * rate) / rate
    low = np.sin(2 * np.pi * 440 * t).astype(np.float32)
    heard = media.to_mono_8k(low, rate)
    expected = np.sin(2 * np.pi * 440 * np.arange(16000) / 8000)
    assert len(heard) == 16000
    assert np.abs(heard - expected)[200:-200].max() < 0.01
    if rate > 11025:  # 5 kHz has no place in 8 kHz: it must vanish, not come back as 3 kHz
        assert np.abs(media.to_mono_8k(np.sin(2 * np.pi * 5000 * t).astype(np.float32), rate))[200:-200].max() < 0.01


@pytest.mark.parametrize(
    "duration, count", [(0.001, 1), (0.04, 1), (0.0401, 2), (1.0, 25), (1.01, 26), (2.27265306, 57), (0.28, 7), (3.96, 99)]
)
def test_frames_cover_odd_durations(duration, count):
    assert media.n_frames(duration) == count


def test_every_output_frame_takes_the_source_frame_nearest_in_time():
    times = 0.027 + np.arange(70) / 29.97
    times[30:] += 0.2  # the camera dropped six frames
    chosen = media.resample_times(times, 62)
    for k, i in enumerate(chosen):
        assert abs(times[i] - k / 25) == pytest.approx(np.abs(times - k / 25).min())


def test_time_does_not_drift_over_minutes_as_it_does_when_every_sixth_frame_is_dropped():
    times = np.arange(29970) / 29.97  # 1,000 seconds
    chosen = media.resample_times(times, 25000)
    dropped = np.delete(np.arange(29970), np.arange(5, 29970, 6))[:24975]
    assert np.abs(times[chosen] - np.arange(25000) / 25).max() <= 0.5 / 29.97 + 1e-9
    assert np.abs(times[dropped] - np.arange(24975) / 25).max() > 0.9


def test_a_single_frame_is_held():
    assert media.resample_times(np.array([0.5]), 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize("height, width", [(128, 128), (127, 129)])
@pytest.mark.parametrize("channels, rate", [(1, 44100), (2, 48000), (1, 8000), (6, 44100), (8, 48000)])
def test_what_is_written_reads_back(tmp_path, film, speech, height, width, channels, rate):
    frames = film.frames[:57, 60 : 60 + height, 150 : 150 + width]
    sound = np.repeat(speech.samples[:, : int(2.27 * rate)], channels, axis=0)
    path = media.write_video(tmp_path / "out.mp4", frames, audio=sound, sample_rate=rate)

    read = media.read_video(path)
    assert len(read.frames) == 57
    assert np.allclose(read.times, np.arange(57) / 25, atol=1e-3)
    assert read.frames.shape[1:3] == (128, 128 if width == 128 else 130)
    assert np.abs(read.frames[:, :height, :width].astype(int) - frames).mean() < 3

    samples, read_rate = media.read_audio(path)
    assert (len(samples), read_rate) == (channels, rate)
    assert samples.shape[1] / rate == pytest.approx(57 / 25, abs=1e-3)  # picture and sound agree
    assert correlation(samples[0], sound[0]) > 0.98

    with av.open(str(path)) as container:
        video, audio = container.streams.video[0].codec_context, container.streams.audio[0].codec_context
        assert (video.name, video.pix_fmt, audio.name) == ("h264", "yuv420p", "aac")
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # faststart
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


def test_a_rate_that_aac_does_not_know_becomes_the_next_higher_one(tmp_path, speech):
    path = media.write_video(tmp_path / "o.mp4", np.zeros((70, 16, 16, 3), np.uint8), audio=speech.samples, sample_rate=43000)
    assert media.read_audio(path).rate == 44100


@pytest.mark.parametrize("degrees", [90, -90, 180])
def test_a_film_that_says_how_it_is_turned_is_read_upright(tmp_path, film, degrees):
    lying = np.rot90(film.frames[:3], -degrees // 90, axes=(1, 2))
    with av.open(str(tmp_path / "phone.mp4"), "w") as phone:
        stream = phone.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.height, stream.width, stream.pix_fmt = *lying.shape[1:3], "yuv420p"
        stream.set_display_rotation(degrees)
        for frame in [*(av.VideoFrame.from_ndarray(np.ascontiguousarray(f), format="rgb24") for f in lying), None]:
            phone.mux(stream.encode(frame))
    frames = media.read_video(tmp_path / "phone.mp4").frames
    assert frames.shape == film.frames[:3].shape
    assert np.abs(frames.astype(int) - film.frames[:3]).mean() < 8  # grey levels; the other way up it is 40 or more


def test_a_silent_film(tmp_path):
    path = media.write_video(tmp_path / "o.mp4", np.zeros((3, 16, 16, 3), np.uint8))
    with pytest.raises(EmotalkError, match="has no audio track"):
        media.read_audio(path)


def test_a_path_that_cannot_be_written_is_told_before_anything_is_left(tmp_path):
    (tmp_path / "file").write_text("in the way")
    frames = np.zeros((2, 16, 16, 3), np.uint8)
    for path, complaint in [
        (tmp_path / "file" / "o.mp4", "cannot write"),
        (tmp_path, "folder|suffix"),
        (tmp_path / "o.avi", r"\.mp4"),
    ]:
        with pytest.raises(EmotalkError, match=complaint):
            media.write_video(path, frames)
    with pytest.raises(EmotalkError, match="there is no frame"):
        media.write_video(tmp_path / "o.mp4", frames[:0])
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("height, width", [(128, 128), (127, 129)])
def test_frames_may_come_one_by_one_and_are_not_kept(tmp_path, film, speech, height, width):
    frames, sound = film.frames[:57, 60 : 60 + height, 150 : 150 + width], speech.samples[:, :RATE]  # padded to the number of frames
    drawn, alive = [], []

    def one_by_one():
        for frame in frames:
            frame = frame.copy()
            drawn.append(weakref.ref(frame))
            alive.append(sum(each() is not None for each in drawn))
            yield frame

    whole = media.write_video(tmp_path / "whole.mp4", frames, audio=sound, sample_rate=RATE)
    streamed = media.write_video(tmp_path / "streamed.mp4", one_by_one(), audio=sound, sample_rate=RATE)
    assert streamed.read_bytes() == whole.read_bytes()
    assert len(alive) == 57 and max(alive) <= 3  # the first, the last encoded, this one


@pytest.mark.parametrize("n", [0, 70])  # 70: some of the file is written
def test_nothing_is_left_when_writing_is_interrupted(tmp_path, n):
    def interrupted():
        yield from np.zeros((n, 16, 16, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        media.write_video(tmp_path / "o.mp4", interrupted())
    assert not list(tmp_path.iterdir())


def cut(source, target, share):
    content = source.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target


def test_a_last_picture_that_stays_long_is_not_missing(tmp_path):
    pictures = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    pictures[0].save(tmp_path / "two.gif", save_all=True, append_images=pictures[1:], duration=[100, 300])
    assert media.read_video(tmp_path / "two.gif").times.tolist() == [0, 0.1]


def test_a_truncated_video_is_one_clear_line(tmp_path, sample, film, speech):
    flv = sample.raw_path(sample.clips[0])
    mp4 = media.write_video(tmp_path / "whole.mp4", film.frames[:57], audio=speech.samples, sample_rate=RATE)
    for source, share in [(flv, 0.5), (flv, 0.0005), (mp4, 0.5), (mp4, 0.01)]:
        path = cut(source, tmp_path / f"cut{source.suffix}", share)
        for read in (media.read_video, media.read_audio):
            with pytest.raises(EmotalkError) as error:
                read(path)
            assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value), error.value


@pytest.mark.parametrize(
    "name, content, complaint",
    [
        ("empty.wav", b"", "is empty"),
        ("text.wav", b"this is no sound\n" * 100, "not a media file or is damaged"),
        ("picture.mp4", b"\x89PNG\r\n\x1a\n", "not a media file or is damaged|no audio track"),
    ],
)
def test_what_is_no_media_file(tmp_path, name, content, complaint):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EmotalkError, match=complaint) as error:
        media.read_audio(tmp_path / name)
    assert "\n" not in str(error.value)


def test_no_such_file_and_a_folder(tmp_path):
    for path, complaint in [(tmp_path / "no.wav", "no such file"), (tmp_path, "is a folder")]:
        with pytest.raises(EmotalkError, match=complaint):
            media.read_audio(path)


def test_silence_and_no_samples(tmp_path):
    for level, complaint in [(0, "silent"), (0.0005, "silent")]:
        path = write_audio(tmp_path / "a.wav", np.full((1, 8000), level), 8000, "pcm_s16le")
        with pytest.raises(EmotalkError, match=complaint):
            media.read_audio(path)
    header_only = write_audio(tmp_path / "none.wav", np.zeros((1, 1)), 8000, "pcm_s16le").read_bytes()[:-2]
    (tmp_path / "none.wav").write_bytes(header_only)
    with pytest.raises(EmotalkError, match="no sound"):
        media.read_audio(tmp_path / "none.wav")


def test_sound_without_picture_is_no_video(sample):
    with pytest.raises(EmotalkError, match="no video track"):
        media.read_video(sample.raw_path(sample.speech[0]))


def test_a_damaged_stretch_in_a_recording_is_passed_over(tmp_path, sample):
    content = bytearray(sample.raw_path(sample.speech[0]).read_bytes())
    content[40000:40300] = b"\x00" * 300
    (tmp_path / "scratched.mp3").write_bytes(content)
    assert media.read_audio(tmp_path / "scratched.mp3").samples.shape[1] > 100000


def test_a_video_without_a_single_frame(tmp_path, sample):
    with av.open(str(tmp_path / "empty.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.start_encoding()
    with pytest.raises(EmotalkError, match="cannot be read|no video frame"):
        media.read_video(tmp_path / "empty.mkv")


def test_a_file_of_floats_above_1_is_made_quieter_and_not_distorted(tmp_path, speech):
    loud = 3 * speech.samples / np.abs(speech.samples).max()
    read = media.read_audio(write_audio(tmp_path / "loud.wav", loud, RATE, "pcm_f32le")).samples
    assert np.abs(read).max() == 1 and np.abs(3 * read - loud).max() < 1e-5
    quiet = media.read_audio(write_audio(tmp_path / "quiet.wav", loud / 4, RATE, "pcm_f32le")).samples
    assert (quiet == loud / 4).all()


@pytest.mark.parametrize("rate", [8000, RATE])
@pytest.mark.parametrize("gain", [3, 32768])
def test_the_network_hears_loud_sound_as_it_hears_soft_sound(speech, rate, gain):
    usual = media.speech_input(speech.samples, rate)
    assert np.abs(media.speech_input(gain * speech.samples, rate) - usual).max() < 0.01  # cut off at 1, it would be a square wave


def test_a_filter_that_overshoots_makes_no_sound_louder_than_1(tmp_path):
    square = np.sign(np.sin(2 * np.pi * 100 * np.arange(43000) / 43000 + 0.1)).astype(np.float32)
    assert np.abs(media.to_mono_8k(square, 43000)).max() == 1
    for_aac, rate = media.encode._for_aac(square[None], 43000)
    assert rate == 44100 and np.abs(for_aac).max() == 1


def write_wav(path, samples, rate, data_size=None):
    """A WAV of 16 bits, of any number of channels, which ffmpeg's encoder has no layout for; `data_size` lies in its header."""
    data = (samples.T * 32767).astype("<i2").tobytes()
    channels, size = len(samples), len(data) if data_size is None else data_size
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * channels * 2, channels * 2, 16)
    odd = struct.pack("<4sI", b"junk", 3) + b"abc\0"  # a chunk of odd size is filled up
    body = b"WAVE" + fmt + odd + struct.pack("<4sI", b"data", size)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + len(data)) + body + data)
    return path


@pytest.mark.parametrize("channels", [1, 2, 8, 12])
def test_any_number_of_channels_is_read_in_order_and_at_its_level(tmp_path, channels):
    gains = np.linspace(0.2, 0.9, channels)[:, None]
    wave = gains * np.sin(np.arange(16000) / 9 * (1 + np.arange(channels)[:, None]))  # each another tone
    path = write_wav(tmp_path / "many.wav", wave, 16000)
    script = f"import sys, numpy as np; from emotalk_lite.data.media import read_audio; np.save({str(tmp_path / 'read.npy')!r}, read_audio(sys.argv[1]).samples)"
    subprocess.run([sys.executable, "-c", script, path], check=True)  # a crash would take the tests with it
    read = np.load(tmp_path / "read.npy")
    assert read.shape == wave.shape and read.dtype == np.float32 and read.flags.c_contiguous
    assert np.abs(read - wave).max() < 1e-4


def test_channels_that_cancel_each_other_out_are_heard(tmp_path, speech):
    usual = media.speech_input(*speech)
    opposite = np.concatenate([speech.samples, -speech.samples])
    assert np.abs(media.speech_input(opposite, RATE) - usual).max() < 1e-5
    nearly = np.concatenate([speech.samples, -0.9 * speech.samples])
    assert (media.speech_input(nearly, RATE) == media.speech_input(speech.samples, RATE)).all()
    one_of_eight = np.pad(speech.samples, ((3, 4), (0, 0)))
    assert (media.to_mono_8k(one_of_eight, 8000) == one_of_eight.mean(axis=0)).all()  # ordinary sound is mixed as ever
    film = media.write_video(tmp_path / "o.mp4", np.zeros((25, 64, 64, 3), np.uint8), audio=np.repeat(opposite[:, :RATE], 5, axis=0), sample_rate=RATE)
    assert np.abs(media.read_audio(film).samples).max() > 0.5 * np.abs(speech.samples[:, :RATE]).max()  # AAC has no layout of ten


def test_a_wav_that_is_cut_off_is_refused(tmp_path, speech):
    whole = write_wav(tmp_path / "whole.wav", speech.samples[:, : 2 * RATE], RATE)
    with pytest.raises(EmotalkError, match="half.wav: is cut off after 1.0 of 2.0 s; get the whole file"):
        media.read_audio(cut(whole, tmp_path / "half.wav", 0.5))
    nearly = media.read_audio(cut(whole, tmp_path / "nearly.wav", 0.9)).samples  # as other formats may
    assert nearly.shape[1] == pytest.approx(1.8 * RATE, abs=200)


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_wav_of_a_program_that_did_not_know_its_length_is_whole(tmp_path, speech, size):
    path = write_wav(tmp_path / "stream.wav", speech.samples[:, :RATE], RATE, data_size=size)
    if size:
        assert media.read_audio(path).samples.shape == (1, RATE)
    assert media.decode.share_there(path) == 1


def test_a_name_too_long_for_the_file_system_is_one_line():
    for read in (media.read_audio, media.read_video):
        with pytest.raises(EmotalkError, match="cannot be read .*; check the path") as error:
            read(300 * "a" + ".wav")
        assert "\n" not in str(error.value)
