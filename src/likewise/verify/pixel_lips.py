"""How far a mouth opens, measured on pixels alone: for faces that no tracker reads.

Optical flow from the still picture to each frame says where the skin above and below the line
between the lips went. What the lower side moved more than the upper one is the opening. Nothing is
asked of a face model, so what a mesh was told and what its frames show are two things.

Source: Kroeger et al., "Fast optical flow using dense inverse search", 2016.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.verify.lips import LipTrack

SCORER = "optical flow (DIS) above and below the lips"
_HALF_WIDTH = 0.3  # of the mouth's width: the strips that are looked at
_ABOVE = (-0.35, -0.1)  # from the line between the lips, in widths of the mouth
_BELOW = (0.25, 0.9)  # of the way from that line to the chin
_MARGIN = 1.0  # widths of the mouth around mouth and chin that flow is computed on
_ACROSS, _DOWN = 15, 9  # places in a strip


_RIGHT, _MIDDLE, _LEFT, _CHIN, _FOREHEAD = 78, 13, 308, 152, 10  # of the 478 points


def track(
    picture: NDArray[np.uint8],
    points: NDArray[np.floating],
    frames: Iterable[NDArray[np.uint8]],
    fps: float,
) -> LipTrack:
    """The mouth in rendered frames, as `lips.track` measures it on faces that a tracker reads.

    Args:
        picture: uint8 (H, W, 3), the mouth shut.
        points: (478, 3), the face's points in it, pixels.
        frames: uint8 (H, W, 3), the same face, evenly spaced.
        fps: Frames a second.
    """
    mouth = points[[_RIGHT, _MIDDLE, _LEFT, _CHIN], :2].astype(np.float64)
    width = np.linalg.norm(mouth[2] - mouth[0])
    height = np.linalg.norm(points[_FOREHEAD, :2] - points[_CHIN, :2])
    gaps = opened(picture, mouth, frames) * float(width / height)
    return LipTrack(np.arange(len(gaps)) / fps, gaps, SCORER)


def opened(
    picture: NDArray[np.uint8],
    mouth: NDArray[np.floating],
    frames: Iterable[NDArray[np.uint8]],
) -> NDArray[np.float64]:
    """The opening in each frame, in widths of the mouth; 0 as in the picture.

    Args:
        picture: uint8 (H, W, 3), the mouth shut.
        mouth: (4, 2), right corner, middle and left corner of the line between the lips, and the
            chin, pixels.
        frames: uint8 (H, W, 3), the same face.
    """
    along = mouth[2] - mouth[0]
    width = float(np.linalg.norm(along))
    axes = np.array([along, [-along[1], along[0]]]) / width
    jaw = float((mouth[3] - mouth[1]) @ axes[1])
    low = np.maximum(np.floor(mouth.min(axis=0) - _MARGIN * width).astype(int), 0)
    high = np.ceil(mouth.max(axis=0) + _MARGIN * width).astype(int)
    region = slice(low[1], high[1]), slice(low[0], high[0])
    still = cv2.cvtColor(picture[region], cv2.COLOR_RGB2GRAY)
    middle, half = mouth[1] - low, _HALF_WIDTH * width
    upper = _strip(middle, axes, half, (_ABOVE[0] * width, _ABOVE[1] * width), still.shape)
    lower = _strip(middle, axes, half, (_BELOW[0] * jaw, _BELOW[1] * jaw), still.shape)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    gaps = []
    for frame in frames:
        moved = flow.calc(still, cv2.cvtColor(frame[region], cv2.COLOR_RGB2GRAY), None)
        change = np.median(moved[lower], axis=0) - np.median(moved[upper], axis=0)
        gaps.append(float(change @ axes[1]) / width)
    return np.array(gaps)


def _strip(
    middle: NDArray[np.floating],
    axes: NDArray[np.floating],
    half: float,
    down: tuple[float, float],
    shape: tuple[int, ...],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of places in a strip across the face."""
    u, v = np.meshgrid(np.linspace(-half, half, _ACROSS), np.linspace(*down, _DOWN))
    places = middle + u[..., None] * axes[0] + v[..., None] * axes[1]
    x, y = np.round(places).astype(np.intp).reshape(-1, 2).T
    return np.clip(y, 0, shape[0] - 1), np.clip(x, 0, shape[1] - 1)
