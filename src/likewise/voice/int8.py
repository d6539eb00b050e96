"""Matrices in 8 bits: decoding reads a quarter of the bytes, and is that much faster.

Decoding one code reads every weight once, so a CPU waits for memory. Weights are rounded to 8 bits
with a scale for each output channel, activations at run time with a scale for each call; sums are
exact. Embeddings and heads stay in 32 bits, since they decide between close codes.
"""

import platform
import warnings
from typing import Self

import torch
from torch import Tensor, nn


def rounded(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix in 8 bits.

    weight: (C', C) float32 -> (C', C) int8 and the scale of each row, (C',) float32.
    """
    scale = (weight.abs().amax(dim=1) / 127).clamp(min=1e-12)
    return (weight / scale[:, None]).round().clamp(-127, 127).to(torch.int8), scale


class Int8Linear(nn.Module):
    """A linear layer with 8-bit weights, packed for the CPU it runs on."""

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor | None) -> None:
        """Pack a matrix that `rounded` made."""
        super().__init__()
        with warnings.catch_warnings():
            # Deprecated in PyTorch 2.13 without a successor that is as fast on a CPU;
            # `available` notices when it goes.
            warnings.simplefilter("ignore", UserWarning)
            zero = torch.zeros_like(scale, dtype=torch.int64)
            matrix = torch._make_per_channel_quantized_tensor(weight, scale.double(), zero, 0)
            self._packed = torch.ops.quantized.linear_prepack(matrix, bias)
        # Without VNNI a pair of products is added in 16 bits: 7-bit activations can't overflow it.
        self._reduced = platform.machine().lower() in {"x86_64", "amd64"}

    @classmethod
    def of(cls, linear: nn.Linear) -> Self:
        """The same layer in 8 bits."""
        return cls(*rounded(linear.weight.detach()), linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C) float32 -> (B, T, C')."""
        # The overload is named, which spares looking for it at each of a step's many calls.
        out: Tensor = torch.ops.quantized.linear_dynamic.default(x, self._packed, self._reduced)
        return out


def quantise(blocks: nn.Module) -> None:
    """Turn all linear layers inside into 8 bits, in place."""
    for part in list(blocks.modules()):
        for name, layer in list(part.named_children()):
            if isinstance(layer, nn.Linear):
                setattr(part, name, Int8Linear.of(layer))


def available() -> bool:
    """Whether this build of PyTorch has 8-bit kernels for this CPU."""
    if not hasattr(torch, "_make_per_channel_quantized_tensor"):
        return False
    return any(engine != "none" for engine in torch.backends.quantized.supported_engines)
