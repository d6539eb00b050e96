"""What was said, remembered while it streams by: words for subtitles, some sound for the plot."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from likewise.errors import BadInput
from likewise.files import Draft
from likewise.values import Audio, Speech, Timing
from likewise.values.speech import joined_text

_SUBTITLES = {".srt": "write_srt", ".vtt": "write_vtt"}
_PLOT_SECONDS = 30.0  # more does not fit legibly on one picture


class Record:
    """Collects parts of speech; its memory grows with the words, not with the sound.

    Args:
        keep_sound: Also keep the first seconds of sound, for a plot.
    """

    def __init__(self, *, keep_sound: bool) -> None:
        self.complete = False
        self.language = ""
        self._keep_sound = keep_sound
        self._samples = 0
        self._rate = 1
        self._texts: list[Timing] = []
        self._words: list[Timing] = []
        self._phonemes: list[Timing] = []
        self._engine = ""
        self._voice = ""
        self._notes: dict[str, None] = {}
        self._kept: list[Speech] = []

    @property
    def seconds(self) -> float:
        """Duration so far."""
        return self._samples / self._rate

    @property
    def notes(self) -> tuple[str, ...]:
        """What the engine wants the user to know, each once."""
        return tuple(self._notes)

    def add(self, part: Speech) -> None:
        """Take note of the next part."""
        if self._keep_sound and self.seconds < _PLOT_SECONDS:
            self._kept.append(part)
        start = self.seconds
        self._words += [word.shifted(start) for word in part.words]
        self._phonemes += [phoneme.shifted(start) for phoneme in part.phonemes]
        self._rate = part.audio.sample_rate
        self._samples += len(part.audio.samples)
        if self._texts and not part.text:  # a piece that continues its sentence
            self._texts[-1] = replace(self._texts[-1], end=self.seconds)
        else:
            self._texts.append(Timing(part.text, start, self.seconds))
        self._notes |= dict.fromkeys(part.notes)
        self.language = part.language
        self._engine, self._voice = part.engine, part.voice

    @property
    def sentences(self) -> tuple[Timing, ...]:
        """The sentences in which the speech came, with their text."""
        return tuple(self._texts)

    def words(self) -> Speech:
        """Text and timings of the whole, without its sound."""
        return Speech(
            Audio(np.zeros(0, np.float32), self._rate),
            text=joined_text((part.text for part in self._texts), self.language),
            language=self.language,
            phonemes=tuple(self._phonemes),
            words=tuple(self._words),
            engine=self._engine,
            voice=self._voice,
        )

    def kept(self) -> Speech:
        """The first seconds with their sound.

        Raises:
            BadInput: Nothing was kept.
        """
        if not self._kept:
            raise BadInput("Nothing was said, so there is nothing to draw.")
        return Speech.joined(self._kept)


def write_subtitles(
    said: Record | Sequence[Speech], paths: Sequence[Path | str]
) -> tuple[Path, ...]:
    """Write each subtitle file, .srt or .vtt by its suffix; several speeches in cues of their own.

    Args:
        said: The record of a take, or its lines with words at times of the whole.
        paths: The files.
    """
    from likewise.video import subtitles

    words = said.words() if isinstance(said, Record) else said
    for path in map(Path, paths):
        write = getattr(subtitles, _SUBTITLES[path.suffix.lower()])
        write(words, path)
    return tuple(map(Path, paths))


def check_beside(subtitles: Sequence[Path | str], *others: Path | str | None) -> None:
    """Say at once, not after a minute's work, that a file beside the result can't be written.

    Raises:
        BadInput: Subtitles that are neither .srt nor .vtt.
        OutputFailed: A folder is missing or read-only.
    """
    for path in map(Path, subtitles):
        if path.suffix.lower() not in _SUBTITLES:
            raise BadInput(
                f"Subtitles are written as .srt or .vtt, not {path.suffix or 'without a suffix'}."
            )
    for path in map(Path, [*subtitles, *(other for other in others if other is not None)]):
        Draft(path).discard()
