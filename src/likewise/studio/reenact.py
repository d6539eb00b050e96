"""A picture does what a driver on film does: reenactment, with the driver's sound.

The driver is read first, as numbers only, then played: neither film nor result is held in memory.
A long film can be kept in segments while it is made, and gone on with after a stop.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np

from likewise.audio import files
from likewise.errors import BadInput
from likewise.face import registry as faces
from likewise.face.engine import FaceEngine, Frame, Performance, Reenactor
from likewise.motion import template
from likewise.motion.from_video import from_video
from likewise.motion.limits import within_limits
from likewise.motion.sliders import Sliders
from likewise.progress import Progress, ProgressCallback, silent
from likewise.provenance.marking import Marking
from likewise.provenance.origin import Origin
from likewise.seeing.following import Film
from likewise.studio.choosing import PictureLike, PointsLike, choose_portrait
from likewise.studio.framing import Crop
from likewise.studio.rendering import Video
from likewise.studio.scoring import SlidersLike, chosen_sliders
from likewise.studio.stopwatch import Stopwatch
from likewise.studio.verifying import file_sha256
from likewise.values import Audio, Motion, Portrait
from likewise.values.portrait import Style
from likewise.video.segments import Segments
from likewise.video.writer import VideoWriter

_READ = "driver.safetensors"  # what was read from the driver, beside the segments
_SOUND_AHEAD = 1.0  # seconds of sound that are written before their frames


def reenact(
    picture: PictureLike,
    driver: Path | str | None = None,
    *,
    output: Path | str,
    motion: Motion | Path | str | None = None,
    audio: Path | str | None = None,
    fps: float | None = None,
    crop: Crop = "none",
    size: int = 1280,
    face: int | None = None,
    points: PointsLike | None = None,
    style: Style | None = None,
    driver_face: int | None = None,
    anchor: float | None = None,
    sliders: SlidersLike | None = None,
    save_motion: Path | str | None = None,
    face_engine: str = "mesh",
    resume: bool = False,
    on_progress: ProgressCallback = silent,
) -> Video:
    """Make a picture do what a person on film does.

    Args:
        picture: A picture file, RGB pixels, or a portrait.
        driver: The film whose face is followed, or a picture whose expression is taken on.
        output: The video: .mp4, .webm, .gif, or a pattern such as `frames/%05d.png`.
        motion: A score or a motion template to play instead of a driver.
        audio: Other sound than the driver's.
        fps: Frames per second; None takes the driver's.
        crop: `none` shows the whole picture, `head` a square of head and shoulders.
        size: Longest side of the video in pixels.
        face: Which face of the picture, largest first; None takes the largest.
        points: Ten points of the face, or their file; `auto` takes a doubtful find as it is.
        style: How the picture is made; None lets the picture decide.
        driver_face: Which face of the driver.
        anchor: Second at which the driver looks neutral, like the picture; None chooses it.
        sliders: Pose and expression added by hand: `{"smile": 0.4}`, or keyframed `Sliders`.
        save_motion: Also save the motion as a template (.safetensors, .npz or .json).
        face_engine: Face engine.
        resume: Keep what is done in a hidden folder beside the output until the video is there, and
            go on from it where an earlier call with the same inputs was stopped.
        on_progress: Told about the stages.

    Returns:
        Where the video is, and how it was made.

    Raises:
        BadInput: The picture, driver, template or an option can't be used.
        MissingWeights: A model is missing.
        MarkFailed: The video could not be marked as synthetic.
        OutputFailed: The video or the template can't be written.
    """
    start = time.perf_counter()
    watch = Stopwatch()
    if (driver is None) == (motion is None):
        raise BadInput("Give either a driver, or a motion template to play: one of the two.")
    artist = faces.face_engine(face_engine)
    if save_motion is not None:
        _check_template(Path(save_motion), artist)
    hand = chosen_sliders(sliders)
    with watch.stage("picture"):
        portrait = choose_portrait(
            picture, artist, face=face, crop=crop, size=size, points=points, style=style
        )
    film = None if driver is None else Film(driver, fps=fps, face=driver_face)
    kept: Segments | None = None
    if resume:
        read_by = (face_engine, anchor, driver_face, None if film is None else film.fps)
        of = {"reading": read_by, "sliders": repr(hand), "portrait": _digest(portrait)}
        of |= {"film": file_sha256(film.path)} if film is not None else {"motion": _digest(motion)}
        kept = Segments.beside(Path(output), of=of)
    with watch.stage("watching"):
        known = None if kept is None or film is None else kept.folder / _READ
        if known is not None and known.is_file():
            play = _read(artist, None, known, None, on_progress).moved(hand)
        else:
            read = _read(artist, film, motion, anchor, on_progress)
            if known is not None:
                read.save(known)
            play = read.moved(hand)
    if save_motion is not None:
        play.save(Path(save_motion))
    sound = Path(audio) if audio is not None else None
    if sound is None and film is not None and film.has_sound:
        sound = film.path
    marking = Marking(Origin("animated picture", {"face": face_engine}))
    with ExitStack() as stack:
        parts = iter(()) if sound is None else files.stream(sound)
        first = next(parts, None)
        rate = None if first is None else first.sample_rate
        height, width = portrait.picture.shape[:2]
        video = stack.enter_context(
            VideoWriter(
                output, fps=play.fps, size=(width, height), audio_rate=rate, seal=marking.seal
            )
        )
        heard = _Sound(first, parts)
        frames = partial(play.frames, portrait)
        pictures = frames() if kept is None else kept.frames(frames, fps=play.fps)
        for count, frame in enumerate(watch.each("rendering", pictures), start=1):
            with watch.stage("encoding"):
                for part in heard.until(video.seconds + _SOUND_AHEAD):
                    video.write_audio(marking.audio(part))
                video.write_frame(frame)
            on_progress(Progress("rendering", count, play.count, "frames"))
        for part in heard.until(video.seconds):
            video.write_audio(marking.audio(part))
    gone_on: tuple[str, ...] = ()
    if kept is not None:
        kept.remove()
        if kept.found:
            gone_on = (f"Went on from frame {kept.found} of an earlier call.",)
    return Video(
        path=Path(output),
        seconds=video.seconds,
        frames=video.frames,
        fps=play.fps,
        size=(width, height),
        voice="",
        language="",
        took=time.perf_counter() - start,
        stages=watch.seconds,
        notes=tuple(dict.fromkeys((*portrait.notes, *play.notes, *gone_on, *marking.notes))),
        beside=() if save_motion is None else (Path(save_motion),),
    )


@dataclass(frozen=True, slots=True)
class _Play:
    """What is going to be played: a score, or a performance in the engine's own terms."""

    engine: FaceEngine
    score: Motion | None
    performance: Performance | None
    notes: tuple[str, ...] = ()
    by_hand: Motion | None = None

    def moved(self, hand: Sliders) -> "_Play":
        """The same with sliders added."""
        if not hand.keys:
            return self
        if self.score is not None:
            return replace(self, score=hand.added(self.score))
        return replace(self, by_hand=hand.added(Motion.still(self.count, self.fps)))

    @property
    def fps(self) -> float:
        return self._played.fps

    @property
    def count(self) -> int:
        return len(self._played)

    @property
    def _played(self) -> Motion | Performance:
        played = self.performance if self.score is None else self.score
        assert played is not None
        return played

    def frames(self, portrait: Portrait, first: int = 0) -> Iterator[Frame]:
        if self.score is not None:
            return self.engine.render(portrait, within_limits(self.score, portrait)[first:])
        assert isinstance(self.engine, Reenactor) and self.performance is not None
        return self.engine.perform(portrait, self.performance, by_hand=self.by_hand, first=first)

    def save(self, path: Path) -> None:
        if self.score is not None:
            template.save_template(self.score, path)
        elif self.performance is not None:
            self.performance.save(path)


