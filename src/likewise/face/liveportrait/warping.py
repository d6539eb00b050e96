"""The warping module W: the appearance volume carried along by the implicit keypoints.

For each of K = 21 keypoints the volume is shifted as the keypoint moved (plus one unmoved copy);
an hourglass network looks at all of these and says how to mix them, and what is hidden.

Shapes: B frames; C x D x s x s the appearance volume (32, 16, 64, 64); M = K + 1 motions;
F features an hourglass (110 = M * 5 in, 142 out). Coordinates are -1..1; x right, y down, z in.
Sources: face vid2vid (arXiv 2011.15126), appendix A; LivePortrait (arXiv 2407.03168), section 3.1.
"""

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from likewise.face.liveportrait.sizes import KEYPOINTS, PUBLISHED, Sizes

MOTIONS = KEYPOINTS + 1
HEAT_VARIANCE = 0.01


class DownBlock3d(nn.Module):
    """3x3x3 convolution, batch norm, ReLU; halves height and width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, inputs, D, H, W) -> (B, outputs, D, H/2, W/2)."""
        return F.avg_pool3d(F.relu(self.norm(self.conv(x))), (1, 2, 2))


class UpBlock3d(nn.Module):
    """Doubles height and width, then 3x3x3 convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, inputs, D, H, W) -> (B, outputs, D, 2H, 2W)."""
        return F.relu(self.norm(self.conv(F.interpolate(x, scale_factor=(1, 2, 2)))))


