"""Lips as surfaces that touch: dictated gaps, and no lip through the other."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.topology import LOWER_LIP_ROWS, UPPER_LIP_ROWS
from likewise.seeing.canonical import mesh
from likewise.seeing.measures import LOWER_INNER_LIP, UPPER_INNER_LIP
from likewise.values import INDEX

_UPPER = np.array(UPPER_INNER_LIP)
_LOWER = np.array(LOWER_INNER_LIP)
_LIGHT_PRESS, _FULL_PRESS = 0.13, 0.21  # mouthPress that begins and completes a closure
_WITHIN = 0.8  # of the way to the lip's next row
_WITHIN_CORNERS = 0.5  # of that; both lips move the corners
_PARTED = 0.03  # face widths between lips that are parted
_ROW_WEIGHTS = (0.75, 0.95, 1.0, 1.0)  # outer edge of the lip to inner edge


def gaps(canonical: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inner-lip gaps (11,) in canonical centimetres, negative where lips cross."""
    return np.asarray(canonical[_UPPER, 1] - canonical[_LOWER, 1])


def part_lips(
    canonical: NDArray[np.float64], wanted: NDArray[np.floating], upper_share: float = 0.35
) -> None:
    """Move the lips, in place, so that their inner gaps are `wanted` (11,); NaN leaves a pair.

    The corners stay; the chin follows a little.

    Args:
        canonical: (468, 3) canonical points.
        wanted: Centimetres.
        upper_share: How much of a change the upper lip takes; the jaw does the rest.
    """
    change = wanted - gaps(canonical)
    change = np.where(np.isnan(change), 0.0, change)
    change[[0, -1]] = 0.0
    for weight, upper, lower in zip(_ROW_WEIGHTS, UPPER_LIP_ROWS, LOWER_LIP_ROWS, strict=True):
        canonical[list(upper), 1] += upper_share * weight * change
        canonical[list(lower), 1] -= (1 - upper_share) * weight * change
    points, weights = _chin()
    canonical[points, 1] -= weights * change[3:8].mean() * (1 - upper_share)


def take_from_within(texture: NDArray[np.float64], face_width: float, amount: float = 1.0) -> None:
    """Take the edges of parted lips from a little inside the lips, in place.

    The edge of parted lips is where teeth and darkness begin, and no tracker finds it exactly;
    drawn out it would show a fringe of them. The wider the lips are parted, the further inside.

    Args:
        texture: (V, 2), where in the picture each vertex takes its colour from.
        face_width: Pixels.
        amount: How far to go, 0..1.
    """
    apart = np.linalg.norm(texture[_UPPER] - texture[_LOWER], axis=1, keepdims=True)
    share = amount * _WITHIN * np.clip(apart / (_PARTED * face_width), 0.0, 1.0)
    share[[0, -1]] = _WITHIN_CORNERS * share[[1, -2]]
    for rows in (UPPER_LIP_ROWS, LOWER_LIP_ROWS):
        inner, next_row = (texture[list(row)] for row in (rows[3], rows[2]))
        texture[list(rows[3])] = inner + share * (next_row - inner)


def closing(coefficients: NDArray[np.floating]) -> float:
    """How far the lips are brought together whatever the jaw does, 0..1.

    `mouthClose` says so; lips that are pressed on each other touch as well.
    """
    press = (coefficients[INDEX["mouthPressLeft"]] + coefficients[INDEX["mouthPressRight"]]) / 2
    pressed = np.clip((float(press) - _LIGHT_PRESS) / (_FULL_PRESS - _LIGHT_PRESS), 0, 1)
    return float(max(pressed, np.clip(coefficients[INDEX["mouthClose"]], 0, 1)))


def opened_further(
    rest: NDArray[np.floating], commanded: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Gaps of a mouth that is open at rest: openings add as powers of 1.5, closings fully.

    A full vowel on top of an open smile would tear the mouth wide open; a vowel as such opens to
    the same width from an open mouth as from a shut one.
    """
    more = commanded - rest
    wider = (np.maximum(rest, 0) ** 1.5 + np.maximum(more, 0) ** 1.5) ** (2 / 3)
    return np.asarray(np.minimum(rest, 0) + wider + np.minimum(more, 0))


def keep_apart(canonical: NDArray[np.float64], rest: NDArray[np.floating]) -> None:
    """Where the lips cross, let them meet half-way, in place.

    Args:
        canonical: (468, 3) canonical points.
        rest: (11,), the portrait's own gaps; a tracker may see shut lips as crossing a little, and
            what it saw is left alone.
    """
    crossing = np.minimum(gaps(canonical) - np.minimum(rest, 0.0), 0.0) / 2
    crossing[[0, -1]] = 0.0
    canonical[_UPPER, 1] -= crossing
    canonical[_LOWER, 1] += crossing


@cache
def _chin() -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Points of the chin and how far each follows the lower lip."""
    vertices = mesh().vertices
    distance = np.linalg.norm(vertices - [0.0, -7.0, 5.0], axis=1)
    follows = np.where(vertices[:, 1] < -5.3, 0.75 * np.exp(-((distance / 2.2) ** 2)), 0.0)
    lips = {index for row in UPPER_LIP_ROWS + LOWER_LIP_ROWS for index in row}
    follows[list(lips)] = 0.0
    points = np.flatnonzero(follows > 0.03)
    return points, follows[points]
