"""Checks of the exercises of chapter 13."""

from collections.abc import Callable

import numpy as np

from .verdict import Verdict

FIELD = 4  # pixels of the large picture, each way, that one small pixel is the mean of


def dense_block_parameters(count: int) -> Verdict:
    """Chapter 13: how many parameters a residual dense block of 64 channels and growth 32 has.

    >>> dense_block_parameters(239616)
    Not yet. These are the weights; each output channel has a bias, too: four times 32, and 64.
    """
    nf, gc, taps = 64, 32, 9
    inputs = [nf + k * gc for k in range(5)]
    weights = taps * (gc * sum(inputs[:4]) + nf * inputs[4])
    biases = 4 * gc + nf
    hints = {
        weights + biases: "",
        weights: "These are the weights; each output channel has a bias, too: four times 32, and 64.",
        taps * gc * sum(inputs) + 5 * gc: "The fifth convolution leads back to 64 channels, not to 32.",
        taps * (gc * nf * 4 + nf * nf) + biases: "Each convolution sees the results before it, too: 64, 96, 128, 160 and 192 channels.",
        (weights + biases) * 3: "That is three of them, a whole residual-in-residual block.",
    }
    if count not in hints:
        return Verdict(False, "Sum over five convolutions of 3 x 3: inputs times outputs times 9, and a bias for each output.")
    right = "9 x 32 x (64 + 96 + 128 + 160) + 9 x 64 x 192, and 192 biases. There are 69 of these blocks."
    return Verdict(not hints[count], hints[count] or right)


def borrowed_detail(answer: Callable) -> Verdict:
    """Chapter 13: a picture with one face's small version and another face's detail.

    Args:
        answer: takes a face and a stranger, float (B, 3, H, W), and returns a new picture of that shape. The mean of each 4 x 4
            pixels is the face's, and what deviates from that mean is the stranger's.

    >>> borrowed_detail(lambda face, stranger: face)
    Not yet. The means are right, but the detail is the face's own: take the stranger's.
    """
    import torch

    rng = torch.Generator().manual_seed(0)
    face, stranger = (torch.rand(2, 3, 8, 12, generator=rng) for _ in range(2))
    before = face.clone(), stranger.clone()

    def means(x: "torch.Tensor") -> "torch.Tensor":
        small = torch.nn.functional.avg_pool2d(x, FIELD)
        return small.repeat_interleave(FIELD, -1).repeat_interleave(FIELD, -2)

    found = answer(face, stranger)
    if not (torch.equal(face, before[0]) and torch.equal(stranger, before[1])):
        return Verdict(False, "Your function changes a picture that it is given; make a new one.")
    if not torch.is_tensor(found):
        return Verdict(False, "Return a torch tensor, as the two pictures are.")
    if found.shape != face.shape:
        return Verdict(False, "Return a picture of the large size: every small pixel stands for 4 x 4 of them.")
    right_means = torch.allclose(means(found), means(face), atol=1e-5)
    right_detail = torch.allclose(found - means(found), stranger - means(stranger), atol=1e-5)
    if right_means and right_detail:
        return Verdict(True, "No super-resolution can tell this picture from the face: small, they are the same.")
    if torch.allclose(means(found), means(stranger), atol=1e-5) and torch.allclose(found - means(found), face - means(face), atol=1e-5):
        return Verdict(False, "The two are exchanged: the means should be the face's, the detail the stranger's.")
    if right_means and torch.allclose(found, means(face), atol=1e-5):
        return Verdict(False, "The means are right and there is no detail at all: add what the stranger deviates from its own means.")
    if right_means and torch.allclose(found, face, atol=1e-5):
        return Verdict(False, "The means are right, but the detail is the face's own: take the stranger's.")
    if torch.allclose(found, means(face) + stranger, atol=1e-5):
        return Verdict(False, "You added the whole stranger; take its means off first.")
    wanted = means(face) + stranger - means(stranger)
    if torch.allclose(found, wanted.clamp(0, 1), atol=1e-5):
        return Verdict(False, "You cut it off at 0 and 1, and so change means; leave that to whoever shows the picture.")
    if torch.allclose(found, face + stranger - means(stranger), atol=1e-5):
        return Verdict(False, "The face's own detail is still there: keep only its means.")
    if torch.allclose(found, means(face) - stranger + means(stranger), atol=1e-5):
        return Verdict(False, "The sign: the detail is the stranger less the stranger's means.")
    if right_detail:
        return Verdict(False, "The detail is right; the mean of each 4 x 4 pixels is not the face's.")
    return Verdict(False, "The means of 4 x 4 pixels, each repeated 4 x 4 times (an interpolated mean is another), and the detail added to them.")


