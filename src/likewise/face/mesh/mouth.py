"""What shows between parted lips when the picture has never shown it: cavity, tongue, teeth.

A mouth shut in the picture has no inside, so one is painted: dark cavity, tongue, lower teeth that
ride on the jaw and upper teeth that stay with the skull, all lit by the colour of the skin around
the mouth and shaded by the lips. A mouth that is open in the picture keeps its own inside, which
the mesh stretches.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.teeth import teeth
from likewise.face.mesh.topology import AROUND_MOUTH, CHEEKS, INNER_LIPS
from likewise.seeing.measures import LOWER_INNER_LIP, UPPER_INNER_LIP

_OPEN = 0.10  # source lip gap over mouth width from which the picture's own mouth is kept
_UPPER, _LOWER = 13, 14  # middle of the inner lips
_FRACTION = 4  # bits of sub-pixel drawing


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """Axes of the mouth in one frame, over a patch of the picture.

    Attributes:
        u: float32 (h, w), along the lips from the middle of the upper inner lip, pixels.
        v: float32 (h, w), down from there, pixels.
        gap: Pixels between the inner lips at the middle.
    """

    u: NDArray[np.float32]
    v: NDArray[np.float32]
    gap: float


class MouthLayer:
    """The inside of one portrait's mouth.

    Args:
        picture: uint8 (H, W, 3).
        points: (>= 468, 3) face points in the picture.
        face_width: Pixels.
    """

    def __init__(
        self, picture: NDArray[np.uint8], points: NDArray[np.floating], face_width: float
    ) -> None:
        self._face_width = face_width
        self._width = float(np.linalg.norm(points[61, :2] - points[291, :2]))
        gap = float(np.linalg.norm(points[_UPPER, :2] - points[_LOWER, :2]))
        self._rest_gap = gap
        self.own_inside = gap > _OPEN * self._width
        """The picture shows an open mouth, which is kept."""
        skin = _colour(picture, points, CHEEKS)
        near = _colour(picture, points, AROUND_MOUTH)
        self._light = float(np.clip(0.5 * (skin.mean() + near.mean()) / 170, 0.12, 1.4))
        tint = near / max(float(near.mean()), 1.0)
        self._tint = (0.55 + 0.45 * tint).astype(np.float32)
        self._softness = max(0.6, face_width / 380)

    def paint(
        self,
        frame: NDArray[np.uint8],
        vertices: NDArray[np.float64],
        *,
        tongue: float,
        upper_lip_rise: float,
    ) -> None:
        """Fill the opening between the lips, in place.

        Args:
            frame: uint8 (H, W, 3), the warped picture.
            vertices: (V, 3), where the face's points are now.
            tongue: 0..1, how high the tongue lies.
            upper_lip_rise: How far the upper lip is above its rest, in pixels; the upper teeth
                don't follow it.
        """
        if self.own_inside:
            return
        gap = float(np.linalg.norm(vertices[_UPPER, :2] - vertices[_LOWER, :2]))
        closed = max(self._rest_gap, 0.006 * self._face_width)
        shown = float(np.clip((gap - closed) / (0.02 * self._face_width), 0, 1))
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
        axes = _axes(vertices, low, mask.shape)
        inside = self._inside(axes, mask, tongue, upper_lip_rise)
        soft = cv2.GaussianBlur(mask, (0, 0), self._softness).astype(np.float32)
        alpha = soft[..., None] * np.float32(shown / 255)
        patch = frame[low[1] : high[1], low[0] : high[0]]
        mixed = patch + (inside - patch) * alpha
        patch[:] = np.clip(np.round(mixed), 0, 255).astype(np.uint8)

    def _inside(
        self, axes: _Frame, mask: NDArray[np.uint8], tongue: float, rise: float
    ) -> NDArray[np.float32]:
        """Painted inside, float32 (h, w, 3), 0..255."""
        width, gap, u, v = self._width, axes.gap, axes.u, axes.v
        inside = np.empty((*u.shape, 3), np.float32)
        inside[:] = np.array([56, 22, 22], np.float32) * self._light * self._tint
        self._paint_tongue(inside, axes, tongue)
        lower = float(np.clip((gap - 0.17 * width) / (0.10 * width), 0, 1))
        self._paint_teeth(
            inside,
            axes,
            top=gap - 0.085 * width,
            height=0.16 * width,
            width=0.62 * width,
            upward=True,
            brightness=0.62,
            opacity=lower,
        )
        upper = float(np.clip((gap - 0.03 * width) / (0.06 * width), 0, 1))
        self._paint_teeth(
            inside,
            axes,
            top=-0.07 * width + 0.5 * rise,
            height=0.20 * width,
            width=0.74 * width,
            upward=False,
            brightness=0.84,
            opacity=upper,
        )
        # Lips shade what lies behind them, the upper lip most.
        depth = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
        shade = np.clip(depth / (0.05 * width) + 0.5, 0, 1)
        shade *= np.clip(0.68 + 0.32 * v / (0.09 * width), 0.4, 1)
        blur = max(0.4, self._face_width / 420)
        return np.asarray(cv2.GaussianBlur(inside * shade[..., None], (0, 0), blur), np.float32)

    def _paint_tongue(self, inside: NDArray[np.float32], axes: _Frame, tongue: float) -> None:
        width, gap = self._width, axes.gap
        top = gap * (0.80 - 0.42 * tongue)
        height = gap * 0.55 + 0.03 * width
        across = (axes.u / (0.34 * width)) ** 2 + ((axes.v - top - 0.6 * height) / height) ** 2
        cover = np.clip(3 * (1 - across), 0, 1)[..., None] * 0.85
        lit = 0.78 + 0.22 * np.clip((axes.v - top) / (gap + 1), 0, 1)
        colour = np.array([160, 82, 82], np.float32) * self._light * self._tint
        inside += (colour * lit[..., None] - inside) * cover

    def _paint_teeth(
        self,
        inside: NDArray[np.float32],
        axes: _Frame,
        *,
        top: float,
        height: float,
        width: float,
        upward: bool,
        brightness: float,
        opacity: float,
    ) -> None:
        """Lay a row of teeth with its gum edge at `top` (upper) or `top + height` (lower)."""
        if opacity <= 0:
            return
        row = teeth()
        bend = 0.10 * height * (axes.u / (width / 2)) ** 2 * (1 if upward else -1)
        x = (axes.u / width + 0.5) * (row.shape[1] - 1)
        y = (axes.v - top - bend) / height
        y = (1 - y if upward else y) * (row.shape[0] - 1)
        drawn = cv2.remap(
            row,
            x.astype(np.float32),
            y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        cover = drawn[..., 3:] * opacity
        round_the_arch = np.clip(1 - 0.6 * (np.abs(axes.u) / (0.55 * width)) ** 2, 0.25, 1)
        light = min(245.0, 225 * self._light + 20) * brightness
        colour = drawn[..., :3] * (light * self._tint) * round_the_arch[..., None]
        inside += (colour - inside) * cover


def _colour(
    picture: NDArray[np.uint8], points: NDArray[np.floating], chosen: tuple[int, ...]
) -> NDArray[np.float64]:
    """Median colour at face points."""
    height, width = picture.shape[:2]
    x, y = points[list(chosen), :2].T.round().astype(int)
    return np.asarray(
        np.median(
            picture[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)].astype(float), axis=0
        )
    )


def _axes(vertices: NDArray[np.float64], low: NDArray[np.int64], shape: tuple[int, ...]) -> _Frame:
    right, left = (
        vertices[row[end], :2] for row, end in ((UPPER_INNER_LIP, 0), (LOWER_INNER_LIP, -1))
    )
    along = (left - right) / (np.linalg.norm(left - right) + 1e-6)
    down = np.array([-along[1], along[0]])
    x = np.arange(shape[1], dtype=np.float32) + np.float32(low[0] - vertices[_UPPER, 0])
    y = (np.arange(shape[0], dtype=np.float32) + np.float32(low[1] - vertices[_UPPER, 1]))[:, None]
    gap = float((vertices[_LOWER, :2] - vertices[_UPPER, :2]) @ down)
    return _Frame(
        u=x * np.float32(along[0]) + y * np.float32(along[1]),
        v=x * np.float32(down[0]) + y * np.float32(down[1]),
        gap=max(gap, 1e-3),
    )
