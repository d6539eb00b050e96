"""Vocos (Siuzdak 2023, arXiv 2306.00814): EnCodec's codes to sound, cleaner than its own decoder.

ConvNeXt blocks (Liu et al. 2022) keep the 75 frames a second; a linear head says magnitude and
phase of each frame's spectrum, and the inverse Fourier transform makes sound. The norms know the
bit rate, which here is always that of eight codebooks.

Shapes: B batch, T frames, C channels, D = 128 channels of a code's vector, F = 641 frequencies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from likewise.voice.checkpoint import check, hollow, read_tensors, renamed, without
from likewise.voice.vallex.config import CODEBOOKS, CODES
from likewise.weights.converting import Array

HOP = 320

_VECTOR = 128
_FFT = 4 * HOP
_BIT_RATES = 4  # 1.5, 3, 6 and 12 kbit/s
_SIX_KBITS = 2
_LOUDEST = 1e2
_BOOKS_IN_FILE = 16


@dataclass(frozen=True, slots=True)
class VocosConfig:
    """Sizes of the blocks."""

    width: int = 384
    hidden: int = 1152
    layers: int = 8


class BitRateNorm(nn.Module):
    """A layer norm with a factor and an offset for each bit rate."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Embedding(_BIT_RATES, width)
        self.shift = nn.Embedding(_BIT_RATES, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C) -> (B, T, C)."""
        x = functional.layer_norm(x, x.shape[-1:], eps=1e-6)
        out: Tensor = x * self.scale.weight[_SIX_KBITS] + self.shift.weight[_SIX_KBITS]
        return out


class ConvNext(nn.Module):
    """A depthwise convolution and two linear layers, beside the identity."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        width = config.width
        self.depthwise = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = BitRateNorm(width)
        self.up = nn.Linear(width, config.hidden)
        self.down = nn.Linear(config.hidden, width)
        self.gamma = nn.Parameter(torch.full((width,), 1 / config.layers))

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, T) -> (B, C, T)."""
        hidden = self.norm(self.depthwise(x).transpose(1, 2))
        hidden = self.gamma * self.down(functional.gelu(self.up(hidden)))
        out: Tensor = x + hidden.transpose(1, 2)
        return out


class Vocos(nn.Module):
    """Codes to sound.

    Example:
        >>> vocos = Vocos.random(VocosConfig(width=16, hidden=32, layers=2), seed=1)
        >>> vocos.decode(torch.zeros(75, 8, dtype=torch.int64)).shape
        torch.Size([24000])
    """

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.codebooks = nn.Parameter(torch.randn(_BOOKS_IN_FILE * CODES, _VECTOR))
        self.embed = nn.Conv1d(_VECTOR, config.width, 7, padding=3)
        self.norm = BitRateNorm(config.width)
        self.blocks = nn.ModuleList(ConvNext(config) for _ in range(config.layers))
        self.last_norm = nn.LayerNorm(config.width, eps=1e-6)
        self.head = nn.Linear(config.width, _FFT + 2)

    @classmethod
    def random(cls, config: VocosConfig, *, seed: int) -> Self:
        """A vocoder with random weights, for tests."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(config).requires_grad_(False).eval()

    @torch.inference_mode()
    def decode(self, codes: Tensor) -> Tensor:
        """codes: (T, 8) -> samples (320 T,)."""
        rows = codes + CODES * torch.arange(CODEBOOKS, device=codes.device)
        vectors = functional.embedding(rows, self.codebooks).sum(dim=1)
        return _sound(self.spectrum(vectors.T[None]))[0]

    def spectrum(self, vectors: Tensor) -> Tensor:
        """vectors: (B, D, T) -> complex spectrum (B, F, T)."""
        x = self.norm(self.embed(vectors).transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        magnitude, phase = self.head(self.last_norm(x.transpose(1, 2))).transpose(1, 2).chunk(2, 1)
        return torch.polar(magnitude.exp().clamp(max=_LOUDEST), phase)


def load(path: Path) -> Vocos:
    """Vocos of the hub's `charactr/vocos-encodec-24khz`.

    Raises:
        BadInput: Damaged, or another model.
    """
    return filled(VocosConfig(), read_tensors(path), origin=str(path))


def filled(config: VocosConfig, old: Mapping[str, Array], *, origin: str) -> Vocos:
    """Vocos with the tensors of a released state dict.

    Raises:
        BadInput: Names or shapes differ.
    """
    state = renamed(without(old, _IGNORED), _RULES, origin, "Vocos for EnCodec")
    with hollow():
        vocos = Vocos(config)
    check(vocos.state_dict(), state, origin)
    vocos.load_state_dict(state, strict=True, assign=True)
    return vocos.requires_grad_(False).eval()


def _sound(spectrum: Tensor) -> Tensor:
    """Inverse short-time Fourier transform whose frames are centred on their own samples.

    spectrum: (B, F, T) -> (B, 320 T).
    """
    window = torch.hann_window(_FFT, device=spectrum.device)
    frames = torch.fft.irfft(spectrum, _FFT, dim=1) * window[:, None]
    weight = window.square()[None, :, None].expand(1, -1, spectrum.shape[2])
    return _overlapped(frames) / _overlapped(weight)


def _overlapped(frames: Tensor) -> Tensor:
    """frames: (B, 1280, T) laid over each other every 320 samples -> (B, 320 T)."""
    length = (frames.shape[2] - 1) * HOP + _FFT
    summed = functional.fold(frames, (1, length), (1, _FFT), stride=(1, HOP))[:, 0, 0]
    margin = (_FFT - HOP) // 2
    return summed[:, margin : length - margin]


# EnCodec itself, which some copies hold along, and the window, which is a constant.
_IGNORED = (r"feature_extractor\.encodec\..*", r"head\.istft\.window")
_RULES: tuple[tuple[str, str], ...] = (
    ("feature_extractor.codebook_weights", "codebooks"),
    ("backbone.embed.{leaf}", "embed.{leaf}"),
    ("backbone.norm.{leaf}", "norm.{leaf}"),
    ("backbone.convnext.{n}.dwconv.{leaf}", "blocks.{n}.depthwise.{leaf}"),
    ("backbone.convnext.{n}.norm.{leaf}", "blocks.{n}.norm.{leaf}"),
    ("backbone.convnext.{n}.pwconv1.{leaf}", "blocks.{n}.up.{leaf}"),
    ("backbone.convnext.{n}.pwconv2.{leaf}", "blocks.{n}.down.{leaf}"),
    ("backbone.convnext.{n}.gamma", "blocks.{n}.gamma"),
    ("backbone.final_layer_norm.{leaf}", "last_norm.{leaf}"),
    ("head.out.{leaf}", "head.{leaf}"),
)
