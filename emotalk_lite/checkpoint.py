"""Checkpoints: safetensors files that describe themselves. Nothing is unpickled."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from .errors import EmotalkError
from .models.generator import Generator
from .paths import atomic_path, file_sha256
from .presets import ModelConfig

FORMAT = "emotalk-generator-1"
ABOUT = "about"  # the one entry of a file's header
SHORT = 12  # hexadecimal digits of a checkpoint's SHA-256 that tell it from others


def config_to_json(config: object) -> str:
    """A configuration dataclass as one line of JSON with sorted keys.

    >>> config_to_json(ModelConfig())[:24]
    '{"candidate": "leaky_rel'
    """
    return json.dumps(config_fields(config), sort_keys=True)


def config_fields(config: object) -> dict[str, object]:
    """A configuration dataclass as a dictionary that survives JSON: tuples become lists.

    >>> config_fields(ModelConfig())["filters"]
    [64, 128, 256, 512, 512]
    """
    return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(config).items()}


def config_from_json(text: str) -> ModelConfig:
    """The inverse of `config_to_json` for a `ModelConfig`.

    Raises:
        ValueError: unknown fields or impossible sizes.

    >>> config_from_json(config_to_json(ModelConfig())) == ModelConfig()
    True
    """
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(text).items()}
    try:
        return ModelConfig(**fields)
    except TypeError as error:
        raise ValueError(str(error)) from None


def save_generator(generator: Generator, path: Path, **about: object) -> None:
    """Write the weights and, in the header, the configuration and whatever else is said about them; atomic.

    Args:
        generator: the model.
        path: the .safetensors file.
        about: step, preset, data ...; turned to strings. No times or paths: the same training gives the same bytes.
    """
    header = {"format": FORMAT, "config": config_to_json(generator.config), **{k: str(v) for k, v in about.items()}}
    save_tensors(generator.state_dict(), path, header)


def save_tensors(tensors: dict[str, Tensor], path: Path, header: dict[str, str]) -> None:
    """Write named tensors and a header of strings as safetensors; atomic, and the same bytes for the same content.

    The header is one JSON text: safetensors writes several entries in an order that changes from run to run.
    """
    with atomic_path(Path(path)) as temporary:
        temporary.write_bytes(tensors_to_bytes(tensors, header))


def tensors_to_bytes(tensors: dict[str, Tensor], header: dict[str, str]) -> bytes:
    """What `save_tensors` writes.

    >>> tensors_to_bytes({"x": torch.zeros(1)}, {"format": "example"})[-4:]
    b'\\x00\\x00\\x00\\x00'
    """
    ordered = {name: t.detach().cpu().contiguous() for name, t in sorted(tensors.items())}
    return save(ordered, {ABOUT: json.dumps(header, sort_keys=True)})


def read_header(path: Path) -> dict[str, str]:
    """What a checkpoint says about itself.

    Raises:
        EmotalkError: no such file, or not a safetensors file.
    """
    path = Path(path)
    if not path.is_file():
        raise EmotalkError(f"no checkpoint at {path}; train one with 'emotalk train' or give the path of another")
    try:
        with safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {}).get(ABOUT, "{}"))
    except (SafetensorError, ValueError) as error:
        raise EmotalkError(f"{path} is not a safetensors file ({error}); give a checkpoint that 'emotalk train' wrote") from None


def fingerprint(path: Path) -> str:
    """SHA-256 of a checkpoint, in hexadecimal.

    Raises:
        EmotalkError: as `read_header`.
    """
    path = generator_file(path)
    read_header(path)
    return file_sha256(path)


def checkpoint_name(path: Path) -> str:
    """A checkpoint's file name and the beginning of its SHA-256, as films say what drew them.

    Raises:
        EmotalkError: as `read_header`.

    >>> checkpoint_name(Path(__file__).parent / "weights" / "portrait.safetensors")[:30]
    'portrait.safetensors, SHA-256 '
    """
    path = generator_file(path)
    return f"{path.name}, SHA-256 {fingerprint(path)[:SHORT]}..."


def generator_file(path: Path) -> Path:
    """The checkpoint of a run's folder, or the file itself.

    >>> generator_file(Path("some.safetensors")).name
    'some.safetensors'
    """
    return Path(path) / "generator.safetensors" if Path(path).is_dir() else Path(path)


def start_from(generator: Generator, path: Path) -> None:
    """Give a new generator the weights of a trained one.

    Where the two make frames in different ways (`ModelConfig.output`), only the encoders are taken over: what was learned of
    speech stays, the decoder starts anew.

    Args:
        generator: to be trained; changed in place.
        path: a `generator.safetensors` or the run's folder that holds it.

    Raises:
        EmotalkError: as `load_generator`; or a weight of another shape.
    """
    trained, own = load_generator(path), generator.state_dict()
    given = trained.state_dict()
    for name, tensor in own.items():
        if name == "decoder.warp.recordings":  # what was known by heart is forgotten
            continue
        if name.startswith("decoder.") and trained.config.output != generator.config.output:
            continue
        if name not in given or given[name].shape != tensor.shape:
            raise EmotalkError(f"{path} is a generator of other sizes ({name}); start from one of the same preset")
        tensor.copy_(given[name])


def load_generator(path: Path, device: torch.device | str = "cpu") -> Generator:
    """Read a generator in evaluation mode; its size comes from the file.

    Args:
        path: a `generator.safetensors` or the run's folder that holds it.
        device: where to put it.

    Raises:
        EmotalkError: the file is missing, is of another format, or its weights do not have the size it states.
    """
    path = generator_file(path)
    header = read_header(path)
    if header.get("format") != FORMAT:
        raise EmotalkError(f"{path} is not a generator of this package; give a generator.safetensors of 'emotalk train'")
    try:
        generator = Generator(config_from_json(header["config"]))
        generator.load_state_dict(load_file(path))
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise EmotalkError(f"{path} does not fit the size it states ({reason}); train it again with this version") from None
    return generator.to(device).eval()
