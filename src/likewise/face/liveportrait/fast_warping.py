"""The warping module with fewer operations, for one frame at a time on a CPU."""

from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from likewise.face.liveportrait.folding import bias, folded
from likewise.face.liveportrait.fourier import FourierConv3d
from likewise.face.liveportrait.warping import (
    MOTIONS,
    DenseMotion,
    Hourglass,
    Warped,
    WarpingModule,
    heat_maps,
    mix,
    sample,
    sparse_motions,
)
from likewise.face.liveportrait.winograd import WinogradConv

_SMALL_ENOUGH = 1 << 16
"""Most inputs x outputs of a 3x3x3 convolution that Winograd makes faster."""


class FastWarping:
    """W with folded norms and fast convolutions; remembers what belongs to the last picture."""

    def __init__(self, warping: WarpingModule) -> None:
        dense = warping.dense_motion
        # Copies, so that nothing holds on to the checkpoint's file.
        self._compress, self._norm = deepcopy(dense.compress), deepcopy(dense.norm)
        self._last = deepcopy(warping.last)
        self._hourglass = _FastHourglass(dense.hourglass)
        self._mask = FourierConv3d(dense.mask.weight, bias(dense.mask).clone())
        self._occlusion = _OneChannelConv(dense.occlusion)
        self._fold = WinogradConv(*folded(warping.fold, warping.fold_norm))
        self._known: tuple[Tensor, Tensor, Tensor, Tensor] | None = None

    def __call__(self, volume: Tensor, source: Tensor, driving: Tensor) -> Warped:
        """The arguments and the answer of `WarpingModule`, for one frame."""
        shape = tuple(volume.shape[2:])
        features, heat = self._of_picture(volume, source)
        motions = sparse_motions(shape, source, driving)
        seen = self._hourglass(_brought(features, motions, heat_maps(shape, driving) - heat))
        mask = self._mask(seen[0])[None].softmax(dim=1)
        occlusion = torch.sigmoid(self._occlusion(seen.flatten(1, 2)))
        motion = DenseMotion(mask, mix(mask, motions), occlusion)
        moved = sample(volume, motion.deformation).flatten(1, 2)
        flat = self._fold(moved.permute(0, 2, 3, 1))
        feature = self._last(F.leaky_relu(flat.permute(0, 3, 1, 2), 0.01))
        return Warped(feature * motion.occlusion, motion)

    def _of_picture(self, volume: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        known = self._known  # read once: frames are made by several threads
        if known is None or known[0] is not volume or known[1] is not source:
            features = F.relu(self._norm(self._compress(volume)))
            known = volume, source, features, heat_maps(tuple(volume.shape[2:]), source)
            self._known = known
        return known[2], known[3]


def _brought(features: Tensor, motions: Tensor, heat: Tensor) -> Tensor:
    """What the hourglass sees: `warping.hourglass_input` of one frame."""
    brought = sample(features.expand(MOTIONS, -1, -1, -1, -1), motions[0])
    heats = F.pad(heat[0], (0,) * 6 + (1, 0))
    return torch.cat([heats[:, None], brought], dim=1).flatten(0, 1)[None]


class _OneChannelConv:
    """A convolution to one channel: products for each tap at once, then shifted and added."""

    def __init__(self, conv: nn.Conv2d) -> None:
        self._side = conv.kernel_size[0]
        # `fold` adds tap t of cell q at q + t; the convolution wants q - t.
        self._weight = conv.weight[0].flatten(1).flip(1).t().contiguous()  # (taps, C)
        self._bias = bias(conv).clone()

    def __call__(self, x: Tensor) -> Tensor:
        """x: (1, C, H, W) -> (1, 1, H, W)."""
        products = self._weight @ x[0].flatten(1)
        size = (x.shape[2], x.shape[3])
        return F.fold(products[None], size, self._side, padding=self._side // 2) + self._bias


class _FastHourglass:
    """Convolutions with folded norms; those with few channels by Winograd."""

    def __init__(self, hourglass: Hourglass) -> None:
        self._downs = [_Conv3d(block.conv, block.norm) for block in hourglass.downs]
        self._ups = [_Conv3d(block.conv, block.norm) for block in hourglass.ups]
        self._last = _Conv3d(hourglass.conv, hourglass.norm)

    def __call__(self, x: Tensor) -> Tensor:
        skips = [x]
        for down in self._downs:
            skips.append(F.avg_pool3d(down(skips[-1]), (1, 2, 2)))
        x = skips.pop()
        for up in self._ups:
            x = torch.cat([up(F.interpolate(x, scale_factor=(1, 2, 2))), skips.pop()], dim=1)
        return self._last(x)


class _Conv3d:
    """Convolution, folded norm and ReLU of (1, C, D, H, W)."""

    def __init__(self, conv: Any, norm: Any) -> None:
        weight, offset = folded(conv, norm)
        self._direct: tuple[Tensor, Tensor] | None = None
        self._winograd: WinogradConv | None = None
        if weight.shape[0] * weight.shape[1] <= _SMALL_ENOUGH:
            self._winograd = WinogradConv(weight, offset)
        else:
            self._direct = weight, offset

    def __call__(self, x: Tensor) -> Tensor:
        if self._winograd is None:
            assert self._direct is not None
            return F.conv3d(x, *self._direct, padding=1).relu_()
        out = self._winograd(x[0].permute(1, 2, 3, 0))
        return out.permute(3, 0, 1, 2)[None].contiguous().relu_()
