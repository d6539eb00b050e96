"""Which of the mesh's points are what: oval, lips, lids, and the triangles that close the holes.

Numbers are indices into MediaPipe's 468 face points. "Right" and "left" are the person's.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from likewise.seeing.canonical import mesh
from likewise.seeing.measures import LOWER_INNER_LIP, UPPER_INNER_LIP

Side = Literal["Right", "Left"]

# fmt: off
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
# fmt: on
"""Face outline, 36 points from the forehead clockwise as seen."""

INNER_LIPS = UPPER_INNER_LIP + LOWER_INNER_LIP[-2:0:-1]
"""Outline of the mouth opening, 20 points."""

# Four rows of lip points from the outer edge inward; each lists the person's right to left.
UPPER_LIP_ROWS = (
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
    UPPER_INNER_LIP,
)
LOWER_LIP_ROWS = (
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
    (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
    (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),
    LOWER_INNER_LIP,
)

BROWS = (
    *(70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    *(300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
"""Outlines of both brows, 10 points each."""

CHEEKS = (50, 280, 205, 425, 4)
"""Points on cheeks and nose whose colour stands for the skin."""
AROUND_MOUTH = (164, 18, 186, 410, 57, 287, 92, 322)
"""Points around the mouth whose colour stands for the light that falls on it."""


@dataclass(frozen=True, slots=True)
class Eye:
    """Points of one eye.

    Attributes:
        outline: The opening, 16 points.
        corners: Outer and inner corner.
        upper_lid: 7 points of the upper lid's edge.
        lower_lid: 7 points of the lower lid's edge, below those of `upper_lid`.
        lid_rows: Rows above the upper lid and how far each follows it: the lid itself, then the
            skin below the brow.
        beside: The point beside the outer corner.
        below: 7 points of the skin below the lower lid's edge.
        iris: Centre of the iris, then its four sides.
    """

    outline: tuple[int, ...]
    corners: tuple[int, int]
    upper_lid: tuple[int, ...]
    lower_lid: tuple[int, ...]
    lid_rows: tuple[tuple[tuple[int, ...], float], ...]
    beside: int
    below: tuple[int, ...]
    iris: tuple[int, ...]


EYES: dict[Side, Eye] = {
    "Right": Eye(
        outline=(33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
        corners=(33, 133),
        upper_lid=(246, 161, 160, 159, 158, 157, 173),
        lower_lid=(7, 163, 144, 145, 153, 154, 155),
        lid_rows=(
            ((247, 30, 29, 27, 28, 56, 190), 0.82),
            ((113, 225, 224, 223, 222, 221, 189), 0.30),
        ),
        beside=130,
        below=(25, 110, 24, 23, 22, 26, 112),
        iris=(468, 469, 470, 471, 472),
    ),
    "Left": Eye(
        outline=(263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
        corners=(263, 362),
        upper_lid=(466, 388, 387, 386, 385, 384, 398),
        lower_lid=(249, 390, 373, 374, 380, 381, 382),
        lid_rows=(
            ((467, 260, 259, 257, 258, 286, 414), 0.82),
            ((342, 445, 444, 443, 442, 441, 413), 0.30),
        ),
        beside=359,
        below=(255, 339, 254, 253, 252, 256, 341),
        iris=(473, 474, 475, 476, 477),
    ),
}


@cache
def triangles() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The mesh's triangles: skin (850, 3), and those that close mouth and eyes (48, 3)."""
    every = mesh().triangles
    openings = [set(INNER_LIPS), *(set(eye.outline) for eye in EYES.values())]
    closing = np.array(
        [any(set(corners) <= hole for hole in openings) for corners in every.tolist()]
    )
    return every[~closing], every[closing]


@cache
def mirror() -> NDArray[np.intp]:
    """For each point the one on the other side of the face, (468,)."""
    vertices = mesh().vertices
    mirrored = vertices * [-1.0, 1.0, 1.0]
    distances = ((vertices[None] - mirrored[:, None]) ** 2).sum(axis=-1)
    return np.asarray(np.argmin(distances, axis=1))
