"""What each stage learns, at toy size: one clip by heart, a mouth that moves, an emotion that shows."""

import json
from dataclasses import replace

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from toy import TOY, TOY_PRESET, toy_folder

from emotalk_lite.checkpoint import load_generator
from emotalk_lite.data.windows import ClipWindows, one_hot, to_signed
from emotalk_lite.devices import check_bfloat16
from emotalk_lite.errors import EmotalkError
from emotalk_lite.models.noise import sample_noise
from emotalk_lite.presets import PRESETS, Preset, TrainConfig, epochs
from emotalk_lite.training.learners import build_learners
from emotalk_lite.training.processes import Processes
from emotalk_lite.training.steps import Draws, critic_step, draw_frames, generator_step
from emotalk_lite.training.schedule import example_order, pseudo_ramp
from emotalk_lite.training.train import train
from emotalk_lite.variants import VARIANTS, variant

# Wide enough to learn one second of film by heart within seconds: whole clips of 16 frames, all weight on the mouth
OVERFIT = Preset(
    "overfit",
    replace(TOY, filters=(8, 16, 16), last_filters=8, speech_filters=(16,) * 4, n_context=5, speech_dim=64, conv_lstm=False),
    replace(
        TOY_PRESET.train,
        critic_steps=40,
        pretrain_steps=120,
        joint_steps=30,
        batch_size=1,
        window=16,
        learning_rate=6e-3,
        final_learning_rate=3e-3,
        warmup_steps=10,
        critic_learning_rate=3e-3,
        betas=(0.9, 0.99),
        grad_clip=1.0,
        perceptual_weight=0.1,
        log_every=5,
        validate_every=30,
    ),
)
SPEAKING = slice(24, 40)  # frames in which every clip of the sample speaks
ALONE = Processes(0, 1, torch.device("cpu"))
SIZES = ("image_size", "filters", "last_filters", "speech_filters", "speech_dim", "image_dim", "emotion_dim", "noise_dim", "se_ratio", "critic_filters", "critic_dim")  # fmt: skip


@pytest.fixture(scope="module")
def one_clip(sample, tmp_path_factory):
    """A run on a single clip, all stages."""
    folder = toy_folder(sample, tmp_path_factory.mktemp("data"), ("happiness",), SPEAKING)
    out = tmp_path_factory.mktemp("one_clip")
    train(folder, out, OVERFIT, progress=False)
    return out


def curve(run, tag):
    events = EventAccumulator(str(run / "logs"))
    events.Reload()
    return [e.value for e in events.Scalars(tag)]


def rows(run, stage):
    return [row for row in json.loads((run / "run.json").read_text())["history"] if row["stage"] == stage]


def test_overfitting_one_clip_the_emotion_critic_names_its_emotion(one_clip):
    losses = curve(one_clip, "critic/emotion")[:8]  # 40 steps
    assert losses[-1] < 0.5 * losses[0]
    assert rows(one_clip, "critic")[-1]["emotion_accuracy"] == 1


def test_overfitting_one_clip_the_generator_s_loss_falls_and_its_mouth_begins_to_move(one_clip):
    mouth = curve(one_clip, "train/mouth")[:24]  # 120 steps
    assert sum(mouth[-5:]) / 5 < 0.5 * mouth[0]
    first, last = (rows(one_clip, "pretrain")[i] for i in (0, -1))
    assert last["mouth_error"] < first["mouth_error"]
    assert last["mouth_motion"] > max(0.3, 1.5 * first["mouth_motion"]) and last["mouth_correlation"] > 0.8


def test_overfitting_one_clip_the_joint_stage_goes_on_learning_and_keeps_the_mouth_moving(one_clip):
    before, after = rows(one_clip, "pretrain")[-1], rows(one_clip, "joint")[-1]
    assert after["mouth_error"] < before["mouth_error"]
    assert after["mouth_motion"] > 0.9 * before["mouth_motion"]
    assert curve(one_clip, "critic/emotion")[-1] < curve(one_clip, "critic/emotion")[8]  # it tells drawn clips from real ones


