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

from likewise.face.mesh.behind import Layers

_NODES_ACROSS_FACE = 84
_STILL = 0.02  # pixels; less is not motion
_JUMP = 0.7  # pitches of displacement between neighbouring nodes
_THINNEST = 0.02  # square pixels
_STEEPEST = 5.0  # pixels of displacement a pixel
_TORN = 1.5  # pixels of displacement between neighbouring pixels
_EDGE_BLUR = 0.8  # pixels; what antialiasing would do to an edge
_SHIFT = 4  # fractional bits of the coordinates that cv2 draws with
_MARGIN = 0.35  # face widths beyond the picture's edge that a moving sitter may show ...
_SURELY = 230  # ... who is there with more than this alpha; strands are not drawn on
_FURTHEST = 1 << 14  # pixels; beyond, cv2's fixed point would overflow

Map = NDArray[np.float32]
"""For each pixel of a region where in the picture it is read, float32 (h, w, 2): x, y."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """The coarse grid over a region, which is somewhat larger than the box it was made for.

    Node i lies at `(i + 0.5) * pitch - 0.5` from the region's corner. The first and last nodes lie
    outside the box, so that between them a linear map stays linear when it is enlarged.
    """

    left: int
    top: int
    columns: int
    rows: int
    pitch: int

    @classmethod
    def over(cls, box: Box, pitch: int) -> "_Grid":
        left, top, right, bottom = box
        columns, rows = -(-(right - left) // pitch) + 2, -(-(bottom - top) // pitch) + 2
        return cls(left - pitch, top - pitch, columns, rows, pitch)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the region, pixels."""
        return self.rows * self.pitch, self.columns * self.pitch

    @property
    def corner(self) -> NDArray[np.float64]:
        return np.array([self.left, self.top], float)

    def inside(self, box: Box) -> tuple[slice, slice]:
        """Rows and columns of a box in the region; empty where it lies outside."""
        height, width = self.shape
        left, top, right, bottom = box
        rows = slice(max(top - self.top, 0), max(min(bottom - self.top, height), 0))
        return rows, slice(max(left - self.left, 0), max(min(right - self.left, width), 0))


class Warp:
    """Warps one picture again and again.

    Args:
        picture: uint8 (H, W, 3).
        source: (V, 3) vertices at rest; x and y in pixels.
        outer: (T, 3) triangles around the face, drawn first.
        fillings: (T, 3) triangles of mouth and eyes, drawn next.
        skin: (T, 3) triangles of the face, drawn last, the farthest first.
        face_width: Pixels; sets how fine the grid is.
        layers: The picture in layers, of which the sitter's is warped and the other stands still;
            None warps all of the picture.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        source: NDArray[np.float64],
        outer: NDArray[np.int32],
        fillings: NDArray[np.int32],
        skin: NDArray[np.int32],
        face_width: float,
        layers: Layers | None = None,
    ) -> None:
        self._picture = picture
        # With a fourth channel OpenCV reads a picture in half the time.
        if layers is None:
            self._margin, self._behind = 0, None
            self._padded = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)
        else:
            self._margin, self._behind = round(_MARGIN * face_width), layers.behind
            self._padded = _going_on(picture, layers.sitter, self._margin)
        self._outer, self._fillings, self._skin = outer, fillings, skin
        self._pitch = max(1, round(face_width / _NODES_ACROSS_FACE))
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
        numbers = _drawn(corners, grid)
        maps = _affine(corners, texture[triangles], grid)
        maps[4:] += self._margin
        places, steps = _at_nodes(numbers, maps, grid)
        places = cv2.resize(places, grid.shape[::-1], interpolation=cv2.INTER_LINEAR)
        jumping = _pixels_of(steps > _JUMP * grid.pitch, grid)
        _refine_at(jumping, places, numbers, maps, grid)
        for detail in details:
            _refine(places, numbers, maps, grid, detail)
        left, top, right, bottom = box
        drawn = cv2.remap(
            self._padded,
            places[grid.inside(box)],
            None,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        patch = frame[top:bottom, left:right]
        patch[:] = cv2.cvtColor(drawn, cv2.COLOR_RGBA2RGB)
        if self._behind is not None:
            clear = cv2.bitwise_not(cv2.extractChannel(drawn, 3))
            through = cv2.cvtColor(clear, cv2.COLOR_GRAY2RGB)
            back = cv2.multiply(self._behind[top:bottom, left:right], through, scale=1 / 255)
            cv2.add(patch, back, dst=patch)  # stays at white where rounding goes beyond
        _soften(patch, *_torn(jumping, places, numbers, grid))
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


def _going_on(
    picture: NDArray[np.uint8], sitter: NDArray[np.uint8], margin: int
) -> NDArray[np.uint8]:
    """A sitter who goes on beyond the picture's edge where they surely reach it."""
    around = (margin,) * 4
    sure = np.clip((sitter[..., 3].astype(np.int16) - _SURELY) * 10, 0, 255).astype(np.uint8)
    alpha = cv2.copyMakeBorder(sure, *around, cv2.BORDER_REPLICATE)
    colour = cv2.copyMakeBorder(picture, *around, cv2.BORDER_REFLECT_101)
    beyond = cv2.multiply(colour, cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGB), scale=1 / 255)
    beyond = np.dstack([beyond, alpha])
    beyond[margin : len(picture) + margin, margin : picture.shape[1] + margin] = sitter
    return np.ascontiguousarray(beyond)


