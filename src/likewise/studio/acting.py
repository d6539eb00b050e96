"""What is played, and who plays it: faces of a picture, or the face of a film."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from likewise import __version__
from likewise.errors import BadInput, Unsupported
from likewise.face.driving import Driving
from likewise.face.engine import (
    Directed,
    FaceEngine,
    FilmReenactor,
    Fingerprinted,
    Frame,
    Performance,
    Reenactor,
    Scene,
)
from likewise.files import sha256_of
from likewise.motion import template
from likewise.motion.from_video import from_video
from likewise.motion.limits import within_limits
from likewise.motion.sliders import Sliders
from likewise.progress import ProgressCallback
from likewise.seeing.following import Film
from likewise.studio.ensemble import Ensemble
from likewise.values import Motion, Portrait


@dataclass(frozen=True, slots=True)
class Play:
    """What is going to be played: a score, or a performance in the engine's own terms."""

    engine: FaceEngine
    score: Motion | None
    performance: Performance | None
    notes: tuple[str, ...] = ()
    by_hand: Motion | None = None

    def moved(self, hand: Sliders) -> "Play":
        """The same with sliders added."""
        if not hand.keys:
            return self
        if self.score is not None:
            return replace(self, score=hand.added(self.score))
        return replace(self, by_hand=hand.added(Motion.still(self.count, self.fps)))

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self._played.fps

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self._played)

    @property
    def _played(self) -> Motion | Performance:
        played = self.performance if self.score is None else self.score
        assert played is not None
        return played

    def frames(self, portrait: Portrait, first: int = 0) -> Iterator[Frame]:
        """A portrait's frames from a number on."""
        if self.score is not None:
            return self.engine.render(portrait, within_limits(self.score, portrait)[first:])
        assert isinstance(self.engine, Reenactor) and self.performance is not None
        return self.engine.perform(portrait, self.performance, by_hand=self.by_hand, first=first)

    def save(self, path: Path) -> None:
        """Write it as a template."""
        if self.score is not None:
            template.save_template(self.score, path)
        elif self.performance is not None:
            self.performance.save(path)


def read_play(
    engine: FaceEngine,
    film: Film | None,
    motion: Motion | Path | str | None,
    anchor: float | None,
    on_progress: ProgressCallback,
) -> Play:
    """From a driver or a template to what will be played."""
    own = engine if engine.capabilities.reenacts and isinstance(engine, Reenactor) else None
    if isinstance(motion, Motion):
        return Play(engine, motion, None)
    if film is None:
        path = Path(str(motion))
        if own is not None and own.remembers(path):
            performance = own.recall(path)
            return Play(engine, None, performance, performance.notes)
        return Play(engine, template.load_template(path), None)
    if own is not None:
        performance = own.watch(film, anchor=anchor, on_progress=on_progress)
        return Play(engine, None, performance, performance.notes)
    driven = from_video(film, anchor=anchor, on_progress=on_progress)
    return Play(engine, driven.motion, None, driven.notes)


class Cast(Protocol):
    """Whoever is moved."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frames in pixels."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about them."""

    @property
    def digest(self) -> str:
        """The same as long as they are the same."""

    def ready(self, play: Play, on_progress: ProgressCallback) -> "Cast":
        """The same, ready to play it."""

    def count(self, play: Play) -> int:
        """How many frames there will be, once it is ready."""

    def frames(self, play: Play, first: int = 0) -> Iterator[Frame]:
        """The frames from a number on."""


