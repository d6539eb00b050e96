"""A driver on film, as the motion extractor sees it: a template with an anchor.

The film is read twice. First the tracker finds the face in every frame, which gives each shot one
box (its mean, as the authors do, so that the head moves inside it), and how far eyes and lips are
open. Then the motion extractor reads the cut-out frames. Only numbers are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.face.liveportrait import cropping
from likewise.face.liveportrait.keypoints import FaceMotion, Floats
from likewise.face.liveportrait.template import Template
from likewise.progress import Progress, ProgressCallback, silent
from likewise.seeing import shots as cuts
from likewise.seeing.canonical import FACE_WIDTH, NECK, place
from likewise.seeing.following import Film
from likewise.seeing.shots import Shot
from likewise.seeing.smoothing import smooth

Read = Callable[[NDArray[np.uint8]], FaceMotion]
"""Motion of a face from its upright crop."""

VARIANCE = 3e-7
"""Observation variance of the smoother, the authors' for source videos."""

_COLUMNS: Final = 18
_NEUTRAL_LIPS, _NEUTRAL_DEGREES, _NEUTRAL_EXPRESSION = 0.2, 12.0, 0.008


def watch(
    film: Film, read: Read, *, anchor: float | None = None, on_progress: ProgressCallback = silent
) -> Template:
    """Read a driver.

    Args:
        film: The driver; one picture gives one frame and no anchor.
        read: Motion of a face from its upright crop.
        anchor: Second at which the driver looks neutral; None chooses one.
        on_progress: Told about every frame.

    Raises:
        BadInput: No face in the film, or an anchor without a face.
    """
    notes: list[str] = []
    rows: list[Floats | None] = []
    for sighting in film.sightings(notes):
        rows.append(None if sighting.face is None else measured(sighting.face.points))
        on_progress(Progress("watching", len(rows), film.frames, "frames"))
    track = Track.of(rows, film.fps, f"driver {film.path.name}")
    frames: list[FaceMotion] = []
    boxes = track.boxes()
    for number, (_, picture) in enumerate(film.pictures()):
        cut = cropping.crop(picture, boxes[min(number, len(boxes) - 1)])
        frames.append(read(cut) if track.seen[min(number, len(boxes) - 1)] else NOBODY)
        on_progress(Progress("reading the driver", number + 1, len(boxes), "frames"))
    template = gathered(frames[: len(boxes)], track, film.fps)
    if len(boxes) == 1:
        return replace(template, anchor=None, notes=tuple(notes))
    chosen = _neutral(template, track) if anchor is None else track.frame_at(anchor)
    notes += cuts.remarks(track.shots, track.seen, film.fps)
    return replace(_joined(template, track, chosen), anchor=chosen, notes=tuple(notes))


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """What the tracker says of N frames; where no face is seen, what lies between.

    Attributes:
        fps: Frames per second.
        seen: bool (N,).
        centres: (N, 2), of the tight box around the face, pixels.
        sides: (N,), its longer side.
        ratios: (N, 3), openness of left eye, right eye and lips.
        shots: The shots.
    """

    fps: float
    seen: NDArray[np.bool_]
    centres: Floats
    sides: Floats
    ratios: Floats
    shots: Sequence[Shot]

    @classmethod
    def of(cls, rows: Sequence[Floats | None], fps: float, film: str) -> "Track":
        """From what was `measured` in every frame of a film, None where no face is seen.

        Raises:
            BadInput: A film without a face.
        """
        seen = np.array([row is not None for row in rows])
        if not seen.any():
            raise BadInput(
                f"No face was found in the {film}, in none of its {len(rows)} frames. Choose a "
                "video in which a face is seen from the front, evenly lit, and upright."
            )
        table = np.stack([np.full(_COLUMNS, np.nan) if row is None else row for row in rows])
        table = cuts.bridged(table, seen)
        way = table[:, 6:8] / np.median(table[:, 8])
        turn = table[:, 9:18].reshape(-1, 3, 3)
        found = cuts.shots(seen, way, np.log(table[:, 8]), turn, fps)
        return cls(fps, seen, table[:, :2], table[:, 2], table[:, 3:6], found)

    def boxes(self) -> list[cropping.Box]:
        """The box of every frame; the same for all frames of a shot."""
        boxes: list[cropping.Box] = []
        for shot in self.shots:
            known = self.seen[shot.frames] if self.seen[shot.frames].any() else np.s_[:]
            centre = self.centres[shot.frames][known].mean(axis=0)
            side = float(self.sides[shot.frames][known].mean()) * cropping.DRIVING_SCALE
            lifted = centre + np.array([0.0, cropping.DRIVING_RISE * side])
            boxes += [cropping.Box(lifted, side, 0.0)] * len(shot)
        return boxes

    def frame_at(self, anchor: float) -> int:
        """The frame of a second, in which a face must be seen."""
        frame = round(anchor * self.fps)
        if not 0 <= frame < len(self.seen) or not self.seen[frame]:
            raise BadInput(
                f"The anchor at {anchor:g} s shows no face: the driver lasts "
                f"{len(self.seen) / self.fps:.2f} s. Name a second at which the driver looks "
                "neutral, or leave the anchor out."
            )
        return frame


