"""What a sound tells of the speaker's liveliness: loudness, syllables, pauses."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from likewise.motion.curves import Track
from likewise.values import Audio

HOP_SECONDS: Final = 0.010
"""Step between the moments of everything heard."""

_RATE: Final = 16_000
_BANDS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What is heard, every 10 ms.

    Attributes:
        level: float64 (N,), loudness from the noise floor (0) to the loudest speech (1).
        pauses: Spans in seconds in which nobody speaks, 120 ms or longer.
        peaks: Seconds of the loudest moments of syllables.
    """

    level: Track
    pauses: list[tuple[float, float]]
    peaks: list[float]


def listen(audio: Audio) -> Heard:
    """Analyse a sound of any length but 0."""
    from likewise.audio.level import speech_activity
    from likewise.audio.resampling import resampled
    from likewise.audio.spectrum import log_mel

    mel = log_mel(resampled(audio, _RATE), bands=_BANDS, hop_seconds=HOP_SECONDS, lowest=80.0)
    decibels = mel.decibels.astype(np.float64)
    loud = 10.0 * np.log10(np.sum(10.0 ** (decibels / 10.0), axis=0))
    edges = [0.0, *(edge for span in speech_activity(audio) for edge in span), audio.seconds]
    level = _level(loud)
    return Heard(
        level=smooth(level, 0.03),
        pauses=[
            (start, end)
            for start, end in zip(edges[::2], edges[1::2], strict=True)
            if end - start >= 0.12
        ],
        peaks=_peaks(smooth(level, 0.02)),
    )


def smooth(values: Track, seconds: float) -> Track:
    """Gaussian of the given standard deviation over time, the first axis."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(
        gaussian_filter1d(values, seconds / HOP_SECONDS, axis=0, mode="nearest"), np.float64
    )


def at(values: Track, times: Track) -> Track:
    """Values of a 10 ms track at given seconds, (N,) or (N, C)."""
    position = np.clip(times / HOP_SECONDS, 0, len(values) - 1)
    left = np.floor(position).astype(int)
    right = np.minimum(left + 1, len(values) - 1)
    share = (position - left).reshape(-1, *[1] * (values.ndim - 1))
    between: Track = values[left] * (1.0 - share) + values[right] * share
    return between


def _level(loud: Track) -> Track:
    """Loudness in dB as 0..1; all 0 where there is no more than the hiss of a microphone."""
    top = float(np.percentile(loud, 97))
    if top < -70.0:
        return np.zeros_like(loud)
    floor = max(float(np.percentile(loud, 5)), top - 40.0)
    return np.asarray(np.clip((loud - floor) / max(top - floor, 6.0), 0.0, 1.0), np.float64)


def _peaks(level: Track) -> list[float]:
    """Seconds of the peaks of syllables."""
    from scipy.signal import find_peaks

    peaks, _ = find_peaks(level, height=0.5, distance=12, prominence=0.05)
    return [float(peak) * HOP_SECONDS for peak in peaks]
