"""Ten points placed by hand become the 478 of a tracked face.

The canonical mesh is bent over the ten points by a thin-plate spline, so that whatever lies between
them goes where it would on a face of that shape. Lips meet on the line through the mouth's three
points, and lids lie on ellipses around the eyes, whatever the spline says.

Source: Bookstein, "Principal warps: thin-plate splines and the decomposition of deformations",
1989.
"""

import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.topology import EYES, LOWER_LIP_ROWS, UPPER_LIP_ROWS, Side
from likewise.face.points import FacePoints, PointName, check_order
from likewise.seeing.canonical import FACE_WIDTH, mesh
from likewise.seeing.measures import LOWER_INNER_LIP, UPPER_INNER_LIP

_STIFFNESS = 0.02  # smoothing of the spline: points on opposite sides of the lips lie close
_LIP = 0.07  # thickness of a lip over the mouth's width
_MUZZLE_DEPTH = 1.5  # canonical centimetres that a muzzle stands out
_MUZZLE_MIDDLE, _MUZZLE_SIZE = np.array([0.0, -1.5]), np.array([2.6, 3.0])  # centimetres
_LARGE_EYE = 0.3  # height over the distance between the eyes; people have 0.2
_LID_ROWS = (0.2, 0.3)  # how far the lid and the skin below the brow go up, of the eye's height
_IRIS = 0.9  # of the smaller radius of the eye

# Points of the mesh that lie on placed points: corner of the eye outside and inside, lids.
_PLACED: dict[PointName, int] = {
    "nose": 4,
    "chin": 152,
    "top": 10,
    "right_side": 234,
    "left_side": 454,
    "mouth_right": 78,
    "mouth_left": 308,
}
_UPPER, _LOWER, _UPPER_EDGE, _LOWER_EDGE = 13, 14, 0, 17
_EYE_NAMES: dict[Side, PointName] = {"Right": "right_eye", "Left": "left_eye"}


def fitted(points: FacePoints) -> NDArray[np.float32]:
    """The points of a whole face, float32 (478, 3), as a tracker would give them.

    Args:
        points: In pixels of the picture.

    Raises:
        BadInput: Points in an order that no face has.
    """
    from scipy.interpolate import RBFInterpolator

    check_order(points)
    axes = _axes(points)
    anchors = _anchors(points, axes)
    flat = mesh().vertices[:, :2] * [1, -1]
    bend = RBFInterpolator(
        flat[list(anchors)],
        np.array(list(anchors.values())),
        kernel="thin_plate_spline",
        smoothing=_STIFFNESS,
    )
    face = np.zeros((478, 3))
    face[:468, :2] = bend(flat)
    _lay_lips(face, points, axes)
    for side in EYES:
        _lay_eye(face, side, points, axes)
    face[:468, 2] = _depth(points)
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    face[upper, 2] = face[lower, 2] = (face[upper, 2] + face[lower, 2]) / 2
    for eye in EYES.values():
        face[list(eye.iris), 2] = face[list(eye.outline), 2].mean()
    return face.astype(np.float32)


def _axes(points: FacePoints) -> NDArray[np.float64]:
    """Unit vectors along the eyes and down the face, (2, 2)."""
    along = points["left_eye"] - points["right_eye"]
    along = along / np.linalg.norm(along)
    return np.array([along, [-along[1], along[0]]])


