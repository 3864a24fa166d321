"""Checks of the exercises of chapter 09."""

from collections.abc import Callable

import numpy as np

from .verdict import Verdict


def sum_penalty(per_clip: float, per_frame: float) -> Verdict:
    """Chapter 09: the gradient penalty of a critic that adds up all numbers of a clip of four frames of 3 x 3 x 4.

    Args:
        per_clip: the penalty with one norm a clip, its weight left out.
        per_frame: with one norm a frame.

    >>> sum_penalty(25, 121)
    Not yet. They are exchanged: a clip has more numbers than a frame, so its gradient is longer.
    """
    right = 121.0, 25.0
    given = float(per_clip), float(per_frame)
    if np.allclose(given, right):
        return Verdict(True, "Norms of 12 and 6, so (12 - 1)^2 and (6 - 1)^2: which norm is taken is no detail.")
    if np.allclose(given, right[::-1]):
        return Verdict(False, "They are exchanged: a clip has more numbers than a frame, so its gradient is longer.")
    if np.allclose(given, (12, 6)):
        return Verdict(False, "These are the norms; the penalty is the squared distance of a norm from 1.")
    if np.allclose(given, (144, 36)):
        return Verdict(False, "That is how many numbers there are, and the norm squared; take the root, then the squared distance from 1.")
    if np.allclose(given, (11, 5)):
        return Verdict(False, "These are the distances of the norms from 1; the penalty is their square.")
    if np.allclose(given, (143**2, 35**2)) or np.allclose(given, (143, 35)):
        return Verdict(False, "You took the sum of squares; a norm is its root.")
    if np.allclose(given, (1210, 250)):
        return Verdict(False, "These are ten times the penalties: the question leaves the weight out.")
    if np.allclose(given, (121, 100)):
        return Verdict(False, "Per clip it is right; per frame you added up the four penalties, but the penalty is their mean.")
    if np.isclose(given[0], right[0]):
        return Verdict(False, "Per clip it is right; a frame has a quarter of the numbers, so its norm is half as long.")
    return Verdict(False, "Each number adds to the score as it is, so the gradient is all ones: its norm is the root of how many there are.")


def one_sided_penalty(answer: Callable) -> Verdict:
    """Chapter 09: a gradient penalty that forgives slopes below 1.

    Args:
        answer: takes a critic, real and fake, float (B, T, 3, H, W), and mix (B, 1, 1, 1, 1), and returns the mean over
            the clips of max(0, norm - 1)^2, differentiable with respect to the critic.

    >>> from emotalk_lite.losses import gradient_penalty
    >>> one_sided_penalty(gradient_penalty)
    Not yet. A critic of slope 0.5 is still punished: take only what the norm has above 1.
    """
    import torch

    rng = torch.Generator().manual_seed(0)
    real, fake = (torch.rand(2, 3, 3, 2, 2, generator=rng) for _ in range(2))
    mix = torch.tensor([0.3, 0.8]).view(2, 1, 1, 1, 1)

    def penalty(scale: torch.Tensor) -> torch.Tensor:  # scale (2,): the norm that each clip's gradient has
        weights = (scale / 6).view(2, 1, 1, 1, 1)  # a clip has 36 numbers
        found = torch.as_tensor(answer(lambda x: (x * weights).sum(dim=(1, 2, 3, 4)), real, fake, mix))
        return found.float()  # max(0, ...) may give an int

    gentle = penalty(torch.tensor([0.5, 0.5]))
    if gentle.dim():
        return Verdict(False, f"A penalty is one number; yours has the shape {tuple(gentle.shape)}.")
    if torch.isclose(gentle, torch.tensor(0.25), atol=1e-4):
        return Verdict(False, "A critic of slope 0.5 is still punished: take only what the norm has above 1.")
    scale = torch.tensor([4.0, 0.5], requires_grad=True)
    found = penalty(scale)
    hints = {
        1.5: "That is 3, the norm less 1, averaged; square it before the mean.",
        9.0: "That is the sum; take the mean over the clips.",
        7.5: "You square the norm and take 1 off; take 1 off and square what is left.",
        15**2 / 2: "That is made of the squared norm; a norm is the root of the sum of squares.",
        8.5: "You keep the norms above 1 and square them whole; square only what they have above 1.",
        1.25**2: "You took the mean of the norms first; each clip is punished for its own.",
        (16.25**0.5 - 1) ** 2: "You took one norm over the whole batch; each clip has its own.",
        ((16 / 3) ** 0.5 - 1) ** 2 / 2: "You took one norm a frame; all numbers of a clip make one long vector, with one norm.",
        0.5: "Sum the clips' scores before you ask for the gradient; their mean makes each slope smaller by the number of clips.",
        45.0: "It is ten times too large: the weight 10 does not belong to the penalty itself.",
    }
    if not np.isclose(found.item(), 4.5, atol=1e-4):
        hint = next((hint for value, hint in hints.items() if np.isclose(found.item(), value, atol=1e-4)), "Norm, less 1, not below 0, squared, mean.")
        return Verdict(False, f"Two clips with norms 4 and 0.5 should give (3^2 + 0) / 2 = 4.5; yours give {found.item():.3g}. {hint}")
    if not found.requires_grad:
        return Verdict(False, "The number is right, but no gradient reaches the critic: the slope needs create_graph=True.")
    seen: list[torch.Tensor] = []
    answer(lambda x: (seen.append(x.detach()), x.sum(dim=(1, 2, 3, 4)))[1], real, fake, mix)
    if not torch.allclose(seen[0], mix * real + (1 - mix) * fake, atol=1e-6):
        return Verdict(False, "Look between the real and the generated clip: mix times real plus (1 - mix) times fake.")
    return Verdict(True, "Flat is allowed, steep is not: that is all that the theory asks for.")


