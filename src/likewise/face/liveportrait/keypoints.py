"""Where the implicit keypoints are: x = s (c R + d) + t (LivePortrait, equation 2).

Points are rows, rotated from the right; R = transpose(Rz Ry Rx) with pitch about x, yaw about y and
roll about z. Only the x and y of the translation count. Small arrays, float64, no torch.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]

LIPS = (6, 12, 14, 17, 19, 20)
"""Keypoints that move the lips; of these 19, 20, 14 and 17 carry nearly all of it."""
EYES = (11, 13, 15, 16, 18)
"""Keypoints that move the lids; 11 and 15 carry nearly all of it."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceMotion:
    """One face at one moment, as the motion extractor describes it.

    Attributes:
        canonical: (21, 3), keypoints at rest seen from the front.
        expression: (21, 3), offsets d.
        rotation: (3, 3), R for points as rows.
        scale: s.
        translation: (3,), t; z is ignored.
    """

    canonical: Floats
    expression: Floats
    rotation: Floats
    scale: float
    translation: Floats

    @property
    def keypoints(self) -> Floats:
        """(21, 3), the keypoints x."""
        turned: Floats = self.canonical @ self.rotation + self.expression
        x: Floats = self.scale * turned
        x[:, :2] += self.translation[:2]
        return x


def rotation(pitch: float, yaw: float, roll: float) -> Floats:
    """The matrix for points as rows; angles in degrees."""
    (sx, cx), (sy, cy), (sz, cz) = (
        (math.sin(a), math.cos(a)) for a in map(math.radians, (pitch, yaw, roll))
    )
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    matrix: Floats = (about_z @ about_y @ about_x).T
    return matrix


def face_motion(
    canonical: ArrayLike,
    expression: ArrayLike,
    scale: float,
    translation: ArrayLike,
    angles: tuple[float, float, float],
) -> FaceMotion:
    """From the outputs of the motion extractor.

    Args:
        canonical: 63 numbers.
        expression: 63 numbers.
        scale: s.
        translation: 3 numbers.
        angles: Pitch, yaw, roll in degrees.
    """
    return FaceMotion(
        canonical=np.asarray(canonical, float).reshape(21, 3),
        expression=np.asarray(expression, float).reshape(21, 3),
        rotation=rotation(*angles),
        scale=float(scale),
        translation=np.asarray(translation, float).reshape(3),
    )
