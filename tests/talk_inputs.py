"""Real inputs for the tests of talking: a portrait, speech in many formats, and small checkpoints."""

from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

from emotalk_lite.checkpoint import save_generator
from emotalk_lite.data.media import LAYOUTS, Audio, read_audio
from emotalk_lite.models.generator import Generator
from emotalk_lite.presets import PRESETS, ModelConfig


def save_random_generator(path: Path, config: ModelConfig = PRESETS["smoke"].model) -> Path:
    """An untrained checkpoint whose output depends visibly on each of its inputs."""
    torch.manual_seed(0)
    generator = Generator(config)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(1.7)  # PyTorch's initial weights let almost nothing through ten layers
    save_generator(generator, path)
    return path


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    """A generator of the smoke preset's size with random weights."""
    return save_random_generator(tmp_path_factory.mktemp("checkpoint") / "generator.safetensors")


@pytest.fixture(scope="session")
def portrait_file(portrait, tmp_path_factory) -> Path:
    """The portrait as a PNG."""
    path = tmp_path_factory.mktemp("portrait") / "astronaut.png"
    Image.fromarray(portrait).save(path)
    return path


@pytest.fixture(scope="session")
def speech_file(sample) -> Path:
    """Actor 1002's angry recording: MP3, 44.1 kHz, mono."""
    return sample.raw_path(next(entry for entry in sample.speech if entry.emotion == "anger"))


@pytest.fixture(scope="session")
def speech(speech_file) -> Audio:
    """The same, decoded."""
    return read_audio(speech_file)


def write_audio(path: Path, samples: np.ndarray, rate: int, codec: str) -> Path:
    """Encode float32 (channels, N) with PyAV; the container is chosen by the suffix."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=LAYOUTS[len(samples)])
        stream.codec_context.open()  # so that its sample format is known
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=LAYOUTS[len(samples)])
        frame.sample_rate, frame.pts = rate, 0
        converter = av.AudioResampler(stream.format, stream.layout, rate, frame_size=stream.codec_context.frame_size)
        for converted in [*converter.resample(frame), *converter.resample(None)]:
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return path
