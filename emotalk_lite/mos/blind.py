"""What a clip says of where it comes from: taken out where that leaves picture and sound as they are, named where it does not."""

from __future__ import annotations

import io
import os
from collections import defaultdict
from collections.abc import Mapping

import av
from av.bitstream import BitStreamFilterContext

from ..errors import EmotalkError
from ..metrics.media import MediaInfo

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".webm": "webm"}
OPTIONS = {"fflags": "+bitexact"}  # no name of the writing program, no date, no random number
FILTERS = {"h264": "filter_units=remove_types=6"}  # the units in which x264 names its version and options; no picture is in them


def without_metadata(path: str | os.PathLike) -> bytes:
    """The same pictures and sound in a new container that says nothing else: no comment, title, date or program.

    The packets are copied, not encoded again. Of H.264, the encoder's name and options are left out, too. What stays is what
    an encoder leaves between the lines, such as its profile, or a name inside AAC's packets: who opens a clip in a hex editor may
    still tell encoders apart. Encode all clips alike, and there is nothing to tell; `ablate` does so with the real ones.

    Raises:
        EmotalkError: its sound or picture does not go into such a container.

    >>> import tempfile, numpy as np; from emotalk_lite.data.media import write_video
    >>> path = write_video(f"{tempfile.mkdtemp()}/one.mp4", np.zeros((5, 64, 64, 3), np.uint8), comment="Generated")
    >>> [word in path.read_bytes() for word in (b"Generated", b"x264")], [word in without_metadata(path) for word in (b"Generated", b"x264")]
    ([True, True], [False, False])
    """
    path, written = str(path), io.BytesIO()
    try:
        with av.open(path) as film, av.open(written, "w", format=CONTAINERS[os.path.splitext(path)[1].lower()], options=OPTIONS) as blind:
            copies = {}
            for stream in (*film.streams.video[:1], *film.streams.audio[:1]):
                copy = blind.add_stream_from_template(stream)
                units = FILTERS.get(stream.codec_context.name)
                copies[stream.index] = copy, BitStreamFilterContext(units, stream, copy) if units else None
            for packet in film.demux([film.streams[index] for index in copies]):
                if not packet.size:  # as at the end
                    continue
                copy, units = copies[packet.stream.index]
                for kept in units.filter(packet) if units else [packet]:
                    kept.stream = copy
                    blind.mux(kept)
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EmotalkError(f"{path}: cannot be copied without its metadata ({reason}); convert it to an MP4 with H.264 and AAC") from error
    return written.getvalue()


def differences(clips: Mapping[str | os.PathLike, tuple[str, MediaInfo]]) -> list[str]:
    """What a rater can tell variants apart by before any film is judged: each with the values that there are.

    Args:
        clips: of each file, its variant and what the file says of itself.

    >>> of = lambda width, frames: MediaInfo(width, width, frames, frames / 25, 25.0, "h264", 100.0, None, None)
    >>> differences({"a": ("real", of(128, 50)), "b": ("se", of(128, 50)), "c": ("bsrgan", of(512, 50))})
    ['size (128 x 128, 512 x 512)']
    """
    traits = {
        "size": lambda info: f"{info.width} x {info.height}",
        "frames a second": lambda info: f"{info.fps:.3g}",
        "length": lambda info: f"{info.seconds:.1f} s",
    }
    found = []
    for name, trait in traits.items():
        values = defaultdict(set)
        for variant, info in clips.values():
            values[variant].add(trait(info))
        if any(other != next(iter(values.values())) for other in values.values()):
            every = sorted(set().union(*values.values()), key=lambda said: float(said.split()[0]))
            found.append(f"{name} ({', '.join(every) if len(every) < 5 else f'{every[0]} to {every[-1]}'})")
    return found
