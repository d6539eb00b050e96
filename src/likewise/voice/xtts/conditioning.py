"""Conditioning: a reference's mel spectrogram becomes 32 latents that open the GPT's sequence.

A conditioning encoder (attention over frames, after Tortoise) feeds a perceiver resampler
(Alayrac et al. 2022, Flamingo, section 3.1), which always answers the same number of latents.

Shapes: B batch, M mel bands, T frames, C channels, L latents, H heads.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from likewise.voice.xtts.config import GptConfig

MEL_BANDS = 80
_HEAD_WIDTH = 64


class ConditioningAttention(nn.Module):
    """Self-attention over frames whose residual is the *normalised* input.

    Tortoise adds to the input itself; XTTS was trained this way, so it stays.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(_groups(width), width)
        self.qkv = nn.Conv1d(width, 3 * width, 1)
        self.proj = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, T) -> (B, C, T)."""
        x = self.norm(x)
        batch, width, frames = x.shape
        # The channels hold q, k, v of head 0, then of head 1, and so on.
        heads = self.qkv(x).view(batch, self.heads, 3, width // self.heads, frames)
        q, k, v = heads.transpose(3, 4).unbind(2)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = x + self.proj(mixed.transpose(2, 3).reshape(batch, width, frames))
        return out


class ConditioningEncoder(nn.Module):
    """Frames of a mel spectrogram that know about each other."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.init = nn.Conv1d(MEL_BANDS, config.width, 1)
        self.blocks = nn.ModuleList(
            ConditioningAttention(config.width, config.heads)
            for _ in range(config.conditioning_blocks)
        )

    def forward(self, mel: Tensor) -> Tensor:
        """mel: (B, M, T) -> (B, C, T)."""
        x: Tensor = self.init(mel)
        for block in self.blocks:
            x = block(x)
        return x


class CrossAttention(nn.Module):
    """Latents ask the frames and each other."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        inner = heads * _HEAD_WIDTH
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, latents: Tensor, frames: Tensor) -> Tensor:
        """latents: (B, L, C), frames: (B, T, C) -> (B, L, C)."""
        context = torch.cat([latents, frames], dim=1)
        k, v = self.to_kv(context).chunk(2, dim=-1)
        q, k, v = (self._heads(x) for x in (self.to_q(latents), k, v))
        mixed = functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.to_out(mixed.transpose(1, 2).flatten(2))
        return out

    def _heads(self, x: Tensor) -> Tensor:
        """x: (B, T, H*64) -> (B, H, T, 64)."""
        return x.view(*x.shape[:2], self.heads, _HEAD_WIDTH).transpose(1, 2)


class GegluFeedForward(nn.Module):
    """Two linear layers with a gated exact GELU between them (Shazeer 2020, GEGLU)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = int(width * 4 * 2 / 3)
        self.up = nn.Linear(width, 2 * inner)
        self.down = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, L, C) -> (B, L, C)."""
        value, gate = self.up(x).chunk(2, dim=-1)
        out: Tensor = self.down(functional.gelu(gate) * value)
        return out


class RmsNorm(nn.Module):
    """Scale each vector to the length sqrt(C), then by gamma."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, L, C) -> (B, L, C)."""
        return functional.normalize(x, dim=-1) * math.sqrt(x.shape[-1]) * self.gamma


class PerceiverLayer(nn.Module):
    """Cross-attention and feed-forward, both residual, without norms before them."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = CrossAttention(width, heads)
        self.feed_forward = GegluFeedForward(width)

    def forward(self, latents: Tensor, frames: Tensor) -> Tensor:
        """latents: (B, L, C), frames: (B, T, C) -> (B, L, C)."""
        latents = latents + self.attention(latents, frames)
        out: Tensor = latents + self.feed_forward(latents)
        return out


class PerceiverResampler(nn.Module):
    """Any number of frames in, a fixed number of latents out."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.empty(config.perceiver_latents, config.width))
        nn.init.normal_(self.latents, std=0.02)
        self.layers = nn.ModuleList(
            PerceiverLayer(config.width, config.perceiver_heads)
            for _ in range(config.perceiver_layers)
        )
        self.norm = RmsNorm(config.width)

    def forward(self, frames: Tensor) -> Tensor:
        """frames: (B, T, C) -> (B, L, C)."""
        latents = self.latents.expand(frames.shape[0], -1, -1)
        for layer in self.layers:
            latents = layer(latents, frames)
        out: Tensor = self.norm(latents)
        return out


def _groups(width: int) -> int:
    """Groups of the group norm, as Tortoise chooses them."""
    if width <= 16:
        return 8
    return 16 if width <= 64 else 32
