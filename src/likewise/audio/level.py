"""How loud, how clean, and when anyone speaks.

    for start, end in speech_activity(audio):
        sentence = audio.between(start, end)

Levels are in dBFS: a full-scale square wave has 0, a full-scale sine -3.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.values import Audio

SILENCE_DBFS: Final = -120.0
"""Level of digital silence."""

_STEP_SECONDS: Final = 0.010
_WINDOW_SECONDS: Final = 0.030


def rms_envelope(audio: Audio, fps: float, *, window_seconds: float = 0.04) -> NDArray[np.float64]:
    """RMS level around each of ceil(seconds * fps) frame times k / fps, in 0..1.

    Args:
        audio: Any sound.
        fps: Values per second.
        window_seconds: How much sound around a frame time counts; cut off at the sound's ends.
    """
    frames = int(np.ceil(audio.seconds * fps - 1e-6))
    centres = np.arange(frames) / fps * audio.sample_rate
    half = window_seconds * audio.sample_rate / 2
    total = np.concatenate([[0.0], np.cumsum(np.square(audio.samples, dtype=np.float64))])
    first = np.clip(np.round(centres - half), 0, len(audio.samples)).astype(int)
    last = np.clip(np.round(centres + half), 0, len(audio.samples)).astype(int)
    power = (total[last] - total[first]) / np.maximum(last - first, 1)
    return np.asarray(np.sqrt(np.maximum(power, 0.0)), np.float64)


def rms_dbfs(audio: Audio) -> float:
    """Level of the whole sound, `SILENCE_DBFS` when there is none."""
    if not len(audio.samples):
        return SILENCE_DBFS
    return float(_dbfs(np.sqrt(np.mean(np.square(audio.samples, dtype=np.float64)))))


def peak_dbfs(audio: Audio) -> float:
    """Level of the highest sample, `SILENCE_DBFS` when there is none."""
    return (
        float(_dbfs(np.float64(np.abs(audio.samples).max())))
        if len(audio.samples)
        else SILENCE_DBFS
    )


def clipped_share(audio: Audio) -> float:
    """Share of samples, 0..1, that lie in flat tops: runs of 3 or more equal samples at the peak.

    A recording that was clipped and then lowered is found too. A loud but unclipped sound has one
    or two samples at its peak.
    """
    magnitude = np.abs(audio.samples)
    if not len(magnitude) or magnitude.max() < 1e-3:
        return 0.0
    at_peak = magnitude >= 0.999 * magnitude.max()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], at_peak, [False]]).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= 3].sum() / len(magnitude))


def noise_floor_dbfs(audio: Audio) -> float:
    """Level of the quiet moments: the 5th percentile over windows of 30 ms.

    Digital silence before and after the sound doesn't count, nor do gaps of pure zeros.
    """
    levels = _levels(audio)
    sounding = levels[levels > SILENCE_DBFS + 1.0]
    return float(np.percentile(sounding, 5)) if len(sounding) else SILENCE_DBFS


def speech_activity(
    audio: Audio,
    *,
    margin: float = 0.35,
    shortest_seconds: float = 0.06,
    hang_seconds: float = 0.12,
) -> list[tuple[float, float]]:
    """When there is sound that stands out of the background.

    An energy detector with hysteresis: activity begins where the level rises `margin` of the
    way from the noise floor to the speech level, and goes on down to half of that. It knows
    nothing of speech: music and slamming doors are active too.

    Args:
        audio: Any sound.
        margin: Share of the range between noise floor (10th percentile of the levels, in dB)
            and speech level (95th), 0..1.
        shortest_seconds: Shorter bursts are clicks and left out.
        hang_seconds: Shorter gaps are stops inside words and bridged.

    Returns:
        (start, end) in seconds, in order, apart from each other; empty when nothing stands out by
        at least 6 dB.

    Raises:
        BadInput: A margin outside 0..1.
    """
    if not 0.0 < margin < 1.0:
        raise BadInput(f"a margin of {margin} is no share of the level range; choose 0..1.")
    levels = _levels(audio)
    if not len(levels) or levels.max() < -75.0:
        return []
    floor, loud = np.percentile(levels, [10, 95])
    floor = max(float(floor), float(loud) - 50.0)
    if loud - floor < 6.0:
        return [(0.0, audio.seconds)] if loud > -45.0 else []
    begin = floor + margin * (loud - floor)
    keep = floor + 0.5 * margin * (loud - floor)
    spans = [
        (first, last) for first, last in _runs(levels > keep) if levels[first:last].max() > begin
    ]
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and (first - joined[-1][1]) * _STEP_SECONDS < hang_seconds:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return [
        (first * _STEP_SECONDS, min(last * _STEP_SECONDS, audio.seconds))
        for first, last in joined
        if (last - first) * _STEP_SECONDS >= shortest_seconds
    ]


def _levels(audio: Audio) -> NDArray[np.float64]:
    """Level in dBFS of every 10 ms, over 30 ms around their middles."""
    shifted = Audio(
        audio.samples[round(_STEP_SECONDS * audio.sample_rate / 2) :], audio.sample_rate
    )
    return _dbfs(rms_envelope(shifted, 1.0 / _STEP_SECONDS, window_seconds=_WINDOW_SECONDS))


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open ranges of consecutive True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _dbfs(amplitude: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    """Amplitude in dB."""
    return np.asarray(20.0 * np.log10(np.maximum(amplitude, 10.0 ** (SILENCE_DBFS / 20.0))))
