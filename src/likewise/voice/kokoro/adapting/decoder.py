"""Kokoro's decoder in PyTorch, for gradients; speaking itself stays on onnxruntime.

The decoder is that of StyleTTS 2 (Li et al. 2023, section 3.2.2) with the generator of iSTFTNet
(Kaneko et al. 2022) and the harmonic source of HiFTNet (Li et al. 2023), whose spectrum comes from
the ONNX graph. A style vector acts only through adaptive instance normalisation (AdaIN, Huang and
Belongie 2017): 58 linear layers turn it into a scale and a shift of each channel. A voice is
adapted by changing that vector and adding a *delta* to what those layers answer.

Legend: B batch, C channels, S style (128), T frames of 1/40 s, H harmonic bins (22).

    decoder = load_decoder()
    sound = decoder(features, f0, energy, harmonics, style, deltas)      # (B, 600 T)

Attributes are called as in the published checkpoint, so that weights are found by name.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STYLE = 128
FEATURES = 512
_FFT, _HOP = 20, 5  # of the inverse STFT, samples at 24 kHz
_BINS = _FFT // 2 + 1
_HARMONICS = 2 * _BINS
_EPSILON = 1e-5


class AdaIN(nn.Module):
    """Normalise each channel over time, then scale and shift it as the style says.

    Attributes:
        delta: (2C,), added to scale and shift; None adds nothing.
        surroundings: Offset and spread (1, C, 1) of a whole recording relative to the excerpt that
            is heard, in the excerpt's standard deviations: an excerpt is then normalised as it
            would be within the recording (see `surroundings.py`).
        listener: Told what arrives here.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(STYLE, 2 * channels)
        self.delta: Tensor | None = None
        self.surroundings: tuple[Tensor, Tensor] | None = None
        self.listener: Callable[[AdaIN, Tensor], None] | None = None

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x: (B, C, N), style: (B, S); answers (B, C, N)."""
        if self.listener is not None:
            self.listener(self, x)
        affine = self.fc(style)
        if self.delta is not None:
            affine = affine + self.delta
        gamma, beta = affine.unsqueeze(-1).chunk(2, dim=1)
        scale, shift = 1 + gamma, beta
        if self.surroundings is not None:
            offset, spread = self.surroundings
            scale = scale / spread
            shift = shift - scale * offset
        styled: Tensor = scale * F.instance_norm(x, eps=_EPSILON) + shift
        return styled


class AdaINResBlock(nn.Module):
    """Residual block of the trunk at 40 or 80 Hz, perhaps doubling the rate."""

    def __init__(self, channels_in: int, channels_out: int, *, upsample: bool = False) -> None:
        super().__init__()
        self.norm1, self.norm2 = AdaIN(channels_in), AdaIN(channels_out)
        self.conv1 = nn.Conv1d(channels_in, channels_out, 3, padding=1)
        self.conv2 = nn.Conv1d(channels_out, channels_out, 3, padding=1)
        self.conv1x1 = nn.Conv1d(channels_in, channels_out, 1, bias=False)
        self.pool = (
            nn.ConvTranspose1d(
                channels_in, channels_in, 3, 2, padding=1, output_padding=1, groups=channels_in
            )
            if upsample
            else None
        )

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x: (B, C, N), style: (B, S); answers (B, C', N), or 2N where it upsamples."""
        residual = F.leaky_relu(self.norm1(x, style), 0.2)
        if self.pool is not None:
            residual = self.pool(residual)
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        residual = F.leaky_relu(self.norm2(self.conv1(residual), style), 0.2)
        mixed: Tensor = (self.conv2(residual) + self.conv1x1(x)) / math.sqrt(2)
        return mixed


class SnakeResBlock(nn.Module):
    """Dilated convolutions of the generator, with AdaIN and Snake (Ziyin et al. 2020)."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            nn.Conv1d(
                channels, channels, kernel, padding=dilation * (kernel // 2), dilation=dilation
            )
            for dilation in (1, 3, 5)
        )
        self.convs2 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, padding=kernel // 2) for _ in range(3)
        )
        self.adain1 = nn.ModuleList(AdaIN(channels) for _ in range(3))
        self.adain2 = nn.ModuleList(AdaIN(channels) for _ in range(3))
        self.alpha1 = nn.ParameterList(torch.ones(1, channels, 1) for _ in range(3))
        self.alpha2 = nn.ParameterList(torch.ones(1, channels, 1) for _ in range(3))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x: (B, C, N), style: (B, S); answers (B, C, N)."""
        for index in range(3):
            residual = _snake(self.adain1[index](x, style), self.alpha1[index])
            residual = self.convs1[index](residual)
            residual = _snake(self.adain2[index](residual, style), self.alpha2[index])
            x = x + self.convs2[index](residual)
        return x


