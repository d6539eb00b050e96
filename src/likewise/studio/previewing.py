"""One frame at once: what a face looks like with these sliders, before a video is made.

preview = Preview(picture)
frame = preview.frame({"smile": 0.6, "yaw": -10})
"""

from collections.abc import Iterator, Mapping

import numpy as np

from likewise.face import registry as faces
from likewise.face.engine import Frame
from likewise.motion.limits import within_limits
from likewise.studio.choosing import PictureLike, PointsLike, choose_portrait
from likewise.studio.scoring import MoodLike, chosen_mood, chosen_sliders
from likewise.values import Motion
from likewise.values.portrait import Style

_FPS = 25.0


class Preview:
    """A picture that strikes poses.

    The face is found once, when it is made; each frame then takes a few hundredths of a second.

    Args:
        picture: A picture file or RGB pixels.
        face: Which face of several, largest first; None takes the largest.
        size: Longest side of the frames in pixels.
        points: The face's ten points, for a face that can't be found.
        style: How the picture is made; None lets the engine decide.
        face_engine: Face engine; one that draws in real time.

    Raises:
        BadInput: Not a picture, no face in it, or points that no face has.
    """

    def __init__(
        self,
        picture: PictureLike,
        *,
        face: int | None = None,
        size: int = 480,
        points: PointsLike | None = None,
        style: Style | None = None,
        face_engine: str = "mesh",
    ) -> None:
        artist = faces.face_engine(face_engine)
        self._portrait = choose_portrait(
            picture, artist, face=face, crop="none", size=size, points=points, style=style
        )
        self._next = Motion.still(1, _FPS)
        # An engine draws from a stream and keeps what it has prepared while the stream lasts.
        self._frames = artist.render(self._portrait, self._poses())

    def frame(self, sliders: Mapping[str, float], mood: MoodLike = "") -> Frame:
        """The face as sliders and a mood make it; uint8 (H, W, 3), RGB.

        Args:
            sliders: Values of `likewise.motion.sliders.RANGES`.
            mood: What the face wears.

        Raises:
            BadInput: No such slider or mood, or a value out of range.
        """
        still = Motion.still(1, _FPS)
        chosen_mood(mood).wear(still, np.ones(1))
        self._next = within_limits(chosen_sliders(sliders).added(still), self._portrait)
        return next(self._frames)

    def _poses(self) -> Iterator[Motion]:
        while True:
            yield self._next
