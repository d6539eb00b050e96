"""Subtitles from word timings: cues of two short lines that end where a reader would pause.

    write_srt(speech, "talk.srt")
    write_vtt(speech, "talk.vtt", per_word=True)

Cues follow the usual rules of broadcasters (42 characters a line, 16 for Chinese and Japanese;
1 to 7 seconds; two frames between cues). Where to cut is a small optimisation over all places
between words, so that a long sentence falls into even parts at its commas and pauses rather than
into full cues and a rest.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import cast

from likewise.errors import BadInput
from likewise.files import Draft
from likewise.values import Speech, Timing

MAX_LINES = 2
MIN_SECONDS = 1.0
MAX_SECONDS = 7.0
GAP_SECONDS = 0.08
"""Between two cues: two frames at 25 fps, so that the eye sees the change."""

_LINE = 42
_LINE_WIDE = 16  # full-width characters; counted as two columns below
_LINGER_SECONDS = 0.5  # how long a cue stays after its last word, where there is room
_PAUSE_SECONDS = 0.3

_SENTENCE_END = frozenset(".!?…。!?।")
_PHRASE_END = frozenset(",;:—–、,;:،")
_CLOSERS = frozenset("\"')]}»”’』」)】》")
_OPENERS = frozenset("\"'([{«“‘„¿¡『「(【《")

Spoken = Speech | Sequence[Timing] | Sequence[Speech]
"""What subtitles are made of."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is shown.

    Attributes:
        text: With its punctuation.
        space: Whether a space comes before it.
        start: Seconds.
        end: Seconds.
    """

    text: str
    space: bool
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle.

    Attributes:
        start: Seconds.
        end: Seconds.
        lines: One or two lines of words.
    """

    start: float
    end: float
    lines: tuple[tuple[Word, ...], ...]

    @property
    def text(self) -> str:
        """The lines, separated by a line feed."""
        return "\n".join(_joined(line) for line in self.lines)


def write_srt(words: Spoken, path: Path | str, *, text: str = "") -> None:
    """Write SubRip subtitles (UTF-8).

    Args:
        words: A speech, several that begin cues of their own, or word timings.
        path: Where to.
        text: What is said, with punctuation; "" takes the speech's, or the words alone.

    Raises:
        BadInput: No word timings.
        OutputFailed: Folder missing or read-only, or the disk full.
    """
    blocks = [
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n"
        f"{cue.text.replace('-->', '→')}\n"
        for number, cue in enumerate(cues(words, text=text), 1)
    ]
    _write(Path(path), "\n".join(blocks))


