"""The portrait as a puppet: face points in canonical space, rings of head and background around.

The face's own points carry expression and pose. Around its oval lie rings, each larger and deeper
than the last, that follow the head less and less until the outermost stands still: hair goes with
the face, shoulders and background stay. Everything beyond the last ring is the untouched picture.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh import lids, lips
from likewise.face.mesh.basis import expression_basis
from likewise.face.mesh.topology import OVAL, triangles
from likewise.seeing.canonical import head_rotation, mesh, place
from likewise.values import INDEX, Portrait

_NECK = np.array([0.0, -5.0, -2.0])  # the head turns about this point, canonical centimetres
_FACE_WIDTH = 15.0  # canonical centimetres that `Motion.shift` counts as one face width

# Of each ring: size over the oval, how far it follows the head, depth, how far it follows the jaw.
_RINGS = (
    (1.22, 1.00, -2.5, 0.55),
    (1.55, 0.75, -5.0, 0.20),
    (1.95, 0.32, -6.5, 0.05),
    (2.50, 0.00, -7.5, 0.00),
)
_RIGHT_CORNER, _LEFT_CORNER = 61, 291


class Rig:
    """A portrait ready to be posed.

    Args:
        portrait: Picture and points.

    Attributes:
        rest: float64 (468, 3), canonical points of the portrait.
        source: float64 (V, 3), all vertices in picture pixels at rest: face first, then rings.
        far: int32 (T, 3), triangles drawn first: rings, then the fillings of mouth and eyes.
        skin: int32 (850, 3), triangles of the face, to be drawn from far to near.
        face_width: Pixels from cheek to cheek.
    """

    def __init__(self, portrait: Portrait) -> None:
        points = portrait.points[:468].astype(np.float64)
        self._placement = place(points)
        self._basis = expression_basis()
        self.rest = self._placement.to_canonical(points)
        self._rest_gaps = lips.gaps(self.rest)
        canonical = mesh().vertices
        width = np.linalg.norm(self.rest[_RIGHT_CORNER] - self.rest[_LEFT_CORNER])
        self._mouth_scale = float(
            width / np.linalg.norm(canonical[_RIGHT_CORNER] - canonical[_LEFT_CORNER])
        )
        self._rings, self._ring_follows, self._ring_jaw = _rings(self.rest[list(OVAL)])
        self._ring_source = self._placement.to_picture(self._rings)
        self.source = np.vstack([points, self._ring_source])
        skin, fillings = triangles()
        self.skin = skin
        self.far = np.vstack([_ring_triangles(), fillings])
        self.face_width = float(np.linalg.norm(points[454, :2] - points[234, :2]))

    def shape(
        self, coefficients: NDArray[np.floating], lip_gap: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Expression: canonical points (468, 3).

        Args:
            coefficients: (52,), added to the portrait's own expression.
            lip_gap: (11,), absolute gaps in canonical centimetres, NaN where coefficients decide.
        """
        shaped = self.rest + self._basis.displacement(coefficients, self._mouth_scale)
        closing = float(coefficients[INDEX["mouthClose"]])
        if closing > 0:
            lips.part_lips(shaped, lips.gaps(shaped) * (1 - min(closing, 1.0)))
        if not np.isnan(lip_gap).all():
            lips.part_lips(shaped, lip_gap)
        lips.keep_apart(shaped, self._rest_gaps)
        down = max(0.0, _looking_down(coefficients))
        for side in ("Right", "Left"):
            amount = float(coefficients[INDEX[f"eyeBlink{side}"]]) + 0.25 * down
            lids.close_lids(
                shaped, side, amount - 0.2 * float(coefficients[INDEX[f"eyeWide{side}"]])
            )
        return shaped

    def pose(
        self,
        shaped: NDArray[np.float64],
        pose: NDArray[np.floating],
        shift: NDArray[np.floating],
    ) -> NDArray[np.float64]:
        """Pose and place: all vertices (V, 3) in picture pixels.

        Args:
            shaped: What `shape` answered.
            pose: (3,), yaw, pitch, roll in degrees.
            shift: (3,), right and down in face widths, log-scale.
        """
        turn = head_rotation(*map(float, pose)) * float(np.exp(shift[2]))
        move = np.array([shift[0], -shift[1], 0.0]) * _FACE_WIDTH
        face = self._placement.to_picture((shaped - _NECK) @ turn.T + _NECK + move)
        jaw = np.tile((shaped - self.rest)[list(OVAL)], (len(_RINGS), 1))
        rings = self._rings + jaw * self._ring_jaw[:, None]
        moved = self._placement.to_picture((rings - _NECK) @ turn.T + _NECK + move)
        rings = self._ring_source + (moved - self._ring_source) * self._ring_follows[:, None]
        return np.vstack([face, rings])


def _looking_down(coefficients: NDArray[np.floating]) -> float:
    names = ("eyeLookDownLeft", "eyeLookDownRight")
    return float(coefficients[[INDEX[name] for name in names]].mean())


def _rings(
    oval: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Ring points (4 x 36, 3) in canonical space, how far each follows head and jaw."""
    middle = np.array([0.0, oval[:, 1].mean()])
    points, follows, jaw = [], [], []
    for number, (size, weight, depth, jaw_weight) in enumerate(_RINGS):
        ring = oval.copy()
        ring[:, :2] = middle + (oval[:, :2] - middle) * size
        ring[:, 2] = oval[:, 2] * 0.3 + depth
        # Neck and shoulders below the chin follow less than hair above.
        below = np.clip((middle[1] - ring[:, 1] - 4) / 8, 0, 1)
        points.append(ring)
        follows.append(weight * (1 - below * (0.75 if number else 0.5)))
        jaw.append(np.full(len(ring), jaw_weight))
    return np.vstack(points), np.concatenate(follows), np.concatenate(jaw)


def _ring_triangles() -> NDArray[np.int32]:
    """Strips between the oval and the rings, the outermost first."""
    loops = [np.array(OVAL)]
    for number in range(len(_RINGS)):
        loops.append(468 + number * len(OVAL) + np.arange(len(OVAL)))
    strips = []
    for inner, outer in reversed(list(pairwise(loops))):
        next_inner, next_outer = np.roll(inner, -1), np.roll(outer, -1)
        strips.append(np.stack([inner, outer, next_outer], axis=1))
        strips.append(np.stack([inner, next_outer, next_inner], axis=1))
    return np.vstack(strips).astype(np.int32)
