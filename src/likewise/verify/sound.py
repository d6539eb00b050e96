"""How the sound is alike: pitch, formants, harmonicity, tilt, and mel-cepstral distance.

Measures that a phonetician would name, so that a similarity can be explained. Those of one sound
are plain functions; `measures` sets them beside the person's, `compare` takes the difference.

    metrics = sound.measures(clone, reference=recording)
    metrics = sound.compare(clone, recording)
    metrics += sound.same_words(clone, recording)      # only if both say the same
"""

import contextlib
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from likewise.audio.spectrum import average_spectrum, cepstra, log_mel
from likewise.audio.warping import cheapest_path
from likewise.errors import BadInput
from likewise.hearing import pitch as hearing_pitch
from likewise.hearing.pitch import PitchTrack, pitch
from likewise.values import Audio, Metric, samples_sha256
from likewise.verify import formants

_SCORER = "likewise sound"
_LEAST_VOICED_SECONDS = 0.2
_PERIODS = 4.5  # in a window: what Boersma 1993 recommends for harmonicity
_MOST_HNR_DB = 60.0
_TILT_HZ = (100.0, 5000.0)
_CEPSTRA = 13
_TO_DECIBELS = 10 * np.sqrt(2) / np.log(10)  # Kubichek 1993


def harmonicity(audio: Audio, track: PitchTrack | None = None) -> float | None:
    """Harmonic-to-noise ratio of the voiced stretches.

    Boersma 1993, "Accurate short-term analysis of the fundamental frequency and the
    harmonics-to-noise ratio": the autocorrelation at one period, freed from the window's own.

    Returns:
        Mean in dB (20 is a clear voice, 0 as much noise as voice), None without voice.
    """
    track = track or pitch(audio)
    samples, rate = audio.samples.astype(np.float64), audio.sample_rate
    found = []
    for index in np.flatnonzero(track.voiced):
        period = rate / float(track.hz[index])
        size = round(_PERIODS * period)
        start = round(index * hearing_pitch.STEP_SECONDS * rate) - size // 2
        if start < 0 or start + size > len(samples):
            continue
        strength = _periodicity(samples[start : start + size], period)
        found.append(min(10 * np.log10(strength / (1 - strength)), _MOST_HNR_DB))
    return float(np.mean(found)) if found else None


def tilt(audio: Audio) -> float:
    """Slope of the long-term average spectrum between 100 Hz and 5 kHz, dB an octave.

    Raises:
        BadInput: No samples.
    """
    spectrum = average_spectrum(audio)
    high = min(_TILT_HZ[1], audio.sample_rate / 2)
    grid = np.geomspace(_TILT_HZ[0], high, 60)  # octaves count alike, not Hertz
    level = np.interp(grid, spectrum.frequencies, spectrum.decibels)
    return float(np.polyfit(np.log2(grid), level, 1)[0])


@dataclass(frozen=True, slots=True)
class Phonetics:
    """What a phonetician would write down about a voice.

    Attributes:
        semitones: Median F0, semitones above 1 Hz.
        spread: Spread of F0, semitones.
        formants: F1 to F4 in Hz, None for one that was not found.
        harmonicity: Mean harmonic-to-noise ratio in dB, None without a stretch long enough.
        tilt: dB an octave.
    """

    semitones: float
    spread: float
    formants: tuple[float | None, ...]
    harmonicity: float | None
    tilt: float


def phonetics(audio: Audio) -> Phonetics:
    """Measure one voice.

    Raises:
        BadInput: Less than 0.2 s of voice.
    """
    track = pitch(audio)
    if track.voiced_seconds < _LEAST_VOICED_SECONDS:
        raise BadInput(f"only {track.voiced_seconds:.2f} s of voice")
    assert track.median_hz is not None and track.spread is not None
    found = formants.track(audio, track.voiced).median()
    return Phonetics(
        semitones=12 * math.log2(track.median_hz),
        spread=track.spread * 12 / math.log(2),
        formants=tuple(float(hz) if np.isfinite(hz) else None for hz in found),
        harmonicity=harmonicity(audio, track),
        tilt=tilt(audio),
    )


