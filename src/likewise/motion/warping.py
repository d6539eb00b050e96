"""Dynamic time warping that knows silence, in memory that grows with length, not its square.

The path pays the distance of what it pairs. Stretching speech costs a little extra, so that it
bends only where the sounds say so; stretching or skipping silence is almost free, because pauses
are where two speakers differ most. A coarse pass finds a corridor, a fine pass walks in it
(Salvador and Chan 2007, "FastDTW").
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.motion.curves import Track

_STRETCH: Final = 0.12
"""Extra cost of a frame of stretched speech."""

_PAUSE: Final = 0.03
"""Cost of a frame of stretched silence."""

_SKIP: Final = 1.0
"""Cost of a loud frame of the recording before the first or after the last word."""

_COARSE: Final = 8
_CORRIDOR: Final = 60
"""Half width of the fine pass around the coarse path, in frames."""

_DIAGONAL, _DOWN, _RIGHT = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Sounds:
    """Frames of speech for comparison.

    Attributes:
        features: float64 (N, D), each row of unit length.
        activity: float64 (N,), 0 in silence to 1 in speech.
    """

    features: Track
    activity: Track

    def coarse(self) -> "Sounds":
        """Averages of 8 frames."""
        count = -(-len(self.features) // _COARSE)
        pad = count * _COARSE - len(self.features)
        features = np.pad(self.features, ((0, pad), (0, 0)), mode="edge")
        activity = np.pad(self.activity, (0, pad), mode="edge")
        means = features.reshape(count, _COARSE, -1).mean(axis=1)
        norms = np.linalg.norm(means, axis=1, keepdims=True)
        return Sounds(means / np.maximum(norms, 1e-9), activity.reshape(count, -1).mean(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A warping path.

    Attributes:
        rows: int (P,), frames of the first sound, never falling.
        columns: int (P,), the frames of the second sound that they are paired with.
        distances: float64 (P,), feature distance of each pair that is speech in both, else NaN.
    """

    rows: NDArray[np.int_]
    columns: NDArray[np.int_]
    distances: Track


def warp(first: Sounds, second: Sounds) -> Path:
    """The cheapest pairing of all of `first` with a stretch of `second`, both in order."""
    height, width = len(first.activity), len(second.activity)
    if max(height, width) <= 4 * _CORRIDOR:
        return _walk(first, second)
    coarse = _walk(first.coarse(), second.coarse())
    return _walk(first, second, *_corridor(coarse, height, width))


def _corridor(coarse: Path, height: int, width: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Columns that each row of the fine pass may visit."""
    rows = np.arange(height) // _COARSE
    earliest = np.full(rows[-1] + 1, width)
    latest = np.zeros(rows[-1] + 1, int)
    np.minimum.at(earliest, coarse.rows, coarse.columns * _COARSE)
    np.maximum.at(latest, coarse.rows, (coarse.columns + 1) * _COARSE)
    low = np.maximum(earliest[rows] - _CORRIDOR, 0)
    high = np.minimum(latest[rows] + _CORRIDOR, width)
    return low, high


def _walk(
    first: Sounds,
    second: Sounds,
    low: NDArray[np.int_] | None = None,
    high: NDArray[np.int_] | None = None,
) -> Path:
    """Dynamic programming, a row of the matrix at a time."""
    height, width = len(first.activity), len(second.activity)
    low = np.zeros(height, int) if low is None else low
    high = np.full(height, width) if high is None else high
    skipped = np.concatenate([[0.0], np.cumsum(_SKIP * second.activity)])
    above_low, above = -1, skipped
    moves: list[NDArray[np.uint8]] = []
    for row in range(height):
        start, end = int(low[row]), int(high[row])
        distance = _distances(first, second, row, start, end)
        active = second.activity[start:end]
        down_cost = _move_cost(distance, first.activity[row])
        right_cost = np.cumsum(_move_cost(distance, active))
        from_diagonal = _shifted(above, above_low, start - 1, end - 1) + 2.0 * distance
        from_above = _shifted(above, above_low, start, end) + down_cost
        if row == 0:
            from_above[:] = np.inf
        entry = np.minimum(from_diagonal, from_above)
        # A run of moves to the right is a running minimum once its own cost is taken off.
        total = np.minimum.accumulate(entry - right_cost) + right_cost
        move = np.where(from_diagonal <= from_above, _DIAGONAL, _DOWN).astype(np.uint8)
        move[total < entry - 1e-9] = _RIGHT
        moves.append(move)
        above_low, above = start, total
    start = int(low[-1])
    left_over = skipped[-1] - skipped[start + 1 : start + 1 + len(above)]
    column = start + int(np.argmin(above + left_over))
    return _trace(first, second, moves, low, column)


def _trace(
    first: Sounds,
    second: Sounds,
    moves: list[NDArray[np.uint8]],
    low: NDArray[np.int_],
    column: int,
) -> Path:
    """Follow the moves back from the end."""
    rows: list[int] = []
    columns: list[int] = []
    row = len(moves) - 1
    while row >= 0 and column >= 0:
        rows.append(row)
        columns.append(column)
        move = moves[row][column - int(low[row])]
        row -= move != _RIGHT
        column -= move != _DOWN
    along, across = np.array(rows[::-1]), np.array(columns[::-1])
    likeness = np.einsum("ij,ij->i", first.features[along], second.features[across])
    speech = np.minimum(first.activity[along], second.activity[across]) > 0.5
    return Path(along, across, np.where(speech, 1.0 - likeness, np.nan))


def _distances(first: Sounds, second: Sounds, row: int, start: int, end: int) -> Track:
    """Distance of one row's frame from some columns' frames."""
    unlike = 1.0 - second.features[start:end] @ first.features[row]
    here, there = first.activity[row], second.activity[start:end]
    distance: Track = unlike * here * there + np.abs(here - there)
    return distance


def _move_cost(distance: Track, activity: Track | np.float64) -> Track:
    """Cost of stretching over a frame that is more or less silent."""
    return activity * (distance + _STRETCH) + (1.0 - activity) * _PAUSE


def _shifted(values: Track, values_start: int, start: int, end: int) -> Track:
    """Columns `start` to `end` of a row that is known from `values_start` on, else infinite."""
    row = np.full(end - start, np.inf)
    first, last = max(start, values_start), min(end, values_start + len(values))
    if first < last:
        row[first - start : last - start] = values[first - values_start : last - values_start]
    return row
