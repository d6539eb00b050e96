"""Skin over a shut eye: what was an open eye gives way to the skin around it.

A lid that is pulled down takes with it what the picture shows on it and beside it: lashes that
stand up from its edge, a corner of white that no tracker found, the ink around a drawn eye. Skin is
known around the eye only; between, its colours change evenly from edge to edge. Where a shut lid
differs clearly from that, it is painted so; where skin itself ends at the eye (the wing of an
eyeliner, the white of a fox's cheek) nothing can be told, and the lid stays as it is.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.membrane import evenly_filled
from likewise.face.mesh.topology import Eye
from likewise.face.mesh.warp import Box

_OUTER, _INNER, _BELOW = 1.45, 1.35, 1.7  # how far out skin begins, from the middle and from a lid
_SIDE = 56  # pixels of the copy on which colours are spread
_PLAIN = 60.0, 110.0  # grey levels by which skin differs around a place that is fully, not trusted
_AROUND = 13  # points of the copy that are around a place
_TRUSTED = 0.5, 0.8  # share of the places around that must be one skin, and surely are enough
_LIKE = 10.0, 35.0  # grey levels up to which a lid is left as it is, and from which painted
_SOFT = 0.03  # of the eye's width, at the edge of what is painted
_MARGIN = 3  # pixels

Pixels = Callable[[Box], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""For each pixel of a box of the frame the pixel (x, y) of the picture, by the eye's corners."""


class LidSkin:
    """The skin over one eye of a portrait.

    Args:
        picture: uint8 (H, W, 3).
        points: (>= 468, >= 2) face points in the picture.
        eye: Which eye.
    """

    def __init__(self, picture: NDArray[np.uint8], points: NDArray[np.floating], eye: Eye) -> None:
        self._eye = eye
        self._width = float(np.linalg.norm(np.subtract(*points[list(eye.corners), :2])))
        around = _around(points, eye)
        low = np.floor(around.min(axis=0) - _MARGIN).astype(int)
        self._low = np.maximum(low, 0)
        high = np.ceil(around.max(axis=0) + _MARGIN).astype(int) + 1
        high = np.maximum(np.minimum(high, picture.shape[1::-1]), self._low + 1)
        part = picture[self._low[1] : high[1], self._low[0] : high[0]]
        scale = min(1.0, _SIDE / max(part.shape[:2]))
        small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        hole = np.zeros(small.shape[:2], np.uint8)
        cv2.fillPoly(hole, [np.round((around - self._low) * scale).astype(np.int32)], 1)
        trust = _trust(small, hole)
        filled = evenly_filled(np.dstack([small, trust]), hole > 0)
        self._skin = cv2.resize(filled, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)

    def paint(
        self,
        frame: NDArray[np.uint8],
        vertices: NDArray[np.float64],
        shut: float,
        in_picture: Pixels,
    ) -> None:
        """Paint the skin of a closing lid, in place.

        Args:
            frame: uint8 (H, W, 3), the warped picture without its eyeballs.
            vertices: (V, 3), where the face's points are now.
            shut: 0..1.
            in_picture: Where in the picture each pixel comes from.
        """
        around = _around(vertices, self._eye)
        left, top = np.maximum(np.floor(around.min(axis=0)).astype(int) - _MARGIN, 0)
        high = np.ceil(around.max(axis=0)).astype(int) + _MARGIN + 1
        right, bottom = np.minimum(high, frame.shape[1::-1])
        if right - left < 2 or bottom - top < 2:
            return
        x, y = in_picture((int(left), int(top), int(right), int(bottom)))
        x, y = x - np.float32(self._low[0]), y - np.float32(self._low[1])
        skin = cv2.remap(self._skin, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        there = np.zeros(skin.shape[:2], np.uint8)
        cv2.fillPoly(there, [np.round(around - [left, top]).astype(np.int32)], 255)
        soft = max(0.8, _SOFT * self._width)
        least, surely = _TRUSTED
        trust = np.clip((skin[..., 3] - least) / (surely - least), 0, 1)
        share = cv2.GaussianBlur(there, (0, 0), soft) * np.float32(shut / 255) * trust
        patch = frame[top:bottom, left:right]
        off = np.abs(patch - skin[..., :3]).max(axis=2)
        off = cv2.GaussianBlur(off, (0, 0), max(0.6, 0.4 * soft))
        share *= np.clip((off - _LIKE[0]) / (_LIKE[1] - _LIKE[0]), 0, 1)
        mixed = patch + (skin[..., :3] - patch) * share[..., None]
        patch[:] = np.round(mixed).astype(np.uint8)


def _around(points: NDArray[np.floating], eye: Eye) -> NDArray[np.float64]:
    """A line around an eye where there is skin again, (16, 2)."""
    outer, inner = points[list(eye.corners), :2]
    middle = (outer + inner) / 2
    lower, below = points[list(eye.lower_lid), :2], points[list(eye.below), :2]
    return np.vstack(
        [
            middle + _OUTER * (outer - middle),
            points[list(eye.lid_rows[-1][0]), :2],
            middle + _INNER * (inner - middle),
            (lower + _BELOW * (below - lower))[::-1],
        ]
    ).astype(np.float64)


def _trust(picture: NDArray[np.uint8], hole: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How far the colours around each place outside a hole are one skin's, float32 (h, w), 0..1."""
    outside = hole == 0
    size = np.ones((_AROUND, _AROUND), np.uint8)
    beside = outside & (cv2.dilate(hole, np.ones((3, 3), np.uint8)) > 0)
    lit = cv2.dilate(np.where(beside[..., None], picture, 0).astype(np.uint8), size)
    dark = cv2.erode(np.where(beside[..., None], picture, 255).astype(np.uint8), size)
    differ = (lit.astype(np.float32) - dark).max(axis=2)
    plain, other = _PLAIN
    return np.asarray(np.clip((other - differ) / (other - plain), 0, 1), np.float32)