def write_vtt(words: Spoken, path: Path | str, *, text: str = "", per_word: bool = False) -> None:
    """Write WebVTT subtitles (https://www.w3.org/TR/webvtt1/).

    Args:
        words: A speech, several that begin cues of their own, or word timings.
        path: Where to.
        text: What is said, with punctuation; "" takes the speech's, or the words alone.
        per_word: Put a time stamp before each word, for karaoke-like highlighting.

    Raises:
        BadInput: No word timings.
        OutputFailed: Folder missing or read-only, or the disk full.
    """
    blocks = ["WEBVTT\n"]
    for cue in cues(words, text=text):
        lines = "\n".join(_vtt_line(line, cue, per_word) for line in cue.lines)
        blocks.append(f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{lines}\n")
    _write(Path(path), "\n".join(blocks))


def _vtt_line(line: Sequence[Word], cue: Cue, per_word: bool) -> str:
    parts = []
    for position, word in enumerate(line):
        # Time stamps within a cue must lie strictly inside it.
        inside = round(cue.start, 3) < round(word.start, 3) < round(cue.end, 3)
        stamp = f"<{_time(word.start, '.')}>" if per_word and inside else ""
        space = " " if word.space and position else ""
        escaped = word.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        parts.append(f"{space}{stamp}{escaped}")
    return "".join(parts)


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{point}{milliseconds % 1000:03d}"


def _write(path: Path, text: str) -> None:
    with Draft(path) as draft:
        draft.path.write_text(text, encoding="utf-8", newline="\n")


def cues(words: Spoken, *, text: str = "") -> list[Cue]:
    """Cut speech into cues.

    Args:
        words: A speech, or its word timings in order; or several speeches, as of several speakers:
            each begins a cue of its own with the name of its voice, and its words have times of
            the whole.
        text: What is said, with punctuation; "" takes the speech's, or the words alone.

    Raises:
        BadInput: No word timings.
    """
    if isinstance(words, Speech):
        words = (words,)
    if words and all(isinstance(part, Speech) for part in words):
        speeches = cast("Sequence[Speech]", words)
        rows = [shown_words(speech.words, text or speech.text) for speech in speeches]
        if len(speeches) > 1:
            rows = [_named(row, part.voice) for row, part in zip(rows, speeches, strict=True)]
    else:
        rows = [shown_words(tuple(cast("Sequence[Timing]", words)), text)]
    parts = [shown[start:end] for shown in rows for start, end in _cuts(shown)]
    if not parts:
        raise BadInput(
            "There are no word timings to make subtitles of. Use a voice engine that gives them."
        )
    return _timed(parts)


def _named(words: list[Word], name: str) -> list[Word]:
    """The words with the speaker's name before the first."""
    if not words or not name:
        return words
    return [replace(words[0], text=f"{name}: {words[0].text}"), *words[1:]]


def shown_words(timings: Sequence[Timing], text: str) -> list[Word]:
    """Words with the punctuation and spacing they have in the text.

    Words are looked up in order. Where one is not found (a number, say, spelled out by the voice),
    the text between its neighbours is shown at its time, or the word itself if there is none.
    """
    spans = [*_places(timings, text), (len(text), len(text))]
    spaced = not any(_wide(character) for timing in timings for character in timing.text)
    words: list[Word] = []
    unfound: list[Timing] = []
    position = 0
    for index, span in enumerate(spans):
        if span is None:
            unfound.append(timings[index])
            continue
        before, between, after = _shared(text[position : span[0]])
        if words:
            words[-1] = replace(words[-1], text=words[-1].text + before)
        else:
            between = f"{before} {between}".strip()
        if unfound and any(character.isalnum() for character in between):
            words.append(Word(between, spaced, unfound[0].start, unfound[-1].end))
            between = ""
        elif unfound:
            words += [
                Word(timing.text.strip(), spaced, timing.start, timing.end)
                for timing in unfound
                if timing.text.strip()
            ]
        unfound.clear()
        if between and words:
            words[-1] = replace(words[-1], text=f"{words[-1].text} {between}")
            between = ""
        if index < len(timings):
            start = span[0] - len(after)
            shown = " ".join(f"{between} {after}{text[slice(*span)]}".split())
            space = start > 0 and text[start - 1].isspace()
            words.append(Word(shown, space, timings[index].start, timings[index].end))
        elif after and words:
            words[-1] = replace(words[-1], text=f"{words[-1].text} {after}")
        position = span[1]
    return words


def _places(timings: Sequence[Timing], text: str) -> list[tuple[int, int] | None]:
    """Where in the text each word is, None where it isn't."""
    # Lower case may be longer ("İ"); then positions would not fit.
    folded = text.lower() if len(text.lower()) == len(text) else text
    spans: list[tuple[int, int] | None] = []
    position = 0
    for timing in timings:
        wanted = timing.text.strip()
        needle = wanted if folded is text else wanted.lower()
        place = folded.find(needle, position) if needle else -1
        # A far match is another occurrence of a word that is not here.
        if place < 0 or place - position > 40 + len(needle):
            spans.append(None)
            continue
        position = place + len(needle)
        spans.append((place, position))
    return spans


def _shared(gap: str) -> tuple[str, str, str]:
    """Share the text between two words: marks of the one before, the rest, marks of the next.

    Closing marks follow a word without a space; whatever follows a space without one goes before
    the next word, such as quotes and brackets that open.
    """
    first = 0
    while first < len(gap) and not gap[first].isspace() and not gap[first].isalnum():
        if gap[first] in _OPENERS and gap[first] not in _CLOSERS:
            break
        first += 1
    last = len(gap)
    spaced = any(map(str.isspace, gap))
    while last > first and not gap[last - 1].isspace() and not gap[last - 1].isalnum():
        if not spaced and gap[last - 1] not in _OPENERS:
            break
        last -= 1
    return gap[:first], gap[first:last].strip(), gap[last:]


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _columns(text: str) -> int:
    return sum(2 if _wide(character) else 1 for character in text)


def _limit(words: Sequence[Word]) -> int:
    """Columns of a line: Chinese, Japanese and Korean lines are shorter."""
    characters = [character for word in words for character in word.text if character.isalpha()]
    wide = sum(map(_wide, characters))
    return 2 * _LINE_WIDE if wide > len(characters) / 3 else _LINE


def _joined(words: Sequence[Word]) -> str:
    return "".join(
        f" {word.text}" if word.space and position else word.text
        for position, word in enumerate(words)
    )


def _ends(word: Word) -> str:
    """`sentence`, `phrase` or "" by the word's last mark."""
    bare = word.text.rstrip("".join(_CLOSERS))
    if bare and bare[-1] in _SENTENCE_END:
        return "sentence"
    return "phrase" if bare and bare[-1] in _PHRASE_END else ""


def _cuts(words: Sequence[Word]) -> list[tuple[int, int]]:
    """The cheapest way to cut words into cues, by dynamic programming from the left."""
    limit = _limit(words)
    best = [0.0] + [float("inf")] * len(words)
    origin = [0] * (len(words) + 1)
    for end in range(1, len(words) + 1):
        for start in range(end - 1, -1, -1):
            part = words[start:end]
            alone = len(part) == 1
            if not alone and (part[-1].end - part[0].start > MAX_SECONDS or not _fits(part, limit)):
                break
            cost = best[start] + _cost(words, start, end, limit)
            if cost < best[end]:
                best[end], origin[end] = cost, start
    cuts: list[tuple[int, int]] = []
    end = len(words)
    while end:
        cuts.append((origin[end], end))
        end = origin[end]
    return cuts[::-1]


def _fits(words: Sequence[Word], limit: int) -> bool:
    text = _columns(_joined(words))
    return text <= limit or (text <= MAX_LINES * limit and _best_break(words, limit) > 0)


def _cost(words: Sequence[Word], start: int, end: int, limit: int) -> float:
    """What a cue costs: 1, and more for cutting phrases, spanning sentences, and haste."""
    part = words[start:end]
    last = end == len(words)
    pause = float("inf") if last else words[end].start - part[-1].end
    ending = "sentence" if last else _ends(part[-1])
    cost = 1.0
    if ending != "sentence":
        cost += 0.4 if ending == "phrase" or pause >= _PAUSE_SECONDS else 1.5
    cost += 0.7 * sum(_ends(word) == "sentence" for word in part[:-1])
    # A pause inside a cue shows words long before they are said.
    gaps = (after.start - before.end for before, after in pairwise(part))
    cost += sum(2 * max(0.0, gap - 1.0) for gap in gaps)
    room = part[-1].end - part[0].start + min(_LINGER_SECONDS, max(0.0, pause - GAP_SECONDS))
    cost += 4.0 * max(0.0, MIN_SECONDS - room)
    # Even parts: the square of how full a cue is grows fastest in the fullest.
    return cost + 0.6 * (_columns(_joined(part)) / (MAX_LINES * limit)) ** 2


def _best_break(words: Sequence[Word], limit: int) -> int:
    """Index of the second line's first word; 0 when no break makes both lines fit."""
    best, found = float("inf"), 0
    for index in range(1, len(words)):
        upper, lower = _columns(_joined(words[:index])), _columns(_joined(words[index:]))
        if max(upper, lower) > limit:
            continue
        cost = abs(upper - lower) / limit + (0.1 if upper > lower else 0.0)
        cost -= 0.5 if _ends(words[index - 1]) else 0.0
        cost -= 0.3 if _particle_before(words[index - 1], words[index]) else 0.0
        if cost < best:
            best, found = cost, index
    return found


def _particle_before(word: Word, following: Word) -> bool:
    """Japanese: hiragana before another script nearly always ends a phrase (a particle)."""
    left, right = word.text[-1], following.text[0]
    hiragana = range(0x3041, 0x3097)
    return ord(left) in hiragana and ord(right) not in hiragana and _wide(right)


def _lines(words: Sequence[Word]) -> tuple[tuple[Word, ...], ...]:
    limit = _limit(words)
    if _columns(_joined(words)) <= limit:
        return (tuple(words),)
    index = _best_break(words, limit)
    return (tuple(words[:index]), tuple(words[index:])) if index else (tuple(words),)


def _timed(parts: Sequence[Sequence[Word]]) -> list[Cue]:
    """Give cues their times: long enough to read, apart, and never before the last one ended."""
    made: list[Cue] = []
    for index, part in enumerate(parts):
        start = part[0].start
        following = parts[index + 1][0].start if index + 1 < len(parts) else float("inf")
        latest = min(following - GAP_SECONDS, start + MAX_SECONDS)
        said = part[-1].end
        end = min(max(said + _LINGER_SECONDS, start + MIN_SECONDS), latest)
        if end - start < MIN_SECONDS:
            # No room after: begin a little early, if the cue before leaves some.
            earliest = made[-1].end + GAP_SECONDS if made else 0.0
            start = max(earliest, end - MIN_SECONDS, start - _LINGER_SECONDS, 0.0)
        start = min(start, part[0].start)
        if made:
            # Words without any length leave their cue no time of its own.
            start = max(start, made[-1].end)
        end = max(end, start + 0.001)
        made.append(Cue(start, end, _lines(part)))
    return made
