"""The eyeball as a layer of its own: it stays round under the lids, and it can look around.

The warped mesh would squash an eye when its lids close. So the source's eye, moved and turned with
the eye corners only, is laid into the opening that the lids leave. Gaze shifts the iris: most where
the iris is, not at all at the corners of the eye (sideways) and at the lids (up and down).
"""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.lid_skin import LidSkin
from likewise.face.mesh.topology import EYES, Eye, Side
from likewise.face.mesh.warp import Box

_GAZE_REACH = np.array([0.10, 0.07])  # of the eye's width, at gaze 1
_LASH_THICKNESS = 0.06  # of the eye's width
_LASH_OPACITY = 0.8
_SKIN_FROM = 0.5  # of its area, below which an eye gives way to skin
_MOVED = 0.05  # pixels
_FRACTION = 4  # bits of sub-pixel drawing


@dataclass(frozen=True, slots=True, eq=False)
class _Still:
    """One eye in the source picture: a patch around it.

    Attributes:
        corner: Left and top of the patch, pixels.
        opening: float32 (h, w), 1 inside the lids, soft at the edge.
        sway: float32 (h, w, 2), how far a point follows the gaze sideways and up.
        area: Pixels of the opening.
        width: Pixels from corner to corner.
        lash: float32 (3,), colour of the lash line.
    """

    corner: NDArray[np.int64]
    opening: NDArray[np.float32]
    sway: NDArray[np.float32]
    area: float
    width: float
    lash: NDArray[np.float32]


