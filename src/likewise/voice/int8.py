"""Matrices in 8 bits: decoding reads a quarter of the bytes, and is that much faster.

Decoding one code reads every weight once, so a CPU waits for memory. Weights are rounded to 8 bits
with a scale for each output channel, activations at run time with a scale for each call; sums are
exact. Embeddings and heads stay in 32 bits, since they decide between close codes.
"""

import platform
import warnings

import torch
from torch import Tensor, nn


class Int8Linear(nn.Module):
    """A linear layer with 8-bit weights, packed for the CPU it runs on."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach()
        scale = (weight.abs().amax(dim=1).double() / 127).clamp(min=1e-12)
        zero = torch.zeros_like(scale, dtype=torch.int64)
        with warnings.catch_warnings():
            # Deprecated in PyTorch 2.13 without a successor that is as fast on a CPU;
            # `available` notices when it goes.
            warnings.simplefilter("ignore", UserWarning)
            rounded = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
        self._packed = torch.ops.quantized.linear_prepack(rounded, linear.bias)
        # Without VNNI a pair of products is added in 16 bits: 7-bit activations can't overflow it.
        self._reduced = platform.machine().lower() in {"x86_64", "amd64"}

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C) float32 -> (B, T, C')."""
        out: Tensor = torch.ops.quantized.linear_dynamic(
            x, self._packed, reduce_range=self._reduced
        )
        return out


def quantise(blocks: nn.Module) -> None:
    """Turn all linear layers inside into 8 bits, in place."""
    for part in list(blocks.modules()):
        for name, layer in list(part.named_children()):
            if isinstance(layer, nn.Linear):
                setattr(part, name, Int8Linear(layer))


def available() -> bool:
    """Whether this build of PyTorch has 8-bit kernels for this CPU."""
    if not hasattr(torch, "quantize_per_channel"):
        return False
    return any(engine != "none" for engine in torch.backends.quantized.supported_engines)
