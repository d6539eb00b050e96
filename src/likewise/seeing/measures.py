"""Small measurements on tracked points that do not depend on the face's size in the picture.

The face engine's tests and the verification use the same ones, so that "the mouth is open" means
one thing everywhere.
"""

import numpy as np
from numpy.typing import NDArray

UPPER_INNER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
"""Inner edge of the upper lip, from the person's right corner to the left."""
LOWER_INNER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""Inner edge of the lower lip, paired with `UPPER_INNER_LIP`."""


def lip_gap(points: NDArray[np.floating]) -> float:
    """Distance of the inner lips at the middle over the face's height, 0 when shut."""
    return _distance(points, 13, 14) / _distance(points, 10, 152)


def mouth_width(points: NDArray[np.floating]) -> float:
    """Width of the mouth over the distance of the outer eye corners."""
    return _distance(points, 61, 291) / _distance(points, 33, 263)


def eye_openings(points: NDArray[np.floating]) -> tuple[float, float]:
    """Height over width of the person's right and left eye; about 0.3 open, below 0.1 shut."""
    right = _distance(points, 159, 145) / _distance(points, 33, 133)
    left = _distance(points, 386, 374) / _distance(points, 263, 362)
    return right, left


def _distance(points: NDArray[np.floating], one: int, other: int) -> float:
    return float(np.linalg.norm(points[one, :2] - points[other, :2])) or 1e-9
