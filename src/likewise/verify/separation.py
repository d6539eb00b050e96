"""Can a scorer tell same from other? The equal error rate of two sets of similarities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Separation:
    """How well two distributions of similarities separate.

    Attributes:
        equal_error_rate: Share, 0..1, that is wrong on both sides at the threshold where both
            errors are equal; 0.5 is guessing.
        threshold: That similarity.
        same: How many pairs are of the same speaker or person.
        other: How many pairs are of different ones.
    """

    equal_error_rate: float
    threshold: float
    same: int
    other: int


def separation(same: Sequence[float], other: Sequence[float]) -> Separation:
    """Equal error rate of accepting a pair when its similarity reaches a threshold.

    Args:
        same: Similarities of pairs that belong together.
        other: Similarities of pairs that don't.

    Raises:
        ValueError: One of them is empty.
    """
    if not len(same) or not len(other):
        raise ValueError("separation needs pairs of both kinds")
    together = np.sort(np.asarray(same, np.float64))
    apart = np.sort(np.asarray(other, np.float64))
    candidates = np.unique(np.concatenate([together, apart]))
    # Half-way between neighbours, and beyond both ends.
    middles = (candidates[1:] + candidates[:-1]) / 2
    thresholds = np.concatenate([candidates[:1] - 1, middles, candidates[-1:] + 1])
    missed = np.searchsorted(together, thresholds) / len(together)
    accepted = 1 - np.searchsorted(apart, thresholds) / len(apart)
    best = int(np.argmin(np.abs(missed - accepted)))
    rate = (missed[best] + accepted[best]) / 2
    return Separation(float(rate), float(thresholds[best]), len(together), len(apart))
