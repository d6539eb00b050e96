"""Self-attention, and the keys and values kept while one position after the other is decoded.

Memory for keys and values is reserved once for all positions, so a step copies nothing but its own.

Shapes: B batch, T new positions, S positions so far, C channels, H heads, D = C / H.
"""

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional


class TransformerSizes(Protocol):
    """Sizes of a transformer; the configuration of any model here has them."""

    @property
    def layers(self) -> int:
        """Transformer blocks."""

    @property
    def heads(self) -> int:
        """Attention heads."""

    @property
    def width(self) -> int:
        """Channels of the residual stream."""


class KeyValueCache:
    """Keys and values of all positions so far, in memory reserved once.

    Attributes:
        length: Positions filled.
        visible: (B, capacity) bool, False for padding; None when nothing is padded.
    """

    def __init__(
        self,
        sizes: TransformerSizes,
        batch: int,
        capacity: int,
        like: Tensor,
        visible: Tensor | None,
    ) -> None:
        shape = (sizes.layers, 2, batch, sizes.heads, capacity, sizes.width // sizes.heads)
        self._memory = like.new_empty(shape)
        self._layers = self._memory.unbind(0)  # a step is many small calls, and these are fewer
        self.length = 0
        self.visible = visible

    @property
    def capacity(self) -> int:
        """Positions there is room for."""
        return self._memory.shape[4]

    def extend(self, layer: int, keys_values: Tensor) -> Tensor:
        """Add (2, B, H, T, D) keys and values of new positions; answers all of them."""
        end = self.length + keys_values.shape[3]
        memory = self._layers[layer]
        memory[:, :, :, self.length : end] = keys_values
        return memory[:, :, :, :end]

    def adopt(self, prefix: "KeyValueCache") -> None:
        """Begin with another cache's positions, the same for every row."""
        self._memory[:, :, :, :, : prefix.length] = prefix._memory[:, :, :, :, : prefix.length]
        self.length = prefix.length

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only (indices into the batch)."""
        self._memory = self._memory[:, :, rows]
        self._layers = self._memory.unbind(0)
        if self.visible is not None:
            self.visible = self.visible[rows]

    def mask(self, new: int) -> Tensor | None:
        """What `new` positions may see: (B or 1, 1, new, length + new) bool, None for all."""
        end = self.length + new
        device = self._memory.device
        if self.visible is None:
            if new == 1:
                return None
            return torch.ones(new, end, dtype=torch.bool, device=device).tril(self.length)[
                None, None
            ]
        seen = self.visible[:, None, None, :end]
        if new == 1:
            return seen
        causal = torch.ones(new, end, dtype=torch.bool, device=device).tril(self.length)
        itself = torch.zeros_like(causal)
        itself[:, self.length :].fill_diagonal_(True)  # padding sees itself, or softmax is NaN
        return (seen & causal) | itself


class Attention(nn.Module):
    """Multi-head self-attention with one matrix for queries, keys and values."""

    def __init__(self, sizes: TransformerSizes) -> None:
        super().__init__()
        self.heads = sizes.heads
        self.qkv = nn.Linear(sizes.width, 3 * sizes.width)
        self.out = nn.Linear(sizes.width, sizes.width)

    def forward(
        self, x: Tensor, mask: Tensor | None, cache: KeyValueCache | None, layer: int
    ) -> Tensor:
        """x: (B, T, C), mask: (B, 1, T, S) bool or None -> (B, T, C)."""
        heads = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        q, keys_values = heads[0], heads[1:]
        if cache is not None:
            keys_values = cache.extend(layer, keys_values)
        k, v = keys_values.unbind(0)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out
