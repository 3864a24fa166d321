"""A talking face as `talk` returns it: frames and sound, which save themselves as a file and show themselves in a notebook."""

from __future__ import annotations

import base64
import html
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .data.media import write_video
from .emotions import describe_emotion
from .presets import FPS

EMBED_CRF = 23  # x264's constant rate factor of a video inside a page: about 60 % of a saved one's size
PLAYER_WIDTH = 320  # CSS pixels of the player in a notebook; 128 would be a stamp


@dataclass
class Clip:
    """A talking face; in a notebook it shows itself as a player with sound.

    >>> clip = Clip(np.zeros((25, 128, 128, 3), np.uint8), np.zeros(16000, np.float32), sample_rate=16000)
    >>> clip.duration, clip
    (1.0, Clip(25 frames of 128 x 128, 1.00 s, sound 16000 Hz))
    """

    frames: np.ndarray  # uint8 (T, H, W, 3) RGB
    audio: np.ndarray  # float32 (channels, N) or (N,) in [-1, 1]: the input's own sound
    sample_rate: int  # samples a second of `audio`
    fps: int = FPS  # frames a second
    emotion: tuple[float, ...] | None = None  # the condition, in the order of EMOTIONS
    face: np.ndarray | None = None  # uint8 (128, 128, 3): the aligned face that was animated

    @property
    def duration(self) -> float:
        """Seconds of sound; the video lasts up to one frame longer."""
        return self.audio.shape[-1] / self.sample_rate

    def save(self, path: str | os.PathLike) -> Path:
        """Write an MP4: H.264 video and the sound, AAC at its own rate. The file appears whole or not at all.

        Raises:
            EmotalkError: the path cannot be written to.
        """
        return write_video(path, self.frames, self.fps, self.audio, self.sample_rate)

    def mp4(self) -> bytes:
        """The content of a smaller MP4 file, for embedding in a page."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip.mp4"
            return write_video(path, self.frames, self.fps, self.audio, self.sample_rate, crf=EMBED_CRF).read_bytes()

    @property
    def title(self) -> str:
        """What the player says to someone who cannot see it."""
        feeling = f", {describe_emotion(self.emotion)}" if self.emotion is not None else ""
        return f"A generated face speaks for {self.duration:.1f} seconds{feeling}"

    def _repr_html_(self) -> str:
        return player(self.mp4(), self.title, PLAYER_WIDTH)

    def __repr__(self) -> str:
        height, width = self.frames.shape[1:3]
        return f"Clip({len(self.frames)} frames of {width} x {height}, {self.duration:.2f} s, sound {self.sample_rate} Hz)"


def player(mp4: bytes, title: str, width: int) -> str:
    """HTML of a video player that carries its video inside and needs no other file.

    Args:
        mp4: the video file's content.
        title: what it shows, for screen readers.
        width: CSS pixels; the player shrinks with the page.

    >>> player(b"", "A face", 320)[:43]
    '<video controls loop playsinline width="320'
    """
    said = html.escape(title, quote=True)
    data = base64.b64encode(mp4).decode()
    return (
        f'<video controls loop playsinline width="{width}" style="max-width: 100%" '
        f'title="{said}" aria-label="{said}" src="data:video/mp4;base64,{data}"></video>'
    )
