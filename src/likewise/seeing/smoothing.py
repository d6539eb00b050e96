"""Steady curves: smoothers without delay for files, a One-Euro filter for live use.

All treat every coordinate on its own. Sources: Rauch, Tung and Striebel 1965; Savitzky and Golay
1964; Casiez, Roussel and Vogel 2012, "1 Euro filter".
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

PROCESS_VARIANCE = 1e-5


def smooth(
    track: Floats, observation_variance: float, *, process_variance: float = PROCESS_VARIANCE
) -> Floats:
    """A random walk seen through noise, estimated from all of its samples.

    Args:
        track: (N, ...), any number of coordinates over N frames.
        observation_variance: Larger is smoother; the authors use 3e-7.
        process_variance: How far a coordinate walks from frame to frame.

    Returns:
        (N, ...), float64.
    """
    seen = np.asarray(track, float)
    means = seen.copy()
    variances = np.empty(len(seen))
    variance = 1.0
    for n in range(len(seen)):
        if n:
            variance = float(variances[n - 1]) + process_variance
        gain = variance / (variance + observation_variance)
        before = means[n - 1] if n else seen[0]
        means[n] = before + gain * (seen[n] - before)
        variances[n] = (1 - gain) * variance
    for n in range(len(seen) - 2, -1, -1):
        back = variances[n] / (variances[n] + process_variance)
        means[n] += back * (means[n + 1] - means[n])
    return means


def settled(track: Floats, width: float, jump: float) -> Floats:
    """Without trembling, without delay, and as quick as before where something really happens.

    A Savitzky-Golay filter of second order takes out what is small; where it would change a sample
    by much more than trembling does (a blink, lips that touch), the sample stays.

    Args:
        track: (N, ...), any number of coordinates over N frames.
        width: Frames that the filter looks at; below 3 nothing is done.
        jump: Difference from the filtered value that is no trembling.

    Returns:
        (N, ...), float64.
    """
    from scipy.signal import savgol_filter

    seen = np.asarray(track, float)
    window = min(round(width) // 2 * 2 + 1, (len(seen) - 1) // 2 * 2 + 1)
    if window < 5:
        return seen
    calm: Floats = savgol_filter(seen, window, 2, axis=0)
    happens = np.clip(np.abs(seen - calm) / jump - 0.5, 0.0, 1.0)
    steady: Floats = calm + happens * (seen - calm)
    return steady


class OneEuro:
    """Smooths what is slow and follows what is fast, sample by sample.

    Args:
        fps: Samples per second.
        cutoff: Hz below which a resting coordinate is smoothed.
        speed: How much the cutoff rises with speed.
    """

    def __init__(self, fps: float, *, cutoff: float = 1.0, speed: float = 50.0) -> None:
        self._fps, self._cutoff, self._speed = fps, cutoff, speed
        self._last: Floats | None = None
        self._rate: Floats | None = None

    def __call__(self, sample: Floats) -> Floats:
        """The smoothed value of the newest sample, any shape."""
        if self._last is None or self._rate is None:
            self._last, self._rate = sample.astype(float), np.zeros_like(sample, float)
            return self._last
        rate = (sample - self._last) * self._fps
        self._rate = self._rate + self._share(np.asarray(1.0)) * (rate - self._rate)
        share = self._share(self._cutoff + self._speed * np.abs(self._rate))
        self._last = self._last + share * (sample - self._last)
        return self._last

    def _share(self, cutoff: Floats) -> Floats:
        """Weight of a new sample for a cutoff in Hz."""
        omega: Floats = 2 * math.pi * cutoff / self._fps
        return omega / (omega + 1)
