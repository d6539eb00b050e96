"""How high a voice is: F0 by SwiftF0, with octave errors mended.

    track = pitch(audio)
    track.median_hz, track.spread

SwiftF0 (Nieradzik 2025) answers every 16 ms; the track is laid on a grid of 10 ms.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.audio.resampling import resampled
from likewise.errors import BadInput
from likewise.values import Audio

SCORER = "SwiftF0 0.3.0"
STEP_SECONDS = 0.010

_SAMPLE_RATE = 16_000
_HOP_SECONDS = 256 / _SAMPLE_RATE
_LOWEST, _HIGHEST = 50.0, 700.0
_CONFIDENT = 0.5  # calibrated by its authors: voiced from here on
_NEIGHBOURHOOD = 25  # frames on each side, 0.25 s
_OCTAVE_TOLERANCE = 0.2  # octaves
_WIDEST = 1.1  # octaves from the median: speech that leaves this is a tracking error


@dataclass(frozen=True, slots=True, eq=False)
class PitchTrack:
    """F0 over time; value k is at k * 10 ms.

    Attributes:
        hz: float64 (N,), 0 where unvoiced.
        voiced: bool (N,).
    """

    hz: NDArray[np.float64]
    voiced: NDArray[np.bool_]

    @property
    def voiced_seconds(self) -> float:
        """How long the voice sounds."""
        return float(self.voiced.sum() * STEP_SECONDS)

    @property
    def median_hz(self) -> float | None:
        """Median F0, None when nothing is voiced."""
        return float(np.median(self.hz[self.voiced])) if self.voiced.any() else None

    @property
    def spread(self) -> float | None:
        """Standard deviation of the natural logarithm of F0 between its 5th and 95th percentile."""
        if not self.voiced.any():
            return None
        logs = np.log(self.hz[self.voiced])
        low, high = np.percentile(logs, [5, 95])
        return float(logs[(logs >= low) & (logs <= high)].std())


def pitch(audio: Audio) -> PitchTrack:
    """Track the F0 of one voice.

    Args:
        audio: Sound of one voice, any sample rate.

    Returns:
        ceil(seconds / 10 ms) values.

    Raises:
        BadInput: No samples, or samples that are not numbers.
        MissingWeights: SwiftF0 is missing or changed.
    """
    if not len(audio.samples) or not np.isfinite(audio.samples).all():
        raise BadInput("F0 needs a sound with samples that are all numbers; export it again.")
    sound = resampled(audio, _SAMPLE_RATE)
    found = _detector().detect(sound.samples, _SAMPLE_RATE, fmin=_LOWEST, fmax=_HIGHEST)
    times = np.arange(int(np.ceil(audio.seconds / STEP_SECONDS - 1e-9))) * STEP_SECONDS
    nearest = np.clip(np.round(times / _HOP_SECONDS).astype(int), 0, len(found.confidence) - 1)
    voiced = np.asarray(found.confidence)[nearest] >= _CONFIDENT
    hz = np.interp(times, np.arange(len(found.pitch_hz)) * _HOP_SECONDS, found.pitch_hz)
    # Between a voiced and an unvoiced answer, interpolation would invent a glide.
    raw = np.asarray(found.pitch_hz)[nearest]
    hz = np.where(np.abs(np.log2(np.maximum(hz, 1) / np.maximum(raw, 1))) > 0.1, raw, hz)
    return octaves_mended(np.where(voiced, hz, 0.0))


def octaves_mended(hz: NDArray[np.float64]) -> PitchTrack:
    """Fold octave jumps back to their neighbourhood and drop what stays far off.

    Args:
        hz: float64 (N,), 0 where unvoiced.
    """
    voiced = hz > 0
    if not voiced.any():
        return PitchTrack(np.zeros_like(hz), voiced)
    octaves = np.log2(np.where(voiced, hz, 1.0))
    middle = float(np.median(octaves[voiced]))
    mended = octaves.copy()
    for index in np.flatnonzero(voiced):
        near = slice(max(0, index - _NEIGHBOURHOOD), index + _NEIGHBOURHOOD + 1)
        # The neighbourhood may itself be wrong; the whole recording has a say.
        expected = 0.5 * (float(np.median(octaves[near][voiced[near]])) + middle)
        jump = octaves[index] - expected
        if abs(abs(jump) - 1.0) < _OCTAVE_TOLERANCE + 0.25 and abs(jump) > 0.75:
            mended[index] -= np.sign(jump)
    kept = voiced & (np.abs(mended - middle) < _WIDEST)
    return PitchTrack(np.where(kept, np.exp2(mended), 0.0), kept)


@cache
def _detector() -> Any:
    weights.locate("swift-f0")  # its hash is checked before the package loads it
    from swift_f0 import SwiftF0

    return SwiftF0(threads=1, spin=False)
