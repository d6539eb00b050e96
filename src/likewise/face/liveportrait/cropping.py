"""Cut the face out upright, and lay the moved face back into the picture.

The crop's up is from the mouth's centre to the eyes' centre; its square holds all landmarks. Our
tracker's 478 points stand in for the 106 or 203 of the authors' trackers, which may not be shipped.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.liveportrait.driving import Ratios
from likewise.face.liveportrait.keypoints import Floats

CROP = 512
"""Side of the crop in pixels, which is also what the generator answers."""

SOURCE_SCALE, SOURCE_RISE = 2.3, -0.125
DRIVING_SCALE, DRIVING_RISE = 2.2, -0.1

_EYES, _MOUTH = (468, 473), (14,)  # iris centres; middle of the lower lip's edge
_MASK_BORDER, _MASK_RAMP = 8, 40  # pixels of 512
_TINY = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A square in a picture, possibly turned.

    Attributes:
        centre: (2,), pixels.
        side: Pixels.
        angle: Radians, of the crop's x axis against the picture's.
    """

    centre: Floats
    side: float
    angle: float

    def to_crop(self, size: int = CROP) -> NDArray[np.float32]:
        """(3, 3), from pixels of the picture to pixels of a crop of the given side."""
        scale = size / self.side
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turn = scale * np.array([[cosine, sine], [-sine, cosine]])
        matrix = np.eye(3)
        matrix[:2, :2] = turn
        matrix[:2, 2] = size / 2 - turn @ self.centre
        return matrix.astype(np.float32)

    def to_picture(self, size: int = CROP) -> NDArray[np.float32]:
        """(3, 3), from pixels of the crop to pixels of the picture."""
        inverse: NDArray[np.float32] = np.linalg.inv(self.to_crop(size)).astype(np.float32)
        return inverse


def eyes_and_mouth(points: Floats) -> Floats:
    """(2, 2), centre of the eyes and centre of the mouth, of the tracker's (478, 2 or 3) points."""
    return np.stack([points[list(which), :2].mean(axis=0) for which in (_EYES, _MOUTH)])


def box_around(
    points: Floats,
    eyes_mouth: Floats,
    *,
    scale: float = SOURCE_SCALE,
    rise: float = SOURCE_RISE,
    turned: bool = True,
) -> Box:
    """The square around a face.

    Args:
        points: (N, 2), all landmarks in pixels.
        eyes_mouth: (2, 2), centres of eyes and mouth.
        scale: Side of the square over that of the tightest square.
        rise: Shift along the face's down, in sides.
        turned: Turn with the face; otherwise only the eyes' line gives the tight box its axes.
    """
    down = eyes_mouth[1] - eyes_mouth[0]
    length = float(np.linalg.norm(down))
    # Eyes and mouth on one spot, as in a face seen from above: take the picture's own down.
    down = np.array([0.0, 1.0]) if length < _TINY else down / length
    across = np.array([down[1], -down[0]])
    axes = np.stack([across, down])  # rows
    local = points[:, :2] @ axes.T
    low, high = local.min(axis=0), local.max(axis=0)
    side = float((high - low).max()) * scale
    centre = axes.T @ ((low + high) / 2) + down * rise * side
    angle = float(np.arctan2(across[1], across[0])) if turned else 0.0
    return Box(centre, side, angle)


def crop(picture: NDArray[np.uint8], box: Box, size: int = CROP) -> NDArray[np.uint8]:
    """The box as an upright square, black outside the picture: uint8 (size, size, 3)."""
    cut: NDArray[np.uint8] = cv2.warpAffine(
        picture, box.to_crop(size)[:2], (size, size), flags=cv2.INTER_LINEAR
    )
    return cut


def network_input(cut: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A crop at the side that the networks take."""
    if cut.shape[0] == size == cut.shape[1]:
        return cut
    scaled: NDArray[np.uint8] = cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA)
    return scaled


@cache
def paste_mask(size: int = CROP) -> NDArray[np.float32]:
    """(size, size), 1 inside and falling softly to 0 at the border."""
    steps = np.arange(size)
    edge = np.minimum(steps, size - 1 - steps) * (CROP / size)
    distance = np.minimum.outer(edge, edge)
    mask: NDArray[np.float32] = np.clip((distance - _MASK_BORDER) / _MASK_RAMP, 0, 1)
    return mask.astype(np.float32)


class PasteBack:
    """Lays generated crops into one picture; what all frames share is computed once.

    Args:
        picture: uint8 (H, W, 3).
        box: Where the crop was cut out.
        size: Side of the generated crops.
        mask: float32 (size, size) in 0..1.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        box: Box,
        *,
        size: int = CROP,
        mask: NDArray[np.float32] | None = None,
    ) -> None:
        height, width = picture.shape[:2]
        matrix = box.to_picture(size)
        corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ matrix.T
        low = np.floor(corners[:, :2].min(axis=0)).astype(int) - 1
        high = np.ceil(corners[:, :2].max(axis=0)).astype(int) + 2
        self._left, self._top = (int(v) for v in np.clip(low, 0, (width - 1, height - 1)))
        right, bottom = (int(v) for v in np.clip(high, 1, (width, height)))
        matrix[:2, 2] -= self._left, self._top
        self._matrix = matrix[:2]
        self._size = right - self._left, bottom - self._top
        warped = self._warp(paste_mask(size) if mask is None else mask)
        self._mask = warped[..., None]
        self._picture = picture
        around = picture[self._top : bottom, self._left : right].astype(np.float32)
        self._behind = (1 - self._mask) * around
        self._where = np.s_[self._top : bottom, self._left : right]

    @property
    def mask(self) -> NDArray[np.float32]:
        """(H, W), weight of the crop in every pixel of the picture."""
        whole = np.zeros(self._picture.shape[:2], np.float32)
        whole[self._where] = self._mask[..., 0]
        return whole

    def __call__(self, cut: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture with a generated crop (size, size, 3) in its place."""
        frame = self._picture.copy()
        blended = self._mask * self._warp(cut).astype(np.float32) + self._behind
        frame[self._where] = np.clip(blended, 0, 255).astype(np.uint8)
        return frame

    def _warp(self, image: NDArray[np.generic]) -> NDArray[np.float32]:
        warped: NDArray[np.float32] = cv2.warpAffine(
            image, self._matrix, self._size, flags=cv2.INTER_LINEAR
        )
        return warped


# Of the tracker's points: upper, lower, corner, corner. Left is the picture's left.
_LEFT_EYE = (159, 145, 33, 133)
_RIGHT_EYE = (386, 374, 263, 362)
_LIPS = (13, 14, 78, 308)


def ratios_203(points: Floats) -> Ratios:
    """How far eyes and lips are open, from (203, 2) points of the authors' tracker."""
    return Ratios(
        left_eye=_ratio(points, (6, 18, 0, 12)),
        right_eye=_ratio(points, (30, 42, 24, 36)),
        lips=_ratio(points, (90, 102, 48, 66)),
    )


def ratios(points: Floats) -> Ratios:
    """How far eyes and lips are open, from (478, 2 or 3) points of our tracker."""
    return Ratios(
        left_eye=_ratio(points, _LEFT_EYE),
        right_eye=_ratio(points, _RIGHT_EYE),
        lips=_ratio(points, _LIPS),
    )


def _ratio(points: Floats, which: tuple[int, int, int, int]) -> float:
    """Distance of the first two points over that of the last two."""
    upper, lower, one, other = (points[index, :2] for index in which)
    return float(np.linalg.norm(upper - lower) / (np.linalg.norm(one - other) + _TINY))
