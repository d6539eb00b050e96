"""What a face does in a video: points, expression over time, and where the skin moves.

    why = explain_face(frames, fps=25, portrait=portrait, motion=motion)
    why.draw("face.png")

Every frame goes through the face tracker. Laying the tracked points over the canonical face takes
the head's pose away; what is left, against the resting face, is the deformation: its field is drawn
as arrows on frames and as heat over the canonical face. The forehead is the control: it hardly
deforms in speech, so its motion is the tracker's own unrest.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.seeing import canonical
from likewise.seeing.landmarks import Tracked, Tracker
from likewise.seeing.measures import LOWER_INNER_LIP, UPPER_INNER_LIP, eye_openings, lip_gap
from likewise.values import COEFFICIENTS, Motion, Portrait

Frame = NDArray[np.uint8]

POINTS = 468  # of the canonical mesh; the tracker's last ten are irises

# fmt: off
REGIONS: dict[str, tuple[int, ...]] = {
    "lips": (*UPPER_INNER_LIP, *LOWER_INNER_LIP, 61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291,
             146, 91, 181, 84, 17, 314, 405, 321, 375),
    "jaw": (172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397),
    "cheeks": (50, 101, 118, 117, 123, 187, 205, 280, 330, 347, 346, 352, 411, 425),
    "eyelids": (7, 163, 144, 145, 153, 154, 157, 158, 159, 160, 161, 249, 390, 373, 374, 380, 381,
                384, 385, 386, 387, 388),
    "brows": (70, 63, 105, 66, 107, 55, 65, 52, 53, 46, 300, 293, 334, 296, 336, 285, 295, 282,
              283, 276),
    "forehead": (10, 151, 9, 108, 337, 69, 299),
}
"""Points of the tracker by region; the last one is the control."""
# fmt: on


@dataclass(frozen=True, slots=True)
class Region:
    """How much a part of the face moves.

    Attributes:
        name: The part.
        millimetres: Root mean square of its displacement from rest, on a face of average size.
        over_forehead: The same as a multiple of the forehead's, which is the tracker's unrest.
    """

    name: str
    millimetres: float
    over_forehead: float


@dataclass(frozen=True, slots=True)
class Followed:
    """How well a commanded expression is found again on the frames.

    Attributes:
        name: The expression coefficient.
        correlation: Pearson's, commanded against tracked.
    """

    name: str
    correlation: float


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A frame worth looking at.

    Attributes:
        title: Why, such as `mouth widest open`.
        second: When.
        picture: uint8 (H, W, 3).
        points: float32 (478, 3), tracked points in pixels.
        rest: float64 (468, 2), where the points would be at rest under this head pose.
    """

    title: str
    second: float
    picture: Frame
    points: NDArray[np.float32]
    rest: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FaceExplanation:
    """What a face does.

    Attributes:
        fps: Frames per second.
        found: bool (N,), frames in which the tracker sees the face.
        coefficients: float32 (N, 52), tracked expression, NaN where the face is lost.
        pose: float32 (N, 3), yaw, pitch, roll in degrees, NaN where lost.
        unrest: float32 (468,), root mean square displacement of each point from rest, millimetres.
        regions: The same by part of the face.
        followed: Commanded expressions found again, best first; empty without a score.
        commanded: The score that was played, None when unknown.
        moments: Frames worth looking at.
        resting: What rest is: `the portrait`, or `the median of all frames`.
    """

    fps: float
    found: NDArray[np.bool_]
    coefficients: NDArray[np.float32]
    pose: NDArray[np.float32]
    unrest: NDArray[np.float32]
    regions: tuple[Region, ...]
    followed: tuple[Followed, ...]
    commanded: Motion | None
    moments: tuple[Moment, ...]
    resting: str

    @property
    def liveliest(self) -> list[str]:
        """The six expressions that vary most."""
        spread = np.nanstd(self.coefficients, axis=0)
        spread[0] = 0  # `_neutral` says nothing of its own
        return [COEFFICIENTS[index] for index in np.argsort(-spread, kind="stable")[:6]]

    @property
    def sentences(self) -> list[str]:
        """The explanation in plain words."""
        parts = sorted(self.regions[:-1], key=lambda region: -region.millimetres)
        said = [
            f"The tracker sees the face in {100 * self.found.mean():.0f} % of "
            f"{len(self.found)} frames.",
            f"Against {self.resting} the {parts[0].name} move{'s' * (parts[0].name == 'jaw')} "
            f"most ({parts[0].millimetres:.1f} mm), the forehead {self.regions[-1].millimetres:.1f}"
            " mm (the tracker's own unrest).",
            f"Liveliest expressions: {', '.join(self.liveliest[:3])}.",
        ]
        if self.followed:
            best = self.followed[0]
            said.append(
                f"Commanded {best.name} is found again on the frames (r = {best.correlation:.2f})."
            )
        return said

    def as_json(self) -> dict[str, Any]:
        """Plain values; None where the face is lost."""
        return {
            "kind": "face explanation",
            "fps": self.fps,
            "found": self.found.tolist(),
            "sentences": self.sentences,
            "coefficients": {
                name: _numbers(self.coefficients[:, index])
                for index, name in enumerate(COEFFICIENTS)
            },
            "pose_degrees": {
                name: _numbers(self.pose[:, index])
                for index, name in enumerate(("yaw", "pitch", "roll"))
            },
            "unrest_millimetres": _numbers(self.unrest),
            "regions": [asdict(region) for region in self.regions],
            "followed": [asdict(item) for item in self.followed],
            "moments": [
                {"title": moment.title, "second": moment.second} for moment in self.moments
            ],
            "resting": self.resting,
        }

    def draw(self, path: Path | str) -> Path:
        """Draw it; the ending chooses the format."""
        from likewise.explain.face_picture import draw

        return draw(self, path)


