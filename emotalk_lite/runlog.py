"""What a run leaves to look at: TensorBoard scalars, sample strips and `run.json`."""

from __future__ import annotations

import json
import platform
import threading
import time
from pathlib import Path

import torch
from PIL import Image

from .checkpoint import config_fields
from .paths import atomic_path, write_json
from .presets import Preset
from .validate import Validation


class RunLog:
    """Writes into a run's folder: `logs/` (TensorBoard), `strips/<stage>-<step>.png`, `log.json` and `run.json`.

    `log.json` is the record so far, written with every checkpoint; `run.json` is the report of a stage that is complete.

    Args:
        folder: of the run.
        done: steps done in all stages; entries of an earlier, interrupted run after this one are dropped.
    """

    def __init__(self, folder: Path, done: int = 0) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.folder = folder
        self._thread_hook = threading.excepthook
        threading.excepthook = self._thread_failed
        self.writer = SummaryWriter(str(folder / "logs"), purge_step=done + 1)  # the first step that is done again
        path = folder / "log.json"
        earlier = json.loads(path.read_text()) if done and path.is_file() else {}
        self.history = [row for row in earlier.get("history", []) if row["total"] <= done]
        self.clips = earlier.get("clips", {})
        self.started = time.monotonic() - earlier.get("seconds", 0.0)

    def scalars(self, group: str, values: dict[str, float], total: int) -> None:
        """Each value under its own name, over the steps of all stages."""
        for name, value in values.items():
            self.writer.add_scalar(f"{group}/{name}", value, total)

    def scores(self, stage: str, step: int, total: int, scores: dict[str, float]) -> None:
        """The numbers of a validation, into TensorBoard and the history."""
        self.scalars("validation", scores, total)
        self.history.append({"stage": stage, "step": step, "total": total, **scores})

    def validation(self, stage: str, step: int, total: int, validation: Validation) -> None:
        """Mean scores into the history, the strip as a picture."""
        self.scores(stage, step, total, validation.means())
        self.clips = validation.scores
        strip = validation.strip()
        self.writer.add_image("real above generated", strip, total, dataformats="HWC")
        with atomic_path(self.folder / "strips" / f"{stage}-{step:06d}.png") as temporary:
            Image.fromarray(strip).save(temporary, format="PNG")

    def save(self) -> None:
        """Write `log.json`, and what TensorBoard still holds in memory: with the state, the log is whole up to its step."""
        self.writer.flush()
        write_json({"seconds": self._seconds(), "history": self.history, "clips": self.clips}, self.folder / "log.json")

    def report(self, preset: Preset, done: dict[str, int], device: torch.device, **about: object) -> None:
        """Write `run.json`: what was trained, for how long, on what, and every validation number.

        Args:
            preset: what was trained.
            done: steps of each stage.
            device: where.
            about: what else to say, such as the perceptual features and what the numbers were computed on.
        """
        hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
        record = {
            "preset": preset.name,
            "step": sum(done.values()),
            "steps": done,
            "seconds": self._seconds(),
            "device": f"{device.type}: {hardware}, {torch.get_num_threads()} threads",
            "torch": torch.__version__,
            **about,
            "model": config_fields(preset.model),
            "train": config_fields(preset.train),
            "clips": self.clips,
            "history": self.history,
        }
        write_json(record, self.folder / "run.json")

    def close(self) -> None:
        """Flush TensorBoard."""
        try:
            self.writer.close()
        finally:
            threading.excepthook = self._thread_hook

    def _thread_failed(self, failure: threading.ExceptHookArgs) -> None:
        """TensorBoard's thread keeps what a full disk raised, and the next call raises it where it can be handled: no traceback for it."""
        if not isinstance(failure.exc_value, OSError):
            self._thread_hook(failure)

    def _seconds(self) -> float:
        return round(time.monotonic() - self.started, 1)
