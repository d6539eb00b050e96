"""The appearance feature extractor F: a picture becomes a volume of features, once.

Shapes: B pictures; S side of the picture, s = S/4; C volume channels (32), D volume depth (16).
Source: LivePortrait (arXiv 2407.03168), section 3.1; face vid2vid (arXiv 2011.15126), appendix A.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from likewise.face.liveportrait.sizes import PUBLISHED, Sizes


class ConvBlock2d(nn.Module):
    """3x3 convolution, batch norm, ReLU, and a halving of the side where asked for."""

    def __init__(self, inputs: int, outputs: int, *, halve: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        self.halve = halve

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, inputs, H, W) -> (B, outputs, H or H/2, W or W/2)."""
        x = F.relu(self.norm(self.conv(x)))
        return F.avg_pool2d(x, 2) if self.halve else x


class ResidualBlock3d(nn.Module):
    """Two 3x3x3 convolutions, each after its norm and ReLU, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm3d(channels)
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1)
        self.norm2 = nn.BatchNorm3d(channels)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, D, s, s) -> the same shape."""
        change: Tensor = self.conv1(F.relu(self.norm1(x)))
        change = self.conv2(F.relu(self.norm2(change)))
        return x + change


class AppearanceExtractor(nn.Module):
    """F: what a face looks like, apart from where it looks and what it does."""

    def __init__(self, sizes: Sizes = PUBLISHED) -> None:
        super().__init__()
        first, *widths = sizes.appearance
        inputs = [first, *widths][:-1]
        self.first = ConvBlock2d(3, first, halve=False)
        self.downs = nn.ModuleList(
            ConvBlock2d(i, o, halve=True) for i, o in zip(inputs, widths, strict=True)
        )
        self.lift = nn.Conv2d(sizes.appearance[-1], sizes.folded, 1)
        self.residuals = nn.ModuleList(
            ResidualBlock3d(sizes.volume_channels) for _ in range(sizes.residuals)
        )
        self.sizes = sizes

    def forward(self, image: Tensor) -> Tensor:
        """Extract the appearance volume.

        Args:
            image: (B, 3, S, S), RGB in 0..1.

        Returns:
            (B, C, D, s, s).
        """
        x: Tensor = self.first(image)
        for down in self.downs:
            x = down(x)
        x = self.lift(x)  # (B, C*D, s, s)
        x = x.view(x.shape[0], self.sizes.volume_channels, -1, *x.shape[2:])
        for residual in self.residuals:
            x = residual(x)
        return x
