"""What a sound is made of: mel spectrograms, onset strength, and the long-term average spectrum.

    mel = log_mel(audio)
    onsets = onset_strength(audio)

Settings are arguments with stated defaults, and times are the centres of the frames, so pictures
and measurements of different sounds can be laid over each other.
"""

from dataclasses import dataclass
from typing import Final

import librosa
import numpy as np
from librosa.filters import mel as mel_filters
from librosa.onset import onset_strength as spectral_flux
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.values import Audio

FLOOR_DB: Final = -100.0
"""Digital silence, in dB relative to a full-scale sine."""

_ONSET_WINDOW: Final = 0.023


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
    filters = mel_filters(
        sr=audio.sample_rate, n_fft=size, n_mels=bands, fmin=lowest, fmax=top, norm=None
    )
    centres = librosa.mel_frequencies(bands + 2, fmin=lowest, fmax=top)[1:-1]
    return Mel(_decibels(filters @ power).astype(np.float32), times, centres)


def onset_strength(audio: Audio, *, hop_seconds: float = 0.010) -> Curve:
    """How much new sound begins at each moment: mean positive rise of the mel spectrum in dB.

    The spectral flux of Boeck and Widmer (2013) as librosa computes it, without its delay: a click
    has its peak at the click.

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
    rises = spectral_flux(S=decibels, lag=1, center=False)
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
    frequencies = librosa.fft_frequencies(sr=audio.sample_rate, n_fft=size)
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
    spectrum = librosa.stft(
        audio.samples, n_fft=size, win_length=window, hop_length=hop, window="hann"
    )
    # A Hann window of length L shows a sine of amplitude 1 with magnitude L / 4.
    power = np.square(np.abs(spectrum).astype(np.float64) / (window / 4.0))
    return power, np.arange(power.shape[1]) * (hop / audio.sample_rate), size


def _decibels(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power in dB, with silence at the floor."""
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DB / 10.0))), np.float64)
