"""Low-rank adaptation (Hu et al. 2021): a matrix learns a product of two small ones beside it.

lora.adapt(model.gpt.blocks, 16, seed=0)   # only the small ones have gradients now
...
lora.merge(model.gpt.blocks)               # and now they are part of the weights
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn


class LoraLinear(nn.Module):
    """A frozen linear layer and a correction of low rank, which is zero at first."""

    def __init__(self, linear: nn.Linear, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        self.linear = linear
        limit = 1 / math.sqrt(linear.in_features)
        down = torch.rand(rank, linear.in_features, generator=generator) * 2 * limit - limit
        self.down = nn.Parameter(down.to(linear.weight.device))
        self.up = nn.Parameter(linear.weight.new_zeros(linear.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C) -> (B, T, C')."""
        out: Tensor = self.linear(x) + x @ self.down.T @ self.up.T
        return out

    def merged(self) -> nn.Linear:
        """The layer with its correction in the weight."""
        with torch.no_grad():
            self.linear.weight += self.up @ self.down
        return self.linear


def adapt(blocks: nn.Module, rank: int, *, seed: int) -> None:
    """Give every linear layer inside a correction, and let only the corrections learn."""
    blocks.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for part, name, layer in list(_children(blocks)):
        if isinstance(layer, nn.Linear):
            setattr(part, name, LoraLinear(layer, rank, generator))


def merge(blocks: nn.Module) -> None:
    """Make the corrections part of the weights, in place."""
    for part, name, layer in list(_children(blocks)):
        if isinstance(layer, LoraLinear):
            setattr(part, name, layer.merged())


def _children(blocks: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    for part in blocks.modules():
        for name, layer in part.named_children():
            yield part, name, layer
