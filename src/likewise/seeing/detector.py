"""Where faces are, roughly: MediaPipe's short-range BlazeFace on ONNX, at several scales.

The model looks at 128 x 128 pixels and misses faces narrower than about a fifth of what it sees.
So the picture is shown to it whole and then in overlapping tiles, down to a size at which a face of
8 % of the picture's width fills enough of a tile. Overlapping finds are merged.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.seeing.sessions import session

INPUT_SIZE = 128
_ANCHOR_GRIDS = ((16, 2), (8, 6))  # cells a side, anchors a cell
_TILE_FRACTIONS = (0.5, 0.25)  # of the longer side, tiles overlap by half
_TILE_THRESHOLD = 0.7  # of 60 tiles some look a little like a face: painted roses scored 0.61
_SMALLEST_TILE = 48  # pixels; smaller tiles only magnify noise


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One rough find.

    Attributes:
        centre: float32 (2,), of the box, pixels.
        size: Longer side of the box, pixels.
        keypoints: float32 (6, 2): right eye, left eye, nose tip, mouth, right and left ear.
        score: Confidence, 0..1.
    """

    centre: NDArray[np.float32]
    size: float
    keypoints: NDArray[np.float32]
    score: float


class Detector:
    """Finds faces.

    Args:
        threads: Threads of the model.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._session = session("face-detector", threads)
        self._anchors = _anchors()

    def find(
        self, picture: NDArray[np.uint8], *, threshold: float = 0.5, thorough: bool = True
    ) -> list[Detection]:
        """All faces, best first.

        Args:
            picture: uint8 (H, W, 3), RGB.
            threshold: Smallest confidence kept in the whole view; tiles need 0.7 at least.
            thorough: Search tiles even when the whole view shows a face; False stops at the first
                scale that shows one.
        """
        found: list[Detection] = []
        for boxes in _scales(*picture.shape[:2]):
            least = threshold if len(boxes) == 1 else max(threshold, _TILE_THRESHOLD)
            for box in boxes:
                found += self._look(picture, box, least)
            if found and not thorough:
                break
        return merged(found)

    def _look(
        self, picture: NDArray[np.uint8], box: tuple[int, int, int], threshold: float
    ) -> list[Detection]:
        x0, y0, side = box
        view = _square(picture, x0, y0, side)
        small = cv2.resize(view, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA)
        values = small.astype(np.float32)[None] / 127.5 - 1.0
        regressors, logits = self._session.run(["regressors", "scores"], {"input": values})
        scores = 1.0 / (1.0 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        kept = np.flatnonzero(scores > threshold)
        if not len(kept):
            return []
        boxes = regressors[0, kept].reshape(len(kept), 8, 2) / INPUT_SIZE
        boxes[:, [0, 2, 3, 4, 5, 6, 7]] += self._anchors[kept, None]  # row 1 is width and height
        origin = np.array([x0, y0], np.float32)
        candidates = [
            Detection(
                centre=row[0] * side + origin,
                size=float(row[1].max()) * side,
                keypoints=row[2:] * side + origin,
                score=float(scores[index]),
            )
            for index, row in zip(kept, boxes, strict=True)
        ]
        return merged(candidates)


def merged(found: Sequence[Detection]) -> list[Detection]:
    """Overlapping finds averaged by score (weighted non-maximum suppression), best first."""
    left = sorted(found, key=lambda item: -item.score)
    kept: list[Detection] = []
    while left:
        best = left[0]
        same = [item for item in left if overlap(best, item) > 0.3]
        left = [item for item in left if overlap(best, item) <= 0.3]
        weights = np.array([item.score for item in same], np.float32)
        weights /= weights.sum()
        kept.append(
            Detection(
                centre=np.einsum("n,nk->k", weights, [item.centre for item in same]),
                size=float(weights @ [item.size for item in same]),
                keypoints=np.einsum("n,nik->ik", weights, [item.keypoints for item in same]),
                score=best.score,
            )
        )
    return kept


def overlap(one: Detection, other: Detection) -> float:
    """Intersection over union of two square boxes, but 1 when one lies well inside the other."""
    low = np.maximum(one.centre - one.size / 2, other.centre - other.size / 2)
    high = np.minimum(one.centre + one.size / 2, other.centre + other.size / 2)
    shared = float(np.prod(np.maximum(high - low, 0.0)))
    smaller = min(one.size, other.size) ** 2
    if shared > 0.7 * smaller:
        return 1.0
    return shared / (one.size**2 + other.size**2 - shared)


def _anchors() -> NDArray[np.float32]:
    """Anchor centres, float32 (896, 2), 0..1."""
    centres = []
    for cells, repeats in _ANCHOR_GRIDS:
        axis = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        centres.append(np.repeat(grid, repeats, axis=0))
    return np.concatenate(centres)


def _scales(height: int, width: int) -> Iterator[list[tuple[int, int, int]]]:
    """Square views as (left, top, side), scale by scale, the whole picture first."""
    longer = max(height, width)
    yield [((width - longer) // 2, (height - longer) // 2, longer)]
    for fraction in _TILE_FRACTIONS:
        # A narrow picture needs tiles that fit its width, or its faces stay small in them.
        side = min(round(longer * fraction), round(min(height, width) * fraction * 1.5))
        if side < _SMALLEST_TILE:
            return
        yield [(x, y, side) for y in _starts(height, side) for x in _starts(width, side)]


def _starts(length: int, side: int) -> list[int]:
    if side >= length:
        return [(length - side) // 2]
    count = int(np.ceil((length - side) / (side / 2))) + 1
    return [round(start) for start in np.linspace(0, length - side, count)]


def _square(picture: NDArray[np.uint8], x0: int, y0: int, side: int) -> NDArray[Any]:
    """A square view, black where it leaves the picture."""
    height, width = picture.shape[:2]
    inside = picture[max(0, y0) : y0 + side, max(0, x0) : x0 + side]
    if inside.shape[:2] == (side, side):
        return inside
    view = np.zeros((side, side, 3), np.uint8)
    top, left = max(0, -y0), max(0, -x0)
    view[top : top + min(side, height), left : left + min(side, width)] = inside[
        : side - top, : side - left
    ]
    return view
