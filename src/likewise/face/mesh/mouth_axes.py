"""Where a mouth is in one frame: its opening, its axes, its corners and the edges of its lips."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

UPPER, LOWER = 13, 14
"""Middle of the inner lips."""
RIGHT, LEFT = 78, 308
"""Inner corners."""


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """Axes of the mouth in one frame: along the lips and down, from a point of the picture.

    Attributes:
        origin: (2,), middle of the upper inner lip, pixels.
        along: (2,), unit vector from the person's right corner to the left one.
        down: (2,), unit vector across it.
    """

    origin: NDArray[np.float64]
    along: NDArray[np.float64]
    down: NDArray[np.float64]

    @classmethod
    def of(cls, points: NDArray[np.floating]) -> "Axes":
        """The axes of a mouth among points (>= 468, >= 2) of a face."""
        along = points[LEFT, :2] - points[RIGHT, :2]
        along = along / (np.linalg.norm(along) + 1e-6)
        return cls(np.asarray(points[UPPER, :2]), along, np.array([-along[1], along[0]]))

    def local(
        self, points: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates (N,) along and down of points (N, >= 2)."""
        offset = points[:, :2] - self.origin
        return offset @ self.along, offset @ self.down

    def over(
        self, low: NDArray[np.int64], shape: tuple[int, ...]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Coordinates along and down of a patch's pixels, float32 (h, w)."""
        x = np.arange(shape[1], dtype=np.float32) + np.float32(low[0] - self.origin[0])
        y = np.arange(shape[0], dtype=np.float32)[:, None] + np.float32(low[1] - self.origin[1])
        u = x * np.float32(self.along[0]) + y * np.float32(self.along[1])
        v = x * np.float32(self.down[0]) + y * np.float32(self.down[1])
        return u, v


@dataclass(frozen=True, eq=False)
class Opening:
    """What is open between the lips in one frame.

    Attributes:
        vertices: (V, 3), where the face's points are, pixels.
        arch: (K, 3), the upper teeth's edge on the posed skull, from the person's right to left,
            pixels.
        low: Left and top of the patch of the frame that is painted.
        mask: uint8 (h, w), the opening in that patch.
        tongue: 0..1, how high the tongue lies.
    """

    vertices: NDArray[np.float64]
    arch: NDArray[np.float64]
    low: NDArray[np.int64]
    mask: NDArray[np.uint8]
    tongue: float

    @cached_property
    def axes(self) -> Axes:
        """The axes of the mouth."""
        return Axes.of(self.vertices)

    def places(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Coordinates along and down of the patch's pixels, float32 (h, w)."""
        return self.axes.over(self.low, self.mask.shape)


def gap(points: NDArray[np.floating]) -> float:
    """Distance of the inner lips at the middle, pixels."""
    return float(np.linalg.norm(points[UPPER, :2] - points[LOWER, :2]))


def edge(
    axes: Axes, points: NDArray[np.floating], row: list[int], u: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How far down the edge of a lip lies at each coordinate along the mouth."""
    along, down = axes.local(points[row])
    order = np.argsort(along)
    return np.interp(u, along[order], down[order]).astype(np.float32)
