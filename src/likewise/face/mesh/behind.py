"""The sitter as a layer of their own and what is behind them, so that no wall moves with a head.

The matte of `matting` becomes soft along the picture's own edges; what it covers is painted anew
from the background around it, as far as a moving head uncovers it. One layer over the other gives
the picture back but for strands of hair too thin to be told; a face that doesn't move at all is the
picture itself.

Source: He, Sun and Tang, "Guided image filtering", 2010.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.inpainting import disc, painted
from likewise.face.mesh.matting import Sitter

_SOFT = 0.07  # face widths around an edge in which the matte follows the picture
_EPSILON = 2e-3  # of the guided filter: contrast below this is no edge
_SEEN = 0.02  # alpha from which something is there
_MARGIN = 0.05  # face widths around the matte that are painted anew
_UNEXPLAINED = 0.1  # alpha that grain and an inexact background may seem to be ...
_BUSY = 2.0  # ... and more by so many times of how much the background changes
_NEAR_ALPHA = 0.15  # alpha of the matte from which strands are looked for with all confidence
_TOLD_FROM = 48.0  # grey levels from black or white within which nothing can be told


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """A picture in two layers.

    Attributes:
        sitter: uint8 (H, W, 4), RGB times alpha, alpha.
        behind: uint8 (H, W, 3), RGB: the picture without the sitter.
    """

    sitter: NDArray[np.uint8]
    behind: NDArray[np.uint8]


def layers(
    picture: NDArray[np.uint8], sitter: Sitter, moving: NDArray[np.floating], face_width: float
) -> Layers:
    """Take a picture apart.

    Args:
        picture: uint8 (H, W, 3).
        sitter: Where its sitter is.
        moving: (N, 2), points around all that moves, pixels.
        face_width: Pixels.
    """
    shape = picture.shape[:2]
    rough = sitter.matte(shape)
    left, top = np.clip(np.floor(moving.min(axis=0)).astype(int) - 2, 0, shape[::-1])
    right, bottom = np.clip(np.ceil(moving.max(axis=0)).astype(int) + 3, 0, shape[::-1])
    part = np.s_[top:bottom, left:right]
    behind, cut = picture.copy(), np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    seen = np.ascontiguousarray(picture[part])
    alpha = _soft(seen, np.ascontiguousarray(rough[part]), face_width)
    covered = cv2.dilate((alpha > _SEEN).astype(np.uint8), disc(_MARGIN * face_width)) > 0
    wall = painted(seen, covered, face_width)
    shown = seen.astype(np.float32)
    # What is painted begins softly, or the old outline would stay to be seen as a seam.
    inside = cv2.distanceTransform(covered.astype(np.uint8), cv2.DIST_L2, 3)[..., None]
    back = shown + np.minimum(inside / (_MARGIN * face_width), 1) * (wall - shown)
    behind[part] = np.round(back)
    near = np.minimum(alpha / _NEAR_ALPHA, 1)  # strands begin at the matte
    alpha = np.maximum(alpha, _told_apart(shown, back) * near)
    through = 1 - alpha[..., None]
    colour = np.clip(shown - through * back, 0, 255 * alpha[..., None])
    # Elsewhere nothing moves and the layers needn't be told apart.
    cut[part] = np.round(np.dstack([colour, 255 * alpha]))
    return Layers(cut, behind)


def _told_apart(shown: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.float32]:
    """The least of an alpha that explains what is shown before what is behind, (H, W).

    No colour is darker than black or brighter than white, so strands of hair that a matte lost show
    themselves; among the leaves of a tree nothing can be told.
    """
    darker = (back - shown) / np.maximum(back, _TOLD_FROM)
    brighter = (shown - back) / np.maximum(255 - back, _TOLD_FROM)
    least = np.maximum(darker, brighter).max(axis=2)
    grey = back.mean(axis=2)
    changes = cv2.blur(np.abs(grey - cv2.blur(grey, (7, 7))), (31, 31))
    busy = changes / np.maximum(np.minimum(grey, 255 - grey), _TOLD_FROM)
    return np.asarray(np.clip(1.25 * (least - _UNEXPLAINED - _BUSY * busy), 0, 1), np.float32)


def _soft(
    picture: NDArray[np.uint8], matte: NDArray[np.float32], face_width: float
) -> NDArray[np.float32]:
    """A rough matte made to follow the edges of the picture, float32 (H, W)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    radius = max(2, round(_SOFT * face_width))
    size = (2 * radius + 1, 2 * radius + 1)
    grey_mean, matte_mean, both, squares = (
        cv2.blur(values, size) for values in (grey, matte, grey * matte, grey * grey)
    )
    slope = (both - grey_mean * matte_mean) / (squares - grey_mean**2 + _EPSILON)
    offset = matte_mean - slope * grey_mean
    soft = cv2.blur(slope, size) * grey + cv2.blur(offset, size)
    return np.asarray(np.clip((soft - 0.15) / 0.7, 0, 1), np.float32)