def test_the_emotion_alone_changes_the_frames_towards_the_clip_of_that_emotion(sample, tmp_path):
    folder = toy_folder(sample, tmp_path / "data", ("anger", "happiness", "neutral"), SPEAKING)
    train(folder, tmp_path / "run", OVERFIT, "pretrain", progress=False)
    generator, examples = load_generator(tmp_path / "run"), ClipWindows(folder, 16)
    clips = {clip.emotion: clip for clip in map(examples.clip, examples.entries)}
    for asked, other in (("anger", "happiness"), ("happiness", "anger")):
        clip = clips[asked]
        target = to_signed(clip.frames)[None]
        noises = [sample_noise(1, len(clip), TOY.noise_dim, torch.Generator().manual_seed(seed)) for seed in (0, 1)]

        def drawn(emotion, noise=noises[0]):
            with torch.no_grad():
                return generator(examples.condition_image(examples.entries[0])[None], torch.from_numpy(clip.audio)[None], one_hot(emotion)[None], noise)

        right, wrong, other_noise = drawn(asked), drawn(other), drawn(asked, noises[1])
        assert (right - target).abs().mean() < (wrong - target).abs().mean()
        assert (right - wrong).abs().mean() > 2 * (right - other_noise).abs().mean()


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_builds_and_steps_once_in_every_stage(name, sample, tmp_path):
    preset = PRESETS[name]
    model = replace(preset.model, **{size: getattr(TOY, size) for size in SIZES})
    once = {"critic_steps": 1, "pretrain_steps": 1, "joint_steps": 1, "window": 4, "perceptual_features": "efficientnet_lite0"}
    once |= {"frames_drawn": min(preset.train.frames_drawn, 4), "pseudo_identities": 0.0}  # these are made of frames of 128 pixels
    small = replace(preset, model=model, train=replace(preset.train, **once))
    train(toy_folder(sample, tmp_path / "data", ("anger", "neutral")), tmp_path / "run", small, progress=False)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == {"critic": 1, "pretrain": 1, "joint": 1}


def test_the_portrait_preset_takes_a_step_on_real_faces_that_are_another_s(sample, tmp_path):
    preset, mouth = replace(PRESETS["portrait"], model=replace(PRESETS["smoke"].model, output="warp")), []  # small networks, 128 pixels
    for share in (0.0, 1.0):
        config = replace(preset.train, batch_size=2, pseudo_identities=share, pseudo_ramp=(0, 0), validate_clips=1)
        train(sample.folder, tmp_path / str(share), replace(preset, train=config), "pretrain", steps=1, progress=False)
        mouth += curve(tmp_path / str(share), "train/mouth")
    assert 0 < mouth[0] < 100 and 0 < mouth[1] < 100 and mouth[0] != mouth[1]  # the same window, of two faces


def test_the_critic_stage_sees_faces_that_are_another_s_from_its_first_step(sample, tmp_path):
    loss = []
    for share in (0.0, 1.0):
        config = replace(PRESETS["smoke"].train, pseudo_identities=share, pseudo_ramp=(10, 20), validate_clips=1)
        train(sample.folder, tmp_path / str(share), replace(PRESETS["smoke"], train=config), "critic", steps=1, progress=False)
        loss += curve(tmp_path / str(share), "critic/emotion")
    assert loss[0] != loss[1]  # the same clips, of two faces


def test_pseudo_identities_grow_within_pretraining_and_are_whole_in_the_other_stages(sample):
    config, preset = replace(PRESETS["portrait"].train, pseudo_identities=1.0, pseudo_ramp=(5, 10)), PRESETS["portrait"]
    plain, examples = (ClipWindows(sample.folder, 1, pseudo_identities=share) for share in (0.0, 1.0))

    def is_another_s(stage, step):
        index = example_order(stage, step, step + 1, config.batch_size, slice(0, 1))[0]
        examples.pseudo_ramp = pseudo_ramp(stage, config)
        return not torch.equal(examples[index].frames, plain[index].frames)

    assert [is_another_s("pretrain", step) for step in (0, 5, 6, 10, 500)] == [False, False, True, True, True]
    assert all(is_another_s(stage, step) for stage in ("critic", "joint") for step in (0, 500))


def has_bfloat16() -> bool:
    try:
        check_bfloat16(torch.device("cpu"))
    except EmotalkError:
        return False
    return True


@pytest.mark.parametrize("options", [{"precision": "bf16"}, {"penalty_per": "frame", "eye_mean_over": "mask", "condition": "same_window"}], ids=str)
def test_options_of_training_step_in_every_stage(options, sample, tmp_path):
    if options.get("precision") == "bf16" and not has_bfloat16():
        pytest.skip("this processor has no LSTM in bfloat16")
    config = replace(TOY_PRESET.train, **options)
    head = replace(TOY_PRESET, model=replace(TOY, emotion_head=True), train=config)
    train(toy_folder(sample, tmp_path / "data"), tmp_path / "run", head, steps=6, progress=False)
    assert curve(tmp_path / "run", "train/speech_emotion") and rows(tmp_path / "run", "joint")[-1]["psnr"] > 0
    assert all(p.dtype == torch.float32 for p in load_generator(tmp_path / "run").parameters())


