"""Rings around a face, which carry what moves with a head: hair, neck, shoulders, a bending wall.

Around the face's oval lie rings, each larger and deeper than the last, that follow the head less
and less until the outermost stands still: hair goes with the face, shoulders and background stay.
Where hair ends before a wall, the rings are drawn in, so that the wall bends beside the head only.
Everything beyond the last ring is the untouched picture.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.matting import Sitter
from likewise.face.mesh.topology import OVAL

# Of each ring: size over the oval, how far it follows the head, depth, how far it follows the jaw.
_RINGS = (
    (1.22, 1.00, -3.0, 0.55),
    (1.55, 0.75, -5.5, 0.20),
    (1.95, 0.32, -7.0, 0.05),
    (2.50, 0.00, -7.5, 0.00),
)
# Where the head is seen to end, its last rings are drawn in: how far beyond the end of the head the
# first of them lies and at least, over how much of the oval what is behind still bends, and how far
# each ring then follows. Three films driven by themselves: SSIM 0.693 with wide rings only, 0.703
# with a band of 0.45, 0.706 with 0.3, whose seams show. What can't be cut out needs room not to be
# folded over what is behind by the furthest shift.
_BEYOND, _NEAREST, _BAND, _BAND_UNCUT = 0.1, 1.32, 0.45, 0.9
_CONFINED_FOLLOWS = (1.0, 0.95, 0.45, 0.0)
_SHOULDERS_STAY = 0.4  # how much less neck and shoulders turn than hair above
# A head that goes to the side, up or nearer takes the body along: sizes of the rings on rays that
# run down, how far each goes along, and over how far it would turn elsewhere. In films shoulders
# take .4 of small shifts and .9 of large ones.
_BODY = ((1.22, 1.0, 1.0), (1.6, 0.95, 1.0), (2.4, 0.75, 0.0), (4.0, 0.0, 0.0))
_DOWN = (0.25, 0.6)  # how far down a ray points that begins to and fully runs down the body
_BEYOND_OVAL = 1.01  # times as far from the middle as the oval is a cheek that hides it
# Face widths from there to the first ring at least, for the edge of a cheek is soft; and from each
# ring to the next, which depth lets slide behind it.
_CLEAR = (0.07, 0.02, 0.02, 0.02)


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """The rings around the face, R points in all.

    Attributes:
        points: float64 (R, 3), canonical.
        follows: (R,), how far each follows the head.
        leans: (R,), how far each goes along where the head goes to another place.
        jaw: (R,), how far each follows the jaw.
        nearest: (R,), the point of the face's outline inside each.
    """

    points: NDArray[np.float64]
    follows: NDArray[np.float64]
    leans: NDArray[np.float64]
    jaw: NDArray[np.float64]
    nearest: NDArray[np.intp]

    @classmethod
    def around(
        cls,
        rest: NDArray[np.float64],
        outline: NDArray[np.intp],
        ends: NDArray[np.float64],
        *,
        body: bool,
        cut_out: bool,
    ) -> "Rings":
        """Rings around an oval.

        Args:
            rest: (468, 3), canonical.
            outline: (36,), points of the face's outline in the picture, as `outline_of` tells them.
            ends: (36,), where the head ends on each ray, over the oval.
            body: Whether there are neck and shoulders of a human.
            cut_out: Whether the sitter is a layer of their own.
        """
        middle = np.array([0.0, rest[list(OVAL), 1].mean()])
        rays = rest[list(OVAL), :2] - middle
        down = -rays[:, 1] / np.linalg.norm(rays, axis=1)
        runs_down = np.clip((down - _DOWN[0]) / (_DOWN[1] - _DOWN[0]), 0, 1) * body
        points, follows, leans, jaw, nearest = [], [], [], [], []
        for number, (_, _, depth, jaw_weight) in enumerate(_RINGS):
            ring = rest[list(OVAL)[:: _thinning(number)]]
            sizes, weights = _confined(number, ends, _BAND if cut_out else _BAND_UNCUT)
            size, along, turning = _BODY[number]
            sizes = sizes + (size - sizes) * runs_down
            sizes, weights, on_body = (
                values[:: _thinning(number)] for values in (sizes, weights, runs_down)
            )
            ring[:, :2] = middle + (ring[:, :2] - middle) * sizes[:, None]
            ring[:, 2] = ring[:, 2] * 0.3 + depth
            # Neck and shoulders below the chin follow less than hair above.
            below = np.clip((middle[1] - ring[:, 1] - 4) / 8, 0, 1)
            points.append(ring)
            turns = weights * (1 - below * _SHOULDERS_STAY) * (1 + on_body * (turning - 1))
            follows.append(turns)
            leans.append(turns + np.maximum(along - turns, 0) * on_body)
            jaw.append(jaw_weight * (1 - on_body * (number > 1)))
            nearest.append(outline[:: _thinning(number)])
        return cls(np.vstack(points), *map(np.concatenate, (follows, leans, jaw, nearest)))


def head_ends(found: Sitter | None) -> NDArray[np.float64]:
    """Where the head ends on each ray through the oval, over the oval; at most the last ring."""
    furthest = _RINGS[-1][0]
    return np.full(len(OVAL), furthest) if found is None else found.ends(furthest)


def _confined(
    number: int, ends: NDArray[np.float64], band: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sizes of a ring's points over the oval and how far they follow, (36,) each."""
    size, weight = _RINGS[number][:2]
    furthest = _RINGS[-1][0]
    edge = np.maximum(ends + _BEYOND, _NEAREST)
    outer = edge + band
    near = np.array([np.full_like(edge, _RINGS[0][0]), edge, (edge + outer) / 2, outer])[number]
    # A ray that leaves the picture or runs down the body before the head ends keeps wide rings.
    share = np.clip((furthest - _BAND - ends) / 0.3, 0, 1)
    follows = weight + (_CONFINED_FOLLOWS[number] - weight) * share
    return size + (near - size) * share, follows


