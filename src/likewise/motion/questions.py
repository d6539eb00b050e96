"""Where a speech asks: from the question marks of its text to seconds of its sound."""

from typing import Final

from likewise.values import Speech

_ASKS: Final = frozenset("?？؟⁇⁈")
_ENDS: Final = frozenset(".!;…。！।｡")


def questions(speech: Speech) -> list[tuple[float, float]]:
    """Start and end in seconds of each question, from its first word to its last.

    A word that isn't found in the text, as engines write numbers out, is passed over.
    """
    placed: list[tuple[int, int, float, float]] = []  # in the text, in the sound
    place = 0
    for word in speech.words:
        found = speech.text.find(word.text, place) if word.text else -1
        if found >= 0:
            place = found + len(word.text)
            placed.append((found, place, word.start, word.end))
    spans: list[tuple[float, float]] = []
    first: float | None = None
    ends = [start for start, *_ in placed[1:]] + [len(speech.text)]
    for (_, end_in_text, start, end), following in zip(placed, ends, strict=False):
        first = start if first is None else first
        behind = set(speech.text[end_in_text:following])
        if behind & _ASKS:
            spans.append((first, end))
        if behind & (_ASKS | _ENDS):
            first = None
    return spans
