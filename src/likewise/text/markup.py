"""A text with marks: what is said otherwise than plainly, and where.

    marked = MarkedText.plain("Hello there.")
    marked = likewise.text.ssml.parse('<speak>Hello <prosody rate="slow">there</prosody>.</speak>')

The text stays as a reader sees it, so timings and subtitles hold on to it; the marks name stretches
of it by their places. Engines that can't follow marks read `MarkedText.text`.
"""

from dataclasses import dataclass, replace

PITCH_LIMIT = 12.0
"""Semitones, up or down: beyond an octave no voice is its own."""
PAUSE_LIMIT = 5.0
"""The largest factor on pauses."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a stretch is said.

    Attributes:
        language: Language tag, "" for the language of the text.
        rate: Times as fast as the rest, 0.25..4.
        pitch: Semitones above the voice's own pitch.
        volume: Decibels above the voice's own level.
    """

    language: str = ""
    rate: float = 1.0
    pitch: float = 0.0
    volume: float = 0.0


PLAIN = Manner()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the text that is said in one manner.

    Attributes:
        start: Index of its first character.
        end: Index after its last one.
        manner: How it is said.
        spoken: Words said in place of what is written, "" for what is written.
        phonemes: IPA said in place of what is written, "" for what is written.
    """

    start: int
    end: int
    manner: Manner = PLAIN
    spoken: str = ""
    phonemes: str = ""

    @property
    def replaces(self) -> bool:
        """Whether something else is said than what is written."""
        return bool(self.spoken or self.phonemes)

    def within(self, start: int, end: int) -> "Stretch":
        """Its part between two places, counted from the first of them."""
        return replace(self, start=max(self.start, start) - start, end=min(self.end, end) - start)


@dataclass(frozen=True, slots=True)
class Break:
    """A pause that was asked for.

    Attributes:
        place: Index of the character before which it is made.
        seconds: How long it is.
    """

    place: int
    seconds: float


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text and its marks.

    Attributes:
        text: What is read, without marks; an empty line ends a paragraph.
        stretches: All of it in order, without gaps.
        breaks: Pauses, in order.
        ends: Indices at which a sentence ends whatever its punctuation.
        language: Language tag of the text, "" where it isn't said.
        notes: What the reader should know.
    """

    text: str
    stretches: tuple[Stretch, ...]
    breaks: tuple[Break, ...] = ()
    ends: tuple[int, ...] = ()
    language: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def plain(cls, text: str) -> "MarkedText":
        """A text without marks."""
        return cls(text, (Stretch(0, len(text)),) if text else ())

    def between(self, start: int, end: int) -> "MarkedText":
        """A part of the text with its marks."""
        return MarkedText(
            self.text[start:end],
            tuple(
                stretch.within(start, end)
                for stretch in self.stretches
                if stretch.start < end and stretch.end > start
            ),
            tuple(
                Break(pause.place - start, pause.seconds)
                for pause in self.breaks
                if start < pause.place <= end or (pause.place == start == 0)
            ),
            language=self.language,
        )

    def manner_at(self, place: int) -> Manner:
        """How the character at a place is said."""
        for stretch in self.stretches:
            if stretch.start <= place < stretch.end:
                return stretch.manner
        return PLAIN
