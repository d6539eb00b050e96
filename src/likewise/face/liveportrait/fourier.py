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
        # A convolution of networks is a correlation: the conjugate turns it round.
        spectra = torch.fft.rfft2(weight, s=(_LENGTH, _LENGTH)).conj()
        spectra = spectra.permute(2, 3, 4, 1, 0).flatten(1, 2)  # (K, F, C, O)
        # MKL multiplies many small complex matrices nine times slower than real ones.
        self._real = spectra.real.contiguous()
        self._imaginary = spectra.imag.contiguous()
        self._bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        """x: (C, D, H, W) -> (O, D, H, W)."""
        _, depth, height, width = x.shape
        around = self._kernel // 2
        rows, columns = -(-height // self._step), -(-width // self._step)
        below = rows * self._step - height + around
        right = columns * self._step - width + around
        padded = torch.nn.functional.pad(x, (around, right, around, below, around, around))
        out = torch.empty(self._outputs, depth, height, width)
        # Tile by tile: the transforms of a whole volume take a fifth of a gigabyte.
        for top in range(0, height, self._step):
            for left in range(0, width, self._step):
                tile = padded[:, :, top : top + _LENGTH, left : left + _LENGTH]
                made = self._tile(tile)
                target = out[:, :, top : top + self._step, left : left + self._step]
                target.copy_(made[:, :, : target.shape[2], : target.shape[3]])
        return out.add_(self._bias.view(-1, 1, 1, 1))

    def _tile(self, tile: Tensor) -> Tensor:
        """(C, D + K - 1, L, L) -> (O, D, L, L), of which the first L - K + 1 cells are right."""
        depth = tile.shape[1] - self._kernel + 1
        seen = torch.fft.rfft2(tile).permute(2, 3, 1, 0).flatten(0, 1)  # (F, D', C)
        parts = torch.cat([seen.real, seen.imag], dim=0).view(2, *seen.shape)
        parts = parts.permute(1, 2, 0, 3).contiguous()  # (F, D', 2, C): both through each product
        by_real = torch.zeros(len(seen), depth * 2, self._outputs)
        by_imaginary = torch.zeros_like(by_real)
        for z in range(self._kernel):
            window = parts[:, z : z + depth].flatten(1, 2)
            by_real.baddbmm_(window, self._real[z])
            by_imaginary.baddbmm_(window, self._imaginary[z])
        one, other = (x.view(_LENGTH, -1, depth, 2, self._outputs) for x in (by_real, by_imaginary))
        made = torch.complex(
            one[:, :, :, 0] - other[:, :, :, 1], one[:, :, :, 1] + other[:, :, :, 0]
        )
        back: Tensor = torch.fft.irfft2(made.permute(3, 2, 0, 1), s=(_LENGTH, _LENGTH))
        return back
