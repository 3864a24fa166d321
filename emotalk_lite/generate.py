"""Talking: one face, a recording of speech and an emotion become a video with the recording's own sound."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from .checkpoint import checkpoint_name, generator_file, load_generator
from .clip import Clip
from .data.align import ROOM, align_face
from .data.faces import detect_faces
from .data.media import Audio, NoSound, read_audio, speech_input, within_range
from .data.windows import to_signed, to_uint8
from .devices import pick_device
from .emotions import EMOTIONS, parse_emotion
from .errors import EmotalkError
from .models.generator import Encoded, Generator
from .models.noise import sample_noise
from .models.warp import AVERAGE
from .presets import FPS, IMAGE_SIZE, SAMPLES_PER_FRAME

SHIPPED = Path(__file__).parent / "weights" / "portrait.safetensors"  # its card stands beside it
CHUNK = 16  # frames that are decoded at once: bounds the memory of long speech; 64 are no faster on a CPU
LEAD_IN = 2 * FPS  # frames of speech that a stranger's film is warmed up with
LONG = 10 * FPS  # frames from which a progress bar is worth its line
MOST_CHANNELS = 8  # of a recording; an array with more is the wrong way round
LOUDEST = 4  # of float samples: mixed voices may be louder than 1, but not that loud

ImageLike = str | os.PathLike | Image.Image | np.ndarray
AudioLike = str | os.PathLike | tuple[np.ndarray, int]
EmotionLike = str | Mapping[str, float] | Sequence[float]


def emotion_weights(emotion: EmotionLike) -> tuple[float, ...]:
    """The condition of a text, a mapping, or six numbers in the order of EMOTIONS.

    Raises:
        EmotalkError: as `parse_emotion`; or not six numbers.

    >>> emotion_weights([0, 0, 0, 0.5, 0, 0]) == emotion_weights("happiness:0.5")
    True
    """
    if isinstance(emotion, (str, Mapping)):
        return parse_emotion(emotion)
    try:
        weights = np.asarray(emotion)
    except ValueError as error:  # lists of unequal length
        raise EmotalkError(f"an emotion is a text, a mapping or {len(EMOTIONS)} numbers; got lists of unequal length") from error
    if weights.shape != (len(EMOTIONS),):
        raise EmotalkError(f"an emotion is a text, a mapping or {len(EMOTIONS)} numbers; got shape {weights.shape}")
    return parse_emotion(dict(zip(EMOTIONS, weights.tolist())))


def read_speech(audio: AudioLike) -> Audio:
    """The recording at its own rate and channels: (channels, N) float32 in [-1, 1] and samples a second.

    Args:
        audio: a path; or samples (N,) or (channels, N) with their rate: integers as a WAV holds them, or floats in [-1, 1].

    Raises:
        EmotalkError: as `read_audio`; or what is not sound, or floats that reach beyond 4.

    >>> read_speech((np.array([0, 16384, -32768], np.int16), 8000)).samples.round(3)
    array([[ 0. ,  0.5, -1. ]], dtype=float32)
    """
    if isinstance(audio, (str, os.PathLike)):
        return read_audio(audio)
    if not isinstance(audio, tuple) or len(audio) != 2:
        raise EmotalkError(f"speech is a path or (samples, rate), not {type(audio).__name__}; give one of these")
    rate = _whole_rate(audio[1])
    try:
        samples = np.atleast_2d(audio[0])
    except ValueError as error:  # lists of unequal length
        raise EmotalkError("samples of channels of unequal length are no sound; give (channels, N) and a rate") from error
    if samples.dtype.kind not in "iuf":
        raise EmotalkError(f"samples of type {samples.dtype} are no sound; give numbers")
    if np.issubdtype(samples.dtype, np.integer):  # what a WAV reader gives: 8 bits are unsigned, around 128
        info = np.iinfo(samples.dtype)
        middle = (info.max + 1) // 2 if info.min == 0 else 0
        samples = ((samples.astype(float) - middle) / (info.max - middle)).clip(min=-1)  # there is one step more below than above
    samples = samples.astype(np.float32)
    if samples.ndim != 2 or not samples.size or len(samples) > MOST_CHANNELS or not np.isfinite(samples).all():
        raise EmotalkError(f"samples of shape {samples.shape} at {rate} Hz are no sound; give (channels, N) and a rate")
    if (peak := np.abs(samples).max()) > LOUDEST:
        raise EmotalkError(f"float samples are in [-1, 1], and these reach {peak:g}; divide int16 by 32768")
    return Audio(within_range(samples), rate)


def _whole_rate(rate: object) -> int:
    number = np.asarray(rate)
    if number.shape:  # scipy gives the rate first
        raise EmotalkError(f"a rate of shape {number.shape} is none; give (samples, rate), in this order")
    if number.dtype.kind not in "iuf" or not 1 <= number < np.inf:
        raise EmotalkError(f"{rate!r} is no sampling rate; give samples a second, such as 16000")
    return int(number)


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
            with the package, which moves faces that it never saw.
        seed: of the noise; the same inputs and seed give the same frames.
        device: "auto", "cpu" or "cuda".
        progress: show a bar with the time left, for speech of 10 seconds or more.

    Returns:
        A `Clip` of ceil(25 * seconds) frames, 128 x 128, with the recording's own sound. A saved file says that it is
        generated; `labelled` writes it into the picture, too.

    Raises:
        EmotalkError: unknown emotion; no, several or too small faces; silent, empty or damaged audio; no checkpoint
            or one of another size.

    >>> import emotalk_lite as et                                             # doctest: +SKIP
    >>> clip = et.talk("face.jpg", "speech.wav", "happiness:0.6")             # doctest: +SKIP
    >>> clip.labelled().save("talk.mp4")                                      # doctest: +SKIP
    """
    weights = emotion_weights(emotion)
    drawer = generator_file(Path(checkpoint if checkpoint is not None else SHIPPED))
    generator = _load(drawer, pick_device(device))
    sound = read_speech(audio)
    try:
        speech = speech_input(sound.samples, sound.rate)  # (320 T,)
    except NoSound as error:
        raise NoSound(f"{audio}: {error}" if isinstance(audio, (str, os.PathLike)) else str(error)) from error
    aligned = align_face(image)
    if aligned.missing > ROOM:
        name = image if isinstance(image, (str, os.PathLike)) else "the picture"
        print(f"{name}: is cropped so closely that {aligned.missing:.0%} of the frame is made up; give one with room around the face", file=sys.stderr)
    face = aligned.image
    frames = generate(generator, face, speech, weights, seed=seed, progress=progress)
    return Clip(frames, sound.samples, sound.rate, emotion=weights, face=face, checkpoint=checkpoint_name(drawer))


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


