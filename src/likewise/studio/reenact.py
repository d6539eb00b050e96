"""A picture, or a film, does what a driver on film does: reenactment, with the driver's sound.

The driver is read first, as numbers only, then played: neither film nor result is held in memory.
A long film can be kept in segments while it is made, and gone on with after a stop.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from likewise.audio import files
from likewise.errors import BadInput
from likewise.face import registry as faces
from likewise.face.driving import Driving
from likewise.face.engine import FaceEngine
from likewise.files import sha256_of
from likewise.motion import template
from likewise.progress import Progress, ProgressCallback, silent
from likewise.provenance.consent import ConsentLike
from likewise.provenance.marking import Marking
from likewise.provenance.origin import Origin
from likewise.seeing.following import FILMS, Film
from likewise.studio.acting import Cast, Faces, Filmed, digest, directed, made_by, read_play
from likewise.studio.choosing import PictureLike, PointsLike, choose_portraits
from likewise.studio.filmed import agreement, check_filmed
from likewise.studio.framing import Crop
from likewise.studio.rendering import Video
from likewise.studio.scoring import SlidersLike, chosen_sliders
from likewise.studio.stopwatch import Stopwatch
from likewise.values import Audio, Motion
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
    face: int | Literal["all"] | None = None,
    points: PointsLike | None = None,
    style: Style | None = None,
    driver_face: int | None = None,
    anchor: float | None = None,
    driving: Driving | None = None,
    sliders: SlidersLike | None = None,
    save_motion: Path | str | None = None,
    consent: ConsentLike | None = None,
    face_engine: str = "mesh",
    resume: bool = False,
    on_progress: ProgressCallback = silent,
) -> Video:
    """Make a picture, or the face of another film, do what a person on film does.

    Args:
        picture: A picture file, RGB pixels, or a portrait; or a film (of an engine that `films`),
            whose face keeps its own motion underneath and whose frames stay as they are around it.
            The result is as long as the shorter of film and driver.
        driver: The film whose face is followed, or a picture whose expression is taken on.
        output: The video: .mp4, .webm, .gif, or a pattern such as `frames/%05d.png`.
        motion: A score or a motion template to play instead of a driver.
        audio: Other sound than the driver's. Where a silent driver moves a film, the film's sound
            is kept.
        fps: Frames per second; None takes those of a film that is moved, else the driver's.
        crop: `none` shows the whole picture, `head` a square of head and shoulders.
        size: Longest side of the video in pixels.
        face: Which face of the picture, largest first; None takes the largest. `all` moves all of
            a picture alike.
        points: Ten points of the face, or their file; `auto` takes a doubtful find as it is.
        style: How the picture is made; None lets the picture decide.
        driver_face: Which face of the driver.
        anchor: Second at which the driver looks neutral, like the picture; None chooses it.
        driving: How the driver is followed, as far as it isn't left to the engine.
        sliders: Pose and expression added by hand: `{"smile": 0.4}`, or keyframed `Sliders`.
        save_motion: Also save the motion as a template (.safetensors, .npz or .json).
        consent: On what ground the person of a film in the picture's place is shown so: `own`,
            `spoken:FILE` or `source:TEXT`. Pictures need none.
        face_engine: Face engine.
        resume: Keep what is done in a hidden folder beside the output until the video is there, and
            go on from it where an earlier call with the same inputs was stopped.
        on_progress: Told about the stages.

    Returns:
        Where the video is, and how it was made.

    Raises:
        BadInput: The picture, driver, template or an option can't be used.
        Unsupported: The engine doesn't know such a setting, or doesn't move films.
        MissingWeights: A model is missing.
        ConsentMissing: A film is to be moved, and no consent was given.
        Unsafe: A spoken consent doesn't hold.
        MarkFailed: The video could not be marked as synthetic.
        OutputFailed: The video or the template can't be written.
    """
    start = time.perf_counter()
    watch = Stopwatch()
    if (driver is None) == (motion is None):
        raise BadInput("Give either a driver, or a motion template to play: one of the two.")
    hand = chosen_sliders(sliders)
    is_film = isinstance(picture, str | Path) and Path(picture).suffix.lower() in FILMS
    artist = directed(faces.face_engine(face_engine), driving or {}, film=is_film)
    if save_motion is not None:
        _check_template(Path(save_motion), artist)
    play = None if motion is None else read_play(artist, None, motion, None, on_progress)
    rate = fps if play is None else play.fps
    source: Film | None = None
    origin = Origin("animated picture", {"face": face_engine})
    if is_film:
        if crop != "none" or points is not None or style is not None or face == "all" or hand.keys:
            raise BadInput(
                "A film is moved as it is: crop, points, style, sliders and all faces at once are "
                "for pictures. Leave them out."
            )
        source = Film(str(picture), fps=rate, face=face, max_side=size)
        rate = source.fps
    film = None if driver is None else Film(driver, fps=rate, face=driver_face)
    with watch.stage("picture"):
        cast: Cast
        if source is not None:
            cast = Filmed.of(artist, source)
            check_filmed(source.path.name, consent)
            origin = replace(origin, consent=agreement(consent, source))
        else:
            cast = Faces(
                choose_portraits(
                    picture, artist, face=face, crop=crop, size=size, points=points, style=style
                )
            )
    kept: Segments | None = None
    if resume:
        read_by = (face_engine, anchor, driver_face, None if film is None else film.fps)
        of = {"reading": read_by, "sliders": repr(hand), "portrait": cast.digest}
        of |= {"film": sha256_of(film.path)} if film is not None else {"motion": digest(motion)}
        kept = Segments.beside(Path(output), of=of | {"made by": made_by(artist)})
    with watch.stage("watching"):
        known = None if kept is None or film is None else kept.folder / _READ
        if known is not None and known.is_file():
            play = read_play(artist, None, known, None, on_progress)
        elif play is None:
            play = read_play(artist, film, None, anchor, on_progress)
            if known is not None:
                play.save(known)
    if driving and play.score is not None:
        raise BadInput(
            "This template is a score, which is played as it is; settings of how a driver is "
            "followed are for drivers. Leave them out."
        )
    play = play.moved(hand)
    with watch.stage("watching"):
        cast = cast.ready(play, on_progress)
    if save_motion is not None:
        play.save(Path(save_motion))
    sound = Path(audio) if audio is not None else None
    of_film: tuple[str, ...] = ()
    if sound is None:
        heard_in = next((one for one in (film, source) if one is not None and one.has_sound), None)
        sound = None if heard_in is None else heard_in.path
        if heard_in is not None and heard_in is source:
            of_film = ("The driver is silent; the sound is that of the film that is moved.",)
    marking = Marking(origin)
    with ExitStack() as stack:
        parts = iter(()) if sound is None else files.stream(sound)
        first = next(parts, None)
        video = stack.enter_context(
            VideoWriter(
                output,
                fps=play.fps,
                size=cast.size,
                audio_rate=None if first is None else first.sample_rate,
                seal=marking.seal,
            )
        )
        heard = _Sound(first, parts)
        frames, total = partial(cast.frames, play), cast.count(play)
        pictures = frames() if kept is None else kept.frames(frames, fps=play.fps)
        for count, frame in enumerate(watch.each("rendering", pictures), start=1):
            with watch.stage("encoding"):
                for part in heard.until(video.seconds + _SOUND_AHEAD):
                    video.write_audio(marking.audio(part))
                video.write_frame(frame)
            on_progress(Progress("rendering", count, total, "frames"))
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
        size=cast.size,
        voice="",
        language="",
        took=time.perf_counter() - start,
        stages=watch.seconds,
        notes=tuple(dict.fromkeys((*cast.notes, *play.notes, *of_film, *gone_on, *marking.notes))),
        beside=() if save_motion is None else (Path(save_motion),),
    )


def _check_template(path: Path, engine: FaceEngine) -> None:
    """Say at once that the motion can't be saved there."""
    template.check_template(path)
    if engine.capabilities.reenacts and path.suffix.lower() == ".json":
        raise BadInput(
            f"The face engine {engine.name} reads drivers in terms of its own, which are saved as "
            ".npz or .safetensors. Use one of them, or --face mesh."
        )


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