@dataclass(frozen=True, slots=True)
class Faces:
    """Faces of one picture; all do the same."""

    portraits: tuple[Portrait, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        height, width = self.portraits[0].picture.shape[:2]
        return width, height

    @property
    def notes(self) -> tuple[str, ...]:
        """See `Cast`."""
        return tuple(note for portrait in self.portraits for note in portrait.notes)

    @property
    def digest(self) -> str:
        """See `Cast`."""
        return " ".join(map(digest, self.portraits))

    def ready(self, play: Play, on_progress: ProgressCallback) -> Self:
        """See `Cast`."""
        del play, on_progress
        return self

    def count(self, play: Play) -> int:
        """See `Cast`."""
        return play.count

    def frames(self, play: Play, first: int = 0) -> Iterator[Frame]:
        """See `Cast`."""
        takes = [play.frames(portrait, first) for portrait in self.portraits]
        if len(takes) == 1:
            return takes[0]
        return Ensemble(play.engine, self.portraits).merged(takes)


@dataclass(frozen=True, slots=True)
class Filmed:
    """The face of a film; its scene is read as far as it is needed."""

    engine: FilmReenactor
    film: Film
    size: tuple[int, int]
    scene: Scene | None = None

    @classmethod
    def of(cls, engine: FaceEngine, film: Film) -> Self:
        """A film whose face an engine can move.

        Raises:
            BadInput: Not a film.
            Unsupported: The engine doesn't move films.
        """
        if not (engine.capabilities.films and isinstance(engine, FilmReenactor)):
            raise Unsupported(
                f"The face engine {engine.name} moves pictures, not films. For a film take --face "
                "liveportrait, or let its face say something else with: likewise dub"
            )
        _, first = next(film.pictures())
        return cls(engine, film, (first.shape[1], first.shape[0]))

    @property
    def notes(self) -> tuple[str, ...]:
        """See `Cast`."""
        return () if self.scene is None else self.scene.notes

    @property
    def digest(self) -> str:
        """See `Cast`."""
        return f"{sha256_of(self.film.path)} {self.film.fps} {self.film.face} {self.size}"

    def ready(self, play: Play, on_progress: ProgressCallback) -> Self:
        """See `Cast`.

        Raises:
            BadInput: No face in the film, or a score.
        """
        if play.performance is None:
            raise BadInput(
                "A score can't move the face of a film, which has a motion of its own. Give a "
                "driver, or a template that this engine has saved itself."
            )
        most = None if play.count == 1 else play.count
        scene = self.engine.survey(self.film, most=most, on_progress=on_progress)
        return replace(self, scene=scene)

    def count(self, play: Play) -> int:
        """See `Cast`."""
        assert self.scene is not None
        return len(self.scene) if play.count == 1 else min(play.count, len(self.scene))

    def frames(self, play: Play, first: int = 0) -> Iterator[Frame]:
        """See `Cast`."""
        assert self.scene is not None and play.performance is not None
        return self.engine.perform_in(self.scene, play.performance, first=first)


def directed(engine: FaceEngine, driving: Driving, *, film: bool) -> FaceEngine:
    """The engine, told how to follow a driver.

    Raises:
        BadInput: A value out of range, or a wish without effect.
        Unsupported: The engine knows nothing of that kind.
    """
    if not driving:
        return engine
    unknown = [name for name in driving if name not in engine.capabilities.driving]
    if unknown or not isinstance(engine, Directed):
        names = ", ".join(name.replace("_", "-") for name in unknown or driving)
        raise Unsupported(
            f"The face engine {engine.name} doesn't know: {names}. Leave it out, or take "
            "--face liveportrait, which does."
        )
    told = engine.directed(driving, film=film)
    assert isinstance(told, FaceEngine)
    return told


def made_by(engine: FaceEngine) -> str:
    """What frames depend on beside their inputs: this version, the engine's weights, settings."""
    how = engine.fingerprint() if isinstance(engine, Fingerprinted) else ""
    return f"likewise {__version__} {engine.name} {how}".strip()


def digest(made_of: Portrait | Motion | Path | str | None) -> str:
    """What a portrait or a motion is, in 64 letters."""
    if isinstance(made_of, Path | str):
        return sha256_of(Path(made_of))
    whole = hashlib.sha256()
    if made_of is not None:
        for field in fields(made_of):
            value = getattr(made_of, field.name)
            raw = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
            whole.update(field.name.encode() + raw)
    return whole.hexdigest()
