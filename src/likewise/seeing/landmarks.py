"""Where every part of a face is: 478 points and 52 expression scores, in pictures and in films.

    tracker = Tracker()
    faces = tracker.detect(picture)         # all of them, largest first
    for frame in frames:
        tracked = tracker.track(frame)      # follows one face, finds it again when lost

A region of interest, taken from the detector or from the last frame's points, is cut out upright
and shown to MediaPipe's face-mesh model; its points go back to the picture and through the
blendshape model.

Sources: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
2019; Grishchenko et al., "Blendshapes GHUM", 2023.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.seeing.detector import Detection, Detector
from likewise.seeing.sessions import session

INPUT_SIZE = 256
MARGIN = 1.5  # region of interest over the face's box
SMALLEST_PRESENCE = 0.5

# The points of the 478 that the blendshape model reads.
# fmt: off
_BLENDSHAPE_POINTS = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53,
    54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95,
    103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157,
    158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249,
    251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310,
    311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375,
    377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409,
    415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
])
# fmt: on
_RIGHT_EYE, _LEFT_EYE = 33, 263  # outer corners; sides are the person's


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """One face in one picture.

    Attributes:
        points: float32 (478, 3), pixels, x right, y down, z away from the viewer (scale of x).
        presence: Confidence that the points lie on a face, 0..1.
        coefficients: float32 (52,), expression scores in 0..1, order of `values.COEFFICIENTS`.
    """

    points: NDArray[np.float32]
    presence: float
    coefficients: NDArray[np.float32]

    @property
    def width(self) -> float:
        """Width of the face from cheek to cheek, pixels."""
        return float(np.linalg.norm(self.points[454, :2] - self.points[234, :2]))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the points, pixels."""
        low, high = self.points[:, :2].min(axis=0), self.points[:, :2].max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


@dataclass(frozen=True, slots=True, eq=False)
class Face(Tracked):
    """One of the faces that `Tracker.detect` found.

    Attributes:
        score: Confidence of the detector, 0..1.
    """

    score: float = 0.0


@dataclass(frozen=True, slots=True)
class _Region:
    """A turned square: centre and side in pixels, angle in radians."""

    x: float
    y: float
    side: float
    angle: float


