"""The discrete VAE: sound as codes, one for every 1024 samples. Only training needs it.

Two strided convolutions quarter the mel frames, three residual blocks follow, and each vector
becomes the number of its nearest codebook entry (van den Oord et al. 2017, VQ-VAE). The decoder
is here to listen to what the codes keep.

Shapes: B batch, M mel bands, T mel frames, N = T / 4 codes, K codebook size, D code width.
"""

from torch import Tensor, nn
from torch.nn import functional

from likewise.voice.xtts.conditioning import MEL_BANDS
from likewise.voice.xtts.config import DvaeConfig

_BLOCKS = 3


class ResidualBlock(nn.Module):
    """Three convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(width, width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, T) -> (B, C, T)."""
        out: Tensor = x + self.net(x)
        return out


class Codebook(nn.Module):
    """The K vectors that codes stand for."""

    def __init__(self, config: DvaeConfig) -> None:
        super().__init__()
        self.vectors = nn.Embedding(config.codes, config.code_width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, N, D) -> codes (B, N), the nearest by Euclidean distance."""
        table = self.vectors.weight
        distance = table.square().sum(dim=1) - 2 * x @ table.T
        return distance.argmin(dim=-1)


class Dvae(nn.Module):
    """Mel spectrogram to codes, and back."""

    def __init__(self, config: DvaeConfig) -> None:
        super().__init__()
        half, full = config.hidden, 2 * config.hidden
        self.encoder = nn.Sequential(
            nn.Sequential(nn.Conv1d(MEL_BANDS, half, 3, stride=2, padding=1), nn.ReLU()),
            nn.Sequential(nn.Conv1d(half, full, 3, stride=2, padding=1), nn.ReLU()),
            *(ResidualBlock(full) for _ in range(_BLOCKS)),
            nn.Conv1d(full, config.code_width, 1),
        )
        self.codebook = Codebook(config)
        self.decoder = nn.Sequential(
            nn.Conv1d(config.code_width, full, 1),
            *(ResidualBlock(full) for _ in range(_BLOCKS)),
            nn.Sequential(
                nn.Upsample(scale_factor=2), nn.Conv1d(full, full, 3, padding=1), nn.ReLU()
            ),
            nn.Sequential(
                nn.Upsample(scale_factor=2), nn.Conv1d(full, half, 3, padding=1), nn.ReLU()
            ),
            nn.Conv1d(half, MEL_BANDS, 1),
        )

    def encode(self, mel: Tensor) -> Tensor:
        """mel: (B, M, T) -> codes (B, N)."""
        codes: Tensor = self.codebook(self.encoder(mel).transpose(1, 2))
        return codes

    def decode(self, codes: Tensor) -> Tensor:
        """codes: (B, N) -> mel (B, M, 4 N)."""
        vectors = functional.embedding(codes, self.codebook.vectors.weight)
        mel: Tensor = self.decoder(vectors.transpose(1, 2))
        return mel
