"""Stitching and retargeting: small networks that correct keypoints after the transform.

Stitching keeps shoulders and border of the crop where they were, so that it fits back into the
picture; the lip and eye networks open or close them to a wanted ratio.

Shapes: B frames; K = 21 keypoints.
Source: LivePortrait (arXiv 2407.03168), section 3.2.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from likewise.face.liveportrait.sizes import KEYPOINTS

COORDINATES = 3 * KEYPOINTS


class Mlp(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, first width) -> (B, last width)."""
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        last: Tensor = self.layers[-1](x)
        return last


class Stitching(nn.Module):
    """S: moves the driving keypoints so that the crop's surroundings stay."""

    def __init__(self) -> None:
        super().__init__()
        self.mlp = Mlp(2 * COORDINATES, 128, 128, 64, COORDINATES + 2)

    def forward(self, source: Tensor, driving: Tensor) -> Tensor:
        """source, driving: (B, K, 3) -> corrected driving keypoints (B, K, 3)."""
        out = self.mlp(torch.cat([source.flatten(1), driving.flatten(1)], dim=1))
        moved = driving + out[:, :COORDINATES].view(-1, KEYPOINTS, 3)
        shift = torch.nn.functional.pad(out[:, COORDINATES:], (0, 1))  # x, y of all keypoints
        stitched: Tensor = moved + shift[:, None]
        return stitched


class LipRetargeting(nn.Module):
    """R_lip: how to move the keypoints so that the lips open to a ratio."""

    def __init__(self) -> None:
        super().__init__()
        self.mlp = Mlp(COORDINATES + 2, 128, 128, 64, COORDINATES)

    def forward(self, source: Tensor, ratios: Tensor) -> Tensor:
        """source: (B, K, 3), ratios: (B, 2) now and wanted -> offsets (B, K, 3)."""
        offsets: Tensor = self.mlp(torch.cat([source.flatten(1), ratios], dim=1))
        return offsets.view(-1, KEYPOINTS, 3)


class EyeRetargeting(nn.Module):
    """R_eye: how to move the keypoints so that both eyes open to a ratio."""

    def __init__(self) -> None:
        super().__init__()
        self.mlp = Mlp(COORDINATES + 3, 256, 256, 128, 128, 64, COORDINATES)

    def forward(self, source: Tensor, ratios: Tensor) -> Tensor:
        """source: (B, K, 3), ratios: (B, 3) left, right now and wanted -> offsets (B, K, 3)."""
        offsets: Tensor = self.mlp(torch.cat([source.flatten(1), ratios], dim=1))
        return offsets.view(-1, KEYPOINTS, 3)
