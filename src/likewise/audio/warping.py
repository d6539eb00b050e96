"""Dynamic time warping (Sakoe and Chiba 1978): which moment of one sound is which of another."""

import numpy as np
from numpy.typing import NDArray


def cheapest_path(costs: NDArray[np.floating]) -> tuple[NDArray[np.intp], float]:
    """The cheapest way through a matrix of costs, from corner to corner.

    Each step goes one row on, one column on, or both; the way pays every cell that it visits.

    Args:
        costs: (N, M), cost of pairing moment n of one sound with moment m of the other.

    Returns:
        int (K, 2), rows and columns in order, from (0, 0) to (N - 1, M - 1), and the way's cost.

    Raises:
        ValueError: An empty matrix, or costs that are no numbers.
    """
    if costs.ndim != 2 or not costs.size or not np.isfinite(costs).all():
        raise ValueError(f"DTW wants a matrix of finite costs, got shape {costs.shape}")
    costs = costs.astype(np.float64)
    total = np.empty_like(costs)
    total[0] = np.cumsum(costs[0])
    for row in range(1, len(costs)):
        above, along = total[row - 1], np.cumsum(costs[row])
        entry = costs[row] + above
        entry[1:] = costs[row, 1:] + np.minimum(above[1:], above[:-1])
        # A run along the row is a running minimum once its own cost is taken off.
        total[row] = np.minimum.accumulate(entry - along) + along
    return _walk_back(total), float(total[-1, -1])


def _walk_back(total: NDArray[np.float64]) -> NDArray[np.intp]:
    """From the last corner to the first, each time to the cheapest of three neighbours."""
    row, column = total.shape[0] - 1, total.shape[1] - 1
    path = [(row, column)]
    while row or column:
        before = [
            (total[row - down, column - right], row - down, column - right)
            for down, right in ((1, 1), (1, 0), (0, 1))
            if row >= down and column >= right
        ]
        _, row, column = min(before, key=lambda step: step[0])
        path.append((row, column))
    return np.array(path[::-1], np.intp)
