"""3x3 convolutions with a quarter of the multiplications: Winograd's F(4x4, 3x3).

Tiles of 6x6 are transformed, multiplied channel by channel in 36 matrix products, and transformed
back into 4x4 results. The three depths of a 3x3x3 convolution are added up before that. The
transforms are compiled by Numba (one pass over memory each, without holding the interpreter's
lock); the products are torch's. Channels come last everywhere.

Sources: Lavin and Gray 2015, "Fast algorithms for convolutional neural networks", section 4.3;
Barabasz et al. 2020, "Error analysis and improving the accuracy of Winograd convolution".
"""

import math
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numba
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float32]

TILE = 4
_WINDOW = TILE + 2
_POINTS = _WINDOW * _WINDOW
_POINTS_AT_ONCE = 12  # of weights that are needed once: a third of them
_ROWS_AT_ONCE = 256
"""Rows of the matrix products of one band: larger ones fall out of the cache, and take memory."""

# The points at which polynomials are evaluated: 0, +-sqrt(1/2), +-sqrt(2), infinity. With the usual
# 0, +-1, +-2 the largest error over 256 channels was four times, the root mean square twice as
# large. In single precision throughout: a double constant would make Numba compute in doubles.
_NEAR, _FAR = np.float32(0.5**0.5), np.float32(2**0.5)
_NEAR_CUBED, _FAR_CUBED = np.float32(0.5**1.5), np.float32(2**1.5)
_TWO, _HALF, _BOTH = np.float32(2), np.float32(0.5), np.float32(2.5)  # squares, and their sum

_WEIGHTS = np.array(
    [
        [1, 0, 0],
        [-2 / 3, -2 / 3 * 0.5**0.5, -1 / 3],
        [-2 / 3, 2 / 3 * 0.5**0.5, -1 / 3],
        [1 / 6, 1 / 6 * 2**0.5, 1 / 3],
        [1 / 6, -1 / 6 * 2**0.5, 1 / 3],
        [0, 0, 1],
    ]
)
_BOTH_WAYS = torch.from_numpy(np.kron(_WEIGHTS, _WEIGHTS)).float()  # (36, 9)


