"""What every face engine can do.

An engine finds the face in a picture once (`prepare`) and plays any `Motion` on it (`render`),
frame by frame, so that hours need no more memory than seconds. Engines register under the
entry point group `likewise.face_engines`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from likewise.face.driving import Driving
from likewise.progress import ProgressCallback, silent
from likewise.values import Motion, Portrait
from likewise.values.portrait import Kind

if TYPE_CHECKING:
    from likewise.seeing.following import Film

Frame = NDArray[np.uint8]
"""uint8 (H, W, 3), RGB."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do.

    Attributes:
        kinds: Kinds of portrait it animates.
        pose: Turns the head.
        real_time: Meant to keep up with playback on a laptop CPU.
        reenacts: Reads drivers in terms of its own; it is a `Reenactor`.
        films: Moves the face of a film, too; it is a `FilmReenactor`.
        driving: Names of the settings of `Driving` that it knows; with any it is `Directed`.
    """

    kinds: Sequence[Kind]
    pose: bool
    real_time: bool
    reenacts: bool = False
    films: bool = False
    driving: Sequence[str] = ()


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


class Performance(Protocol):
    """What a driver did, in an engine's own terms; nothing of the driver's picture is in it."""

    @property
    def fps(self) -> float:
        """Frames per second."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the driver."""

    def __len__(self) -> int:
        """Number of frames."""

    def save(self, path: Path) -> None:
        """Write it as a template that `Reenactor.recall` reads."""


@runtime_checkable
class Reenactor(Protocol):
    """An engine that reads a driver itself and so keeps what a score can't say."""

    def watch(
        self,
        film: "Film",
        *,
        anchor: float | None = None,
        on_progress: ProgressCallback = silent,
    ) -> Performance:
        """Read a driver.

        Args:
            film: The driver.
            anchor: Second at which the driver looks neutral; None chooses one.
            on_progress: Told about every frame.

        Raises:
            BadInput: No face in the film.
        """

    def remembers(self, path: Path) -> bool:
        """Whether a template is one of this engine's own, not a score."""

    def recall(self, path: Path) -> Performance:
        """Read a template.

        Raises:
            BadInput: Not a template of this engine.
        """

    def perform(
        self,
        portrait: Portrait,
        performance: Performance,
        *,
        by_hand: Motion | None = None,
        first: int = 0,
    ) -> Iterator[Frame]:
        """Do with the portrait what the driver did; one frame for each of the driver's.

        Args:
            portrait: The portrait.
            performance: What the driver did.
            by_hand: A score as long as the performance that is added to it.
            first: Frame to begin with.
        """


class Scene(Protocol):
    """A film whose face will be moved, in an engine's own terms; no pictures are held."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about it."""

    def __len__(self) -> int:
        """Number of its frames."""


@runtime_checkable
class FilmReenactor(Reenactor, Protocol):
    """A reenactor that moves the face of a film as well."""

    def survey(
        self, film: "Film", *, most: int | None = None, on_progress: ProgressCallback = silent
    ) -> Scene:
        """Read the film whose face will be moved.

        Args:
            film: The film.
            most: Frames after which to stop; None for all.
            on_progress: Told about every frame.

        Raises:
            BadInput: No face in it.
        """

    def perform_in(
        self, scene: Scene, performance: Performance, *, first: int = 0
    ) -> Iterator[Frame]:
        """Do with the face of a film what the driver did, over its own motion.

        Args:
            scene: The film.
            performance: What the driver did; that of one picture holds for the whole film.
            first: Frame to begin with.

        Yields:
            Whole frames, as many as the shorter of both has.
        """


@runtime_checkable
class Directed(Protocol):
    """An engine that can be told how to follow a driver."""

    def directed(self, driving: Driving, *, film: bool = False) -> Self:
        """The same engine that follows drivers as wished.

        Args:
            driving: The wishes.
            film: Whether it will move the face of a film.

        Raises:
            BadInput: A value out of range, or a wish without effect.
        """


@runtime_checkable
class Fingerprinted(Protocol):
    """An engine whose frames depend on more than its name."""

    def fingerprint(self) -> str:
        """The same as long as it makes the same frames: of its weights and settings."""
