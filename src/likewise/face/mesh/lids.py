"""Blinks as geometry: the upper lid slides down onto the lower one and takes its skin along.

Learned fields close an eye to about four fifths and leave a line of white; a lid that is told where
to go closes fully, whatever the eye's shape.
"""

import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.topology import EYES, Side

_MEETING = 0.15  # where lids meet, from the lower lid (0) to the upper (1)
_BROW_FALL = 0.4  # centimetres
_SLIDE_UPPER = 0.75  # of the way to the row above that a shut lid's edge takes its skin from
_SLIDE_LOWER = 0.75
_SLIDE_CORNER = 1.4  # times the way to the point beside the outer corner
_WIDEST = 0.2  # most that a lid opens beyond the portrait's, of the eye's height


def close_lids(canonical: NDArray[np.float64], side: Side, amount: float) -> None:
    """Move the lids of one eye in place.

    Args:
        canonical: (468, 3) canonical points.
        side: The person's eye.
        amount: 1 shut, 0 as in the portrait, below 0 wider.
    """
    amount = min(1.0, max(-_WIDEST, amount))
    if not amount:
        return
    eye = EYES[side]
    upper, lower = list(eye.upper_lid), list(eye.lower_lid)
    meeting = (1 - _MEETING) * canonical[lower] + _MEETING * canonical[upper]
    fall = (meeting - canonical[upper]) * amount
    canonical[upper] += fall
    if amount > 0:
        canonical[lower] += (meeting - canonical[lower]) * amount
    for row, follows in eye.lid_rows:
        # However large a drawn eye, its brow comes down no further than a person's.
        furthest = -_BROW_FALL if follows < 0.5 else -np.inf
        canonical[list(row), 1] += np.maximum(follows * fall[:, 1], furthest)
        canonical[list(row), 2] += 0.05 * np.abs(fall[:, 1])


def slide_skin(texture: NDArray[np.float64], side: Side, amount: float) -> None:
    """Take the skin of a closing lid from above its edge, in place.

    A tracked lid edge lies on the lashes or even on the iris. Drawn out over the eye they would
    smear; so while the lid comes down, its edge reads its colours ever further up the lid.

    Args:
        texture: (V, 2) where in the picture each vertex takes its colour from.
        side: The person's eye.
        amount: 1 shut, 0 open.
    """
    amount = min(1.0, max(0.0, amount))
    if not amount:
        return
    eye = EYES[side]
    upper, lower = list(eye.upper_lid), list(eye.lower_lid)
    above, below = list(eye.lid_rows[0][0]), list(eye.below)
    corner, beside = eye.corners[0], eye.beside
    texture[corner] += (texture[beside] - texture[corner]) * _SLIDE_CORNER * amount
    texture[upper] += (texture[above] - texture[upper]) * _SLIDE_UPPER * amount
    texture[lower] += (texture[below] - texture[lower]) * _SLIDE_LOWER * amount
