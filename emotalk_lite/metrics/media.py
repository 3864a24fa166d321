"""What a video file says of itself: resolution, length, bitrate, and how it was encoded."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import av

from ..errors import EmotalkError

X264_SAYS = re.compile(rb"x264 - core[ -~]*")  # its options, in the stream's first packet
DRAWN_BY = re.compile(r"Checkpoint: (.+)")  # in the comment of a film of this package, see `Clip.comment`
PRESETS = {  # subme, ref and trellis of x264's presets (x264 --fullhelp): the file has the options, not the preset's name
    ("0", "1", "0"): "ultrafast",
    ("1", "1", "0"): "superfast",
    ("2", "1", "0"): "veryfast",
    ("4", "2", "1"): "faster",
    ("6", "2", "1"): "fast",
    ("7", "3", "1"): "medium",
    ("8", "5", "2"): "slow",
    ("9", "8", "2"): "slower",
    ("10", "16", "2"): "veryslow",
    ("11", "16", "2"): "placebo",
}


@dataclass(frozen=True)
class MediaInfo:
    """Of the first video track; `crf`, x264's constant rate factor, and `x264_preset` where its options in the file tell them.

    `checkpoint`: what drew the frames, where the file's comment says it as this package's films do.
    """

    width: int
    height: int
    frames: int
    seconds: float
    fps: float
    codec: str
    kilobits_per_second: float  # of the pictures alone, without the sound
    crf: float | None
    x264_preset: str | None
    checkpoint: str | None = None


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
            times, sizes, options = [], [], {}
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                if not sizes and (says := X264_SAYS.search(bytes(packet))):
                    options = dict(re.findall(r"(\w+)=(\S+)", says[0].decode()))
                times.append(float(packet.pts * packet.time_base))
                sizes.append(packet.size)
            fps = float(stream.average_rate or 0)
            comments = [said for key, said in container.metadata.items() if key.lower() == "comment"]
            width, height, codec = stream.codec_context.width, stream.codec_context.height, stream.codec_context.name
    except FileNotFoundError:
        raise EmotalkError(f"{path}: no such file; check the path") from None
    except (av.error.FFmpegError, TypeError) as error:
        raise EmotalkError(f"{path}: cannot be read as a video; give another file") from error
    if not sizes:
        raise EmotalkError(f"{path}: holds no video frame; get the file again")
    seconds = max(times) - min(times) + (1 / fps if fps else 0)
    rate = sum(sizes) * 8 / 1000 / seconds if seconds else 0.0
    crf = float(options["crf"]) if "crf" in options else None
    preset = PRESETS.get(tuple(options.get(name) for name in ("subme", "ref", "trellis")))
    drawn_by = DRAWN_BY.search(" ".join(comments))
    return MediaInfo(width, height, len(sizes), seconds, fps, codec, rate, crf, preset, drawn_by and drawn_by[1])
