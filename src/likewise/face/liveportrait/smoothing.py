"""Steady curves: a Kalman smoother for files, a One-Euro filter for live use.

Both treat every coordinate on its own. Sources: Rauch, Tung and Striebel 1965; Casiez, Roussel and
Vogel 2012, "1 Euro filter".
"""

import math

import numpy as np

from likewise.face.liveportrait.keypoints import Floats

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
