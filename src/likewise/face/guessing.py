"""A first guess at the ten points of a face, for a person to correct.

Where the tracker reads a face and can be trusted, the guess is its points. On animals and drawings
it often can't: it sees a face for certain and lays a human mouth across the muzzle. Its mistake
shows when the picture is mirrored, for a mouth that is really seen is found in the same place.
There the guess starts from what was found all the same, or from usual proportions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.topology import mirror
from likewise.face.points import FacePoints, PointName
from likewise.seeing.detector import Detection, Detector
from likewise.seeing.landmarks import Face, Tracked, Tracker

_MOUTH = (78, 308, 13, 14, 61, 291, 0, 17)
_FAINTEST = 0.5  # confidence of the detector below which its six points are worse than none

MOST_DISAGREEMENT = 0.05
"""Share of the face's width by which the mouth may move when the picture is mirrored.

Measured: people on film, paintings, a 3-D cartoon and a statue at 32 to 613 pixels, tilted, dark or
noisy 0.005 to 0.016, blurred beyond use 0.045; dogs, photographed and drawn, 0.064 to 0.089.
"""

# Where points lie in an upright face's box, by the box of a face that looks straight ahead.
_USUAL: dict[PointName, tuple[float, float]] = {
    "right_eye": (0.30, 0.40),
    "left_eye": (0.70, 0.40),
    "nose": (0.50, 0.58),
    "mouth_right": (0.36, 0.76),
    "mouth_centre": (0.50, 0.77),
    "mouth_left": (0.64, 0.76),
    "chin": (0.50, 0.97),
    "top": (0.50, 0.03),
    "right_side": (0.05, 0.50),
    "left_side": (0.95, 0.50),
}
_MUZZLE_NOSE = 0.6  # of the way from the eyes to the mouth
_IN_THE_MIDDLE = (0.25, 0.2, 0.75, 0.8)

# The tracker's points that mean what the ten mean; eyes are means of their corners and lids.
_TRACKED: dict[PointName, tuple[int, ...]] = {
    "right_eye": (33, 133, 159, 145),
    "left_eye": (263, 362, 386, 374),
    "nose": (4,),
    "mouth_right": (78,),
    "mouth_centre": (13, 14),
    "mouth_left": (308,),
    "chin": (152,),
    "top": (10,),
    "right_side": (234,),
    "left_side": (454,),
}


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """Ten points to start from.

    Attributes:
        points: In pixels of the picture.
        source: `tracked` (can be trusted), `doubtful` (a face was found, its mouth is uncertain),
            or `proportions` (nothing was found, the points lie in the middle).
    """

    points: FacePoints
    source: Literal["tracked", "doubtful", "proportions"]


def guess(
    picture: NDArray[np.uint8],
    *,
    face: int | None = None,
    tracker: Tracker | None = None,
    faces: Sequence[Face] | None = None,
) -> Guess:
    """Guess the ten points.

    Args:
        picture: uint8 (H, W, 3), RGB, upright.
        face: Which face of several, largest first; None takes the largest.
        tracker: One that is already loaded.
        faces: What it detects in the picture, where that is known.
    """
    tracker = tracker or Tracker()
    height, width = picture.shape[:2]
    size = (float(width), float(height))
    faces = tracker.detect(picture) if faces is None else faces
    if faces:
        chosen = faces[min(face or 0, len(faces) - 1)]
        points = _of_tracked(chosen, size)
        if disagreement(tracker, picture, chosen) <= MOST_DISAGREEMENT:
            return Guess(points, "tracked")
        return Guess(_with_muzzle(points), "doubtful")
    found = max(
        Detector().find(picture, threshold=_FAINTEST), key=lambda one: one.score, default=None
    )
    if found is not None:
        return Guess(_of_detection(found, size), "doubtful")
    left, top, right, bottom = _IN_THE_MIDDLE
    places = {
        name: ((left + x * (right - left)) * width, (top + y * (bottom - top)) * height)
        for name, (x, y) in _USUAL.items()
    }
    return Guess(FacePoints(places, size), "proportions")


def disagreement(tracker: Tracker, picture: NDArray[np.uint8], face: Face) -> float:
    """How far the mouth moves when the picture is mirrored, as a share of the face's width.

    Args:
        tracker: Looks again; it forgets the face that it followed.
        picture: The picture that `face` was found in.
        face: A face.

    Returns:
        The mean over the lips' points; 1 when no face is found in the mirrored picture.
    """
    last = picture.shape[1] - 1
    points = face.points.copy()
    points[:468] = face.points[mirror()]
    points[:, 0] = last - points[:, 0]
    tracker.follow(Tracked(points, face.presence, face.coefficients))
    again = tracker.track(np.ascontiguousarray(picture[:, ::-1]))
    tracker.forget()
    if again is None:
        return 1.0
    back = again.points[mirror()[list(_MOUTH)], :2]
    back[:, 0] = last - back[:, 0]
    moved = np.linalg.norm(back - face.points[list(_MOUTH), :2], axis=1).mean()
    return float(moved) / max(face.width, 1.0)


def _of_tracked(face: Face, size: tuple[float, float]) -> FacePoints:
    places = {name: _mean(face.points, indices) for name, indices in _TRACKED.items()}
    across = np.linalg.norm(face.points[[33, 263], :2] - face.points[[133, 362], :2], axis=1)
    down = np.linalg.norm(face.points[[159, 386], :2] - face.points[[145, 374], :2], axis=1)
    radii = (float(across.mean()) / 2, max(float(down.mean()) / 2, 1.0))
    return FacePoints(places, size, radii)


def _mean(points: NDArray[np.floating], indices: tuple[int, ...]) -> tuple[float, float]:
    x, y = points[list(indices), :2].mean(axis=0)
    return float(x), float(y)


def _with_muzzle(points: FacePoints) -> FacePoints:
    """An animal's nose lies lower than a person's: just above the mouth."""
    eyes = (points["right_eye"] + points["left_eye"]) / 2
    x, y = eyes + _MUZZLE_NOSE * (points["mouth_centre"] - eyes)
    return replace(points, places={**points.places, "nose": (float(x), float(y))})


def _of_detection(found: Detection, size: tuple[float, float]) -> FacePoints:
    """From the detector's six points: eyes, nose, mouth and the two sides."""
    right_eye, left_eye, nose, mouth, right_side, left_side = found.keypoints.astype(np.float64)
    apart = float(np.linalg.norm(left_eye - right_eye))
    along = (left_eye - right_eye) / max(apart, 1e-6)
    down = np.array([-along[1], along[0]])
    placed: dict[PointName, NDArray[np.float64]] = {
        "right_eye": right_eye,
        "left_eye": left_eye,
        "nose": nose,
        "mouth_right": mouth - 0.36 * apart * along,
        "mouth_centre": mouth,
        "mouth_left": mouth + 0.36 * apart * along,
        "chin": mouth + 0.5 * apart * down,
        "top": (right_eye + left_eye) / 2 - 0.95 * apart * down,
        "right_side": right_side,
        "left_side": left_side,
    }
    limit = np.array(size) - 1
    places = {name: tuple(map(float, np.clip(place, 0, limit))) for name, place in placed.items()}
    return FacePoints(places, size)  # type: ignore[arg-type]
