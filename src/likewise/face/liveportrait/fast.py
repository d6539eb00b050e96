"""The same pictures with fewer operations, for CPUs.

- Every 3x3 convolution with enough channels runs as Winograd's F(4x4, 3x3).
- SPADE's shared convolutions see the condition before it is enlarged: a convolution of a
  nearest-neighbour enlargement has few distinct values for each small cell, and those are computed
  once (4 of 4 at double size, 9 of 16 at four times).
- The shared convolutions of all middle blocks are one; gamma and beta are one; the shortcut's
  1x1 convolution is folded into its beta; batch norms are folded into convolutions.
- The 7x7x7 convolution of the mask is a product of Fourier transforms; the 7x7 one of the
  occlusion, which has a single channel, one matrix product.
- Instance norm, scale, shift and LeakyReLU are one pass.
- What depends on the picture alone is computed once.

Memory is spent where it pays: weights of convolutions at 64x64 stay as they are and are transformed
at every use, gamma and beta are painted in parts, and blocks are let go one by one while loading.

Channels come last inside: x is (H, W, C).
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import numba
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from likewise.face.liveportrait.fourier import FourierConv3d
from likewise.face.liveportrait.generator import SLOPE, Spade, SpadeBlock, SpadeGenerator
from likewise.face.liveportrait.networks import LivePortrait
from likewise.face.liveportrait.rendering import Look
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

_NORM_EPSILON = 1e-5
_SMALL_ENOUGH = 1 << 16
"""Most inputs x outputs of a 3x3x3 convolution whose transformed weights are worth their memory."""


class Fast:
    """Warping and painting for the renderer; `rendering.Pictures`.

    Args:
        model: The networks; their weights are laid out anew once here.
        release: Let go of the model's own weights where the new ones replace them; it can't answer
            by itself after that.
    """

    def __init__(self, model: LivePortrait, *, release: bool = False) -> None:
        self._warping = FastWarping(model.warping)
        if release:
            model.warping.to("meta")
        self._generator = FastGenerator(model.generator, release=release)
        if release:
            _give_back()

    def warp(self, look: Look, driving: Tensor) -> Warped:
        """Carry the appearance along."""
        return self._warping(look.volume, look.source, driving)

    def paint(self, feature: Tensor) -> Tensor:
        """(1, 256, s, s) -> (1, 3, 8s, 8s)."""
        return self._generator(feature)


class FastGenerator:
    """G with folded and fast convolutions, one frame at a time.

    Args:
        generator: The network.
        release: Let go of its weights, block by block, so that there are never two of all.
    """

    def __init__(self, generator: SpadeGenerator, *, release: bool = False) -> None:
        blocks = [_block(block) for block in generator.middles]
        shared = [norm.shared for block in blocks for norm in _norms(block)]
        self._first_channels = generator.first.out_channels
        # All of the size of the condition is one band of tiles at 64x64; what is larger is not.
        self._same_size = _merged([generator.first, *shared], frugal=True)
        self._middles = []
        for block in blocks:
            self._middles.append(_FastBlock(block, frugal=True))
            if release:
                block.to("meta")
        self._ups, self._enlarged = [], []
        for level, block in enumerate(map(_block, generator.ups)):
            self._ups.append(_FastBlock(block, frugal=False))
            self._enlarged.append([_EnlargedConv(n.shared, 2 << level) for n in _norms(block)])
            if release:
                block.to("meta")
        self._to_image = _merged([generator.to_image])
        if release:
            generator.to("meta")

    def __call__(self, warped: Tensor) -> Tensor:
        """warped: (1, 256, s, s) -> (1, 3, 8s, 8s)."""
        condition = warped[0].permute(1, 2, 0).contiguous()
        merged = self._same_size(condition[None])[0]
        x = merged[..., : self._first_channels].contiguous()
        seen = merged[..., self._first_channels :].chunk(2 * len(self._middles), dim=-1)
        for number, middle in enumerate(self._middles):
            x = middle(x, (F.relu(s) for s in seen[2 * number : 2 * number + 2]))
        del merged, seen
        for up, enlarged in zip(self._ups, self._enlarged, strict=True):
            x = x.repeat_interleave(2, dim=0).repeat_interleave(2, dim=1)
            x = up(x, (conv(condition) for conv in enlarged))
        out = self._to_image(F.leaky_relu_(x, SLOPE)[None])[0]
        return torch.sigmoid(F.pixel_shuffle(out.permute(2, 0, 1)[None], 2))


class _FastBlock:
    """A SPADE block; `seen` are the rectified shared features of its norms, made when asked for."""

    def __init__(self, block: SpadeBlock, *, frugal: bool) -> None:
        self._painters = [_gamma_beta(norm, frugal) for norm in (block.norm_0, block.norm_1)]
        self._convs = [_merged([conv], frugal=frugal) for conv in (block.conv_0, block.conv_1)]
        self._narrow: Tensor | None = None
        if block.narrows:
            self._narrow = block.conv_s.weight[:, :, 0, 0].t().contiguous()  # (C, O)
            self._painters.append(_gamma_folded_beta(block.norm_s, self._narrow))

    def __call__(self, x: Tensor, seen: Iterator[Tensor]) -> Tensor:
        """x: (H, W, C), seen: each (H, W, hidden) -> (H, W, O)."""
        centre, gain = _moments(x)
        y = _convolved(x, centre, gain, self._painters[0], next(seen), self._convs[0])
        y = _convolved(y, *_moments(y), self._painters[1], next(seen), self._convs[1])
        if self._narrow is None:
            return y.add_(x)
        channels = x.shape[2]
        for first, painted in self._painters[2].parts(next(seen)):
            rows = slice(first, first + len(painted))
            scaled = torch.empty_like(x[rows])
            _scale(x[rows].numpy(), centre, gain, painted, scaled.numpy())
            shortcut = scaled.view(-1, channels) @ self._narrow
            beta = torch.from_numpy(painted[..., channels:])
            y[rows] += shortcut.view(*scaled.shape[:2], -1) + beta
        return y


class _EnlargedConv:
    """A convolution (C -> hidden) of a condition enlarged 2 or 4 times, then ReLU."""

    def __init__(self, conv: nn.Conv2d, factor: int) -> None:
        # Which small cell (-1, 0, 1) each of the three taps reads, for every phase.
        cells = [[(phase + tap) // factor for tap in (-1, 0, 1)] for phase in range(factor)]
        distinct = [row for n, row in enumerate(cells) if row not in cells[:n]]
        self._phases = [distinct.index(row) for row in cells]
        self._count = len(distinct)
        gather = torch.zeros(self._count, 3, 3)  # phase, tap -> cell
        for phase, row in enumerate(distinct):
            for tap, cell in enumerate(row):
                gather[phase, cell + 1, tap] = 1
        small = torch.einsum("pyv,qxu,ocvu->pqocyx", gather, gather, conv.weight)
        bias = _bias(conv).repeat(self._count**2)
        self._conv = WinogradConv(small.flatten(0, 2), bias, frugal=True)

    def __call__(self, condition: Tensor) -> Tensor:
        """condition: (s, s, C) -> (f*s, f*s, hidden)."""
        height, width, _ = condition.shape
        out = self._conv(condition[None])[0].relu_()
        small = out.view(height, width, self._count, self._count, -1)
        factor = len(self._phases)
        large = torch.empty(height, factor, width, factor, small.shape[-1])
        for i, row in enumerate(self._phases):
            for j, column in enumerate(self._phases):
                large[:, i, :, j] = small[:, :, row, column]
        return large.view(height * factor, width * factor, -1)


class FastWarping:
    """W with folded norms and fast convolutions; remembers what belongs to the last picture."""

    def __init__(self, warping: WarpingModule) -> None:
        dense = warping.dense_motion
        # Copies, so that nothing holds on to the checkpoint's file.
        self._compress, self._norm = deepcopy(dense.compress), deepcopy(dense.norm)
        self._last = deepcopy(warping.last)
        self._hourglass = _FastHourglass(dense.hourglass)
        self._mask = FourierConv3d(dense.mask.weight, _bias(dense.mask).clone())
        self._occlusion = _OneChannelConv(dense.occlusion)
        self._fold = WinogradConv(*_folded(warping.fold, warping.fold_norm), frugal=True)
        self._known: tuple[Tensor, Tensor, Tensor, Tensor] | None = None

    def __call__(self, volume: Tensor, source: Tensor, driving: Tensor) -> Warped:
        """The arguments and the answer of `WarpingModule`, for one frame."""
        shape = tuple(volume.shape[2:])
        features, heat = self._of_picture(volume, source)
        motions = sparse_motions(shape, source, driving)
        heats = F.pad(heat_maps(shape, driving) - heat, (0,) * 6 + (1, 0))
        repeated = features.expand(MOTIONS, -1, -1, -1, -1)
        brought = sample(repeated, motions[0])[None]
        seen = self._hourglass(torch.cat([heats[:, :, None], brought], dim=2).flatten(1, 2))
        mask = self._mask(seen[0])[None].softmax(dim=1)
        occlusion = torch.sigmoid(self._occlusion(seen.flatten(1, 2)))
        motion = DenseMotion(mask, mix(mask, motions), occlusion)
        moved = sample(volume, motion.deformation).flatten(1, 2)
        folded = self._fold(moved.permute(0, 2, 3, 1))
        feature = self._last(F.leaky_relu(folded.permute(0, 3, 1, 2), 0.01))
        return Warped(feature * motion.occlusion, motion)

    def _of_picture(self, volume: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        known = self._known  # read once: frames are made by several threads
        if known is None or known[0] is not volume or known[1] is not source:
            features = F.relu(self._norm(self._compress(volume)))
            known = volume, source, features, heat_maps(tuple(volume.shape[2:]), source)
            self._known = known
        return known[2], known[3]


class _OneChannelConv:
    """A convolution to one channel: products for each tap at once, then shifted and added."""

    def __init__(self, conv: nn.Conv2d) -> None:
        self._side = conv.kernel_size[0]
        # `fold` adds tap t of cell q at q + t; the convolution wants q - t.
        self._weight = conv.weight[0].flatten(1).flip(1).t().contiguous()  # (taps, C)
        self._bias = _bias(conv).clone()

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
        weight, bias = _folded(conv, norm)
        self._direct: tuple[Tensor, Tensor] | None = None
        self._winograd: WinogradConv | None = None
        if weight.shape[0] * weight.shape[1] <= _SMALL_ENOUGH:
            self._winograd = WinogradConv(weight, bias)
        else:
            self._direct = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        if self._winograd is None:
            assert self._direct is not None
            return F.conv3d(x, *self._direct, padding=1).relu_()
        out = self._winograd(x[0].permute(1, 2, 3, 0))
        return out.permute(3, 0, 1, 2)[None].contiguous().relu_()


def _give_back() -> None:
    """Let the system have what was freed: glibc keeps it, a hundred megabytes here."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def _bias(conv: nn.Conv2d | nn.Conv3d) -> Tensor:
    assert conv.bias is not None
    return conv.bias