class Tracker:
    """Finds and follows faces; keep one for each film, it remembers the last frame.

    Args:
        threads: Threads of each model.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._detector = Detector(threads=threads)
        self._landmarks = session("face-landmarks", threads)
        self._blendshapes = session("face-blendshapes", threads)
        self._last: NDArray[np.float32] | None = None

    def detect(
        self, picture: NDArray[np.uint8], *, threshold: float = 0.5, thorough: bool = True
    ) -> list[Face]:
        """All faces, largest first.

        Args:
            picture: uint8 (H, W, 3), RGB, upright.
            threshold: Smallest confidence of the detector and of the points.
            thorough: Look for small faces even when large ones are there.
        """
        found = self._detector.find(picture, threshold=threshold, thorough=thorough)
        return self._faces(picture, found, threshold)

    def track(self, frame: NDArray[np.uint8]) -> Tracked | None:
        """The face followed so far, or the largest when there is none yet; None when lost.

        Args:
            frame: uint8 (H, W, 3), RGB; the next frame of one film.
        """
        if self._last is not None:
            points, presence = self._points(frame, _region_of_points(self._last))
            if presence >= SMALLEST_PRESENCE:
                self._last = points
                return Tracked(points, presence, self._coefficients(points))
        found = self._detector.find(frame, thorough=False)
        faces = self._faces(frame, found, SMALLEST_PRESENCE)
        self._last = faces[0].points if faces else None
        return faces[0] if faces else None

    def follow(self, face: Tracked) -> None:
        """Follow this one of the faces that `detect` found, from the next frame on."""
        self._last = face.points

    def forget(self) -> None:
        """Start a new film."""
        self._last = None

    def _faces(
        self, picture: NDArray[np.uint8], found: list[Detection], threshold: float
    ) -> list[Face]:
        faces: list[Face] = []
        for detection in found:
            points, _ = self._points(picture, _region_of_detection(detection))
            # The first region comes from six rough points; a second look is steadier.
            points, presence = self._points(picture, _region_of_points(points))
            if presence >= threshold:
                faces.append(
                    Face(points, presence, self._coefficients(points), score=detection.score)
                )
        faces.sort(key=lambda face: -face.width)
        kept: list[Face] = []
        for face in faces:
            if all(_shared(face, other) < 0.4 for other in kept):
                kept.append(face)
        return kept

    def _points(
        self, picture: NDArray[np.uint8], region: _Region
    ) -> tuple[NDArray[np.float32], float]:
        """478 points in picture pixels, and presence."""
        view, to_picture = _cut_out(picture, region)
        values = view.astype(np.float32)[None] / 255.0
        landmarks, logit = self._landmarks.run(["landmarks", "presence"], {"input": values})
        local = landmarks.reshape(478, 3)
        points = np.empty((478, 3), np.float32)
        points[:, :2] = local[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        points[:, 2] = local[:, 2] * (region.side / INPUT_SIZE)
        return points, 1.0 / (1.0 + math.exp(-float(np.clip(logit.item(), -50, 50))))

    def _coefficients(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        chosen = np.ascontiguousarray(points[_BLENDSHAPE_POINTS, :2])[None]
        (scores,) = self._blendshapes.run(["coefficients"], {"input": chosen})
        return np.asarray(scores, np.float32).ravel()


def _region_of_detection(detection: Detection) -> _Region:
    across = detection.keypoints[1] - detection.keypoints[0]
    angle = math.atan2(float(across[1]), float(across[0]))
    x, y = map(float, detection.centre)
    return _Region(x, y, detection.size * MARGIN, angle)


def _region_of_points(points: NDArray[np.float32]) -> _Region:
    across = points[_LEFT_EYE, :2] - points[_RIGHT_EYE, :2]
    angle = math.atan2(float(across[1]), float(across[0]))
    cosine, sine = math.cos(angle), math.sin(angle)
    upright = points[:, :2] @ np.array([[cosine, -sine], [sine, cosine]])
    low, high = upright.min(axis=0), upright.max(axis=0)
    middle = (low + high) / 2
    return _Region(
        x=float(cosine * middle[0] - sine * middle[1]),
        y=float(sine * middle[0] + cosine * middle[1]),
        side=max(float((high - low).max()), 4.0) * MARGIN,
        angle=angle,
    )


def _cut_out(
    picture: NDArray[np.uint8], region: _Region
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The region upright at the model's size, and the affine map from there to the picture."""
    scale = region.side / INPUT_SIZE
    cosine, sine = scale * math.cos(region.angle), scale * math.sin(region.angle)
    half = INPUT_SIZE / 2
    to_picture = np.array(
        [
            [cosine, -sine, region.x - half * (cosine - sine)],
            [sine, cosine, region.y - half * (sine + cosine)],
        ],
        np.float32,
    )
    source, local = picture, to_picture
    if scale >= 2:
        # Bilinear reading would skip pixels of a large face; average them first.
        source, local = _reduced(picture, region, to_picture, int(scale))
    view = cv2.warpAffine(
        source,
        local,
        (INPUT_SIZE, INPUT_SIZE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return view, to_picture


def _reduced(
    picture: NDArray[np.uint8], region: _Region, to_picture: NDArray[np.float32], factor: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The region's surroundings `factor` times smaller, and the affine map into them."""
    reach = region.side * 0.75
    left, top = (max(0, int(v - reach)) for v in (region.x, region.y))
    crop = picture[top : int(region.y + reach) + 1, left : int(region.x + reach) + 1]
    height, width = crop.shape[0] // factor, crop.shape[1] // factor
    if min(height, width) < 1:
        return picture, to_picture
    crop = crop[: height * factor, : width * factor]
    local = to_picture.copy()
    local[:, 2] -= [left, top]
    local /= factor
    local[:, 2] += 0.5 / factor - 0.5  # pixel centres
    return cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA), local


def _shared(one: Tracked, other: Tracked) -> float:
    """Part of the smaller box that both boxes share."""
    a, b = one.box, other.box
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / max(smaller, 1e-6)
