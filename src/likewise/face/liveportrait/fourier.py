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
        tiles = padded.unfold(2, _LENGTH, self._step).unfold(3, _LENGTH, self._step)
        # (C, D', rows, columns, L, L) -> frequencies first, channels last.
        seen = torch.fft.rfft2(tiles).permute(4, 5, 1, 2, 3, 0)
        count = rows * columns
        seen = seen.reshape(-1, depth + 2 * around, count, self._inputs)
        parts = torch.cat([seen.real, seen.imag], dim=2)  # both through each product
        by_real = torch.zeros(len(parts), depth * 2 * count, self._outputs)
        by_imaginary = torch.zeros_like(by_real)
        for z in range(self._kernel):
            window = parts[:, z : z + depth].flatten(1, 2)
            by_real.baddbmm_(window, self._real[z])
            by_imaginary.baddbmm_(window, self._imaginary[z])
        shape = (_LENGTH, -1, depth, 2, rows, columns, self._outputs)
        one, other = by_real.view(shape), by_imaginary.view(shape)
        made = torch.complex(
            one[:, :, :, 0] - other[:, :, :, 1], one[:, :, :, 1] + other[:, :, :, 0]
        )
        back = torch.fft.irfft2(made.permute(5, 2, 3, 4, 0, 1), s=(_LENGTH, _LENGTH))
        kept = back[..., : self._step, : self._step].permute(0, 1, 2, 4, 3, 5)
        whole = kept.reshape(self._outputs, depth, rows * self._step, columns * self._step)
        answer: Tensor = whole[:, :, :height, :width] + self._bias.view(-1, 1, 1, 1)
        return answer
