"""The canonical face: MediaPipe's mesh in centimetres, and how a tracked face lies over it.

Canonical axes: x to the person's left (the picture's right), y up, z toward the viewer. Fitting 33
weighted points of a tracked face onto the mesh by a similarity (Procrustes) takes head pose and
size away, so that what is left is the face's shape and expression.

Source: MediaPipe's `canonical_face_model` and `geometry_pipeline_metadata`; the closed-form fit is
Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from likewise import weights

NECK = np.array([0.0, -5.0, -2.0])
"""The point that a head turns about, canonical centimetres."""

FACE_WIDTH = 15.0
"""Canonical centimetres that `Motion.shift` counts as one face width."""

_FLIP = np.array([1.0, -1.0, -1.0])  # picture axes to canonical axes and back

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The canonical mesh.

    Attributes:
        vertices: float64 (468, 3), centimetres.
        uv: float32 (468, 2), texture coordinates.
        triangles: int32 (898, 3), including those that close mouth and eyes.
        procrustes_indices: int32 (33,), the points that head pose is fitted on.
        procrustes_weights: float32 (33,), their weights.
    """

    vertices: Points
    uv: NDArray[np.float32]
    triangles: NDArray[np.int32]
    procrustes_indices: NDArray[np.int32]
    procrustes_weights: NDArray[np.float32]


@cache
def mesh() -> Mesh:
    """The mesh, read once.

    Raises:
        MissingWeights: Its file is missing or changed.
    """
    from safetensors.numpy import load_file

    tensors = load_file(str(weights.locate("face-mesh")))
    return Mesh(
        vertices=tensors["vertices"].astype(np.float64),
        uv=tensors["uv"],
        triangles=tensors["triangles"],
        procrustes_indices=tensors["procrustes_indices"],
        procrustes_weights=tensors["procrustes_weights"],
    )


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where a head is: `canonical = scale * flipped(points) @ rotation.T + translation`.

    Attributes:
        scale: Canonical centimetres a pixel.
        rotation: float64 (3, 3).
        translation: float64 (3,), centimetres.
    """

    scale: float
    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]

    def to_canonical(self, points: NDArray[np.floating]) -> Points:
        """Picture points (N, 3) in canonical space."""
        flipped = np.asarray(points, np.float64) * _FLIP
        return np.asarray(self.scale * flipped @ self.rotation.T + self.translation)

    def to_picture(self, canonical: Points) -> Points:
        """Canonical points (N, 3) in picture pixels, z away from the viewer."""
        return np.asarray((canonical - self.translation) @ self.rotation / self.scale * _FLIP)


def place(points: NDArray[np.floating]) -> Placement:
    """Fit the head: the similarity that lays tracked points (>= 468, 3) over the canonical mesh."""
    canonical = mesh()
    chosen = canonical.procrustes_indices
    weight = canonical.procrustes_weights / canonical.procrustes_weights.sum()
    source = np.asarray(points, np.float64)[chosen] * _FLIP
    target = canonical.vertices[chosen]
    source_mean, target_mean = weight @ source, weight @ target
    centred = source - source_mean
    covariance = (centred * weight[:, None]).T @ (target - target_mean)
    left, singular, right = np.linalg.svd(covariance)
    # A reflection would fit flat faces as well; it is ruled out by flipping the last axis.
    handed = np.array([1.0, 1.0, np.sign(np.linalg.det(right.T @ left.T))])
    rotation = right.T @ np.diag(handed) @ left.T
    scale = float((singular * handed).sum() / ((centred**2).sum(axis=1) @ weight))
    return Placement(scale, rotation, target_mean - scale * rotation @ source_mean)


def head_rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Rotation matrix of a head pose in degrees, signs as in `Motion.pose`."""
    y, p, r = np.radians([yaw, pitch, -roll])
    around_z = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    around_x = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    around_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    return np.asarray(around_z @ around_x @ around_y)


def pose_of(rotation: NDArray[np.float64]) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees: the inverse of `head_rotation`."""
    pitch = math.asin(max(-1.0, min(1.0, float(rotation[2, 1]))))
    yaw = math.atan2(-rotation[2, 0], rotation[2, 2])
    roll = -math.atan2(-rotation[0, 1], rotation[1, 1])
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def head_pose(
    points: NDArray[np.floating], *, relative_to: NDArray[np.floating] | None = None
) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees, signs as in `Motion.pose`.

    Args:
        points: (478, 3) tracked points.
        relative_to: Tracked points of the portrait; None measures against looking straight ahead.
    """
    rotation = place(points).rotation.T
    if relative_to is not None:
        rotation = place(relative_to).rotation @ rotation
    return pose_of(rotation)
