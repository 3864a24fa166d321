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
from .paths import atomic_path
from .presets import ModelConfig, Preset

FORMAT = "emotalk-generator-1"
ABOUT = "about"  # the one entry of a file's header
NOT_IDENTITY = ("log_every", "checkpoint_every", "validate_every")  # may change between the parts of a run


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
    ordered = {name: t.detach().cpu().contiguous() for name, t in sorted(tensors.items())}
    with atomic_path(Path(path)) as temporary:
        temporary.write_bytes(save(ordered, {ABOUT: json.dumps(header, sort_keys=True)}))


def read_header(path: Path) -> dict[str, str]:
    """What a checkpoint says about itself.

    Raises:
        EmotalkError: no such file, or not a safetensors file.
    """
    path = Path(path)
    if not path.is_file():
        raise EmotalkError(f"no checkpoint at {path}; train one with 'emotalk train' or give another --checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {}).get(ABOUT, "{}"))
    except (SafetensorError, ValueError) as error:
        raise EmotalkError(f"{path} is not a safetensors file ({error}); give a checkpoint that 'emotalk train' wrote") from None


def load_generator(path: Path, device: torch.device | str = "cpu") -> Generator:
    """Read a generator in evaluation mode; its size comes from the file.

    Args:
        path: a `generator.safetensors` or the run's folder that holds it.
        device: where to put it.

    Raises:
        EmotalkError: the file is missing, is of another format, or its weights do not have the size it states.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "generator.safetensors"
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


class TrainingState:
    """All that an interrupted run needs to go on to the same bytes: weights, their average, Adam's moments, the step.

    Random numbers need no saving: every step's are drawn anew from the seed and the step.

    Args:
        folder: of the run; `state.safetensors` and `generator.safetensors` live there.
        preset: what is being trained.
        seed: of the run.
        generator: the weights being trained.
        average: their moving average, which becomes `generator.safetensors`.
        optimizer: Adam over the generator's parameters.
    """

    def __init__(
        self, folder: Path, preset: Preset, seed: int, generator: Generator, average: Generator, optimizer: torch.optim.Adam
    ) -> None:
        self.path = folder / "state.safetensors"
        self.checkpoint = folder / "generator.safetensors"
        self.preset, self.seed = preset, seed
        self.generator, self.average, self.optimizer = generator, average, optimizer
        self.identity = {
            "seed": str(seed),
            "model": config_to_json(preset.model),
            "train": json.dumps({k: v for k, v in config_fields(preset.train).items() if k not in NOT_IDENTITY}, sort_keys=True),
        }

    def load(self, resume: bool) -> int:
        """Restore the run in the folder and return the steps it has done; 0 where there is none.

        Raises:
            EmotalkError: there is a run and `resume` is false, or its configuration is another one.
        """
        if not self.path.is_file():
            return 0
        header = read_header(self.path)
        if not resume:
            raise EmotalkError(
                f"{self.path.parent} already holds a run at step {header.get('step')}; "
                "add --resume to go on with it, or give another --out"
            )
        changed = [name for name in self.identity if header.get(name) != self.identity[name]]
        if changed:
            raise EmotalkError(
                f"the run in {self.path.parent} was made with another {_difference(header, self.identity, changed[0])}; "
                "use the same settings, or give another --out"
            )
        tensors = load_file(self.path)
        for name, module in (("generator", self.generator), ("average", self.average)):
            module.load_state_dict(_under(tensors, name))
        moments = [
            {"step": tensors["adam.step"].clone(), "exp_avg": mean, "exp_avg_sq": square}
            for mean, square in zip(_under(tensors, "adam.mean").values(), _under(tensors, "adam.square").values())
        ]
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": dict(enumerate(moments)), "param_groups": groups})
        return int(header["step"])

    def save(self, step: int, features: str) -> None:
        """Write both files, each atomically: the state first, so that a kill between them loses nothing."""
        tensors = {f"generator.{k}": v for k, v in self.generator.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        tensors["adam.step"] = torch.tensor(float(step))
        for i, parameter in enumerate(self.generator.parameters()):
            moments = self.optimizer.state[parameter]
            tensors[f"adam.mean.{i:04d}"], tensors[f"adam.square.{i:04d}"] = moments["exp_avg"], moments["exp_avg_sq"]
        save_tensors(tensors, self.path, {**self.identity, "step": str(step)})
        save_generator(self.average, self.checkpoint, preset=self.preset.name, step=step, perceptual_features=features)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors below a prefix, without it, in the order of their names."""
    return {k.removeprefix(prefix + "."): tensors[k] for k in sorted(tensors) if k.startswith(prefix + ".")}


def _difference(old: dict[str, str], new: dict[str, str], part: str) -> str:
    """Name the first setting that differs: "batch_size (2, now 3)"."""
    if part == "seed":
        return f"seed ({old.get('seed')}, now {new['seed']})"
    before, now = json.loads(old.get(part, "{}")), json.loads(new[part])
    name = next(k for k in sorted({*before, *now}) if before.get(k) != now.get(k))
    return f"{name} ({before.get(name)}, now {now.get(name)})"