def is_stranger(generator: Generator, image: Tensor, speech: Tensor) -> bool:
    """Whether a generator of the output `warp` moves this picture (1, 3, H, H) in [-1, 1], because it does not know the face, or does
    not know it with this speech (1, 320 T).

    Its LSTMs know nothing of a voice until it has spoken, and a moved face shows that: no expression, a vague mouth. So a stranger's
    speech gets a lead-in, whose frames nobody sees. What was learned by heart began without.
    """
    warp, (of_image, _) = generator.decoder.warp, generator.image_encoder(image)
    return bool(warp.knows(of_image) < 0.5) or not warp.remembers(generator.speech_encoder(speech)[0])


@torch.inference_mode()
def encode(
    generator: Generator, face: np.ndarray, speech: np.ndarray, emotion: Sequence[float], *, seed: int = 0, noise: Tensor | None = None
) -> Encoded:
    """Run the encoders over all of an utterance; a stranger's gets its first two seconds, reversed, as a lead-in.

    Args:
        generator: in evaluation mode.
        face: uint8 (H, H, 3), aligned.
        speech: float32 (320 T,), see `speech_input`.
        emotion: six weights.
        seed: of the noise.
        noise: (1, T, noise_dim) instead of the seed's.

    Returns:
        What `generator.decode` draws T frames from.
    """
    device = next(generator.parameters()).device
    rng = torch.Generator().manual_seed(seed)  # on the CPU: every device gets the same noise
    n_frames = len(speech) // SAMPLES_PER_FRAME
    of_seed = sample_noise(1, n_frames, generator.config.noise_dim, rng)
    noise = of_seed if noise is None else noise.cpu()
    image, weights = to_signed(face)[None].to(device), torch.from_numpy(np.float32(emotion))[None]  # (1, 6)
    places, lead_in, stranger = None, 0, False
    if generator.config.output == "warp":
        places, stranger = face_places(face).to(device), is_stranger(generator, image, torch.from_numpy(speech)[None].to(device))
        lead_in = min(n_frames, LEAD_IN) if stranger else 0
        noise = torch.cat([sample_noise(1, lead_in, generator.config.noise_dim, rng), noise], dim=1)
    heard = torch.from_numpy(np.concatenate([speech[: lead_in * SAMPLES_PER_FRAME][::-1], speech]))[None]
    encoded = generator.encode(image, heard.to(device), weights.to(device), noise.to(device), places)
    return encoded._replace(z=encoded.z[:, lead_in:], moved=stranger)


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
        chunk: frames decoded at once; changes memory, not the result, up to rounding.
        progress: show a bar where it takes long.

    Returns:
        uint8 (T, H, H, 3).
    """
    encoded, n_frames = encode(generator, face, speech, emotion, seed=seed), len(speech) // SAMPLES_PER_FRAME
    frames, state = [], None
    with tqdm(total=n_frames, desc="talk", unit="frame", disable=not (progress and n_frames >= LONG)) as bar:
        for start in range(0, n_frames, chunk):
            drawn, state = generator.decode(encoded.frames(start, start + chunk), state)
            frames.append(to_uint8(drawn[0]))
            bar.update(len(frames[-1]))
    return np.concatenate(frames)
