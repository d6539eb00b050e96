"""How far the mouth should be open: from the motion, from speech timings, or from the sound.

What the lips of a finished picture are compared with, from the strictest reference to the weakest.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from likewise.values import INDEX, Audio, Motion, Timing

# How far a mouth opens in each sound, 0 shut to 1 as in "ah": close, mid and open vowels of the
# IPA chart; consonants about as much as a neighbouring close vowel.
_OPENNESS = (
    ("ɑaæɐɶ", 1.0),
    ("ʌɒɔɛœɜ", 0.8),
    ("eøəoɤɘɵɞɝɚ", 0.6),
    ("iɪuʊyʏɯɨʉ", 0.35),
    ("fvɱ", 0.1),
    ("szʃʒθðtdnlɹɾrʦʣʧʤɕʑ", 0.25),
    ("kɡgŋxɣhjwqχʁʔɦçɲʎ", 0.35),
)
_OPENING = {letter: level for letters, level in _OPENNESS for letter in letters}
_BILABIALS = frozenset("pbmɸβɓ")
_GRID_SECONDS = 0.005
_SMOOTHING_SECONDS = 0.04
_SHUTTING_SECONDS = 0.02
_BAND_HZ = (300.0, 3000.0)  # where an open mouth is loud and hiss and hum are not


def commanded(motion: Motion) -> NDArray[np.float64]:
    """What the score asks of the jaw, frame by frame: `jawOpen`, or the absolute gap if it is set.

    Returns:
        float64 (N,); its unit differs between the two, which correlation doesn't mind.
    """
    middle = motion.lip_gap[:, 3:8].astype(np.float64)
    if np.isfinite(middle).all() and len(middle):
        return np.asarray(middle.mean(1))
    return np.asarray(motion.coefficients[:, INDEX["jawOpen"]], np.float64)


def spoken(phonemes: Sequence[Timing], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a mouth would open for these sounds: vowel height, smoothed over 40 ms.

    Lips that a sound shuts are shut whatever stands beside it, so p, b and m are not smoothed away
    but close the smoothed curve. Made from nothing but timings and the IPA chart, so it judges an
    engine that made its motion in its own way.

    Args:
        phonemes: In order; "" is silence.
        seconds: float64 (N,), when to look.

    Returns:
        float64 (N,), 0 shut to 1.
    """
    if not len(seconds):
        return np.zeros(0)
    grid = np.arange(0.0, float(seconds[-1]) + 2 * _GRID_SECONDS, _GRID_SECONDS)
    level, shut = np.zeros_like(grid), np.zeros_like(grid)
    for phoneme in phonemes:
        inside = (grid >= phoneme.start) & (grid < phoneme.end)
        openness = [_OPENING[letter] for letter in phoneme.text if letter in _OPENING]
        if openness:
            level[inside] = np.mean(openness)
        if not _BILABIALS.isdisjoint(phoneme.text):
            shut[inside] = 1.0
    opened = _smoothed(level, _SMOOTHING_SECONDS) * (1 - _smoothed(shut, _SHUTTING_SECONDS))
    return np.interp(seconds, grid, opened)


def _smoothed(curve: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    """A curve on the grid after a Gaussian filter of that standard deviation."""
    reach = np.arange(-4 * seconds, 4 * seconds + _GRID_SECONDS / 2, _GRID_SECONDS)
    kernel = np.exp(-0.5 * (reach / seconds) ** 2)
    return np.convolve(curve, kernel / kernel.sum(), "same")


def audible(audio: Audio, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Loudness between 300 and 3000 Hz in dB above the quietest: where no timings are known.

    A weak reference: on real talking heads it correlates with the lips at 0 to 0.3.

    Args:
        audio: The sound.
        seconds: float64 (N,), when to look.
    """
    frequencies = np.fft.rfftfreq(len(audio.samples), 1 / audio.sample_rate)
    inside = np.sqrt(1 / (1 + (_BAND_HZ[0] / np.maximum(frequencies, 1e-3)) ** 8))  # Butterworth's
    inside /= np.sqrt(1 + (frequencies / _BAND_HZ[1]) ** 8)
    power = np.square(np.fft.irfft(np.fft.rfft(audio.samples) * inside, len(audio.samples)))
    width = max(1, round(_SMOOTHING_SECONDS * audio.sample_rate))
    energy = np.convolve(power, np.full(width, 1 / width), "same")
    level = 10 * np.log10(np.maximum(energy, 1e-7))
    times = np.arange(len(level)) / audio.sample_rate
    return np.asarray(np.interp(seconds, times, level - level.min(), right=0.0), np.float64)
