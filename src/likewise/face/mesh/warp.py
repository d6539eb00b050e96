"""From moved triangles to a moved picture: the inverse map, evaluated coarsely, applied finely.

Each triangle carries an affine map from where it is now to where it was in the picture. Triangle
numbers are drawn far to near, so the near cheek covers the far one; the affine maps are evaluated
at the nodes of a coarse grid, and the displacement field, which is mostly continuous, is enlarged
to full size for one remap. Where it jumps (the nose before a cheek, the head before a wall) it is
evaluated at every pixel instead, and the edge is smoothed. Where nothing moves the picture is
copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_NODES_ACROSS_FACE = 84
_STILL = 0.02  # pixels; less is not motion
_JUMP = 0.7  # pitches of displacement between neighbouring nodes
_THINNEST = 0.02  # square pixels
_STEEPEST = 5.0  # pixels of displacement a pixel
_TORN = 1.5  # pixels of displacement between neighbouring pixels
_EDGE_BLUR = 0.8  # pixels; what antialiasing would do to an edge
_SHIFT = 4  # fractional bits of the coordinates that cv2 draws with
_FURTHEST = 1 << 14  # pixels; beyond, cv2's fixed point would overflow

Field = NDArray[np.float32]
"""One component of a displacement field, float32 (h, w), pixels."""

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
        triangles = self._order(vertices, moved)
        if not len(triangles):
            return frame
        height, width = frame.shape[:2]
        corners = vertices[triangles][..., :2]
        box = _clipped(corners.reshape(-1, 2), width, height)
        if box is None:
            return frame
        grid = _Grid.over(box, self._pitch)
        numbers = _drawn(corners, box)
        maps = _affine(corners, texture[triangles], box)
        left, top, right, bottom = box
        planes = _at_nodes(numbers, maps, grid)
        x, y = (
            cv2.resize(plane, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
            for plane in planes
        )
        jumping = _pixels_of(_jumps(planes, grid), grid)
        _refine_at(jumping, (x, y), numbers, maps)
        for detail in details:
            _refine((x, y), numbers, maps, box, detail)
        torn = _torn(jumping, (x, y))
        x += np.arange(left, right, dtype=np.float32)
        y += np.arange(top, bottom, dtype=np.float32)[:, None]
        frame[top:bottom, left:right] = cv2.remap(
            self._picture,
            cv2.merge([x, y]),  # one map of two channels is read a quarter faster than two maps
            None,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        _soften(frame[top:bottom, left:right], torn)
        return frame

    def _order(self, vertices: NDArray[np.float64], moved: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Triangles that moved, in drawing order."""
        outer = self._outer[moved[self._outer].any(axis=1)]
        fillings = self._fillings[moved[self._fillings].any(axis=1)]
        skin_moved = moved[self._skin].any(axis=1)
        skin = self._skin[skin_moved]
        turned_away = _area(vertices, skin) * self._skin_area[skin_moved] < 0
        depth = vertices[skin, 2].mean(axis=1)
        by_depth = np.argsort(-depth, kind="stable")
        front, back = skin[by_depth][~turned_away[by_depth]], skin[turned_away]
        # A triangle turned inside out by a wide mouth must not leave a hole: it goes underneath.
        return np.vstack([outer, back, fillings, front])


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


def _drawn(corners: NDArray[np.float64], box: Box) -> NDArray[np.int32]:
    """Triangle numbers (from 1; 0 is background) of the box's pixels, int32 (h, w)."""
    cells = corners - [box[0], box[1]]
    fixed = np.clip(np.round(cells * (1 << _SHIFT)), -(_FURTHEST << _SHIFT), _FURTHEST << _SHIFT)
    numbers = np.zeros((box[3] - box[1], box[2] - box[0]), np.int32)
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
    nearest = np.ix_(np.rint(y[:, 0]).astype(np.intp), np.rint(x).astype(np.intp))
    return _evaluated(numbers[nearest], maps, x, y)


