"""Motion as a value: the score a face plays, frame by frame, whatever draws it.

Speech timings, a driver video, sliders and idle life all write this one format, and every face
engine reads it. Coefficients follow the 52 ARKit / MediaPipe blendshapes, so that trackers and
engines of other makers can be joined.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from likewise.values import _store

COEFFICIENTS: tuple[str, ...] = tuple(
    """_neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff
    cheekSquintLeft cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight
    eyeLookInLeft eyeLookInRight eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight
    eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight jawForward jawLeft jawOpen jawRight
    mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight mouthFunnel mouthLeft
    mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker mouthRight
    mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight
    mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft
    noseSneerRight""".split()  # noqa: SIM905 - names, not data
)
"""Names of the 52 expression coefficients, in MediaPipe's order."""

INDEX = {name: index for index, name in enumerate(COEFFICIENTS)}
"""Position of each coefficient: `motion.coefficients[:, INDEX["jawOpen"]]`."""

LIP_GAPS = 11
"""Inner-lip pairs whose vertical distance `Motion.lip_gap` can dictate, right to left corner."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """What the face does in N consecutive frames.

    Attributes:
        fps: Frames per second.
        coefficients: float32 (N, 52) in 0..1, added to the portrait's own expression.
        pose: float32 (N, 3), yaw, pitch, roll in degrees relative to the portrait. Positive yaw
            turns the nose to the right edge of the picture, positive pitch nods down, positive
            roll tilts the head clockwise as seen.
        shift: float32 (N, 3), x right, y down in face widths; log-scale (0 = as in the picture).
        gaze: float32 (N, 2), right and up, -1..1.
        tongue: float32 (N,), 0..1, how visible the tongue is.
        lip_gap: float32 (N, 11), absolute inner-lip gaps in canonical centimetres of a mouth of
            canonical width, NaN where the coefficients decide.
    """

    fps: float
    coefficients: NDArray[np.float32]
    pose: NDArray[np.float32]
    shift: NDArray[np.float32]
    gaze: NDArray[np.float32]
    tongue: NDArray[np.float32]
    lip_gap: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.coefficients)
        shapes = {
            "coefficients": (count, len(COEFFICIENTS)),
            "pose": (count, 3),
            "shift": (count, 3),
            "gaze": (count, 2),
            "tongue": (count,),
            "lip_gap": (count, LIP_GAPS),
        }
        for name, shape in shapes.items():
            found = getattr(self, name)
            if found.shape != shape or found.dtype != np.float32:
                raise ValueError(
                    f"Motion.{name}: want float32 {shape}, got {found.dtype} {found.shape}"
                )

    def __len__(self) -> int:
        return len(self.coefficients)

    def __getitem__(self, frames: slice) -> "Motion":
        """A stretch of frames: `motion[25:50]`."""
        return Motion(self.fps, **{name: getattr(self, name)[frames] for name in _TENSORS})

    @classmethod
    def still(cls, frames: int, fps: float) -> "Motion":
        """A face that does nothing for `frames` frames: the start of every score."""
        return cls(
            fps,
            coefficients=np.zeros((frames, len(COEFFICIENTS)), np.float32),
            pose=np.zeros((frames, 3), np.float32),
            shift=np.zeros((frames, 3), np.float32),
            gaze=np.zeros((frames, 2), np.float32),
            tongue=np.zeros(frames, np.float32),
            lip_gap=np.full((frames, LIP_GAPS), np.nan, np.float32),
        )

    @classmethod
    def joined(cls, parts: Iterable["Motion"]) -> "Motion":
        """Consecutive stretches as one.

        Raises:
            ValueError: No parts, or parts of different frame rates.
        """
        pieces = list(parts)
        if not pieces or any(piece.fps != pieces[0].fps for piece in pieces):
            raise ValueError("Motion.joined needs at least one part, all of one frame rate")
        return cls(
            pieces[0].fps,
            **{name: np.concatenate([getattr(p, name) for p in pieces]) for name in _TENSORS},
        )

    def save(self, path: Path | str) -> None:
        """Write the score to one file (a motion template)."""
        tensors = {name: getattr(self, name) for name in _TENSORS}
        _store.save(Path(path), "motion", 1, tensors, {"fps": self.fps})

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote."""
        tensors, facts = _store.load(Path(path), "motion", 1)
        return cls(facts["fps"], **tensors)


_TENSORS = ("coefficients", "pose", "shift", "gaze", "tongue", "lip_gap")
