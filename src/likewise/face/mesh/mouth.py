"""What shows between parted lips: the picture's own mouth, or a painted one where it shows none.

A mouth shut in the picture has no inside, so one is painted: dark cavity, tongue, lower teeth that
ride on the jaw and upper teeth that stay with the skull, all lit by the colour of the skin around
the mouth and shaded by the lips. A mouth that is open in the picture keeps its own inside.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh import colours
from likewise.face.mesh.looks import Look
from likewise.face.mesh.mouth_axes import Opening, gap
from likewise.face.mesh.own_mouth import OwnMouth
from likewise.face.mesh.painted_mouth import PaintedMouth
from likewise.face.mesh.topology import INNER_LIPS
from likewise.face.mesh.warp import Box

_FRACTION = 4  # bits of sub-pixel drawing


class MouthLayer:
    """The inside of one portrait's mouth.

    Args:
        picture: uint8 (H, W, 3).
        points: (>= 468, 3) face points in the picture.
        face_width: Pixels.
        own_inside: The picture shows the inside of the mouth, which is kept.
        look: How a painted inside looks.

    Attributes:
        painted: What is painted where the picture shows nothing.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        points: NDArray[np.floating],
        face_width: float,
        *,
        own_inside: bool,
        look: Look,
    ) -> None:
        self._points = points[:468].astype(np.float64)
        self._face_width = face_width
        self._width = float(np.linalg.norm(points[61, :2] - points[291, :2]))
        self._rest_gap = gap(points)
        self._look = look
        self._softness = max(0.6, face_width / 380) * look.softness
        self.painted = PaintedMouth(picture, points, self._width, face_width, look)
        self._own = (
            OwnMouth(picture, self._points, self._width, self.painted) if own_inside else None
        )
        self._ink = colours.ink(picture, self._points, self._width) if look.rim else None

    def lit_as(self, before: "MouthLayer") -> None:
        """Take most of the light of a film's frame before."""
        self.painted.lit_as(before.painted)

    def paint(
        self,
        frame: NDArray[np.uint8],
        vertices: NDArray[np.float64],
        arch: NDArray[np.float64],
        *,
        tongue: float,
    ) -> None:
        """Fill the opening between the lips, in place.

        Args:
            frame: uint8 (H, W, 3), the warped picture.
            vertices: (V, 3), where the face's points are now.
            arch: (K, 3), the upper teeth's edge on the posed skull, from the person's right to
                left, pixels.
            tongue: 0..1, how high the tongue lies.
        """
        open_by = gap(vertices)
        if self._own is not None:
            moved = np.abs(vertices[:468, :2] - self._points[:, :2])[list(INNER_LIPS)].max()
            shown = float(np.clip((moved - 0.1) / 0.5, 0, 1))
            shown *= float(np.clip(open_by / (0.02 * self._face_width), 0, 1))
        else:
            closed = max(self._rest_gap, 0.006 * self._face_width)
            shown = float(np.clip((open_by - closed) / (0.02 * self._face_width), 0, 1))
        if shown < 0.02:
            return
        outline = vertices[list(INNER_LIPS), :2]
        margin = 3 * self._softness + 1
        low = np.maximum(np.floor(outline.min(axis=0) - margin).astype(int), 0)
        high = np.ceil(outline.max(axis=0) + margin).astype(int) + 1
        high = np.minimum(high, [frame.shape[1], frame.shape[0]])
        if (high - low).min() < 3:
            return
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        fixed = np.round((outline - low) * (1 << _FRACTION)).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _FRACTION)
        opening = Opening(vertices, arch, low, mask, tongue)
        inside = (self._own or self.painted).inside(opening)
        if self._ink is not None and self._own is None:
            thickness = self._look.rim * self._width * min(1.0, open_by / (0.2 * self._width))
            inside += (self._ink - inside) * _rim(mask, thickness)
            mask = _grown(mask, 0.4 * thickness)
        soft = cv2.GaussianBlur(mask, (0, 0), self._softness).astype(np.float32)
        alpha = soft[..., None] * np.float32(shown / 255)
        patch = frame[low[1] : high[1], low[0] : high[0]]
        mixed = patch + (inside - patch) * alpha
        patch[:] = np.clip(np.round(mixed), 0, 255).astype(np.uint8)

    def box(self, vertices: NDArray[np.float64]) -> Box | None:
        """Where lips may meet that the picture shows parted, and the map jumps; else None."""
        if self._own is None:
            return None
        outline = vertices[list(INNER_LIPS), :2]
        low, high = outline.min(axis=0) - 3, outline.max(axis=0) + 4
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _rim(mask: NDArray[np.uint8], thickness: float) -> NDArray[np.float32]:
    """How far each pixel belongs to a line inside the opening's edge, float32 (h, w, 1)."""
    depth = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
    ends = max(0.35 * thickness, 0.5)  # a line that ends over a third of itself
    return np.asarray(np.clip((thickness - depth) / ends + 0.5, 0, 1)[..., None], np.float32)


def _grown(mask: NDArray[np.uint8], pixels: float) -> NDArray[np.uint8]:
    """The opening, larger by so many pixels."""
    size = 2 * round(pixels) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(mask, kernel), np.uint8)