def occlusion_map(answer: Callable) -> Verdict:
    """Chapter 09: by how much a score falls when a square of the frame is covered.

    Args:
        answer: takes `score` (a function of frames (N, 3, H, W) that gives (N,)), a frame (3, H, W) in [-1, 1] and the
            size of the square, and returns (H / size, W / size): the score of the frame less the score of the frame with
            that square set to 0, mid-grey.

    >>> occlusion_map(lambda score, frame, size: np.zeros((4, 4)))
    Not yet. The map of a frame of 8 x 12 with squares of 4 is (2, 3); yours is (4, 4).
    """
    import torch

    frame = torch.linspace(0.1, 1, 3 * 8 * 12).view(3, 8, 12)
    before = frame.clone()
    weight = torch.zeros(8, 12)
    weight[4:, 8:], weight[:4, 4:8] = 2.0, -1.0

    def score(frames: torch.Tensor) -> torch.Tensor:
        return (frames * weight).sum(dim=(1, 2, 3))

    found = answer(score, frame, 4)
    found = (found.detach() if torch.is_tensor(found) else torch.as_tensor(np.asarray(found))).float()
    if not torch.equal(frame, before):
        return Verdict(False, "Your function paints into the frame that it is given; cover a copy.")
    if found.shape != (2, 3):
        return Verdict(False, f"The map of a frame of 8 x 12 with squares of 4 is (2, 3); yours is {tuple(found.shape)}.")
    wanted = (frame * weight).sum(dim=0).view(2, 4, 3, 4).sum(dim=(1, 3))
    if torch.allclose(found, wanted, atol=1e-3):
        return Verdict(True, "High where the critic sees something real, below zero where it is better off without.")
    if torch.allclose(found, -wanted, atol=1e-3):
        return Verdict(False, "The sign: the map is the whole frame's score less the covered frame's.")
    if torch.allclose(found, wanted.sum() - wanted, atol=1e-3):
        return Verdict(False, "That is the covered frame's score; take it off the whole frame's.")
    black = ((frame + 1) * weight).sum(dim=0).view(2, 4, 3, 4).sum(dim=(1, 3))
    if torch.allclose(found, black, atol=1e-3):
        return Verdict(False, "You cover with -1, which is black; mid-grey is 0.")
    if torch.allclose(found.flatten(), wanted.flatten().cumsum(dim=0), atol=1e-3):
        return Verdict(False, "Each square is added to those before it: begin with a fresh copy of the frame for every square.")
    if any(torch.allclose(found, (frame[c] * weight).view(2, 4, 3, 4).sum(dim=(1, 3)), atol=1e-3) for c in range(3)):
        return Verdict(False, "You cover one colour of the square; cover all three.")
    near = [[(frame * weight)[:, i : i + 4, j : j + 4].sum() for j in range(3)] for i in range(2)]
    if torch.allclose(found, torch.tensor(near), atol=1e-3):
        return Verdict(False, "Your squares overlap: square (i, j) begins at row i * size and column j * size.")
    return Verdict(False, "One square at a time, all else untouched, and the same square in all three colours.")
