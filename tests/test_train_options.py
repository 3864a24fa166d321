"""Every option of model, objective and examples takes part in a step of the joint stage, at toy size."""

from dataclasses import fields, replace

import pytest
import torch
from test_cli import emotalk
from toy import TOY_PRESET, toy_folder

from emotalk_lite.data.windows import ClipWindows
from emotalk_lite.models.features import load_features
from emotalk_lite.presets import ModelConfig
from emotalk_lite.training.learners import build_learners
from emotalk_lite.training.processes import Processes
from emotalk_lite.training.steps import Draws, critic_step, draw_frames, generator_step

ALONE = Processes(0, 1, torch.device("cpu"))
OF_MODEL = {field.name for field in fields(ModelConfig)}
OPTIONS = [
    {},
    {"emotion_head": True},
    {"candidate": "tanh"},
    {"conv_lstm": False},
    {"squeeze_excitation": "none"},
    {"squeeze_excitation": "last"},
    {"se_ratio": 2},
    {"dropout": 0.3},
    {"kaiming_init": False},
    {"output": "composite"},
    {"output": "warp"},
    {"penalty_per": "frame"},
    {"eye_mean_over": "image"},
    {"eye_weight": 0.0},
    {"motion_power": 2.0},
    {"condition": "same_window"},
    {"intensities": True},
]


@pytest.fixture(scope="module")
def folder(sample, tmp_path_factory):
    return toy_folder(sample, tmp_path_factory.mktemp("options"), ("anger", "neutral"))


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: " ".join(f"{k}={v}" for k, v in option.items()) or "the paper's")
def test_every_option_trains(option, folder):
    of_model = {name: value for name, value in option.items() if name in OF_MODEL}
    of_training = {name: value for name, value in option.items() if name not in OF_MODEL}
    preset = replace(TOY_PRESET, model=replace(TOY_PRESET.model, **of_model), train=replace(TOY_PRESET.train, **of_training))
    config, learners = preset.train, build_learners(preset, 0, torch.device("cpu"))
    generator, features = learners.generator.network, load_features(config.perceptual_features)
    examples = ClipWindows(folder, config.window, condition=config.condition, intensities=config.intensities)
    batch = torch.utils.data.default_collate([examples[i] for i in range(2)])
    draws = Draws.draw(config, preset.model, torch.Generator().manual_seed(0))
    before = {name: {k: p.detach().clone() for k, p in learner.network.named_parameters()} for name, learner in learners.items()}

    mouth = []
    for _ in range(4):
        drawn = draw_frames(generator, batch, draws)
        critics = critic_step(learners, batch, drawn.frames.detach(), draws.mix, config, ALONE)
        terms = generator_step(learners, batch, drawn, draws.seen, features, "joint", 3e-3, config, ALONE)
        mouth.append(terms["mouth"].item())
        assert all(torch.isfinite(term) for term in (critics | terms).values())
    assert mouth[-1] < mouth[0]  # the same batch again and again
    assert ("speech_emotion" in terms) == preset.model.emotion_head and (terms["eye"] > 0) == (config.eye_weight > 0)
    for name, learner in learners.items():
        weights = dict(learner.network.named_parameters())
        moved = {k.split(".")[0] for k, p in weights.items() if not torch.equal(p, before[name][k])}
        assert moved == {k.split(".")[0] for k in weights}  # every block learns


def test_where_nothing_can_be_compiled_training_says_so_in_one_line_before_it_begins(tmp_path):
    nothing = {"CXX": "/nowhere/c++", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    done = emotalk("train", "--preset", "smoke", "--steps", 3, "--compile", "--device", "cpu", "--out", tmp_path / "run", **nothing)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("emotalk: torch.compile fails here (") and done.stderr.endswith("; train without --compile\n")
    assert done.stderr.count("\n") == 1 and "compiler" in done.stderr and not (tmp_path / "run").exists()
