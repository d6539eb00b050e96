"""What the model reads at once: a sentence or a part of one, as tokens, with marks and pauses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from likewise.text.markup import Manner, MarkedText
from likewise.text.words import Word
from likewise.voice.kokoro.model import MAX_TOKENS
from likewise.voice.kokoro.vocabulary import Encoding, encode

PAUSES = {"?": 0.40, "!": 0.40, ".": 0.40, "…": 0.55, ";": 0.28, ":": 0.28, "—": 0.25, ",": 0.18}
"""Seconds of silence after a sentence or a part of one, by its last sign."""
PAUSE_IN_SENTENCE = 0.06  # where a long sentence had to be cut between two words
TOKENS_A_LINE = 180  # about 11 s of speech; memory grows by 2.2 MB a token
_LED_UP_TO = 0.15  # seconds; before a shorter break a voice sounds like going on


@dataclass(frozen=True, slots=True)
class Line:
    """Words that the model reads at once.

    Attributes:
        words: Words of a sentence.
        encoding: Their tokens.
        sentence: The sentence with its marks.
        breaks: Seconds of silence by the place in the sentence at which a word ends, 0 for before
            the first.
        pause: Seconds of silence behind the words.
    """

    words: Sequence[Word]
    encoding: Encoding
    sentence: MarkedText
    breaks: Mapping[int, float]
    pause: float

    @property
    def lead(self) -> float:
        """Seconds of silence before the words."""
        return self.breaks.get(0, 0.0) if self.words[0].start == 0 else 0.0

    def manners(self) -> list[Manner]:
        """How each token is said, the zeros around them included."""
        by_word = [self.sentence.manner_at(word.start) for word in self.words]
        found: list[Manner] = []
        for owner in self.encoding.padded:
            if owner >= 0:
                found.append(by_word[self.encoding.phones[owner].word])
            else:
                found.append(found[-1] if found else by_word[0])
        return found

    def breaks_by_phone(self) -> dict[int, float]:
        """Seconds of silence asked for, by the phone before; the last word's are left out."""
        return self._by_phone(lambda word: self.breaks.get(word.end))

    def signs_by_phone(self) -> dict[int, float]:
        """Seconds of silence that are usual after a sign, by the phone before it."""
        return self._by_phone(
            lambda word: next((PAUSES[sign] for sign in word.after if sign in PAUSES), None)
        )

    def _by_phone(self, seconds: Callable[[Word], float | None]) -> dict[int, float]:
        ends = {phone.word: index for index, phone in enumerate(self.encoding.phones)}
        found = {
            ends[index]: seconds(word)
            for index, word in enumerate(self.words[:-1])
            if index in ends
        }
        return {phone: silence for phone, silence in found.items() if silence is not None}


def breaks_in(
    marked: MarkedText, words: Sequence[Word], start: int, following: int, *, opening: bool
) -> dict[int, float]:
    """Seconds of silence by the end of the word before; 0 is before the text's first word."""
    found: dict[int, float] = {}
    for pause in marked.breaks:
        if opening and pause.place <= start:
            found[0] = found.get(0, 0.0) + pause.seconds
        elif start < pause.place <= following:
            ends = [word.end for word in words if word.end <= pause.place - start]
            if ends:
                found[ends[-1]] = found.get(ends[-1], 0.0) + pause.seconds
    return found


def with_commas(words: Sequence[Word], breaks: Mapping[int, float]) -> list[Word]:
    """Words with a comma where a break was asked for, so that the voice leads up to it."""
    return [
        replace(word, after=word.after + ",")
        if breaks.get(word.end, 0.0) >= _LED_UP_TO
        and not any(sign in PAUSES for sign in word.after)
        else word
        for word in words
    ]


def cut(words: Sequence[Word], tag: str) -> list[tuple[list[Word], Encoding]]:
    """Groups of words small enough for the model, cut after punctuation where possible."""
    lengths = [len(encode([word], tag).ids) + 1 for word in words]  # with the space behind
    groups: list[tuple[list[Word], Encoding]] = []
    start = 0
    while start < len(words):
        count = _fitting(words, lengths, start)
        group = list(words[start : start + count])
        encoding = _shortened(encode(group, tag))
        if encoding.phones:
            groups.append((group, encoding))
        start += count
    return groups


def _fitting(words: Sequence[Word], lengths: Sequence[int], start: int) -> int:
    """How many words to take: all, or up to the last pause that fits, or the last that fits."""
    length, fits, after_pause = 0, 0, 0
    for index in range(start, len(words)):
        length += lengths[index]
        if length - 1 > TOKENS_A_LINE:
            return after_pause or max(fits, 1)
        fits = index + 1 - start
        if any(sign in PAUSES for sign in words[index].after) and length > TOKENS_A_LINE // 4:
            after_pause = fits
    return fits


def _shortened(encoding: Encoding) -> Encoding:
    """An encoding of one endless word, cut to what the model can read."""
    if len(encoding.ids) <= MAX_TOKENS:
        return encoding
    owners = encoding.owners[:MAX_TOKENS]
    return Encoding(
        encoding.ids[:MAX_TOKENS], owners, encoding.phones[: max(owners, default=-1) + 1]
    )


def pause_after(words: Sequence[Word], *, final: bool) -> float:
    """Seconds of silence after a part, by its last sign."""
    signs = [sign for sign in words[-1].after if sign in PAUSES]
    if signs:
        return PAUSES[signs[-1]]
    return PAUSES["."] if final else PAUSE_IN_SENTENCE
