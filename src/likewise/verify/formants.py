"""Where the vocal tract resonates: formants F1 to F4 by linear prediction.

Each 25 ms of a voiced sound is taken for the output of an all-pole filter (Markel and Gray 1976,
"Linear Prediction of Speech"); the filter's sharp poles are the formants.

    track = formants.track(audio)
    track.median()          # F1..F4 in Hz
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from likewise.audio.resampling import resampled
from likewise.values import Audio

SCORER = "likewise LPC"
COUNT = 4

_HIGHEST = 5500.0  # Hz: five formants of most adults lie below
_ORDER = 10  # two poles a formant
_WINDOW_SECONDS = 0.025
_STEP_SECONDS = 0.010
_LOWEST = 90.0
_WIDEST = 600.0  # Hz of bandwidth; wider poles shape the tilt, they are no resonance
_EMPHASIS_FROM = 50.0  # Hz; 6 dB an octave from here on undo the glottis and the lips
_QUIETEST_DB = 25.0
_NEUTRAL = np.array([540.0, 1600.0, 2700.0, 3800.0])  # between women's and men's open tube


@dataclass(frozen=True, slots=True, eq=False)
class FormantTrack:
    """Formants over time.

    Attributes:
        seconds: float64 (N,), middles of the windows.
        hz: float64 (N, 4), NaN where there is none or the sound is quiet.
    """

    seconds: NDArray[np.float64]
    hz: NDArray[np.float64]

    def median(self) -> NDArray[np.float64]:
        """Median of each formant, float64 (4,), NaN for one that was never found."""
        return np.array(
            [
                np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else np.nan
                for column in self.hz.T
            ]
        )


def track(audio: Audio, voiced: NDArray[np.bool_] | None = None) -> FormantTrack:
    """Follow the formants of a voice.

    Args:
        audio: Any sample rate from 11 kHz; windows more than 25 dB below the loudest are left out.
        voiced: For every 10 ms, as `PitchTrack.voiced`: other windows are left out too, since
            hiss has no formants.
    """
    rate = round(2 * _HIGHEST)
    samples = resampled(audio, rate).samples.astype(np.float64)
    size, step = round(_WINDOW_SECONDS * rate), round(_STEP_SECONDS * rate)
    if len(samples) < size:
        return FormantTrack(np.zeros(0), np.zeros((0, COUNT)))
    keep = np.exp(-2 * np.pi * _EMPHASIS_FROM / rate)
    emphasised = np.append(samples[0], samples[1:] - keep * samples[:-1])
    windows = np.lib.stride_tricks.sliding_window_view(emphasised, size)[::step]
    windows = windows * np.hamming(size)
    energy = np.square(windows).sum(1)
    loud = energy > max(float(energy.max()) * 10 ** (-_QUIETEST_DB / 10), 1e-10)
    if voiced is not None:
        middles = np.arange(len(windows)) + round(_WINDOW_SECONDS / 2 / _STEP_SECONDS)
        loud &= np.append(voiced, False)[np.minimum(middles, len(voiced))]
    hz = np.full((len(windows), COUNT), np.nan)
    for index, resonances in zip(
        np.flatnonzero(loud), _resonances(windows[loud], rate), strict=True
    ):
        hz[index] = _named(resonances)
    return FormantTrack((np.arange(len(windows)) * step + size / 2) / rate, hz)


def _resonances(windows: NDArray[np.float64], rate: int) -> Iterator[NDArray[np.float64]]:
    """Frequencies of the sharp poles of each window (N, T), ascending."""
    size = windows.shape[1]
    lags = np.stack(
        [
            np.einsum("nt,nt->n", windows[:, : size - lag], windows[:, lag:])
            for lag in range(_ORDER + 1)
        ],
        axis=1,
    )
    lags[:, 0] *= 1 + 1e-9  # keeps the equations solvable for a pure tone
    # All windows at once: SciPy's solver for one such system takes longer to load than this.
    order = np.arange(_ORDER)
    equations = lags[:, np.abs(order[:, None] - order)]  # (N, 10, 10)
    predictors = np.linalg.solve(equations, lags[:, 1:, None])[..., 0]
    companions = np.zeros_like(equations)
    companions[:, 1:, :-1] = np.eye(_ORDER - 1)
    companions[:, 0] = predictors
    for poles in np.linalg.eigvals(companions):
        upper = poles[poles.imag > 0]
        frequencies = np.angle(upper) * rate / (2 * np.pi)
        bandwidths = -np.log(np.maximum(np.abs(upper), 1e-12)) * rate / np.pi
        sharp = (frequencies > _LOWEST) & (frequencies < _HIGHEST - 50) & (bandwidths < _WIDEST)
        yield np.sort(frequencies[sharp])


def _named(resonances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Which resonance is F1, F2, F3, F4: the naming nearest to a neutral tract, in octaves.

    Simply counting from below calls F3 whatever comes third when F2 was missed, or when a hum
    was found below F1.
    """
    count = min(COUNT, len(resonances))
    best, named = np.inf, np.full(COUNT, np.nan)
    for slots in combinations(range(COUNT), count):
        for chosen in combinations(resonances, count):
            cost = float(np.abs(np.log2(np.array(chosen) / _NEUTRAL[list(slots)])).sum())
            if cost < best:
                best, named = cost, np.full(COUNT, np.nan)
                named[list(slots)] = chosen
    return named
