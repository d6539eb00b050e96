"""EnCodec at 24 kHz (Défossez et al. 2022, arXiv 2210.13438): sound to codes and back.

A SEANet encoder makes 75 vectors a second, a residual vector quantiser says each as 8 codes (6
kbit/s): the first is the nearest entry of the first codebook, the next the nearest of the second
one to what remains, and so on. The decoder mirrors the encoder. All convolutions are causal.

Shapes: B batch, S samples, T frames, K codebooks, D = 128 channels of a vector.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from likewise.voice.checkpoint import (
    check,
    fold_weight_norm,
    hollow,
    read_tensors,
    renamed,
    without,
)
from likewise.voice.vallex.config import CODEBOOKS, CODES
from likewise.weights.converting import Array

VECTOR = 128
_RATIOS = (2, 4, 5, 8)  # of the encoder; samples a frame: their product, 320
_LSTM_LAYERS = 2


@dataclass(frozen=True, slots=True)
class EncodecConfig:
    """Size of the networks; rates, kernels and codebooks are the same in every one.

    Attributes:
        filters: Channels after the first convolution; each stage doubles them.
    """

    filters: int = 32


class CausalConv(nn.Conv1d):
    """A convolution that sees the past only; what is before the sound is its mirror image."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, T) -> (B, C', T / stride rounded up)."""
        (kernel,), (stride,), (dilation,) = self.kernel_size, self.stride, self.dilation
        before = (kernel - 1) * dilation - (stride - 1)
        windows = (x.shape[-1] - kernel + before) / stride + 1
        after = (math.ceil(windows) - 1) * stride + kernel - before - x.shape[-1]
        return super().forward(_mirrored(x, before, after))