def _anchors(points: FacePoints, axes: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
    """Where points of the mesh must come to lie."""
    along, down = axes
    anchors = {index: points[name] for name, index in _PLACED.items()}
    width = float(np.linalg.norm(points["mouth_left"] - points["mouth_right"]))
    centre = points["mouth_centre"]
    hair = 0.002 * width  # the two lips apart by a hair, or the spline has no solution
    anchors |= {
        61: points["mouth_right"] - 0.02 * width * along,
        291: points["mouth_left"] + 0.02 * width * along,
        _UPPER: centre - hair * down,
        _LOWER: centre + hair * down,
        _UPPER_EDGE: centre - _LIP * width * down,
        _LOWER_EDGE: centre + _LIP * width * down,
    }
    across_radius, down_radius = points.radii
    for side, eye in EYES.items():
        middle = points[_EYE_NAMES[side]]
        outward = -1.0 if side == "Right" else 1.0
        outer, inner = eye.corners
        anchors |= {
            outer: middle + outward * across_radius * along,
            inner: middle - outward * across_radius * along,
            eye.upper_lid[3]: middle - down_radius * down,
            eye.lower_lid[3]: middle + down_radius * down,
        }
    return anchors


def _lay_lips(face: NDArray[np.float64], points: FacePoints, axes: NDArray[np.float64]) -> None:
    """Shut the lips on one line through the mouth's points and stack their rows around it."""
    along, down = axes
    origin = points["mouth_centre"]
    knots = np.array([(points[name] - origin) for name in ("mouth_right", "mouth_left")])
    right, left = knots @ along
    drop = knots @ down
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    middle = (face[upper, :2] + face[lower, :2]) / 2
    # Evenly spread between corner and centre; the line bends only as the corners say.
    share = np.clip(((middle - origin) @ along - right) / (left - right), 0, 1)
    share[0], share[-1] = 0.0, 1.0
    u = right + share * (left - right)
    v = np.where(u < 0, drop[0] * (u / right) ** 2, drop[1] * (u / left) ** 2)
    line = origin + u[:, None] * along + v[:, None] * down
    face[upper, :2] = face[lower, :2] = line
    width = left - right
    for rows, sign in ((UPPER_LIP_ROWS, -1.0), (LOWER_LIP_ROWS, 1.0)):
        for row, thickness in zip(rows[:-1], (1.0, 0.66, 0.33), strict=True):
            inner = list(row[1:-1])
            fullness = np.sin(np.pi * share[1:-1])[:, None]
            face[inner, :2] = line[1:-1] + sign * thickness * _LIP * width * fullness * down


def _lay_eye(
    face: NDArray[np.float64], side: Side, points: FacePoints, axes: NDArray[np.float64]
) -> None:
    """Lids on an ellipse around the eye, the iris round in its middle."""
    along, down = axes
    eye = EYES[side]
    middle = points[_EYE_NAMES[side]]
    across_radius, down_radius = points.radii
    outward = -1.0 if side == "Right" else 1.0
    # The outline runs from the outer corner along the lower lid to the inner one and back above.
    angles = np.arange(16) * (2 * np.pi / 16)
    ring = outward * across_radius * np.cos(angles)[:, None] * along
    face[list(eye.outline), :2] = middle + ring + down_radius * np.sin(angles)[:, None] * down
    _lay_lid_rows(face, side, middle, points)
    radius = _IRIS * min(across_radius, down_radius)
    face[list(eye.iris), :2] = middle
    face[list(eye.iris[1:]), :2] += radius * np.array([along, -down, -along, down])


def _lay_lid_rows(
    face: NDArray[np.float64], side: Side, middle: NDArray[np.float64], points: FacePoints
) -> None:
    """Keep the skin above a large drawn eye short, below the brow that is drawn close to it."""
    eye = EYES[side]
    height = 2 * points.radii[1]
    if height < _LARGE_EYE * np.linalg.norm(points["left_eye"] - points["right_eye"]):
        return
    lid = face[list(eye.upper_lid), :2]
    for (row, _), reach in zip(eye.lid_rows, _LID_ROWS, strict=True):
        off = face[list(row), :2] - lid
        far = np.linalg.norm(off, axis=1, keepdims=True)
        face[list(row), :2] = lid + off * np.minimum(1.0, reach * height / np.maximum(far, 1e-6))


def _depth(points: FacePoints) -> NDArray[np.float64]:
    """Depth of the 468 points in pixels: the mesh's own, with a muzzle on animals."""
    vertices = mesh().vertices
    depth = vertices[:, 2].copy()
    if points.kind == "animal":
        off = (vertices[:, :2] - _MUZZLE_MIDDLE) / _MUZZLE_SIZE
        depth += _MUZZLE_DEPTH * np.exp(-(off**2).sum(axis=1))
    wide = float(np.linalg.norm(points["left_side"] - points["right_side"]))
    return np.asarray(-depth * wide / FACE_WIDTH)
