"""The face as SyncNet was shown it: a square around the face's box, reaching below the chin.

The authors' detector is replaced by our tracker, whose points span about the same box.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.verify.syncnet.network import SIDE

_AROUND: Final = 0.4  # of the box's half side: on the left and right, and twice that below
_SMOOTHING = 13  # frames of the median that steadies the box
_GREY = 110  # what lies outside the picture

Boxes = NDArray[np.float64]


def boxes(points: Iterable[NDArray[np.floating] | None]) -> Boxes:
    """Where the face is.

    Args:
        points: (478, 2 or 3), the landmarks of each frame in pixels, None where there is no face.

    Returns:
        float64 (N, 3): half of the side and the centre of the face's box, steadied; gaps are filled
        from both sides. All NaN where no frame shows a face.
    """
    found = []
    for face in points:
        if face is None:
            found.append((np.nan,) * 3)
            continue
        low, high = face[:, :2].min(0), face[:, :2].max(0)
        found.append((float((high - low).max()) / 2, *((low + high) / 2)))
    answer = np.array(found, np.float64).reshape(-1, 3)
    seen = np.isfinite(answer[:, 0])
    if not seen.any():
        return answer
    at = np.arange(len(answer))
    answer = np.column_stack([np.interp(at, at[seen], row[seen]) for row in answer.T])
    half = _SMOOTHING // 2
    around = np.pad(answer, ((half, half), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(around, _SMOOTHING, axis=0)
    return np.asarray(np.median(windows, axis=2))


def crops(frames: Iterable[NDArray[np.uint8]], where: Boxes) -> Iterator[NDArray[np.uint8]]:
    """Cut the face out of each frame.

    Args:
        frames: uint8 (H, W, 3), RGB, one for each box.
        where: From `boxes`.

    Yields:
        uint8 (224, 224, 3), RGB.
    """
    import cv2

    for frame, (half, x, y) in zip(frames, where, strict=False):
        pad = int(half * (1 + 2 * _AROUND))
        wide = cv2.copyMakeBorder(
            frame, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=(_GREY, _GREY, _GREY)
        )
        top, bottom = int(y + pad - half), int(y + pad + half * (1 + 2 * _AROUND))
        left, right = int(x + pad - half * (1 + _AROUND)), int(x + pad + half * (1 + _AROUND))
        part = wide[max(0, top) : bottom, max(0, left) : right]
        yield np.asarray(cv2.resize(part, (SIDE, SIDE)), np.uint8)