class CausalUpsampling(nn.ConvTranspose1d):
    """A transposed convolution without the samples that later frames would still change."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """x: (B, C, T) -> (B, C', stride T)."""
        return super().forward(x, output_size)[..., : x.shape[-1] * self.stride[0]]


class Residual(nn.Module):
    """Two convolutions through half the channels, beside one of a single tap."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrow = CausalConv(width, width // 2, 3)
        self.widen = CausalConv(width // 2, width, 1)
        self.beside = CausalConv(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, T) -> (B, C, T)."""
        hidden = self.narrow(functional.elu(x))
        out: Tensor = self.beside(x) + self.widen(functional.elu(hidden))
        return out


class Memory(nn.Module):
    """An LSTM over frames, beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width, _LSTM_LAYERS)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, T) -> (B, C, T)."""
        frames = x.permute(2, 0, 1)
        out: Tensor = (self.lstm(frames)[0] + frames).permute(1, 2, 0)
        return out


class Encoder(nn.Module):
    """Sound to vectors."""

    def __init__(self, config: EncodecConfig) -> None:
        super().__init__()
        width = config.filters
        self.conv_in = CausalConv(1, width, 7)
        self.residuals = nn.ModuleList()
        self.downs = nn.ModuleList()
        for ratio in _RATIOS:
            self.residuals.append(Residual(width))
            self.downs.append(CausalConv(width, 2 * width, 2 * ratio, stride=ratio))
            width *= 2
        self.memory = Memory(width)
        self.conv_out = CausalConv(width, VECTOR, 7)

    def forward(self, samples: Tensor) -> Tensor:
        """samples: (B, 1, S) -> (B, D, T)."""
        x: Tensor = self.conv_in(samples)
        for residual, down in zip(self.residuals, self.downs, strict=True):
            x = down(functional.elu(residual(x)))
        out: Tensor = self.conv_out(functional.elu(self.memory(x)))
        return out


class Decoder(nn.Module):
    """Vectors to sound."""

    def __init__(self, config: EncodecConfig) -> None:
        super().__init__()
        width = config.filters << len(_RATIOS)
        self.conv_in = CausalConv(VECTOR, width, 7)
        self.memory = Memory(width)
        self.ups = nn.ModuleList()
        self.residuals = nn.ModuleList()
        for ratio in reversed(_RATIOS):
            self.ups.append(CausalUpsampling(width, width // 2, 2 * ratio, stride=ratio))
            width //= 2
            self.residuals.append(Residual(width))
        self.conv_out = CausalConv(width, 1, 7)

    def forward(self, vectors: Tensor) -> Tensor:
        """vectors: (B, D, T) -> (B, 1, 320 T)."""
        x: Tensor = self.memory(self.conv_in(vectors))
        for up, residual in zip(self.ups, self.residuals, strict=True):
            x = residual(up(functional.elu(x)))
        out: Tensor = self.conv_out(functional.elu(x))
        return out


class Encodec(nn.Module):
    """Encoder, codebooks and decoder.

    Example:
        >>> codec = Encodec.random(EncodecConfig(filters=4), seed=1)
        >>> codec.encode(torch.zeros(24000)).shape
        torch.Size([75, 8])
    """

    def __init__(self, config: EncodecConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.codebooks = nn.ParameterList(torch.randn(CODES, VECTOR) for _ in range(CODEBOOKS))
        self.decoder = Decoder(config)

    @classmethod
    def random(cls, config: EncodecConfig, *, seed: int) -> Self:
        """A codec with random weights, for tests."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(config).requires_grad_(False).eval()

    @torch.inference_mode()
    def encode(self, samples: Tensor) -> Tensor:
        """samples: (S,) at 24 kHz -> codes (T, K)."""
        left = self.encoder(samples[None, None])[0].T
        codes = []
        for book in self.codebooks:
            square = left.square().sum(dim=1, keepdim=True)
            apart = square - 2 * left @ book.T + book.T.square().sum(dim=0, keepdim=True)
            nearest = apart.argmin(dim=1)
            left = left - book[nearest]
            codes.append(nearest)
        return torch.stack(codes, dim=1)

    @torch.inference_mode()
    def decode(self, codes: Tensor) -> Tensor:
        """codes: (T, K) -> samples (320 T,)."""
        vectors = torch.stack([book[codes[:, k]] for k, book in enumerate(self.codebooks)]).sum(0)
        samples: Tensor = self.decoder(vectors.T[None])[0, 0]
        return samples


def load(path: Path) -> Encodec:
    """EnCodec of `encodec_24khz-d7cc33bc.th`, or of the hub's `facebook/encodec_24khz`.

    Raises:
        BadInput: Damaged, or another model.
    """
    return filled(EncodecConfig(), read_tensors(path), origin=str(path))


def filled(config: EncodecConfig, old: Mapping[str, Array], *, origin: str) -> Encodec:
    """EnCodec with the tensors of a released state dict, under either of its namings.

    Raises:
        BadInput: Names or shapes differ.
    """
    state = renamed(without(old, _IGNORED), _rules(), origin, "EnCodec 24 kHz")
    fold_weight_norm(state, origin)
    with hollow():
        codec = Encodec(config)
    check(codec.state_dict(), state, origin)
    codec.load_state_dict(state, strict=True, assign=True)
    return codec.requires_grad_(False).eval()


def _mirrored(x: Tensor, before: int, after: int) -> Tensor:
    """x: (B, C, T) padded by reflection; a sound shorter than the padding gets silence first."""
    short = max(before, after) - x.shape[-1] + 1
    if short <= 0:
        return functional.pad(x, (before, after), mode="reflect")
    padded = functional.pad(functional.pad(x, (0, short)), (before, after), mode="reflect")
    return padded[..., : padded.shape[-1] - short]


# Codebooks beyond the eighth, and what only training needs.
_IGNORED = (
    r"quantizer\..*layers\.([89]|[1-3]\d)\..*",
    r"quantizer\..*\.(inited|cluster_size|embed_avg)",
)


def _rules() -> tuple[tuple[str, str], ...]:
    """Old name, new name: those of the authors' own file, and those of the hub's."""
    last = len(_RATIOS) - 1
    rules = []
    for layers, conv, up, book in (
        ("model", "conv.conv", "convtr.convtr", "quantizer.vq.layers.{n}._codebook.embed"),
        ("layers", "conv", "conv", "quantizer.layers.{n}.codebook.embed"),
    ):
        rules.append((book, "codebooks.{n}"))
        for half, memory in (("encoder", 13), ("decoder", 1)):
            old = f"{half}.{layers}"
            rules += [
                (f"{old}.0.{conv}.{{leaf}}", f"{half}.conv_in.{{leaf}}"),
                (f"{old}.{memory}.lstm.{{leaf}}", f"{half}.memory.lstm.{{leaf}}"),
                (f"{old}.15.{conv}.{{leaf}}", f"{half}.conv_out.{{leaf}}"),
            ]
            for stage in range(last + 1):
                place = 3 * stage + (1 if half == "encoder" else 4)
                new = f"{half}.residuals.{stage}"
                rules += [
                    (f"{old}.{place}.block.1.{conv}.{{leaf}}", f"{new}.narrow.{{leaf}}"),
                    (f"{old}.{place}.block.3.{conv}.{{leaf}}", f"{new}.widen.{{leaf}}"),
                    (f"{old}.{place}.shortcut.{conv}.{{leaf}}", f"{new}.beside.{{leaf}}"),
                ]
        for stage in range(last + 1):
            place = 3 * stage + 3
            rules += [
                (f"encoder.{layers}.{place}.{conv}.{{leaf}}", f"encoder.downs.{stage}.{{leaf}}"),
                (f"decoder.{layers}.{place}.{up}.{{leaf}}", f"decoder.ups.{stage}.{{leaf}}"),
            ]
    return tuple(rules)
