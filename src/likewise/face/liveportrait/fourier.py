"""A large 3-D convolution as products of Fourier transforms.

Height and width are cut into tiles that overlap by the kernel less one (overlap-save); each tile is
transformed, its frequencies are multiplied channel by channel, and depth stays a sum of shifted
products, as a transform along it would need several times the memory for the weights.
"""

import torch
from torch import Tensor

_LENGTH = 38
"""Side of a transform: 32 new cells and 6 of a 7x7 kernel's overlap. At 64 cells two tiles a side
suffice; larger transforms need more memory for their weights, smaller ones more products."""


class FourierConv3d:
    """An odd-sized 3-D convolution with zero padding, for one volume at a time.

    Args:
        weight: (O, C, K, K, K).
        bias: (O,).
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self._outputs, self._inputs, self._kernel = weight.shape[:3]
        self._step = _LENGTH - self._kernel + 1
        self._weight = weight.permute(2, 3, 4, 1, 0).flatten(3).flatten(1, 2).contiguous()
        self._bias = bias
        # A transform of so few values is a small matrix product, so cheap that transformed weights,
        # thirty times as many, needn't be kept.
        each = torch.eye(self._kernel**2).view(-1, self._kernel, self._kernel)
        spectra = torch.fft.rfft2(each, s=(_LENGTH, _LENGTH)).flatten(1).t()  # (F, K * K)
        # A convolution of networks is a correlation: the conjugate turns it round.
        self._to_real = spectra.real.contiguous()
        self._to_imaginary = -spectra.imag.contiguous()

    def __call__(self, x: Tensor) -> Tensor:
        """x: (C, D, H, W) -> (O, D, H, W)."""
        _, depth, height, width = x.shape
        around = self._kernel // 2
        out = torch.empty(self._outputs, depth, height, width)
        # A row of tiles at a time: the transforms of a whole volume take a fifth of a gigabyte.
        for top in range(0, height, self._step):
            lefts = range(0, width, self._step)
            tiles = [self._tile(x, top - around, left - around) for left in lefts]
            for left, made in zip(lefts, self._convolved(tiles), strict=True):
                target = out[:, :, top : top + self._step, left : left + self._step]
                target.copy_(made[:, :, : target.shape[2], : target.shape[3]])
        return out.add_(self._bias.view(-1, 1, 1, 1))

    def _tile(self, x: Tensor, top: int, left: int) -> Tensor:
        """(C, D + K - 1, L, L) of a volume from a corner on, zeros around it."""
        ends = top + _LENGTH, left + _LENGTH
        inside = x[:, :, max(top, 0) : ends[0], max(left, 0) : ends[1]]
        above, before = max(-top, 0), max(-left, 0)
        below, after = max(ends[0] - x.shape[2], 0), max(ends[1] - x.shape[3], 0)
        around = self._kernel // 2
        return torch.nn.functional.pad(inside, (before, after, above, below, around, around))

    def _convolved(self, tiles: list[Tensor]) -> list[Tensor]:
        """Each (C, D + K - 1, L, L) -> (O, D, L, L), of which the first L - K + 1 cells are right.

        MKL multiplies many small complex matrices nine times slower than real ones.
        """
        depth = tiles[0].shape[1] - self._kernel + 1
        parts = [_spectrum(tile) for tile in tiles]
        frequencies = len(self._to_real)
        by_real = [torch.zeros(frequencies, depth * 2, self._outputs) for _ in tiles]
        by_imaginary = [torch.zeros_like(made) for made in by_real]
        for z in range(self._kernel):
            for way, sums in ((self._to_real, by_real), (self._to_imaginary, by_imaginary)):
                weight = (way @ self._weight[z]).view(frequencies, self._inputs, self._outputs)
                for part, made in zip(parts, sums, strict=True):
                    made.baddbmm_(part[:, z : z + depth].flatten(1, 2), weight)
        return [self._back(*sums, depth) for sums in zip(by_real, by_imaginary, strict=True)]

    def _back(self, by_real: Tensor, by_imaginary: Tensor, depth: int) -> Tensor:
        """Products of both parts of a tile with both parts of the weights -> (O, D, L, L)."""
        shape = (_LENGTH, -1, depth, 2, self._outputs)
        one, other = by_real.view(shape), by_imaginary.view(shape)
        made = torch.complex(
            one[:, :, :, 0] - other[:, :, :, 1], one[:, :, :, 1] + other[:, :, :, 0]
        )
        back: Tensor = torch.fft.irfft2(made.permute(3, 2, 0, 1), s=(_LENGTH, _LENGTH))
        return back


def _spectrum(tile: Tensor) -> Tensor:
    """(C, D', L, L) -> (F, D', 2, C), real and imaginary parts."""
    seen = torch.fft.rfft2(tile).permute(2, 3, 1, 0).flatten(0, 1)  # (F, D', C)
    return torch.stack([seen.real, seen.imag], dim=2)