def _evaluated(
    numbers: NDArray[np.int32],
    maps: NDArray[np.float32],
    x: NDArray[np.floating] | NDArray[np.integer],
    y: NDArray[np.floating] | NDArray[np.integer],
) -> list[NDArray[np.float32]]:
    """The displacement at places (x, y) from the box's corner that lie in these triangles."""
    chosen = numbers.astype(np.intp)
    across, down = x.astype(np.float32), y.astype(np.float32)
    planes = []
    for axis in (0, 1):
        plane = maps[axis].take(chosen)
        plane *= across
        slope = maps[axis + 2].take(chosen)
        slope *= down
        plane += slope
        plane += maps[axis + 4].take(chosen)
        planes.append(plane)
    return planes


def _refine(
    fields: tuple[Field, Field],
    numbers: NDArray[np.int32],
    maps: NDArray[np.float32],
    box: Box,
    detail: Box,
) -> None:
    """Evaluate the map at every pixel of `detail`, in place, so that no jump is smeared."""
    left, top, right, bottom = box
    x = np.arange(max(detail[0], left) - left, min(detail[2], right) - left)
    y = np.arange(max(detail[1], top) - top, min(detail[3], bottom) - top)
    if not len(x) or not len(y):
        return
    inside = slice(y[0], y[-1] + 1), slice(x[0], x[-1] + 1)
    fine = _evaluated(numbers[inside], maps, x, y[:, None])
    for field, plane in zip(fields, fine, strict=True):
        field[inside] = plane


def _jumps(planes: list[NDArray[np.float32]], grid: _Grid) -> NDArray[np.uint8]:
    """Nodes beside which the map jumps: something turned over what is behind it."""
    cross = np.ones((3, 3), np.uint8)
    steps = [cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, cross) for plane in planes]
    return np.asarray(np.maximum(*steps) > _JUMP * max(grid.pitch), np.uint8)


def _pixels_of(nodes: NDArray[np.uint8], grid: _Grid) -> NDArray[np.intp]:
    """Flat indices of the box's pixels around nodes."""
    left, top, right, bottom = grid.box
    size = (right - left, bottom - top)
    return np.flatnonzero(cv2.resize(nodes, size, interpolation=cv2.INTER_NEAREST))


def _refine_at(
    pixels: NDArray[np.intp],
    fields: tuple[Field, Field],
    numbers: NDArray[np.int32],
    maps: NDArray[np.float32],
) -> None:
    """Evaluate the map at single pixels, in place."""
    y, x = np.divmod(pixels, numbers.shape[1])
    fine = _evaluated(numbers.ravel()[pixels], maps, x, y)
    for field, values in zip(fields, fine, strict=True):
        field.ravel()[pixels] = values


def _torn(pixels: NDArray[np.intp], fields: tuple[Field, Field]) -> NDArray[np.intp]:
    """Those of some pixels beside which the map jumps, and their neighbours."""
    height, width = fields[0].shape
    # The last row and column have no neighbour to be compared with.
    inner = pixels[(pixels % width < width - 1) & (pixels < (height - 1) * width)]
    edge = np.zeros(len(inner), bool)
    for field in fields:
        flat = field.ravel()
        for neighbour in (1, width):
            edge |= np.abs(flat[inner + neighbour] - flat[inner]) > _TORN
    torn = inner[edge]
    return np.concatenate([torn, torn + 1, torn + width])


def _soften(patch: NDArray[np.uint8], torn: NDArray[np.intp]) -> None:
    """Blur a patch of the frame a little, in place, where it was torn: at these pixels."""
    if not len(torn):
        return
    mask = np.zeros(patch.shape[:2], np.uint8)
    mask.ravel()[torn] = 1
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    soft = cv2.GaussianBlur(patch[inside], (0, 0), _EDGE_BLUR)
    np.copyto(patch[inside], soft, where=mask[inside][..., None].astype(bool))
