"""What the encoders hear: mel spectrograms, and the resampling between their rates.

The formulas are those of torchaudio, whose results the weights were trained on, written out so
that torchaudio is not needed: HTK mel scale, power spectrum, reflected edges.

Shapes: B batch, S samples, M mel bands, T frames.
"""

import math
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

MEL_RATE = 22050
SPEAKER_RATE = 16000
_FLOOR = 1e-5
_TOP_HZ = 8000.0


class LogMel(nn.Module):
    """Log mel spectrogram at 22.05 kHz, divided by the bands' usual size.

    Attributes:
        scale: (M,), the `mel_stats` of the checkpoint.
    """

    def __init__(self, *, fft: int, bands: int = 80, hop: int = 256, window: int = 1024) -> None:
        super().__init__()
        self.fft, self.hop = fft, hop
        # Constants, no weights: they are real even in a hollow model.
        with torch.device("cpu"):
            bank = mel_filters(MEL_RATE, fft, bands, _TOP_HZ)
            self.register_buffer("window", torch.hann_window(window), persistent=False)
        self.register_buffer("filters", bank, persistent=False)

    def forward(self, samples: Tensor, scale: Tensor) -> Tensor:
        """samples: (B, S), scale: (M,) -> (B, M, T)."""
        power = _power(samples, self.fft, self.hop, self.get_buffer("window"))
        mel = self.get_buffer("filters") @ power
        return mel.clamp(min=_FLOOR).log() / scale[:, None]


class SpeakerMel(nn.Module):
    """Pre-emphasised log mel spectrogram at 16 kHz, each band with mean 0 and deviation 1.

    Its filter, window and mel filters come with the checkpoint.
    """

    def __init__(self, *, fft: int = 512, bands: int = 64, window: int = 400) -> None:
        super().__init__()
        self.fft = fft
        with torch.device("cpu"):
            bank = mel_filters(SPEAKER_RATE, fft, bands, _TOP_HZ, area=False)
            self.register_buffer("emphasis", torch.tensor([[[-0.97, 1.0]]]))
            self.register_buffer("window", torch.hamming_window(window))
        self.register_buffer("filters", bank)

    def power(self, samples: Tensor) -> Tensor:
        """Mel power before the logarithm.

        samples: (B, S) -> (B, M, T).
        """
        padded = functional.pad(samples[:, None], (1, 0), mode="reflect")
        emphasised = functional.conv1d(padded, self.get_buffer("emphasis"))[:, 0]
        return self.get_buffer("filters") @ _power(
            emphasised, self.fft, 160, self.get_buffer("window")
        )

    def forward(self, samples: Tensor) -> Tensor:
        """samples: (B, S) -> (B, M, T)."""
        return functional.instance_norm(torch.log(self.power(samples) + 1e-6))


def mel_filters(
    sample_rate: int, fft: int, bands: int, top_hz: float, *, area: bool = True
) -> Tensor:
    """Triangles on the HTK mel scale, of equal area (Slaney) or of height 1.

    Returns:
        (bands, fft / 2 + 1).
    """
    bins = torch.linspace(0, sample_rate // 2, fft // 2 + 1)
    top_mel = 2595.0 * math.log10(1.0 + top_hz / 700.0)
    corners = 700.0 * (10.0 ** (torch.linspace(0.0, top_mel, bands + 2) / 2595.0) - 1.0)
    width = corners.diff()
    offset = corners[:, None] - bins[None]
    rising = -offset[:-2] / width[:-1, None]
    falling = offset[2:] / width[1:, None]
    triangles = torch.minimum(rising, falling).clamp(min=0.0)
    if area:
        triangles = triangles * (2.0 / (corners[2:] - corners[:-2]))[:, None]
    return triangles


def resample(samples: Tensor, rate: int, wanted: int) -> Tensor:
    """Windowed sinc resampling with torchaudio's default kernel (6 zero crossings, Hann).

    Other resamplers move the speaker embedding by 3e-4.

    samples: (B, S) at `rate` Hz -> (B, S * wanted / rate rounded up).
    """
    if rate == wanted:
        return samples
    common = math.gcd(rate, wanted)
    old, new = rate // common, wanted // common
    kernel, width = _sinc_kernel(old, new)
    padded = functional.pad(samples, (width, width + old))
    parts = functional.conv1d(padded[:, None], kernel.to(samples.device), stride=old)
    length = math.ceil(new * samples.shape[1] / old)
    return parts.transpose(1, 2).flatten(1)[:, :length]


@cache
def _sinc_kernel(old: int, new: int) -> tuple[Tensor, int]:
    """One filter for each of the `new` phases, (new, 1, taps), and its half width."""
    crossings, rolloff = 6, 0.99
    base = min(old, new) * rolloff
    width = math.ceil(crossings * old / base)
    index = torch.arange(-width, width + old, dtype=torch.float32)[None, None] / old
    time = torch.arange(0, -new, -1, dtype=torch.float32)[:, None, None] / new + index
    time = (time * base).clamp(-crossings, crossings)
    window = torch.cos(time * math.pi / crossings / 2) ** 2
    angle = time * math.pi
    sinc = torch.where(angle == 0, torch.tensor(1.0), angle.sin() / angle)
    return sinc * window * (base / old), width


def _power(samples: Tensor, fft: int, hop: int, window: Tensor) -> Tensor:
    """Power spectrum with reflected edges: (B, S) -> (B, fft / 2 + 1, T)."""
    spectrum = torch.stft(
        samples,
        fft,
        hop_length=hop,
        win_length=len(window),
        window=window,
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    return spectrum.abs().square()
