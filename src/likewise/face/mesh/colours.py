"""Colours that a painted mouth takes from its picture: ink, what white looks like, skin."""

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.topology import EYES
from likewise.seeing.measures import UPPER_INNER_LIP


def ink(
    picture: NDArray[np.uint8], points: NDArray[np.floating], mouth_width: float
) -> NDArray[np.float32]:
    """Colour of the line between the lips: the darkest twentieth along it, float32 (3,)."""
    height, width = picture.shape[:2]
    reach = np.linspace(-0.06, 0.06, 7) * mouth_width
    along = points[list(UPPER_INNER_LIP)[1:-1], :2]
    x = np.clip((along[:, :1] + 0 * reach).round().astype(int), 0, width - 1)
    y = np.clip((along[:, 1:] + reach).round().astype(int), 0, height - 1)
    colours = picture[y, x].reshape(-1, 3).astype(np.float32)
    darkest = np.argsort(colours.sum(axis=1))[: max(1, len(colours) // 20)]
    return np.asarray(colours[darkest].mean(axis=0))


def white(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.float32]:
    """What white looks like in the light, or the varnish, of a picture: RGB around 1.

    Told by the whites of the eyes; teeth are a little whiter than these.
    """
    inside = np.zeros(picture.shape[:2], np.uint8)
    for eye in EYES.values():
        cv2.fillPoly(inside, [np.round(points[list(eye.outline), :2]).astype(np.int32)], 1)
    seen = picture[inside > 0].astype(np.float32)
    if not len(seen):
        return np.ones(3, np.float32)
    brightness = seen.sum(axis=1)
    white = np.median(seen[brightness >= np.percentile(brightness, 80)], axis=0)
    return np.asarray(0.4 + 0.6 * white / max(float(white.mean()), 1.0), np.float32)


def colour(
    picture: NDArray[np.uint8], points: NDArray[np.floating], chosen: tuple[int, ...]
) -> NDArray[np.float64]:
    """Median colour at face points."""
    height, width = picture.shape[:2]
    x, y = points[list(chosen), :2].T.round().astype(int)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    return np.asarray(np.median(picture[y, x].astype(float), axis=0))
