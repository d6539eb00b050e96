"""A first look at what was given: is the recording usable, where is the face?

For a page that answers at once, before anyone waits for a job. Nothing is enrolled and nothing is
animated here.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from likewise.audio.level import clipped_share, noise_floor_dbfs, peak_dbfs, rms_dbfs
from likewise.audio.spectrum import log_mel
from likewise.errors import BadInput
from likewise.face.mesh.topology import EYES, INNER_LIPS, OVAL
from likewise.face.points import PointName
from likewise.values import Audio

if TYPE_CHECKING:
    from likewise.seeing.landmarks import Tracker

Level = Literal["good", "fair", "unusable"]

_MEL_BANDS = 72
_MEL_FRAMES = 900
_MEL_SECONDS = 60.0
_MEL_RANGE_DB = 75.0
_HEARD_SECONDS = 120.0

# MediaPipe's points of what a drawing of a face needs besides our own outlines.
_BROWS = ((70, 63, 105, 66, 107), (300, 293, 334, 296, 336))
_NOSE = (168, 6, 197, 195, 5, 4)
# fmt: off
_LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185, 61,
)
# fmt: on


@dataclass(frozen=True, slots=True, eq=False)
class SoundLook:
    """What a recording is like, and whether a voice can be taken from it.

    Attributes:
        seconds: Duration.
        speech_seconds: How much of it enrolment would use, 0 when it can't.
        snr_db: Speech above the background, dB; None when there is no speech.
        clipped: Share of clipped samples, 0..1.
        peak_dbfs: Highest sample.
        level: `good`, `fair` (usable, with a warning) or `unusable`.
        sentences: What to know or do, in words; the first says how it is.
        mel: uint8 (bands, frames), mel spectrogram of the first minute, 255 the loudest and 0
            75 dB below it.
        mel_seconds: Duration of the part that `mel` shows.
    """

    seconds: float
    speech_seconds: float
    snr_db: float | None
    clipped: float
    peak_dbfs: float
    level: Level
    sentences: tuple[str, ...]
    mel: NDArray[np.uint8]
    mel_seconds: float


@dataclass(frozen=True, slots=True)
class FaceLook:
    """A face that was found in a picture.

    Attributes:
        box: Left, top, right, bottom, as shares of the picture's width and height.
        width: Pixels from cheek to cheek.
        lines: Outlines of oval, eyes, brows, nose and lips: x and y as shares.
    """

    box: tuple[float, float, float, float]
    width: float
    lines: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True)
class PictureLook:
    """What was found in a picture.

    Attributes:
        faces: The faces, the largest first.
        trusted: The largest face can be animated as it was found; otherwise its points are to be
            placed by hand.
        points: The ten points of the largest face, or a first guess at them: x and y as shares.
        eye_radii: Half an eye's width and height, as such shares.
    """

    faces: tuple[FaceLook, ...]
    trusted: bool
    points: dict[PointName, tuple[float, float]]
    eye_radii: tuple[float, float]


def look_at_sound(audio: Audio) -> SoundLook:
    """Look at a recording as enrolment with the default engine would.

    Raises:
        BadInput: No samples at all.
    """
    from likewise.voice.kokoro import reference

    shown = audio.between(0.0, _MEL_SECONDS)
    heard = audio.between(0.0, _HEARD_SECONDS)
    facts: dict[str, Any] = {
        "seconds": round(audio.seconds, 2),
        "clipped": round(clipped_share(heard), 5),
        "peak_dbfs": round(peak_dbfs(heard), 1),
        "mel": _mel(shown),
        "mel_seconds": round(shown.seconds, 3),
    }
    try:
        found = reference.choose([heard])
    except BadInput as error:
        snr = None if peak_dbfs(heard) < -70 else rms_dbfs(heard) - noise_floor_dbfs(heard)
        return SoundLook(
            speech_seconds=0.0,
            snr_db=None if snr is None else round(snr, 1),
            level="unusable",
            sentences=(str(error),),
            **facts,
        )
    first = f"{found.seconds:.1f} s of clear speech" + (
        ": a good length." if not found.warnings else "."
    )
    return SoundLook(
        speech_seconds=round(found.seconds, 2),
        snr_db=round(found.snr_db, 1),
        level="fair" if found.warnings else "good",
        sentences=(first, *found.warnings),
        **facts,
    )


def look_at_picture(picture: NDArray[np.uint8]) -> PictureLook:
    """Find the faces of a picture, or guess where the points of one might be.

    Args:
        picture: uint8 (H, W, 3), RGB, upright.
    """
    from likewise.face.guessing import guess

    height, width = picture.shape[:2]
    scale = np.array([width, height], np.float32)
    looks = []
    faces = _tracker().detect(picture)
    for face in faces:
        points = face.points[:, :2] / scale
        low, high = points.min(axis=0), points.max(axis=0)
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        lines = tuple(_line(points, indices) for indices in _outlines())
        looks.append(FaceLook(box, round(face.width, 1), lines))
    first = guess(picture, tracker=_tracker(), faces=faces)
    shares = {
        name: (round(x / width, 4), round(y / height, 4))
        for name, (x, y) in first.points.places.items()
    }
    across, down = first.points.radii
    radii = (round(across / width, 4), round(down / height, 4))
    return PictureLook(tuple(looks), first.source == "tracked", shares, radii)


@cache
def _tracker() -> "Tracker":
    from likewise.seeing.landmarks import Tracker

    return Tracker()


def _outlines() -> list[tuple[int, ...]]:
    closed = [OVAL, INNER_LIPS, *(eye.outline for eye in EYES.values())]
    loops = [(*loop, loop[0]) for loop in map(tuple, closed)]
    return [*loops, *_BROWS, _NOSE, _LIPS]


def _line(points: NDArray[np.float32], indices: tuple[int, ...]) -> tuple[tuple[float, float], ...]:
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in points[list(indices)])


def _mel(audio: Audio) -> NDArray[np.uint8]:
    hop = max(0.010, audio.seconds / _MEL_FRAMES)
    mel = log_mel(audio, bands=_MEL_BANDS, hop_seconds=hop, highest=8_000.0).decibels
    top = max(float(mel.max()), -60.0)
    share = np.clip(1.0 + (mel - top) / _MEL_RANGE_DB, 0.0, 1.0)
    return np.asarray(np.rint(255.0 * share), np.uint8)
