"""What every face engine can do.

An engine finds the face in a picture once (`prepare`) and plays any `Motion` on it (`render`),
frame by frame, so that hours need no more memory than seconds. Engines register under the
entry point group `likewise.face_engines`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from likewise.values import Motion, Portrait
from likewise.values.portrait import Kind

Frame = NDArray[np.uint8]
"""uint8 (H, W, 3), RGB."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do.

    Attributes:
        kinds: Kinds of portrait it animates.
        pose: Turns the head.
        real_time: Meant to keep up with playback on a laptop CPU.
    """

    kinds: Sequence[Kind]
    pose: bool
    real_time: bool


@runtime_checkable
class FaceEngine(Protocol):
    """A portrait animator."""

    @property
    def name(self) -> str:
        """Name under which the engine is registered."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def prepare(
        self,
        picture: NDArray[np.uint8],
        *,
        face: int | None = None,
        points: NDArray[np.float32] | None = None,
    ) -> Portrait:
        """Find the face.

        Args:
            picture: uint8 (H, W, 3), RGB, upright.
            face: Which face, counted from 0 by size, largest first; None takes the largest and
                says so in `Portrait.notes` when there are several.
            points: float32 (478, 3) placed by hand or fitted, instead of detection.

        Raises:
            BadInput: No face found, or fewer faces than asked for.
        """

    def render(self, portrait: Portrait, motion: Motion | Iterable[Motion]) -> Iterator[Frame]:
        """Play a score; one frame of the picture's size for each frame of motion."""
