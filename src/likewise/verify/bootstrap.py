"""How sure a mean is: percentile bootstrap intervals (Efron and Tibshirani 1993, chapter 13)."""

from collections.abc import Sequence

import numpy as np

FEWEST = 4
"""Fewer independent measurements than this give no honest interval."""

_DRAWS = 2_000


def interval(
    numerators: Sequence[float], denominators: Sequence[float] | None = None, *, seed: int = 0
) -> tuple[float, float] | None:
    """95 % interval of a mean, or of a ratio of sums such as errors to words.

    Args:
        numerators: One number for each independent part (sentence, clip, word).
        denominators: Sizes of the parts; None for a plain mean.
        seed: Of the draws, so that a report says the same twice.

    Returns:
        (low, high), or None with fewer than `FEWEST` parts.
    """
    values = np.asarray(numerators, np.float64)
    sizes = np.ones_like(values) if denominators is None else np.asarray(denominators, np.float64)
    if len(values) < FEWEST:
        return None
    drawn = np.random.default_rng(seed).integers(0, len(values), (_DRAWS, len(values)))
    totals = sizes[drawn].sum(1)
    ratios = values[drawn].sum(1)[totals > 0] / totals[totals > 0]
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)
