"""A film's face without trembling, while it streams: each frame looks at a few around it.

for frame in steadied(film.sightings()):
    frame.picture, frame.points, frame.presence
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from likewise.seeing.following import Sighting
from likewise.seeing.shots import CUT_WIDTHS

REACH = 2
"""Frames on either side that are looked at, and held."""

_WEIGHTS = np.array([-3.0, 12.0, 17.0, 12.0, -3.0]) / 35.0  # Savitzky and Golay 1964, quadratic


@dataclass(frozen=True, slots=True, eq=False)
class Steady:
    """One frame of a film.

    Attributes:
        picture: uint8 (H, W, 3), RGB.
        points: float32 (478, 3), the face, None while it isn't seen.
        presence: 0..1, how much of what is done to the face should show: it fades in and out over
            the frames beside those in which it isn't seen, and around cuts it doesn't.
    """

    picture: NDArray[np.uint8]
    points: NDArray[np.float32] | None
    presence: float


def steadied(sightings: Iterable[Sighting]) -> Iterator[Steady]:
    """The same frames, two later, with points smoothed over five frames of one shot."""
    held: deque[Sighting | None] = deque([None] * (2 * REACH + 1), maxlen=2 * REACH + 1)
    for sighting in chain(sightings, [None] * REACH):
        held.append(sighting)
        if held[REACH] is not None:
            yield _steady(list(held))


def _steady(around: list[Sighting | None]) -> Steady:
    now = around[REACH]
    assert now is not None
    if now.face is None:
        return Steady(now.picture, None, 0.0)
    rows = [_alike(now, other) for other in around]
    # Not beyond the film's ends, where nothing fades, but beside frames without the face.
    missing = [
        abs(place - REACH)
        for place, other in enumerate(around)
        if other is not None and other.face is None
    ]
    presence = min(missing, default=REACH + 1) / (REACH + 1)
    if any(row is None for row in rows):
        return Steady(now.picture, now.face.points, presence)
    smooth = np.tensordot(_WEIGHTS, np.stack([row for row in rows if row is not None]), axes=1)
    return Steady(now.picture, smooth.astype(np.float32), presence)


def _alike(now: Sighting, other: Sighting | None) -> NDArray[np.float32] | None:
    """The points of another frame, None where it shows no face or belongs to another shot."""
    if other is None or other.face is None or now.face is None:
        return None
    way = np.linalg.norm((other.face.points - now.face.points)[:, :2].mean(axis=0))
    if way > CUT_WIDTHS * now.face.width:
        return None
    return other.face.points
