"""Media files out: H.264 and AAC in an MP4."""

import itertools
import math
import os
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import torch
from av.video.reformatter import ColorRange, Colorspace

from ...errors import EmotalkError
from ...paths import atomic_path
from ...presets import FPS
from .resample import to_mono

AAC_RATES = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)  # Hz
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}  # channels -> ffmpeg's name
SMALL = 64  # pixels: below, x264's macroblock tree reads memory that nobody wrote, and the same frames give other bytes now and then


def write_video(
    path: str | os.PathLike,
    frames: Iterable[np.ndarray],
    fps: int = FPS,
    audio: np.ndarray | None = None,
    sample_rate: int | None = None,
    crf: int = 18,
    comment: str | None = None,
) -> Path:
    """Write an H.264 (yuv420p) video with AAC sound, playable everywhere, ready for the web (faststart).

    An odd width or height is padded by one pixel, which yuv420p needs. Sound shorter than the picture is padded
    with silence to the same duration; its channels are kept, and its rate too if AAC knows it (else the next
    higher, or 96 kHz).

    Args:
        path: where to; ``.mp4``, ``.m4v`` or ``.mov``.
        frames: uint8 (T, H, W, 3) RGB, T >= 1; or an iterator of (H, W, 3), each encoded before the next one is asked for: a long
            film is never in memory as a whole.
        fps: frames a second.
        audio: float32 (N,) or (channels, N) in [-1, 1], or None for a silent film.
        sample_rate: samples a second of ``audio``.
        crf: x264's constant rate factor; 18 is close to the original, 28 is small.
        comment: what the file says of itself; players and ``ffprobe`` show it.

    Returns:
        ``path``.

    Raises:
        EmotalkError: the path cannot be written, or has another suffix; or there is no frame. Nothing is left behind.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "black.mp4"
    >>> write_video(path, np.zeros((5, 64, 48, 3), np.uint8)).name
    'black.mp4'
    """
    path = Path(path)
    if path.suffix.lower() not in (".mp4", ".m4v", ".mov"):
        raise EmotalkError(f"cannot write {path}: H.264 video goes into an .mp4 file; give the name that suffix")
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise EmotalkError(f"cannot write {path}: there is no frame; give one at least")
    height, width = (side + side % 2 for side in first.shape[:2])
    try:
        with atomic_path(path) as temporary:
            with av.open(str(temporary), "w", options={"movflags": "+faststart"}) as container:
                if comment is not None:
                    container.metadata["comment"] = comment
                options = {"crf": str(crf)}
                if min(height, width) < SMALL:
                    options["x264-params"] = "mbtree=0"
                picture = container.add_stream("libx264", rate=fps, options=options)
                picture.height, picture.width, picture.pix_fmt = height, width, "yuv420p"
                # say which matrix made the colours, or each player guesses by the picture's size
                picture.codec_context.colorspace = Colorspace.ITU709
                picture.codec_context.color_range = ColorRange.MPEG
                if audio is not None:
                    audio, rate = _for_aac(np.atleast_2d(audio), sample_rate)
                    sound = container.add_stream("aac", rate=rate, layout=LAYOUTS[len(audio)])
                for n, frame in enumerate(itertools.chain([first], frames), start=1):
                    container.mux(picture.encode(_for_h264(frame)))
                container.mux(picture.encode(None))
                if audio is not None:
                    missing = math.ceil(n * rate / fps) - audio.shape[1]
                    audio = np.pad(audio, ((0, 0), (0, max(missing, 0))))
                    for packet in _encode_sound(sound, audio, rate):
                        container.mux(packet)
    except (av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EmotalkError(f"cannot write {path}: {reason}; choose another place") from error
    return path


def _for_h264(frame: np.ndarray) -> av.VideoFrame:
    height, width, _ = frame.shape
    if height % 2 or width % 2:
        frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24").reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)


def _encode_sound(stream, audio: np.ndarray, rate: int):
    packed = np.ascontiguousarray(audio.T, np.float32).reshape(1, -1)  # PyAV takes no 8 planes
    frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=LAYOUTS[len(audio)])
    frame.sample_rate, frame.pts = rate, 0
    yield from stream.encode(frame)
    yield from stream.encode(None)


def _for_aac(audio: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
    """Bring sound to a number of channels and a rate that AAC can carry, changing as little as possible."""
    if len(audio) not in LAYOUTS:
        audio = to_mono(audio)[None]
    if rate in AAC_RATES:
        return audio, rate
    from torchaudio.functional import resample

    target = min((r for r in AAC_RATES if r > rate), default=AAC_RATES[-1])
    changed = resample(torch.from_numpy(np.ascontiguousarray(audio)), rate, target)
    return changed.clamp(-1, 1).numpy(), target  # the filter may overshoot a little
