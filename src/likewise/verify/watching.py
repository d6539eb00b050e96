"""Look at finished frames once, and keep what the face metrics need.

Frames stream through: nothing but numbers is kept, so an hour costs no more memory than a minute's
worth of numbers an hour long.

    watched = watching.watch(frames, fps=25)
    lips.sync(watched.lips, wanted); face.identity(watched, face.sitter(source))
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likewise.seeing import identity
from likewise.seeing.canonical import head_pose
from likewise.seeing.landmarks import Tracked, Tracker
from likewise.seeing.measures import lip_gap
from likewise.verify.lips import LipTrack

IDENTITY_EVERY = 5  # frames; an embedding costs as much as two frames of tracking
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_FLICKER_SIDE = 256
_NOBODY = np.full(52, np.nan, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What was seen in N frames; rows are NaN where no face was found.

    Attributes:
        lips: Times, and the mouth in each frame.
        pose: float64 (N, 3), yaw, pitch, roll in degrees, as `Motion.pose` counts them.
        coefficients: float64 (N, 52), expression scores.
        embeddings: float32 (M, 128), identity of every fifth frame with a face.
        sharpness: float64 (N,), contrast of fine detail in the face, see `detail`.
        flicker: float64 (N - 2,), mean second difference of brightness in 8-bit levels.
    """

    lips: LipTrack
    pose: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    embeddings: NDArray[np.float32]
    sharpness: NDArray[np.float64]
    flicker: NDArray[np.float64]


class Watcher:
    """Keeps the numbers of frames that something else tracks.

        for frame in frames:
            watcher.see(frame, tracker.track(frame))
        watched = watcher.watched()

    Args:
        fps: Frames a second.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._gaps: list[float] = []
        self._poses: list[tuple[float, float, float]] = []
        self._scores: list[NDArray[np.float32]] = []
        self._embeddings: list[NDArray[np.float32]] = []
        self._details: list[float] = []
        self._flicker: list[float] = []
        self._last: list[NDArray[np.float32]] = []

    def see(self, frame: NDArray[np.uint8], found: Tracked | None) -> None:
        """Take the next frame.

        Args:
            frame: uint8 (H, W, 3), RGB.
            found: The face in it, None where there is none.
        """
        import cv2

        if found is None:
            self._gaps.append(np.nan)
            self._poses.append((np.nan,) * 3)
            self._scores.append(_NOBODY)
            self._details.append(np.nan)
        else:
            if len(self._gaps) % IDENTITY_EVERY == 0:
                self._embeddings.append(identity.embed(frame, found.points))
            self._gaps.append(lip_gap(found.points))
            self._poses.append(head_pose(found.points))
            self._scores.append(found.coefficients)
            self._details.append(detail(frame, found.points))
        small = cv2.resize(frame, (_FLICKER_SIDE, _FLICKER_SIDE), interpolation=cv2.INTER_AREA)
        self._last = [*self._last[-2:], small.astype(np.float32) @ _LUMA]
        if len(self._last) == 3:
            first, middle, last = self._last
            self._flicker.append(float(np.abs(first - 2 * middle + last).mean() / 2))

    def watched(self) -> Watched:
        """Everything seen so far."""
        count = len(self._gaps)
        return Watched(
            lips=LipTrack(np.arange(count) / self._fps, np.array(self._gaps, np.float64)),
            pose=np.array(self._poses, np.float64).reshape(-1, 3),
            coefficients=np.array(self._scores, np.float64).reshape(-1, 52),
            embeddings=np.array(self._embeddings, np.float32).reshape(-1, 128),
            sharpness=np.array(self._details, np.float64),
            flicker=np.array(self._flicker, np.float64),
        )


def watch(frames: Iterable[NDArray[np.uint8]], fps: float) -> Watched:
    """Track the face through the frames.

    Args:
        frames: uint8 (H, W, 3), RGB, evenly spaced.
        fps: Frames a second.
    """
    tracker, watcher = Tracker(), Watcher(fps)
    for frame in frames:
        watcher.see(frame, tracker.track(frame))
    return watcher.watched()


def detail(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> float:
    """Contrast of fine detail in the face: spread of the Laplacian over spread of brightness.

    Args:
        picture: uint8 (H, W, 3), RGB.
        points: (478, 2 or 3), landmarks in pixels.
    """
    import cv2

    low = np.maximum(points[:, :2].min(0), 0).astype(int)
    high = np.ceil(points[:, :2].max(0)).astype(int)
    face = picture[low[1] : high[1] + 1, low[0] : high[0] + 1]
    if min(face.shape[:2]) < 3:
        return float("nan")
    grey = np.asarray(face.astype(np.float32) @ _LUMA, np.float32)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std() / max(float(grey.std()), 1e-6))
