"""A row of teeth as a small picture: colour and opacity, drawn once.

Eight teeth a side with the widths and lengths of an average upper arch seen from the front, rounded
at the edge, with fine lines between them. The mouth layer lights and bends it.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT = 320, 96
_HALF_WIDTHS = (0.98, 0.74, 0.72, 0.66, 0.58, 0.50, 0.42, 0.36)  # from the middle, foreshortened
_HALF_LENGTHS = (0.90, 0.84, 0.87, 0.80, 0.76, 0.70, 0.66, 0.62)


@cache
def teeth() -> NDArray[np.float32]:
    """float32 (96, 320, 4): RGB around 1 (times the light) and opacity; gums' edge at row 0."""
    widths = np.array(_HALF_WIDTHS[::-1] + _HALF_WIDTHS)
    lengths = np.array(_HALF_LENGTHS[::-1] + _HALF_LENGTHS)
    edges = np.concatenate([[0.0], np.cumsum(widths)]) / widths.sum() * _WIDTH
    x = np.arange(_WIDTH) + 0.5
    y = (np.arange(_HEIGHT)[:, None] + 0.5) / _HEIGHT
    tooth = np.clip(np.searchsorted(edges, x) - 1, 0, len(widths) - 1)
    half = (edges[tooth + 1] - edges[tooth]) / 2
    across = (x - edges[tooth] - half) / half  # -1..1 over each tooth
    tips = (lengths[tooth] - 0.10 * np.abs(across) ** 5).astype(np.float32)
    tips = cv2.GaussianBlur(tips[None], (9, 1), 1.6)[0]
    opacity = np.clip((tips - y) / 0.05 + 0.5, 0, 1)
    lines = 1 - 0.11 * np.exp(-(((1 - np.abs(across)) * half / 2.2) ** 2))
    roundness = 1 - 0.06 * np.abs(across) ** 2.5
    upright = 0.88 + 0.12 * np.clip(1 - np.abs(y - 0.5) / 0.6, 0, 1)
    light = (lines * roundness)[None] * upright
    colour = light[..., None] * np.array([1.0, 0.965, 0.91])
    return np.dstack([colour, opacity]).astype(np.float32)


def teeth_of(mouth_width: float) -> NDArray[np.float32]:
    """The row of teeth at about the size at which it is drawn; read from afar it would flicker."""
    row = teeth()
    share = mouth_width / row.shape[1]
    if share >= 1:
        return row
    size = max(8, round(row.shape[1] * share)), max(6, round(row.shape[0] * share))
    return np.asarray(cv2.resize(row, size, interpolation=cv2.INTER_AREA), np.float32)
