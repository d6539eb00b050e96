"""How loud the voice is, moment by moment, while the sound still arrives.

The level is relative to the speaker's own recent peaks, so a whispered recording moves a face as a
loud one does.
"""

import itertools

import numpy as np
from numpy.typing import NDArray

from likewise.motion.curves import Track

BLOCKS_PER_SECOND = 100
_SMOOTHING = np.hanning(17)[1:-1] / np.hanning(17)[1:-1].sum()
_REACH = len(_SMOOTHING) // 2
_CALM_OFFSETS = np.linspace(-0.25, 0.25, 11)
_CALM_WEIGHTS = np.hanning(13)[1:-1] / np.hanning(13)[1:-1].sum()
_AHEAD = 30
"""Blocks by which the reference level looks ahead: the first syllable is judged by itself."""

_RANGE_DB = 25.0
_DECAY_DB = 3.0 / BLOCKS_PER_SECOND
"""The reference sinks 3 dB a second, so that a shout is forgotten within seconds."""

_QUIETEST_DB = -55.0
"""Below this there is no voice to follow; a silent part stays at level 0."""


class Loudness:
    """Collects sound; answers levels in 0..1 for the recent past."""

    def __init__(self) -> None:
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)
        self._rate = 0
        self._samples = 0
        self._power: Track = np.zeros(_REACH)
        self._decibels: Track = np.zeros(0)
        self._reference: Track = np.zeros(0)
        self._first = 0

    def push(self, samples: NDArray[np.float32], sample_rate: int) -> None:
        """Append sound of the one sample rate that this stream has.

        Raises:
            ValueError: Another sample rate than before.
        """
        if self._rate not in (0, sample_rate):
            raise ValueError(f"sound of {sample_rate} Hz after sound of {self._rate} Hz")
        self._rate = sample_rate
        start = self._samples - len(self._rest)
        self._samples += len(samples)
        waiting = np.concatenate([self._rest, samples])
        blocks = self._samples * BLOCKS_PER_SECOND // sample_rate
        done = start * BLOCKS_PER_SECOND // sample_rate
        edges = np.array(
            [-(-k * sample_rate // BLOCKS_PER_SECOND) - start for k in range(done, blocks + 1)]
        )
        self._rest = waiting[edges[-1] :]
        means = [
            float(np.mean(np.square(waiting[a:b], dtype=np.float64)))
            for a, b in itertools.pairwise(edges)
        ]
        self._append(np.array(means))

    def finish(self) -> None:
        """The sound is over: silence follows."""
        self._append(np.zeros(2 * BLOCKS_PER_SECOND))

    def forget(self, before: float) -> None:
        """Drop what ended before this second."""
        drop = int(before * BLOCKS_PER_SECOND) - self._first
        if drop > 0:
            self._decibels = self._decibels[drop:]
            self._reference = self._reference[drop:]
            self._first += drop

    def at(self, times: Track) -> Track:
        """Level at given seconds, 0 (25 dB below the recent peak, or silence) to 1 (at it)."""
        if not len(self._decibels):
            return np.zeros_like(times)
        position = times * BLOCKS_PER_SECOND - 0.5
        left = np.floor(position).astype(int)
        share = position - left
        level = self._level(left) * (1.0 - share) + self._level(left + 1) * share
        return np.asarray(np.clip(level, 0.0, 1.0), np.float64)

    def calm(self, times: Track) -> Track:
        """Level averaged over half a second: what a head follows, syllables are too fast for it."""
        level = np.zeros_like(times)
        for offset, weight in zip(_CALM_OFFSETS, _CALM_WEIGHTS, strict=True):
            level = level + weight * self.at(times + offset)
        return level

    def _level(self, blocks: NDArray[np.int_]) -> Track:
        """Unclipped level of whole blocks."""
        last = len(self._decibels) - 1
        here = np.clip(blocks - self._first, 0, last)
        ahead = np.clip(blocks - self._first + _AHEAD, 0, last)
        level: Track = (self._decibels[here] - self._reference[ahead]) / _RANGE_DB + 1.0
        return level

    def _append(self, power: Track) -> None:
        """Smooth new blocks and follow the reference level."""
        self._power = np.concatenate([self._power, power])
        count = len(self._power) - 2 * _REACH
        if count <= 0:
            return
        smooth = np.zeros(count)
        for index, weight in enumerate(_SMOOTHING):
            smooth = smooth + weight * self._power[index : index + count]
        self._power = self._power[count:]
        decibels = 10.0 * np.log10(smooth + 1e-12)
        reference = np.empty(count)
        level = float(self._reference[-1]) if len(self._reference) else _QUIETEST_DB
        for index, loud in enumerate(decibels):
            level = max(float(loud), level - _DECAY_DB, _QUIETEST_DB)
            reference[index] = level
        self._decibels = np.concatenate([self._decibels, decibels])
        self._reference = np.concatenate([self._reference, reference])
