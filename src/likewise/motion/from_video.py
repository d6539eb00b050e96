"""A driver's face becomes a score: pose, expression, blinks, gaze and lips of someone on film.

Pose, place and expression are taken relative to one frame, the anchor, in which the driver looks
most neutral; how far the lips are apart is taken as it is, so that shut lips shut. Everything is
measured on tracked points in canonical space, where pose and size are gone. Each cut begins with an
anchor of its own for the pose; while no face is seen the score comes to rest, and the lips while
something is before the mouth.

    driven = from_video(Film("driver.mp4"))
    driven.motion, driven.notes
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.motion.curves import Track, ease
from likewise.progress import Progress, ProgressCallback, silent
from likewise.seeing.canonical import FACE_WIDTH, NECK, mesh, place, pose_of
from likewise.seeing.covering import COLOURS, covered, mouth_colours
from likewise.seeing.following import Film
from likewise.seeing.landmarks import Tracked
from likewise.seeing.measures import LOWER_INNER_LIP, UPPER_INNER_LIP
from likewise.seeing.shots import (
    Shot,
    absences,
    bridged,
    nearest_rotation,
    presence,
    remarks,
    shots,
)
from likewise.seeing.smoothing import settled
from likewise.values import COEFFICIENTS, INDEX, Motion

GAZE_REACH: Final = np.array([0.22, 0.10])
"""Way of the iris, sideways and up in eye widths, that counts as a gaze of 1. People who looked as
far as they could moved it by 0.20 to 0.24 sideways in the films that were measured."""

_WIDER = 0.2  # part of its height by which a full `eyeWide` opens an eye further
_SHUT = 0.15  # part of its height that the tracker still sees of a shut eye
_BLEND_SECONDS = 0.3  # to go over from one shot's pose to the next one's

# Outer and inner corner, iris, three points of the upper lid and those of the lower lid below them.
_EYES = (
    (33, 133, 468, (160, 159, 158), (144, 145, 153)),
    (263, 362, 473, (387, 386, 385), (373, 374, 380)),
)
_CORNERS = (61, 291)
_BY_GEOMETRY = [
    index for name, index in INDEX.items() if name.startswith(("eyeBlink", "eyeWide", "eyeLook"))
]
_MOUTH = [index for name, index in INDEX.items() if name.startswith(("jaw", "mouth"))]
_MOST_COVERED = 3  # times of a covered mouth that are told
_TYPICAL_OPENING = 0.33  # of eyes, height over width, where one picture has to do without an anchor


@dataclass(frozen=True, slots=True)
class Driven:
    """What was read from a driver.

    Attributes:
        motion: The score.
        anchor: Frame that counts as neutral.
        notes: What the user should know: cuts, times without a face.
    """

    motion: Motion
    anchor: int
    notes: tuple[str, ...]


def from_video(
    film: Film, *, anchor: float | None = None, on_progress: ProgressCallback = silent
) -> Driven:
    """The score that a driver plays.

    Args:
        film: The driver. A picture gives one frame: its expression, not its pose.
        anchor: Second at which the driver looks neutral, like the picture to be driven; None
            chooses the most neutral frame.
        on_progress: Told about every frame.

    Raises:
        BadInput: No face in the film, or an anchor without a face.
    """
    notes: list[str] = []
    rows: list[Track | None] = []
    for sighting in film.sightings(notes):
        rows.append(None if sighting.face is None else measured(sighting.picture, sighting.face))
        on_progress(Progress("watching", len(rows), film.frames, "frames"))
    seen = np.array([row is not None for row in rows])
    if not seen.any():
        raise BadInput(
            f"No face was found in the driver {film.path.name}, in none of its {len(rows)} frames. "
            "Choose a video in which a face is seen from the front, evenly lit, and upright."
        )
    nothing = np.zeros(_ROW)
    looks = _Looks(np.stack([nothing if row is None else row for row in rows]), seen, film.fps)
    if len(rows) == 1:
        return Driven(looks.picture(), 0, tuple(notes))
    chosen = looks.neutral() if anchor is None else _given(anchor, seen, film.fps)
    notes += looks.remarks()
    return Driven(looks.motion(chosen), chosen, tuple(notes))


PARTS: Final = {
    "rotation": slice(0, 9),  # of the head, to the picture
    "neck": slice(9, 11),  # pixels
    "scale": slice(11, 12),  # centimetres a pixel
    "eyes": slice(12, 14),  # opening of right and left eye, height over width
    "iris": slice(14, 16),  # out of the middle of its eye, right and up, in eye widths
    "gaps": slice(16, 27),  # of the lips, canonical centimetres
    "mouth": slice(27, 28),  # width, canonical centimetres
    "coefficients": slice(28, 80),
    "colours": slice(80, 80 + COLOURS),  # of the mouth, see `seeing.covering`
}
"""What is where in a row of measurements."""
_ROW = 80 + COLOURS


def measured(picture: NDArray[np.uint8], face: Tracked) -> Track:
    """Everything the score needs of one frame with a face, (101,); see `PARTS`."""
    placement = place(face.points)
    points = placement.to_canonical(face.points)
    eyes, looks = [], []
    for outer, inner, iris, upper, lower in _EYES:
        width = np.linalg.norm(points[outer] - points[inner])
        eyes.append((points[list(upper), 1] - points[list(lower), 1]).mean() / width)
        looks.append((points[iris] - (points[outer] + points[inner]) / 2)[:2] / width)
    row = np.empty(_ROW)
    row[PARTS["rotation"]] = placement.rotation.T.ravel()
    row[PARTS["neck"]] = placement.to_picture(NECK[None])[0, :2]
    row[PARTS["scale"]] = placement.scale
    row[PARTS["eyes"]] = eyes
    row[PARTS["iris"]] = np.mean(looks, axis=0)
    row[PARTS["gaps"]] = points[list(UPPER_INNER_LIP), 1] - points[list(LOWER_INNER_LIP), 1]
    row[PARTS["mouth"]] = np.linalg.norm(points[_CORNERS[0]] - points[_CORNERS[1]])
    row[PARTS["coefficients"]] = face.coefficients
    row[PARTS["colours"]] = mouth_colours(picture, face.points)
    return row


def _given(anchor: float, seen: NDArray[np.bool_], fps: float) -> int:
    frame = round(anchor * fps)
    if not 0 <= frame < len(seen) or not seen[frame]:
        raise BadInput(
            f"The anchor at {anchor:g} s shows no face: the driver lasts {len(seen) / fps:.2f} s. "
            "Name a second at which the driver looks neutral, or leave the anchor out."
        )
    return frame


class _Looks:
    """All rows of a film, steadied, and what they mean."""

    def __init__(self, rows: Track, seen: NDArray[np.bool_], fps: float) -> None:
        self._seen, self._fps = seen, fps
        filled = bridged(rows, seen)
        raw = {name: filled[:, part] for name, part in PARTS.items()}
        turn = raw["rotation"].reshape(-1, 3, 3)
        size = -np.log(raw["scale"][:, 0])
        self._width = float(np.median(FACE_WIDTH / raw["scale"]))  # pixels
        way = raw["neck"] / self._width
        self._shots = shots(seen, way, size, turn, fps)
        self._turn = self._settled(turn, 0.36, 0.03)
        self._way = self._settled(way, 0.36, 0.02)
        self._size = self._settled(size, 0.36, 0.02)
        self._eyes = self._settled(raw["eyes"], 0.2, 0.06)
        self._iris = self._settled(raw["iris"], 0.2, 0.03)
        self._gaps = self._settled(raw["gaps"], 0.2, 0.15)
        self._coefficients = self._settled(raw["coefficients"], 0.2, 0.25)
        self._mouth_width = float(np.median(raw["mouth"]))
        hidden = [covered(raw["colours"][shot.frames], fps) for shot in self._shots]
        self._mouth_seen = ~np.concatenate(hidden) | ~seen

    def _settled(self, track: Track, seconds: float, jump: float) -> Track:
        """The track without the tracker's trembling, shot by shot."""
        parts = [settled(track[shot.frames], seconds * self._fps, jump) for shot in self._shots]
        return np.concatenate(parts)

    def neutral(self) -> int:
        """The frame in which the driver looks most neutral.

        Neutral is: lips shut, no smile, face and gaze straight ahead, brows and lids as they mostly
        are.
        """
        seen = self._seen
        usual = np.median(self._coefficients[seen], axis=0)
        opening = np.median(self._eyes[seen], axis=0)
        aim = np.median(self._iris[seen], axis=0)
        turned = np.array([pose_of(turn) for turn in self._turn])
        turned[:, 1] -= np.median(turned[seen, 1])  # a camera looks up or down
        smile = self._coefficients[:, [INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]]
        costs = (
            (self._gaps[:, 3:8].mean(axis=1) / 0.7) ** 2,
            ((turned / 12.0) ** 2).sum(axis=1),
            (((self._iris - aim) / 0.08) ** 2).sum(axis=1),
            (((self._eyes - opening) / (0.2 * opening)) ** 2).mean(axis=1),
            (((self._coefficients - usual) / 0.12) ** 2).mean(axis=1),
            (smile.mean(axis=1) / 0.4) ** 2,
        )
        cost = np.where(seen, np.sum(costs, axis=0), np.inf)
        return int(np.argmin(cost))

    def motion(self, anchor: int) -> Motion:
        """The score relative to a frame."""
        motion = Motion.still(len(self._seen), self._fps)
        motion.coefficients[:] = expression(
            self._coefficients[anchor], self._eyes[anchor], self._coefficients, self._eyes
        )
        motion.gaze[:] = ((self._iris - self._iris[anchor]) / GAZE_REACH).clip(-1, 1)
        motion.lip_gap[:] = self._gaps * (canonical_mouth() / self._mouth_width)
        for shot in self._shots:
            self._place(motion, shot, self._anchor_of(shot, anchor))
        for shot in self._shots[1:]:
            self._blend(motion, shot)
        counts = presence(self._seen, self._fps)
        for track in (motion.coefficients, motion.gaze, motion.pose, motion.shift):
            track *= counts[:, None]
        mouth_counts = presence(self._mouth_seen, self._fps, least=0.0)
        motion.coefficients[:, _MOUTH] *= mouth_counts[:, None]
        motion.lip_gap[np.minimum(counts, mouth_counts) < 1] = np.nan
        return motion

    def picture(self) -> Motion:
        """The score of one frame without an anchor: its expression against a typical face."""
        motion = Motion.still(1, self._fps)
        typical = np.full(2, _TYPICAL_OPENING)
        nothing = np.zeros(len(COEFFICIENTS))
        motion.coefficients[:] = expression(nothing, typical, self._coefficients, self._eyes)
        motion.gaze[:] = (self._iris / GAZE_REACH).clip(-1, 1)
        motion.lip_gap[:] = self._gaps * (canonical_mouth() / self._mouth_width)
        return motion

    def _anchor_of(self, shot: Shot, anchor: int) -> int:
        """The frame of a shot whose pose counts as straight: the anchor, or the most frontal."""
        if shot.first <= anchor < shot.end:
            return anchor
        frames = np.flatnonzero(self._seen[shot.frames]) + shot.first
        if not len(frames):
            return shot.first
        turned = [np.linalg.norm(pose_of(self._turn[frame])) for frame in frames]
        return int(frames[int(np.argmin(turned))])

    def _place(self, motion: Motion, shot: Shot, anchor: int) -> None:
        """Pose and place of a shot's frames relative to one of them."""
        back = nearest_rotation(self._turn[anchor]).T
        for frame in range(shot.first, shot.end):
            motion.pose[frame] = pose_of(back @ nearest_rotation(self._turn[frame]))
        grown = np.exp(self._size[anchor]) * FACE_WIDTH / self._width
        motion.shift[shot.frames, :2] = (self._way[shot.frames] - self._way[anchor]) / grown
        motion.shift[shot.frames, 2] = self._size[shot.frames] - self._size[anchor]

    def _blend(self, motion: Motion, shot: Shot) -> None:
        """Go over from the pose before a cut to the one after it, instead of jumping."""
        times = np.arange(len(shot)) / self._fps
        remaining = (1.0 - ease(times / _BLEND_SECONDS))[:, None]
        for track in (motion.pose, motion.shift):
            jump = track[shot.first - 1] - track[shot.first]
            track[shot.frames] += jump * remaining

    def remarks(self) -> list[str]:
        """Cuts and absences in words."""
        found = [
            f"Something is before the driver's mouth from {first / self._fps:.1f} to "
            f"{end / self._fps:.1f} s; the lips rest meanwhile."
            for first, end in absences(self._mouth_seen, self._fps, least=0.0)
        ]
        return remarks(self._shots, self._seen, self._fps) + found[:_MOST_COVERED]


