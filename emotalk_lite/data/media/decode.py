"""Media files in: decoded frames with their timestamps, decoded sound at its own rate."""

import os
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from ...errors import EmotalkError
from ...paths import check_readable
from .resample import SILENCE, NoSound, within_range

ENDLESS = 0x7FFF0000  # bytes: from here on, and 0, a WAV's header holds what a program writes that does not know the length yet


class Video(NamedTuple):
    """Decoded video: ``frames`` uint8 (N, H, W, 3) RGB and ``times`` float64 (N,), seconds from the file's start."""

    frames: np.ndarray
    times: np.ndarray


class Audio(NamedTuple):
    """Decoded sound: ``samples`` float32 (channels, N) in [-1, 1] and ``rate``, samples a second."""

    samples: np.ndarray
    rate: int


def read_video(path: str | os.PathLike, enough: int | None = None) -> Video:
    """Decode the first video track of any ordinary video file, upright: a phone writes them as its camera lies, and says how to turn them.

    Args:
        path: of the file.
        enough: pixels of the shorter side; pictures of twice as many or more are averaged down to no fewer than these as they
            are decoded, for a minute of a large film takes gigabytes. None: all stay as they are.

    Raises:
        EmotalkError: no such file, not a media file, no video track, pictures of several sizes, or damaged (truncated) data.

    >>> read_video("no_such_clip.flv")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_clip.flv: no such file; check the path
    """
    frames, times = [], []
    with open_media(path) as container:
        if not container.streams.video:
            raise EmotalkError(f"{path}: has no video track; give a video file")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"  # decode on all cores
        for frame, picture in film_frames(container, stream, path, enough):
            frames.append(picture)
            times.append(frame.time)
    if not frames:
        raise EmotalkError(f"{path}: holds no video frame; get the file again")
    return Video(np.stack(frames), np.array(times))


