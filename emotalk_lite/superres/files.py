"""Picture and video files, enlarged; a video's sound is copied as it is."""

from __future__ import annotations

import errno
import itertools
import math
import os
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image
from torch import nn

from ..data.media.decode import film_frames, open_media
from ..data.pictures import read_image
from ..errors import EmotalkError
from ..interrupt import interrupts
from ..models.rrdb import SCALE
from ..paths import atomic_path, check_readable, check_writable
from .tiles import upscale, upscaled

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
VIDEOS = (".mp4", ".m4v", ".mov", ".mkv")
LARGEST_SIDE = {".webp": ("a WebP", 16383), ".jpg": ("a JPEG", 65500), ".jpeg": ("a JPEG", 65500)}  # pixels; of JPEG, libjpeg's, below the format's 65535
CRF = 18  # x264's constant rate factor, as in `write_video`
PRESET = "faster"  # x264's: half the time of its own choice, "medium", for 2 % more bytes, as near to what was drawn


def check_names(source: str | os.PathLike, out: str | os.PathLike) -> None:
    """What can be said before any work: the source is a file, `out` is another one, of a kind that can be written.

    Raises:
        EmotalkError: one of these is not so.
    """
    source, out = check_readable(source), Path(out)
    if out.suffix.lower() not in PICTURES + VIDEOS:
        raise EmotalkError(f"cannot write {out}: give a name that ends in .png or .jpg for a picture, .mp4 or .mkv for a video")
    if source.suffix.lower() in VIDEOS and out.suffix.lower() in PICTURES:
        raise EmotalkError(f"cannot write {out}: {source.name} is a video; give a name that ends in .mp4 or .mkv")
    if source.suffix.lower() in PICTURES and out.suffix.lower() in VIDEOS:
        raise EmotalkError(f"cannot write {out}: {source.name} is a picture; give a name that ends in .png or .jpg")
    check_writable(out)
    if out.exists() and source.samefile(out):
        raise EmotalkError(f"cannot write {out}: it is the input; give another name")


def upscale_file(source: str | os.PathLike, out: str | os.PathLike, model: nn.Module, *, progress: bool = True) -> str:
    """Enlarge a picture or a video four times in each direction.

    A video keeps its frames, their times and its sound tracks, packet by packet; a phone's is turned upright. What
    stands still in it does not shimmer: see `steadied`.

    Args:
        source: any picture or video file.
        out: what its name ends in says what is written.
        model: see `upscale`.
        progress: show a bar with the time left.

    Returns:
        What was written, in words. The file appears whole or not at all.

    Raises:
        EmotalkError: as `check_names`; or the source cannot be read, or its sound, or so many pixels, do not fit into such a file.
    """
    check_names(source, out)
    if Path(out).suffix.lower() in VIDEOS:
        return _upscale_video(Path(source), Path(out), model, progress)
    small = read_image(source)
    height, width = (SCALE * side for side in small.shape[:2])
    what, most = LARGEST_SIDE.get(Path(out).suffix.lower(), ("", math.inf))
    if max(height, width) > most:  # said now, not after all the work
        raise EmotalkError(f"cannot write {out}: {width} x {height} pixels are more than {what} holds ({most}); give a name that ends in .png")
    picture = Image.fromarray(upscale(small[None], model, progress=progress)[0])
    with atomic_path(out) as temporary:
        try:
            picture.save(temporary, quality=95)  # of JPEG and WebP; PNG has none
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None):  # the disk's, which the command says
                raise
            raise EmotalkError(f"cannot write {out}: {error}; give a name that ends in .png") from error
    return f"{width} x {height}"


