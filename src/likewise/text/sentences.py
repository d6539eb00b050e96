"""Cut text into sentences, so that speech can start before the whole text is read.

[text[a:b] for a, b in sentences("Dr. Who came. He left!", resolve("en-us"))]
# ['Dr. Who came.', 'He left!']
"""

import re
from collections.abc import Iterator

from likewise.text.languages import Language
from likewise.text.normalise import known_abbreviation

_END = re.compile(r"[.!?…。！？．।॥]+[\"'”’»」』）)\]]*")
_QUOTES = "\"'”’»)]"
_SPACE = re.compile(r"\s*")
_LAST_WORD = re.compile(r"[^\s(\[\"“«]*$")
_NEAR = 40  # characters: no abbreviation is longer
_PARAGRAPH = re.compile(r"\n\s*\n|\r\n\s*\r\n")
_LINE = re.compile(r"\n")


def sentences(text: str, language: Language) -> Iterator[tuple[int, int]]:
    """Where the sentences of a text begin and end.

    A sentence ends at its punctuation or at the end of a line that is followed by an empty one.
    A point after an abbreviation, an initial or inside a number ends none.

    Args:
        text: Any text.
        language: Its language.

    Yields:
        (start, end) indices in order, without surrounding space, empty ones left out.
    """
    start = 0
    for end in _ends(text, language):
        piece = text[start:end]
        if piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            yield first, start + len(piece.rstrip())
        start = end


def ends_paragraph(text: str, end: int) -> bool:
    """Whether an empty line follows the sentence that ends at `end`."""
    space = _SPACE.match(text, end)
    return space is not None and space.group().count("\n") > 1


def _ends(text: str, language: Language) -> Iterator[int]:
    marks = sorted(
        {match.end() for match in _END.finditer(text) if _closes(text, match, language)}
        | {match.start() for match in _PARAGRAPH.finditer(text)}
        | ({match.start() for match in _LINE.finditer(text)} if not language.spaced else set())
    )
    yield from marks
    if not marks or marks[-1] < len(text):
        yield len(text)


def _closes(text: str, match: re.Match[str], language: Language) -> bool:
    sign, end = match.group(), match.end()
    if sign[0] != "." or len(sign.strip(_QUOTES)) > 1:
        # "..." and a quoted "Go!" may stand inside a sentence: a small letter then follows.
        following = _next(text, end)
        return not (following.islower() and (sign[0] in ".…" or sign[-1] in _QUOTES))
    if end < len(text) and not text[end].isspace():
        return not language.spaced and not text[end].isascii()
    word = _LAST_WORD.search(text[max(0, match.start() - _NEAR) : match.start()])
    before = word.group() if word else ""
    following = _next(text, end)
    if known_abbreviation(before, language):
        # "at 3 p.m. He left": only a capital after an abbreviation that can end a sentence.
        return before.lower() in _MAY_END and (not following or following.isupper())
    return not following.islower()


def _next(text: str, end: int) -> str:
    """The first character after some space."""
    space = _SPACE.match(text, end)
    place = space.end() if space else end
    return text[place : place + 1]


_MAY_END = {"etc", "ecc", "p.m", "a.m", "u.s", "jr", "sr", "uds", "ud", "i"}