def measures(audio: Audio, *, reference: Audio | None = None) -> list[Metric]:
    """The phonetics of a voice as they are, beside the person's own.

    Args:
        audio: The voice.
        reference: A recording of the person: its values stand as ceiling.

    Returns:
        Median pitch (Hz) and its spread (semitones), formants (Hz), harmonicity (dB), tilt
        (dB/octave). No side is better; nearer to the person is more alike.
    """
    inputs = {"sound": _hash(audio)} | ({"reference": _hash(reference)} if reference else {})
    reason, values, theirs = "", _UNKNOWN, _UNKNOWN
    try:
        values = _values(phonetics(audio))
    except BadInput as error:
        reason = str(error)
    if reference is not None:
        with contextlib.suppress(BadInput):  # then there is nothing to set beside the voice
            theirs = _values(phonetics(reference))
    metrics = []
    for (name, unit, scorer), value, ceiling in zip(_MEASURED, values, theirs, strict=True):
        metric = Metric.unavailable(
            name, reason or "not found", unit=unit, direction="neither", scorer=scorer
        )
        if value is not None:
            note = "" if ceiling is None else "ceiling: the person's own"
            metric = replace(metric, value=value, ceiling=ceiling, status="ok", note=note)
        metrics.append(replace(metric, inputs=inputs))
    return metrics


def compare(clone: Audio, reference: Audio) -> list[Metric]:
    """Differences that need not be of the same words.

    Args:
        clone: The cloned voice.
        reference: The person.

    Returns:
        Pitch and its spread (semitones), formants (%), harmonicity (dB) and tilt (dB/octave);
        clone minus person, so the sign tells the side. The ceiling is the second half of the
        reference minus its first.
    """
    inputs = {"clone": _hash(clone), "reference": _hash(reference)}
    middle = reference.seconds / 2
    reason, differences, own = "", _UNKNOWN, _UNKNOWN
    try:
        differences = _differences(phonetics(clone), phonetics(reference))
    except BadInput as error:
        reason = str(error)
    with contextlib.suppress(BadInput):  # a short reference has no halves to compare
        first, second = reference.between(0, middle), reference.between(middle, reference.seconds)
        own = _differences(phonetics(second), phonetics(first))
    metrics = []
    for (name, unit, scorer), value, ceiling in zip(_COMPARED, differences, own, strict=True):
        metric = Metric.unavailable(
            name,
            reason or "not found in both",
            unit=unit,
            direction="closer to zero is better",
            scorer=scorer,
        )
        if value is not None:
            note = "clone minus person; ceiling: second half of the recording minus the first"
            metric = replace(metric, value=value, ceiling=ceiling, status="ok", note=note)
        metrics.append(replace(metric, inputs=inputs))
    return metrics


def same_words(one: Audio, other: Audio) -> list[Metric]:
    """Measures for two sounds that say the same: mel-cepstral distance and melody.

    Both are laid over each other first (dynamic time warping over mel cepstra), so pace doesn't
    count. The floor plays the second sound backwards.

    Returns:
        `mel-cepstral distance` in dB and `pitch contour correlation`.
    """
    inputs = {"one": _hash(one), "other": _hash(other)}
    distance = Metric.unavailable(
        "mel-cepstral distance", "", unit="dB", direction="lower is better", scorer=_SCORER
    )
    melody = Metric.unavailable(
        "pitch contour correlation",
        "",
        unit="",
        direction="higher is better",
        scorer=hearing_pitch.SCORER,
    )
    try:
        first, second = _cepstra(one), _cepstra(other)
        value, path = _warped(first, second)
        floor, _ = _warped(first, second[::-1])
    except BadInput as error:
        return [
            replace(m, status=f"unavailable: {error}", inputs=inputs) for m in (distance, melody)
        ]
    distance = replace(distance, value=value, ceiling=0.0, floor=floor, status="ok")
    correlation = _contour_correlation(one, other, path)
    melody = (
        replace(melody, status="unavailable: hardly anything is voiced in both")
        if correlation is None
        else replace(melody, value=correlation, ceiling=1.0, floor=0.0, status="ok")
    )
    return [replace(metric, inputs=inputs) for metric in (distance, melody)]


