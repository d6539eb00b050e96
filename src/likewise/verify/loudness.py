"""Loudness as a listener feels it: ITU-R BS.1770-4 in LUFS, gated.

loudness.integrated(audio)      # -23 LUFS is broadcast level, -16 a podcast
"""

import math

import numpy as np
from numpy.typing import NDArray

from likewise.values import Audio

SCORER = "ITU-R BS.1770-4"

_BLOCK_SECONDS = 0.4
_STEP_SECONDS = 0.1
_SILENCE_LUFS = -70.0
_GATE_LU = -10.0
_OFFSET = -0.691

# The standard gives coefficients at 48 kHz only; these analogue parameters make the same filters
# at any rate (Brecht De Man, "Evaluation of implementations of the EBU R128 loudness measurement",
# AES Convention 145, 2018): frequency in Hz, gain in dB, Q.
_SHELF = (1681.9744509555319, 3.99984385397, 0.7071752369554193)
_HIGH_PASS = (38.13547087613982, 0.5003270373238773)


def integrated(audio: Audio) -> float | None:
    """Gated loudness of the whole sound.

    Args:
        audio: Mono, at least 0.4 s.

    Returns:
        LUFS, or None for silence and sounds shorter than a block.
    """
    block = round(_BLOCK_SECONDS * audio.sample_rate)
    if len(audio.samples) < block:
        return None
    weighted = _weighted(audio.samples, audio.sample_rate)
    total = np.concatenate([[0.0], np.cumsum(weighted**2)])
    starts = np.arange(0, len(weighted) - block + 1, round(_STEP_SECONDS * audio.sample_rate))
    power = (total[starts + block] - total[starts]) / block
    loud = power[power > _power(_SILENCE_LUFS)]
    if not len(loud):
        return None
    loud = loud[loud > loud.mean() * 10 ** (_GATE_LU / 10)]
    return _OFFSET + 10 * math.log10(float(loud.mean()))


def _weighted(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """The sound as loud as the ear finds each frequency: both stages, in the frequency domain.

    The filters ring for less than the half second of silence that is put behind the sound, so
    that nothing comes round to its start.
    """
    size = len(samples) + rate // 2
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    response = np.ones(len(turn), complex)
    for numerator, denominator in (_shelf(rate), _high_pass(rate)):
        response *= np.polyval(numerator[::-1], turn) / np.polyval(denominator[::-1], turn)
    heard = np.fft.irfft(np.fft.rfft(samples.astype(np.float64), size) * response, size)
    return np.asarray(heard[: len(samples)])


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))


def _shelf(rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First stage: the head makes high frequencies louder."""
    frequency, gain, quality = _SHELF
    k = math.tan(math.pi * frequency / rate)
    high = 10 ** (gain / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / quality + k * k
    numerator = [
        (high + band * k / quality + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / quality + k * k) / a0,
    ]
    return np.array(numerator), _denominator(k, quality)


def _high_pass(rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Second stage: lows count less."""
    frequency, quality = _HIGH_PASS
    return np.array([1.0, -2.0, 1.0]), _denominator(math.tan(math.pi * frequency / rate), quality)


def _denominator(k: float, quality: float) -> NDArray[np.float64]:
    a0 = 1 + k / quality + k * k
    return np.array([1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0])
