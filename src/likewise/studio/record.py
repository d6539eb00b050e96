"""What was said, remembered while it streams by: words for subtitles, some sound for the plot."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from likewise.errors import BadInput
from likewise.files import Draft
from likewise.values import Audio, Speech, Timing

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
        self._texts: list[str] = []
        self._words: list[Timing] = []
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
        self._words += [word.shifted(self.seconds) for word in part.words]
        self._rate = part.audio.sample_rate
        self._samples += len(part.audio.samples)
        self._texts.append(part.text)
        self._notes |= dict.fromkeys(part.notes)
        self.language = part.language

    def words(self) -> Speech:
        """Text and word timings of the whole, without its sound."""
        return Speech(
            Audio(np.zeros(0, np.float32), self._rate),
            text=" ".join(text for text in self._texts if text),
            language=self.language,
            words=tuple(self._words),
        )

    def kept(self) -> Speech:
        """The first seconds with their sound.

        Raises:
            BadInput: Nothing was kept.
        """
        if not self._kept:
            raise BadInput("Nothing was said, so there is nothing to draw.")
        return Speech.joined(self._kept)


def write_subtitles(record: Record, paths: Sequence[Path | str]) -> tuple[Path, ...]:
    """Write each subtitle file, .srt or .vtt by its suffix."""
    from likewise.video import subtitles

    for path in map(Path, paths):
        write = getattr(subtitles, _SUBTITLES[path.suffix.lower()])
        write(record.words(), path)
    return tuple(map(Path, paths))


def check_beside(subtitles: Sequence[Path | str], plot: Path | str | None) -> None:
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
    for path in map(Path, [*subtitles, *([plot] if plot is not None else [])]):
        Draft(path).discard()
