"""The exercise checks of chapter 05: the right answer passes, and each wrong one is told where to look."""

import pytest
import torch
from torch.nn.functional import pad

from emotalk_lite import check
from emotalk_lite.models.speech import KERNELS, STRIDES, add_context


@pytest.mark.parametrize(
    "milliseconds, hint",
    [(64, "hear further"), (214.75, "the half of it"), (150.9, "Of the last"), (0.107, "milliseconds"), (859, "in samples"),
     (179.4, "here it is 8"), (43.4, "So far hears one"), (87, "past and future"), (128, "first vector's middle"), (320, "video frames"),
     (147.4, "its own 40 ms"), (10, "Add the steps"), (107, "859 samples")],
)
def test_lookahead(milliseconds, hint):
    verdict = check.lookahead(milliseconds)
    assert hint in verdict.hint and bool(verdict) == (milliseconds == 107)


def test_the_reach_of_a_vector_follows_from_kernels_and_strides():
    reach, step = 0, 1
    for kernel, stride in zip(KERNELS, STRIDES):
        reach, step = reach + (kernel - 1) // 2 * step, step * stride
    assert check.lookahead((8 * step + reach) / 8)


def causal(features, n, order="oldest", start="zeros"):
    padded = pad(features, (0, 0, n, 0))
    if start == "copy":
        padded[:, :n] = features[:, :1]
    windows = padded.unfold(1, n + 1, 5).transpose(2, 3)  # (B, T, n + 1, F)
    windows = {"oldest": windows, "newest": windows.flip(2), "feature": windows.transpose(2, 3)}[order]
    return windows.flatten(2)


@pytest.mark.parametrize(
    "answer, hint",
    [
        (causal, "oldest first."),
        (lambda features, n: add_context(features, n), "the shape is"),
        (lambda features, n: add_context(features, n), "not the n after it"),
        (lambda features, n: causal(pad(features, (0, 0, 1, 0))[:, :-1], n), "its own"),
        (lambda features, n: add_context(features, n // 2), "has not been heard yet"),
        (lambda features, n: causal(features, n, order="newest"), "newest first"),
        (lambda features, n: causal(features, n, order="feature"), "sorted by feature"),
        (lambda features, n: causal(features, n, start="copy"), "should be zeros"),
        (lambda features, n: 0 * causal(features, n), "on the left only"),
    ],
)
def test_causal_context(answer, hint):
    verdict = check.causal_context(answer)
    assert hint in verdict.hint and bool(verdict) == (answer is causal)


def stream(convolutions, speech, chunk, margin=2, cut=True):
    frames, pieces = len(speech) // 320, []
    for start in range(0, frames, chunk):
        left, right = max(0, start - margin), min(frames, start + chunk + margin)
        features = convolutions(speech[None, None, left * 320 : right * 320])[0]
        keep = slice(5 * (start - left), 5 * (min(frames, start + chunk) - left)) if cut else slice(None)
        pieces.append(features[:, keep])
    return torch.cat(pieces, dim=1)


def stream_without_the_last_margin(convolutions, speech, chunk):
    whole = len(speech) // (320 * chunk) * 320 * chunk
    pieces = [stream(convolutions, speech[:whole], chunk)]
    if whole < len(speech):
        pieces.append(convolutions(speech[None, None, whole:])[0])
    return torch.cat(pieces, dim=1)


def stream_with_silence_around(convolutions, speech, chunk):
    silence = torch.zeros(2 * 320)
    return stream(convolutions, torch.cat([silence, speech, silence]), chunk)[:, 10:-10]


@pytest.mark.parametrize(
    "answer, hint",
    [
        (stream, "the same numbers"),
        (lambda *given: stream(*given, margin=0), "on both sides"),
        (lambda *given: stream(*given, cut=False), "the shape is"),
        (lambda convolutions, speech, chunk: convolutions(speech[None, None])[0], "20 should do"),
        (lambda convolutions, speech, chunk: torch.zeros(4, 200), "Call the convolutions"),
        (lambda convolutions, speech, chunk: 0 * stream(convolutions, speech, chunk), "Most vectors are wrong"),
        (lambda *given: torch.cat([stream_with_silence_around(*given)[:, :5], stream(*given)[:, 5:]], dim=1), "recording's ends"),
        (stream_with_silence_around, "recording's ends"),
        (lambda *given: stream(*given, margin=1), "27 too few"),
        (lambda convolutions, speech, chunk: stream(lambda x: convolutions(x[..., : chunk * 320 + 640]), speech, chunk), "on that side too"),
        (lambda convolutions, speech, chunk: stream(convolutions, speech[: len(speech) // 2560 * 2560], chunk), "42 frames make 210 vectors"),
        (lambda convolutions, speech, chunk: stream_without_the_last_margin(convolutions, speech, chunk), "40 frames are right, 42 are not"),
    ],
)
def test_streamed_features(answer, hint):
    verdict = check.streamed_features(answer)
    assert hint in verdict.hint and bool(verdict) == (answer is stream)
