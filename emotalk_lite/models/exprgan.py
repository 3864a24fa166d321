"""ExprGAN at the size of a warm-up: who a face is and what it shows, as two codes (Ding, Sricharan and Chellappa, 2018)."""

from __future__ import annotations

import torch
from einops import rearrange
from einops.layers.torch import Rearrange
from torch import Tensor, nn

from .warmups import hidden_layers

FACE_SIZE = 48  # pixels, width and height (paper: 128)
EXPRESSIONS = ("anger", "disgust", "fear", "happiness", "sadness")  # neutral is none of them at full strength: intensity 0
IDENTITY_DIM = 96  # numbers that say who (the authors' code: 50)
INTENSITY_DIM = 1  # numbers of the expression code for each expression (the authors' code: 5)
EXPRESSION_DIM = len(EXPRESSIONS) * INTENSITY_DIM
HIDDEN = 256


def expression_code(expression: Tensor, intensity: Tensor) -> Tensor:
    """The expression controller: the chosen expression's numbers become positive, all others negative; their size is the intensity.

    Args:
        expression: one-hot, (B, K).
        intensity: z, (B, d) in [-1, 1]; its sign does not matter.

    Returns:
        (B, K * d) in [-1, 1].

    Source: Ding et al., 2018, "Expression Controller Networks"; it has no weights.

    >>> expression_code(torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([[0.25]]))
    tensor([[-0.2500,  0.2500, -0.2500]])
    """
    signs = 2 * expression - 1  # (B, K)
    return rearrange(signs[:, :, None] * intensity.abs()[:, None, :], "b k d -> b (k d)")


def evened(images: Tensor) -> Tensor:
    """Pictures with mean 0 and deviation 1 each, so that neither light nor contrast can carry a message.

    Input and output (B, 1, H, W).

    >>> evened(torch.rand(2, 1, 8, 8)).mean().abs().item() < 1e-6
    True
    """
    spread = images.std(dim=(1, 2, 3), keepdim=True)
    return (images - images.mean(dim=(1, 2, 3), keepdim=True)) / (spread + 0.05)  # 0.05: an empty picture stays empty


class FaceEncoder(nn.Module):
    """A face's difference from the mean face to the code of who it is.

    Input (B, 1, 48, 48). Output (B, identity_dim) in [-1, 1].

    Source: the encoder of Ding et al., 2018, fully connected where theirs has convolutions.

    >>> FaceEncoder()(torch.zeros(2, 1, 48, 48)).shape
    torch.Size([2, 96])
    """

    def __init__(self, identity_dim: int = IDENTITY_DIM, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), *hidden_layers(FACE_SIZE**2, hidden), nn.Linear(hidden, identity_dim), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        return self.net(images)


class FaceDecoder(nn.Module):
    """Two codes, who and which expression how strongly, to a face's difference from the mean face.

    Input (B, identity_dim) and (B, expression_dim). Output (B, 1, 48, 48).

    Source: the decoder of Ding et al., 2018, fully connected where theirs has convolutions.

    >>> FaceDecoder()(torch.zeros(2, 96), torch.zeros(2, 5)).shape
    torch.Size([2, 1, 48, 48])
    """

    def __init__(self, identity_dim: int = IDENTITY_DIM, expression_dim: int = EXPRESSION_DIM, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.net = nn.Sequential(
            *hidden_layers(identity_dim + expression_dim, hidden),
            nn.Linear(hidden, FACE_SIZE**2),
            Rearrange("b (c h w) -> b c h w", c=1, h=FACE_SIZE),
        )

    def forward(self, identity: Tensor, expression: Tensor) -> Tensor:
        return self.net(torch.cat([identity, expression], dim=1))


class ExprGan(nn.Module):
    """Encoder and decoder: redraws a face with the expression that a code asks for.

    Input (B, 1, 48, 48) in [-1, 1] and (B, expression_dim) in [-1, 1]. Output: the face, (B, 1, 48, 48), about [-1, 1], and
    the identity code, (B, identity_dim).

    Args:
        mean_face: (1, 48, 48), of the training pictures: both networks work on the difference from it.

    Source: Ding et al., 2018.

    >>> [tuple(x.shape) for x in ExprGan(torch.zeros(1, 48, 48))(torch.zeros(2, 1, 48, 48), torch.zeros(2, 5))]
    [(2, 1, 48, 48), (2, 96)]
    """

    def __init__(
        self, mean_face: Tensor, identity_dim: int = IDENTITY_DIM, expression_dim: int = EXPRESSION_DIM, hidden: int = HIDDEN
    ) -> None:
        super().__init__()
        self.register_buffer("mean_face", mean_face)
        self.encoder = FaceEncoder(identity_dim, hidden)
        self.decoder = FaceDecoder(identity_dim, expression_dim, hidden)

    def forward(self, images: Tensor, expression: Tensor) -> tuple[Tensor, Tensor]:
        identity = self.encoder(images - self.mean_face)
        return self.mean_face + self.decoder(identity, expression), identity


class CodeReader(nn.Module):
    """Reads the expression code off a drawn face: the regulariser Q.

    Input (B, 1, 48, 48). Output (B, expression_dim) in [-1, 1].

    Source: Ding et al., 2018, whose Q shares its convolutions with the critic of faces; here it is a network of its own, which
    sees pictures of equal light and contrast.

    >>> CodeReader()(torch.zeros(2, 1, 48, 48)).shape
    torch.Size([2, 5])
    """

    def __init__(self, expression_dim: int = EXPRESSION_DIM, hidden: int = 96) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.AvgPool2d(2), nn.Flatten(), *hidden_layers(FACE_SIZE**2 // 4, hidden), nn.Linear(hidden, expression_dim), nn.Tanh()
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.net(evened(images))


class FaceCritic(nn.Module):
    """A face and the expression that it should show to one logit: above zero it is taken for real.

    Input (B, 1, 48, 48) and (B, K), one-hot, or all zeros for neutral. Output (B,).

    Source: the conditional critic of Ding et al., 2018, fully connected, with dropout.

    >>> FaceCritic()(torch.zeros(2, 1, 48, 48), torch.zeros(2, 5)).shape
    torch.Size([2])
    """

    def __init__(self, hidden: int = 96, dropout: float = 0.3) -> None:
        super().__init__()
        first, bend, second, again = hidden_layers(FACE_SIZE**2 + len(EXPRESSIONS), hidden)
        self.net = nn.Sequential(
            first, bend, nn.Dropout(dropout), second, again, nn.Dropout(dropout), nn.Linear(hidden, 1), nn.Flatten(0)
        )

    def forward(self, images: Tensor, expression: Tensor) -> Tensor:
        return self.net(torch.cat([images.flatten(1), expression], dim=1))
