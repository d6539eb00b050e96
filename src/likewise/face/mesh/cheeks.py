"""Cheeks that a turning head brings to light: how far it may turn, and which skin they show.

What a picture saw of such a cheek is a strip beside the face's edge, seen almost edge-on and mixed
with what is behind. Drawn out to a whole cheek it would be streaks. So the edge takes its colour
from further inside the face, and between it and eyes, brows and mouth the skin is spread evenly
over what is seen after the turn: as an elastic sheet pulled to its new place would, each point of
the skin is taken from the mean of its neighbours' (a harmonic map with cotangent weights).

Source: Pinkall and Polthier, "Computing discrete minimal surfaces and their conjugates", 1993.
"""

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.topology import BROWS, EYES, OVAL, triangles
from likewise.seeing.canonical import NECK, Placement, head_rotation, mesh, pose_of

# A turned head hides a cheek, from the first of these degrees on and wholly from the second.
# Turning it back shows that cheek only for so many degrees before it smears; the room shrinks with
# each degree that the head is turned.
_HIDES, _TURNED, _FRONTAL_ROOM, _ROOM_LOST, _LEAST_ROOM = 4.0, 12.0, 13.0, 0.4, 4.0
# How far inside its edge takes its colour, in face widths: of a face seen from the front, and more
# where the cheek was hidden; fully once turned by so many degrees, fewer for a hidden cheek.
_WITHIN, _WITHIN_HIDDEN = 0.02, 0.035
_REVEALED, _REVEALED_HIDDEN = 12.0, 4.0
_EDGE = 0.7  # of the way from the face's middle to its oval, where that begins
# Degrees of a turn after which all skin is spread evenly, and fewer for a hidden cheek; with the
# square of the turn, for skin that is hardly drawn out is best left where it is.
_SPREAD, _SPREAD_HIDDEN = 16.0, 9.0
_FOLDED = 18.0, 25.0  # degrees that hide a cheek of which less, and none, is spread
_SPREAD_FROM = 0.6  # of the way from the face's middle to its oval, where skin is spread
_BESIDE = 0.2  # half face widths from the middle, where the side of a face begins
_FLATTENED = 0.15  # of its depth that a face keeps in the picture, or folded skin had no size
_NARROWEST = 0.05  # least sine of a triangle's angle, and ...
_LOOSEST = 0.01  # ... least weight of an edge, for blunt angles would push apart

_RIGHT_SIDE, _LEFT_SIDE = 234, 454


