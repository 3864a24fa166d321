"""Talking: any ordinary face and recording in, 25 frames a second with the recording's own sound out."""

import math
import re

import av
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from talk_inputs import checkpoint, portrait_file, save_random_generator, speech, speech_file, write_audio  # noqa: F401

from emotalk_lite.checkpoint import fingerprint, load_generator
from emotalk_lite.clip import Clip
from emotalk_lite.data.align import align_face
from emotalk_lite.data.clips import load_clip, load_speech
from emotalk_lite.data.media import read_audio, read_video, speech_input, write_video
from emotalk_lite.data.sample import sample
from emotalk_lite.data.windows import to_signed
from emotalk_lite.emotions import EMOTIONS
from emotalk_lite.errors import EmotalkError
from emotalk_lite.generate import SHIPPED, emotion_weights, generate, is_stranger, read_speech, talk
from emotalk_lite.presets import PRESETS, SAMPLE_RATE, SAMPLES_PER_FRAME
from emotalk_lite.superres import load_upscaler, upscale_file
from emotalk_lite.viz import side_by_side
from toy import TOY


LUMA = np.array([0.2126, 0.7152, 0.0722])  # of red, green and blue, BT.709


@pytest.fixture(scope="module")
def face(portrait):
    """A stand-in for an aligned face, where finding one is not the matter: (128, 128, 3)."""
    return np.array(Image.fromarray(portrait[:300, 80:380]).resize((128, 128)))


@pytest.fixture(scope="module")
def utterance(speech):
    """One second of speech as the generator hears it."""
    return speech_input(speech.samples[:, : speech.rate], speech.rate)


@pytest.fixture(scope="module")
def generator(checkpoint):
    return load_generator(checkpoint)


def happy():
    return emotion_weights("happiness")


@pytest.mark.parametrize(
    ("suffix", "codec", "rate", "channels", "seconds"),
    [
        (".wav", "pcm_u8", 8000, 1, 0.2801),
        (".wav", "pcm_s16le", 11025, 2, 0.5),
        (".wav", "pcm_s24le", 48000, 2, 1.0),
        (".wav", "pcm_f32le", 22050, 1, 0.999),
        (".flac", "flac", 16000, 1, 0.7301),
        (".mp3", "libmp3lame", 44100, 2, 0.6),
        (".m4a", "aac", 32000, 1, 0.6),
    ],
)
def test_every_kind_of_recording_gives_frames_for_all_of_it_and_keeps_its_sound(
    suffix, codec, rate, channels, seconds, speech, portrait_file, checkpoint, tmp_path
):
    start = int(0.8 * speech.rate)  # where the talking is
    samples = resampled(speech.samples[:, start : start + 2 * speech.rate], speech.rate, rate)[:, : round(seconds * rate)]
    samples = np.concatenate([samples, 0.5 * samples])[:channels]
    path = write_audio(tmp_path / f"speech{suffix}", samples, rate, codec)

    clip = talk(portrait_file, path, "happiness", checkpoint=checkpoint, progress=False)

    heard = read_audio(path)
    assert len(clip.frames) == math.ceil(round(heard.samples.shape[1] / heard.rate * 25, 6))
    assert clip.frames.shape[1:] == (128, 128, 3) and clip.frames.dtype == np.uint8
    assert (clip.sample_rate, clip.fps) == (rate, 25)
    np.testing.assert_array_equal(clip.audio, heard.samples)

    saved = clip.save(tmp_path / "talk.mp4")
    back = read_audio(saved)
    assert (len(back.samples), back.rate) == (channels, rate)
    n = min(back.samples.shape[1], heard.samples.shape[1])
    assert np.corrcoef(back.samples[0, :n], heard.samples[0, :n])[0, 1] > 0.95
    video = read_video(saved)
    assert len(video.frames) == len(clip.frames)
    written, drawn = ((frames @ LUMA).ravel() for frames in (video.frames, clip.frames))
    assert np.corrcoef(written, drawn)[0, 1] > 0.98  # H.264 is lossy, and colour has half the resolution


