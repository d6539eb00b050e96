"""A driver's face becomes a score while it is being filmed: nothing of what comes later is known.

The same measurements as of a film (`from_video`), smoothed by One-Euro filters, relative to how the
driver looked in the first second. `LiveDriver.recentre` takes a new neutral look, for drivers who
sit down otherwise.

    driver = LiveDriver(fps=30)
    for seconds, picture in camera:
        motion = driver.next(picture)          # one frame
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.motion.curves import Track
from likewise.motion.from_video import GAZE_REACH, PARTS, canonical_mouth, expression, measured
from likewise.seeing.canonical import FACE_WIDTH, pose_of
from likewise.seeing.landmarks import Tracked, Tracker
from likewise.seeing.shots import nearest_rotation
from likewise.seeing.smoothing import OneEuro
from likewise.values import Motion

_SETTLING: Final = 1.0  # seconds from which the driver's neutral look is taken
_REST_SECONDS: Final = 0.4  # to come to rest when the face is lost, and to take up again
# Of each measurement: Hz below which it is smoothed at rest, and how much more with its speed.
_CALM: Final = {
    "rotation": (1.5, 3.0),
    "neck": (1.5, 0.02),
    "scale": (1.0, 200.0),
    "eyes": (4.0, 20.0),
    "iris": (3.0, 20.0),
    "gaps": (6.0, 4.0),
    "mouth": (1.0, 1.0),
    "coefficients": (3.0, 8.0),
    "colours": (30.0, 0.0),
}


class LiveDriver:
    """Reads one face, picture by picture.

    Args:
        fps: Pictures per second, about.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._tracker = Tracker()
        self._filters: dict[str, OneEuro] = {}
        self._first: list[Track] = []
        self._anchor: Track | None = None
        self._counts = 0.0
        self._last: Track | None = None

    @property
    def ready(self) -> bool:
        """Whether the driver's neutral look is known; until then the score rests."""
        return self._anchor is not None

    def recentre(self) -> None:
        """Take the next second as the driver's neutral look."""
        self._first, self._anchor = [], None

    def next(self, picture: NDArray[np.uint8]) -> Motion:
        """What the driver does in the next picture, one frame.

        Args:
            picture: uint8 (H, W, 3), RGB.
        """
        face = self._tracker.track(picture)
        if face is not None:
            self._last = self._calm(picture, face)
            self._settle(self._last)
        step = 1.0 / (_REST_SECONDS * self._fps)
        present = face is not None and self._anchor is not None
        self._counts = min(1.0, max(0.0, self._counts + (step if present else -step)))
        motion = Motion.still(1, self._fps)
        if self._last is None or self._anchor is None or not self._counts:
            return motion
        self._play(motion, self._last, self._anchor)
        for track in (motion.coefficients, motion.gaze, motion.pose, motion.shift):
            track *= self._counts
        if self._counts < 1.0:
            motion.lip_gap[:] = np.nan
        return motion

    def _calm(self, picture: NDArray[np.uint8], face: Tracked) -> Track:
        row = measured(picture, face)
        if self._counts == 0.0:  # somebody who comes back needn't fly in from where they left
            self._filters = {
                name: OneEuro(self._fps, cutoff=cutoff, speed=speed)
                for name, (cutoff, speed) in _CALM.items()
            }
        for name, part in PARTS.items():
            row[part] = self._filters[name](row[part])
        return row

    def _settle(self, row: Track) -> None:
        if self._anchor is not None:
            return
        self._first.append(row)
        if len(self._first) >= _SETTLING * self._fps:
            # The later, the calmer; a blink or a word in between doesn't count.
            self._anchor = np.median(self._first[len(self._first) // 3 :], axis=0)

    @staticmethod
    def _play(motion: Motion, row: Track, anchor: Track) -> None:
        now, rest = (
            {name: values[part] for name, part in PARTS.items()} for values in (row, anchor)
        )
        motion.coefficients[:] = expression(
            rest["coefficients"], rest["eyes"], now["coefficients"][None], now["eyes"][None]
        )
        motion.gaze[:] = ((now["iris"] - rest["iris"]) / GAZE_REACH).clip(-1, 1)
        motion.lip_gap[:] = now["gaps"] * (canonical_mouth() / float(rest["mouth"][0]))
        back = nearest_rotation(rest["rotation"].reshape(3, 3)).T
        motion.pose[0] = pose_of(back @ nearest_rotation(now["rotation"].reshape(3, 3)))
        width = FACE_WIDTH / float(rest["scale"][0])
        motion.shift[0, :2] = (now["neck"] - rest["neck"]) / width
        motion.shift[0, 2] = np.log(float(rest["scale"][0] / now["scale"][0]))
