"""What every voice engine can do, and how engines are found.

An engine turns a reference into a `Voice` and text into `Speech`. Streaming is the primitive:
`speak` yields one part as soon as it is ready; `Speech.joined` collects them. Engines register
under the entry point group `likewise.voice_engines`, so another package can add its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from likewise.progress import ProgressCallback
from likewise.text.markup import MarkedText
from likewise.values import Audio, Speech, Voice


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do, so that callers ask instead of testing types.

    Attributes:
        clones: Can enrol a voice from a recording.
        timings: Speech carries phoneme and word timings.
        streams: Parts arrive while later text is still being spoken.
        speed: Honours `speed`.
        sample_rate: Hz of the speech it makes.
        imports: Endings of other programs' voice files that it reads (`VoiceImporter`).
        tiers: Ways to enrol, the quickest first; more than one makes it a `TieredEngine`.
        expressive: Follows marks in a text, and a wish for pitch and pauses (`ExpressiveEngine`).
    """

    clones: bool
    timings: bool
    streams: bool
    speed: bool
    sample_rate: int
    imports: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    expressive: bool = False


@runtime_checkable
class VoiceEngine(Protocol):
    """A text-to-speech engine with cloned voices."""

    @property
    def name(self) -> str:
        """Name under which the engine is registered."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    @property
    def languages(self) -> Sequence[str]:
        """Language tags it speaks, the default first."""

    def stock_voices(self) -> Sequence[Voice]:
        """Voices that come with the engine, without loading the model."""

    def enrol(
        self,
        references: Sequence[Audio],
        *,
        name: str,
        transcripts: Sequence[str] | None = None,
        language: str = "",
        on_progress: ProgressCallback = ...,
    ) -> Voice:
        """Make a voice from recordings of one speaker.

        Raises:
            BadInput: Nothing usable in the recordings (silent, too short, not speech).
        """

    def speak(
        self,
        text: str,
        voice: Voice,
        *,
        language: str = "",
        speed: float = 1.0,
        take: int = 0,
        on_progress: ProgressCallback = ...,
    ) -> Iterator[Speech]:
        """Speak text, part by part; parts joined are the whole, gaps included.

        Args:
            text: Any length; split into sentences inside.
            voice: A voice of this engine.
            language: Language tag; "" takes the voice's language, else the engine's default.
            speed: 1.0 is natural, 2.0 twice as fast; 0.5..2.
            take: 0 is the natural reading; another number reads the same text a little otherwise,
                for saying again what was not understood. The same take is always the same.
            on_progress: Told about sentences done.

        Raises:
            BadInput: Empty or unspeakable text.
            Unsupported: A language the engine doesn't speak, or a script it can't read.
        """


class VoiceImporter(Protocol):
    """An engine whose capabilities name endings in `imports`."""

    def import_voice(self, path: Path) -> Voice:
        """A voice from another program's file.

        Raises:
            BadInput: Not such a file, or damaged.
        """


BEST = "best"
"""The best tier that is possible here with what was given; the voice's facts say which."""


OWN_MANNER = "own_manner"
"""Fact of a voice: False asks its engine to speak in its own manner, not in the person's."""


class TieredEngine(Protocol):
    """An engine that can take more time to make a voice that is more alike."""

    def enrol(
        self,
        references: Sequence[Audio],
        *,
        name: str,
        transcripts: Sequence[str] | None = None,
        language: str = "",
        tier: str = ...,
        seconds: float = ...,
        on_progress: ProgressCallback = ...,
    ) -> Voice:
        """Make a voice as `VoiceEngine.enrol` does.

        Args:
            references: Recordings of one speaker.
            name: Name of the voice.
            transcripts: What is said in each recording; None lets the engine find out.
            language: Language tag of the speaker.
            tier: One of the engine's tiers, or `BEST`; the first tier unless asked otherwise.
            seconds: Time that a slower tier may take.
            on_progress: Told about the stages.

        Raises:
            BadInput: Unusable recordings, or a tier that the engine doesn't have.
            MissingWeights: The tier needs something that is not installed.
        """


class ExpressiveEngine(Protocol):
    """An engine whose capabilities say `expressive`."""

    def speak(
        self,
        text: str | MarkedText,
        voice: Voice,
        *,
        language: str = "",
        speed: float = 1.0,
        pitch: float = 0.0,
        pause: float = 1.0,
        take: int = 0,
        pieces: bool = False,
        on_progress: ProgressCallback = ...,
    ) -> Iterator[Speech]:
        """Speak text as `VoiceEngine.speak` does.

        Args:
            text: Text, or text with marks.
            voice: A voice of this engine.
            language: Language tag of what no mark gives another language.
            speed: 1.0 is natural, 2.0 twice as fast; 0.5..2.
            pitch: Semitones above the voice's own pitch, -12..12.
            pause: How many times as long the pauses are, 0..5.
            take: As in `VoiceEngine.speak`.
            pieces: Let a long sentence come in several parts while little was said before it, so
                that it is heard sooner; the first holds its text. They cost more than the whole.
            on_progress: Told about sentences done.
        """
