"""Where a film of a face is cut, and where the face is not seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.motion.curves import Track

CUT_WIDTHS: Final = 0.35
"""Way of the head between two frames, in face widths, that only a cut makes."""
CUT_SIZE: Final = 0.2
"""Change of the head's log-size between two frames that only a cut makes."""
CUT_DEGREES: Final = 30.0
BRIDGED_SECONDS: Final = 0.3
"""Longest time unseen that is bridged by interpolation."""

_USUAL_FPS = 20.0  # below, heads move further from frame to frame


@dataclass(frozen=True, slots=True)
class Shot:
    """Consecutive frames from one camera: `first` up to, but not including, `end`."""

    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first

    @property
    def frames(self) -> slice:
        """Its frames as a slice."""
        return slice(self.first, self.end)


def shots(seen: NDArray[np.bool_], way: Track, size: Track, turn: Track, fps: float) -> list[Shot]:
    """The shots of a film.

    Args:
        seen: bool (N,), whether the face is seen.
        way: (N, 2), where the head is, in face widths.
        size: (N,), its log-size.
        turn: (N, 3, 3), its rotation.
        fps: Frames per second.

    Returns:
        Shots that cover all N frames; one begins where the head jumps between two seen frames.
    """
    frames = np.flatnonzero(seen)
    slack = max(1.0, _USUAL_FPS / fps)
    borders = [0]
    for before, after in pairwise(frames.tolist()):
        gap = slack * (after - before)
        cosine = (np.trace(turn[before].T @ turn[after]) - 1) / 2
        if (after - before) / fps <= BRIDGED_SECONDS and (
            float(np.linalg.norm(way[after] - way[before])) > CUT_WIDTHS * gap
            or abs(float(size[after] - size[before])) > CUT_SIZE * gap
            or float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))) > CUT_DEGREES * gap
        ):
            borders.append(after)
    return [Shot(first, end) for first, end in pairwise([*borders, len(seen)])]


def bridged(track: Track, seen: NDArray[np.bool_]) -> Track:
    """The track with unseen frames filled: straight lines between, the nearest value outside."""
    if seen.all():
        return track
    known = np.flatnonzero(seen)
    frames = np.arange(len(seen))
    flat = track.reshape(len(track), -1)
    filled = np.stack([np.interp(frames, known, column[known]) for column in flat.T], axis=1)
    return filled.reshape(track.shape)


def absences(seen: NDArray[np.bool_], fps: float) -> Iterator[tuple[int, int]]:
    """First and end frame of each stretch unseen for longer than can be bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], seen, [True]]).astype(int)))
    for first, end in edges.reshape(-1, 2).tolist():
        if (end - first) / fps > BRIDGED_SECONDS:
            yield first, end