def _area(points: NDArray[np.float64], triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    """Twice the signed area of each triangle."""
    x, y = points[triangles, 0], points[triangles, 1]
    right, down = x[:, 1:] - x[:, :1], y[:, 1:] - y[:, :1]
    return np.asarray(right[:, 0] * down[:, 1] - down[:, 0] * right[:, 1])


def _clipped(points: NDArray[np.float64], width: int, height: int) -> Box | None:
    """The box of points within the picture, None when it is empty."""
    planes = np.ascontiguousarray(points.T)  # several times as fast to look through
    low = np.floor(planes.min(axis=1)).astype(int) - 1
    high = np.ceil(planes.max(axis=1)).astype(int) + 2
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(width, int(high[0])), min(height, int(high[1]))
    return (left, top, right, bottom) if right > left and bottom > top else None


def _drawn(corners: NDArray[np.float64], grid: _Grid) -> NDArray[np.int32]:
    """Triangle numbers (from 1; 0 is background) of the region's pixels, int32 (h, w)."""
    cells = corners - grid.corner
    fixed = np.clip(np.round(cells * (1 << _SHIFT)), -(_FURTHEST << _SHIFT), _FURTHEST << _SHIFT)
    numbers = np.zeros(grid.shape, np.int32)
    fill = cv2.fillConvexPoly
    for number, triangle in enumerate(fixed.astype(np.int32), start=1):
        fill(numbers, triangle, number, cv2.LINE_8, _SHIFT)
    return numbers


def _affine(now: NDArray[np.float64], was: NDArray[np.float64], grid: _Grid) -> NDArray[np.float32]:
    """Displacement of each triangle as float32 (6, T + 1), column 0 still.

    `dx = m[0] * x + m[2] * y + m[4]`, `dy = m[1] * x + m[3] * y + m[5]`, from the region's corner.
    """
    # Corner by corner, with x and y in rows of their own: twice as fast as triangle by triangle.
    corners = np.ascontiguousarray(np.transpose(now - grid.corner, (1, 2, 0)))
    moves = np.ascontiguousarray(np.transpose(was - now, (1, 2, 0)))  # displacement at the corners
    one, other = corners[1] - corners[0], corners[2] - corners[0]
    area = one[0] * other[1] - one[1] * other[0]
    area[np.abs(area) < _THINNEST] = np.inf
    along, across = moves[1] - moves[0], moves[2] - moves[0]
    slope_x = (along * other[1] - across * one[1]) / area
    slope_y = (across * one[0] - along * other[0]) / area
    # A triangle squeezed to a sliver would read a whole strip of the picture across its few pixels.
    steepest = np.maximum(np.abs(slope_x), np.abs(slope_y)).max(axis=0)
    sliver = (steepest > _STEEPEST) | np.isinf(area)
    slope_x[:, sliver] = slope_y[:, sliver] = 0
    at_first = moves[0]
    at_first[:, sliver] = moves[..., sliver].mean(axis=0)
    maps = np.zeros((6, len(now) + 1), np.float32)
    maps[0:2, 1:] = slope_x
    maps[2:4, 1:] = slope_y
    maps[4:6, 1:] = at_first - slope_x * corners[0, 0] - slope_y * corners[0, 1]
    return maps


def _at_nodes(
    numbers: NDArray[np.int32], maps: NDArray[np.float32], grid: _Grid
) -> tuple[Map, NDArray[np.float32]]:
    """Where the nodes are read, and how much the displacement differs around them, (rows, cols)."""
    x, y = ((np.arange(count) + 0.5) * grid.pitch - 0.5 for count in (grid.columns, grid.rows))
    nearest = np.ix_(np.rint(y).astype(np.intp), np.rint(x).astype(np.intp))
    across, down = _evaluated(numbers[nearest], maps, x, y[:, None])
    cross = np.ones((3, 3), np.uint8)
    steps = np.maximum(
        *(cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, cross) for plane in (across, down))
    )
    across += (x + grid.left).astype(np.float32)
    down += (y[:, None] + grid.top).astype(np.float32)
    return np.dstack([across, down]), steps


