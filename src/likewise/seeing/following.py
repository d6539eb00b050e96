"""One face through a film, frame by frame: a driver as every engine needs it.

    film = Film("driver.mp4")
    for sighting in film.sightings():
        sighting.seconds, sighting.face        # None while no face is seen

A film can be read several times; nothing of it is kept in memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.seeing.landmarks import Tracked, Tracker
from likewise.seeing.shots import CUT_WIDTHS
from likewise.video.reader import VideoReader

PICTURES: Final = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
FILMS: Final = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"}
SLOWEST, FASTEST = 5.0, 60.0
MAX_SIDE: Final = 1280
"""Pixels; a face in a 4K film is large enough without its last detail."""

_SAME_PLACE: Final = 0.8  # face widths around where somebody else stood
_SCENE: Final = (16, 16)  # pixels of a small copy, by which a cut is noticed
_OTHER_SCENE: Final = 12.0  # grey levels by which most of it changes then
_SAME_SIZE: Final = 0.35  # log-size by which their face may differ


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One frame of a film and the face in it.

    Attributes:
        seconds: When the frame is shown.
        picture: uint8 (H, W, 3), RGB.
        face: The face followed, None while it isn't seen.
    """

    seconds: float
    picture: NDArray[np.uint8]
    face: Tracked | None


class Film:
    """A driver: a video file, or one picture.

    Args:
        path: The file.
        fps: Frames per second to read it at; None is its own rate, 5 to 60.
        face: Which of several faces, counted from 0 by size in the first frame that has any; None
            takes the largest.
        max_side: Longest side of its frames in pixels; larger ones are scaled down.

    Attributes:
        path: The file.
        face: Which of several faces is followed.
        fps: Frames per second, constant.
        seconds: Duration as the header says, None when it doesn't say.
        has_sound: Whether there is a sound stream.
        is_picture: Whether it is one picture instead of a film.

    Raises:
        BadInput: Neither a video nor a picture.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        fps: float | None = None,
        face: int | None = None,
        max_side: int = MAX_SIDE,
    ) -> None:
        self.path, self.face, self._max_side = Path(path), face, max_side
        if str(path) == "-":
            raise BadInput(
                "A driver is read more than once, which standard input can't be. Save it to a "
                "file and name that."
            )
        self.is_picture = self.path.suffix.lower() in PICTURES
        self.fps, self.seconds, self.has_sound = fps or 25.0, None, False
        if not self.is_picture:
            with VideoReader(self.path) as video:
                self.seconds, self.has_sound = video.info.seconds, video.info.has_sound
                self.fps = fps or min(max(video.info.fps, SLOWEST), FASTEST)

    @property
    def frames(self) -> int | None:
        """About how many frames it has, None when the header doesn't say."""
        return None if self.seconds is None else max(1, round(self.seconds * self.fps))

    def pictures(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Seconds and picture of every frame at the constant rate, no larger than `max_side`."""
        if self.is_picture:
            from likewise.video.picture import read_picture

            yield 0.0, read_picture(self.path, max_side=self._max_side).picture
            return
        with VideoReader(self.path) as video:
            for frame in video.frames(fps=self.fps, max_side=self._max_side):
                yield frame.seconds, frame.picture

    def sightings(self, notes: list[str] | None = None) -> Iterator[Sighting]:
        """Every frame with the face followed.

        Args:
            notes: Takes what the user should know, such as which of several faces is followed.

        Raises:
            BadInput: The film is damaged, or has fewer faces than asked for.
        """
        tracker = Tracker()
        follower: _Follower | None = None
        for seconds, picture in self.pictures():
            if follower is None:
                follower = self._choose(tracker, picture, [] if notes is None else notes)
            yield Sighting(seconds, picture, follower(picture) if follower else None)

    def _choose(
        self, tracker: Tracker, picture: NDArray[np.uint8], notes: list[str]
    ) -> "_Follower | None":
        """Whoever follows a face that was found in this frame."""
        if self.face is None and tracker.track(picture) is None:
            return None  # a quick look is enough until there is something to see
        faces = tracker.detect(picture)
        if not faces:
            return None
        if self.face is not None and not 0 <= self.face < len(faces):
            count = "is one face" if len(faces) == 1 else f"are {len(faces)} faces"
            raise BadInput(
                f"There {count} in the driver {self.path.name} when the first is seen; face "
                f"{self.face + 1} was asked for. Faces count from 1, the largest first."
            )
        if len(faces) > 1 and self.face is None:
            notes.append(
                f"{len(faces)} faces found in the driver, the largest is followed; use "
                f"--driver-face N (1 to {len(faces)}, largest first) for another."
            )
        return _Follower(tracker, faces, self.face or 0)


class _Follower:
    """Follows one of several faces and doesn't go over to another that stood beside it.

    After a cut nobody stands where they stood, and whoever is seen is followed.

    Args:
        tracker: Its tracker.
        faces: All that are seen when it begins.
        number: Which of them to follow.
    """

    def __init__(self, tracker: Tracker, faces: Sequence[Tracked], number: int) -> None:
        self._tracker = tracker
        self._last: Tracked | None = faces[number]
        self._others = [face for place, face in enumerate(faces) if place != number]
        self._scene: NDArray[np.float32] | None = None
        tracker.follow(faces[number])

    def __call__(self, picture: NDArray[np.uint8]) -> Tracked | None:
        """The face in the next frame, None while it isn't seen."""
        face = self._tracker.track(picture)
        self._notice_cut(picture)
        if face is not None and self._others and not _beside(face, self._last, CUT_WIDTHS):
            seen = self._tracker.detect(picture, thorough=False)
            known = [other for other in seen if not self._is_other(other)]
            face = known[0] if known else None
            if face is None:
                self._tracker.forget()
            else:
                self._tracker.follow(face)
        self._last = face
        return face

    def _notice_cut(self, picture: NDArray[np.uint8]) -> None:
        if not self._others:
            return
        small = cv2.resize(picture, _SCENE, interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._scene is not None and np.median(np.abs(small - self._scene)) > _OTHER_SCENE:
            self._others = []
        self._scene = small

    def _is_other(self, face: Tracked) -> bool:
        return any(_beside(face, other, _SAME_PLACE) for other in self._others)


def _beside(face: Tracked, other: Tracked | None, widths: float) -> bool:
    """Whether two faces lie within so many face widths of each other and are about as large."""
    if other is None:
        return False
    way = np.linalg.norm((face.points - other.points)[:, :2].mean(axis=0))
    alike = abs(np.log(max(face.width, 1.0) / max(other.width, 1.0))) < _SAME_SIZE
    return bool(way < widths * other.width and alike)
