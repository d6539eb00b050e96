"""3x3 convolutions with a quarter of the multiplications: Winograd's F(4x4, 3x3).

Tiles of 6x6 are transformed, multiplied channel by channel in 36 matrix products, and transformed
back into 4x4 results. Three depths of a 3x3x3 convolution are summed inside the product. The
transforms are compiled by Numba (one pass over memory each, without holding the interpreter's
lock); the products are torch's. Channels come last everywhere.

Source: Lavin and Gray 2015, "Fast algorithms for convolutional neural networks", section 4.3.
"""

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
_ROWS_AT_ONCE = 512
"""Rows of the matrix products of one band: larger ones fall out of the cache."""

_WEIGHTS = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)


class WinogradConv:
    """A 3x3 or 3x3x3 convolution with zero padding, for one picture or volume at a time.

    Args:
        weight: (O, C, 3, 3) or (O, C, 3, 3, 3).
        bias: (O,).
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        if weight.dim() == 4:
            weight = weight[:, :, None]
        self._outputs, self._inputs, self._depths = weight.shape[:3]
        transform = torch.from_numpy(_WEIGHTS)
        products = torch.einsum("iy,jx,oczyx->ijzco", transform, transform, weight.double())
        self._products = products.float().reshape(_POINTS, -1, self._outputs).contiguous()
        self._bias = bias.float().contiguous().numpy()

    def __call__(self, x: Tensor) -> Tensor:
        """x: (D, H, W, C) -> (D, H, W, O); D is 1 for a picture."""
        depth, height, width, channels = x.shape
        rows, columns = -(-height // TILE), -(-width // TILE)
        around = self._depths // 2
        below, right = rows * TILE - height + 1, columns * TILE - width + 1
        padded = F.pad(x, (0, 0, 1, right, 1, below, around, around)).numpy()
        out = torch.empty(depth, rows * TILE, columns * TILE, self._outputs)
        band = max(1, min(rows, _ROWS_AT_ONCE // (columns * depth)))
        for top in range(0, rows, band):
            count = min(band, rows - top)
            tiles = count * columns
            seen = torch.empty(_POINTS, tiles, len(padded), channels)
            _enter(padded, top, columns, seen.numpy())
            made = torch.empty(_POINTS, depth, tiles, self._outputs)
            for z in range(depth):
                window = seen[:, :, z : z + self._depths].reshape(_POINTS, tiles, -1)
                torch.bmm(window, self._products, out=made[:, z])
            _leave(made.numpy(), top, columns, self._bias, out.numpy())
        return out[:, :height, :width]


@numba.njit(nogil=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def _enter(padded: Any, top: int, columns: int, seen: Any) -> None:
    """Windows of `padded` (D, H, W, C) from tile row `top` on -> `seen` (36, tiles, D, C)."""
    depth, channels = padded.shape[0], padded.shape[3]
    half = np.empty((6, 6, channels), np.float32)
    for tile in range(seen.shape[1]):
        y, x = (top + tile // columns) * 4, tile % columns * 4
        for z in range(depth):
            for j in range(6):
                for c in range(channels):
                    a, b = padded[z, y, x + j, c], padded[z, y + 1, x + j, c]
                    d, e = padded[z, y + 2, x + j, c], padded[z, y + 3, x + j, c]
                    f, g = padded[z, y + 4, x + j, c], padded[z, y + 5, x + j, c]
                    half[0, j, c] = 4 * a - 5 * d + f
                    half[1, j, c] = f + e - 4 * (d + b)
                    half[2, j, c] = f - e - 4 * (d - b)
                    half[3, j, c] = f - d + 2 * (e - b)
                    half[4, j, c] = f - d - 2 * (e - b)
                    half[5, j, c] = 4 * b - 5 * e + g
            for i in range(6):
                for c in range(channels):
                    a, b, d = half[i, 0, c], half[i, 1, c], half[i, 2, c]
                    e, f, g = half[i, 3, c], half[i, 4, c], half[i, 5, c]
                    seen[i * 6, tile, z, c] = 4 * a - 5 * d + f
                    seen[i * 6 + 1, tile, z, c] = f + e - 4 * (d + b)
                    seen[i * 6 + 2, tile, z, c] = f - e - 4 * (d - b)
                    seen[i * 6 + 3, tile, z, c] = f - d + 2 * (e - b)
                    seen[i * 6 + 4, tile, z, c] = f - d - 2 * (e - b)
                    seen[i * 6 + 5, tile, z, c] = 4 * b - 5 * e + g


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
                    half[0, j, c] = a + b + d + e + f
                    half[1, j, c] = b - d + 2 * (e - f)
                    half[2, j, c] = b + d + 4 * (e + f)
                    half[3, j, c] = b - d + 8 * (e - f) + made[30 + j, z, tile, c]
            for i in range(4):
                for c in range(channels):
                    a, b, d = half[i, 0, c], half[i, 1, c], half[i, 2, c]
                    e, f = half[i, 3, c], half[i, 4, c]
                    out[z, y + i, x, c] = a + b + d + e + f + bias[c]
                    out[z, y + i, x + 1, c] = b - d + 2 * (e - f) + bias[c]
                    out[z, y + i, x + 2, c] = b + d + 4 * (e + f) + bias[c]
                    out[z, y + i, x + 3, c] = b - d + 8 * (e - f) + half[i, 5, c] + bias[c]
