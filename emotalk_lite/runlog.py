"""What a run leaves to look at: TensorBoard scalars, sample strips and `run.json`."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import torch
from PIL import Image

from .checkpoint import config_fields
from .paths import atomic_path
from .presets import Preset
from .validate import Validation


class RunLog:
    """Writes into a run's folder: `logs/` (TensorBoard), `strips/<step>.png`, `run.json`.

    Args:
        folder: of the run.
        first_step: entries of an earlier, interrupted run at or after this step are dropped.
    """

    def __init__(self, folder: Path, first_step: int = 0) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.folder = folder
        self.writer = SummaryWriter(str(folder / "logs"), purge_step=first_step)
        self.path = folder / "run.json"
        earlier = json.loads(self.path.read_text()) if first_step and self.path.is_file() else {}
        self.about = {"seconds": earlier.get("seconds", 0.0)}
        self.history = [row for row in earlier.get("history", []) if row["step"] <= first_step]

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Each value under its own name."""
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def validation(self, validation: Validation, step: int) -> None:
        """Mean scores as scalars and into the history, the strip as a picture."""
        means = validation.means()
        self.scalars({f"validation/{name}": value for name, value in means.items()}, step)
        strip = validation.strip()
        self.writer.add_image("real above generated", strip, step, dataformats="HWC")
        with atomic_path(self.folder / "strips" / f"{step:06d}.png") as temporary:
            Image.fromarray(strip).save(temporary, format="PNG")
        self.history.append({"step": step, **means})
        self.about["clips"] = validation.scores

    def save(self, preset: Preset, step: int, features: str, seconds: float, device: torch.device) -> None:
        """Write `run.json`: what was trained, for how long, on what, and every validation number."""
        hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
        self.about["seconds"] += seconds
        record = {
            "preset": preset.name,
            "step": step,
            "seconds": round(self.about["seconds"], 1),
            "device": f"{device.type}: {hardware}, {torch.get_num_threads()} threads",
            "torch": torch.__version__,
            "perceptual_features": features,
            "model": config_fields(preset.model),
            "train": config_fields(preset.train),
            "clips": self.about.get("clips", {}),
            "history": self.history,
        }
        with atomic_path(self.path) as temporary:
            temporary.write_text(json.dumps(record, indent=1) + "\n")

    def close(self) -> None:
        """Flush TensorBoard."""
        self.writer.close()
