"""Which part of a picture the video shows: all of it, or head and shoulders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the command line needs only `Crop`, and must answer --help before numpy loads
    import numpy as np
    from numpy.typing import NDArray

    from likewise.values import Portrait

Crop = Literal["none", "head"]

_HEAD_SIZES = 2.1  # side of the square in face sizes: hair, neck and some shoulder stay in
_HEADROOM = 0.06  # of the square's side: hair needs more room than the chin


def head_square(portrait: Portrait) -> tuple[int, int, int]:
    """Left, top and side in pixels of the square around head and shoulders, inside the picture."""
    height, width = portrait.picture.shape[:2]
    low, high = portrait.points[:, :2].min(0), portrait.points[:, :2].max(0)
    side = min(float((high - low).max()) * _HEAD_SIZES, height, width)
    centre = (low + high) / 2 - (0, side * _HEADROOM)
    left, top = (centre - side / 2).clip(0, (width - side, height - side))
    return round(float(left)), round(float(top)), int(side)


def crop_to_head(portrait: Portrait, size: int) -> NDArray[np.uint8]:
    """The square around head and shoulders, scaled to `size` x `size` pixels."""
    import cv2

    left, top, side = head_square(portrait)
    square = portrait.picture[top : top + side, left : left + side]
    method = cv2.INTER_AREA if size < side else cv2.INTER_CUBIC
    scaled: NDArray[np.uint8] = cv2.resize(square, (size, size), interpolation=method)
    return scaled
