"""When each phoneme was said: a rendering of the words laid over the recording.

The model says the transcript in the voice found so far; dynamic time warping (Sakoe and Chiba
1978) on cepstra lays its frames over the recording's, and its exact durations follow.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.audio import mel
from likewise.audio.spectrum import cepstra, power_spectrogram, slopes
from likewise.audio.warping import cheapest_path
from likewise.voice.kokoro.model import FRAME_SAMPLES, SAMPLE_RATE

_HOP = SAMPLE_RATE // 80
_FFT = 1024
_BANDS = 128
_CEPSTRA = 20
_SLOPE_WEIGHT = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Durations of a recording's tokens.

    Attributes:
        durations: int (L+2,), frames of 1/40 s of each token; their sum is the recording's.
        cost: Mean cosine distance along the path, 0 to 2: how little the words fit.
    """

    durations: NDArray[np.int64]
    cost: float


def align(
    durations: NDArray[np.int64], rendering: NDArray[np.float32], recording: NDArray[np.float32]
) -> Alignment:
    """Carry a rendering's durations over to a recording of the same words.

    Args:
        durations: int (L+2,), frames of the rendering's tokens.
        rendering: float32 (600 * sum of durations,) at 24 kHz.
        recording: float32 (T,) at 24 kHz.
    """
    said, heard = (_directions(sound) for sound in (rendering, recording))
    path, cost = cheapest_path(1.0 - said.T @ heard)
    frames = int(path[-1, 0]) + 1
    place = np.bincount(path[:, 0], path[:, 1], frames) / np.bincount(path[:, 0], None, frames)
    ends = np.minimum(np.cumsum(durations) * 2, frames - 1)
    edges = place[ends] / 2
    edges[-1] = len(recording) // FRAME_SAMPLES
    edges = np.maximum.accumulate(np.round(np.concatenate([[0.0], edges])).astype(np.int64))
    return Alignment(np.diff(edges).astype(np.int64), cost / len(path))


def energy(sound: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Log norm of the mel spectrum at 80 Hz, as Kokoro's energy was measured in training.

    Args:
        sound: float32 (T,) at 24 kHz.
        frames: How many values are wanted; the last one is repeated.

    Returns:
        float32 (frames,).
    """
    power = power_spectrogram(sound, size=2048, window=1200, hop=_HOP)
    bands = mel.filters(SAMPLE_RATE, 2048, 80, curve="htk", equal_area=False)
    norm: NDArray[Any] = np.log(np.linalg.norm(bands @ power + 1e-5, axis=0))
    return np.pad(norm, (0, max(0, frames - len(norm))), mode="edge")[:frames].astype(np.float32)


def _directions(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """19 cepstra and their slopes, each of mean 0 and deviation 1; columns of length 1, (38, N)."""
    power = power_spectrogram(sound, size=_FFT, window=_FFT, hop=_HOP)
    decibels = 10.0 * np.log10(np.maximum(mel.filters(SAMPLE_RATE, _FFT, _BANDS) @ power, 1e-10))
    shape = cepstra(np.maximum(decibels, decibels.max() - 80.0), _CEPSTRA)[1:]
    both = np.vstack([shape, _SLOPE_WEIGHT * slopes(shape)])
    both = (both - both.mean(1, keepdims=True)) / (both.std(1, keepdims=True) + 1e-5)
    return np.asarray(both / np.maximum(np.linalg.norm(both, axis=0), 1e-9), np.float64)
