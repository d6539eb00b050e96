"""The motion extractor M: a ConvNeXt-V2 that reads pose, expression and canonical keypoints.

Shapes: B pictures; S side of the picture; C channels of a stage; H, W its sides; K = 21 keypoints.
Sources: LivePortrait (arXiv 2407.03168), section 3.1; ConvNeXt V2 (arXiv 2301.00808), figure 5.
"""

import itertools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from likewise.face.liveportrait.sizes import KEYPOINTS, POSE_BINS, PUBLISHED, Sizes

_EPSILON = 1e-6
_DEGREES_PER_BIN = 3.0
_FIRST_BIN = -97.5


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of (B, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W) -> the same shape."""
        normed: Tensor = super().forward(x.permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)


class ResponseNorm(nn.Module):
    """Global response normalisation: channels compete by their energy over the picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, H, W, C) -> the same shape."""
        energy: Tensor = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)
        share = energy / (energy.mean(dim=-1, keepdim=True) + _EPSILON)
        return self.gamma * (x * share) + self.beta + x


class ConvNextBlock(nn.Module):
    """Depthwise 7x7, norm, four times wider and back, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.widen = nn.Linear(channels, 4 * channels)
        self.response = ResponseNorm(4 * channels)
        self.narrow = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W) -> the same shape."""
        y: Tensor = self.norm(self.depthwise(x).permute(0, 2, 3, 1))  # (B, H, W, C)
        y = self.narrow(self.response(F.gelu(self.widen(y))))
        return x + y.permute(0, 3, 1, 2)


@dataclass(frozen=True, slots=True)
class RawMotion:
    """What the heads of the motion extractor say.

    Attributes:
        pitch: (B, 66), logits of the bins.
        yaw: (B, 66).
        roll: (B, 66).
        translation: (B, 3).
        expression: (B, 63), offsets of the keypoints.
        scale: (B, 1).
        canonical: (B, 63), keypoints of the face at rest, seen from the front.
    """

    pitch: Tensor
    yaw: Tensor
    roll: Tensor
    translation: Tensor
    expression: Tensor
    scale: Tensor
    canonical: Tensor


class MotionExtractor(nn.Module):
    """M: one network for head pose, expression and canonical keypoints."""

    def __init__(self, sizes: Sizes = PUBLISHED) -> None:
        super().__init__()
        widths = sizes.motion_widths
        stem = nn.Sequential(nn.Conv2d(3, widths[0], 4, stride=4), ChannelNorm(widths[0]))
        halvings = (
            nn.Sequential(ChannelNorm(i), nn.Conv2d(i, o, 2, stride=2))
            for i, o in itertools.pairwise(widths)
        )
        self.downsamples = nn.ModuleList([stem, *halvings])
        self.stages = nn.ModuleList(
            nn.Sequential(*(ConvNextBlock(width) for _ in range(depth)))
            for width, depth in zip(widths, sizes.motion_depths, strict=True)
        )
        self.norm = nn.LayerNorm(widths[-1], eps=_EPSILON)
        outputs = {
            "canonical": 3 * KEYPOINTS,
            "scale": 1,
            "pitch": POSE_BINS,
            "yaw": POSE_BINS,
            "roll": POSE_BINS,
            "translation": 3,
            "expression": 3 * KEYPOINTS,
        }
        self.heads = nn.ModuleDict({k: nn.Linear(widths[-1], n) for k, n in outputs.items()})

    def forward(self, image: Tensor) -> RawMotion:
        """image: (B, 3, S, S), RGB in 0..1 -> the outputs of all heads."""
        x = image
        for downsample, stage in zip(self.downsamples, self.stages, strict=True):
            x = stage(downsample(x))
        pooled = self.norm(x.mean(dim=(2, 3)))  # (B, C)
        return RawMotion(**{name: head(pooled) for name, head in self.heads.items()})


def degrees(logits: Tensor) -> Tensor:
    """Angle of a binned head: the mean bin under the softmax, 3 degrees a bin from -97.5.

    Args:
        logits: (B, 66).

    Returns:
        (B,), degrees.
    """
    bins = torch.arange(logits.shape[-1], dtype=logits.dtype, device=logits.device)
    return (logits.softmax(-1) * bins).sum(-1) * _DEGREES_PER_BIN + _FIRST_BIN