def _folded(conv: Any, norm: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with its batch norm."""
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = conv.weight * gain.view(-1, *[1] * (conv.weight.dim() - 1))
    return weight, (conv.bias - norm.running_mean) * gain + norm.bias


def _stacked(convs: list[nn.Conv2d]) -> tuple[Tensor, Tensor]:
    """Weight and bias of convolutions of the same input, one after the other."""
    biases = [conv.bias for conv in convs if conv.bias is not None]
    return torch.cat([conv.weight for conv in convs]), torch.cat(biases)


def _merged(convs: list[nn.Conv2d], *, frugal: bool = False) -> WinogradConv:
    return WinogradConv(*_stacked(convs), frugal=frugal)


def _gamma_beta(norm: Spade, frugal: bool) -> WinogradConv:
    """1 + gamma, and beta, as one convolution."""
    weight, bias = _stacked([norm.gamma, norm.beta])
    bias[: norm.gamma.out_channels] += 1
    return WinogradConv(weight, bias, frugal=frugal)


def _gamma_folded_beta(norm: Spade, narrow: Tensor) -> WinogradConv:
    """1 + gamma, and what the shortcut's 1x1 convolution `narrow` (C, O) makes of beta."""
    assert norm.beta.bias is not None and norm.gamma.bias is not None
    beta = torch.einsum("co,chyx->ohyx", narrow, norm.beta.weight)
    weight = torch.cat([norm.gamma.weight, beta])
    bias = torch.cat([norm.gamma.bias + 1, norm.beta.bias @ narrow])
    return WinogradConv(weight, bias)


def _block(module: nn.Module) -> SpadeBlock:
    assert isinstance(module, SpadeBlock)
    return module


def _norms(block: SpadeBlock) -> list[Spade]:
    return [block.norm_0, block.norm_1, *([block.norm_s] if block.narrows else [])]


Moments = NDArray[np.float32]


def _moments(x: Tensor) -> tuple[Moments, Moments]:
    """Mean, and one over the deviation, of each channel of (H, W, C): instance norm."""
    values = x.reshape(-1, x.shape[2]).numpy()
    total, square = _sums(values, values[0].copy())
    count = len(values)
    offset = total / count
    variance = square / count - offset * offset
    centre = (values[0] + offset).astype(np.float32)
    return centre, (1 / np.sqrt(variance + _NORM_EPSILON)).astype(np.float32)


def _convolved(
    x: Tensor,
    centre: Moments,
    gain: Moments,
    painter: WinogradConv,
    seen: Tensor,
    conv: WinogradConv,
) -> Tensor:
    """Convolution of the LeakyReLU of the normed (H, W, C), scaled and shifted as painted."""
    height, width, _ = x.shape
    room, inside = conv.room(height, width)
    for first, painted in painter.parts(seen):
        rows = slice(first, first + len(painted))
        slope = np.float32(SLOPE)
        _modulate(x[rows].numpy(), centre, gain, painted, slope, inside[rows].numpy())
    return conv.of_room(room, height, width)[0]


@numba.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _sums(values: Any, origin: Any) -> Any:
    """Sum and sum of squares of (N, C) less `origin` (C,), float64; added up in blocks of 64."""
    count, channels = values.shape
    total, square = np.zeros(channels), np.zeros(channels)
    part, squares = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for first in range(0, count, 64):
        part[:], squares[:] = np.float32(0), np.float32(0)
        for n in range(first, min(first + 64, count)):
            for c in range(channels):
                value = values[n, c] - origin[c]
                part[c] += value
                squares[c] += value * value
        for c in range(channels):
            total[c] += part[c]
            square[c] += squares[c]
    return total, square


@numba.njit(nogil=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def _modulate(x: Any, centre: Any, gain: Any, painted: Any, leak: Any, out: Any) -> None:
    """LeakyReLU of the normed x (H, W, C) * painted[:C] + painted[C:]."""
    height, width, channels = x.shape
    for i in range(height):
        for j in range(width):
            for c in range(channels):
                normed = (x[i, j, c] - centre[c]) * gain[c]
                value = normed * painted[i, j, c] + painted[i, j, channels + c]
                out[i, j, c] = max(value, leak * value)


@numba.njit(nogil=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def _scale(x: Any, centre: Any, gain: Any, painted: Any, out: Any) -> None:
    """The normed x (H, W, C) * painted[:C]."""
    height, width, channels = x.shape
    for i in range(height):
        for j in range(width):
            for c in range(channels):
                out[i, j, c] = (x[i, j, c] - centre[c]) * gain[c] * painted[i, j, c]
