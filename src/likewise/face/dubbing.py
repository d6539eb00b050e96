"""New lips on a film: every frame's own mouth is led to rest, then says something else.

What a face on film does with its mouth belongs to other words. So the mouth at rest is learned from
the frames in which it is nearly shut; in each frame the lower half of the face is moved from what
it does to that rest plus what the new score says, by the mesh engine's warp on the frame's own
pixels. Pose, light, eyes and everything above the nose stay what they were, to the bit.

    rest = RestingMouth()
    for face in some_of_the_film:
        rest.see(face.points)
    lips = NewLips(rest)
    frame = lips.drawn(picture, points, motion, index)
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.face.engine import Frame
from likewise.face.mesh.lips import gaps, part_lips, take_from_within
from likewise.face.mesh.looks import LOOKS
from likewise.face.mesh.mouth import MouthLayer
from likewise.face.mesh.rig import Rig
from likewise.face.mesh.topology import INNER_LIPS
from likewise.face.mesh.warp import Warp
from likewise.face.styles import style_of
from likewise.seeing.canonical import Points, mesh, place
from likewise.seeing.measures import LOWER_INNER_LIP, UPPER_INNER_LIP
from likewise.values import COEFFICIENTS, INDEX, Motion, Portrait
from likewise.values.portrait import Style

_KEPT: Final = 400  # mouths from which the rest is learned
_SHUT_SHARE: Final = 20.0  # per cent of them that count as nearly shut
_CORNERS: Final = (61, 291)
_MOUTH: Final = np.array([name.startswith(("mouth", "jaw")) for name in COEFFICIENTS])
_MEETING: Final = 0.012  # face widths between lips that meet
_NOWHERE: Final = np.zeros(3)


class RestingMouth:
    """The mouth of one person at rest, from frames of a film."""

    def __init__(self) -> None:
        self._seen: list[Points] = []
        self._stride, self._count = 1, 0

    def see(self, points: NDArray[np.floating]) -> None:
        """Take note of one frame's face (>= 468, 3); memory stays that of 400 of them."""
        if self._count % self._stride == 0:
            self._seen.append(place(points[:468]).to_canonical(points[:468]))
            if len(self._seen) >= _KEPT:
                del self._seen[1::2]
                self._stride *= 2
        self._count += 1

    def shape(self) -> Points:
        """The face with its lips just touching, canonical (468, 3).

        Raises:
            BadInput: No face was seen.
        """
        if not self._seen:
            raise BadInput(
                "No face was found in the film, so there are no lips to move. Choose one in which "
                "a face is seen from the front, evenly lit, and upright."
            )
        opened = np.array([gaps(face)[3:8].mean() for face in self._seen])
        shut = opened <= np.percentile(opened, _SHUT_SHARE)
        face: Points = np.median([f for f, s in zip(self._seen, shut, strict=True) if s], axis=0)
        part_lips(face, np.minimum(gaps(face), 0.0))
        return face


