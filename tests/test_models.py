"""Every network at toy size: shapes, gradients, and what the paper says of it."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch.utils._pytree import tree_flatten
from toy import TOY

from emotalk_lite.models.critics import EmotionCritic, FrameCritic
from emotalk_lite.models.decoder import ConvLSTMBlock, Decoder, DecoderBlock
from emotalk_lite.models.emotion import EmotionEncoder
from emotalk_lite.models.generator import Generator, SpeechEmotionHead
from emotalk_lite.models.image import ImageBlock, ImageEncoder, SqueezeExcitation
from emotalk_lite.models.noise import NoiseEncoder, sample_noise
from emotalk_lite.models.plain import plain_generate
from emotalk_lite.models.speech import SpeechEncoder, add_context
from emotalk_lite.models.upsample import conv_reflect, phase_kernel, plain_upsample_conv, upsample_conv
from emotalk_lite.models.warp import Warp
from emotalk_lite.presets import PRESETS, ModelConfig


def inputs(config=TOY, batch=2, frames=5, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return (
        torch.rand(batch, 3, config.image_size, config.image_size, generator=rng) * 2 - 1,
        torch.randn(batch, frames * 320, generator=rng) * 0.1,
        torch.eye(6)[:batch],
        sample_noise(batch, frames, config.noise_dim, rng),
    )


def test_generator_at_the_reference_size_has_the_reference_parameter_count():
    config = ModelConfig(squeeze_excitation="none", emotion_head=True)
    with torch.device("meta"):
        generator = Generator(config)
    assert sum(p.numel() for p in generator.parameters()) == 41_647_993


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_draws_frames_of_its_size(name):
    config = PRESETS[name].model
    with torch.device("meta"):
        generator = Generator(config)
        frames = generator(
            torch.empty(1, 3, config.image_size, config.image_size),
            torch.empty(1, 2 * 320),
            torch.empty(1, 6),
            torch.empty(1, 2, config.noise_dim),
        )
    assert frames.shape == (1, 2, 3, 128, 128)


@pytest.mark.parametrize("conv_lstm", [True, False])
@pytest.mark.parametrize("squeeze_excitation", ["none", "all", "last"])
def test_gradients_reach_every_parameter_of_the_generator(conv_lstm, squeeze_excitation):
    torch.manual_seed(0)
    generator = Generator(replace(TOY, conv_lstm=conv_lstm, squeeze_excitation=squeeze_excitation))
    frames = generator(*inputs())
    assert frames.shape == (2, 5, 3, 32, 32) and frames.abs().max() <= 1
    frames.square().mean().backward()
    dead = [name for name, p in generator.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert dead == []


# Each block: how it is made, the shapes of its inputs for 2 clips of 5 frames, and those of its outputs
BLOCKS = {
    "speech encoder": (lambda: SpeechEncoder(TOY), [(2, 1600)], [(2, 5, 12)]),
    "image encoder": (lambda: ImageEncoder(TOY), [(2, 3, 32, 32)], [(2, 10), (2, 7, 16, 16), (2, 11, 8, 8), (2, 11, 4, 4)]),
    "image block": (lambda: ImageBlock(3, 8, se_ratio=2, dropout=0.0), [(2, 3, 16, 16)], [(2, 8, 8, 8)]),
    "squeeze and excitation": (lambda: SqueezeExcitation(8, ratio=2), [(2, 8, 4, 4)], [(2, 8, 4, 4)]),
    "emotion encoder": (lambda: EmotionEncoder(TOY), [(2, 6)], [(2, 8)]),
    "noise encoder": (lambda: NoiseEncoder(TOY), [(2, 5, 6)], [(2, 5, 6)]),
    "decoder block": (lambda: DecoderBlock(8, 5, 4, upsample=True), [(10, 8, 4, 4), (2, 5, 8, 8)], [(10, 4, 8, 8)]),
    "first decoder block": (lambda: DecoderBlock(8, 5, 4, upsample=False), [(10, 8, 4, 4), (2, 5, 4, 4)], [(10, 4, 4, 4)]),
    "ConvLSTM": (lambda: ConvLSTMBlock(8, 5, 4, "leaky_relu"), [(10, 8, 4, 4), (2, 5, 8, 8)], [(10, 4, 8, 8), (2, 4, 8, 8), (2, 4, 8, 8)]),
    "warp": (lambda: Warp(TOY).eval(), [(2, 5, 36), (10, 3, 32, 32), (2, 3, 32, 32)], [(10, 3, 32, 32)]),
    "frame critic": (lambda: FrameCritic(TOY), [(2, 5, 3, 32, 32), (2, 3, 32, 32)], [(2, 5)]),
    "emotion critic": (lambda: EmotionCritic(TOY), [(2, 5, 3, 32, 32)], [(2, 7)]),
    "speech-emotion head": (lambda: SpeechEmotionHead(TOY), [(2, 5, 12)], [(2, 6)]),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_has_its_shapes_and_gradients_of_all_its_inputs_and_parameters(name):
    torch.manual_seed(1)  # with 0, noise for a picture leaves all four ReLUs of one squeeze shut
    make, takes, gives = BLOCKS[name]
    block, given = make(), [torch.randn(shape, requires_grad=True) for shape in takes]
    outputs, _ = tree_flatten(block(*given))
    assert [tuple(output.shape) for output in outputs] == gives
    sum((output * torch.randn_like(output)).sum() for output in outputs).backward()
    for what, tensor in [*block.named_parameters(), *enumerate(given)]:
        assert tensor.grad.isfinite().all() and tensor.grad.any(), what


def test_each_of_the_four_inputs_changes_the_frames():
    torch.manual_seed(0)
    generator = Generator(TOY).double().eval()
    given, other = ([x.double() for x in inputs(seed=seed)] for seed in (0, 1))
    other = (*other[:2], given[2].flip(0), other[3])
    base = generator(*given)
    for i in range(4):
        changed = generator(*[other[j] if j == i else given[j] for j in range(4)])
        assert (changed - base).abs().max() > 1e-9, f"input {i} is ignored"


def test_speech_encoder_makes_125_vectors_and_25_frames_a_second():
    encoder = SpeechEncoder(TOY)
    assert encoder.convolutions(torch.zeros(1, 1, 8000)).shape == (1, TOY.speech_features, 125)
    assert encoder(torch.zeros(1, 8000)).shape == (1, 25, TOY.speech_dim)


def test_speech_that_is_not_whole_frames_is_refused():
    with pytest.raises(ValueError, match="multiple of 320"):
        SpeechEncoder(TOY)(torch.zeros(1, 321))


def test_context_of_each_frame_is_its_vector_with_seventeen_neighbours_on_each_side():
    features = torch.randn(2, 50, 16)
    context = add_context(features, 17)
    assert context.shape == (2, 10, 560)
    at_frame_4 = context[:, 4].reshape(2, 35, 16)  # vectors 20 - 17 ... 20 + 17
    assert torch.equal(at_frame_4, features[:, 3:38])
    assert torch.equal(context[:, 0].reshape(2, 35, 16)[:, :17], torch.zeros(2, 17, 16))


def test_speech_embedding_sees_no_further_ahead_than_its_context():
    torch.manual_seed(0)
    encoder = SpeechEncoder(TOY).eval()
    speech = torch.randn(1, 40 * 320)
    changed = speech.clone()
    changed[:, 25 * 320 :] = 0
    same = torch.isclose(encoder(speech), encoder(changed), atol=1e-6).all(dim=-1)[0]
    assert same[:20].all() and not same[24:].any()


def test_image_encoder_gives_the_skips_of_the_reference():
    with torch.device("meta"):
        embedding, skips = ImageEncoder(ModelConfig())(torch.empty(1, 3, 128, 128))
    assert embedding.shape == (1, 512)
    assert [tuple(s.shape[1:]) for s in skips] == [(67, 64, 64), (131, 32, 32), (259, 16, 16), (515, 8, 8), (515, 4, 4)]


def test_skips_carry_the_shrunken_picture():
    image = inputs()[0]
    _, skips = ImageEncoder(TOY)(image)
    assert torch.equal(skips[0][:, -3:], image[:, :, ::2, ::2])


def test_squeeze_and_excitation_stands_where_it_is_asked_for():
    def count(where):
        return sum("excite" in n for n, _ in ImageEncoder(replace(TOY, squeeze_excitation=where)).named_parameters())

    assert [count(where) for where in ("none", "last", "all")] == [0, 4, 12]


def test_noise_is_repeatable_and_differs_by_seed():
    draws = [sample_noise(1, 4, 6, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
    assert NoiseEncoder(TOY)(draws[0]).shape == (1, 4, 6)


@pytest.mark.parametrize("kernel, size", [(3, 4), (3, 8), (7, 8), (7, 16)])
def test_upsampling_inside_the_convolution_equals_the_plain_formulation(kernel, size):
    torch.manual_seed(0)
    x = torch.randn(2, 5, size, size, dtype=torch.double, requires_grad=True)
    weight = torch.randn(4, 5, kernel, kernel, dtype=torch.double, requires_grad=True)
    bias = torch.randn(4, dtype=torch.double, requires_grad=True)
    fast, plain = upsample_conv(x, weight, bias), plain_upsample_conv(x, weight, bias)
    torch.testing.assert_close(fast, plain)
    upstream = torch.randn_like(plain)
    for a, b in zip(*(torch.autograd.grad((y * upstream).sum(), (x, weight, bias)) for y in (fast, plain))):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("upsample", [True, False])
def test_skip_once_equals_convolving_the_joined_channels_of_every_frame(upsample):
    torch.manual_seed(0)
    block = DecoderBlock(8, 5, 4, upsample)
    h, skip = torch.randn(6, 8, 4, 4), torch.randn(2, 5, 8, 8) if upsample else torch.randn(2, 5, 4, 4)
    big = torch.nn.functional.interpolate(h, scale_factor=2) if upsample else h
    joined = torch.cat([big, skip.repeat_interleave(3, dim=0)], dim=1)
    plain = torch.nn.functional.leaky_relu(conv_reflect(joined, block.conv.weight, block.conv.bias), 0.2)
    torch.testing.assert_close(block(h, skip), plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("candidate", ["leaky_relu", "tanh"])
def test_conv_lstm_equals_its_equations_written_out(candidate):
    torch.manual_seed(0)
    block = ConvLSTMBlock(8, 5, 4, candidate)
    h, skip = torch.randn(2 * 3, 8, 4, 4), torch.randn(2, 5, 8, 8)
    hidden = cell = torch.zeros(2, 4, 8, 8)
    expected = []
    for t in range(3):
        x = torch.cat([torch.nn.functional.interpolate(h.reshape(2, 3, 8, 4, 4)[:, t], scale_factor=2), skip], dim=1)
        gates = torch.nn.functional.conv2d(x, block.input.weight, block.input.bias, padding=1) + block.hidden(hidden)
        i, f, g, o = gates.chunk(4, dim=1)
        g = torch.tanh(g) if candidate == "tanh" else torch.nn.functional.leaky_relu(g, 0.2)
        cell = f.sigmoid() * cell + i.sigmoid() * g
        hidden = o.sigmoid() * cell.tanh()
        expected.append(hidden)
    frames, (last_hidden, last_cell) = block(h, skip)
    torch.testing.assert_close(frames.reshape(2, 3, 4, 8, 8), torch.stack(expected, dim=1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close((last_hidden, last_cell), (hidden, cell), atol=1e-5, rtol=1e-5)


def gradients(generator, draw, given, weighting):
    """The frames and the gradient of every parameter and of the picture."""
    given = (given[0].clone().requires_grad_(), *given[1:])
    frames = draw(*given)
    names, parameters = zip(*generator.named_parameters())
    found = torch.autograd.grad((frames * weighting).sum(), [*parameters, given[0]])
    return frames, dict(zip([*names, "image"], found))


@pytest.mark.parametrize("batch, frames", [(1, 1), (2, 5)])
@pytest.mark.parametrize(
    "config",
    [
        TOY,
        replace(TOY, conv_lstm=False),
        replace(TOY, image_size=64, filters=(4, 5, 6, 7), last_filters=3, candidate="tanh"),
        replace(PRESETS["smoke"].model, conv_lstm=True, filters=(8, 12, 16, 20, 24)),
    ],
    ids=["32 px", "32 px, no ConvLSTM", "64 px, tanh", "128 px"],
)
def test_rewrites_equal_the_plain_formulation_forward_and_backward(config, batch, frames):
    torch.manual_seed(0)
    generator = Generator(config)
    given = inputs(config, batch, frames)
    weighting = torch.randn(batch, frames, 3, config.image_size, config.image_size) / config.image_size**2
    fast, of_fast = gradients(generator, generator, given, weighting)
    plain, of_plain = gradients(generator, partial(plain_generate, generator), given, weighting)
    torch.testing.assert_close(fast, plain, atol=1e-5, rtol=0)
    for name, gradient in of_plain.items():
        torch.testing.assert_close(of_fast[name], gradient, atol=1e-5, rtol=1e-4, msg=name)


def test_a_traced_generator_has_the_gradients_of_the_plain_one():
    torch.manual_seed(0)
    generator = Generator(replace(TOY, conv_lstm=False, output="warp"))
    given = torch.rand(2, 3, 32, 32) * 2 - 1, torch.randn(2, 3 * 320), torch.eye(6)[:2], torch.randn(2, 3, TOY.noise_dim)

    def step(draw):
        generator.zero_grad()
        frames = draw(*given)
        frames.square().mean().backward()
        return frames.detach(), [p.grad.clone() for p in generator.parameters() if p.grad is not None]

    frames, gradients = step(generator)
    traced = torch.compile(generator, backend="aot_eager_decomp_partition")  # torch.compile's own derivatives, without its compiler
    other, others = step(traced)
    assert torch.allclose(frames, other, atol=1e-5)
    assert all((a - b).abs().max() <= 1e-4 * a.abs().max() for a, b in zip(gradients, others, strict=True))


@pytest.mark.parametrize("kernel", [3, 7])
def test_both_kernels_of_the_rewrite_draw_the_same_inner_pixels(kernel):
    torch.manual_seed(0)
    x, weight = torch.randn(1, 5, 12, 12, dtype=torch.double), torch.randn(4, 5, kernel, kernel, dtype=torch.double)
    four = torch.nn.functional.conv2d(x, phase_kernel(weight))
    phases = torch.nn.functional.pixel_shuffle(four, 2)
    reach = (phases.shape[-1] - 24) // -2
    torch.testing.assert_close(phases, plain_upsample_conv(x, weight)[:, :, reach:-reach, reach:-reach])


def test_decoding_in_chunks_equals_decoding_at_once():
    torch.manual_seed(0)
    generator = Generator(TOY).eval()
    encoded = generator.encode(*inputs(frames=9))
    whole, _ = generator.decode(encoded)
    first, state = generator.decode(encoded.frames(0, 4))
    second, _ = generator.decode(encoded.frames(4, 9), state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, atol=1e-6, rtol=1e-5)


def test_the_output_of_the_decoder_is_bounded_by_its_tanh():
    decoder = Decoder(TOY)
    skips = [torch.randn(1, c, s, s) * 100 for c, s in ((7, 16), (11, 8), (11, 4))]
    frames, _ = decoder(torch.randn(1, 2, TOY.fusion_dim) * 100, skips, torch.zeros(1, 3, TOY.image_size, TOY.image_size))
    assert frames.abs().max() <= 1


def test_both_critics_look_at_every_frame():
    frames, image = torch.randn(2, 5, 3, 32, 32, requires_grad=True), torch.randn(2, 3, 32, 32)
    for verdict in (FrameCritic(TOY)(frames, image), EmotionCritic(TOY)(frames)):
        (gradient,) = torch.autograd.grad(verdict.sum(), frames)
        assert (gradient.flatten(2).abs().sum(dim=-1) > 0).all()


def test_frame_critic_judges_each_frame_on_its_own():
    torch.manual_seed(0)
    critic, image = FrameCritic(TOY), torch.randn(1, 3, 32, 32)
    frames = torch.randn(1, 4, 3, 32, 32)
    changed = frames.clone()
    changed[:, 2] = 0
    torch.testing.assert_close(critic(frames, image)[:, [0, 1, 3]], critic(changed, image)[:, [0, 1, 3]])


def test_sizes_that_do_not_end_at_four_pixels_are_refused():
    with pytest.raises(ValueError, match="change filters or image_size"):
        replace(TOY, image_size=64)
