"""The base paper's checkpoint in our generator: the same frames, and one clear line for every other file."""

from collections import OrderedDict
from dataclasses import replace

import pytest
import torch
from reference_oracle import reference_frames, reference_inputs, reference_shapes, reference_weights
from test_cli import emotalk

from emotalk_lite.checkpoint import load_generator
from emotalk_lite.convert import read_reference
from emotalk_lite.errors import EmotalkError
from emotalk_lite.models.generator import Generator
from emotalk_lite.models.reference import REFERENCE, from_reference

TOY = replace(
    REFERENCE,
    filters=(4, 5, 6, 7, 8),
    last_filters=4,
    speech_filters=(4, 5, 6, 7),
    speech_dim=12,
    image_dim=10,
    emotion_dim=8,
    noise_dim=6,
)

# What the released implementation itself (commit 4d23f4d, PyTorch 2.13, CPU) draws at the paper's size from
# reference_weights(REFERENCE, 1) and reference_inputs(REFERENCE, 1, 4, 2), fed in BGR, zeros in place of its context noise:
# (frame, RGB channel, row, column) -> value; the mean of each frame's red, green and blue; the head's logits.
PIXELS = {
    (0, 0, 0, 0): 0.011223,
    (0, 1, 64, 64): -0.169402,
    (0, 2, 127, 127): 0.094668,
    (1, 0, 40, 90): 0.146056,
    (2, 1, 100, 30): -0.359757,
    (3, 2, 3, 124): 0.225188,
    (3, 0, 64, 63): 0.30101,
    (3, 1, 127, 0): -0.042783,
}
MEANS = [
    [0.071532, -0.200866, 0.010249],
    [0.066261, -0.200664, 0.016810],
    [0.064923, -0.200512, 0.020834],
    [0.064560, -0.200390, 0.023186],
]
LOGITS = [-0.01303, -0.088578, 0.140212, -0.015911, 0.189558, 0.239399]


@torch.no_grad()
def test_at_the_papers_size_the_frames_are_those_of_the_released_implementation():
    generator = from_reference(reference_weights(REFERENCE, seed=1))
    given = reference_inputs(REFERENCE, batch=1, n_frames=4, seed=2)
    frames = generator(*given)[0]
    torch.testing.assert_close([frames[at].item() for at in PIXELS], list(PIXELS.values()), atol=1e-5, rtol=0)
    torch.testing.assert_close(frames.double().mean(dim=(2, 3)), torch.tensor(MEANS).double(), atol=2e-6, rtol=0)
    torch.testing.assert_close(generator.emotion_head(generator.speech_encoder(given[1]))[0], torch.tensor(LOGITS), atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("config, batch, n_frames", [(TOY, 1, 1), (TOY, 3, 6), (REFERENCE, 2, 3)], ids=["one", "toy", "paper"])
def test_every_pixel_equals_the_plain_formulation_under_the_references_names(config, batch, n_frames):
    weights = reference_weights(config, seed=0)
    image, speech, emotion, noise = reference_inputs(config, batch, n_frames, seed=1)
    expected, logits = reference_frames(weights, image.flip(1), speech, emotion, noise)
    generator = from_reference(weights) if config is REFERENCE else from_reference(weights, config)
    frames = generator(image, speech, emotion, noise)
    torch.testing.assert_close(frames, expected.flip(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(generator.emotion_head(generator.speech_encoder(speech)), logits, atol=1e-5, rtol=0)
    assert (frames - expected).abs().max() > 0.1  # the order of the colours matters


def test_the_reference_has_as_many_parameters_as_ours():
    count = sum(torch.Size(shape).numel() for shape in reference_shapes(REFERENCE).values())
    with torch.device("meta"):
        ours = Generator(REFERENCE)
    assert count == sum(p.numel() for p in ours.parameters()) == 41_647_993


def test_a_state_dict_of_data_parallel_loads_and_can_be_trained_on():
    weights = reference_weights(TOY, seed=0)
    generator = from_reference(OrderedDict((f"module.{name}", w.double()) for name, w in weights.items()), TOY)
    plain = from_reference(weights, TOY)
    assert not generator.training and all(p.requires_grad and p.dtype == torch.float32 for p in generator.parameters())
    assert all(torch.equal(a, b) for a, b in zip(generator.parameters(), plain.parameters()))
    generator(*reference_inputs(TOY, 1, 2, seed=0)).sum().backward()
    with torch.no_grad():
        generator.decoder.last.bias.fill_(9.0)
    assert weights["decoder.out_new.1.bias"].max() < 9.0  # the given tensors stay as they were


def without(name):
    return {k: v for k, v in reference_weights(TOY, seed=0).items() if k != name}


@pytest.mark.parametrize(
    "state_dict, reason",
    [
        (without("decoder.conv_4.bias_hh_l0"), r"it lacks decoder.conv_4.bias_hh_l0;"),
        (reference_weights(TOY, seed=0) | {"decoder.drp.weight": torch.ones(1)}, r"it has decoder.drp.weight, which"),
        (without("speech_rnn.bias_hh_l1") | {"rnn.bias_hh_l1": torch.ones(48)}, r"it lacks speech_rnn.bias_hh_l1 and has rnn.bias_hh_l1;"),
        (reference_weights(TOY, seed=0) | {"decoder.out_new.1.bias": torch.ones(4)}, r"its decoder.out_new.1.bias has shape \(4,\), not \(3,\);"),
        (reference_weights(TOY, seed=0) | {"decoder.out_new.1.bias": [1, 2, 3]}, r"its decoder.out_new.1.bias is no tensor"),
        ([1, 2], r"it holds a list, not named parameters"),
    ],
    ids=["missing", "extra", "renamed", "misshapen", "not a tensor", "not a dict"],
)
def test_another_state_dict_is_refused_and_the_first_difference_named(state_dict, reason):
    with pytest.raises(EmotalkError, match=f"not the reference's generator: {reason}"):
        from_reference(state_dict, TOY)


def test_a_checkpoint_becomes_safetensors_on_the_command_line(tmp_path):
    weights = reference_weights(REFERENCE, seed=1)
    wrapped = {f"module.{name}": w for name, w in weights.items()}
    torch.save(wrapped, tmp_path / "generator.pt", _use_new_zipfile_serialization=False)  # as PyTorch 1.4 wrote it
    done = emotalk("convert", tmp_path / "generator.pt", tmp_path / "out" / "reference.safetensors")
    assert (done.returncode, done.stderr) == (0, "")
    assert "41,647,993 parameters" in done.stdout
    loaded, direct = load_generator(tmp_path / "out" / "reference.safetensors"), from_reference(weights)
    assert loaded.config == REFERENCE
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), direct.parameters()))


class Harmful:
    """Unpickled, it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_checkpoint_that_holds_code_is_refused_and_nothing_in_it_runs(tmp_path):
    torch.save({"weights": Harmful(tmp_path / "ran")}, tmp_path / "bad.pt")
    with pytest.raises(EmotalkError, match="bad.pt cannot be read as a checkpoint"):
        read_reference(tmp_path / "bad.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"hi\n", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_refused(content, tmp_path):
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(EmotalkError, match="bad.pt cannot be read as a checkpoint"):
        read_reference(tmp_path / "bad.pt")


def test_convert_leaves_nothing_behind_when_it_fails(tmp_path):
    done = emotalk("convert", tmp_path / "nowhere.pt", tmp_path / "out.safetensors")
    assert done.returncode == 2 and done.stderr.startswith(f"emotalk: {tmp_path / 'nowhere.pt'}: no such file;")
    assert done.stderr.count("\n") == 1 and not (tmp_path / "out.safetensors").exists()
