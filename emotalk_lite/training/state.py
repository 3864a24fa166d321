"""What an interrupted run needs to go on to the same bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..checkpoint import config_fields, config_to_json, read_header, save_generator, tensors_to_bytes
from ..errors import EmotalkError
from ..models.generator import Generator
from ..paths import atomic_path
from ..presets import STAGES, Preset, TrainConfig
from .learners import Learners, load_moments, moments

NAME = "state.safetensors"
NAMED = 3  # differing settings that are named; a change of preset has dozens
# may change between the parts of a run; budgets are compared stage by stage
NOT_IDENTITY = ("log_every", "checkpoint_every", "keep_checkpoints", "validate_every", *(f"{stage}_steps" for stage in STAGES))


class TrainingState:
    """All networks, the generator's average, all of Adam's moments, and how far each stage is, in `state.safetensors`.

    Random numbers need no saving: every step's are drawn anew from the seed, the stage and the step, dropout's too.

    Args:
        folder: of the run; `state.safetensors`, `generator.safetensors` and `best.safetensors` live there.
        preset: what is being trained.
        seed: of the run.
        stages: that are asked for now.
        start: what the first weights are: "random", or the fingerprint of a checkpoint.

    Attributes:
        done: steps done of each stage.
        preset: as given, with the budgets of earlier stages as they were when they were trained.
        best: the lowest mouth error of any validation so far of the clips that validate now.
        judged: which clips these are ("clips", a fingerprint), and the step in all stages since which they are ("since").
        learns_from: of each stage, see `begin`.

    Raises:
        EmotalkError: the folder holds a run with other settings (more steps of a stage may be asked for where its learning rate is constant
            and no joint stage was built on it); or a joint stage is asked for and nothing leads to it.
    """

    def __init__(self, folder: Path, preset: Preset, seed: int, stages: Iterable[str], start: str = "random") -> None:
        self.folder = folder
        self.stages = tuple(stages)
        self.identity = {
            "seed": str(seed),
            "start": start,
            "model": config_to_json(preset.model),
            "train": json.dumps({k: v for k, v in config_fields(preset.train).items() if k not in NOT_IDENTITY}, sort_keys=True),
        }
        self.exists = (folder / NAME).is_file()
        self._found = header = _header(folder) if self.exists else {}
        if start == "random":  # what a run began with need not be named again
            self.identity["start"] = header.get("start", start)
        self.done = dict.fromkeys(STAGES, 0) | json.loads(header.get("done", "{}"))
        self.learns_from = json.loads(header.get("learns_from", "{}"))
        self.best = float(header.get("best", math.inf))
        self.judged = {"since": 0} | json.loads(header.get("judged", "{}"))
        budgets = json.loads(header.get("budgets", "{}"))
        self._check_settings(header, budgets, preset)
        kept = {f"{stage}_steps": n for stage, n in budgets.items() if self.done[stage] and stage not in self.stages}
        self.preset = replace(preset, train=replace(preset.train, **kept))
        self._check_order()

    @property
    def total(self) -> int:
        """Steps done in all stages."""
        return sum(self.done.values())

    def begun(self) -> bool:
        """Whether any of the stages asked for has begun before."""
        return any(self.done[stage] for stage in self.stages)

    def finished(self) -> bool:
        """Whether the stages asked for have nothing left to do."""
        return all(self.done[stage] >= self.preset.train.budget(stage) for stage in self.stages)

    def begin(self, clips: str, features: str) -> None:
        """Remember what the stages asked for learn from. The next stage may have something else, but half a stage may not go on so.

        Args:
            clips: fingerprint of the training clips, see `ClipWindows.fingerprint`.
            features: of the perceptual loss that could be had, see `load_features`; nothing to the critic stage.

        Raises:
            EmotalkError: a stage that is half done began with others.
        """
        for stage in self.stages:
            if self.done[stage] >= self.preset.train.budget(stage):
                continue
            now = {"clips": clips} if stage == "critic" else {"clips": clips, "perceptual features": features}
            if changed := self._learned_from_other(stage, now):
                raise EmotalkError(f"the {stage} stage in {self.folder} began with other {', '.join(changed)}; use the same, or give another --out")
            self.learns_from[stage] = now

    def check_finished(self, clips: str) -> None:
        """A finished run is what came of these training clips, as far as its last stage says; an old run, which does not, passes.

        Args:
            clips: as for `begin`.

        Raises:
            EmotalkError: it learned from others.
        """
        last = [stage for stage in self.stages if self.done[stage]][-1]
        if self._learned_from_other(last, {"clips": clips}):
            raise EmotalkError(f"the {last} stage in {self.folder} is complete and learned from other clips; give another --out")

    def _learned_from_other(self, stage: str, now: dict[str, str]) -> list[str]:
        """What a stage, where it has begun, is known to have learned from and would no longer."""
        before = now | (self.learns_from.get(stage, {}) if self.done[stage] else {})
        return [name if name == "clips" else f"{name} ({before[name]}, now {now[name]})" for name in now if before[name] != now[name]]

    def load(self, learners: Learners, average: Generator) -> None:
        """Restore weights and moments; where there is no run, everything stays as it is.

        Raises:
            EmotalkError: since this object was made, another process has gone on with the run.
        """
        if (_header(self.folder) if (self.folder / NAME).is_file() else {}) != self._found:
            raise EmotalkError(f"another process has gone on with the run in {self.folder} meanwhile; give the same command again")
        if not self.exists:
            return
        tensors = load_file(self.folder / NAME)
        average.load_state_dict(_under(tensors, "average"))
        for name, learner in learners.items():
            learner.network.load_state_dict(_under(tensors, name))
            load_moments(learner, _under(tensors, f"adam.{name}"))

    def save(self, learners: Learners, average: Generator, **about: object) -> None:
        """Write the state and `generator.safetensors` (the average), each atomically, and the state becomes visible last.

        So a disk that is full leaves both as they were, and after a kill between them the run goes on from the older state
        and writes the generator again. The other way round, a run could be complete with a generator of an earlier step.

        Args:
            learners: all three networks, with their moments.
            average: the generator's averaged weights.
            about: what else the generator's file should say of itself.

        Raises:
            FloatingPointError: a weight is not finite; both files stay as they were.
        """
        tensors = {f"average.{k}": v for k, v in average.state_dict().items()}
        for name, learner in learners.items():
            tensors |= {f"{name}.{k}": v for k, v in learner.network.state_dict().items()}
            tensors |= {f"adam.{name}.{k}": v for k, v in moments(learner).items()}
        if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
            raise FloatingPointError("a weight is not finite")
        header = {
            **self.identity,
            "done": json.dumps(self.done),
            "budgets": json.dumps({stage: self.preset.train.budget(stage) for stage in STAGES if self.done[stage]}),
            "best": repr(self.best),
            "judged": json.dumps(self.judged, sort_keys=True),
            "learns_from": json.dumps(self.learns_from, sort_keys=True),
        }
        with atomic_path(self.folder / NAME) as temporary:
            temporary.write_bytes(tensors_to_bytes(tensors, header))
            if self.done["pretrain"] or self.done["joint"]:  # in here, because the state gets its name when this block ends
                save_generator(average, self.folder / "generator.safetensors", **self._about(), **about)
        self.exists, self._found = True, header

    def keep_best(self, average: Generator, mouth_error: float, judged: str, **about: object) -> None:
        """Write `best.safetensors` where no validation of these clips, by their fingerprint, had a lower mouth error before."""
        if judged != self.judged.setdefault("clips", judged):  # errors on other clips compare with nothing
            self.best, self.judged = math.inf, {"clips": judged, "since": self.total}
        if mouth_error < self.best:
            self.best = mouth_error
            save_generator(average, self.folder / "best.safetensors", **self._about(), mouth_error=mouth_error, **about)

    def _about(self) -> dict[str, object]:
        steps = ", ".join(f"{stage} {n}" for stage, n in self.done.items() if n)
        return {"preset": self.preset.name, "step": self.total, "stages": steps}

    def _check_settings(self, header: dict[str, str], budgets: dict[str, int], preset: Preset) -> None:
        """Refuse to go on with a run of other settings, and name those that differ."""
        if not header:
            return
        now = {stage: preset.train.budget(stage) for stage in self.stages if self.done[stage]}
        changed = [d for part in self.identity for d in _differences(header.get(part, "{}"), self.identity[part], part)]
        planned = {stage: n for stage, n in now.items() if budgets[stage] != n and not self._extends(stage, preset.train)}
        if not changed and list(planned) == ["pretrain"]:
            raise EmotalkError(
                f"the pretrain stage in {self.folder} was planned for {budgets['pretrain']} steps, over which its learning rate falls, and cannot have "
                f"{now['pretrain']}; use the same number, or go on from its generator with --init {self.folder} in another --out"
            )
        if not changed and planned:
            counts = "; ".join(f"{stage} {budgets[stage]}, now {n}" for stage, n in planned.items())
            drew = self.done["pretrain"] or self.done["joint"]  # else there is no generator yet
            other = f"train on from its generator with --init {self.folder} in another --out" if drew else "give another --out"
            raise EmotalkError(f"the run in {self.folder} was made with other step counts ({counts}); give the same --steps, or {other}")
        changed += [f"{stage}_steps ({budgets[stage]}, now {n})" for stage, n in planned.items()]
        if changed:
            more = f" and {len(changed) - NAMED} more settings" if len(changed) > NAMED else ""
            raise EmotalkError(
                f"the run in {self.folder} was made with another {', '.join(changed[:NAMED])}{more}; "
                "use the same settings, or give another --out"
            )

    def _extends(self, stage: str, config: TrainConfig) -> bool:
        """Whether a stage that has begun may have this other budget: as if it had been planned so, because no step depends on the budget."""
        built_on = stage != "joint" and self.done["joint"]
        falls = stage == "pretrain" and config.learning_rate != config.final_learning_rate
        return config.budget(stage) >= self.done[stage] and not built_on and not falls

    def _check_order(self) -> None:
        """The joint stage needs what the earlier ones make."""
        config = self.preset.train
        earlier = [stage for stage in STAGES[:-1] if stage not in self.stages and self.done[stage] < config.budget(stage)]
        if "joint" in self.stages and earlier:
            needed = {"critic": "a trained emotion critic", "pretrain": "a pretrained generator"}
            far = {stage: f"is at step {self.done[stage]} of {config.budget(stage)}" if self.done[stage] else "has not begun" for stage in earlier}
            raise EmotalkError(
                f"the joint stage needs {' and '.join(f'{needed[stage]} (that stage {far[stage]})' for stage in earlier)} in {self.folder}; "
                f"run {' and '.join(f'--stage {stage}' for stage in earlier)} there first"
            )


@contextmanager
def then_resume(state: TrainingState) -> Iterator[None]:
    """Around what reads clips: one that vanished or is damaged stops the run, and its line also says how to go on afterwards."""
    try:
        yield
    except EmotalkError as error:
        if not state.exists:
            raise
        raise EmotalkError(f"{error}; then add --resume: the last good checkpoint is whole") from error


def _header(folder: Path) -> dict[str, str]:
    """What a run's state says about itself.

    Raises:
        EmotalkError: it is damaged.
    """
    try:
        return read_header(folder / NAME)
    except EmotalkError:
        raise EmotalkError(f"{folder / NAME} is damaged; begin again in another --out, from its generator with --init {folder}") from None


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors below a prefix, without it."""
    return {k.removeprefix(prefix + "."): v for k, v in tensors.items() if k.startswith(prefix + ".")}


def _differences(before: str, now: str, part: str) -> list[str]:
    """The settings that differ, such as "batch_size (2, now 3)".

    >>> _differences('{"batch_size": 2, "window": 8}', '{"batch_size": 2, "window": 25}', "train")
    ['window (8, now 25)']
    """
    if before == now:
        return []
    if part in ("seed", "start"):
        name = "start (of --init)" if part == "start" else part
        return [f"{name} ({before[:8]}, now {now[:8]})"]
    old, new = json.loads(before), json.loads(now)
    return [f"{k} ({old.get(k)}, now {new.get(k)})" for k in sorted({*old, *new}) if old.get(k) != new.get(k)]