def _thinning(number: int) -> int:
    """The first ring has all of the oval's points, the further ones every second."""
    return 1 if number == 0 else 2


def outline_of(points: NDArray[np.float64]) -> NDArray[np.intp]:
    """The face's outline as the picture shows it, (36,) points of the mesh.

    The cheek of a turned head hides the oval behind it. What is around the head hangs on the cheek,
    or the old edge of a cheek that draws in would stay to be seen beside the new one.
    """
    oval = points[list(OVAL), :2]
    off = points[:, :2] - oval.mean(axis=0)
    far, angles = np.hypot(*off.T), np.arctan2(off[:, 1], off[:, 0])
    apart = np.angle(np.exp(1j * (angles - angles[list(OVAL), None])))
    # Of the points around each ray, which end where those of its neighbours begin.
    around = np.abs(apart) <= np.abs(apart).min(axis=0)
    outermost = np.where(around, far, 0).argmax(axis=1)
    beyond = far[outermost] > _BEYOND_OVAL * far[list(OVAL)]
    return np.where(beyond, outermost, OVAL)


def clear(rings: NDArray[np.float64], outline: NDArray[np.float64], face_width: float) -> None:
    """Move the rings (R, >= 2) of a picture, in place, so that each runs around what is inside it.

    Args:
        rings: Pixels.
        outline: (36, 2), the face's outline, pixels.
        face_width: Pixels.
    """
    inside, first = outline, 0
    for number, least in enumerate(_CLEAR):
        inside = inside[:: _thinning(number) // _thinning(max(number - 1, 0))]
        ring = rings[first : first + len(inside), :2]  # a view
        middle = inside.mean(axis=0)
        off = ring - middle
        far = np.linalg.norm(off, axis=1)
        lacking = np.linalg.norm(inside - middle, axis=1) + least * face_width - far
        ring += off * (np.maximum(lacking, 0) / far)[:, None]
        inside, first = ring, first + len(inside)


def ring_triangles(outline: NDArray[np.intp]) -> NDArray[np.int32]:
    """Strips between the face's outline (36,) and the rings, the outermost first."""
    loops = [outline]
    first = 468
    for number in range(len(_RINGS)):
        count = len(OVAL) // _thinning(number)
        loops.append(first + np.arange(count))
        first += count
    strips = []
    for inner, outer in reversed(list(pairwise(loops))):
        step = len(inner) // len(outer)
        start, end = inner[::step], np.roll(inner, -step)[::step]
        next_outer = np.roll(outer, -1)
        middle = start
        if step == 2:
            middle = inner[1::2]
            strips.append(np.stack([start, outer, middle], axis=1))
        strips.append(np.stack([middle, outer, next_outer], axis=1))
        strips.append(np.stack([middle, next_outer, end], axis=1))
    return np.vstack(strips).astype(np.int32)
