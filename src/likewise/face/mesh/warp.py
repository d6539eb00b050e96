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

_NODES_ACROSS_FACE = 84
_STILL = 0.02  # pixels; less is not motion
_JUMP = 1.5  # pitches of displacement between neighbouring nodes
_THINNEST = 0.02  # square pixels
_STEEPEST = 5.0  # pixels of displacement a pixel
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
        outer: (T, 3) triangles around the face, drawn first.
        fillings: (T, 3) triangles of mouth and eyes, drawn next.
        skin: (T, 3) triangles of the face, drawn last, the farthest first.
        face_width: Pixels; sets how fine the grid is.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        source: NDArray[np.float64],
        outer: NDArray[np.int32],
        fillings: NDArray[np.int32],
        skin: NDArray[np.int32],
        face_width: float,
    ) -> None:
        self._picture = picture
        self._outer, self._fillings, self._skin = outer, fillings, skin
        self._pitch = max(1.0, face_width / _NODES_ACROSS_FACE)
        self._skin_area = _area(source, skin)

    def __call__(
        self,
        vertices: NDArray[np.float64],
        texture: NDArray[np.float64],
        details: Sequence[Box] = (),
    ) -> NDArray[np.uint8]:
        """A new picture with the vertices where they are now.

        Args:
            vertices: (V, 3); x, y in pixels, z away from the viewer.
            texture: (V, 2), where in the picture each vertex takes its colour from.
            details: Regions where triangles meet with a jump (shut lids) and the map is evaluated
                at every pixel.
        """
        frame = self._picture.copy()
        moved = np.asarray((np.abs(vertices[:, :2] - texture) > _STILL).any(axis=1))
        triangles, outer_count = self._order(vertices, moved)
        if not len(triangles):
            return frame
        height, width = frame.shape[:2]
        corners = vertices[triangles][..., :2]
        box = _clipped(corners.reshape(-1, 2), width, height)
        if box is None:
            return frame
        grid = _Grid.over(box, self._pitch)
        numbers = _drawn(corners, grid)
        maps = _affine(corners, texture[triangles], box)
        left, top, right, bottom = box
        planes = _at_nodes(numbers, maps, grid)
        x, y = (
            cv2.resize(plane, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
            for plane in planes
        )
        for detail in details:
            _refine(x, y, numbers, maps, grid, detail)
        x += np.arange(left, right, dtype=np.float32)
        y += np.arange(top, bottom, dtype=np.float32)[:, None]
        frame[top:bottom, left:right] = cv2.remap(
            self._picture,
            cv2.merge([x, y]),  # one map of two channels is read a quarter faster than two maps
            None,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        _soften(frame, box, _outline_jumps(numbers, planes, outer_count, grid), self._pitch)
        return frame

    def _order(
        self, vertices: NDArray[np.float64], moved: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int32], int]:
        """Triangles that moved, in drawing order; how many of them are outer or turned away."""
        outer = self._outer[moved[self._outer].any(axis=1)]
        fillings = self._fillings[moved[self._fillings].any(axis=1)]
        skin_moved = moved[self._skin].any(axis=1)
        skin = self._skin[skin_moved]
        turned_away = _area(vertices, skin) * self._skin_area[skin_moved] < 0
        depth = vertices[skin, 2].mean(axis=1)
        by_depth = np.argsort(-depth, kind="stable")
        front, back = skin[by_depth][~turned_away[by_depth]], skin[turned_away]
        # A triangle turned inside out by a wide mouth must not leave a hole: it goes underneath.
        return np.vstack([outer, back, fillings, front]), len(outer) + len(back)


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
    """Displacement of each triangle as float32 (6, T + 1), column 0 still.

    `dx = m[0] * x + m[2] * y + m[4]`, `dy = m[1] * x + m[3] * y + m[5]`, from the box's corner.
    """
    a, b, c = (now[:, corner] - [box[0], box[1]] for corner in range(3))
    one, other = b - a, c - a
    area = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    area = np.where(np.abs(area) < _THINNEST, np.inf, area)[:, None]
    moves = was - now  # displacement at the corners
    along, across = moves[:, 1] - moves[:, 0], moves[:, 2] - moves[:, 0]
    slope_x = (along * other[:, 1:] - across * one[:, 1:]) / area
    slope_y = (across * one[:, :1] - along * other[:, :1]) / area
    # A triangle squeezed to a sliver would read a whole strip of the picture across its few pixels.
    steepest = np.maximum(np.abs(slope_x).max(axis=1), np.abs(slope_y).max(axis=1))
    sliver = (steepest > _STEEPEST) | np.isinf(area[:, 0])
    slope_x[sliver] = slope_y[sliver] = 0
    moves[sliver] = moves[sliver].mean(axis=1, keepdims=True)
    maps = np.zeros((6, len(now) + 1), np.float32)
    maps[0:2, 1:] = slope_x.T
    maps[2:4, 1:] = slope_y.T
    maps[4:6, 1:] = (moves[:, 0] - slope_x * a[:, :1] - slope_y * a[:, 1:]).T
    return maps


def _at_nodes(
    numbers: NDArray[np.int32], maps: NDArray[np.float32], grid: _Grid
) -> list[NDArray[np.float32]]:
    """The displacement at the nodes, right and down, each float32 (rows, columns)."""
    pitch_x, pitch_y = grid.pitch
    x = ((np.arange(grid.columns) + 0.5) * pitch_x - 0.5).astype(np.float32)
    y = ((np.arange(grid.rows) + 0.5) * pitch_y - 0.5).astype(np.float32)[:, None]
    return _evaluated(numbers[::2, ::2], maps, x, y)


def _evaluated(
    numbers: NDArray[np.int32],
    maps: NDArray[np.float32],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
) -> list[NDArray[np.float32]]:
    chosen = numbers.astype(np.intp)
    planes = []
    for axis in (0, 1):
        plane = maps[axis].take(chosen)
        plane *= x
        slope = maps[axis + 2].take(chosen)
        slope *= y
        plane += slope
        plane += maps[axis + 4].take(chosen)
        planes.append(plane)
    return planes


def _refine(
    x_field: NDArray[np.float32],
    y_field: NDArray[np.float32],
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
    for field, plane in zip((x_field, y_field), fine, strict=True):
        field[y[0] : y[-1] + 1, x[0] : x[-1] + 1] = plane


def _outline_jumps(
    numbers: NDArray[np.int32], planes: list[NDArray[np.float32]], outer_count: int, grid: _Grid
) -> NDArray[np.uint8]:
    """Nodes on the face's outline where the map jumps: the head turned over what is behind it."""
    face = (numbers[::2, ::2] > outer_count).astype(np.uint8)
    cross = np.ones((3, 3), np.uint8)
    outline = cv2.morphologyEx(face, cv2.MORPH_GRADIENT, cross)
    jump = sum(cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, cross) for plane in planes)
    jumps: NDArray[np.uint8] = outline * (jump > _JUMP * max(grid.pitch)).astype(np.uint8)
    return jumps


def _soften(frame: NDArray[np.uint8], box: Box, jumps: NDArray[np.uint8], pitch: float) -> None:
    """Blur the frame a little along jumps of the map, which the coarse grid leaves ragged."""
    rows, columns = np.flatnonzero(jumps.any(axis=1)), np.flatnonzero(jumps.any(axis=0))
    if not len(rows):
        return
    left, top, right, bottom = box
    mask = cv2.resize(jumps * 255, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    margin = round(4 * pitch)
    first = max(0, round(rows[0] * pitch) - margin), max(0, round(columns[0] * pitch) - margin)
    last = round(rows[-1] * pitch) + margin, round(columns[-1] * pitch) + margin
    inside = slice(first[0], last[0]), slice(first[1], last[1])
    patch = frame[top:bottom, left:right][inside]
    soft = cv2.GaussianBlur(patch, (0, 0), 0.7 * pitch)
    weight = cv2.GaussianBlur(mask[inside], (0, 0), 0.5 * pitch)[..., None]
    mixed = patch + (soft.astype(np.float32) - patch) * (weight.astype(np.float32) / 255)
    patch[:] = np.round(mixed).astype(np.uint8)
