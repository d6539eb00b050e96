"""What a sound is made of: mel spectrograms, onset strength, and the long-term average spectrum.

    mel = log_mel(audio)
    onsets = onset_strength(audio)

Settings are arguments with stated defaults, and times are the centres of the frames, so pictures
and measurements of different sounds can be laid over each other.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.audio import mel as mel_scale
from likewise.errors import BadInput
from likewise.values import Audio

FLOOR_DB: Final = -100.0
"""Digital silence, in dB relative to a full-scale sine."""

_ONSET_WINDOW: Final = 0.023

_FRAMES_AT_ONCE: Final = 1024
"""Frames that are transformed in one go, so that an hour needs no more memory than it answers."""


@dataclass(frozen=True, slots=True, eq=False)
class Mel:
    """A mel spectrogram.

    Attributes:
        decibels: float32 (bands, N), power in dB relative to a full-scale sine, >= `FLOOR_DB`.
        times: float64 (N,), centre of each frame in seconds.
        centres: float64 (bands,), centre of each band in Hz.
    """

    decibels: NDArray[np.float32]
    times: NDArray[np.float64]
    centres: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A value over time.

    Attributes:
        values: float64 (N,).
        times: float64 (N,), seconds.
    """

    values: NDArray[np.float64]
    times: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class AverageSpectrum:
    """A long-term average spectrum.

    Attributes:
        decibels: float64 (F,), mean power in dB relative to a full-scale sine.
        frequencies: float64 (F,), Hz.
    """

    decibels: NDArray[np.float64]
    frequencies: NDArray[np.float64]


def log_mel(
    audio: Audio,
    *,
    bands: int = 80,
    window_seconds: float = 0.032,
    hop_seconds: float = 0.010,
    lowest: float = 50.0,
    highest: float | None = None,
) -> Mel:
    """Mel spectrogram in dB (Slaney's mel scale, Hann window, triangles of unit peak).

    Args:
        audio: Any sound.
        bands: Number of mel bands.
        window_seconds: Length of the analysis window.
        hop_seconds: Step between frames.
        lowest: Lower edge of the first band, Hz.
        highest: Upper edge of the last band, Hz; None takes half the sample rate.

    Raises:
        BadInput: No samples, or band edges that the sample rate can't hold.
    """
    half = audio.sample_rate / 2
    top = half if highest is None else min(highest, half)
    if lowest >= top:
        raise BadInput(f"mel bands from {lowest} to {top} Hz are empty; lower `lowest`.")
    power, times, size = _power_spectrum(audio, window_seconds, hop_seconds)
    filters = mel_scale.filters(
        audio.sample_rate, size, bands, lowest=lowest, highest=top, equal_area=False
    )
    centres = mel_scale.edges(bands, lowest, top)[1:-1]
    return Mel(_decibels(filters @ power).astype(np.float32), times, centres)


def onset_strength(audio: Audio, *, hop_seconds: float = 0.010) -> Curve:
    """How much new sound begins at each moment: mean positive rise of the mel spectrum in dB.

    The spectral flux of Böck and Widmer (2013), without a delay: a click has its peak at the click.

    Args:
        audio: Any sound.
        hop_seconds: Step between values.

    Returns:
        Values >= 0 in dB a hop.

    Raises:
        BadInput: No samples.
    """
    mel = log_mel(audio, window_seconds=_ONSET_WINDOW, hop_seconds=hop_seconds)
    # 80 dB below the peak is inaudible; without this floor silence has the strongest onsets.
    decibels = np.maximum(mel.decibels, mel.decibels.max() - 80.0)
    rises = np.zeros(decibels.shape[1])
    rises[1:] = np.maximum(np.diff(decibels, axis=1), 0.0).mean(axis=0)
    # A sound cut off in its middle ends with a click in the spectrum, which is nobody's onset.
    whole = mel.times < audio.seconds - _ONSET_WINDOW / 2
    return Curve(np.where(whole, rises, 0.0).astype(np.float64), mel.times)


def average_spectrum(
    audio: Audio, *, window_seconds: float = 0.043, quietest_db: float = 30.0
) -> AverageSpectrum:
    """Long-term average spectrum (LTAS) of the frames that carry sound.

    Args:
        audio: Any sound.
        window_seconds: Length of the analysis window.
        quietest_db: Frames further below the loudest frame than this are left out as pauses.

    Raises:
        BadInput: No samples.
    """
    power, _, size = _power_spectrum(audio, window_seconds, window_seconds / 4)
    energy = power.sum(axis=0)
    loud = energy >= energy.max() * 10.0 ** (-quietest_db / 10.0)
    frequencies = np.asarray(np.fft.rfftfreq(size, 1.0 / audio.sample_rate), np.float64)
    return AverageSpectrum(_decibels(power[:, loud].mean(axis=1)), frequencies)


def _power_spectrum(
    audio: Audio, window_seconds: float, hop_seconds: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Power (F, N) with a full-scale sine at 1, frame times, and the FFT's size."""
    if not len(audio.samples):
        raise BadInput("This sound is empty: there is nothing to analyse.")
    window = max(16, round(window_seconds * audio.sample_rate))
    size = 1 << (window - 1).bit_length()
    hop = max(1, round(hop_seconds * audio.sample_rate))
    # A Hann window of length L shows a sine of amplitude 1 with magnitude L / 4.
    power = power_spectrogram(audio.samples, size=size, window=window, hop=hop)
    power *= (4.0 / window) ** 2
    times = np.arange(power.shape[1], dtype=np.float64) * (hop / audio.sample_rate)
    return power, np.asarray(times, np.float64), size


def power_spectrogram(
    samples: NDArray[np.float32], *, size: int, window: int, hop: int
) -> NDArray[np.float64]:
    """Squared magnitude of the short-time Fourier transform, frames centred at multiples of `hop`.

    Args:
        samples: (T,); zeros are thought before and after.
        size: Samples of each transform.
        window: Samples of the periodic Hann window in its middle, at most `size`.
        hop: Samples between frames.

    Returns:
        float64 (size // 2 + 1, 1 + T // hop).
    """
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    left = (size - window) // 2
    taper = np.pad(hann, (left, size - window - left)).astype(np.float32)
    padded = np.pad(np.asarray(samples, np.float32), size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    power = np.empty((size // 2 + 1, len(frames)))
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        spectrum = np.fft.rfft(frames[start : start + _FRAMES_AT_ONCE] * taper)
        power[:, start : start + len(spectrum)] = (spectrum.real**2 + spectrum.imag**2).T
    return power


def cepstra(decibels: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    """The broad shape of a spectrum: its first cosine components (orthonormal DCT-II).

    Args:
        decibels: (bands, N), logarithm of a mel spectrum.
        count: How many components; the first is the level.

    Returns:
        float64 (count, N).
    """
    bands = len(decibels)
    angles = np.pi / bands * np.outer(np.arange(count), np.arange(bands) + 0.5)
    basis = np.cos(angles) * np.sqrt(2.0 / bands)
    basis[0] /= np.sqrt(2.0)
    return np.asarray(basis @ decibels, np.float64)


def slopes(tracks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rise a frame of each row (C, N), by the line that fits 9 frames best; edges repeated."""
    steps = np.arange(-4, 5)
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(tracks, ((0, 0), (4, 4)), mode="edge"), len(steps), axis=1
    )
    return np.asarray(around @ (steps / np.sum(steps**2)), np.float64)


def _decibels(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power in dB, with silence at the floor."""
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DB / 10.0))), np.float64)
