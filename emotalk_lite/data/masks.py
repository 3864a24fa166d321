"""Where the losses look: soft masks around the mouth and the eyes (paper, "Mouth / Eye Region Mask Loss")."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor

from ..presets import IMAGE_SIZE


def gaussian_mask(centres: Tensor, size: int, sigma: float) -> Tensor:
    """A Gaussian bump with peak 1 at each centre.

    Args:
        centres: (..., 2), x and y in pixels; a pixel's centre has whole coordinates.
        size: width and height in pixels.
        sigma: standard deviation in pixels.

    Returns:
        (..., size, size) in (0, 1].

    >>> gaussian_mask(torch.tensor([1.0, 2.0]), size=4, sigma=1.0)[2, 1].item()
    1.0
    """
    grid = torch.arange(size, dtype=centres.dtype, device=centres.device)
    of_axis = torch.exp(-((grid - centres[..., None]) ** 2) / (2 * sigma**2))  # (..., 2, size), separable
    return rearrange(of_axis[..., 1, :], "... h -> ... h 1") * rearrange(of_axis[..., 0, :], "... w -> ... 1 w")


def mouth_mask(mouth_centre: Tensor, size: int = IMAGE_SIZE, sigma: float = 9.0, floor: float = 0.01) -> Tensor:
    """The mouth region mask: a Gaussian on the mouth and a small floor everywhere else.

    At the defaults the floor holds about a quarter of the mask's mass: the rest of the face is not forgotten.

    Args:
        mouth_centre: (..., 2), mean of the two mouth corners, pixels of a `size` x `size` image.
        size: pixels.
        sigma: pixels at 128; scaled with the size.
        floor: added everywhere (reference: 0.01).

    Returns:
        (..., size, size) in [floor, 1 + floor].

    Source: paper, "Mouth Region Mask Loss"; Gaussian, sigma and floor from the reference, there around the mean of
    20 mouth landmarks.

    >>> mask = mouth_mask(torch.tensor([64.0, 92.0]))
    >>> round(float(0.01 * 128**2 / mask.sum()), 2)
    0.24
    """
    return gaussian_mask(mouth_centre, size, sigma * size / IMAGE_SIZE) + floor


def eye_mask(eye_centres: Tensor, size: int = IMAGE_SIZE, sigma: float = 6.0) -> Tensor:
    """The eye region mask: a Gaussian on each of MTCNN's two eye points, the larger of the two at every pixel.

    The paper shows a mask around the eyes (Figure 2) and gives neither its shape nor its size. Wide enough at
    sigma = 6 to hold the brows, which carry the emotion.

    Args:
        eye_centres: (..., 2, 2), both eyes' x and y in pixels of a `size` x `size` image.
        size: pixels.
        sigma: pixels at 128; scaled with the size.

    Returns:
        (..., size, size) in (0, 1].

    >>> eye_mask(torch.tensor([[44.0, 51.0], [84.0, 51.0]])).amax().item()
    1.0
    """
    return gaussian_mask(eye_centres, size, sigma * size / IMAGE_SIZE).amax(dim=-3)