def _periodicity(window: NDArray[np.float64], period: float) -> float:
    """Highest autocorrelation near one period, 0..1, the window's own divided out."""
    size = len(window)
    hann = np.hanning(size + 1)[:-1]
    padded = 1 << (2 * size - 1).bit_length()

    def correlation(values: NDArray[np.float64]) -> NDArray[np.float64]:
        spectrum = np.fft.rfft(values, padded)
        lags = np.fft.irfft(np.square(np.abs(spectrum)), padded)[:size]
        return np.asarray(lags / max(float(lags[0]), 1e-30))

    own = np.maximum(correlation(hann), 1e-9)  # it vanishes at the longest lags, which don't count
    normal = correlation((window - window.mean()) * hann) / own
    near = np.arange(max(1, int(0.9 * period)), min(size // 2, int(np.ceil(1.1 * period)) + 1))
    best = int(near[np.argmax(normal[near])])
    # A parabola through the three highest values: the period is rarely a whole number.
    before, peak, after = normal[best - 1 : best + 2]
    bend = before - 2 * peak + after
    top = peak - (before - after) ** 2 / (8 * bend) if bend < 0 else peak
    return float(np.clip(top, 1e-6, 1 - 10 ** (-_MOST_HNR_DB / 10)))


_FORMANTS = tuple(f"formant F{index + 1}" for index in range(formants.COUNT))
_MEASURED = (
    ("median pitch", "Hz", hearing_pitch.SCORER),
    ("spread of pitch", "semitones", hearing_pitch.SCORER),
    *((name, "Hz", formants.SCORER) for name in _FORMANTS),
    ("harmonicity", "dB", _SCORER),
    ("spectral tilt", "dB/octave", _SCORER),
)
_COMPARED = (
    ("pitch difference", "semitones", hearing_pitch.SCORER),
    ("spread of pitch difference", "semitones", hearing_pitch.SCORER),
    *((f"{name} difference", "%", formants.SCORER) for name in _FORMANTS),
    ("harmonicity difference", "dB", _SCORER),
    ("spectral tilt difference", "dB/octave", _SCORER),
)
_UNKNOWN: tuple[float | None, ...] = (None,) * len(_COMPARED)


def _values(voice: Phonetics) -> tuple[float | None, ...]:
    """In the order of `_MEASURED`."""
    hz = 2 ** (voice.semitones / 12)
    return (hz, voice.spread, *voice.formants, voice.harmonicity, voice.tilt)


def _differences(one: Phonetics, other: Phonetics) -> tuple[float | None, ...]:
    """In the order of `_COMPARED`."""
    clarity = None
    if one.harmonicity is not None and other.harmonicity is not None:
        clarity = one.harmonicity - other.harmonicity
    return (
        one.semitones - other.semitones,
        one.spread - other.spread,
        *(
            100 * (ours / theirs - 1) if ours and theirs else None
            for ours, theirs in zip(one.formants, other.formants, strict=True)
        ),
        clarity,
        one.tilt - other.tilt,
    )


def _cepstra(audio: Audio) -> NDArray[np.float64]:
    """Mel cepstra 1..13 of every 10 ms, (N, 13); level (the zeroth) doesn't count."""
    if audio.seconds < 0.1 or not audio.samples.any():
        raise BadInput("silence, or shorter than 0.1 s")
    decibels = log_mel(audio, highest=8000.0).decibels
    logarithms = np.maximum(decibels, decibels.max() - 80.0) * (np.log(10) / 20)  # of amplitude
    return cepstra(logarithms, _CEPSTRA + 1)[1:].T


def _warped(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, NDArray[np.intp]]:
    """Mean distance in dB along the cheapest alignment, and the alignment (K, 2)."""
    squares = np.square(one).sum(1)[:, None] + np.square(other).sum(1) - 2 * one @ other.T
    path, _ = cheapest_path(np.sqrt(np.maximum(squares, 0.0)))
    apart = np.linalg.norm(one[path[:, 0]] - other[path[:, 1]], axis=1)
    # The field's cepstra are sqrt(2 / bands) of the orthonormal ones.
    return float(_TO_DECIBELS * np.sqrt(2 / 80) * apart.mean()), path


def _contour_correlation(one: Audio, other: Audio, path: NDArray[np.intp]) -> float | None:
    first, second = pitch(one), pitch(other)
    rows = np.minimum(path, [len(first.hz) - 1, len(second.hz) - 1])
    both = first.voiced[rows[:, 0]] & second.voiced[rows[:, 1]]
    if both.sum() * hearing_pitch.STEP_SECONDS < _LEAST_VOICED_SECONDS:
        return None
    melodies = np.log(first.hz[rows[both, 0]]), np.log(second.hz[rows[both, 1]])
    if min(melody.std() for melody in melodies) < 1e-6:
        return None
    return float(np.corrcoef(*melodies)[0, 1])


def _hash(audio: Audio) -> str:
    return samples_sha256(audio.samples)
