"""What a video file says of itself: resolution, length, bitrate, and how it was encoded."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import av

from ..errors import EmotalkError

X264_SAYS = re.compile(rb"x264 - core.*?crf=([\d.]+)", re.DOTALL)  # in the stream's first packet


@dataclass(frozen=True)
class MediaInfo:
    """Of the first video track; `crf` is x264's constant rate factor where the file tells it."""

    width: int
    height: int
    frames: int
    seconds: float
    fps: float
    codec: str
    kilobits_per_second: float  # of the pictures alone, without the sound
    crf: float | None


def media_info(path: str | os.PathLike) -> MediaInfo:
    """Read a video file's packets, without decoding them.

    The bitrate is that of the packets, because containers state it wrongly or not at all. It measures the encoder and
    its settings as much as the pictures: compare it only where codec and CRF are the same.

    Raises:
        EmotalkError: no such file, or not a video.

    >>> media_info("no_such.mp4")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no_such.mp4: no such file; check the path
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise EmotalkError(f"{path}: has no video track; give a video file")
            stream = container.streams.video[0]
            times, sizes, crf = [], [], None
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                if not sizes and (says := X264_SAYS.search(bytes(packet))):
                    crf = float(says[1])
                times.append(float(packet.pts * packet.time_base))
                sizes.append(packet.size)
            fps = float(stream.average_rate or 0)
            width, height, codec = stream.codec_context.width, stream.codec_context.height, stream.codec_context.name
    except FileNotFoundError:
        raise EmotalkError(f"{path}: no such file; check the path") from None
    except (av.error.FFmpegError, TypeError) as error:
        raise EmotalkError(f"{path}: cannot be read as a video; give another file") from error
    if not sizes:
        raise EmotalkError(f"{path}: holds no video frame; get the file again")
    seconds = max(times) - min(times) + (1 / fps if fps else 0)
    return MediaInfo(width, height, len(sizes), seconds, fps, codec, sum(sizes) * 8 / 1000 / seconds if seconds else 0.0, crf)
