"""Say, check, say again: only the sentences that a recogniser did not understand.

Each sentence is written down by Whisper and compared with the text. A bad one is read in another
take, a few times at most, and the best take is kept; a note says which sentences that were, so
nothing is hidden. Sentences that pass cost one transcription each.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from likewise.errors import BadInput
from likewise.hearing import asr
from likewise.studio.saying import sentences
from likewise.values import Audio, Speech, Timing
from likewise.verify import words

TAKES = 3
"""How often a sentence is read again at most."""

Reader = Callable[[str, int], Iterable[Speech]]
"""Reads one sentence in a numbered take."""


@dataclass(frozen=True, slots=True)
class Check:
    """A sentence and how it was understood.

    Attributes:
        error: Share of its words (or characters) that were heard wrongly, in percent.
        heard: What was written down.
    """

    error: float
    heard: str


def check(said: Speech) -> Check:
    """Write a sentence down and count what differs.

    Raises:
        MissingWeights: The extra [asr] is not installed.
    """
    heard = asr.transcribe(said.audio, said.language)
    error = words.error_rate([said.text], [heard.text], said.language).value
    return Check(0.0 if error is None else error, heard.text.strip())


def retried(
    parts: Iterable[Speech], read: Reader, *, most_wrong: float = 10.0, takes: int = TAKES
) -> Iterator[Speech]:
    """Sentences, the misunderstood ones replaced by their best take.

    Args:
        parts: Speech as an engine yields it.
        read: Reads a sentence again; called with takes 1, 2, ...
        most_wrong: Percent of words that may be wrong before a sentence is read again. Whisper
            base itself errs on 2 to 3 % of clear speech, and one name in a short sentence is 10 %.
        takes: How often a sentence is read again at most.

    Yields:
        One part a sentence; a retried one carries a note.

    Raises:
        MissingWeights: The extra [asr] is not installed.
    """
    for first in sentences(parts):
        best, found = first, check(first)
        tried = 0
        before = found
        while found.error > most_wrong and tried < takes:
            tried += 1
            try:
                other = replace(Speech.joined(read(first.text, tried)), text=first.text)
            except BadInput:
                break  # a fragment that can't be said alone stays as it was
            result = check(other)
            if result.error < found.error:
                best, found = _with_pause_of(first, other), result
        if tried:
            note = (
                f"Read again {tried} times: {first.text!r} was heard as {before.heard!r} "
                f"({before.error:.0f} % wrong); now {found.error:.0f} %."
            )
            best = replace(best, notes=(*first.notes, note))
        yield best


def _with_pause_of(first: Speech, other: Speech) -> Speech:
    """A take of a sentence alone ends without the pause that followed it in the text."""
    silent = [timing for timing in first.phonemes[-1:] if not timing.text]
    pause = silent[0].end - silent[0].start if silent else 0.0
    if pause <= 0:
        return other
    rate = other.audio.sample_rate
    gap = np.zeros(round(pause * rate), np.float32)
    end = other.audio.seconds
    return replace(
        other,
        audio=Audio(np.concatenate([other.audio.samples, gap]), rate),
        phonemes=(*other.phonemes, Timing("", end, end + len(gap) / rate)),
    )
