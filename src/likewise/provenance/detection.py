"""Find the watermark of `watermark.py` in a sound, cut, compressed, or played faster or slower.

    found = detect(files.read("talk.mp4"))
    found.message, found.score, found.speed          # None: no mark was found

The score is a peak of a correlation in standard deviations. What is standard is measured in the
same sound with codes that mark nothing, so music or noise can't raise it by being unlike speech.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from likewise.audio.resampling import resampled
from likewise.provenance.watermark import (
    BANDS,
    BLOCK,
    BLOCKS,
    LOW,
    WIDTH,
    Message,
    code,
    strength,
)
from likewise.values import Audio

THRESHOLD = 6.0
"""Least score of a detection; false positives are counted in docs/provenance.md."""

THRESHOLD_OF_SEARCH = 7.0
"""Least score where many playing speeds are tried, each of which is another chance to be wrong."""

SPEEDS = tuple(np.round(1.008 ** np.arange(-28, 29), 4).tolist())
"""Playing speeds that are tried, 0.8 to 1.25: a step shifts the highest band by half its width."""

_RATE = 16_000
_FFT = 512
_HOP = 128
STRETCH = 12.0  # seconds searched at once
_TRIED = 4  # stretches searched at every speed
_DECOYS = 8
_RANGE_DB = 55.0  # below the loudest cells there is only noise
_LIMIT_DB = 3.0  # a cell further from its neighbours is speech, not mark
_NEIGHBOURS = 5  # bands whose mean says what the sound itself does
_SHORTEST = 0.3  # seconds


@dataclass(frozen=True, slots=True)
class Detection:
    """A mark that was found.

    Attributes:
        message: What it says.
        score: Height of the correlation's peak in standard deviations of unmarked sound.
        seconds: How much of the sound was in the stretches that are marked.
        speed: How much faster than made the sound is played; 1 as it was made.
    """

    message: Message
    score: float
    seconds: float
    speed: float = 1.0


def detect(audio: Audio, *, speeds: Sequence[float] = SPEEDS) -> Detection | None:
    """Look for the mark.

    Args:
        audio: Any rate and length.
        speeds: Playing speeds to try where the mark isn't found as it was made; () for none.

    Returns:
        The strongest detection, None when no score reaches `THRESHOLD`.
    """
    found = [
        Detection(message, score, seconds)
        for message, score, seconds in map(_as_made, _stretches(audio))
        if score >= THRESHOLD
    ]
    if found:
        strongest = max(found, key=lambda detection: detection.score)
        return Detection(strongest.message, strongest.score, sum(item.seconds for item in found))
    stretches = list(_stretches(audio))
    for stretch in stretches[:: -(-len(stretches) // _TRIED) or 1]:
        levels = _levels(stretch)
        tried = [
            Detection(*_peak(levels, in_time=speed, in_frequency=shift), stretch.seconds, speed)
            for speed in speeds
            for shift in {speed, 1.0}  # a tape, or a player that keeps the pitch
        ]
        best = max(tried, key=lambda detection: detection.score, default=None)
        if best is not None and best.score >= THRESHOLD_OF_SEARCH:
            return best
    return None


def score(audio: Audio) -> float:
    """The height of the highest peak, whether or not it is a detection; 0 for a sound too short."""
    return max((_as_made(stretch)[1] for stretch in _stretches(audio)), default=0.0)


def _as_made(stretch: Audio) -> tuple[Message, float, float]:
    return *_peak(_levels(stretch)), stretch.seconds


def _stretches(audio: Audio) -> Iterator[Audio]:
    """Pieces of at most 12 s, of about one length."""
    count = max(1, -(-int(audio.seconds) // int(STRETCH)))
    length = audio.seconds / count
    for number in range(count):
        piece = audio.between(number * length, (number + 1) * length)
        if piece.seconds >= _SHORTEST and piece.samples.any():
            yield piece


def _levels(audio: Audio) -> NDArray[np.float64]:
    """Level of every frame and frequency in dB, (N, 257), a frame each 8 ms."""
    samples = resampled(audio, _RATE).samples
    padded = np.pad(samples, (_FFT // 2, _FFT))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)
    power = np.square(np.abs(np.fft.rfft(frames * window, axis=1)))
    return np.asarray(10 * np.log10(power + 1e-9 * power.max()), np.float64)


def _peak(
    levels: NDArray[np.float64], *, in_time: float = 1.0, in_frequency: float = 1.0
) -> tuple[Message, float]:
    """The message that fits best, and how well.

    Args:
        levels: (N, 257), as `_levels` answers.
        in_time: How much faster the sound goes by than it was made.
        in_frequency: How much higher it is.
    """
    cells = _whitened(levels @ _bands(in_frequency), _HOP / _RATE * in_time)
    period = round(BLOCKS * BLOCK * _RATE / _HOP / in_time)  # frames
    folded = np.zeros((-(-len(cells) // period) * period, BANDS))
    folded[: len(cells)] = cells
    spectrum = np.fft.rfft(folded.reshape(-1, period, BANDS).sum(0), axis=0)
    codes = _code_spectra(period)  # (codes, period / 2 + 1, bands)
    heights = np.fft.irfft(np.einsum("cfb,fb->cf", codes, spectrum), period, axis=1)
    messages = get_args(Message)
    spread = float(heights[len(messages) :].std()) or 1.0
    peaks = heights[: len(messages)].max(axis=1) / spread
    best = int(peaks.argmax())
    return messages[best], float(peaks[best])


def _whitened(cells: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """What a cell is beyond its neighbours in frequency and time, weighted by the mark's strength.

    Args:
        cells: (N, bands), dB.
        step: Seconds from frame to frame, as made.
    """
    audible = cells > np.percentile(cells, 99) - _RANGE_DB
    width = max(1, round(BLOCK / step))
    block = _mean_around(cells, width)
    block -= _mean_around(block.T, _NEIGHBOURS).T
    beside = np.pad(block, ((width, width), (0, 0)), mode="edge")
    block -= 0.5 * (beside[: -2 * width] + beside[2 * width :])
    weight = strength(LOW + WIDTH * (np.arange(BANDS) + 0.5))
    return np.asarray(np.clip(block, -_LIMIT_DB, _LIMIT_DB) * audible * weight)


def _mean_around(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mean of `width` rows around each row, edges repeated; scipy's takes longer to import."""
    before = width // 2
    padded = np.pad(values, ((before + 1, width - 1 - before), (0, 0)), mode="edge")
    total = np.cumsum(padded, axis=0)
    return np.asarray((total[width:] - total[:-width]) / width)


@cache
def _bands(in_frequency: float) -> NDArray[np.float64]:
    """Weights (257, bands) that average the levels of each band."""
    frequency = np.fft.rfftfreq(_FFT, 1 / _RATE)[:, None]
    middle = (LOW + WIDTH * (np.arange(BANDS) + 0.5)) * in_frequency
    weights = np.clip(1 - np.abs(frequency - middle) / (0.75 * WIDTH * in_frequency), 0, None)
    return np.asarray(weights / np.maximum(weights.sum(axis=0), 1e-9))


@cache
def _code_spectra(period: int) -> NDArray[np.complex128]:
    """Conjugate spectra over time of the messages' codes and of codes that mark nothing."""
    place = np.arange(period) * BLOCKS // period
    count = len(get_args(Message))
    codes = np.stack([code(number)[place] for number in [*range(count), *range(99, 99 + _DECOYS)]])
    return np.conj(np.fft.rfft(codes, axis=1))