class Hourglass(nn.Module):
    """Encoder and decoder with a skip at every level, the input itself included."""

    def __init__(self, inputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.downs = nn.ModuleList(
            DownBlock3d(i, o) for i, o in zip((inputs, *widths[:-1]), widths, strict=True)
        )
        outputs = (*widths[-2::-1], widths[0] // 2)
        taken = (widths[-1], *(2 * width for width in outputs[:-1]))
        self.ups = nn.ModuleList(UpBlock3d(i, o) for i, o in zip(taken, outputs, strict=True))
        self.channels = outputs[-1] + inputs
        self.conv = nn.Conv3d(self.channels, self.channels, 3, padding=1)
        self.norm = nn.BatchNorm3d(self.channels)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, inputs, D, H, W) -> (B, channels, D, H, W)."""
        skips = [x]
        for down in self.downs:
            skips.append(down(skips[-1]))
        x = skips.pop()
        for up in self.ups:
            x = torch.cat([up(x), skips.pop()], dim=1)
        return F.relu(self.norm(self.conv(x)))


@dataclass(frozen=True, slots=True)
class DenseMotion:
    """Where every cell of the warped volume comes from.

    Attributes:
        mask: (B, M, D, s, s), weights of the motions, sum 1; motion 0 is "stays".
        deformation: (B, D, s, s, 3), coordinates x, y, z in the appearance volume.
        occlusion: (B, 1, s, s), 0 hidden .. 1 visible.
    """

    mask: Tensor
    deformation: Tensor
    occlusion: Tensor


class DenseMotionNetwork(nn.Module):
    """From two sets of keypoints to one dense motion."""

    def __init__(self, sizes: Sizes = PUBLISHED) -> None:
        super().__init__()
        self.compress = nn.Conv3d(sizes.volume_channels, sizes.compressed, 1)
        self.norm = nn.BatchNorm3d(sizes.compressed)
        self.hourglass = Hourglass(MOTIONS * (sizes.compressed + 1), sizes.hourglass)
        channels = self.hourglass.channels
        self.mask = nn.Conv3d(channels, MOTIONS, 7, padding=3)
        self.occlusion = nn.Conv2d(channels * sizes.volume_depth, 1, 7, padding=3)

    def forward(self, volume: Tensor, source: Tensor, driving: Tensor) -> DenseMotion:
        """Mix the motions of the keypoints.

        Args:
            volume: (B, C, D, s, s), appearance.
            source: (B, K, 3), keypoints of the picture.
            driving: (B, K, 3), keypoints wanted.
        """
        features = F.relu(self.norm(self.compress(volume)))
        motions = sparse_motions(volume.shape[2:], source, driving)
        seen = self.hourglass(hourglass_input(features, motions, source, driving))
        mask = self.mask(seen).softmax(dim=1)
        occlusion = torch.sigmoid(self.occlusion(seen.flatten(1, 2)))
        return DenseMotion(mask, mix(mask, motions), occlusion)


@dataclass(frozen=True, slots=True)
class Warped:
    """What the warping module hands to the generator, and what it saw on the way.

    Attributes:
        feature: (B, 256, s, s), the generator's condition.
        motion: The dense motion.
    """

    feature: Tensor
    motion: DenseMotion


class WarpingModule(nn.Module):
    """W: moves the appearance volume and folds it flat."""

    def __init__(self, sizes: Sizes = PUBLISHED) -> None:
        super().__init__()
        self.dense_motion = DenseMotionNetwork(sizes)
        self.fold = nn.Conv2d(sizes.folded, sizes.warped, 3, padding=1)
        self.fold_norm = nn.BatchNorm2d(sizes.warped)
        self.last = nn.Conv2d(sizes.warped, sizes.warped, 1)

    def forward(self, volume: Tensor, source: Tensor, driving: Tensor) -> Warped:
        """Warp the volume from source to driving keypoints.

        Args:
            volume: (B, C, D, s, s), appearance.
            source: (B, K, 3), keypoints of the picture.
            driving: (B, K, 3), keypoints wanted.
        """
        motion = self.dense_motion(volume, source, driving)
        moved = sample(volume, motion.deformation).flatten(1, 2)  # (B, C*D, s, s)
        folded = F.leaky_relu(self.fold_norm(self.fold(moved)), 0.01)
        return Warped(self.last(folded) * motion.occlusion, motion)


@cache
def identity_grid(depth: int, height: int, width: int, device: torch.device) -> Tensor:
    """(D, H, W, 3), x y z of every cell; the outermost cells lie at -1 and 1."""
    axes = [torch.linspace(-1, 1, size, device=device) for size in (depth, height, width)]
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([x, y, z], dim=-1)


def sparse_motions(shape: tuple[int, ...], source: Tensor, driving: Tensor) -> Tensor:
    """One shift for each keypoint, after one that stays.

    Args:
        shape: D, H, W.
        source: (B, K, 3).
        driving: (B, K, 3).

    Returns:
        (B, M, D, H, W, 3), where each cell comes from.
    """
    depth, height, width = shape
    grid = identity_grid(depth, height, width, source.device)
    shifts = F.pad(source - driving, (0, 0, 1, 0))  # (B, M, 3)
    return grid + shifts[:, :, None, None, None, :]


def heat_maps(shape: tuple[int, ...], keypoints: Tensor) -> Tensor:
    """A Gaussian around each keypoint: (B, K, 3) -> (B, K, D, H, W)."""
    depth, height, width = shape
    grid = identity_grid(depth, height, width, keypoints.device)
    distances = (grid - keypoints[:, :, None, None, None, :]).square().sum(-1)
    return torch.exp(-0.5 / HEAT_VARIANCE * distances)


def hourglass_input(features: Tensor, motions: Tensor, source: Tensor, driving: Tensor) -> Tensor:
    """What the hourglass sees: for each motion its heat map and the features it would bring.

    Args:
        features: (B, c, D, H, W), compressed appearance.
        motions: (B, M, D, H, W, 3).
        source: (B, K, 3).
        driving: (B, K, 3).

    Returns:
        (B, M * (1 + c), D, H, W).
    """
    batch, count = motions.shape[:2]
    shape = tuple(features.shape[2:])
    heat = F.pad(heat_maps(shape, driving) - heat_maps(shape, source), (0,) * 6 + (1, 0))
    repeated = features[:, None].expand(-1, count, -1, -1, -1, -1).flatten(0, 1)
    brought = sample(repeated, motions.flatten(0, 1)).view(batch, count, -1, *shape)
    return torch.cat([heat[:, :, None], brought], dim=2).flatten(1, 2)


def sample(volume: Tensor, grid: Tensor) -> Tensor:
    """Read a volume trilinearly, zero outside.

    The grid puts -1 and 1 on the centres of the outermost cells while the reading puts them on
    their outer edges. The networks were trained with that mismatch, so it has to stay.

    Args:
        volume: (B, C, D, H, W).
        grid: (B, D', H', W', 3).

    Returns:
        (B, C, D', H', W').
    """
    return F.grid_sample(volume, grid, align_corners=False)


def mix(mask: Tensor, motions: Tensor) -> Tensor:
    """The motions weighted by the mask: (B, M, D, H, W), (B, M, D, H, W, 3) -> (B, D, H, W, 3)."""
    return (motions * mask[..., None]).sum(dim=1)