def resampled(samples, rate, target):
    from torchaudio.functional import resample

    return resample(torch.from_numpy(samples), rate, target).numpy()


@pytest.mark.parametrize("n_samples", [1, 319, 320, 321, 8000, 8001, 9599])
def test_the_number_of_frames_is_the_duration_rounded_up(n_samples, speech, face, generator):
    loudest = int(np.abs(speech.samples[0]).argmax())
    audio = read_speech((speech.samples[:, loudest : loudest + n_samples], SAMPLE_RATE))
    frames = generate(generator, face, speech_input(*audio), happy())
    assert len(frames) == math.ceil(n_samples / 320)


def as_alpha_png(picture, path):
    rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    rgba[:40, :40, 3] = 0
    Image.fromarray(rgba).save(path)


def as_rotated_jpeg(picture, path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the viewer has to turn it by 90 degrees clockwise
    Image.fromarray(np.rot90(picture)).save(path, quality=95, exif=exif)


PICTURES = {
    "alpha.png": as_alpha_png,
    "grey.jpg": lambda picture, path: Image.fromarray(picture).convert("L").save(path),
    "colour.webp": lambda picture, path: Image.fromarray(picture).save(path, quality=90),
    "rotated.jpg": as_rotated_jpeg,
    "20-megapixels.jpg": lambda picture, path: Image.fromarray(picture).resize((4480, 4480)).save(path, quality=80),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_kind_of_picture_shows_the_same_face(name, portrait, speech_file, checkpoint, tmp_path):
    PICTURES[name](portrait, tmp_path / name)
    quarter = read_audio(speech_file).samples[:, 30_000:41_025], 44100
    of_file = talk(tmp_path / name, quarter, "fear", checkpoint=checkpoint, progress=False)
    of_array = talk(portrait, quarter, "fear", checkpoint=checkpoint, progress=False)
    a, b = (clip.face.mean(axis=-1).ravel() for clip in (of_file, of_array))
    assert np.corrcoef(a, b)[0, 1] > 0.95  # MTCNN's points move by up to 0.7 pixels with resizing and compression
    assert of_file.frames.shape == of_array.frames.shape == (7, 128, 128, 3)


def test_chunks_change_memory_and_not_the_result(speech, face, checkpoint, tmp_path):
    recurrent = save_random_generator(tmp_path / "recurrent.safetensors", remembering())
    utterance = speech_input(speech.samples[:, : 2 * speech.rate], speech.rate)
    for path in (checkpoint, recurrent):
        whole, parts = (generate(load_generator(path), face, utterance, happy(), chunk=n) for n in (1000, 7))
        assert len(whole) == 50
        assert np.abs(whole.astype(int) - parts).max() <= 1  # rounding to 8 bits


def remembering():
    """The smoke preset's size with a ConvLSTM, whose state has to pass from chunk to chunk."""
    from dataclasses import replace

    return replace(PRESETS["smoke"].model, conv_lstm=True)


def test_the_same_seed_gives_the_same_frames_and_another_seed_others(generator, face, utterance):
    first, again, other = (generate(generator, face, utterance, happy(), seed=seed) for seed in (3, 3, 4))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_every_input_matters(generator, face, utterance):
    frames = generate(generator, face, utterance, [0, 0, 0, 1, 0, 0]).astype(int)
    assert np.abs(frames - generate(generator, face, utterance, emotion_weights("sadness"))).max() > 2
    assert np.abs(frames - generate(generator, face, utterance[::-1].copy(), happy())).max() > 2
    assert np.abs(frames - generate(generator, face[::-1].copy(), utterance, happy())).max() > 2


def test_an_emotion_may_be_written_in_many_ways():
    assert emotion_weights("HAP") == emotion_weights({"happy": 1}) == emotion_weights((0, 0, 0, 1, 0, 0)) == happy()
    assert emotion_weights(np.zeros(6)) == (0.0,) * 6
    assert emotion_weights(np.array([0.5, 0, 0, 0, 0, 0.5])) == emotion_weights("anger:0.5,sadness:0.5")
    for wrong in ("joy", [1, 0], [[1, 2], [3]], {3: 1.0}, [0, 0, 0, 2, 0, 0], [0.5] * len(EMOTIONS), [float("nan")] + [0] * 5):
        with pytest.raises(EmotalkError):
            emotion_weights(wrong)


def test_samples_in_memory_are_heard_like_a_file(speech, face, generator):
    as_integers = (speech.samples[0] * 32767).astype(np.int16)
    sound = read_speech((as_integers, speech.rate))
    assert sound.samples.shape == speech.samples.shape
    assert np.abs(sound.samples - speech.samples).max() < 1e-4
    as_bytes = (128 + 127 * speech.samples[0]).round().astype(np.uint8)  # 8-bit WAV: silence is 128
    assert np.abs(read_speech((as_bytes, speech.rate)).samples - speech.samples).max() < 0.5 / 127 + 1e-6
    for dtype, silence in ((np.uint8, 128), (np.int16, 0), (np.int32, 0)):
        assert not read_speech((np.full(100, silence, dtype), 8000)).samples.any()
    for wrong in (speech.samples.T, np.zeros((1, 0)), np.full((1, 100), np.nan)):
        with pytest.raises(EmotalkError, match="no sound"):
            read_speech((wrong, 8000))
    with pytest.raises(EmotalkError, match="silent"):
        speech_input(*read_speech((np.zeros(8000), 8000)))


def test_samples_in_memory_are_never_beyond_1(speech):
    lowest = np.array([-32768, 0, 16384], np.int16)  # there is one step more below zero than above
    assert read_speech((lowest, 8000)).samples.min() == -1
    doubled = 2 * speech.samples / np.abs(speech.samples).max()
    assert np.abs(2 * read_speech((doubled, speech.rate)).samples - doubled).max() < 1e-6
    assert (read_speech((doubled / 2, speech.rate)).samples == doubled / 2).all()


@pytest.mark.parametrize(
    ("audio", "complaint"),
    [
        ((np.full(8000, 32767.0), 8000), r"float samples are in \[-1, 1\], and these reach 32767; divide int16 by 32768"),
        ((np.ones(8000), "44100"), "'44100' is no sampling rate; give samples a second"),
        ((np.ones(8000), 0.5), "0.5 is no sampling rate"),
        ((np.ones(8000), None), "None is no sampling rate"),
        ((8000, np.ones((8000, 2))), r"a rate of shape \(8000, 2\) is none; give \(samples, rate\), in this order"),
        (([[1, 2], [3]], 8000), "channels of unequal length"),
        ((["a"], 8000), "are no sound; give numbers"),
        (np.ones(8000), r"speech is a path or \(samples, rate\), not ndarray"),
    ],
)
def test_what_is_no_sound_in_memory_is_one_line(audio, complaint):
    with pytest.raises(EmotalkError, match=complaint) as error:
        read_speech(audio)
    assert "\n" not in str(error.value)


def test_a_checkpoint_that_draws_another_size_is_refused(portrait_file, speech_file, tmp_path):
    small = save_random_generator(tmp_path / "small.safetensors", TOY)
    with pytest.raises(EmotalkError, match="draws 32 x 32 pixels, not 128 x 128"):
        talk(portrait_file, speech_file, "fear", checkpoint=small)


def test_without_a_checkpoint_the_shipped_one_talks_with_a_face_it_never_saw(portrait_file, speech_file):
    clip = talk(portrait_file, speech_file, "happiness")
    assert np.abs(clip.frames[:, 4:20, 4:20].astype(int) - clip.face[4:20, 4:20]).mean() < 8  # what does not move is kept
    mouth = clip.frames[:, 80:104, 44:84].astype(int)
    assert np.abs(np.diff(mouth, axis=0)).mean() > 0.5  # and the mouth is not frozen


def test_the_shipped_checkpoint_is_small_and_has_a_card():
    assert SHIPPED.stat().st_size <= 12_000_000
    card = SHIPPED.with_suffix(".md").read_text()
    assert all(f"## {part}" in card for part in ("What it is", "Numbers", "Limits", "Data", "How it came about"))


def test_in_a_notebook_a_clip_is_a_small_player_with_sound(generator, face, speech):
    three_seconds = np.tile(speech.samples, 3)[:, : 3 * speech.rate]
    frames = generate(generator, face, speech_input(three_seconds, speech.rate), happy())
    shown = Clip(frames, three_seconds, speech.rate, emotion=happy())._repr_html_()
    assert shown.startswith("<video controls") and 'src="data:video/mp4;base64,' in shown
    assert 'aria-label="A generated face speaks for 3.0 seconds, happiness"' in shown
    assert len(shown) <= 300_000


def said_of_itself(path):
    with av.open(str(path)) as film:
        return next(said for key, said in film.metadata.items() if key.lower() == "comment")


def sound_packets(path):
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(film.streams.audio[0])]


def test_a_saved_film_says_that_it_is_generated_and_by_what_enlarged_too(portrait, speech, checkpoint, tmp_path):
    clip = talk(portrait, (speech.samples[:, 30_000:34_000], speech.rate), "happiness:0.6", checkpoint=checkpoint, progress=False)
    saved = clip.save(tmp_path / "talk.mp4")
    said = said_of_itself(saved)
    assert said.startswith("Generated by emotalk_lite") and "not a recording. Emotion: happiness 0.6" in said
    assert said.endswith(f"Checkpoint: {checkpoint.name}, SHA-256 {fingerprint(checkpoint)[:12]}...") and str(checkpoint.parent) not in said
    assert saved.read_bytes() == clip.save(tmp_path / "again.mp4").read_bytes()
    plain = write_video(tmp_path / "plain.mp4", clip.frames, clip.fps, clip.audio, clip.sample_rate)
    assert sound_packets(saved) == sound_packets(plain) and (read_video(saved).frames == read_video(plain).frames).all()
    (tmp_path / "page.mp4").write_bytes(clip.mp4())
    assert said_of_itself(tmp_path / "page.mp4") == said
    for large in (tmp_path / "large.mp4", tmp_path / "large.mkv"):
        upscale_file(saved, large, load_upscaler("bicubic"), progress=False)
        assert said_of_itself(large) == said

    unknown = Clip(clip.frames, clip.audio, clip.sample_rate)
    assert "take it for generated" in said_of_itself(unknown.save(tmp_path / "unknown.mp4"))
    both = side_by_side({"recording": unknown, "drawn": clip})
    assert said_of_itself(both.save(tmp_path / "both.mp4")).startswith("Generated by")


@pytest.mark.parametrize(("pixels", "letters"), [(128, 10), (512, 26)])
def test_a_label_can_be_read_in_the_saved_film_and_covers_a_corner_only(pixels, letters, face, tmp_path):
    frames = np.array(Image.fromarray(face).resize((pixels, pixels)))[None].repeat(6, axis=0)
    clip = Clip(frames, np.zeros(1920, np.float32), 8000)
    kept = frames.copy()
    seen = read_video(clip.labelled().save(tmp_path / "talk.mp4")).frames[-1].mean(axis=-1)
    assert (clip.frames == kept).all()
    font = ImageFont.load_default(letters)
    width, height = (int(n) for n in font.getbbox("generated")[2:])
    word = Image.new("L", (width, height))
    ImageDraw.Draw(word).text((0, 0), "generated", 255, font)
    word = np.array(word.crop(word.getbbox()))
    corner = seen[-len(word) - letters // 2 :, : word.shape[1] + letters // 2]
    places = [corner[y : y + len(word), x : x + word.shape[1]] for y in range(len(corner) - len(word) + 1) for x in range(letters // 2 + 1)]
    assert max(np.corrcoef(place.ravel(), word.ravel())[0, 1] for place in places) > 0.95, "the word cannot be found where it should be"
    assert np.ptp(seen[-len(word) :, : word.shape[1]]) > 180, "white on black"
    rest = clip.labelled().frames != frames
    assert not rest[:, : -len(word) - letters].any() and not rest[:, :, pixels // 2 :].any()
    with pytest.raises(EmotalkError, match="no room for a label"):
        Clip(frames[:, :32, :32], clip.audio, 8000).labelled()


def test_a_strangers_film_shows_the_same_face_before_the_first_word_as_later(portrait_file):
    """The LSTMs have heard nothing yet; without a lead-in, the brows of the first frames change by 1.7 times as much as later."""
    shipped, face = load_generator(SHIPPED), align_face(portrait_file).image
    voice = load_speech(sample().path(sample().speech[0]))
    film = generate(shipped, face, voice, [float(name == "happiness") for name in EMOTIONS]).astype(int)
    change = np.abs(film - face)[:, 40:60, 30:98].mean(axis=(1, 2, 3))  # grey levels
    assert abs(change[0] / np.median(change) - 1) < 0.25


def test_who_was_filmed_is_known_with_the_sound_of_the_film_and_a_stranger_otherwise(portrait_file):
    shipped, manifest = load_generator(SHIPPED), sample()
    clips = [load_clip(manifest.path(entry)) for entry in manifest.clips]
    others = [load_speech(manifest.path(entry)) for entry in manifest.speech]
    picture = clips[0].frames[0]
    with torch.inference_mode():
        known, unknown = (to_signed(face)[None] for face in (picture, align_face(portrait_file).image))
        for speech in (clip.audio for clip in clips):
            own, cut = torch.from_numpy(speech)[None], torch.from_numpy(speech[: -5 * SAMPLES_PER_FRAME])[None]
            assert not is_stranger(shipped, known, own) and not is_stranger(shipped, known, cut) and is_stranger(shipped, unknown, own)
        assert all(is_stranger(shipped, known, torch.from_numpy(speech)[None]) for speech in (*others, 0 * others[0]))


def test_with_a_strangers_voice_the_filmed_mans_eyes_stay_sharp():
    """Drawn, they dissolve: down to a quarter of the picture's sharpness, which is why he is moved then."""
    manifest = sample()
    neutral = next(load_clip(manifest.path(entry)) for entry in manifest.clips if entry.emotion == "neutral")
    film = generate(load_generator(SHIPPED), neutral.frames[0], load_speech(manifest.path(manifest.speech[0])), [1.0, 0, 0, 0, 0, 0])
    grey = np.concatenate([neutral.frames[:1], film]).mean(axis=-1)[:, 44:61, 27:101]
    edges = np.abs(4 * grey[:, 1:-1, 1:-1] - grey[:, :-2, 1:-1] - grey[:, 2:, 1:-1] - grey[:, 1:-1, :-2] - grey[:, 1:-1, 2:]).mean(axis=(1, 2))
    assert edges[1:].min() > 0.6 * edges[0]


def test_speech_that_nobody_hears_is_named_by_its_file(portrait_file, checkpoint, tmp_path):
    ultrasound = 0.01 * np.sin(2 * np.pi * 20_000 * np.arange(48_000) / 48_000, dtype=np.float32)[None]
    path = write_audio(tmp_path / "bat.wav", ultrasound, 48_000, "pcm_s16le")
    with pytest.raises(EmotalkError, match="^.*bat.wav: the speech is silent"):
        talk(portrait_file, path, "fear", checkpoint=checkpoint)
    with pytest.raises(EmotalkError, match="^the speech is silent"):
        talk(portrait_file, (ultrasound, 48_000), "fear", checkpoint=checkpoint)


def test_a_picture_without_room_around_the_face_is_taken_and_said(portrait, speech, checkpoint, tmp_path, capsys):
    voice = speech.samples[:, 30_000:34_000], speech.rate
    Image.fromarray(portrait[75:185, 165:280]).save(tmp_path / "close.png")
    talk(tmp_path / "close.png", voice, "fear", checkpoint=checkpoint, progress=False)
    line = r".*close.png: is cropped so closely that \d\d% of the frame is made up; give one with room around the face\n"
    assert re.fullmatch(line, capsys.readouterr().err)
    talk(portrait, voice, "fear", checkpoint=checkpoint, progress=False)
    assert capsys.readouterr().err == ""