def test_a_critic_step_moves_the_critics_alone_and_a_generator_step_the_generator_alone(sample, tmp_path):
    from emotalk_lite.models.features import load_features

    config, learners = TOY_PRESET.train, build_learners(TOY_PRESET, 0, torch.device("cpu"))
    batch = torch.utils.data.default_collate([ClipWindows(toy_folder(sample, tmp_path), config.window)[i] for i in range(2)])
    draws = Draws.draw(config, TOY, torch.Generator().manual_seed(0))

    def moved(step):
        before = {name: [p.clone() for p in learner.network.parameters()] for name, learner in learners.items()}
        step()
        return {name for name, learner in learners.items() if not all(map(torch.equal, before[name], learner.network.parameters()))}

    drawn = draw_frames(learners.generator.network, batch, draws)
    assert moved(lambda: critic_step(learners, batch, drawn.frames.detach(), draws.mix, config, ALONE)) == {"frame_critic", "emotion_critic"}
    features = load_features(config.perceptual_features)
    assert moved(lambda: generator_step(learners, batch, drawn, draws.seen, features, "joint", 1e-3, config, ALONE)) == {"generator"}


def test_some_frames_of_a_window_are_drawn_as_all_of_them_are(sample, tmp_path):
    preset = replace(TOY_PRESET, model=replace(TOY, conv_lstm=False))
    generator, config = build_learners(preset, 0, torch.device("cpu")).generator.network, preset.train
    batch = torch.utils.data.default_collate([ClipWindows(toy_folder(sample, tmp_path), config.window)[i] for i in range(2)])
    every, some = (Draws.draw(config, TOY, torch.Generator().manual_seed(0), n_drawn=n) for n in (0, 3))
    frames, few = draw_frames(generator, batch, every).frames, draw_frames(generator, batch, some).frames
    for b in range(2):
        for k, t in enumerate(some.drawn[b]):
            assert torch.allclose(few[b, k], frames[b, t], atol=1e-6)
            assert torch.equal(batch.of_frames(some.drawn).frames[b, k], batch.frames[b, t])
    assert few.shape[1] == 3 and torch.equal(every.drawn[0], torch.arange(config.window))


def test_a_conv_lstm_has_to_draw_every_frame():
    with pytest.raises(ValueError, match="frames_drawn"):
        replace(TOY_PRESET, train=replace(TOY_PRESET.train, frames_drawn=3))


def test_the_objective_is_the_papers():
    config = TrainConfig()
    weights = (config.mouth_weight, config.perceptual_weight, config.frame_weight, config.emotion_weight, config.eye_weight)
    assert weights == (100, 1, 0.01, 0.001, 1)
    assert (config.learning_rate, config.joint_learning_rate, config.critic_learning_rate, config.batch_size) == (1e-4, 1e-5, 1e-4, 2)


def test_the_papers_budgets_and_the_epochs_that_its_figure_8_shows():
    for name, alone, together in (("p100", 500, 200), ("a100", 1600, 2000)):
        config = PRESETS[name].train
        assert [config.budget(stage) / epochs(1) for stage in ("critic", "pretrain", "joint")] == [alone, alone, together]
    shown = {epochs(n) for n in (1600, 1800, 2000)}
    assert all(step % PRESETS["a100"].train.validate_every == 0 and step <= PRESETS["a100"].train.joint_steps for step in shown)


def test_the_variants_of_table_5_differ_in_three_settings_and_nothing_else():
    rows = {name: variant("cuda", name) for name in VARIANTS}
    full = PRESETS["cuda"]
    assert len(rows) == len({(p.model, p.train, p.upscale) for p in rows.values()}) == 8
    for name, preset in rows.items():
        restored = replace(
            preset,
            name="cuda",
            model=replace(preset.model, squeeze_excitation="all"),
            train=replace(preset.train, eye_weight=1.0),
            upscale="none",
        )
        assert restored == full
        assert (preset.model.squeeze_excitation == "all") == ("se" in name.split("+"))
        assert (preset.train.eye_weight > 0) == ("em" in name.split("+"))
        assert (preset.upscale == "bsrgan") == ("bsrgan" in name.split("+"))
    with pytest.raises(EmotalkError, match="no variant 'all'; choose one of base, base"):
        variant("cpu", "all")


def test_the_generator_of_every_checkpoint_is_kept_where_that_is_asked_for(sample, tmp_path):
    keeping = replace(TOY_PRESET, train=replace(TOY_PRESET.train, critic_steps=1, pretrain_steps=3, joint_steps=1, checkpoint_every=2, keep_checkpoints=True))
    last = train(toy_folder(sample, tmp_path / "data"), tmp_path / "run", keeping, device="cpu", progress=False)
    kept = tmp_path / "run" / "checkpoints"
    assert sorted(path.stem for path in kept.iterdir()) == ["joint-000001", "pretrain-000002", "pretrain-000003"]
    assert (kept / "joint-000001.safetensors").read_bytes() == last.read_bytes() != (kept / "pretrain-000002.safetensors").read_bytes()