def _evaluated(
    numbers: NDArray[np.int32],
    maps: NDArray[np.float32],
    x: NDArray[np.floating] | NDArray[np.integer],
    y: NDArray[np.floating] | NDArray[np.integer],
) -> list[NDArray[np.float32]]:
    """The displacement at places (x, y) from the region's corner that lie in these triangles."""
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
    places: Map,
    numbers: NDArray[np.int32],
    maps: NDArray[np.float32],
    grid: _Grid,
    detail: Box,
) -> None:
    """Evaluate the map at every pixel of `detail`, in place, so that no jump is smeared."""
    rows, columns = inside = grid.inside(detail)
    x, y = np.arange(columns.start, columns.stop), np.arange(rows.start, rows.stop)[:, None]
    if not x.size or not y.size:
        return
    across, down = _evaluated(numbers[inside], maps, x, y)
    places[(*inside, 0)] = across + (x + grid.left)
    places[(*inside, 1)] = down + (y + grid.top)


def _pixels_of(nodes: NDArray[np.bool_], grid: _Grid) -> NDArray[np.intp]:
    """Flat indices of the region's pixels around nodes, but for those at its end."""
    rows, columns = np.nonzero(nodes[:-1, :-1])
    pitch, width = grid.pitch, grid.shape[1]
    block = np.arange(pitch)[:, None] * width + np.arange(pitch)
    return np.asarray(((rows * width + columns) * pitch)[:, None, None] + block).ravel()


def _refine_at(
    pixels: NDArray[np.intp],
    places: Map,
    numbers: NDArray[np.int32],
    maps: NDArray[np.float32],
    grid: _Grid,
) -> None:
    """Evaluate the map at single pixels, in place."""
    y, x = np.divmod(pixels, grid.shape[1])
    across, down = _evaluated(numbers.ravel()[pixels], maps, x, y)
    flat = places.reshape(-1, 2)
    flat[pixels, 0] = across + (x + grid.left)
    flat[pixels, 1] = down + (y + grid.top)


def _torn(
    pixels: NDArray[np.intp], places: Map, numbers: NDArray[np.int32], grid: _Grid
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns in the box of those pixels beside which the map jumps."""
    width = grid.shape[1]
    drawn = numbers.ravel()
    own = drawn[pixels]
    pixels = pixels[(drawn[pixels + 1] != own) | (drawn[pixels + width] != own)]
    flat = places.reshape(-1, 2)
    here = flat[pixels]
    right, below = flat[pixels + 1] - here, flat[pixels + width] - here
    right[:, 0] -= 1  # as far as neighbours are apart anyway
    below[:, 1] -= 1
    torn = pixels[(np.maximum(np.abs(right), np.abs(below)) > _TORN).any(axis=1)]
    rows, columns = np.divmod(np.concatenate([torn, torn + 1, torn + width]), width)
    return rows - grid.pitch, columns - grid.pitch


def _soften(patch: NDArray[np.uint8], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> None:
    """Blur a patch of the frame a little, in place, where it was torn: at these pixels."""
    there = (rows >= 0) & (columns >= 0) & (rows < patch.shape[0]) & (columns < patch.shape[1])
    rows, columns = rows[there], columns[there]
    if not len(rows):
        return
    inside = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    soft = cv2.GaussianBlur(patch[inside], (0, 0), _EDGE_BLUR)
    patch[rows, columns] = soft[rows - rows.min(), columns - columns.min()]
