"""Dubbing: a film whose person says something else, with new lips and new sound.

The film is read twice and never held: first a few frames a second, to learn what the mouth is at
rest; then every frame, whose lower face is drawn anew in its full size. Everything else of the film
stays as it is; its own sound is replaced.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.face.dubbing import NewLips, RestingMouth, faded, resting_score
from likewise.progress import Progress, ProgressCallback, silent
from likewise.provenance.consent import ConsentLike
from likewise.provenance.marking import Marking
from likewise.seeing.covering import UsualMouth, mouth_colours
from likewise.seeing.following import PICTURES, Film, Sighting
from likewise.seeing.steadying import Steady, steadied
from likewise.studio.ahead import Ahead
from likewise.studio.choosing import VoiceLike, check_consent
from likewise.studio.dubbed_speech import DubbedScore, DubbedSpeech
from likewise.studio.filmed import agreement, check_filmed
from likewise.studio.record import Record, check_beside, write_subtitles
from likewise.studio.rendering import Video
from likewise.studio.stopwatch import Stopwatch
from likewise.values import Audio, Motion
from likewise.video.writer import MAX_SIDE, VideoWriter

Overrun = Literal["bounce", "hold", "stop"]
"""What the film does while speech goes on after its end."""

_GLANCES: Final = 5.0  # frames a second from which the mouth at rest is learned
_BOUNCED_BYTES: Final = 96_000_000  # of the last frames, which are shown to and fro
_BOUNCED_FRAMES: Final = 50


def dub(
    film: Path | str,
    *,
    output: Path | str,
    text: str = "",
    voice: VoiceLike | None = None,
    audio: Audio | Path | str | None = None,
    transcript: str = "",
    consent: ConsentLike | None = None,
    voice_consent: ConsentLike | None = None,
    language: str = "",
    speed: float = 1.0,
    fps: float | None = None,
    face: int | None = None,
    overrun: Overrun = "bounce",
    subtitles: Sequence[Path | str] = (),
    verify: bool = False,
    engine: str = "kokoro",
    on_progress: ProgressCallback = silent,
) -> Video:
    """Give a film new speech and the lips that say it.

    Args:
        film: A video with a face in it.
        output: The new video: .mp4, .webm, .gif, or a pattern such as `frames/%05d.png`.
        text: What is said now, in `voice`.
        voice: A saved or stock voice's name, a sound file, a recording, or a voice.
        audio: A recording of what is said now, instead of text and voice.
        transcript: What is said in that recording; "" drives the mouth by its sound alone.
        consent: On what ground the filmed person is made to say something: `own`, `spoken:FILE`
            (compared with the film's own sound), `source:TEXT` or a record.
        voice_consent: The same for a voice that is a recording; None takes `consent`.
        language: Language tag of text or transcript; "" takes the voice's own.
        speed: Speech speed, 0.5..2.
        fps: Frames per second; None takes the film's.
        face: Which of several faces, largest first; None takes the largest.
        overrun: While speech goes on after the film's end: `bounce` shows its last frames to and
            fro, `hold` the last one, `stop` ends the speech there.
        subtitles: Subtitle files to write, .srt or .vtt.
        verify: Have a speech recogniser check every sentence; needs the extra [asr].
        engine: Voice engine; it also aligns a transcript.
        on_progress: Told about the stages; may be called from two threads.

    Returns:
        Where the video is, and how it was made.

    Raises:
        BadInput: The film, speech or an option can't be used.
        ConsentMissing: No consent was given for the film, or for a recorded voice.
        MarkFailed: The video could not be marked as synthetic.
        MissingWeights: A model is missing.
        OutputFailed: The video can't be written.
    """
    start = time.perf_counter()
    watch = Stopwatch()
    path = _film_path(film)
    _check_speech(text, voice, audio, overrun)
    if subtitles and audio is not None and not transcript:
        raise BadInput("Subtitles of a recording need its words: give them with --transcript.")
    check_filmed(path.name, consent, language)
    if voice is not None:
        check_consent(voice, voice_consent or consent)
    check_beside(subtitles)
    marking = Marking()
    notes: list[str] = []
    record = Record(keep_sound=False)
    source = Film(path, fps=fps, face=face, max_side=MAX_SIDE)
    with ExitStack() as stack:
        with watch.stage("consent"):
            agreed = agreement(consent, source, language)
        with watch.stage("watching"):
            rest, usual = _glanced(path, face, on_progress)
            lips = NewLips(rest)
        speech = DubbedSpeech(
            source.fps, text, voice, audio, transcript, language, speed, verify, engine
        )
        parts = stack.enter_context(
            Ahead(
                watch.each(
                    "speaking",
                    speech.parts(marking, agreed, voice_consent or consent, on_progress),
                ),
                depth=2,
            )
        )
        frames = steadied(_free(source.sightings(notes), usual))
        first = next(frames)
        height, width = first.picture.shape[:2]
        video = stack.enter_context(
            VideoWriter(
                output,
                fps=source.fps,
                size=(width, height),
                audio_rate=speech.sample_rate,
                seal=marking.seal,
            )
        )
        score = DubbedScore(parts, video, record, source.fps, speech)
        take = _Take(lips, score, overrun, source.fps)
        drawn = take.frames(_again(first, frames))
        for count, frame in enumerate(watch.each("rendering", drawn), start=1):
            with watch.stage("encoding"):
                video.write_frame(frame)
            on_progress(Progress("rendering", count, source.frames, "frames"))
        notes += take.remarks()
    voices = () if speech.chosen is None else speech.chosen.facts.get("warnings", ())
    return Video(
        path=Path(output),
        seconds=video.seconds,
        frames=video.frames,
        fps=source.fps,
        size=(width, height),
        voice="" if speech.chosen is None else speech.chosen.name,
        language=record.language,
        took=time.perf_counter() - start,
        stages=watch.seconds,
        notes=tuple(dict.fromkeys((*notes, *voices, *record.notes, *marking.notes))),
        beside=write_subtitles(record, subtitles),
    )


def _film_path(film: Path | str) -> Path:
    path = Path(film)
    if path.suffix.lower() in PICTURES:
        raise BadInput(
            f"{path.name} is a picture, which needs no dubbing. Let it speak with: likewise talk"
        )
    return path


def _check_speech(
    text: str, voice: VoiceLike | None, audio: Audio | Path | str | None, overrun: str
) -> None:
    spoken = bool(text) or voice is not None
    if spoken == (audio is not None) or bool(text) != (voice is not None):
        raise BadInput(
            "What is said in the film now? Give either a text and a voice, or a recording: one of "
            "the two."
        )
    if overrun not in get_args(Overrun):
        raise BadInput(f"{overrun!r} is no overrun; known: {', '.join(get_args(Overrun))}.")


def _glanced(
    path: Path, face: int | None, on_progress: ProgressCallback
) -> tuple[RestingMouth, UsualMouth | None]:
    """The mouth at rest and what it usually looks like, from a few frames of every second."""
    glance = Film(path, fps=_GLANCES, face=face)
    rest = RestingMouth()
    colours = []
    for count, sighting in enumerate(glance.sightings(), start=1):
        if sighting.face is not None:
            rest.see(sighting.face.points)
            colours.append(mouth_colours(sighting.picture, sighting.face.points))
        on_progress(Progress("watching", count, glance.frames, "frames"))
    return rest, UsualMouth.of(np.array(colours)) if colours else None


def _free(sightings: Iterable[Sighting], usual: UsualMouth | None) -> Iterator[Sighting]:
    """The film, without a face where something is before its mouth: lips aren't drawn on a hand."""
    for sighting in sightings:
        if sighting.face is not None and usual is not None:
            colours = mouth_colours(sighting.picture, sighting.face.points)
            if usual.hidden(colours[None])[0]:
                sighting = replace(sighting, face=None)
        yield sighting


def _again(first: Steady, rest: Iterator[Steady]) -> Iterator[Steady]:
    yield first
    yield from rest


class _Take:
    """The film's frames with new lips, and what is to be said of them."""

    def __init__(self, lips: NewLips, score: DubbedScore, overrun: Overrun, fps: float) -> None:
        self._lips, self._score, self._overrun, self._fps = lips, score, overrun, fps
        self._unseen: list[tuple[int, int]] = []
        self._count = self._extra = self._quiet = 0
        self._cut = False

    def frames(self, film: Iterator[Steady]) -> Iterator[NDArray[np.uint8]]:
        """Every frame of the film, and then as many as the speech still needs."""
        last: deque[Steady] = deque(maxlen=1)
        for steady in film:
            if last.maxlen == 1 and self._overrun == "bounce":
                most = int(_BOUNCED_BYTES // max(steady.picture.nbytes, 1))
                last = deque(maxlen=min(max(most, 2), _BOUNCED_FRAMES))
            yield self._drawn(steady, self._score.next())
            last.append(steady)
        if self._overrun == "stop":
            self._cut = self._score.next() is not None
            return
        for steady in _to_and_fro(list(last)):
            said = self._score.next()
            if said is None:
                return
            self._extra += 1
            yield self._drawn(steady, said)

    def _drawn(self, steady: Steady, said: tuple[Motion, int] | None) -> NDArray[np.uint8]:
        self._count += 1
        self._score.sound(self._count / self._fps)
        if said is None:
            self._quiet += 1
        if steady.points is None:
            if self._unseen and self._unseen[-1][1] == self._count - 1:
                self._unseen[-1] = (self._unseen[-1][0], self._count)
            else:
                self._unseen.append((self._count - 1, self._count))
            return steady.picture
        motion, index = said or (resting_score(1.0), 0)
        drawn = self._lips.drawn(steady.picture, steady.points, motion, index)
        return faded(steady.picture, drawn, steady.presence)

    def remarks(self) -> Iterator[str]:
        """Absences and differences of length in words."""
        fps = self._fps
        for first, end in self._unseen[:4]:
            yield (
                f"No face is seen in the film from {first / fps:.1f} to {end / fps:.1f} s, or "
                "something is before its mouth; it is left as it is there."
            )
        if len(self._unseen) > 4:
            yield f"{len(self._unseen) - 4} more times without a face are left as they are."
        if self._extra:
            how = "its last frame is held" if self._overrun == "hold" else "its last frames go on"
            yield (
                f"The speech is {self._extra / fps:.1f} s longer than the film: {how} until it is "
                "over. --overrun stop ends both with the film."
            )
        if self._cut:
            yield "The film ends before all is said, and the speech with it."
        if self._quiet > fps:
            yield f"The lips rest for the film's last {self._quiet / fps:.1f} s: all is said."


def _to_and_fro(last: list[Steady]) -> Iterator[Steady]:
    """Backwards, forwards and so on, for ever; a single frame is held."""
    place, step = len(last) - 1, -1
    while True:
        if not 0 <= place + step < len(last):
            step = -step
        place = min(max(place + step, 0), len(last) - 1)
        yield last[place]
