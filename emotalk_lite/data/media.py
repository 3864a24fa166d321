"""Every media file in and out, through PyAV (ffmpeg with its codecs inside the wheel).

Video comes in as frames with their timestamps, and goes to 25 frames a second by those timestamps; speech comes
in at its own rate, and goes to 8 kHz mono through a low-pass filter. Generated video goes out as H.264 + AAC.
"""

import math
import os
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import torch

from av.video.reformatter import ColorRange, Colorspace

from ..errors import EmotalkError
from ..paths import atomic_path
from ..presets import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME

AAC_RATES = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)  # Hz
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}  # channels -> ffmpeg's name
SILENCE = 10 ** (-60 / 20)  # peak below -60 dBFS: nothing that a listener would call speech


class Video(NamedTuple):
    """Decoded video: ``frames`` uint8 (N, H, W, 3) RGB and ``times`` float64 (N,), seconds from the file's start."""

    frames: np.ndarray
    times: np.ndarray


class Audio(NamedTuple):
    """Decoded sound: ``samples`` float32 (channels, N) in [-1, 1] and ``rate``, samples a second."""

    samples: np.ndarray
    rate: int


def read_video(path: str | os.PathLike) -> Video:
    """Decode the first video track of any ordinary video file.

    Raises:
        EmotalkError: no such file, not a media file, no video track, or damaged (truncated) data.

    >>> read_video("no_such_clip.flv")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_clip.flv: no such file; check the path
    """
    frames, times = [], []
    with _open(path) as container:
        if not container.streams.video:
            raise EmotalkError(f"{path}: has no video track; give a video file")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"  # decode on all cores
        for frame in _decode(container, stream, path):
            if frame.time is None:
                raise EmotalkError(f"{path}: its frames carry no timestamps; convert it to MP4")
            frames.append(frame.to_ndarray(format="rgb24"))
            times.append(frame.time)
        _check_whole(container, stream, times[-1] if times else 0, path)
    return Video(np.stack(frames), np.array(times))


def read_audio(path: str | os.PathLike) -> Audio:
    """Decode the first audio track of any ordinary audio or video file, at its own rate and channels.

    Raises:
        EmotalkError: no such file, not a media file, no audio track, empty, silent (peak below -60 dBFS), or
            damaged data.

    >>> read_audio("no_such_speech.wav")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_speech.wav: no such file; check the path
    """
    chunks = []
    with _open(path) as container:
        if not container.streams.audio:
            raise EmotalkError(f"{path}: has no audio track; give a recording of speech")
        stream = container.streams.audio[0]
        to_float = av.AudioResampler(format="fltp")  # samples only: layout and rate stay the first frame's
        for frame in _decode(container, stream, path):
            frame.pts = None  # a gap in the timestamps is not the resampler's to fill
            chunks += [out.to_ndarray() for out in to_float.resample(frame)]
        rate = stream.rate
        length = sum(chunk.shape[1] for chunk in chunks)
        _check_whole(container, stream, length / rate, path)
        # MP4 says where the sound ends in the last AAC frame, which is always a whole 1,024 samples
        is_mp4 = "mp4" in container.format.name and stream.duration
        trim = round(float(stream.duration * stream.time_base) * rate) if is_mp4 else None
    if not length:
        raise EmotalkError(f"{path}: holds no sound at all; record it again")
    samples = np.nan_to_num(np.concatenate(chunks, axis=1))  # (channels, N)
    if trim is not None:
        samples = samples[:, :trim]
    if np.abs(samples).max() < SILENCE:
        raise EmotalkError(f"{path}: is silent (peak below -60 dBFS); record it again or turn its level up")
    return Audio(samples, rate)


def n_frames(duration: float) -> int:
    """How many 25-fps frames cover ``duration`` seconds: ``ceil(duration * 25)``.

    The product is rounded at 1e-6 first, so that a duration which is a whole number of frames up to floating
    point stays that number.

    >>> n_frames(1.0), n_frames(1.001), n_frames(0.28), n_frames(2.04)
    (25, 26, 7, 51)
    """
    return math.ceil(round(duration * FPS, 6))