def measured(points: Floats) -> Floats:
    """Centre and side of the tight box, ratios, neck, width and rotation of a face, (18,)."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    open_ = cropping.ratios(points)
    placement = place(points)
    row = np.empty(_COLUMNS)
    row[:2] = (low + high) / 2
    row[2] = (high - low).max()
    row[3:6] = open_.left_eye, open_.right_eye, open_.lips
    row[6:8] = placement.to_picture(NECK[None])[0, :2]
    row[8] = FACE_WIDTH / placement.scale
    row[9:] = placement.rotation.T.ravel()
    return row


NOBODY: Final = FaceMotion(np.zeros((21, 3)), np.zeros((21, 3)), np.eye(3), 1.0, np.zeros(3))


def gathered(frames: Sequence[FaceMotion], track: Track, fps: float) -> Template:
    """Frames as a template; where no face is seen, what lies between its neighbours."""

    def column(values: Sequence[Floats | float]) -> Floats:
        return cuts.bridged(np.stack([np.asarray(v, float) for v in values]), track.seen)

    return Template(
        fps=fps,
        scale=column([frame.scale for frame in frames]),
        rotation=column([frame.rotation for frame in frames]),
        expression=column([frame.expression for frame in frames]),
        translation=column([frame.translation for frame in frames]),
        canonical=column([frame.canonical for frame in frames]),
        ratios=track.ratios[: len(frames)].copy(),
    )


def _neutral(template: Template, track: Track) -> int:
    """The frame in which the driver looks most neutral: lips shut, head straight, as mostly."""
    seen = track.seen
    cosine = (np.trace(template.rotation, axis1=1, axis2=2) - 1) / 2
    degrees = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    unusual = template.expression - np.median(template.expression[seen], axis=0)
    eyes = template.ratios[:, :2].mean(axis=1)
    opening = float(np.median(eyes[seen])) or 1.0
    cost = (
        (template.ratios[:, 2] / _NEUTRAL_LIPS) ** 2
        + ((degrees - degrees[seen].min()) / _NEUTRAL_DEGREES) ** 2
        + ((unusual / _NEUTRAL_EXPRESSION) ** 2).mean(axis=(1, 2))
        + ((eyes / opening - 1) / 0.2) ** 2
    )
    return int(np.argmin(np.where(seen, cost, np.inf)))


def _joined(template: Template, track: Track, anchor: int) -> Template:
    """One driver out of several shots, steady, and at rest while no face is seen.

    A shot begins where the one before it ended: pose, place and size of its first frame stand for
    those of the last frame before the cut.
    """
    rotation, scale = template.rotation.copy(), template.scale.copy()
    translation, expression = template.translation.copy(), template.expression.copy()
    for shot in track.shots:
        part = shot.frames
        if shot.first:
            last = shot.first - 1
            turn = rotation[shot.first].T @ rotation[last]
            translation[part] += translation[last] - translation[shot.first]
            scale[part] *= scale[last] / scale[shot.first]
            rotation[part] = rotation[part] @ turn
        expression[part] = smooth(expression[part], VARIANCE)
        rotation[part] = smooth(rotation[part], VARIANCE)
        translation[part] = smooth(translation[part], VARIANCE)
        scale[part] = smooth(scale[part], VARIANCE)
    counts = cuts.presence(track.seen, track.fps)
    ratios = template.ratios.copy()
    for values in (expression, rotation, translation, scale, ratios):
        weight = counts.reshape(-1, *[1] * (values.ndim - 1))
        values += (1 - weight) * (values[anchor] - values)
    rotation = np.stack([cuts.nearest_rotation(matrix) for matrix in rotation])
    return replace(
        template,
        rotation=rotation,
        scale=scale,
        translation=translation,
        expression=expression,
        ratios=ratios,
    )
