"""An inaudible mark in sound that says: a machine made this.

    marker = Marker(24_000, "cloned voice")
    marked = [marker.mark(part) for part in parts]       # part by part, as speech is made
    found = detection.detect(sound)                      # see detection.py

The mark is a spread-spectrum code (Cox et al. 1997, "Secure spread spectrum watermarking for
multimedia") written into magnitudes instead of samples (as the patchwork of Bender et al. 1996,
"Techniques for data hiding"): a chequer of bands of 100 Hz and blocks of 80 ms, each cell raised or
lowered by 0.7 dB at low and up to 2 dB at high frequencies, where ears hear such differences least.
The signs repeat every 4 s; in the first 2 s the mark is half as strong again, so that a word alone
carries it. As the mark is a gain, it is never louder than a share of the sound that
masks it, and silence stays silent.
Detection measures the cells, takes out what speech itself does to neighbouring ones, and correlates
with the code at every place in time, so a cut-out piece is enough. The code is public: this marks
honest use, it doesn't stop someone who wants to remove it.
"""

import hashlib
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from likewise.errors import MarkFailed
from likewise.values import Audio

Message = Literal["stock voice", "cloned voice", "recording"]
"""What is marked: speech of a stock voice or of a cloned one, or recorded sound that was put under
a synthetic picture."""

_VERSION = 1
LOW, HIGH, WIDTH = 500.0, 7400.0, 100.0  # Hz
BANDS = round((HIGH - LOW) / WIDTH)
BLOCK = 0.08  # seconds
BLOCKS = 50  # in one period of the code
_DECIBELS = ((1500.0, 0.7), (4000.0, 2.0))  # strength at and below, at and above
_OPENING, _MORE = 2.0, 1.5  # seconds at the beginning, and how much stronger the mark is there

_WINDOW = 0.0427  # seconds of the gain's window; a power of two in samples
_OVERLAP = 4
_FRAMES_AT_ONCE = 512  # some MB, however long a recording is


class Marker:
    """Marks consecutive parts of one sound.

    Args:
        sample_rate: Hz of the parts.
        message: What the mark says.
    """

    def __init__(self, sample_rate: int, message: Message) -> None:
        self._rate = sample_rate
        self._code = code(get_args(Message).index(message))
        self._size = 2 ** round(np.log2(sample_rate * _WINDOW))
        self._position = 0

    def mark(self, audio: Audio) -> Audio:
        """The next part, marked: as long and, by ear, as it was.

        Raises:
            MarkFailed: Another sample rate, or samples that are no numbers.
        """
        if audio.sample_rate != self._rate or not np.isfinite(audio.samples).all():
            raise MarkFailed(
                "The sound could not be marked as synthetic (samples that are no numbers, or of "
                f"{audio.sample_rate} instead of {self._rate} Hz), so it is not saved."
            )
        samples = audio.samples
        if not samples.any():
            self._position += len(samples)
            return audio
        size, hop = self._size, self._size // _OVERLAP
        lead = size - hop
        count = -(-(len(samples) + lead) // hop)
        padded = np.zeros(lead + (count - 1) * hop + size, np.float32)
        padded[lead : lead + len(samples)] = samples
        window = _window(size)
        frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]  # (N, size)
        starts = self._position - lead + hop * np.arange(len(frames))
        added = np.zeros(len(padded), np.float32)
        for first in range(0, len(frames), _FRAMES_AT_ONCE):
            some = slice(first, first + _FRAMES_AT_ONCE)
            seconds = (starts[some] + size / 2) / self._rate
            change = _gains(self._code, seconds, size, self._rate)
            spectrum = np.fft.rfft(frames[some] * window, axis=1) * change
            parts = np.fft.irfft(spectrum, size, axis=1) * (window * (2 / _OVERLAP))
            for shift in range(_OVERLAP):  # frames _OVERLAP apart lie side by side
                row = parts[shift::_OVERLAP].reshape(-1)
                at = (first + shift) * hop
                added[at : at + len(row)] += row[: len(added) - at]
        self._position += len(samples)
        return Audio(samples + added[lead : lead + len(samples)], audio.sample_rate)


@cache
def _window(size: int) -> NDArray[np.float64]:
    """Root of a periodic Hann window: analysis and synthesis together add up to one."""
    return np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size))


@cache
def code(message: int) -> NDArray[np.int8]:
    """Signs (blocks, bands) of a message; from a hash, so that they are the same for ever."""
    count = BLOCKS * BANDS
    seed = f"likewise watermark {_VERSION} {message}".encode()
    bits = np.unpackbits(np.frombuffer(hashlib.shake_256(seed).digest(-(-count // 8)), np.uint8))
    return (2 * bits[:count].astype(np.int8) - 1).reshape(BLOCKS, BANDS)


def strength(frequency: NDArray[Any]) -> NDArray[np.float64]:
    """How far a cell is raised or lowered, dB.

    Args:
        frequency: float64 (N,), Hz.
    """
    (low, weak), (high, strong) = _DECIBELS
    return np.asarray(np.interp(frequency, [low, high], [weak, strong]), np.float64)


def _gains(
    code: NDArray[np.int8], seconds: NDArray[np.float64], size: int, rate: int
) -> NDArray[np.float32]:
    """Gain - 1 of every frame and frequency: (N, size / 2 + 1)."""
    frequency = np.arange(size // 2 + 1) * (rate / size)
    band = np.floor((frequency - LOW) / WIDTH).astype(int)
    inside = (band >= 0) & (band < BANDS)
    signs = code[np.floor(seconds / BLOCK).astype(int) % BLOCKS][:, band[inside]]
    level = np.where(seconds < _OPENING, _MORE, 1.0)[:, None] * strength(frequency[inside])
    change = np.zeros((len(seconds), len(frequency)), np.float32)
    change[:, inside] = 10 ** (signs * level / 20) - 1
    return change