def resample_times(times: np.ndarray, count: int, fps: float = FPS) -> np.ndarray:
    """For each of ``count`` output frames, the index of the source frame nearest in time.

    Output frame k shows time k / fps. Going by timestamps keeps every frame within half a source interval of
    the truth for the whole clip; dropping every sixth frame of 29.97 instead loses 0.1 % of time, is uneven, and
    breaks wherever the camera skipped a frame. Past the last source frame, that frame is held.

    Args:
        times: float (N,) ascending timestamps in seconds.
        count: number of output frames.
        fps: output frames a second.

    Returns:
        int64 (count,) ascending indices into the source frames; at equal distance, the earlier one.

    >>> resample_times(np.arange(7) / 30, 6)        # 30 -> 25 frames a second
    array([0, 1, 2, 4, 5, 6])
    """
    wanted = np.arange(count) / fps
    right = np.searchsorted(times, wanted).clip(1, max(len(times) - 1, 1))
    left = right - 1
    right = right.clip(max=len(times) - 1)
    return np.where(wanted - times[left] <= times[right] - wanted, left, right)


def to_mono_8k(samples: np.ndarray, rate: int) -> np.ndarray:
    """Mix down to mono and resample to 8 kHz with a windowed-sinc low-pass (torchaudio's Resample).

    Args:
        samples: float32 (channels, N) or (N,) in [-1, 1].
        rate: samples a second.

    Returns:
        float32 (ceil(N * 8000 / rate),) in [-1, 1].

    >>> to_mono_8k(np.zeros((2, 44100), np.float32), 44100).shape
    (8000,)
    """
    from torchaudio.functional import resample

    mono = torch.from_numpy(np.atleast_2d(samples).mean(axis=0, dtype=np.float32))  # (N,)
    if rate != SAMPLE_RATE:
        # 64 zero crossings: a steep filter, so that consonants up to 3.9 kHz survive and nothing folds back
        mono = resample(mono, rate, SAMPLE_RATE, lowpass_filter_width=64)
    return mono.clamp(-1, 1).numpy()  # the filter may overshoot a little


def fit_to_frames(audio: np.ndarray, count: int) -> np.ndarray:
    """Cut or zero-pad 8 kHz sound to exactly ``count`` frames: ``count * 320`` samples.

    >>> fit_to_frames(np.ones(700, np.float32), 3).shape
    (960,)
    """
    audio = audio[: count * SAMPLES_PER_FRAME]
    return np.pad(audio, (0, count * SAMPLES_PER_FRAME - len(audio)))


def normalise(audio: np.ndarray) -> np.ndarray:
    """Scale sound so that its largest absolute value is 1: the generator hears every recording at the same level.

    Raises:
        EmotalkError: silent (peak below -60 dBFS); the reference divides by zero here.

    Source: reference.

    >>> normalise(np.array([0.1, -0.2], np.float32))
    array([ 0.5, -1. ], dtype=float32)
    """
    peak = np.abs(audio).max(initial=0.0)
    if peak < SILENCE:
        raise EmotalkError("the speech is silent (peak below -60 dBFS); record it again or turn its level up")
    return audio / peak


def speech_input(samples: np.ndarray, rate: int) -> np.ndarray:
    """What the generator hears of a recording: 8 kHz mono, peak 1, zeros at the end up to a whole video frame.

    Preparing training clips and talking both go through here, so both hear the same.

    Args:
        samples: float32 (channels, N) or (N,).
        rate: samples a second.

    Returns:
        float32 (T * 320,) in [-1, 1], T = ``n_frames(N / rate)``.

    Raises:
        EmotalkError: silent.

    >>> speech_input(np.ones((2, 44100), np.float32), 44100).shape
    (8000,)
    """
    return fit_to_frames(normalise(to_mono_8k(samples, rate)), n_frames(samples.shape[-1] / rate))