class Cheeks:
    """The two cheeks of one portrait.

    Args:
        points: (468, 3), the face in the picture, pixels.
        rest: (468, 3), the same, canonical.
        placement: Where the head is in the picture.
    """

    def __init__(
        self, points: NDArray[np.float64], rest: NDArray[np.float64], placement: Placement
    ) -> None:
        self._points, self._rest, self._placement = points, rest, placement
        self._own_yaw = pose_of(placement.rotation.T)[0]

    def shown_yaw(self, yaw: float) -> float:
        """Yaw in degrees, held back where it would bring a cheek to light that was never seen."""
        if yaw * self._own_yaw >= 0:
            return yaw
        room = max(_FRONTAL_ROOM - _ROOM_LOST * abs(self._own_yaw), _LEAST_ROOM)
        return yaw + _hidden(self._own_yaw) * (room * math.tanh(yaw / room) - yaw)

    def slide_skin(self, texture: NDArray[np.float64], yaw: float) -> None:
        """Take the skin of the cheek that comes to light from further inside, in place.

        Args:
            texture: (V, 2), where in the picture each vertex takes its colour from.
            yaw: Degrees.
        """
        turned = self.shown_yaw(yaw)
        if not turned:
            return
        hidden = _hidden(self._own_yaw) if yaw * self._own_yaw < 0 else 0.0
        fully = _REVEALED + (_REVEALED_HIDDEN - _REVEALED) * hidden
        inward, spread = self._moves[0 if turned > 0 else 1]
        texture[:468] += inward * min(abs(turned) / fully, 1.0)
        widely = _SPREAD + (_SPREAD_HIDDEN - _SPREAD) * hidden
        texture[:468] += spread * min(abs(turned) / widely, 1.0) ** 2

    @cached_property
    def _moves(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """How far inward and how far else skin slides where it comes to light, (468, 2) each.

        For a head that turns to the picture's right, and to its left. Found at the first turn, for
        dubbing makes two rigs for each frame of a film and turns none of them.
        """
        across = self._points[_LEFT_SIDE, :2] - self._points[_RIGHT_SIDE, :2]
        width = float(np.linalg.norm(across)) or 1.0
        across = across / width
        moves = []
        for side in (-1.0, 1.0):  # what turning to the right shows lies on the left
            own = max(self._own_yaw * side, 0.0)  # how far that cheek is turned away
            within = -side * width * (_WITHIN + _WITHIN_HIDDEN * _hidden(own)) * _edge(side)
            turn = head_rotation(-side * _SPREAD, 0.0, 0.0)
            turned = self._placement.to_picture((self._rest - NECK) @ turn.T + NECK)
            evenly = _evenly(self._points[:, :2] @ across + within, turned, _skin_of(side))
            evenly *= 1 - np.clip((own - _FOLDED[0]) / (_FOLDED[1] - _FOLDED[0]), 0, 1)
            moves.append((within[:, None] * across, evenly[:, None] * across))
        return moves


def _hidden(yaw: float) -> float:
    """How far a head turned by some degrees hides one of its cheeks, 0..1."""
    return min(1.0, max(0.0, (abs(yaw) - _HIDES) / (_TURNED - _HIDES)))


def _places() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far to the picture's right of the face's middle each point is, and how far from it.

    Both (468,), 1 at the oval.
    """
    canonical = mesh().vertices[:, :2]
    low, high = canonical[list(OVAL)].min(axis=0), canonical[list(OVAL)].max(axis=0)
    beside, rise = ((canonical - (low + high) / 2) / ((high - low) / 2)).T
    return beside, np.hypot(beside, rise)


def _edge(side: float) -> NDArray[np.float64]:
    """How far each point (468,) belongs to the face's edge on one side, 0..1."""
    beside, far = _places()
    return np.asarray(np.clip((far - _EDGE) / (1 - _EDGE), 0, 1) * np.clip(2 * side * beside, 0, 1))


def _skin_of(side: float) -> NDArray[np.intp]:
    """Points of bare skin between a face's features and its oval on one side."""
    beside, far = _places()
    bare = (side * beside > _BESIDE) & (far > _SPREAD_FROM)
    bare[list(OVAL + BROWS)] = False
    for eye in EYES.values():
        rows = (eye.outline, eye.below, *(row for row, _ in eye.lid_rows))
        bare[[*(point for row in rows for point in row), eye.beside]] = False
    return np.flatnonzero(bare)


def _evenly(
    places: NDArray[np.float64], turned: NDArray[np.float64], moving: NDArray[np.intp]
) -> NDArray[np.float64]:
    """How far to move some places, so that the skin is spread evenly over the turned face, (468,).

    Args:
        places: (468,), where the skin of each point is in the picture.
        turned: (468, 3), where the points are after the turn.
        moving: Points whose places move; the others hold them.
    """
    flat = turned * [1.0, 1.0, _FLATTENED]
    skin, _ = triangles()
    weights = np.zeros((len(flat), len(flat)))
    for first, second, third in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        one, other = skin[:, first], skin[:, second]
        to_one, to_other = flat[one] - flat[skin[:, third]], flat[other] - flat[skin[:, third]]
        sizes = np.linalg.norm(to_one, axis=1) * np.linalg.norm(to_other, axis=1)
        sine = np.linalg.norm(np.cross(to_one, to_other), axis=1)
        cotangent = (to_one * to_other).sum(axis=1) / np.maximum(sine, _NARROWEST * sizes)
        np.add.at(weights, (one, other), cotangent)
        np.add.at(weights, (other, one), cotangent)
    weights = np.where(weights == 0, 0, np.maximum(weights, _LOOSEST))
    tension = np.diag(weights.sum(axis=1)) - weights
    moves = np.zeros(len(flat))
    moves[moving] = np.linalg.solve(tension[np.ix_(moving, moving)], -(tension @ places)[moving])
    return moves
