"""The transformer of VALL-E: norms first, ReLU in the feed-forward, sinusoidal positions.

The two halves of VALL-E X differ in their norms: plain ones where codes follow one another, and
ones that depend on the codebook where all frames are predicted at once.

Shapes: B batch, T positions, S positions so far, C channels.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from likewise.voice.attention import Attention, KeyValueCache
from likewise.voice.vallex.config import VallexConfig

_TABLE_STEP = 1024  # positions by which the table of sines grows


class SinePositions(nn.Module):
    """Sinusoidal positions (Vaswani et al. 2017, section 3.5) scaled by a learned factor."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.alpha = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor, first: int = 0) -> Tensor:
        """x: (B, T, C), the first of them at position `first` -> (B, T, C)."""
        end = first + x.shape[1]
        table = _sines(-(-end // _TABLE_STEP) * _TABLE_STEP, self.width)
        return x + self.alpha * table[first:end].to(x)


class LayerNorm(nn.LayerNorm):
    """A layer norm that is the same for every stage."""

    def forward(self, x: Tensor, stage: Tensor | None = None) -> Tensor:
        """x: (B, T, C) -> (B, T, C)."""
        return super().forward(x)


class AdaptiveLayerNorm(nn.Module):
    """A layer norm whose factor and offset follow from the stage (VALL-E, section 4.2.2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 2 * width)

    def forward(self, x: Tensor, stage: Tensor) -> Tensor:
        """x: (B, T, C), stage: (1, C) -> (B, T, C)."""
        factor, offset = self.project(stage).chunk(2, dim=-1)
        out: Tensor = factor * self.norm(x) + offset
        return out


class FeedForward(nn.Module):
    """Two linear layers with a ReLU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C) -> (B, T, C)."""
        out: Tensor = self.down(functional.relu(self.up(x)))
        return out


class Block(nn.Module):
    """A transformer block with the norms before attention and feed-forward."""

    def __init__(
        self, config: VallexConfig, norm: type[LayerNorm] | type[AdaptiveLayerNorm]
    ) -> None:
        super().__init__()
        self.norm1 = norm(config.width)
        self.attention = Attention(config)
        self.norm2 = norm(config.width)
        self.feed_forward = FeedForward(config.width)

    def forward(
        self,
        x: Tensor,
        stage: Tensor | None,
        mask: Tensor | None,
        cache: KeyValueCache | None,
        layer: int,
    ) -> Tensor:
        """x: (B, T, C), stage: (1, C) or None, mask: (B or 1, 1, T, S) bool -> (B, T, C)."""
        x = x + self.attention(self.norm1(x, stage), mask, cache, layer)
        out: Tensor = x + self.feed_forward(self.norm2(x, stage))
        return out


class Transformer(nn.Module):
    """Blocks and a last norm."""

    def __init__(
        self, config: VallexConfig, norm: type[LayerNorm] | type[AdaptiveLayerNorm]
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(config, norm) for _ in range(config.layers))
        self.norm = norm(config.width)

    def forward(
        self,
        x: Tensor,
        *,
        stage: Tensor | None = None,
        mask: Tensor | None = None,
        cache: KeyValueCache | None = None,
    ) -> Tensor:
        """Transform positions; new ones are added to the cache.

        x: (B, T, C), stage: (1, C), mask: (B or 1, 1, T, S) bool, everything visible when None
        -> (B, T, C).
        """
        for layer, block in enumerate(self.blocks):
            x = block(x, stage, mask, cache, layer)
        if cache is not None:
            cache.length += x.shape[1]
        out: Tensor = self.norm(x, stage)
        return out


@lru_cache(maxsize=8)
def _sines(count: int, width: int) -> Tensor:
    """Sines in even and cosines in odd channels, (count, width)."""
    with torch.inference_mode(False):
        place = torch.arange(count, dtype=torch.float32)[:, None]
        channels = torch.arange(0, width, 2, dtype=torch.float32)
        angle = place * torch.exp(channels * -(math.log(10000.0) / width))
        return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
