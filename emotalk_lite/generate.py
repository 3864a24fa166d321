"""Talking: one face, a recording of speech and an emotion become a video with the recording's own sound."""

from __future__ import annotations

import base64
import html
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from .checkpoint import load_generator
from .data.align import align_face
from .data.faces import detect_faces
from .data.media import Audio, read_audio, speech_input, write_video
from .data.windows import to_signed, to_uint8
from .devices import pick_device
from .emotions import EMOTIONS, parse_emotion
from .errors import EmotalkError
from .models.generator import Generator
from .models.noise import sample_noise
from .models.warp import AVERAGE
from .presets import FPS, IMAGE_SIZE, SAMPLES_PER_FRAME

SHIPPED = Path(__file__).parent / "weights" / "portrait.safetensors"  # its card stands beside it
CHUNK = 16  # frames that are decoded at once: bounds the memory of long speech; 64 are no faster on a CPU
LONG = 10 * FPS  # frames from which a progress bar is worth its line
MOST_CHANNELS = 8  # of a recording; an array with more is the wrong way round
EMBED_CRF = 23  # x264's constant rate factor of a video inside a page: about 60 % of a saved one's size
PLAYER_WIDTH = 320  # CSS pixels of the player in a notebook; 128 would be a stamp

ImageLike = str | os.PathLike | Image.Image | np.ndarray
AudioLike = str | os.PathLike | tuple[np.ndarray, int]
EmotionLike = str | Mapping[str, float] | Sequence[float]


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


def describe_emotion(weights: Sequence[float]) -> str:
    """A condition in words.

    >>> describe_emotion(parse_emotion("happy")), describe_emotion(parse_emotion("fear:0.3,anger:0.7"))
    ('happiness', 'anger 0.7 and fear 0.3')
    >>> describe_emotion([0] * 6)
    'no emotion'
    """
    parts = [name if w == 1 else f"{name} {w:.2g}" for name, w in zip(EMOTIONS, weights) if w]
    return " and ".join(parts) or "no emotion"


def emotion_weights(emotion: EmotionLike) -> tuple[float, ...]:
    """The condition of a text, a mapping, or six numbers in the order of EMOTIONS.

    Raises:
        EmotalkError: as `parse_emotion`; or not six numbers.

    >>> emotion_weights([0, 0, 0, 0.5, 0, 0]) == emotion_weights("happiness:0.5")
    True
    """
    if isinstance(emotion, (str, Mapping)):
        return parse_emotion(emotion)
    weights = np.asarray(emotion)
    if weights.shape != (len(EMOTIONS),):
        raise EmotalkError(f"an emotion is a text, a mapping or {len(EMOTIONS)} numbers; got shape {weights.shape}")
    return parse_emotion(dict(zip(EMOTIONS, weights.tolist())))


def read_speech(audio: AudioLike) -> Audio:
    """The recording at its own rate and channels: (channels, N) float32 and samples a second.

    Raises:
        EmotalkError: as `read_audio`; or a tuple that is not sound.
    """
    if not isinstance(audio, tuple):
        return read_audio(audio)
    samples, rate = np.atleast_2d(audio[0]), audio[1]
    if np.issubdtype(samples.dtype, np.integer):  # what a WAV reader gives
        samples = samples / np.iinfo(samples.dtype).max
    samples = samples.astype(np.float32)
    if samples.ndim != 2 or not samples.size or len(samples) > MOST_CHANNELS or rate <= 0 or not np.isfinite(samples).all():
        raise EmotalkError(f"samples of shape {samples.shape} at {rate} Hz are no sound; give (channels, N) and a rate")
    return Audio(samples, int(rate))