class Generator(nn.Module):
    """Trunk to sound: 80 Hz up to 4.8 kHz, then an inverse STFT of 20 samples."""

    def __init__(
        self,
        channels: int = 512,
        rates: Sequence[int] = (10, 6),
        kernels: Sequence[int] = (3, 7, 11),
    ) -> None:
        super().__init__()
        widths = [channels // 2**step for step in range(len(rates) + 1)]
        self.kernels = len(kernels)
        self.ups = nn.ModuleList(
            nn.ConvTranspose1d(wide, narrow, 2 * rate, rate, padding=rate // 2)
            for (wide, narrow), rate in zip(pairwise(widths), rates, strict=True)
        )
        self.resblocks = nn.ModuleList(
            SnakeResBlock(width, kernel) for width in widths[1:] for kernel in kernels
        )
        strides = [math.prod(rates[step + 1 :]) for step in range(len(rates))]
        self.noise_convs = nn.ModuleList(
            nn.Conv1d(
                _HARMONICS,
                width,
                2 * stride if stride > 1 else 1,
                stride,
                padding=(stride + 1) // 2 if stride > 1 else 0,
            )
            for width, stride in zip(widths[1:], strides, strict=True)
        )
        self.noise_res = nn.ModuleList(
            SnakeResBlock(width, 7 if stride > 1 else 11)
            for width, stride in zip(widths[1:], strides, strict=True)
        )
        self.conv_post = nn.Conv1d(widths[-1], _HARMONICS, 7, padding=3)

    def forward(self, x: Tensor, harmonics: Tensor, style: Tensor) -> Tensor:
        """x: (B, 512, 2T), harmonics: (B, H, 120T+1), style: (B, S); answers (B, 600T)."""
        for step, up in enumerate(self.ups):
            source = self.noise_res[step](self.noise_convs[step](harmonics), style)
            x = up(F.leaky_relu(x, 0.1))
            if step + 1 == len(self.ups):
                x = F.pad(x, (1, 0), mode="reflect")
            x = x + source
            blocks = self.resblocks[step * self.kernels : (step + 1) * self.kernels]
            x = torch.stack([block(x, style) for block in blocks]).mean(0)
        x = self.conv_post(F.leaky_relu(x))
        return _inverse_stft(torch.exp(x[:, :_BINS]), torch.sin(x[:, _BINS:]))


class Decoder(nn.Module):
    """Aligned text features, F0 and energy to sound."""

    def __init__(self, width: int = 1024) -> None:
        super().__init__()
        self.encode = AdaINResBlock(FEATURES + 2, width)
        self.decode = nn.ModuleList(
            AdaINResBlock(width + 2 + 64, width if block < 3 else width // 2, upsample=block == 3)
            for block in range(4)
        )
        self.F0_conv = nn.Conv1d(1, 1, 3, 2, padding=1)
        self.N_conv = nn.Conv1d(1, 1, 3, 2, padding=1)
        self.asr_res = nn.Sequential(nn.Conv1d(FEATURES, 64, 1))
        self.generator = Generator(width // 2)

    def forward(
        self,
        features: Tensor,
        f0: Tensor,
        energy: Tensor,
        harmonics: Tensor,
        style: Tensor,
        deltas: Tensor | None = None,
    ) -> Tensor:
        """Sound of T frames of 1/40 s.

        Args:
            features: (B, 512, T), aligned text features.
            f0: (B, 2T), Hz at 80 Hz.
            energy: (B, 2T).
            harmonics: (B, H, 120T+1), spectrum of the harmonic source.
            style: (B, S), the decoder's half of a style.
            deltas: (D,), added to what the AdaIN layers answer, in the order of `adains`; None
                adds nothing.

        Returns:
            (B, 600T) at 24 kHz.
        """
        self._take(deltas)
        curves = torch.cat([self.F0_conv(f0[:, None]), self.N_conv(energy[:, None])], 1)
        text = self.asr_res(features)
        x = self.encode(torch.cat([features, curves], 1), style)
        for block in self.decode:
            x = block(torch.cat([x, text, curves], 1), style)
        sound: Tensor = self.generator(x, harmonics, style)
        return sound

    def adains(self) -> list[tuple[str, AdaIN]]:
        """All AdaIN layers in the order of their names, which is that of the deltas."""
        named = ((name, part) for name, part in self.named_modules() if isinstance(part, AdaIN))
        return sorted(named, key=lambda item: f"{item[0]}.fc.bias")

    def _take(self, deltas: Tensor | None) -> None:
        layers = [layer for _, layer in self.adains()]
        sizes = [layer.fc.out_features for layer in layers]
        parts = [None] * len(layers) if deltas is None else torch.split(deltas, sizes)
        for layer, part in zip(layers, parts, strict=True):
            layer.delta = part


def _snake(x: Tensor, alpha: Tensor) -> Tensor:
    return x + torch.sin(alpha * x).square() / alpha


def _inverse_stft(magnitude: Tensor, phase: Tensor) -> Tensor:
    """Overlapped and added without dividing by the windows' sum, as the ONNX graph does.

    magnitude, phase: (B, 11, N); answers (B, 5 (N - 1)).
    """
    frames = magnitude.shape[-1]
    window = torch.hann_window(_FFT)
    pieces = torch.fft.irfft(torch.polar(magnitude, phase), _FFT, dim=1) * window[:, None]
    length = _HOP * (frames - 1) + _FFT
    added = F.fold(pieces, (1, length), (1, _FFT), stride=(1, _HOP))  # (B, 1, 1, length)
    return added[:, 0, 0, _FFT // 2 : length - _FFT // 2]