def _upscale_video(source: Path, out: Path, model: nn.Module, progress: bool) -> str:
    with open_media(source) as film:
        if not film.streams.video:
            raise EmotalkError(f"{source}: has no video track; give a video file")
        picture, sounds = film.streams.video[0], film.streams.audio
        if not picture.width or not picture.height:
            raise EmotalkError(f"{source}: does not say how large its picture is; convert it to MP4")
        size = (SCALE * picture.width, SCALE * picture.height)
        if on_its_side := _lies_on_its_side(source):
            size = size[::-1]
        times: deque[tuple[int, int]] = deque()  # and durations of frames that are read but not written yet
        packets: deque[av.Packet] = deque()  # of sound, likewise
        frames = upscaled(_frames(film, picture, sounds, times, packets, source), model, steady=True, total=_count(film, picture), progress=progress)
        try:
            with closing(frames), atomic_path(out) as temporary:  # closed, its bar is, before anything else is said
                n = _write(temporary, frames, picture, size, on_its_side, sounds, times, packets)
        except (av.error.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            other = "convert its sound first" if out.suffix.lower() == ".mkv" else "a name that ends in .mkv"  # which holds nearly any sound
            advice = "make room, or choose another place" if getattr(error, "errno", None) == errno.ENOSPC else f"choose another place, or {other}"
            raise EmotalkError(f"cannot write {out}: {reason}; {advice}") from error
        if not n:
            out.unlink()
            raise EmotalkError(f"{source}: holds no video frame; get the file again")
        rate = float(picture.average_rate or picture.guessed_rate)
        said = ("no sound", "its own sound")[len(sounds)] if len(sounds) < 2 else f"its {len(sounds)} sound tracks"
        return f"{n} frame{'s' * (n != 1)} of {size[0]} x {size[1]}, {rate:.2f} a second, {said}"


def _lies_on_its_side(source: Path) -> bool:
    """Whether the first frame says that it is to be turned by a quarter."""
    with open_media(source) as film:
        return any(round(frame.rotation / 90) % 2 for frame in itertools.islice(film.decode(video=0), 1))


def _write(path: Path, frames: Iterator[np.ndarray], picture, size, on_its_side: bool, sounds, times: deque[tuple[int, int]], packets: deque[av.Packet]) -> int:
    """H.264 with each frame at its time, and the packets of sound as they are; how many frames."""
    n = 0
    options = {} if path.suffix.lower() == ".mkv" else {"movflags": "+faststart"}
    # Ctrl-C waits for the frame at hand: raised inside an encoder's callback, it would be swallowed
    with interrupts() as interrupted, av.open(str(path), "w", options=options) as film:
        film.metadata.update({key: said for key, said in picture.container.metadata.items() if key.lower() == "comment"})  # such as "generated"
        drawn = film.add_stream("libx264", rate=picture.average_rate or picture.guessed_rate, options={"crf": str(CRF), "preset": PRESET})
        (drawn.width, drawn.height), drawn.pix_fmt = size, "yuv420p"
        drawn.codec_context.time_base = picture.time_base
        drawn.codec_context.colorspace, drawn.codec_context.color_range = Colorspace.ITU709, ColorRange.MPEG
        if aspect := picture.sample_aspect_ratio:
            drawn.codec_context.sample_aspect_ratio = 1 / aspect if on_its_side else aspect
        try:
            copied = {sound.index: film.add_stream_from_template(sound) for sound in sounds}
            film.start_encoding()  # writes the header: says now, not after hours, that such a file does not hold such sound
        except ValueError as error:  # which PyAV says by this one; anywhere else it would be a mistake of ours
            raise OSError(getattr(error, "strerror", None) or str(error)) from error
        for frame in frames:
            ready = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
            (ready.pts, ready.duration), ready.time_base = times.popleft(), picture.time_base
            film.mux(drawn.encode(ready))
            _copy(packets, copied, film)
            n += 1
            if interrupted():
                raise KeyboardInterrupt
        _copy(packets, copied, film)
        film.mux(drawn.encode(None))
    return n


def _copy(packets: deque[av.Packet], copied, film) -> None:
    while packets:
        packet = packets.popleft()
        packet.stream = copied[packet.stream.index]
        film.mux(packet)


def _count(film, picture) -> int | None:
    """How many frames there will be, as far as the file says."""
    if picture.frames:
        return picture.frames
    seconds = float(picture.duration * picture.time_base) if picture.duration else (film.duration or 0) / av.time_base
    return round(seconds * float(picture.average_rate)) or None if picture.average_rate else None


def _frames(film, picture, sounds, times: deque[tuple[int, int]], packets: deque[av.Packet], source: Path) -> Iterator[np.ndarray]:
    """Frames as RGB; their times and the packets of sound on the side."""

    def keep(packet: av.Packet) -> None:
        if packet.dts is not None:  # else the empty one at the end
            packets.append(packet)

    try:
        for frame, seen in film_frames(film, picture, source, others=sounds, keep=keep):
            times.append((frame.pts, frame.duration or 0))
            yield seen
    except (av.error.FFmpegError, OSError) as error:  # said here, or it would read as a mistake of writing
        raise EmotalkError(f"{source}: cannot be read ({error}); it is damaged") from error
