"""Say a stretch faster, higher or softer than the rest: edits of a prosody before it is sound.

Durations, F0 and loudness are decided before the decoder makes sound of them, so a change of them
leaves no trace of resampling or of phase.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from likewise.voice.kokoro.character import PITCH_LIMITS, VOICED_HZ
from likewise.voice.kokoro.model import FRAME_SAMPLES, SAMPLE_RATE, Prosody

_GLIDE = 5  # half frames over which a change of pitch is spread, 60 ms
_SWELL_SECONDS = 0.03
_SEMITONES = 12.0


def starting_soon(prosody: Prosody, lead: int) -> Prosody:
    """Cut the silence before the first sound.

    Args:
        prosody: Of T frames.
        lead: The most frames of silence that stay.
    """
    cut = max(0, int(prosody.durations[0]) - lead)
    durations = prosody.durations.copy()
    durations[0] -= cut
    return replace(prosody.between(cut, prosody.frames), durations=durations)


def at_rates(prosody: Prosody, rates: Sequence[float]) -> Prosody:
    """Change how long each token lasts.

    Args:
        prosody: Of T frames.
        rates: L+2 factors, how many times as fast each token is said.
    """
    if all(rate == 1.0 for rate in rates):
        return prosody
    old = np.concatenate([[0], np.cumsum(prosody.durations)])
    exact = np.concatenate([[0.0], np.cumsum(prosody.durations / np.asarray(rates))])
    durations = np.maximum(np.diff(np.round(exact).astype(np.int64)), 1)
    # Features are constant within a token; F0 and energy are curves at twice the frame rate.
    first = np.repeat(old[:-1], durations)
    new = np.concatenate([[0], np.cumsum(durations)])
    centres = np.arange(2 * new[-1]) / 2 + 0.25
    places = np.clip(2 * np.interp(centres, new, old) - 0.5, 0, 2 * old[-1] - 1)
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, 2 * old[-1] - 1)
    share = (places - low).astype(np.float32)

    def warped(curve: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(curve[:, low] * (1 - share) + curve[:, high] * share, np.float32)

    # Between a voiced and an unvoiced value, interpolation would invent a glide.
    f0 = prosody.f0
    same = (f0[0, low] > VOICED_HZ) == (f0[0, high] > VOICED_HZ)
    nearest = f0[:, np.where(share < 0.5, low, high)]
    return Prosody(
        durations,
        np.asarray(np.where(same, warped(f0), nearest), np.float32),
        warped(prosody.energy),
        prosody.features[:, :, first],
    )


def at_pitches(prosody: Prosody, semitones: Sequence[float]) -> Prosody:
    """Change how high each token is said.

    Args:
        prosody: Of T frames.
        semitones: L+2 numbers, how much higher.
    """
    if not any(semitones):
        return prosody
    steps = np.repeat(np.asarray(semitones, np.float32), 2 * prosody.durations)
    around = np.pad(steps, _GLIDE // 2, mode="edge")
    smooth = np.convolve(around, np.ones(_GLIDE, np.float32) / _GLIDE, mode="valid")
    voiced = prosody.f0 > VOICED_HZ
    moved = np.clip(prosody.f0 * 2 ** (smooth / _SEMITONES), *PITCH_LIMITS)
    f0 = np.asarray(np.where(voiced, moved, prosody.f0), np.float32)
    return Prosody(prosody.durations, f0, prosody.energy, prosody.features)


def at_volumes(
    samples: NDArray[np.float32], durations: NDArray[np.int64], decibels: Sequence[float]
) -> NDArray[np.float32]:
    """Change how loud each token is said.

    Args:
        samples: float32 (600 * sum of durations,).
        durations: int (L,), frames of each token.
        decibels: L numbers, how much louder.
    """
    if not any(decibels):
        return samples
    steps = np.repeat(np.asarray(decibels, np.float64), durations * FRAME_SAMPLES)
    width = round(_SWELL_SECONDS * SAMPLE_RATE)
    around = np.pad(steps, (width // 2, width - width // 2), mode="edge")
    sums = np.cumsum(np.concatenate([[0.0], around]))
    smooth = (sums[width:] - sums[:-width])[: len(samples)] / width
    return np.asarray(np.clip(samples * 10 ** (smooth / 20), -1.0, 1.0), np.float32)
