"""Phoneme timings as an unbroken row of phones, whatever parts they arrive in.

Engines give stress, length and tone marks times of their own, split speech into parts, and leave
gaps. Lips know none of that: a mark's time belongs to its letter, silence is one stretch however
often it was cut, and a gap between two words is no pause.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from likewise.motion.visemes import JOINED, LENGTHENING, PAUSES, STRESS, VOWELS, Mouth, mouths
from likewise.values import Speech

PAUSE_SECONDS = 0.12
"""Silence from which on the mouth closes; the word gaps of fluent speech stay below."""

_GAP_SECONDS = 0.005
"""Smaller holes between timings are rounding, not silence."""

_SILENCE = (Mouth("sil"),)


@dataclass(frozen=True, slots=True)
class Phone:
    """One sound of the mouth.

    Attributes:
        symbol: IPA letter, "" for silence.
        start: Seconds.
        end: Seconds.
        stress: 1 on a vowel of primary stress, 0.5 of secondary, 0 elsewhere.
    """

    symbol: str
    start: float
    end: float
    stress: float = 0.0

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.end - self.start

    @property
    def is_pause(self) -> bool:
        """A silence that closes the mouth."""
        return not self.symbol and self.seconds >= PAUSE_SECONDS - 1e-9


@dataclass(frozen=True, slots=True)
class Target:
    """One mouth target in time."""

    mouth: Mouth
    start: float
    end: float
    stress: float


class PhoneRow:
    """Collects the phones of successive parts of speech; forgets what lies behind."""

    def __init__(self) -> None:
        self.phones: list[Phone] = []
        self._end = 0.0
        self._marked_from: float | None = None
        self._stress = 0.0

    def push(self, speech: Speech, offset: float, end: float) -> None:
        """Append a part that lasts from `offset` to `end` seconds of the whole."""
        for timing in speech.phonemes:
            # Microseconds: the same moment reached by other sums of floats is the same number.
            first, last = round(timing.start + offset, 6), round(timing.end + offset, 6)
            self._push_symbol(timing.text, first, max(first, last))
        end = round(end, 6)
        if self._marked_from is None and end - self._end >= _GAP_SECONDS:
            self._append("", self._end, end)

    def forget(self, before: float) -> None:
        """Drop phones that ended before this second."""
        while len(self.phones) > 1 and self.phones[0].end < before:
            del self.phones[0]

    def settled(self, known: float, long_enough: float) -> float:
        """Until when nothing that is still to come can change the row.

        The last phone may yet grow by a length mark or more silence; once it is long, its
        beginning no longer depends on how long it gets.
        """
        if self._marked_from is not None:
            known = self._marked_from
        if self.phones and self.phones[-1].seconds < long_enough:
            return min(known, self.phones[-1].start)
        return known

    def _push_symbol(self, text: str, start: float, end: float) -> None:
        """Add one timing, which may be a mark, a letter, or several letters."""
        letters = [letter for letter in text if letter not in LENGTHENING and letter not in STRESS]
        if text and not letters:
            self._push_mark(text, start, end)
            return
        letters = [*JOINED.get("".join(letters), letters)]
        self._stress = max([self._stress, *(STRESS.get(letter, 0.0) for letter in text)])
        if all(letter in PAUSES for letter in letters):
            self._append("", start, end)
            return
        step = (end - start) / len(letters)
        for index, letter in enumerate(letters):
            last = end if index == len(letters) - 1 else round(start + (index + 1) * step, 6)
            symbol = "" if letter in PAUSES else letter
            self._append(symbol, round(start + index * step, 6), last)

    def _push_mark(self, text: str, start: float, end: float) -> None:
        """Give a mark's time to its letter: stress to the next one, the rest to the last one."""
        if any(letter in STRESS for letter in text):
            self._stress = max(STRESS.get(letter, 0.0) for letter in text)
            if self._marked_from is None:
                self._marked_from = max(start, self._end)
        elif self.phones and self._marked_from is None:
            self.phones[-1] = replace(self.phones[-1], end=max(end, self._end))
            self._end = self.phones[-1].end

    def _append(self, symbol: str, start: float, end: float) -> None:
        """Add a phone so that the row stays unbroken, in order, and silence stays one stretch."""
        if self._marked_from is not None:
            start, self._marked_from = self._marked_from, None
        if start - self._end >= _GAP_SECONDS:
            self._add("", self._end, start)
        self._add(symbol, self._end, max(end, self._end))

    def _add(self, symbol: str, start: float, end: float) -> None:
        """Add a phone that starts where the row ends."""
        stress = 0.0
        if symbol in VOWELS:
            stress, self._stress = self._stress, 0.0
        if not symbol and self.phones and not self.phones[-1].symbol:
            start = self.phones.pop().start
        if end > start:
            self.phones.append(Phone(symbol, start, end, stress))
            self._end = end


def targets(phones: Sequence[Phone]) -> list[Target]:
    """Mouth targets of a row of phones: short silences closed up, diphthongs in two.

    A silence shorter than `PAUSE_SECONDS` is divided between its neighbours.
    """
    spans = [[phone.start, phone.end] for phone in phones]
    for index, phone in enumerate(phones):
        if phone.symbol or phone.is_pause:
            continue
        has_left, has_right = index > 0, index + 1 < len(phones)
        middle = (phone.start + phone.end) / 2 if has_left and has_right else phone.start
        if has_left:
            spans[index - 1][1] = middle if has_right else phone.end
        if has_right:
            spans[index + 1][0] = middle
    row: list[Target] = []
    for phone, (start, end) in zip(phones, spans, strict=True):
        if not phone.symbol and not phone.is_pause:
            continue
        shapes = mouths(phone.symbol) if phone.symbol else _SILENCE
        step = (end - start) / len(shapes)
        for index, mouth in enumerate(shapes):
            last = end if index == len(shapes) - 1 else start + (index + 1) * step
            row.append(Target(mouth, start + index * step, last, phone.stress))
    return row
