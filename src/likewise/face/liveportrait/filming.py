"""A film whose own face does what a driver does: read once as numbers, then drawn frame by frame.

Every frame gets a box of its own around its steadied points, from which appearance and motion are
read; what was generated is laid back there. Frames without a face stay as they are, and beside them
the face fades from one to the other. No picture is held but those that are being drawn.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from likewise.face.liveportrait import cropping
from likewise.face.liveportrait.cropping import Box
from likewise.face.liveportrait.driving import Corrections, Options, Ratios
from likewise.face.liveportrait.dubbing import video_keypoints
from likewise.face.liveportrait.keypoints import FaceMotion, Floats
from likewise.face.liveportrait.rendering import Renderer
from likewise.face.liveportrait.template import Template
from likewise.face.liveportrait.watching import NOBODY, Read, Track, gathered, measured
from likewise.progress import Progress, ProgressCallback, silent
from likewise.seeing.following import Film
from likewise.seeing.steadying import steadied

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """What is known of a film's N frames; `engine.Scene`.

    Attributes:
        film: The film.
        track: Where its face is seen, how far eyes and lips are open, and its shots.
        boxes: Where the face is cut out of each frame, None where it isn't seen.
        presence: (N,), how much of what is generated shows.
        motion: The face's own; where it isn't seen, what lies between.
        notes: What the user should know about the film.
    """

    film: Film
    track: Track
    boxes: list[Box | None]
    presence: Floats
    motion: Template
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.boxes)


def survey(
    film: Film, read: Read, *, most: int | None = None, on_progress: ProgressCallback = silent
) -> Footage:
    """Read a film.

    Args:
        film: The film.
        read: Motion of a face from its upright crop.
        most: Frames after which to stop; None for all.
        on_progress: Told about every frame.

    Raises:
        BadInput: No face in the film.
    """
    several: list[str] = []
    rows: list[Floats | None] = []
    boxes: list[Box | None] = []
    presence: list[float] = []
    motions: list[FaceMotion] = []
    for frame in islice(steadied(film.sightings(several)), most):
        box = None
        if frame.points is not None:
            box = cropping.box_around(frame.points, cropping.eyes_and_mouth(frame.points))
        boxes.append(box)
        rows.append(None if frame.points is None else measured(frame.points))
        motions.append(NOBODY if box is None else read(cropping.crop(frame.picture, box)))
        presence.append(frame.presence)
        on_progress(Progress("reading the film", len(boxes), most or film.frames, "frames"))
    track = Track.of(rows, film.fps, f"film {film.path.name}")
    notes: list[str] = []
    if several:
        notes.append(
            "Several faces are in the film; the largest is moved. --face N chooses another."
        )
    unseen = int((~track.seen).sum())
    if unseen:
        notes.append(f"{unseen} frames of the film show no face; they stay as they are.")
    motion = gathered(motions, track, film.fps)
    return Footage(film, track, boxes, np.array(presence), motion, tuple(notes))


def refilmed(
    footage: Footage,
    driver: Template,
    options: Options,
    correct: Corrections,
    renderer: Renderer,
    *,
    first: int = 0,
) -> Iterator[Picture]:
    """The film's frames with a driven face, as many as film and driver both have.

    Args:
        footage: The film.
        driver: What the driver did; that of one picture holds for the whole film.
        options: How it moves the face.
        correct: The small networks.
        renderer: Makes the frames, several at once.
        first: Frame to begin with.
    """
    wanted = _keypoints(footage, driver, options, correct)
    pictures = (picture for _, picture in footage.film.pictures())

    def drawn(picture: Picture, frame: int, box: Box) -> Picture:
        made = renderer.face(cropping.crop(picture, box), footage.motion[frame], wanted[frame])
        size, presence = len(made), np.float32(footage.presence[frame])
        mask = presence * cropping.paste_mask(size)
        return cropping.PasteBack(picture, box, size=size, mask=mask)(made)

    def work() -> Iterator[Callable[[], Picture]]:
        for frame, picture in enumerate(islice(pictures, first, len(wanted)), start=first):
            box = footage.boxes[frame]
            yield (
                partial(np.asarray, picture) if box is None else partial(drawn, picture, frame, box)
            )

    yield from renderer.in_order(work())


def _keypoints(
    footage: Footage, driver: Template, options: Options, correct: Corrections
) -> list[Floats]:
    """Driving keypoints of every frame that both have, shot by shot of the film."""
    one_image = driver.anchor is None
    count = len(footage) if one_image else min(len(footage), len(driver))
    wanted: list[Floats] = []
    for shot in footage.track.shots:
        part = range(shot.first, min(shot.end, count))
        if not part:
            break
        driving = range(1) if one_image else part
        pairs = video_keypoints(
            [footage.motion[frame] for frame in part],
            [driver[frame] for frame in driving],
            options,
            correct,
            source_ratios=[Ratios(*row) for row in footage.motion.ratios[part].tolist()],
            driving_ratios=[Ratios(*row) for row in driver.ratios[driving].tolist()],
            anchor=None if driver.anchor is None else driver[driver.anchor],
        )
        wanted += [x_d for _, x_d in pairs]
    return wanted
