"""Look at finished frames once, and keep what the face metrics need.

Frames stream through: nothing but numbers is kept, so an hour costs no more memory than a minute's
worth of numbers an hour long.

    watched = watching.watch(frames, fps=25)
    lips.sync(watched.lips, wanted); face.identity(source, watched)
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likewise.verify.lips import LipTrack

IDENTITY_EVERY = 5  # frames; an embedding costs as much as two frames of tracking
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_FLICKER_SIDE = 256


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


def watch(frames: Iterable[NDArray[np.uint8]], fps: float) -> Watched:
    """Track the face through the frames.

    Args:
        frames: uint8 (H, W, 3), RGB, evenly spaced.
        fps: Frames a second.
    """
    import cv2

    from likewise.seeing import identity
    from likewise.seeing.canonical import head_pose
    from likewise.seeing.landmarks import Tracker
    from likewise.seeing.measures import lip_gap

    tracker = Tracker()
    gaps: list[float] = []
    poses: list[tuple[float, float, float]] = []
    scores: list[NDArray[np.float32]] = []
    embeddings: list[NDArray[np.float32]] = []
    details: list[float] = []
    flicker: list[float] = []
    last: list[NDArray[np.float32]] = []
    nobody = np.full(52, np.nan, np.float32)
    for index, frame in enumerate(frames):
        found = tracker.track(frame)
        gaps.append(np.nan if found is None else lip_gap(found.points))
        poses.append((np.nan,) * 3 if found is None else head_pose(found.points))
        scores.append(nobody if found is None else found.coefficients)
        details.append(np.nan if found is None else detail(frame, found.points))
        if found is not None and index % IDENTITY_EVERY == 0:
            embeddings.append(identity.embed(frame, found.points))
        small = cv2.resize(frame, (_FLICKER_SIDE, _FLICKER_SIDE), interpolation=cv2.INTER_AREA)
        last = [*last[-2:], small.astype(np.float32) @ _LUMA]
        if len(last) == 3:
            flicker.append(float(np.abs(last[0] - 2 * last[1] + last[2]).mean() / 2))
    return Watched(
        lips=LipTrack(np.arange(len(gaps)) / fps, np.array(gaps, np.float64)),
        pose=np.array(poses, np.float64).reshape(-1, 3),
        coefficients=np.array(scores, np.float64).reshape(-1, 52),
        embeddings=np.array(embeddings, np.float32).reshape(-1, 128),
        sharpness=np.array(details, np.float64),
        flicker=np.array(flicker, np.float64),
    )


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