class EyeLayer:
    """Both eyes of a portrait.

    Args:
        picture: uint8 (H, W, 3).
        points: (478, 3) face points with irises, in the picture.
        face_width: Pixels.
    """

    def __init__(
        self, picture: NDArray[np.uint8], points: NDArray[np.float32], face_width: float
    ) -> None:
        self._picture = picture
        self._points = points.astype(np.float64)
        self._softness = max(0.5, face_width / 500)
        self._stills: dict[Side, _Still] = {side: self._still(side) for side in EYES}
        self._skins = {side: LidSkin(picture, self._points, eye) for side, eye in EYES.items()}

    def boxes(self, vertices: NDArray[np.float64]) -> list[Box]:
        """Where the eyes are now, lids included."""
        boxes = []
        for eye in EYES.values():
            outline = vertices[list(eye.outline), :2]
            low, high = outline.min(axis=0), outline.max(axis=0)
            margin = 0.1 * (high - low).max() + 2
            left, top = np.floor(low - margin).astype(int)
            right, bottom = np.ceil(high + margin).astype(int)
            boxes.append((int(left), int(top), int(right), int(bottom)))
        return boxes

    def paint(
        self, frame: NDArray[np.uint8], vertices: NDArray[np.float64], gaze: NDArray[np.floating]
    ) -> None:
        """Lay the eyeballs into the warped frame, in place.

        Args:
            frame: uint8 (H, W, 3), the warped picture.
            vertices: (V, 3), where the face's points are now.
            gaze: (2,), right and up, -1..1.
        """
        for side in EYES:
            self._paint(frame, side, vertices, gaze)

    def _paint(
        self,
        frame: NDArray[np.uint8],
        side: Side,
        vertices: NDArray[np.float64],
        gaze: NDArray[np.floating],
    ) -> None:
        eye, still = EYES[side], self._stills[side]
        outline = vertices[list(eye.outline), :2]
        moved = np.abs(outline - self._points[list(eye.outline), :2]).max()
        looks = np.clip(gaze, -1.2, 1.2) * _GAZE_REACH * still.width * [1, -1]
        if still.width < 4 or max(moved, np.abs(looks).max()) < _MOVED:
            return
        box = _box(outline, 3, frame.shape)
        if box is None:
            return
        open_by = cv2.contourArea(outline.astype(np.float32)) / max(still.area, 1)
        shut = float(np.clip((_SKIN_FROM - open_by) / _SKIN_FROM, 0, 1))
        if shut > 0:
            back = partial(self._back_in_source, vertices, eye.corners)
            self._skins[side].paint(frame, vertices, shut, back)
        left, top, right, bottom = box
        x, y = self._back_in_source(vertices, eye.corners, box)
        u, v = x - np.float32(still.corner[0]), y - np.float32(still.corner[1])
        sway = cv2.remap(still.sway, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        seen = cv2.remap(still.opening, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        x -= sway[..., 0] * np.float32(looks[0])
        y -= sway[..., 1] * np.float32(looks[1])
        ball = cv2.remap(self._picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        alpha = _filled(outline - [left, top], (bottom - top, right - left), self._softness)
        # A nearly shut eye shows lids only, or a line of white would flicker between the lashes.
        alpha *= seen * float(np.clip((open_by - 0.10) / 0.15, 0, 1))
        patch = frame[top:bottom, left:right]
        mixed = patch + (ball.astype(np.float32) - patch) * alpha[..., None]
        closing = float(np.clip((0.75 - open_by) / 0.6, 0, 1))
        if closing > 0:
            lashes = _lashes(vertices, eye, still.width)
            line = _filled(lashes - [left, top], (bottom - top, right - left), self._softness)
            mixed += (still.lash - mixed) * (line * closing * _LASH_OPACITY)[..., None]
        frame[top:bottom, left:right] = np.round(mixed).astype(np.uint8)

    def _back_in_source(
        self, vertices: NDArray[np.float64], corners: tuple[int, int], box: Box
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """For each pixel of the box the source pixel, by the similarity of the eye's corners."""
        outer, inner = (complex(*self._points[index, :2]) for index in corners)
        outer_now, inner_now = (complex(*vertices[index, :2]) for index in corners)
        turn = (inner - outer) / ((inner_now - outer_now) or 1e-6)
        left, top, right, bottom = box
        pixels = np.arange(left, right) + 1j * np.arange(top, bottom)[:, None]
        source = outer + (pixels - outer_now) * turn
        return source.real.astype(np.float32), source.imag.astype(np.float32)

    def _still(self, side: Side) -> _Still:
        eye = EYES[side]
        outline = self._points[list(eye.outline), :2]
        low, high = outline.min(axis=0), outline.max(axis=0)
        width = float(np.linalg.norm(np.subtract(*self._points[list(eye.corners), :2])))
        margin = 0.3 * width + 4
        corner = np.floor(low - margin).astype(np.int64)
        size = np.ceil(high + margin).astype(np.int64) - corner
        shape = (int(size[1]), int(size[0]))
        inside = _filled(outline - corner, shape, 0.0)
        depth = cv2.distanceTransform((inside > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        reach = max(float(depth.max()), 1.0)
        upward = _eased(np.clip(depth / reach / 0.8, 0, 1))
        # Sideways: 1 over the iris, easing to 0 at the two corners.
        iris = self._points[list(eye.iris), :2]
        radius = float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())
        axis = self._points[eye.corners[1], :2] - self._points[eye.corners[0], :2]
        axis /= np.linalg.norm(axis) + 1e-9
        ends = (self._points[list(eye.corners), :2] - iris[0]) @ axis
        grid = np.stack(np.meshgrid(np.arange(shape[1]), np.arange(shape[0])), axis=-1) + corner
        along = (grid - iris[0]) @ axis
        room = np.where(along < 0, -min(ends.min(), -1.0), max(ends.max(), 1.0))
        room = np.maximum(room, radius * 1.2)
        beyond = (np.abs(along) - radius) / np.maximum(room - radius, 1.0)
        sideways = _eased(1 - np.clip(beyond, 0, 1))
        return _Still(
            corner=corner,
            opening=np.asarray(
                cv2.GaussianBlur(cv2.dilate(inside, np.ones((3, 3))), (0, 0), 0.7), np.float32
            ),
            sway=np.dstack([sideways, upward]).astype(np.float32),
            area=float(cv2.contourArea(outline.astype(np.float32))),
            width=width,
            lash=_dark_of(self._picture, self._points[list(eye.upper_lid), :2], 0.06 * width),
        )


def _eased(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Smoothstep."""
    return np.asarray(values * values * (3 - 2 * values))


def _lashes(vertices: NDArray[np.float64], eye: Eye, width: float) -> NDArray[np.float64]:
    """Outline of the lash line along the upper lid's edge, thin at its ends, (18, 2) pixels."""
    edge = vertices[[eye.corners[0], *eye.upper_lid, eye.corners[1]], :2]
    along = edge[-1] - edge[0]
    down = np.array([-along[1], along[0]]) / (np.linalg.norm(along) + 1e-6)
    down *= np.sign(down[1]) or 1.0
    thickness = _LASH_THICKNESS * width * np.sin(np.linspace(0.25, np.pi - 0.1, len(edge)))[:, None]
    return np.vstack([edge - 0.4 * thickness * down, (edge + 0.6 * thickness * down)[::-1]])


def _dark_of(
    picture: NDArray[np.uint8], points: NDArray[np.float64], reach: float
) -> NDArray[np.float32]:
    """The dark colour near points: the mean of the darkest quarter around them."""
    height, width = picture.shape[:2]
    offsets = np.linspace(-reach, reach, 5)
    x = np.clip((points[:, :1] + 0 * offsets).round().astype(int), 0, width - 1)
    y = np.clip((points[:, 1:] + offsets).round().astype(int), 0, height - 1)
    colours = picture[y, x].reshape(-1, 3).astype(np.float32)
    order = np.argsort(colours.sum(axis=1))
    return np.asarray(colours[order[: max(1, len(order) // 4)]].mean(axis=0))


def _box(points: NDArray[np.float64], margin: float, shape: tuple[int, ...]) -> Box | None:
    low = np.maximum(np.floor(points.min(axis=0) - margin).astype(int), 0)
    high = np.minimum(np.ceil(points.max(axis=0) + margin + 1).astype(int), [shape[1], shape[0]])
    if (high - low).min() < 2:
        return None
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _filled(
    outline: NDArray[np.float64], shape: tuple[int, int], softness: float
) -> NDArray[np.float32]:
    """A polygon as an anti-aliased float32 mask in 0..1, blurred by `softness` pixels."""
    mask = np.zeros(shape, np.uint8)
    fixed = np.round(outline * (1 << _FRACTION)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _FRACTION)
    if softness:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), softness))
    return np.asarray(mask, np.float32) / np.float32(255)
