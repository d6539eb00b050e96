"""The generator with fewer operations, for one frame at a time on a CPU; x is (H, W, C) inside."""

from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from likewise.face.liveportrait.folding import bias, stacked
from likewise.face.liveportrait.generator import SLOPE, Spade, SpadeBlock, SpadeGenerator
from likewise.face.liveportrait.winograd import WinogradConv

_NORM_EPSILON = 1e-5


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
        self._same_size = _merged([generator.first, *shared])
        self._middles = []
        for block in blocks:
            self._middles.append(_FastBlock(block))
            if release:
                block.to("meta")
        self._ups, self._enlarged = [], []
        for level, block in enumerate(map(_block, generator.ups)):
            self._ups.append(_FastBlock(block))
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
            x = up(x, (conv(condition) for conv in enlarged), factor=2)
        out = self._to_image(F.leaky_relu_(x, SLOPE)[None])[0]
        return torch.sigmoid(F.pixel_shuffle(out.permute(2, 0, 1)[None], 2))


class _FastBlock:
    """A SPADE block; `seen` are the rectified shared features of its norms, made when asked for."""

    def __init__(self, block: SpadeBlock) -> None:
        self._painters = [_gamma_beta(norm) for norm in (block.norm_0, block.norm_1)]
        self._convs = [_merged([conv]) for conv in (block.conv_0, block.conv_1)]
        self._narrow: Tensor | None = None
        if block.narrows:
            self._narrow = block.conv_s.weight[:, :, 0, 0].t().contiguous()  # (C, O)
            self._painters.append(_gamma_folded_beta(block.norm_s, self._narrow))

    def __call__(self, x: Tensor, seen: Iterator[Tensor], *, factor: int = 1) -> Tensor:
        """x: (H, W, C), enlarged by the factor; seen: each (fH, fW, hidden) -> (fH, fW, O)."""
        centre, gain = _moments(x)  # an enlargement has the same
        y = _convolved(x, centre, gain, self._painters[0], next(seen), self._convs[0], factor)
        y = _convolved(y, *_moments(y), self._painters[1], next(seen), self._convs[1])
        if self._narrow is None:
            return y.add_(x)
        channels = x.shape[2]
        for first, painted in self._painters[2].parts(next(seen)):
            scaled = torch.empty(*painted.shape[:2], channels)
            _scale(x.numpy(), first, factor, centre, gain, painted, scaled.numpy())
            shortcut = scaled.view(-1, channels) @ self._narrow
            beta = torch.from_numpy(painted[..., channels:])
            y[first : first + len(painted)] += shortcut.view(*scaled.shape[:2], -1) + beta
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
        offset = bias(conv).repeat(self._count**2)
        self._conv = WinogradConv(small.flatten(0, 2), offset)

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


def _merged(convs: list[nn.Conv2d]) -> WinogradConv:
    return WinogradConv(*stacked(convs))


def _gamma_beta(norm: Spade) -> WinogradConv:
    """1 + gamma, and beta, as one convolution."""
    weight, offset = stacked([norm.gamma, norm.beta])
    offset[: norm.gamma.out_channels] += 1
    return WinogradConv(weight, offset)


def _gamma_folded_beta(norm: Spade, narrow: Tensor) -> WinogradConv:
    """1 + gamma, and what the shortcut's 1x1 convolution `narrow` (C, O) makes of beta."""
    assert norm.beta.bias is not None and norm.gamma.bias is not None
    beta = torch.einsum("co,chyx->ohyx", narrow, norm.beta.weight)
    weight = torch.cat([norm.gamma.weight, beta])
    offset = torch.cat([norm.gamma.bias + 1, norm.beta.bias @ narrow])
    return WinogradConv(weight, offset)


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
    factor: int = 1,
) -> Tensor:
    """Convolution of the LeakyReLU of the normed (H, W, C), enlarged, scaled and shifted."""
    height, width, _ = seen.shape
    room, inside = conv.room(height, width)
    slope = np.float32(SLOPE)
    for first, painted in painter.parts(seen):
        rows = inside[first : first + len(painted)].numpy()
        _modulate(x.numpy(), first, factor, centre, gain, painted, slope, rows)
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
def _modulate(
    x: Any, first: int, factor: int, centre: Any, gain: Any, painted: Any, leak: Any, out: Any
) -> None:
    """LeakyReLU of the normed x, enlarged, * painted[:C] + painted[C:], from row `first` on."""
    height, width, channels = out.shape
    for i in range(height):
        for j in range(width):
            y, z = (first + i) // factor, j // factor
            for c in range(channels):
                normed = (x[y, z, c] - centre[c]) * gain[c]
                value = normed * painted[i, j, c] + painted[i, j, channels + c]
                out[i, j, c] = max(value, leak * value)


@numba.njit(nogil=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def _scale(x: Any, first: int, factor: int, centre: Any, gain: Any, painted: Any, out: Any) -> None:
    """The normed x, enlarged, * painted[:C], from row `first` on."""
    height, width, channels = out.shape
    for i in range(height):
        for j in range(width):
            y, z = (first + i) // factor, j // factor
            for c in range(channels):
                out[i, j, c] = (x[y, z, c] - centre[c]) * gain[c] * painted[i, j, c]
