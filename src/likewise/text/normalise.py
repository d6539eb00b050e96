"""From what is written to what is said: numbers, money, dates, abbreviations, symbols, addresses.

Each written form stays one `Token` that knows its characters in the text and the words that are
said for it, so that timings can be shown on the text as the user wrote it. Japanese and Chinese are
read by their own modules; numbers are spelled by num2words.

    [token.spoken for token in tokens("It cost $5.20 on 3 May.", resolve("en-us"))]
    # [('It',), ('cost',), ('five', 'dollars', 'twenty', 'cents'), ('on',), ('three',), ('May',)]
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from likewise.text.forms import Forms, forms_of, spell_number
from likewise.text.languages import Language
from likewise.text.shapes import patterns

PAUSES = ".,;:!?…—"
"""Punctuation that is heard; `Token.after` holds these and closing quotes and brackets."""

_OPENING = {
    "(": "(",
    "[": "(",
    "{": "(",
    "“": "“",
    "„": "“",
    "«": "“",
    "「": "“",
    "『": "“",
    "《": "“",
}
_CLOSING = {")": ")", "]": ")", "}": ")", "”": "”", "»": "”", "」": "”", "』": "”", "》": "”"}
_SAME_PAUSE = {
    "。": ".", "．": ".", "।": ".", "॥": ".", "！": "!", "？": "?", "，": ",", "、": ",", "；": ";",
    "：": ":", "‥": "…", "–": "—", "―": "—", "—": "—", "~": "—", "～": "—", "〜": "—",
}  # fmt: skip
_MOST_SIGNS = 3  # quotes and brackets kept on one side of a word
_LONGEST_WORD = 60  # letters; espeak-ng cuts longer ones off


@dataclass(frozen=True, slots=True)
class Token:
    """One written form.

    Attributes:
        start: Index of its first character in the text.
        end: Index after its last character, punctuation excluded.
        written: These characters.
        spoken: The words said for it, never empty.
        before: Opening quotes and brackets.
        after: Pauses, closing quotes and brackets that follow.
    """

    start: int
    end: int
    written: str
    spoken: tuple[str, ...]
    before: str = ""
    after: str = ""


def tokens(text: str, language: Language) -> Iterator[Token]:
    """The written forms of a text and how each is said.

    Args:
        text: Any text of a language with spaces.
        language: Its language.

    Yields:
        Tokens in order. Emoji and symbols without a reading are left out; their place is silent.
    """
    forms = forms_of(language)
    place, before = 0, ""
    held: Token | None = None
    while place < len(text):
        character = text[place]
        mark = heard_sign(text, place)
        if character.isspace():
            place += 1
        elif mark and held is not None:
            held = _with_after(held, mark)
            place += 1
        elif character in _OPENING:
            before = (before + _OPENING[character])[-_MOST_SIGNS:]
            place += 1
        else:
            end, spoken = _read(text, place, language, forms)
            if spoken:
                if held is not None:
                    yield held
                held = Token(place, end, text[place:end], spoken, before)
                before = ""
            place = end
    if held is not None:
        yield held


def _read(text: str, place: int, language: Language, forms: Forms) -> tuple[int, tuple[str, ...]]:
    """Length-aware reading of the form at `place`: its end and its words."""
    for pattern, say in patterns(language):
        match = pattern.match(text, place)
        if match:
            return match.end(), _words(say(match, language, forms))
    match = _WORD.match(text, place)
    if match:
        end, word = match.end(), match.group()
        shortened = word.lower() in forms.abbreviations or _is_initials(word)
        if shortened and text[end : end + 1] == "." and text[end + 1 :].strip():
            end += 1  # the point belongs to the abbreviation, no pause is heard
        return end, _words(_say_word(word, language, forms))
    return place + 1, _words(forms.symbols.get(text[place], ""))


def _words(spoken: str) -> tuple[str, ...]:
    """The words of a reading; hyphens part words, other signs vanish."""
    plain = re.sub(r"[^\w\s'’\u0900-\u0963\u0966-\u097F]|_", " ", spoken.replace("’", "'"))
    return tuple(
        word[place : place + _LONGEST_WORD]
        for word in (part.strip("'") for part in plain.split())
        for place in range(0, len(word), _LONGEST_WORD)
    )


_WORD = re.compile(r"[^\W_](?:[\w\u0300-\u036F\u0900-\u0963\u0970-\u097F]|['’.\-](?=[^\W_]))*")

_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")


def _is_initials(word: str) -> bool:
    """Whether a word, its last point left off, is initials: U.S, p.m, J."""
    return _INITIALS.fullmatch(word) is not None and ("." in word or word.isupper())


def _say_word(word: str, language: Language, forms: Forms) -> str:
    key = word.lower().replace("’", "'")
    if key in forms.abbreviations and (len(key) > 1 or key != word):
        return forms.abbreviations[key]
    if "." in word and _is_initials(word):
        return " ".join(word.upper().split("."))
    # "file2" and "MP3" are read as letters and number, "2nd-hand" has its own pattern.
    parts = re.findall(r"\d+|[^\d]+", word.replace("-", " ").replace(".", f" {forms.dot} "))
    return " ".join(spell_number(p, language) if p.isdecimal() else p for p in parts)


def _with_after(token: Token, mark: str) -> Token:
    after = token.after
    if mark in PAUSES and after and after[-1] in PAUSES:
        # "?!" and "..." are one pause; the stronger sign stays.
        strongest = max(after[-1], mark, key=lambda sign: (sign in "!?", sign in "…", sign in "."))
        if after.endswith(".") and mark == ".":
            strongest = "…"
        after = after[:-1] + strongest
    elif len(after) < _MOST_SIGNS:
        after += mark
    return Token(token.start, token.end, token.written, token.spoken, token.before, after)


def heard_sign(text: str, place: int) -> str:
    """The heard sign at a place, "" when it is none (a minus sign, a point before a digit)."""
    character = text[place]
    following = text[place + 1 : place + 2]
    if character in "-–—" and place > 0:
        alone = text[place - 1].isspace() and (following.isspace() or not following)
        return "—" if alone or character == "—" or text[place : place + 2] == "--" else ""
    if character in ".," and following.isdecimal() and (place == 0 or text[place - 1].isspace()):
        return ""
    mark = _SAME_PAUSE.get(character, character)
    return mark if mark in PAUSES else _CLOSING.get(character, "")


def is_symbol(character: str) -> bool:
    """Whether a character is an emoji, a sign or a variation mark rather than text."""
    category = unicodedata.category(character)
    return category[0] == "S" or category in ("Cf", "Co", "Cn", "Cs")


def known_abbreviation(word: str, language: Language) -> bool:
    """Whether a word, its last point left off, is one the language shortens with a point."""
    if not language.spaced:
        return False
    return word.lower() in forms_of(language).abbreviations or _is_initials(word)