def guess_errors(answer: Callable) -> Verdict:
    """Chapter 13: what a blurred guess and a sharp guess cost, where several pictures may be true.

    Args:
        answer: takes pictures, float (K, N), K of them, equally likely to be the truth, and returns two mean squared errors over
            all N pixels and all truths: of guessing their mean, and of guessing one of the K at random, whichever is true.

    >>> guess_errors(lambda pictures: (1.0, 2.0))
    Not yet. Two pictures, all 0 and all 2: guessing 1 costs 1, as you say. Other pictures cost something else.
    """
    simple = np.array([[0.0, 0.0], [2.0, 2.0]])
    pictures = np.random.default_rng(0).normal(size=(5, 40))
    count = len(pictures)

    def ask(given: np.ndarray) -> tuple[float, float]:
        blurred, sharp = answer(given.copy())
        return float(blurred), float(sharp)

    error = float(((pictures - pictures.mean(axis=0)) ** 2).mean())
    if np.shape(answer(pictures.copy())) != (2,):
        return Verdict(False, "Return two numbers: the error of guessing the mean, and that of guessing one of the pictures.")
    blurred, sharp = ask(pictures)
    if np.allclose((blurred, sharp), (error, 2 * error)):
        return Verdict(True, "Twice the error, 3 dB: that is what a sharp guess costs, even if it is perfectly plausible.")
    if np.allclose((blurred, sharp), (2 * error, error)):
        return Verdict(False, "The two errors are exchanged: the mean's comes first, and is the smaller one.")
    if np.allclose(ask(simple), (1, 2)):
        return Verdict(False, "Two pictures, all 0 and all 2: guessing 1 costs 1, as you say. Other pictures cost something else.")
    if np.isclose(blurred, error * count / (count - 1)):
        return Verdict(False, "You divided by K - 1; the K pictures are all that may be true, so divide by K.")
    if np.isclose(blurred, error * count) or np.isclose(blurred, error * pictures.shape[1]):
        return Verdict(False, "Take the mean over truths and over pixels, not the sum.")
    if np.isclose(blurred, error) and np.isclose(sharp, 2 * error * count / (count - 1)):
        return Verdict(False, "Your random guess never hits the truth; it may be any of the K, the true one as well.")
    if np.isclose(blurred, error) and np.isclose(sharp, error):
        return Verdict(False, "The first error is right. The second guess is one of the pictures, not their mean: it deviates as well.")
    if np.isclose(blurred, error):
        return Verdict(False, "The first error is right. For the second, average the squared difference over all K x K pairs of guess and truth.")
    if np.isclose(blurred, ((pictures - pictures.mean(axis=1, keepdims=True)) ** 2).mean()):
        return Verdict(False, "You took the mean over the pixels of one picture; take it over the K pictures, pixel by pixel.")
    if np.allclose((blurred, sharp), np.sqrt((error, 2 * error))):
        return Verdict(False, "You took roots; the mean squared errors themselves are asked for.")
    return Verdict(False, "Guess the mean over the K pictures, pixel by pixel, and average its squared difference to each of them.")