class NewLips:
    """Draws frames of one person with another mouth.

    Args:
        rest: What their mouth is at rest.
    """

    def __init__(self, rest: RestingMouth) -> None:
        self._rest = rest.shape()
        self._style: Style | None = None
        self._before: MouthLayer | None = None

    def drawn(
        self, picture: Frame, points: NDArray[np.floating], motion: Motion, index: int
    ) -> Frame:
        """One frame with the mouth that a score says.

        Args:
            picture: uint8 (H, W, 3), the film's frame; not changed.
            points: (478, 3), the face in it.
            motion: The score; jaw, mouth and tongue of it are played.
            index: Which frame of the score.

        Returns:
            uint8 (H, W, 3), equal to the picture but for the lower half of the face.
        """
        if self._style is None:  # one for the whole film, whatever a frame looks like
            self._style = style_of(picture, points)
        shown = Rig(_portrait(picture, points, self._style))
        resting = _portrait(picture, self._at_rest(points), self._style)
        rig = Rig(resting)
        coefficients = np.where(_MOUTH, motion.coefficients[index], 0.0)
        shaped = rig.shape(coefficients, motion.lip_gap[index], 0.0)
        # Rings around the jaw follow from where they are in this frame, not from those at rest.
        spoken = rig.project(shaped, _NOWHERE, _NOWHERE)
        vertices = shown.pose(place(points[:468]).to_canonical(spoken), _NOWHERE, _NOWHERE)
        warp = Warp(picture, shown.source, shown.outer, shown.fillings, shown.skin, rig.face_width)
        texture = shown.source[:, :2].copy()
        take_from_within(texture, shown.face_width)
        frame = warp(vertices, texture, [_around(vertices)])
        mouth = MouthLayer(
            picture,
            resting.points,
            rig.face_width,
            own_inside=False,
            look=LOOKS[self._style],
        )
        if self._before is not None:
            mouth.lit_as(self._before)
        self._before = mouth
        arch = rig.project(rig.upper_teeth, _NOWHERE, _NOWHERE)
        mouth.paint(frame, vertices, arch, tongue=float(motion.tongue[index]))
        _soften_seam(frame, vertices, shown.face_width)
        return frame

    def _at_rest(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """The points of a frame with the mouth at rest, (478, 3)."""
        placement = place(points[:468])
        own = placement.to_canonical(points[:468])
        share = _lower_face()[:, None]
        rested = np.asarray(points, np.float32).copy()
        rested[:468] = placement.to_picture(own + share * (self._rest - own))
        return rested


def _portrait(picture: Frame, points: NDArray[np.floating], style: Style) -> Portrait:
    placed = np.asarray(points, np.float32)
    nothing = np.zeros(len(COEFFICIENTS), np.float32)
    # The head doesn't turn here, so where it ends isn't asked: a rig would look for a human's end
    # in every frame anew, which takes ten times as long as drawing it, and trembles.
    return Portrait(picture, placed, nothing, kind="drawing", style=style)


def _lower_face() -> NDArray[np.float64]:
    """How far each point belongs to the mouth, (468,): 0 above the nose's tip, 1 at the lips."""
    _, height, _ = mesh().vertices.T
    return np.asarray(np.clip((0.2 - height) / 1.6, 0, 1))


def _soften_seam(frame: Frame, vertices: NDArray[np.float64], face_width: float) -> None:
    """Smooth the line along which lips meet, in place: the warp's jump leaves it ragged there."""
    upper, lower = (vertices[list(row), :2] for row in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    meeting = np.linalg.norm(upper - lower, axis=1) < _MEETING * face_width
    if meeting.sum() < 2:
        return
    line = (upper + lower) / 2
    margin = round(0.03 * face_width) + 3
    low = np.maximum(np.floor(line.min(axis=0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(line.max(axis=0)).astype(int) + margin, frame.shape[1::-1])
    if (high - low).min() < 3:
        return
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    fixed = np.round((line - low) * 16).astype(np.int32)
    thick = max(2, round(0.012 * face_width))
    for number in np.flatnonzero(meeting[:-1] & meeting[1:]):
        cv2.line(mask, fixed[number], fixed[number + 1], 255, thick, cv2.LINE_AA, 4)
    blur = max(0.7, 0.005 * face_width)
    weight = cv2.GaussianBlur(mask, (0, 0), blur)[..., None].astype(np.float32) / 255
    patch = frame[low[1] : high[1], low[0] : high[0]]
    soft = cv2.GaussianBlur(patch, (0, 0), blur).astype(np.float32)
    patch[:] = np.round(patch + (soft - patch) * weight).astype(np.uint8)


def _around(vertices: NDArray[np.float64]) -> tuple[int, int, int, int]:
    """A box around the opening, where the map jumps and is evaluated at every pixel."""
    outline = vertices[list(INNER_LIPS), :2]
    low, high = outline.min(axis=0) - 3, outline.max(axis=0) + 4
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def faded(frame: Frame, drawn: Frame, amount: float) -> Frame:
    """Between a frame as filmed (0) and as drawn (1): where a face comes or goes."""
    if amount >= 1.0:
        return drawn
    return np.asarray(cv2.addWeighted(frame, 1.0 - amount, drawn, amount, 0.0), np.uint8)


def resting_score(fps: float) -> Motion:
    """One frame of shut lips, for the time in which nothing is said."""
    still = Motion.still(1, fps)
    still.coefficients[0, INDEX["mouthClose"]] = 1.0
    return still
