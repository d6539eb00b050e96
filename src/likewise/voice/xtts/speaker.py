"""The speaker encoder: who speaks, as one unit vector (H/ASP of Heo et al. 2020).

A ResNet-34 with squeeze-and-excitation over the log mel spectrogram at 16 kHz, then attentive
statistics pooling. ReLU comes before batch norm here, against habit; the weights expect it.

Shapes: B batch, C channels, F mel bands, T frames, E embedding width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from likewise.voice.xtts.config import SpeakerConfig

MEL_BANDS = 64
_ATTENTION_WIDTH = 128
_STRIDES = (1, 2, 2, 2)


class SqueezeExcitation(nn.Module):
    """Scale each channel by what all of them say (Hu et al. 2018)."""

    def __init__(self, width: int, reduction: int = 8) -> None:
        super().__init__()
        self.squeeze = nn.Linear(width, width // reduction)
        self.excite = nn.Linear(width // reduction, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, F, T) -> (B, C, F, T)."""
        mean = x.mean(dim=(2, 3))
        scale = torch.sigmoid(self.excite(functional.relu(self.squeeze(mean))))
        return x * scale[:, :, None, None]


class ResidualBlock(nn.Module):
    """Two convolutions with squeeze-and-excitation."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.excitation = SqueezeExcitation(width)
        self.downsample = (
            nn.Sequential(
                nn.Conv2d(width_in, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
            )
            if stride != 1 or width_in != width
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, F, T) -> (B, C', F/stride, T/stride)."""
        out = self.norm1(functional.relu(self.conv1(x)))
        out = self.excitation(self.norm2(self.conv2(out)))
        return functional.relu(out + self.downsample(x))


class SpeakerEncoder(nn.Module):
    """Log mel spectrogram to a unit vector."""

    def __init__(self, config: SpeakerConfig) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, config.filters[0], 3, padding=1)
        self.norm1 = nn.BatchNorm2d(config.filters[0])
        widths = (config.filters[0], *config.filters)
        self.stages = nn.ModuleList(
            nn.Sequential(
                ResidualBlock(before, after, stride),
                *(ResidualBlock(after, after, 1) for _ in range(blocks - 1)),
            )
            for before, after, stride, blocks in zip(
                widths, config.filters, _STRIDES, config.blocks, strict=False
            )
        )
        pooled = config.filters[-1] * MEL_BANDS // 8
        self.attention = nn.Sequential(
            nn.Conv1d(pooled, _ATTENTION_WIDTH, 1),
            nn.ReLU(),
            nn.BatchNorm1d(_ATTENTION_WIDTH),
            nn.Conv1d(_ATTENTION_WIDTH, pooled, 1),
            nn.Softmax(dim=2),
        )
        self.fc = nn.Linear(2 * pooled, config.width)

    def forward(self, mel: Tensor) -> Tensor:
        """mel: (B, F, T) normalised log mel -> (B, E), unit length."""
        x = self.norm1(functional.relu(self.conv1(mel[:, None])))
        for stage in self.stages:
            x = stage(x)
        x = x.flatten(1, 2)
        weight = self.attention(x)
        mean = (x * weight).sum(dim=2)
        deviation = ((x * x * weight).sum(dim=2) - mean * mean).clamp(min=1e-5).sqrt()
        return functional.normalize(self.fc(torch.cat([mean, deviation], dim=1)), dim=1)
