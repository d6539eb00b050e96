"""What is said in a dubbed film: new speech or a recording, and the motion of its lips."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from likewise.motion.from_speech import SpeechActor
from likewise.progress import ProgressCallback
from likewise.provenance.consent import ConsentLike
from likewise.provenance.marking import Marking
from likewise.provenance.origin import Origin
from likewise.studio.animate import APPROXIMATE, aligned
from likewise.studio.choosing import VoiceLike, choose_voice
from likewise.studio.record import Record
from likewise.studio.saying import say
from likewise.values import Audio, Consent, Motion, Speech, Voice
from likewise.video.writer import VideoWriter


class DubbedSpeech:
    """What is said: parts of speech as they are made, or one recording."""

    def __init__(
        self,
        fps: float,
        text: str,
        voice: VoiceLike | None,
        audio: Audio | Path | str | None,
        transcript: str,
        language: str,
        speed: float,
        verify: bool,
        engine: str,
    ) -> None:
        from likewise.voice import registry

        self._text, self._voice, self._transcript = text, voice, transcript
        self._language, self._speed, self._verify, self._engine = language, speed, verify, engine
        self._fps = fps
        self.chosen: Voice | None = None
        self.heard: Motion | None = None
        self._recording: Audio | None = None
        if audio is not None:
            from likewise.audio import files

            self._recording = audio if isinstance(audio, Audio) else files.read(audio)
            self.sample_rate = self._recording.sample_rate
        else:
            self._speaker = registry.voice_engine(engine)
            self.sample_rate = self._speaker.capabilities.sample_rate

    def parts(
        self,
        marking: Marking,
        agreement: Consent,
        voice_consent: ConsentLike | None,
        on_progress: ProgressCallback,
    ) -> Iterator[Speech]:
        """Marked speech; of a recording without a transcript also `heard` is set."""
        if self._recording is not None:
            marking.origin = Origin("animated picture", {"face": "mesh"}, consent=agreement)
            yield from marking.sound([self._listened(self._recording)])
            marking.prepare()
            return
        assert self._voice is not None
        self.chosen = choose_voice(
            self._voice,
            self._speaker,
            language=self._language,
            consent=voice_consent,
            on_progress=on_progress,
        )
        marking.origin = _origin(self.chosen, agreement)
        parts = say(
            self._speaker,
            self._text,
            self.chosen,
            language=self._language,
            speed=self._speed,
            verify=self._verify,
            timings=True,
            on_progress=on_progress,
        )
        yield from marking.sound(parts)
        marking.prepare()

    def _listened(self, recording: Audio) -> Speech:
        if self._transcript:
            return aligned(recording, self._transcript, self._language, engine=self._engine)
        from likewise.motion.from_audio import from_audio

        self.heard = from_audio(recording, self._fps, liveliness=0.0)
        return Speech(recording, "", "", engine="recording", notes=(APPROXIMATE,))


class DubbedScore:
    """The motion of the speech, frame by frame; parts go into the film's sound as they come."""

    def __init__(
        self,
        parts: Iterable[Speech],
        video: VideoWriter,
        record: Record,
        fps: float,
        speech: DubbedSpeech,
    ) -> None:
        self._parts, self._video, self._record = iter(parts), video, record
        self._actor = SpeechActor(fps, liveliness=0.0)
        self._speech, self._fps = speech, fps
        self._motion, self._index, self._done = Motion.still(0, fps), 0, False
        self._waiting: deque[Audio] = deque()
        self._sounded = 0

    def next(self) -> tuple[Motion, int] | None:
        """The next frame's motion and its place in it; None once everything is said."""
        while self._index >= len(self._motion):
            if self._done:
                return None
            self._motion, self._index = self._fetched(), 0
        self._index += 1
        return self._motion, self._index - 1

    def sound(self, until: float) -> None:
        """Hand the video its sound up to a second, and no further."""
        while self._waiting:
            part = self._waiting.popleft()
            room = round(until * part.sample_rate) - self._sounded
            if room < len(part.samples):
                self._waiting.appendleft(Audio(part.samples[max(room, 0) :], part.sample_rate))
                part = Audio(part.samples[: max(room, 0)], part.sample_rate)
            if not len(part.samples):
                return
            self._video.write_audio(part)
            self._sounded += len(part.samples)

    def _fetched(self) -> Motion:
        part = next(self._parts, None)
        if part is None:
            self._done = self._record.complete = True
            return (
                self._actor.finish() if self._speech.heard is None else Motion.still(0, self._fps)
            )
        self._waiting.append(part.audio)
        self._record.add(part)
        return self._actor.feed(part) if self._speech.heard is None else self._speech.heard


def _origin(voice: Voice, agreement: Consent) -> Origin:
    """How a dubbed film is made; the consent of both, the film's person and the voice, is kept."""
    origin = Origin.speech(voice, face="mesh")
    if origin.consent is None:
        return replace(origin, consent=agreement)
    records = {"film": agreement, "voice": origin.consent}
    words = "; ".join(f"{name}: {record.words}" for name, record in records.items())
    facts = {name: record.as_record() for name, record in records.items()}
    return replace(origin, consent=Consent("source", words[:500], facts=facts))
