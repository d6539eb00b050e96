"""Pictures and films become examples: upright crops with keypoints, ratios and regions.

A picture gives one example, a film several, evenly spread. The motion extractor reads the keypoints
once; the tracker's points say how far eyes and lips are open, and where shoulders, eyes and lips
are in the crop.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.face.liveportrait import cropping
from likewise.face.liveportrait.driving import Ratios
from likewise.face.liveportrait.keypoints import FaceMotion, Floats
from likewise.progress import Progress, ProgressCallback, silent
from likewise.seeing.following import FILMS, PICTURES, Film
from likewise.seeing.landmarks import Tracker

Part = Literal["stitching", "lips", "eyes"]
PARTS: Final[tuple[Part, ...]] = ("stitching", "lips", "eyes")

PER_FILM: Final = 16
_UNKNOWN_STEP: Final = 1.0  # seconds between the frames of a film that doesn't say how long it is

# Of the tracker's points: the outline of the face's lower half, and what surrounds eyes and lips.
_JAW = (
    *(234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152),
    *(377, 400, 378, 379, 365, 397, 288, 361, 323, 454),
)
_EYES = ((33, 133, 159, 145, 52, 105, 117, 119), (263, 362, 386, 374, 282, 334, 346, 348))
_MOUTH = (61, 291, 0, 17, 164, 152, 58, 288, 205, 425)
_GROWN = 0.02  # of the crop's side, by which these hulls are widened
_SOFT = 0.02  # of the crop's side, over which a region begins


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One face in one picture.

    Attributes:
        picture: uint8 (S, S, 3), the crop at the side that the networks take.
        face: What the motion extractor reads there.
        points: (478, 2), the tracker's, in sides of the crop.
        ratios: How far eyes and lips are open.
    """

    picture: NDArray[np.uint8]
    face: FaceMotion
    points: Floats
    ratios: Ratios

    def kept(self, part: Part, side: int) -> NDArray[np.float32]:
        """(side, side), 1 where a part must leave the picture as it is, 0 elsewhere.

        Stitching keeps what lies below the jaw: neck and shoulders, where the crop is laid back
        into the picture. Lips and eyes keep everything but themselves and the skin they move.
        """
        size = (side, side)
        if part == "stitching":
            below = np.zeros(size, np.uint8)
            jaw = self.points[list(_JAW)]
            ends = [[1.0, jaw[-1, 1]], [1.0, 1.0], [0.0, 1.0], [0.0, jaw[0, 1]]]
            cv2.fillPoly(below, [_pixels(np.concatenate([jaw, ends]), side)], 1)
            return _softened(below)
        free = np.zeros(size, np.uint8)
        for group in _EYES if part == "eyes" else (_MOUTH,):
            cv2.fillConvexPoly(free, cv2.convexHull(_pixels(self.points[list(group)], side)), 1)
        grown = max(1, round(_GROWN * side))
        return _softened(1 - cv2.dilate(free, np.ones((2 * grown + 1,) * 2, np.uint8)))


def _pixels(points: Floats, side: int) -> NDArray[np.int32]:
    return np.round(points * side).astype(np.int32)


def _softened(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    blurred: NDArray[np.float32] = cv2.GaussianBlur(
        mask.astype(np.float32), (0, 0), max(0.5, _SOFT * len(mask))
    )
    return blurred


def gather(
    source: Path,
    read: Callable[[NDArray[np.uint8]], FaceMotion],
    *,
    side: int,
    per_film: int = PER_FILM,
    on_progress: ProgressCallback = silent,
) -> tuple[list[Example], tuple[str, ...]]:
    """Examples of a file, or of all pictures and films in a folder, in order of their names.

    Args:
        source: A picture, a film, or a folder of them.
        read: The motion extractor: motion of a face from its crop.
        side: Pixels of the networks' input.
        per_film: Frames that are taken of a film.
        on_progress: Told about files.

    Returns:
        The examples, and what the user should know of files without a face.

    Raises:
        BadInput: Nothing there, or no face in any of it.
    """
    paths = [source]
    if source.is_dir():
        paths = sorted(p for p in source.rglob("*") if p.suffix.lower() in PICTURES | FILMS)
    elif not source.is_file():
        raise BadInput(f"There is no folder, picture or film {source}.")
    tracker = Tracker()
    examples: list[Example] = []
    faceless: list[str] = []
    for number, path in enumerate(paths):
        on_progress(Progress("looking at pictures", number, len(paths), "files"))
        found = list(_of_file(path, tracker, read, side, per_film))
        examples += found
        if not found:
            faceless.append(path.name)
    on_progress(Progress("looking at pictures", len(paths), len(paths), "files"))
    if not examples:
        raise BadInput(
            f"No face was found in {source}. Give pictures or films of one upright face each "
            f"({' '.join(sorted(PICTURES | FILMS))})."
        )
    return examples, _note(faceless)


def _note(faceless: Sequence[str]) -> tuple[str, ...]:
    if not faceless:
        return ()
    more = f" and {len(faceless) - 3} more" if len(faceless) > 3 else ""
    return (f"No face was found in {', '.join(faceless[:3])}{more}; left out.",)


def _of_file(
    path: Path,
    tracker: Tracker,
    read: Callable[[NDArray[np.uint8]], FaceMotion],
    side: int,
    per_film: int,
) -> Iterator[Example]:
    film = Film(path)
    step = _UNKNOWN_STEP if film.seconds is None else film.seconds / per_film
    wanted, count = 0.0, 0
    for seconds, picture in film.pictures():
        if seconds < wanted:
            continue
        wanted, count = wanted + step, count + 1
        faces = tracker.detect(picture)
        if faces:
            yield _example(picture, faces[0].points, read, side)
        if count == per_film:
            return


def _example(
    picture: NDArray[np.uint8],
    points: Floats,
    read: Callable[[NDArray[np.uint8]], FaceMotion],
    side: int,
) -> Example:
    box = cropping.box_around(points, cropping.eyes_and_mouth(points))
    cut = cropping.crop(picture, box)
    matrix = box.to_crop(1)
    inside = points[:, :2] @ matrix[:2, :2].T + matrix[:2, 2]
    return Example(cropping.network_input(cut, side), read(cut), inside, cropping.ratios(points))
