"""Several faces of one picture, each with a score of its own, drawn into one frame.

Every face is rendered on the whole picture by itself; then each pixel takes the rendering of the
face that it is nearest to, with a soft border half-way between two of them. Where nobody moves all
renderings are the picture, so the border is never seen there.
"""

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.engine import FaceEngine, Frame
from likewise.values import Motion, Portrait

_SOFTNESS = 0.14  # of the way between two faces that the border takes on either side


class Ensemble:
    """The faces of one picture.

    Args:
        engine: Draws each of them.
        portraits: Of one picture.
    """

    def __init__(self, engine: FaceEngine, portraits: Sequence[Portrait]) -> None:
        self._engine, self._portraits = engine, tuple(portraits)
        self._shares = _shares(self._portraits)

    def render(self, scores: Sequence[Iterable[Motion]]) -> Iterator[Frame]:
        """Play a score on each face; as many frames as the shortest has."""
        takes = [
            self._engine.render(portrait, score)
            for portrait, score in zip(self._portraits, scores, strict=True)
        ]
        yield from self.merged(takes)

    def merged(self, takes: Sequence[Iterator[Frame]]) -> Iterator[Frame]:
        """One film of several, in each of which one of the faces moves; as long as the shortest."""
        for frames in zip(*takes, strict=False):
            whole = frames[0].copy() if self._shares else frames[0]
            for frame, (box, mine, others) in zip(frames[1:], self._shares, strict=True):
                patch = np.ascontiguousarray(whole[box])
                other = np.ascontiguousarray(frame[box])
                whole[box] = cv2.blendLinear(patch, other, others, mine)
            yield whole


def _shares(
    portraits: Sequence[Portrait],
) -> list[tuple[tuple[slice, slice], NDArray[np.float32], NDArray[np.float32]]]:
    """For each face but the first: where it counts, its share, and that of those before it."""
    height, width = portraits[0].picture.shape[:2]
    x = np.arange(width, dtype=np.float32)
    y = np.arange(height, dtype=np.float32)[:, None]
    distances = []
    for portrait in portraits:
        points = portrait.points[:468, :2]
        low, high = points.min(axis=0), points.max(axis=0)
        centre, size = (low + high) / 2, float(np.linalg.norm(high - low))
        distances.append(np.hypot(x - centre[0], y - centre[1]) / np.float32(size))
    shares = []
    total = np.zeros((height, width), np.float32)
    for index, own in enumerate(distances):
        rivals = [other for place, other in enumerate(distances) if place != index]
        if not rivals:
            continue
        rival = np.minimum.reduce(rivals)
        # -1 at the face itself, 0 half-way to the next one.
        between = (own - rival) / (own + rival + 1e-6)
        share = np.clip(0.5 - between / (2 * _SOFTNESS), 0.0, 1.0)
        share = share * share * (3 - 2 * share)
        total += share
        if index:
            rows, columns = (np.flatnonzero(share.any(axis=axis)) for axis in (1, 0))
            box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
            mine = np.ascontiguousarray((share / np.maximum(total, 1e-6))[box], np.float32)
            shares.append((box, mine, 1 - mine))
    return shares
