"""The small networks of the warm-ups: a GAN, an autoencoder and an adversarial autoencoder for pictures of 8 x 8 pixels."""

from __future__ import annotations

from einops.layers.torch import Rearrange
from torch import Tensor, nn

from .layers import SLOPE

DIGIT_SIZE = 8  # pixels, width and height of scikit-learn's digits
NOISE_DIM = 16
LATENT_DIM = 2  # so that the latent space can be drawn


def hidden_layers(n_in: int, n_hidden: int) -> list[nn.Module]:
    """Two fully connected layers, a leaky ReLU after each.

    >>> len(hidden_layers(4, 8))
    4
    """
    return [nn.Linear(n_in, n_hidden), nn.LeakyReLU(SLOPE), nn.Linear(n_hidden, n_hidden), nn.LeakyReLU(SLOPE)]


class DigitGenerator(nn.Module):
    """Noise to a digit; also the decoder of the autoencoders.

    Input (B, noise_dim). Output (B, 1, 8, 8) in [-1, 1].

    Source: the fully connected generator of Goodfellow et al., 2014.

    >>> import torch
    >>> DigitGenerator(16)(torch.zeros(3, 16)).shape
    torch.Size([3, 1, 8, 8])
    """

    def __init__(self, noise_dim: int = NOISE_DIM, hidden: int = 128) -> None:
        super().__init__()
        self.net = nn.Sequential(
            *hidden_layers(noise_dim, hidden),
            nn.Linear(hidden, DIGIT_SIZE**2),
            nn.Tanh(),
            Rearrange("b (c h w) -> b c h w", c=1, h=DIGIT_SIZE),
        )

    def forward(self, noise: Tensor) -> Tensor:
        return self.net(noise)


class DigitCritic(nn.Module):
    """A digit to one logit: above zero it is taken for real.

    Input (B, 1, 8, 8). Output (B,).

    Source: Goodfellow et al., 2014, with leaky ReLU and dropout in place of maxout and dropout.

    >>> import torch
    >>> DigitCritic()(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3])
    """

    def __init__(self, hidden: int = 128, dropout: float = 0.3) -> None:
        super().__init__()
        first, bend, second, again = hidden_layers(DIGIT_SIZE**2, hidden)
        self.net = nn.Sequential(
            nn.Flatten(), first, bend, nn.Dropout(dropout), second, again, nn.Dropout(dropout), nn.Linear(hidden, 1), nn.Flatten(0)
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.net(images)


class DigitEncoder(nn.Module):
    """A digit to its code.

    Input (B, 1, 8, 8). Output (B, latent_dim), any real numbers.

    >>> import torch
    >>> DigitEncoder()(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3, 2])
    """

    def __init__(self, latent_dim: int = LATENT_DIM, hidden: int = 128) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), *hidden_layers(DIGIT_SIZE**2, hidden), nn.Linear(hidden, latent_dim))

    def forward(self, images: Tensor) -> Tensor:
        return self.net(images)


class Autoencoder(nn.Module):
    """Encoder and decoder: a digit to a code of a few numbers, and back.

    Input (B, 1, 8, 8) in [-1, 1]. Output: the reconstruction, the same shape, and the code (B, latent_dim).

    Source: Hinton and Salakhutdinov, 2006; made adversarial by a :class:`LatentCritic` (Makhzani et al., 2015).

    >>> import torch
    >>> [tuple(x.shape) for x in Autoencoder()(torch.zeros(3, 1, 8, 8))]
    [(3, 1, 8, 8), (3, 2)]
    """

    def __init__(self, latent_dim: int = LATENT_DIM, hidden: int = 128) -> None:
        super().__init__()
        self.encoder = DigitEncoder(latent_dim, hidden)
        self.decoder = DigitGenerator(latent_dim, hidden)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        code = self.encoder(images)
        return self.decoder(code), code


class LatentCritic(nn.Module):
    """A code to one logit: above zero it is taken for a draw from the prior.

    Input (B, latent_dim). Output (B,).

    Source: Makhzani et al., 2015.

    >>> import torch
    >>> LatentCritic()(torch.zeros(3, 2)).shape
    torch.Size([3])
    """

    def __init__(self, latent_dim: int = LATENT_DIM, hidden: int = 128) -> None:
        super().__init__()
        self.net = nn.Sequential(*hidden_layers(latent_dim, hidden), nn.Linear(hidden, 1), nn.Flatten(0))

    def forward(self, codes: Tensor) -> Tensor:
        return self.net(codes)
