"""From moved triangles to a moved picture: the inverse map, evaluated coarsely, applied finely.

Each triangle carries an affine map from where it is now to where it was in the picture. Triangle
numbers are drawn into a coarse grid (far to near, so the near cheek covers the far one), the affine
maps are evaluated at the grid's nodes, and the displacement field, which is continuous, is enlarged
to full size for one remap. Where nothing moves the picture is copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_NODES_ACROSS_FACE = 128
_STILL = 0.004  # pixels; less is not motion
_SHIFT = 4  # fractional bits of the coordinates that cv2 draws with
_FURTHEST = 1 << 14  # pixels; beyond, cv2's fixed point would overflow

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """The coarse grid over a region; node i lies at `(i + 0.5) * pitch - 0.5` from its corner."""

    box: Box
    columns: int
    rows: int

    @classmethod
    def over(cls, box: Box, pitch: float) -> "_Grid":
        width, height = box[2] - box[0], box[3] - box[1]
        return cls(box, max(2, round(width / pitch)), max(2, round(height / pitch)))

    @property
    def pitch(self) -> tuple[float, float]:
        return (
            (self.box[2] - self.box[0]) / self.columns,
            (self.box[3] - self.box[1]) / self.rows,
        )


class Warp:
    """Warps one picture again and again.

    Args:
        picture: uint8 (H, W, 3).
        source: (V, 3) vertices at rest; x and y in pixels.
        far: (T, 3) triangles drawn first, in this order.
        near: (T, 3) triangles drawn over them by depth, the farthest first.
        face_width: Pixels; sets how fine the grid is.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        source: NDArray[np.float64],
        far: NDArray[np.int32],
        near: NDArray[np.int32],
        face_width: float,
    ) -> None:
        self._picture = picture
        self._source = source[:, :2].copy()
        self._far, self._near = far, near
        self._pitch = max(1.0, face_width / _NODES_ACROSS_FACE)
        self._turned = {name: _area(self._source, t) for name, t in (("far", far), ("near", near))}

    def __call__(
        self, vertices: NDArray[np.float64], details: Sequence[Box] = ()
    ) -> NDArray[np.uint8]:
        """A new picture with the vertices where they are now.

        Args:
            vertices: (V, 3); x, y in pixels, z away from the viewer.
            details: Regions where triangles meet with a jump (shut lids) and the map is evaluated
                at every pixel.
        """
        frame = self._picture.copy()
        moved = np.asarray((np.abs(vertices[:, :2] - self._source) > _STILL).any(axis=1))
        triangles = self._order(vertices, moved)
        if not len(triangles):
            return frame
        height, width = frame.shape[:2]
        corners = vertices[triangles][..., :2]
        box = _clipped(corners.reshape(-1, 2), width, height)
        if box is None:
            return frame
        grid = _Grid.over(box, self._pitch)
        numbers = _drawn(corners, grid)
        maps = _affine(corners, self._source[triangles], box)
        field = _at_nodes(numbers, maps, grid)
        left, top, right, bottom = box
        field = cv2.resize(field, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        for detail in details:
            _refine(field, numbers, maps, grid, detail)
        field[..., 0] += np.arange(left, right, dtype=np.float32)
        field[..., 1] += np.arange(top, bottom, dtype=np.float32)[:, None]
        frame[top:bottom, left:right] = cv2.remap(
            self._picture, field, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        return frame

    def _order(self, vertices: NDArray[np.float64], moved: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Triangles that moved, without those turned away, in drawing order."""
        far = self._far[moved[self._far].any(axis=1)]
        near_moved = moved[self._near].any(axis=1)
        near = self._near[near_moved]
        was = self._turned["near"][near_moved]
        near = near[_area(vertices, near) * was > -1e-9]
        depth = vertices[near, 2].mean(axis=1)
        return np.vstack([far, near[np.argsort(-depth, kind="stable")]])


def _area(points: NDArray[np.float64], triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    """Twice the signed area of each triangle."""
    a, b, c = (points[triangles[:, corner], :2] for corner in range(3))
    one, other = b - a, c - a
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


def _clipped(points: NDArray[np.float64], width: int, height: int) -> Box | None:
    """The box of points within the picture, None when it is empty."""
    low = np.floor(points.min(axis=0)).astype(int) - 1
    high = np.ceil(points.max(axis=0)).astype(int) + 2
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(width, int(high[0])), min(height, int(high[1]))
    return (left, top, right, bottom) if right > left and bottom > top else None


def _drawn(corners: NDArray[np.float64], grid: _Grid) -> NDArray[np.int32]:
    """Triangle numbers (from 1; 0 is background) on a grid twice as fine as the nodes."""
    pitch_x, pitch_y = grid.pitch
    origin = np.array([grid.box[0], grid.box[1]]) - 0.5
    cells = 2 * ((corners - origin) / [pitch_x, pitch_y] - 0.5)
    fixed = np.clip(np.round(cells * (1 << _SHIFT)), -(_FURTHEST << _SHIFT), _FURTHEST << _SHIFT)
    numbers = np.zeros((2 * grid.rows - 1, 2 * grid.columns - 1), np.int32)
    fill = cv2.fillConvexPoly
    for number, triangle in enumerate(fixed.astype(np.int32), start=1):
        fill(numbers, triangle, number, cv2.LINE_8, _SHIFT)
    return numbers


def _affine(now: NDArray[np.float64], was: NDArray[np.float64], box: Box) -> NDArray[np.float32]:
    """Displacement of each triangle as float32 (T + 1, 6), row 0 still.

    `dx = m[0] * x + m[1] * y + m[2]`, `dy = m[3] * x + m[4] * y + m[5]`, from the box's corner.
    """
    a, b, c = (now[:, corner] - [box[0], box[1]] for corner in range(3))
    one, other = b - a, c - a
    area = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    area = np.where(np.abs(area) < 1e-6, 1e-6, area)
    moves = was - now  # displacement at the corners
    along, across = moves[:, 1] - moves[:, 0], moves[:, 2] - moves[:, 0]
    maps = np.zeros((len(now) + 1, 6), np.float64)
    for axis in (0, 1):
        slope_x = (along[:, axis] * other[:, 1] - across[:, axis] * one[:, 1]) / area
        slope_y = (across[:, axis] * one[:, 0] - along[:, axis] * other[:, 0]) / area
        maps[1:, 3 * axis] = slope_x
        maps[1:, 3 * axis + 1] = slope_y
        maps[1:, 3 * axis + 2] = moves[:, 0, axis] - slope_x * a[:, 0] - slope_y * a[:, 1]
    return maps.astype(np.float32)


def _at_nodes(
    numbers: NDArray[np.int32], maps: NDArray[np.float32], grid: _Grid
) -> NDArray[np.float32]:
    """The displacement field at the nodes, float32 (rows, columns, 2)."""
    pitch_x, pitch_y = grid.pitch
    x = ((np.arange(grid.columns) + 0.5) * pitch_x - 0.5).astype(np.float32)
    y = ((np.arange(grid.rows) + 0.5) * pitch_y - 0.5).astype(np.float32)[:, None]
    return _evaluated(numbers[::2, ::2], maps, x, y)


def _evaluated(
    numbers: NDArray[np.int32],
    maps: NDArray[np.float32],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
) -> NDArray[np.float32]:
    each = np.take(maps, numbers, axis=0)
    field = np.empty((*numbers.shape, 2), np.float32)
    for axis in (0, 1):
        field[..., axis] = each[..., 3 * axis] * x + each[..., 3 * axis + 1] * y
        field[..., axis] += each[..., 3 * axis + 2]
    return field


def _refine(
    field: NDArray[np.float32],
    numbers: NDArray[np.int32],
    maps: NDArray[np.float32],
    grid: _Grid,
    detail: Box,
) -> None:
    """Evaluate the map at every pixel of `detail`, in place, so that no jump is smeared."""
    left, top, right, bottom = grid.box
    x = np.arange(max(detail[0], left) - left, min(detail[2], right) - left)
    y = np.arange(max(detail[1], top) - top, min(detail[3], bottom) - top)
    if not len(x) or not len(y):
        return
    pitch_x, pitch_y = grid.pitch
    columns = np.clip(np.round(2 * ((x + 0.5) / pitch_x - 0.5)), 0, numbers.shape[1] - 1)
    rows = np.clip(np.round(2 * ((y + 0.5) / pitch_y - 0.5)), 0, numbers.shape[0] - 1)
    chosen = numbers[np.ix_(rows.astype(np.intp), columns.astype(np.intp))]
    fine = _evaluated(chosen, maps, x.astype(np.float32), y.astype(np.float32)[:, None])
    field[y[0] : y[-1] + 1, x[0] : x[-1] + 1] = fine