def write_video(
    path: str | os.PathLike,
    frames: np.ndarray,
    fps: int = FPS,
    audio: np.ndarray | None = None,
    sample_rate: int | None = None,
    crf: int = 18,
) -> Path:
    """Write an H.264 (yuv420p) video with AAC sound, playable everywhere, ready for the web (faststart).

    An odd width or height is padded by one pixel, which yuv420p needs. Sound shorter than the picture is padded
    with silence to the same duration; its channels are kept, and its rate too if AAC knows it (else the next
    higher one that AAC knows).

    Args:
        path: where to; ``.mp4``, ``.m4v`` or ``.mov``.
        frames: uint8 (T, H, W, 3) RGB, T >= 1.
        fps: frames a second.
        audio: float32 (N,) or (channels, N) in [-1, 1], or None for a silent film.
        sample_rate: samples a second of ``audio``.
        crf: x264's constant rate factor; 18 is close to the original, 28 is small.

    Returns:
        ``path``.

    Raises:
        EmotalkError: the path cannot be written, or has another suffix. Nothing is left behind.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "black.mp4"
    >>> read_video(write_video(path, np.zeros((5, 64, 48, 3), np.uint8))).frames.shape
    (5, 64, 48, 3)
    """
    path = Path(path)
    if path.suffix.lower() not in (".mp4", ".m4v", ".mov"):
        raise EmotalkError(f"cannot write {path}: H.264 video goes into an .mp4 file; give the name that suffix")
    height, width = frames.shape[1:3]
    frames = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    try:
        with atomic_path(path) as temporary:
            with av.open(str(temporary), "w", options={"movflags": "+faststart"}) as container:
                picture = container.add_stream("libx264", rate=fps, options={"crf": str(crf)})
                picture.height, picture.width, picture.pix_fmt = *frames.shape[1:3], "yuv420p"
                # say which matrix made the colours, or each player guesses by the picture's size
                picture.codec_context.colorspace = Colorspace.ITU709
                picture.codec_context.color_range = ColorRange.MPEG
                sound = None
                if audio is not None:
                    audio, rate = _for_aac(np.atleast_2d(audio), sample_rate)
                    missing = math.ceil(len(frames) * rate / fps) - audio.shape[1]
                    audio = np.pad(audio, ((0, 0), (0, max(missing, 0))))
                    sound = container.add_stream("aac", rate=rate, layout=LAYOUTS[len(audio)])
                for packet in _encode_picture(picture, frames):
                    container.mux(packet)
                if sound is not None:
                    for packet in _encode_sound(sound, audio, rate):
                        container.mux(packet)
    except (av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EmotalkError(f"cannot write {path}: {reason}; choose another place") from error
    return path


def _encode_picture(stream, frames: np.ndarray):
    for frame in frames:
        image = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        yield from stream.encode(image.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709))
    yield from stream.encode(None)


def _encode_sound(stream, audio: np.ndarray, rate: int):
    block = np.ascontiguousarray(audio, np.float32)
    frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=LAYOUTS[len(audio)])
    frame.sample_rate, frame.pts = rate, 0
    yield from stream.encode(frame)
    yield from stream.encode(None)


def _for_aac(audio: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
    """Bring sound to a number of channels and a rate that AAC can carry, changing as little as possible."""
    if len(audio) not in LAYOUTS:
        audio = audio.mean(axis=0, keepdims=True)
    if rate in AAC_RATES:
        return audio, rate
    from torchaudio.functional import resample

    target = min((r for r in AAC_RATES if r > rate), default=AAC_RATES[-1])
    return resample(torch.from_numpy(np.ascontiguousarray(audio)), rate, target).numpy(), target


@contextmanager
def _open(path: str | os.PathLike):
    """Open a media file for decoding; whatever ffmpeg says about it becomes one clear line."""
    path = Path(path)
    if path.is_dir():
        raise EmotalkError(f"{path}: is a folder; give a file")
    if not path.exists():
        raise EmotalkError(f"{path}: no such file; check the path")
    if path.stat().st_size == 0:
        raise EmotalkError(f"{path}: is empty; get the file again")
    try:
        with av.open(str(path)) as container:
            yield container
    except (av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EmotalkError(f"{path}: cannot be read ({reason}); it is not a media file or is damaged") from error


def _decode(container, stream, path):
    """Decode a stream and pass over single damaged packets, as players do; many are an error."""
    good = bad = 0
    for packet in container.demux(stream):
        try:
            decoded = packet.decode()
        except av.error.InvalidDataError:
            bad += 1
            continue
        good += len(decoded)
        yield from decoded
    if bad > 0.1 * (good + bad):
        raise EmotalkError(f"{path}: is damaged ({bad} of its packets cannot be decoded); get the file again")


def _check_whole(container, stream, seconds: float, path) -> None:
    """A file that says how long it is must be about that long; MP3 and raw AAC only guess, so they are exempt."""
    if container.format.name in ("mp3", "aac"):
        return
    if stream.duration:
        declared = float(stream.duration * stream.time_base)
    else:
        declared = (container.duration or 0) / av.time_base
    if seconds < 0.9 * declared - 0.25:
        raise EmotalkError(f"{path}: is cut off after {seconds:.1f} of {declared:.1f} s; get the whole file")
