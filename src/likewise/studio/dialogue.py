"""A dialogue: several speakers, each with a voice, on several faces of one picture.

Lines are spoken one after the other in one thread, while another draws: the face whose line it is
speaks, the others listen, blink and look at whoever speaks. Memory is that of a few sentences.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from likewise.errors import BadInput
from likewise.face import registry as faces
from likewise.motion.attention import Aim, Attention, aim
from likewise.motion.from_speech import SpeechActor
from likewise.motion.limits import within_limits
from likewise.progress import Progress, ProgressCallback, silent
from likewise.provenance.consent import ConsentLike
from likewise.provenance.marking import Marking
from likewise.provenance.origin import Origin, copied
from likewise.studio.ahead import Ahead
from likewise.studio.choosing import PictureLike, check_consent, choose_voice
from likewise.studio.dialogue_cast import placed, portraits_of, roles_of, script_of
from likewise.studio.dialogue_report import Speaker, Turn, report_dialogue
from likewise.studio.ensemble import Ensemble
from likewise.studio.record import Record, check_beside, write_subtitles
from likewise.studio.rendering import Video, open_video
from likewise.studio.saying import say
from likewise.studio.scoring import MoodLike, chosen_mood
from likewise.studio.script import Line, Role, Script
from likewise.studio.stopwatch import Stopwatch
from likewise.values import Audio, Consent, Motion, Portrait, Speech, Timing, Voice
from likewise.video.writer import VideoWriter
from likewise.voice import registry as voices

_SPEAKER_LOOKS = 0.45  # how far a speaker turns to whom they speak to; a listener turns fully
_HEARD_AND_SEEN = (".mp4", ".webm")
_FIRST_LOOK = 0.2  # seconds from which on faces look at each other: they begin as in the picture
_LOOKS_BACK = 0.6  # seconds before the end at which everyone looks ahead again


def dialogue(
    picture: PictureLike,
    script: Script | Path | str,
    *,
    output: Path | str,
    cast: Mapping[str, Role] | None = None,
    points: Mapping[str, str] | None = None,
    consent: ConsentLike | None = None,
    language: str = "",
    speed: float = 1.0,
    fps: float = 25.0,
    size: int = 1280,
    liveliness: float = 1.0,
    seed: int = 0,
    mood: MoodLike = "",
    subtitles: Sequence[Path | str] = (),
    verify: bool = False,
    report: Path | str | None = None,
    command: str = "",
    engine: str = "kokoro",
    face_engine: str = "mesh",
    on_progress: ProgressCallback = silent,
) -> Video:
    """Make the faces of a picture talk with each other.

    Args:
        picture: A picture file, or RGB pixels.
        script: Who says what: a script, its file, or its text (of two lines or more).
        output: The video: .mp4, .webm, .gif, or a pattern such as `frames/%05d.png`.
        cast: Roles by name; they go before those that the script itself names.
        points: By name, the files of ten points of faces that aren't found by themselves; they go
            before those of the cast.
        consent: Whose voices the recordings of the cast are, for roles that don't say it.
        language: Language tag for roles that name none; "" takes each voice's own.
        speed: Speech speed, 0.5..2.
        fps: Frames per second.
        size: Longest side of the video in pixels.
        liveliness: How much the heads move by themselves; 0 is not at all, 1 natural.
        seed: Seed of the heads' movements and the blinks.
        mood: What faces wear whose role says nothing of it.
        subtitles: Subtitle files to write, .srt or .vtt, with the speakers' names.
        verify: Have a speech recogniser check every sentence; needs the extra [asr].
        report: A page (.html) that says of each speaker how alike they sound and how well their
            lips fit; `report.json` beside it has the same as data.
        command: The command that was typed, for the report.
        engine: Voice engine.
        face_engine: Face engine.
        on_progress: Told about the stages; may be called from two threads.

    Returns:
        Where the video is, and how it was made.

    Raises:
        BadInput: The picture, script, cast or an option can't be used.
        ConsentMissing: A voice is a recording, and no consent was given.
        MarkFailed: The video could not be marked as synthetic.
        MissingWeights: A model is missing.
        OutputFailed: The video can't be written.
    """
    start = time.perf_counter()
    watch = Stopwatch()
    play = script_of(script)
    roles = roles_of(play, cast or {}, points or {})
    given = {name: role.consent or consent for name, role in roles.items()}
    for name, role in roles.items():
        check_consent(role.voice, given[name])
    check_beside(subtitles, report)
    if report is not None and Path(output).suffix.lower() not in _HEARD_AND_SEEN:
        raise BadInput(f"A report needs a video with sound, .mp4 or .webm, not {output}.")
    moods = {name: chosen_mood(role.mood or mood) for name, role in roles.items()}
    speaker, artist = voices.voice_engine(engine), faces.face_engine(face_engine)
    marking = Marking()
    chosen: dict[str, Voice] = {}

    def spoken() -> Iterator[tuple[int, Speech]]:
        with watch.stage("voice"):
            for name, role in roles.items():
                chosen[name] = choose_voice(
                    role.voice,
                    speaker,
                    language=role.language or language,
                    consent=given[name],
                    on_progress=on_progress,
                )
        marking.origin = _origin(chosen, face_engine)
        for number, line in enumerate(play.lines):
            parts = say(
                speaker,
                line.text,
                chosen[line.name],
                language=roles[line.name].language or language,
                speed=speed,
                verify=verify,
                timings=True,
                on_progress=silent,
            )
            on_progress(Progress("speaking", number, len(play.lines), "lines"))
            for part in marking.sound(parts):
                yield number, part
        on_progress(Progress("speaking", len(play.lines), len(play.lines), "lines"))
        marking.prepare()

    with ExitStack() as stack:
        ahead = stack.enter_context(Ahead(watch.each("speaking", spoken()), depth=2))
        with watch.stage("picture"):
            seen = portraits_of(picture, artist, roles, size)
        portraits = list(seen.values())
        video = stack.enter_context(
            open_video(
                output, portraits[0], fps, speaker.capabilities.sample_rate, seal=marking.seal
            )
        )
        company = {
            name: _Player(
                portrait,
                SpeechActor(fps, seed=seed + number, liveliness=liveliness, mood=moods[name]),
            )
            for number, (name, portrait) in enumerate(seen.items())
        }
        stage = _Stage(play.lines, company, video, watch.each("waiting for speech", ahead))
        scores = [stage.score(name) for name in company]
        frames = Ensemble(artist, portraits).render(scores)
        for count, frame in enumerate(watch.each("rendering", frames), start=1):
            with watch.stage("encoding"):
                video.write_frame(frame)
            total = round(stage.record.seconds * fps) if stage.record.complete else None
            on_progress(Progress("rendering", count, total, "frames"))
    record = stage.record
    beside = write_subtitles(stage.subtitles(), subtitles) if subtitles else ()
    if report is not None:
        settings: dict[str, Any] = {"script": [f"{line.name}: {line.text}" for line in play.lines]}
        settings |= {"cast": {name: voice.name for name, voice in chosen.items()}}
        settings |= {"speed": speed, "seed": seed}
        settings |= {"voice engine": engine, "face engine": face_engine}
        settings |= {"command": command} if command else {}
        speakers = [
            Speaker(
                name,
                chosen[name],
                tuple(turn for said in stage.turns.values() for turn in said if turn.name == name),
                seen.get(name),
            )
            for name in roles
        ]
        with watch.stage("verifying"):
            beside += report_dialogue(
                Path(output), Path(report), speakers, fps, settings, on_progress
            )
    notes = [note for portrait in portraits for note in portrait.notes]
    notes += [note for voice in chosen.values() for note in voice.facts.get("warnings", ())]
    notes += placed(seen, roles)
    return Video(
        path=Path(output),
        seconds=record.seconds,
        frames=video.frames,
        fps=fps,
        size=(portraits[0].picture.shape[1], portraits[0].picture.shape[0]),
        voice=", ".join(dict.fromkeys(voice.name for voice in chosen.values())),
        language=", ".join(dict.fromkeys(stage.languages)),
        took=time.perf_counter() - start,
        stages=watch.seconds,
        notes=tuple(dict.fromkeys((*notes, *record.notes, *marking.notes))),
        beside=beside,
    )


def _origin(chosen: Mapping[str, Voice], face_engine: str) -> Origin:
    """How the whole is made; the consent of all whose voices were copied is kept."""
    firsts = sorted(chosen.values(), key=copied, reverse=True)
    origin = Origin.speech(firsts[0], face=face_engine)
    records = {
        name: record
        for name, voice in chosen.items()
        if (record := Consent.from_record(voice.consent)) is not None
    }
    consent = origin.consent
    if len(records) > 1:
        words = "; ".join(f"{name}: {record.words}" for name, record in records.items())
        facts = {name: record.as_record() for name, record in records.items()}
        consent = Consent("source", words[:500], facts=facts)
    names = ", ".join(dict.fromkeys(voice.name for voice in chosen.values()))
    return replace(origin, voice=names, consent=consent)


class _Player:
    """One face while it is played."""

    def __init__(self, portrait: Portrait, actor: SpeechActor) -> None:
        self.portrait, self.actor = portrait, actor
        self.attention = Attention()
        self.waiting: deque[Motion] = deque()
        self._frames = 0

    def play(self, motion: Motion) -> None:
        """Take the next frames of the actor, bent to where the face looks."""
        if not len(motion):
            return
        times = (self._frames + np.arange(len(motion))) / motion.fps
        self.attention.bend(motion, times)
        self._frames += len(motion)
        self.attention.forget(float(times[-1]))
        self.waiting.append(within_limits(motion, self.portrait))


class _Stage:
    """Hands every part of speech to all faces: one says it, the others hear it."""

    def __init__(
        self,
        lines: Sequence[Line],
        company: Mapping[str, _Player],
        video: VideoWriter,
        parts: Iterable[tuple[int, Speech]],
    ) -> None:
        self.record = Record(keep_sound=False)
        self.languages: list[str] = []
        self._lines, self._company, self._video = lines, company, video
        self._parts = iter(parts)
        self.turns: dict[int, list[Turn]] = {}
        self._line = -1

    def score(self, name: str) -> Iterator[Motion]:
        """The score of one face; parts are fetched by whichever face needs one first."""
        waiting = self._company[name].waiting
        while True:
            while waiting:
                yield waiting.popleft()
            if self.record.complete:
                return
            self._advance()

    def subtitles(self) -> list[Speech]:
        """A speech for each line, without sound: words at times of the whole, who says them."""
        nothing = Audio(np.zeros(0, np.float32), 1)
        return [
            Speech(
                nothing,
                text=self._lines[number].text,
                language=turns[0].said.language,
                words=tuple(word for turn in turns for word in turn.said.words),
                voice=self._lines[number].name,
            )
            for number, turns in self.turns.items()
        ]

    def _advance(self) -> None:
        found = next(self._parts, None)
        if found is None:
            for player in self._company.values():
                player.attention.turn(max(self.record.seconds - _LOOKS_BACK, 0.0), Aim())
                player.play(player.actor.finish())
            self.record.complete = True
            return
        number, part = found
        if number != self._line:
            self._line = number
            self._attend(number, max(self.record.seconds, _FIRST_LOOK))
        self._video.write_audio(part.audio)
        start = self.record.seconds
        self.record.add(part)
        self.languages.append(part.language)
        turn = Turn.of(part, self._lines[number].name, start)
        self.turns.setdefault(number, []).append(turn)
        hush = Speech(
            Audio(np.zeros_like(part.audio.samples), part.audio.sample_rate),
            text="",
            language=part.language,
            phonemes=(Timing("", 0.0, part.audio.seconds),),
        )
        for name, player in self._company.items():
            said = part if name == self._lines[number].name else hush
            player.play(player.actor.feed(said))

    def _attend(self, number: int, seconds: float) -> None:
        """Everyone looks at the speaker of a line, who looks at whom they speak to."""
        name = self._lines[number].name
        speaking = self._company.get(name)
        for player in self._company.values():
            if player is not speaking:
                looked = Aim() if speaking is None else aim(player.portrait, speaking.portrait)
                player.attention.turn(seconds, looked)
                continue
            partner = self._company.get(self._partner(number))
            looked = Aim() if partner is None else aim(player.portrait, partner.portrait)
            player.attention.turn(seconds, looked.scaled(_SPEAKER_LOOKS))

    def _partner(self, number: int) -> str:
        """Whom a line is said to: who spoke before, or else who speaks next."""
        name = self._lines[number].name
        before = [line.name for line in reversed(self._lines[:number])]
        after = [line.name for line in self._lines[number + 1 :]]
        others = [who for who in (*before, *after) if who != name and who in self._company]
        return others[0] if others else ""
