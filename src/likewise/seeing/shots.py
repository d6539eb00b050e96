"""Where a film of a face is cut, and where the face is not seen.

Every reader of drivers treats both alike: a cut begins a shot with its own place and pose, and
while no face is seen the picture comes to rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float64]

CUT_WIDTHS: Final = 0.35
"""Way of the head between two frames, in face widths, that only a cut makes."""
CUT_SIZE: Final = 0.2
"""Change of the head's log-size between two frames that only a cut makes."""
CUT_DEGREES: Final = 30.0
BRIDGED_SECONDS: Final = 0.3
"""Longest time unseen that is bridged by interpolation."""

_USUAL_FPS = 20.0  # below, heads move further from frame to frame
_REST_SECONDS = 0.4  # to come to rest when the face is lost, and to take up again
_MOST_REMARKS = 4


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


def presence(seen: NDArray[np.bool_], fps: float, *, least: float = BRIDGED_SECONDS) -> Track:
    """How much of the driver's motion counts, (N,): 1 where it is seen, 0 in long absences.

    It falls to rest within 0.4 s after the face is lost and is back at 1 in the first frame seen.

    Args:
        seen: bool (N,).
        fps: Frames per second.
        least: Seconds up to which an absence is none.
    """
    frames = np.arange(len(seen))
    counts = np.ones(len(frames))
    for first, end in absences(seen, fps, least=least):
        before = first > 0  # at the very beginning there is nothing to come to rest from
        lost = (frames - first + 1) / fps / _REST_SECONDS if before else np.ones(len(frames))
        back = (end - frames) / fps / _REST_SECONDS if end < len(seen) else np.ones(len(frames))
        inside = (frames >= first) & (frames < end)
        gone = np.clip(np.minimum(lost, back), 0.0, 1.0)
        counts = np.where(inside, 1.0 - gone * gone * (3.0 - 2.0 * gone), counts)
    return counts


def remarks(film_shots: Sequence[Shot], seen: NDArray[np.bool_], fps: float) -> list[str]:
    """Cuts and absences in words, a few of them."""
    found = [
        f"The driver has a cut at {shot.first / fps:.1f} s; the pose goes on from where it was."
        for shot in film_shots[1:]
    ]
    found += [
        f"No face is seen in the driver from {first / fps:.1f} to {end / fps:.1f} s; the picture "
        "rests meanwhile."
        for first, end in absences(seen, fps)
    ]
    if len(found) > _MOST_REMARKS:
        more = len(found) - _MOST_REMARKS
        found[_MOST_REMARKS:] = [f"{more} more cuts and times without a face in the driver."]
    return found


def nearest_rotation(matrix: Track) -> Track:
    """The rotation nearest to a mean of rotations, (3, 3)."""
    left, _, right = np.linalg.svd(matrix)
    return np.asarray(left @ right)


def absences(
    seen: NDArray[np.bool_], fps: float, *, least: float = BRIDGED_SECONDS
) -> Iterator[tuple[int, int]]:
    """First and end frame of each stretch unseen for longer than `least` seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], seen, [True]]).astype(int)))
    for first, end in edges.reshape(-1, 2).tolist():
        if (end - first) / fps > least:
            yield first, end
