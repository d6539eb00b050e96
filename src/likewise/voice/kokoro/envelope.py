"""The spectral envelope of a voice, moved to a speaker's while it speaks.

    moving = transport(rendering, recording, bandwidth_hz=7_800)
    sound = moving.applied(sound)

The loud moments of a voice are a cloud of envelopes: its mean is the colour of vocal tract and
microphone, its shape how vowels and consonants differ from it. One filter can move the mean only.
Of all maps that turn one Gaussian cloud into another, the one that moves each point least is

    x -> m2 + A (x - m1),    A = S1^-1/2 (S1^1/2 S2 S1^1/2)^1/2 S1^-1/2

(Olkin and Pukelsheim 1982; Peyré and Cuturi 2019, remark 2.31), with means m and covariances S of
mel cepstra. It needs no words and no pairs of sounds, so any few seconds of both voices do, and
each frame is filtered by the difference between where it is and where it goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.audio import mel
from likewise.audio.spectrum import cepstra
from likewise.voice.kokoro.model import SAMPLE_RATE

_SIZE = 1024
_HOP = 256
_BANDS = 64  # over 0..12 kHz: below 1 kHz one in 60 Hz
_CEPSTRA = 24
_WITHIN = 0.95  # of the bandwidth: at its edge a recording holds half
_HIGHEST_HZ = 7_600.0  # recordings at 16 kHz hold nothing to match above
_LOUD = 6.0  # nepers of power below the loudest moments
_EDGE = 0.5  # nepers over which a moment turns from quiet to loud
_PRIOR = 0.05  # variance added to every direction: of some, a few seconds tell little
_STEEPEST = 2.6  # nepers of amplitude, up or down
_SMOOTH = np.hanning(9)[1:-1] / np.hanning(9).sum()  # over 60 ms, as fast as a mouth moves
_FLOOR = 1e-8
_WINDOW = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_SIZE) / _SIZE))

Array = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Transport:
    """A map of envelopes; D mel cepstra, the first of which is the level.

    Attributes:
        source: float32 (D,), mean of the voice as the model has it.
        target: float32 (D,), mean of the speaker; its level keeps loudness as it is.
        matrix: float32 (D, D), A.
        loud: Mean log power over bands from which on a moment counts as loud.
        highest_hz: Centres of bands lie below this.
        dynamics: Times as far that the level goes from its mean.
    """

    source: Array
    target: Array
    matrix: Array
    loud: float
    highest_hz: float
    dynamics: float = 1.0

    def applied(self, samples: Array) -> Array:
        """A sound of the voice with the speaker's envelope.

        Args:
            samples: float32 (T,) at 24 kHz.

        Returns:
            float32 (T,).
        """
        spectra = _spectra(samples)
        gain = self._gain(_cepstra(spectra, self.highest_hz))
        frames = np.fft.irfft(spectra * np.exp(gain), axis=1) * _WINDOW
        sound = np.zeros((len(frames) + _SIZE // _HOP - 1, _HOP))
        for part in range(_SIZE // _HOP):
            sound[part : part + len(frames)] += frames[:, part * _HOP : (part + 1) * _HOP]
        sound *= 2.0 * _HOP / _SIZE
        return np.asarray(sound.ravel()[_SIZE:][: len(samples)], np.float32)

    def as_tensors(self) -> dict[str, Array]:
        """As a voice keeps it."""
        return {
            "envelope_source": self.source,
            "envelope_target": self.target,
            "envelope_matrix": self.matrix,
            "envelope_limits": np.array([self.loud, self.highest_hz, self.dynamics], np.float32),
        }

    @classmethod
    def of(cls, tensors: Mapping[str, Any]) -> "Transport | None":
        """That of a voice's tensors, None where it has none."""
        if "envelope_matrix" not in tensors:
            return None
        source, target, matrix, limits = (
            np.asarray(tensors[f"envelope_{part}"], np.float32)
            for part in ("source", "target", "matrix", "limits")
        )
        return cls(source, target, matrix, *map(float, limits))

    @property
    def bandwidth_hz(self) -> float:
        """As `transport` was told it, as far as that matters."""
        return self.highest_hz / _WITHIN

    def _gain(self, places: Floats) -> Floats:
        """Log amplitude (N, bins) that takes envelopes (N, D) to where they belong."""
        loudness = _loudness(places, self.highest_hz)
        loud = 1.0 / (1.0 + np.exp(-(loudness - self.loud) / _EDGE))
        off = places - self.source
        moves = (self.target - self.source) + loud[:, None] * (off @ self.matrix.T - off)
        # How loud a moment is belongs to what is said; how much that varies, to who says it.
        moves[:, 0] = self.target[0] - self.source[0] + loud * (self.dynamics - 1) * off[:, 0]
        edges = len(_SMOOTH) // 2
        moves = np.pad(moves, ((edges, edges), (0, 0)), mode="edge")
        moves = np.apply_along_axis(np.convolve, 0, moves, _SMOOTH, mode="valid")
        _, _, curves = _bands(self.highest_hz)
        return np.clip(moves @ curves / 2, -_STEEPEST, _STEEPEST)