def expression(rest: Track, opening: Track, coefficients: Track, eyes: Track) -> Track:
    """Coefficients (N, 52) beyond those at rest; lids by how far the eyes are open.

    Args:
        rest: (52,), coefficients of the anchor.
        opening: (2,), how far its eyes are open, height over width, right and left.
        coefficients: (N, 52), of the frames.
        eyes: (N, 2), how far their eyes are open.
    """
    room = np.maximum(1.0 - rest, 0.3)  # what lies beyond a smile at rest is a full smile
    row = ((coefficients - rest) / room).clip(0.0, 1.0)
    row[:, _BY_GEOMETRY] = 0.0
    opened = eyes / np.maximum(opening, 0.05)
    for eye, side in enumerate(("Right", "Left")):
        shut = (1.0 - opened[:, eye]) / (1.0 - _SHUT)
        row[:, INDEX[f"eyeBlink{side}"]] = shut.clip(0.0, 1.0)
        row[:, INDEX[f"eyeWide{side}"]] = ((opened[:, eye] - 1.0) / _WIDER).clip(0.0, 1.0)
    return row


def canonical_mouth() -> float:
    """Width of the canonical mesh's mouth, centimetres."""
    vertices = mesh().vertices
    return float(np.linalg.norm(vertices[_CORNERS[0]] - vertices[_CORNERS[1]]))