def explain_face(
    frames: Iterable[Frame],
    *,
    fps: float = 25.0,
    portrait: Portrait | None = None,
    motion: Motion | None = None,
) -> FaceExplanation:
    """Explain what the face in a video does.

    Args:
        frames: uint8 (H, W, 3), RGB, in order; only a few are kept, so a long video fits.
        fps: Frames per second.
        portrait: The picture that was animated, whose face is rest; None takes the median face.
        motion: The score that was played, to compare with what is seen.

    Raises:
        BadInput: No frames, or no face in any of them.
    """
    tracker, explainer = Tracker(), FaceExplainer(fps)
    for frame in frames:
        explainer.see(frame, tracker.track(frame))
    return explainer.explanation(portrait=portrait, motion=motion)


class FaceExplainer:
    """Explains frames that something else tracks; see `explain_face`.

    Args:
        fps: Frames per second.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._shapes: list[NDArray[np.float32]] = []
        self._coefficients: list[NDArray[np.float32]] = []
        self._poses: list[tuple[float, float, float]] = []
        self._found: list[bool] = []
        self._keep = _Keeper()

    def see(self, frame: Frame, found: Tracked | None) -> None:
        """Take the next frame, and the face in it if there is one."""
        self._found.append(found is not None)
        if found is None:
            self._coefficients.append(np.full(len(COEFFICIENTS), np.nan, np.float32))
            self._poses.append((np.nan, np.nan, np.nan))
            return
        shape = canonical.place(found.points).to_canonical(found.points)[:POINTS]
        self._shapes.append(shape.astype(np.float32))
        self._coefficients.append(found.coefficients)
        self._poses.append(canonical.head_pose(found.points))
        self._keep.look((len(self._found) - 1) / self._fps, frame, found.points)

    def explanation(
        self, *, portrait: Portrait | None = None, motion: Motion | None = None
    ) -> FaceExplanation:
        """What the frames so far show; arguments as in `explain_face`.

        Raises:
            BadInput: No frames, or no face in any of them.
        """
        if not self._shapes:
            raise BadInput(
                "No face was found in any frame. Use a video with one face seen from the front, "
                "at least 32 pixels wide."
            )
        shape = np.stack(self._shapes)
        rest = np.median(shape, axis=0).astype(np.float64)
        if portrait is not None:
            rest = canonical.place(portrait.points).to_canonical(portrait.points)[:POINTS]
        unrest = 10 * np.sqrt(np.square(shape - rest).sum(2).mean(0))  # centimetres to millimetres
        coefficients = np.stack(self._coefficients)
        return FaceExplanation(
            fps=self._fps,
            found=np.array(self._found),
            coefficients=coefficients,
            pose=np.array(self._poses, np.float32),
            unrest=unrest.astype(np.float32),
            regions=_regions(unrest),
            followed=() if motion is None else _followed(coefficients, motion),
            commanded=motion,
            moments=self._keep.moments(rest),
            resting="the portrait" if portrait is not None else "the median of all frames",
        )


class _Keeper:
    """Keeps the few frames that show most, of any number."""

    def __init__(self) -> None:
        self._best: dict[str, tuple[float, float, Frame, NDArray[np.float32]]] = {}

    def look(self, second: float, frame: Frame, points: NDArray[np.float32]) -> None:
        """Keep a frame if it shows more than the one kept before."""
        gap, lids = lip_gap(points), float(np.mean(eye_openings(points)))
        scores = {
            "mouth most shut, eyes open": lids - 4 * gap,
            "mouth widest open": gap,
            "eyes most shut": -lids,
        }
        for title, score in scores.items():
            if title not in self._best or score > self._best[title][0]:
                self._best[title] = (score, second, frame.copy(), points)

    def moments(self, rest: NDArray[np.float64]) -> tuple[Moment, ...]:
        """The frames kept, with the resting face laid under each."""
        return tuple(
            Moment(title, second, frame, points, canonical.place(points).to_picture(rest)[:, :2])
            for title, (_, second, frame, points) in self._best.items()
        )


def _regions(unrest: NDArray[np.float64]) -> tuple[Region, ...]:
    still = float(np.sqrt(np.square(unrest[list(REGIONS["forehead"])]).mean()))
    found = []
    for name, points in REGIONS.items():
        amount = float(np.sqrt(np.square(unrest[list(points)]).mean()))
        found.append(Region(name, amount, amount / max(still, 1e-6)))
    return tuple(found)


def _followed(tracked: NDArray[np.float32], motion: Motion) -> tuple[Followed, ...]:
    count = min(len(tracked), len(motion))
    seen = np.isfinite(tracked[:count, 0])
    found = []
    for index, name in enumerate(COEFFICIENTS):
        one, other = motion.coefficients[:count, index][seen], tracked[:count, index][seen]
        if len(one) > 2 and one.std() > 0.01 and other.std() > 1e-4:
            found.append(Followed(name, float(np.corrcoef(one, other)[0, 1])))
    return tuple(sorted(found, key=lambda item: (-item.correlation, item.name)))


def _numbers(values: NDArray[np.float32]) -> list[float | None]:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]