def transport(
    rendering: Array, recording: Array, *, bandwidth_hz: float, dynamics: float = 1.0
) -> Transport:
    """The least map from the envelopes of a voice to those of a speaker.

    Args:
        rendering: float32 (T,) at 24 kHz, the voice as the model has it, a few seconds.
        recording: float32 (T,) at 24 kHz, the speaker, in any words.
        bandwidth_hz: Above this the recording holds nothing; the map goes on as it is there.
        dynamics: Times as far that the level is to go from its mean.
    """
    highest = min(_WITHIN * bandwidth_hz, _HIGHEST_HZ)
    own, wanted = (_cepstra(_spectra(sound), highest) for sound in (rendering, recording))
    limits = [float(np.percentile(_loudness(c, highest), 95)) - _LOUD for c in (own, wanted)]
    own, wanted = (
        c[_loudness(c, highest) > limit] for c, limit in zip((own, wanted), limits, strict=True)
    )
    source, target = own.mean(0), wanted.mean(0)
    target[0] = source[0]
    extra = _PRIOR * np.eye(len(source))
    matrix = _least_map(np.cov(own.T) + extra, np.cov(wanted.T) + extra)
    parts = [np.asarray(part, np.float32) for part in (source, target, matrix)]
    # In the precision in which a voice keeps them.
    numbers = (float(np.float32(number)) for number in (limits[0], highest, dynamics))
    found = Transport(parts[0], parts[1], parts[2], *numbers)
    level = np.log(_rms(rendering) / _rms(found.applied(rendering)))
    bands = _bands(highest)[0].shape[0]
    target[0] += 2.0 * np.sqrt(bands) * level
    return replace(found, target=target.astype(np.float32))


def _least_map(one: Floats, other: Floats) -> Floats:
    """The symmetric map that turns a Gaussian's covariance into another's, moving least."""
    root = _power(one, 0.5)
    back = _power(one, -0.5)
    return back @ _power(root @ other @ root, 0.5) @ back


def _power(matrix: Floats, exponent: float) -> Floats:
    """Power of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T)


def _spectra(samples: Array) -> NDArray[np.complex128]:
    """Short-time spectra (N, bins) that overlap and add up to the sound again."""
    padded = np.pad(np.asarray(samples, np.float64), _SIZE)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP]
    return np.asarray(np.fft.rfft(frames * _WINDOW, axis=1))


def _cepstra(spectra: NDArray[np.complex128], highest_hz: float) -> Floats:
    """Mel cepstra (N, D) of spectra."""
    bank, basis, _ = _bands(highest_hz)
    power = np.square(spectra.real) + np.square(spectra.imag)
    return np.asarray(np.log(power @ bank.T + _FLOOR) @ basis.T)


def _loudness(places: Floats, highest_hz: float) -> Floats:
    """Mean log power over the bands (N,), which is what the first cepstrum tells."""
    return np.asarray(places[:, 0] / np.sqrt(len(_bands(highest_hz)[0])))


@cache
def _bands(highest_hz: float) -> tuple[Floats, Floats, Floats]:
    """Mel bands (B, bins), cosines over them (D, B), and these over all bins (D, bins)."""
    bank = mel.filters(SAMPLE_RATE, _SIZE, _BANDS).astype(np.float64)
    bank /= bank.sum(axis=1, keepdims=True)
    hertz = np.linspace(0, SAMPLE_RATE / 2, _SIZE // 2 + 1)
    centres = bank @ hertz
    bank, centres = bank[centres < highest_hz], centres[centres < highest_hz]
    basis = cepstra(np.eye(len(bank)), min(_CEPSTRA, len(bank)))
    curves = np.stack([np.interp(hertz, centres, row) for row in basis])
    return bank, basis, curves


def _rms(samples: Array) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + 1e-9)