class WinogradConv:
    """A 3x3 or 3x3x3 convolution with zero padding, for one picture or volume at a time.

    Weights are kept as they are and transformed at every use, which costs a hundredth of the time;
    transformed ones would take four times the memory.

    Args:
        weight: (O, C, 3, 3) or (O, C, 3, 3, 3).
        bias: (O,).
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        if weight.dim() == 4:
            weight = weight[:, :, None]
        self._outputs, self._inputs, self._depths = weight.shape[:3]
        self._bias = bias.detach().float().clone().numpy()
        plain = weight.detach().permute(2, 3, 4, 1, 0)
        self._weight = plain.reshape(self._depths, 9, -1).clone()  # (D, 9, C * O)

    def __call__(self, x: Tensor) -> Tensor:
        """x: (D, H, W, C) -> (D, H, W, O); D is 1 for a picture."""
        return self.of_room(self._padded(x), x.shape[1], x.shape[2])

    def room(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Zeros for a picture and what is around it, and the view (H, W, C) of the picture's own.

        A picture that is made in its room needn't be copied into it.
        """
        rows, columns = -(-height // TILE), -(-width // TILE)
        zeros = torch.zeros(1, rows * TILE + 2, columns * TILE + 2, self._inputs)
        return zeros, zeros[0, 1 : height + 1, 1 : width + 1]

    def of_room(self, room: Tensor, height: int, width: int) -> Tensor:
        """Of what was made in a room: (D, H, W, O)."""
        depth = room.shape[0] - 2 * (self._depths // 2)
        rows, columns = -(-height // TILE), -(-width // TILE)
        out = torch.empty(depth, rows * TILE, columns * TILE, self._outputs)
        for top, made in self._bands(room, rows, columns):
            _leave(made, top, columns, self._bias, out.numpy())
        return out[:, :height, :width]

    def parts(self, x: Tensor) -> Iterator[tuple[int, Array]]:
        """The answer for a picture (H, W, C) in parts, never all of it at once.

        Yields:
            First row, and (rows, W, O), which is overwritten by the next part; parts may overlap.
        """
        height, width, _ = x.shape
        rows, columns = -(-height // TILE), -(-width // TILE)
        part: Array | None = None
        for top, made in self._bands(self._padded(x[None]), rows, columns):
            if part is None:
                band = made.shape[2] // columns
                part = np.empty((1, band * TILE, columns * TILE, self._outputs), np.float32)
            _leave(made, 0, columns, self._bias, part)
            first = top * TILE
            yield first, part[0, : height - first, :width]

    def _padded(self, x: Tensor) -> Tensor:
        """(D, H, W, C) with zeros around, up to whole tiles."""
        below, right = -x.shape[1] % TILE + 1, -x.shape[2] % TILE + 1
        around = self._depths // 2
        return F.pad(x, (0, 0, 1, right, 1, below, around, around))

    def _bands(self, padded: Tensor, rows: int, columns: int) -> Iterator[tuple[int, Array]]:
        """First row of tiles and products (36, D, tiles, O) of every band."""
        depth = len(padded) - 2 * (self._depths // 2)
        band = max(1, min(rows, _ROWS_AT_ONCE // (columns * depth)))
        seen = _scratch.taken("seen", _POINTS, len(padded), band * columns, self._inputs)
        made = _scratch.taken("made", _POINTS, depth, band * columns, self._outputs)
        # One band takes the weights in parts; several share what is transformed once.
        at_once = _POINTS_AT_ONCE if band == rows else _POINTS
        weights = list(self._transformed(at_once)) if band < rows else None
        for first in range(0, rows, band):
            top = min(first, rows - band)
            _enter(padded.numpy(), top, columns, seen.numpy())
            self._multiply(seen, made, self._transformed(at_once) if weights is None else weights)
            yield top, made.numpy()

    def _multiply(
        self, seen: Tensor, made: Tensor, weights: Iterable[tuple[int, slice, Tensor]]
    ) -> None:
        """Transformed windows (36, D', tiles, C) times weights -> (36, D, tiles, O)."""
        depth = made.shape[1]
        target = made.view(_POINTS, -1, self._outputs)
        for z, points, weight in weights:
            windows = seen[points, z : z + depth].flatten(1, 2)
            if z:
                torch.baddbmm(target[points], windows, weight, out=target[points])
            else:
                torch.bmm(windows, weight, out=target[points])

    def _transformed(self, at_once: int) -> Iterator[tuple[int, slice, Tensor]]:
        """The transformed weights: depth, which of the 36 points, and (points, C, O)."""
        whole = at_once == _POINTS
        kept = self._depths if whole else 1
        buffer = _scratch.taken("weights", kept, at_once, self._inputs * self._outputs)
        for z in range(self._depths):
            for first in range(0, _POINTS, at_once):
                points = slice(first, first + at_once)
                part = buffer[z if whole else 0]
                torch.mm(_BOTH_WAYS[points], self._weight[z], out=part)
                yield z, points, part.view(-1, self._inputs, self._outputs)


class _Scratch(threading.local):
    """Memory that all convolutions of a thread use in turn.

    Fresh memory is cleared by the system page by page, and what the C library keeps of it when it
    is given back was a quarter of a gigabyte.
    """

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def taken(self, use: str, *shape: int) -> Tensor:
        """The thread's memory for a use, uninitialised, which the next call for it overwrites."""
        count = math.prod(shape)
        known = self._buffers.get(use)
        if known is None or known.numel() < count:
            self._buffers.pop(use, None)
            with torch.inference_mode(False):  # else it could be used nowhere but in inference
                known = self._buffers[use] = torch.empty(count)
        return known[:count].view(shape)


_scratch = _Scratch()


@numba.njit(nogil=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def _enter(padded: Any, top: int, columns: int, seen: Any) -> None:
    """Windows of `padded` (D, H, W, C) from tile row `top` on -> `seen` (36, D, tiles, C)."""
    depth, channels = padded.shape[0], padded.shape[3]
    half = np.empty((6, 6, channels), np.float32)
    for z in range(depth):
        for tile in range(seen.shape[2]):
            y, x = (top + tile // columns) * 4, tile % columns * 4
            for j in range(6):
                for c in range(channels):
                    a, b = padded[z, y, x + j, c], padded[z, y + 1, x + j, c]
                    d, e = padded[z, y + 2, x + j, c], padded[z, y + 3, x + j, c]
                    f, g = padded[z, y + 4, x + j, c], padded[z, y + 5, x + j, c]
                    even, odd = f - _TWO * d, _NEAR * e - _FAR * b
                    half[0, j, c] = a - _BOTH * d + f
                    half[1, j, c] = even + odd
                    half[2, j, c] = even - odd
                    even, odd = f - _HALF * d, _FAR * e - _NEAR * b
                    half[3, j, c] = even + odd
                    half[4, j, c] = even - odd
                    half[5, j, c] = b - _BOTH * e + g
            for i in range(6):
                for c in range(channels):
                    a, b, d = half[i, 0, c], half[i, 1, c], half[i, 2, c]
                    e, f, g = half[i, 3, c], half[i, 4, c], half[i, 5, c]
                    even, odd = f - _TWO * d, _NEAR * e - _FAR * b
                    seen[i * 6, z, tile, c] = a - _BOTH * d + f
                    seen[i * 6 + 1, z, tile, c] = even + odd
                    seen[i * 6 + 2, z, tile, c] = even - odd
                    even, odd = f - _HALF * d, _FAR * e - _NEAR * b
                    seen[i * 6 + 3, z, tile, c] = even + odd
                    seen[i * 6 + 4, z, tile, c] = even - odd
                    seen[i * 6 + 5, z, tile, c] = b - _BOTH * e + g


@numba.njit(nogil=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def _leave(made: Any, top: int, columns: int, bias: Any, out: Any) -> None:
    """Products `made` (36, D, tiles, O) -> 4x4 blocks of `out` (D, H, W, O), bias added."""
    channels = made.shape[3]
    half = np.empty((4, 6, channels), np.float32)
    for z in range(made.shape[1]):
        for tile in range(made.shape[2]):
            y, x = (top + tile // columns) * 4, tile % columns * 4
            for j in range(6):
                for c in range(channels):
                    a, b, d = made[j, z, tile, c], made[6 + j, z, tile, c], made[12 + j, z, tile, c]
                    e, f = made[18 + j, z, tile, c], made[24 + j, z, tile, c]
                    near, far = b - d, e - f
                    half[0, j, c] = a + (b + d) + (e + f)
                    half[1, j, c] = _NEAR * near + _FAR * far
                    half[2, j, c] = _HALF * (b + d) + _TWO * (e + f)
                    last = made[30 + j, z, tile, c]
                    half[3, j, c] = _NEAR_CUBED * near + _FAR_CUBED * far + last
            for i in range(4):
                for c in range(channels):
                    a, b, d = half[i, 0, c], half[i, 1, c], half[i, 2, c]
                    e, f = half[i, 3, c], half[i, 4, c]
                    near, far = b - d, e - f
                    out[z, y + i, x, c] = a + (b + d) + (e + f) + bias[c]
                    out[z, y + i, x + 1, c] = _NEAR * near + _FAR * far + bias[c]
                    out[z, y + i, x + 2, c] = _HALF * (b + d) + _TWO * (e + f) + bias[c]
                    last = half[i, 5, c] + bias[c]
                    out[z, y + i, x + 3, c] = _NEAR_CUBED * near + _FAR_CUBED * far + last
