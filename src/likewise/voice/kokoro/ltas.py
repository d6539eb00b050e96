"""The colour of a voice: long-term average spectrum (LTAS), and the filter from one to another.

The average spectrum of the louder frames shows vocal tract and microphone, whatever was said. A
smooth filter that moves one LTAS to another makes two voices comparable, and one like the other.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.voice.kokoro.model import SAMPLE_RATE

SIZE: Final = 1024
BINS: Final = SIZE // 2 + 1
_HOP = 256
_QUIET_SHARE = 55  # percent of the frames that are left out as pauses and closures
_SMOOTH = 24  # cepstral coefficients kept: formant regions, no harmonics
_MEAN_BINS = slice(8, 300)  # 190 Hz to 7 kHz: where the level of a filter is counted
_STEEPEST = 2.6  # nepers, up or down
_HIGHEST_HZ = 7_800.0  # above this, recordings at 16 kHz hold nothing to match


def ltas(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log power of the louder frames' mean spectrum.

    Args:
        samples: float32 (T,) at 24 kHz.

    Returns:
        float32 (513,).
    """
    power = power_frames(samples)
    energy = power.sum(axis=1)
    loud = power[energy > np.percentile(energy, _QUIET_SHARE)]
    return np.asarray(np.log(loud.mean(axis=0) + 1e-10), np.float32)


def power_frames(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Power spectra of Hann windows of 43 ms, float64 (N, 513).

    Args:
        samples: float32 (T,) at 24 kHz.
    """
    padded = np.pad(samples, SIZE // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, SIZE)[::_HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(SIZE) / SIZE)
    return np.asarray(np.square(np.abs(np.fft.rfft(frames * hann, axis=1))), np.float64)


def matching_gain(
    target: NDArray[np.float32], source: NDArray[np.float32], *, bandwidth_hz: float = _HIGHEST_HZ
) -> NDArray[np.float32]:
    """The smooth filter that turns one LTAS into another.

    Args:
        target: float32 (513,), LTAS to reach.
        source: float32 (513,), LTAS of the sound to be filtered.
        bandwidth_hz: Above this the target holds nothing; the filter stays as it is there.

    Returns:
        float32 (513,), log amplitude, mean 0 where speech has its energy.
    """
    difference = (target - source).astype(np.float64)
    limit = min(round(min(bandwidth_hz, _HIGHEST_HZ) / SAMPLE_RATE * SIZE), BINS - 1)
    difference[limit:] = difference[max(0, limit - 8) : limit].mean()
    difference -= difference[_MEAN_BINS].mean()
    cepstrum = np.fft.irfft(difference)
    window = np.zeros(SIZE)
    taper = np.hanning(2 * _SMOOTH + 1)[_SMOOTH:-1]
    window[:_SMOOTH] = taper
    window[-_SMOOTH + 1 :] = taper[1:][::-1]
    smooth = np.fft.rfft(cepstrum * window).real / 2  # power to amplitude
    return np.asarray(np.clip(smooth, -_STEEPEST, _STEEPEST), np.float32)