def _read(
    engine: FaceEngine,
    film: Film | None,
    motion: Motion | Path | str | None,
    anchor: float | None,
    on_progress: ProgressCallback,
) -> _Play:
    """From a driver or a template to what will be played."""
    own = engine if engine.capabilities.reenacts and isinstance(engine, Reenactor) else None
    if isinstance(motion, Motion):
        return _Play(engine, motion, None)
    if film is None:
        path = Path(str(motion))
        if own is not None and own.remembers(path):
            performance = own.recall(path)
            return _Play(engine, None, performance, performance.notes)
        return _Play(engine, template.load_template(path), None)
    if own is not None:
        performance = own.watch(film, anchor=anchor, on_progress=on_progress)
        return _Play(engine, None, performance, performance.notes)
    driven = from_video(film, anchor=anchor, on_progress=on_progress)
    return _Play(engine, driven.motion, None, driven.notes)


def _check_template(path: Path, engine: FaceEngine) -> None:
    """Say at once that the motion can't be saved there."""
    template.check_template(path)
    if engine.capabilities.reenacts and path.suffix.lower() == ".json":
        raise BadInput(
            f"The face engine {engine.name} reads drivers in terms of its own, which are saved as "
            ".npz or .safetensors. Use one of them, or --face mesh."
        )


def _digest(made_of: Portrait | Motion | Path | str | None) -> str:
    """What a portrait or a motion is, in 64 letters."""
    if isinstance(made_of, Path | str):
        return file_sha256(Path(made_of))
    digest = hashlib.sha256()
    if made_of is not None:
        for field in fields(made_of):
            value = getattr(made_of, field.name)
            raw = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
            digest.update(field.name.encode() + raw)
    return digest.hexdigest()


class _Sound:
    """Sound handed out as far as its frames need it."""

    def __init__(self, first: Audio | None, rest: Iterator[Audio]) -> None:
        self._part, self._rest = first, rest
        self._samples = 0

    def until(self, seconds: float) -> Iterator[Audio]:
        """What is still to come before a moment."""
        while self._part is not None:
            room = round(seconds * self._part.sample_rate) - self._samples
            if room <= 0:
                return
            samples = self._part.samples
            self._samples += min(room, len(samples))
            yield Audio(samples[:room], self._part.sample_rate)
            if len(samples) > room:
                self._part = Audio(samples[room:], self._part.sample_rate)
            else:
                self._part = next(self._rest, None)