def talk(
    image: ImageLike,
    audio: AudioLike,
    emotion: EmotionLike,
    *,
    checkpoint: str | os.PathLike | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: bool = True,
) -> Clip:
    """Make a face speak a recording with an emotion.

    Args:
        image: a picture of one face: a path, a PIL image, or uint8 (H, W, 3).
        audio: a path of any audio or video file, or (samples, rate).
        emotion: "happiness", "HAP", "happy", "happiness:0.6", "happiness:0.7,sadness:0.3", a mapping, or six weights.
        checkpoint: a `generator.safetensors` or a run's folder; None: the one that comes
            with the package, which draws faces that it never saw.
        seed: of the noise; the same inputs and seed give the same frames.
        device: "auto", "cpu" or "cuda".
        progress: show a bar with the time left, for speech of 10 seconds or more.

    Returns:
        A `Clip` of ceil(25 * seconds) frames, 128 x 128, with the recording's own sound.

    Raises:
        EmotalkError: unknown emotion; no, several or too small faces; silent, empty or damaged audio; no checkpoint
            or one of another size.

    >>> import emotalk_lite as et                                             # doctest: +SKIP
    >>> et.talk("face.jpg", "speech.wav", "happiness:0.6").save("talk.mp4")   # doctest: +SKIP
    """
    weights = emotion_weights(emotion)
    generator = _load(checkpoint if checkpoint is not None else SHIPPED, pick_device(device))
    sound = read_speech(audio)
    speech = speech_input(sound.samples, sound.rate)  # (320 T,)
    face = align_face(image).image
    frames = generate(generator, face, speech, weights, seed=seed, progress=progress)
    return Clip(frames, sound.samples, sound.rate, emotion=weights, face=face)


def _load(checkpoint: str | os.PathLike, device: torch.device) -> Generator:
    """A generator that draws faces of the size that `align_face` gives."""
    generator = load_generator(Path(checkpoint), device)
    size = generator.config.image_size
    if size != IMAGE_SIZE:
        raise EmotalkError(
            f"{checkpoint} draws {size} x {size} pixels, not {IMAGE_SIZE} x {IMAGE_SIZE}; "
            "give a checkpoint that 'emotalk train' wrote"
        )
    return generator


def face_places(face: np.ndarray) -> Tensor:
    """Where an aligned face has the middle of its eyes and of its mouth, by MTCNN.

    Args:
        face: uint8 (H, H, 3), aligned.

    Returns:
        (1, 2, 2), x and y as shares of the width; those of an average face where MTCNN sees none.

    >>> face_places(np.zeros((128, 128, 3), np.uint8)).tolist() == torch.tensor([AVERAGE]).tolist()
    True
    """
    found = detect_faces(face, min_face_size=len(face) // 3).points
    if not len(found):
        return torch.tensor([AVERAGE])
    points = (found[0] + 0.5) / len(face)  # two eyes, nose, two corners of the mouth
    return torch.from_numpy(np.stack([points[:2].mean(axis=0), points[3:].mean(axis=0)]))[None]


@torch.inference_mode()
def generate(
    generator: Generator,
    face: np.ndarray,
    speech: np.ndarray,
    emotion: Sequence[float],
    *,
    seed: int = 0,
    chunk: int = CHUNK,
    progress: bool = False,
) -> np.ndarray:
    """Draw the frames of an utterance. The encoders run once over all of it, the decoder chunk by chunk.

    Args:
        generator: in evaluation mode.
        face: uint8 (H, H, 3), aligned.
        speech: float32 (320 T,), see `speech_input`.
        emotion: six weights.
        seed: of the noise.
        chunk: frames decoded at once; changes memory, not the result.
        progress: show a bar where it takes long.

    Returns:
        uint8 (T, H, H, 3).
    """
    device = next(generator.parameters()).device
    n_frames = len(speech) // SAMPLES_PER_FRAME
    rng = torch.Generator().manual_seed(seed)  # on the CPU: every device gets the same noise
    noise = sample_noise(1, n_frames, generator.config.noise_dim, rng)
    weights = torch.tensor([emotion], dtype=torch.float32)  # (1, 6)
    inputs: list[Tensor] = [to_signed(face)[None], torch.from_numpy(speech)[None], weights, noise]
    if generator.config.output == "warp":
        inputs.append(face_places(face))
    encoded = generator.encode(*(tensor.to(device) for tensor in inputs))
    frames, state = [], None
    with tqdm(total=n_frames, desc="talk", unit="frame", disable=not (progress and n_frames >= LONG)) as bar:
        for z in encoded.z.split(chunk, dim=1):
            drawn, state = generator.decode(encoded._replace(z=z), state)
            frames.append(to_uint8(drawn[0]))
            bar.update(len(frames[-1]))
    return np.concatenate(frames)