def film_frames(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    path: str | os.PathLike,
    enough: int | None = None,
    others: Sequence[av.stream.Stream] = (),
    keep: Callable[[av.Packet], None] | None = None,
) -> Iterator[tuple[av.VideoFrame, np.ndarray]]:
    """One after the other, the frames of a video track, and each as an upright picture, uint8 (H, W, 3) RGB.

    Args:
        container: of `open_media`.
        stream: its video track.
        path: for messages.
        enough: as of `read_video`.
        others: tracks whose packets are wanted too, as they are.
        keep: is called with each of these, in the order of the file.

    Raises:
        EmotalkError: frames without timestamps, pictures of several sizes, damaged or truncated data.

    >>> import tempfile; from emotalk_lite.data.media import write_video
    >>> film = write_video(Path(tempfile.mkdtemp()) / "black.mp4", np.zeros((2, 64, 48, 3), np.uint8))
    >>> with open_media(film) as container:
    ...     [(frame.time, picture.shape) for frame, picture in film_frames(container, container.streams.video[0], film)]
    [(0.0, (64, 48, 3)), (0.04, (64, 48, 3))]
    """
    shape, end = None, 0.0
    for frame in _decode(container, stream, path, others, keep):
        if frame.time is None:
            raise EmotalkError(f"{path}: its frames carry no timestamps; convert it to MP4")
        picture = upright(frame, 1 if enough is None else max(1, min(frame.width, frame.height) // enough))
        shape = shape or picture.shape
        if picture.shape != shape:
            raise EmotalkError(f"{path}: its pictures change their size; convert it to one size")
        end = end_time(frame)
        yield frame, picture
    check_whole(container, stream, end, path)


def end_time(frame: av.VideoFrame) -> float:
    """When a decoded frame is over, seconds: pictures of a GIF may stay for any time, and the last one's counts as the others'."""
    return frame.time + float((frame.duration or 0) * frame.time_base)


def upright(frame: av.VideoFrame, shrink: int = 1) -> np.ndarray:
    """A decoded frame as its file says that it is to be seen: uint8 (H, W, 3) RGB, turned by quarters.

    Args:
        frame: of a file.
        shrink: a whole number; so many pixels each way are averaged to one.

    >>> upright(av.VideoFrame(6, 4, "rgb24")).shape, upright(av.VideoFrame(6, 4, "rgb24"), shrink=2).shape
    ((4, 6, 3), (2, 3, 3))
    """
    size = {"width": frame.width // shrink, "height": frame.height // shrink, "interpolation": "AREA"} if shrink > 1 else {}
    turned = np.rot90(frame.to_ndarray(format="rgb24", **size), round(frame.rotation / 90))  # both count against the clock
    return np.ascontiguousarray(turned)


def read_audio(path: str | os.PathLike) -> Audio:
    """Decode the first audio track of any ordinary audio or video file, at its own rate and channels.

    Sound that is louder than 1, as floats and MP3 may be, is divided by its peak.

    Raises:
        NoSound: no audio track, an empty one, or silence (peak below -60 dBFS).
        EmotalkError: no such file, not a media file, or damaged data.

    >>> read_audio("no_such_speech.wav")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such_speech.wav: no such file; check the path
    """
    chunks = []
    with open_media(path) as container:
        if not container.streams.audio:
            raise NoSound(f"{path}: has no audio track; give a recording of speech")
        stream = container.streams.audio[0]
        # samples only: layout and rate stay the first frame's; packed, for PyAV reads beyond its 8 pointers to planes
        to_float = av.AudioResampler(format="flt")
        for frame in _decode(container, stream, path):
            frame.pts = None  # a gap in the timestamps is not the resampler's to fill
            chunks += [out.to_ndarray().reshape(-1, len(out.layout.channels)).T for out in to_float.resample(frame)]
        rate = stream.rate
        length = sum(chunk.shape[1] for chunk in chunks)
        check_whole(container, stream, length / rate, path)
        # MP4 says where the sound ends in the last AAC frame, which is always a whole 1,024 samples
        is_mp4 = "mp4" in container.format.name and stream.duration
        trim = round(float(stream.duration * stream.time_base) * rate) if is_mp4 else None
    if not length:
        raise NoSound(f"{path}: holds no sound at all; record it again")
    samples = np.nan_to_num(np.ascontiguousarray(np.concatenate(chunks, axis=1)), posinf=1, neginf=-1)  # (channels, N)
    if trim is not None:
        samples = samples[:, :trim]
    if np.abs(samples).max() < SILENCE:
        raise NoSound(f"{path}: is silent (peak below -60 dBFS); record it again or turn its level up")
    return Audio(within_range(samples), rate)


@contextmanager
def open_media(path: str | os.PathLike):
    """Open a media file for decoding; whatever ffmpeg says about it becomes one clear line."""
    path = check_readable(path)
    if path.stat().st_size == 0:
        raise EmotalkError(f"{path}: is empty; get the file again")
    try:
        with av.open(str(path)) as container:
            yield container
    except (av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EmotalkError(f"{path}: cannot be read ({reason}); it is not a media file or is damaged") from error


def _decode(container, stream, path, others=(), keep=None):
    """Decode a stream and pass over single damaged packets, as players do; many are an error. Those of `others` go to `keep`."""
    good = bad = 0
    for packet in container.demux([stream, *others]):
        if packet.stream is not stream:
            keep(packet)
            continue
        try:
            decoded = packet.decode()
        except av.error.FFmpegError:  # invalid data, or an error of the decoder's own
            bad += 1
            continue
        good += len(decoded)
        yield from decoded
    if bad > 0.1 * (good + bad):
        raise EmotalkError(f"{path}: is damaged ({bad} of its packets cannot be decoded); get the file again")


def check_whole(container, stream, seconds: float, path) -> None:
    """A file that says how long it is must be about that long; MP3 and raw AAC only guess, so they are exempt."""
    if container.format.name in ("mp3", "aac"):
        return
    if container.format.name == "wav":  # ffmpeg goes by the bytes that are there
        declared = seconds / share_there(path)
    elif stream.duration:
        declared = float(stream.duration * stream.time_base)
    else:
        declared = (container.duration or 0) / av.time_base
    if seconds < 0.9 * declared - 0.25:
        raise EmotalkError(f"{path}: is cut off after {seconds:.1f} of {declared:.1f} s; get the whole file")


def share_there(path: str | os.PathLike) -> float:
    """How much of the sound that a WAV's header promises is there: above 0, up to 1; 1 where the header does not say.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "half.wav"
    >>> fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    >>> _ = path.write_bytes(b"RIFF" + struct.pack("<I4s", 236, b"WAVE") + fmt + struct.pack("<4sI", b"data", 200) + bytes(100))
    >>> share_there(path)
    0.5
    """
    with open(path, "rb") as file:
        file.seek(12)  # past RIFF, its size and WAVE
        while len(header := file.read(8)) == 8:
            name, size = struct.unpack("<4sI", header)
            if name == b"data":
                there = os.path.getsize(path) - file.tell()
                return there / size if 0 < there < size < ENDLESS else 1.0
            file.seek(size + size % 2, os.SEEK_CUR)  # chunks begin at even bytes
    return 1.0
