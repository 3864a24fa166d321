"""Checks of the exercises of chapter 04."""

from collections.abc import Callable

import numpy as np

from .verdict import Verdict


def code_numbers(numbers: int, positive: int) -> Verdict:
    """Chapter 04: the expression code for six expressions with five numbers each, of which one expression is asked for.

    Args:
        numbers: how many the code has.
        positive: how many of them are above zero.

    >>> code_numbers(30, 1)
    Not yet. An expression has five numbers, and all five of the chosen one are positive.
    """
    if (numbers, positive) == (30, 5):
        return Verdict(True, "The other 25 are negative: they say what the face does not show.")
    if numbers == 6:
        return Verdict(False, "Six is the one-hot. The controller gives each of its entries five numbers.")
    if numbers == 11:
        return Verdict(False, "The five numbers belong to each expression; they are not added to the six.")
    if numbers != 30:
        return Verdict(False, "Five numbers for each of six expressions.")
    if positive == 1:
        return Verdict(False, "An expression has five numbers, and all five of the chosen one are positive.")
    if positive in (25, 15):
        return Verdict(False, "|z| has no sign; the sign is 2y - 1, and y is 1 for one expression only.")
    return Verdict(False, "y is 1 for one expression, whose five numbers get the sign +1.")


def rising_share(answer: Callable) -> Verdict:
    """Chapter 04: the share of curves that rise at every step.

    Args:
        answer: takes shown intensities, a tensor (actors, expressions, levels), and returns the share of (actor, expression)
            whose values rise from each level to the next.

    >>> rising_share(lambda shown: (shown[..., -1] > shown[..., 0]).float().mean())
    Not yet. You compare the ends only: a curve may fall in between.
    """
    import torch

    rng = np.random.default_rng(4)
    shown = np.cumsum(rng.uniform(0.05, 0.2, (4, 5, 6)), axis=-1)
    shown[0, 1, 2:] -= 2  # falls once and ends below its start
    shown[1, 0, 3] = shown[1, 0, 2]  # stands still once
    shown[2, 3, 2] = shown[2, 3, 1] - 0.01  # falls once, but ends high
    shown[2, 3, 3] = shown[2, 3, 2]
    steps = np.diff(shown, axis=-1)
    found = np.asarray(answer(torch.from_numpy(shown).float()))  # np.diff takes a tensor, too
    if np.ndim(found) != 0:
        return Verdict(False, f"Give one number for all; yours has the shape {np.shape(found)}.")
    hints = {
        (steps > 0).all(axis=-1).mean(): "One step that falls, and the whole curve does not count.",
        (steps >= 0).all(axis=-1).mean(): "A curve that stands still does not rise: the step has to be above zero.",
        (steps > 0).mean(): "That is the share of steps. A curve counts only if all of its steps rise.",
        (shown[..., -1] > shown[..., 0]).mean(): "You compare the ends only: a curve may fall in between.",
        float((steps > 0).all(axis=-1).sum()): "That is how many; divide by the number of curves.",
        (steps > 0).all(axis=(1, 2)).mean(): "That is the share of actors; each pair of an actor and an expression is a curve.",
        (steps > 0).any(axis=-1).mean(): "One rising step is not enough: all of a curve's steps have to rise.",
        1 - (steps > 0).all(axis=-1).mean(): "That is the share of curves that do not rise.",
        (np.diff(shown, axis=0) > 0).all(axis=0).mean(): "You step from actor to actor; the levels are the last axis.",
        (np.diff(shown, axis=1) > 0).all(axis=1).mean(): "You step from expression to expression; the levels are the last axis.",
    }
    if found.dtype == bool:
        return Verdict(False, "That says whether all curves rise; give the share that does.")
    if abs(float(found) - 100 * (steps > 0).all(axis=-1).mean()) < 1e-6:
        return Verdict(False, "That is in percent; give a share between 0 and 1.")
    for value, hint in hints.items():
        if abs(float(found) - value) < 1e-6:
            return Verdict(hint.startswith("One step"), hint)
    return Verdict(False, "Differences along the last axis; all of them above zero; the mean over actors and expressions.")


def pasted_blend(answer: Callable) -> Verdict:
    """Chapter 04: the changes of several drawn expressions, weighted, added to the picture itself.

    Args:
        answer: takes image (1, 1, H, W), drawn (K, 1, H, W), drawn_neutral (1, 1, H, W), all in [-1, 1], and weights (K,); returns the
            image with the changes in it.

    >>> pasted_blend(lambda image, drawn, drawn_neutral, weights: (image + (drawn - drawn_neutral).mean(dim=0)).clamp(-1, 1))
    Not yet. All changes count alike in yours; each has a weight of its own.
    """
    import torch

    rng = torch.Generator().manual_seed(0)
    image, neutral, *faces = 1.8 * torch.rand(5, 1, 1, 4, 4, generator=rng) - 0.9
    drawn, weights = torch.cat(faces), torch.tensor([0.9, 0.1, 0.6])
    changes, each = drawn - neutral, weights.view(-1, 1, 1, 1)
    wanted = image + (each * changes).sum(dim=0)
    found = torch.as_tensor(answer(image.clone(), drawn.clone(), neutral.clone(), weights.clone())).float()
    if tuple(found.shape) != tuple(image.shape):
        return Verdict(False, f"One picture comes out, {tuple(image.shape)}; yours is {tuple(found.shape)}.")
    cases = (
        (wanted.clamp(-1, 1), "What the network cannot draw, hair and pores, stays from the picture."),
        (wanted, "Some values leave [-1, 1]: clamp them, a picture has no more white than white."),
        (wanted.clamp(0, 1), "These pictures go from -1, black, to 1, white: clamp to that."),
        (image + changes.sum(dim=0), "All changes count alike in yours; each has a weight of its own."),
        (image + changes.mean(dim=0), "All changes count alike in yours; each has a weight of its own."),
        (image + (each * changes).mean(dim=0), "Add the weighted changes up; their mean is a third of that."),
        (image + (each * drawn).sum(dim=0), "You add whole faces to a face; take the drawn neutral one away from each."),
        (image + (each * drawn).sum(dim=0) - neutral, "Each change is against neutral, so neutral counts with each weight, not once."),
        (image - (each * changes).sum(dim=0), "The sign: the expression minus the neutral face, both as drawn."),
        ((each * changes).sum(dim=0)[None], "Those are the changes alone; add them to the picture."),
    )
    for number, (value, hint) in enumerate(cases):
        if torch.allclose(found, value, atol=1e-5) or number > 2 and torch.allclose(found, value.clamp(-1, 1), atol=1e-5):
            return Verdict(number == 0, hint)
    return Verdict(False, "image + the sum of weights * (drawn - drawn_neutral), kept within [-1, 1].")
