"""How a picture is made, told from the face itself: photo, flat drawing, fur or moustache.

The answer decides what is painted between the lips, so it is a matter of look, not of truth: a
wrong guess shows a mouth that fits less well. `--style` overrules it, and is the only way to say
`painting`, which no simple measure tells from a photograph.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.topology import OVAL
from likewise.values.portrait import Kind, Style

_EVEN = 2  # levels between neighbouring pixels of one flat colour; JPEG adds as much
_FLAT_SHARE = 0.6  # of a face's pixels that lie in flat colour, from which it is a flat drawing
_FUR_SIDE = 128  # pixels that a face is reduced to before its texture is measured

# Between nose and lips, and on the cheeks beside: darkness of a moustache.
_LIP_SKIN = (164, 167, 393, 165, 391, 92, 322)
_CHEEK_SKIN = (50, 280, 205, 425, 117, 346)
_MOUSTACHE = 0.66  # brightness of the upper lip over the cheeks'


def style_of(
    picture: NDArray[np.uint8], points: NDArray[np.floating], kind: Kind | None = None
) -> Style:
    """The style that fits a face.

    Args:
        picture: uint8 (H, W, 3), RGB.
        points: (478, 3), the face's points.
        kind: What the face is, where somebody said it.
    """
    if flatness(picture, points) >= _FLAT_SHARE:
        return "flat"
    if kind == "animal":
        return "fur"
    return "moustache" if kind != "drawing" and _has_moustache(picture, points) else "photo"


def flatness(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> float:
    """Share of a face's pixels that have the colour of their neighbours, 0..1."""
    outline = points[list(OVAL), :2]
    low = np.maximum(np.floor(outline.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 1, picture.shape[1::-1])
    if (high - low).min() < 8:
        return 0.0
    face = picture[low[1] : high[1], low[0] : high[0]]
    kernel = np.ones((3, 3), np.uint8)
    spread = cv2.subtract(cv2.dilate(face, kernel), cv2.erode(face, kernel)).max(axis=2)
    inside = np.zeros(spread.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(outline - low).astype(np.int32)], 1)
    return float((spread[inside > 0] <= _EVEN).mean()) if inside.any() else 0.0


def _has_moustache(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> bool:
    """Whether the skin of the upper lip is much darker than the cheeks on both sides."""
    lip, cheeks = (_brightness(picture, points, where) for where in (_LIP_SKIN, _CHEEK_SKIN))
    return bool(np.median(lip) < _MOUSTACHE * np.percentile(cheeks, 30))


def _brightness(
    picture: NDArray[np.uint8], points: NDArray[np.floating], where: tuple[int, ...]
) -> NDArray[np.float64]:
    height, width = picture.shape[:2]
    x, y = points[list(where), :2].T.round().astype(int)
    chosen = picture[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    return np.asarray(chosen.astype(np.float64) @ (0.2126, 0.7152, 0.0722))
