"""From what is written to what is said: numbers, money, dates, abbreviations, symbols, addresses.

Each written form stays one `Token` that knows its characters in the text and the words that are
said for it, so that timings can be shown on the text as the user wrote it. Japanese and Chinese are
read by their own modules; numbers are spelled by num2words.

    [token.spoken for token in tokens("It cost $5.20 on 3 May.", resolve("en-us"))]
    # [('It',), ('cost',), ('five', 'dollars', 'twenty', 'cents'), ('on',), ('three',), ('May',)]
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from likewise.errors import BadInput
from likewise.text.agreement import agreeing, feminine, singular
from likewise.text.forms import Forms, forms_of, spell_date, spell_number
from likewise.text.languages import Language

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
_FRACTIONS = {"1/2": "½", "1/4": "¼", "3/4": "¾"}
_FEMININE = ("ª", ".ª", "ère", "re", "nde")
_PLURAL_NOUN = re.compile(
    r"\s(?!(?:los|las|dos|das|tras|mas|mais|antes|después|depois)\b)[^\W\d_]{3,}s\b"
)
_YEARS = range(1100, 2100)
_CURRENCY_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$"}
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


def spell_money(written: str, language: Language) -> str:
    """An amount of money in words, such as `$5.20` or `5.20 USD`.

    Raises:
        BadInput: Not an amount, or of a currency that the language has no words for.
    """
    if not language.spaced:
        if re.search(r"\d", written) is None:
            raise BadInput(f"{written!r} is no amount of money.")
        return written
    forms = forms_of(language)
    signed = written
    for code, sign in _CURRENCY_SIGNS.items():
        signed = signed.replace(code, sign)
    match = next(pattern for pattern, say in _patterns(language) if say is _say_money).fullmatch(
        signed
    )
    if match is None:
        known = " ".join(forms.money)
        raise BadInput(f"{written!r} is no amount of money. Known in {language.name} are: {known}.")
    return _say_money(match, language, forms)


def _read(text: str, place: int, language: Language, forms: Forms) -> tuple[int, tuple[str, ...]]:
    """Length-aware reading of the form at `place`: its end and its words."""
    for pattern, say in _patterns(language):
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


def _say_address(match: re.Match[str], language: Language, forms: Forms) -> str:
    address = re.sub(r"^\w+://(www\.)?|^www\.", "", match.group())
    spoken = []
    for part in re.findall(r"[^\W\d_]+|\d+|[^\w\s]|_", address.rstrip("/")):
        if part == ".":
            spoken.append(forms.dot)
        elif part == "/":
            spoken.append(forms.slash)
        elif part.isdecimal():
            spoken.append(spell_number(part, language))
        else:
            spoken.append(forms.symbols.get(part, part))
    return " ".join(spoken)


def _say_date(match: re.Match[str], language: Language, forms: Forms) -> str:
    part = match.groupdict()
    if part["iso_year"]:
        year, month, day = part["iso_year"], part["iso_month"], part["iso_day"]
    else:
        year, day, month = part["year"], part["first"], part["second"]
        if not forms.day_first and int(day) <= 12:
            day, month = month, day
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return " ".join(spell_number(n, language) for n in re.findall(r"\d+", match.group()))
    return spell_date(year, month, day, language)


def _say_time(match: re.Match[str], language: Language, forms: Forms) -> str:
    hour, minute, half = match["hour"], match["minute"], match["half"]
    said_hour = spell_number(str(int(hour)), language)
    if language.numbers == "en":
        if int(minute) == 0:
            said = said_hour if half else f"{said_hour} o'clock" if int(hour) <= 12 else said_hour
            said = said if half or int(hour) <= 12 else f"{said_hour} hundred"
        else:
            oh = "oh " if int(minute) < 10 else ""
            said = f"{said_hour} {oh}{spell_number(str(int(minute)), language)}"
        return f"{said} {' '.join(half.upper().replace('.', ''))}" if half else said
    said_hour = agreeing(said_hour, "horas" if language.numbers != "fr" else "heure", language)
    said = forms.time if int(minute) else forms.hour
    said = said.format(hour=said_hour, minute=spell_number(str(int(minute)), language))
    return singular(said) if int(hour) == 1 else said


def _say_money(match: re.Match[str], language: Language, forms: Forms) -> str:
    sign = match["sign"] or match["sign_after"]
    one, many, cent, cents = forms.money[sign]
    whole, fraction = _split_number(match["amount"] or match["amount_before"], forms)
    scale = match["scale"] or ""
    if scale:
        return f"{_say_decimal(whole, fraction, language, forms)} {scale} {many}"
    name = one if whole == "1" else many
    said = f"{agreeing(spell_number(whole, language), name, language)} {name}"
    if fraction and cent and len(fraction) <= 2 and int(fraction):
        hundredths = fraction.ljust(2, "0")
        name = cent if int(hundredths) == 1 else cents
        cents_said = agreeing(spell_number(str(int(hundredths)), language), name, language)
        said = " ".join(filter(None, (said, forms.with_cents, cents_said, name)))
    return said


def _say_number(match: re.Match[str], language: Language, forms: Forms) -> str:
    sign, number, suffix, unit = match["minus"], match["number"], match["suffix"], match["unit"]
    whole, fraction = _split_number(number, forms)
    plain = number == whole
    if suffix and suffix.lower() in ("s", "'s", "’s"):
        words = spell_number(whole, language, kind="year" if _is_year(whole) else "cardinal")
        said = re.sub(r"y$", "ie", words) + "s"
    elif suffix:
        said = spell_number(whole, language, kind="ordinal")
        if suffix.lower() in _FEMININE:
            said = feminine(said)
    elif plain and not unit and _is_year(whole):
        said = spell_number(whole, language, kind="year")
    else:
        said = _say_decimal(whole, fraction, language, forms)
        counted = _PLURAL_NOUN.match(match.string, match.end())
        if counted and plain and not unit:
            said = agreeing(said, counted.group(), language)
    if unit:
        name = forms.units[unit.lower()]
        name = singular(name) if number == "1" else name
        said = f"{agreeing(said, name, language) if plain else said} {name}"
    return f"{forms.minus} {said}" if sign else said


def _say_range(match: re.Match[str], language: Language, forms: Forms) -> str:
    said = [
        spell_number(match[name], language, kind="year" if _is_year(match[name]) else "cardinal")
        for name in ("from", "until")
    ]
    return f"{said[0]} {forms.to} {said[1]}"


def _is_year(digits: str) -> bool:
    """Whether a number without separators is read as a year: "1999", not "999"."""
    return len(digits) == 4 and int(digits) in _YEARS


def _say_fraction(match: re.Match[str], _: Language, forms: Forms) -> str:
    return forms.symbols[_FRACTIONS[match.group()]]


def _say_numero(_: re.Match[str], __: Language, forms: Forms) -> str:
    return forms.number


def _split_number(number: str, forms: Forms) -> tuple[str, str]:
    """Whole part and decimals of `1,234.5` as the language writes it."""
    grouped = re.sub(r"[\s\u00a0\u202f]", "", number)
    whole, _, fraction = grouped.partition(forms.decimal)
    return re.sub(r"\D", "", whole) or "0", re.sub(r"\D", "", fraction)


def _say_decimal(whole: str, fraction: str, language: Language, forms: Forms) -> str:
    if not fraction:
        return spell_number(whole, language)
    decimals = " ".join(spell_number(digit, language) for digit in fraction)
    return f"{spell_number(whole, language)} {forms_of(language).point} {decimals}"


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


@cache
def _patterns(language: Language) -> list[tuple[re.Pattern[str], Callable[..., str]]]:
    """The shapes of written forms of a language, each with what says it."""
    forms = forms_of(language)
    group = r"[\s\u00a0\u202f]" if forms.thousands == " " else re.escape(forms.thousands)
    fraction = rf"(?:{re.escape(forms.decimal)}\d+)?"
    # Hindi groups by lakh and crore: 1,00,000.
    thousands = rf"(?:{group}\d{{3}})+" if language.numbers else rf"(?:{group}\d{{2,3}})+"
    number = rf"\d{{1,3}}{thousands}{fraction}(?!\d)|\d+{fraction}"
    signs = "|".join(re.escape(sign) for sign in sorted(forms.money, key=len, reverse=True))
    units = "|".join(re.escape(unit) for unit in sorted(forms.units, key=len, reverse=True))
    scales = "|".join(forms.scales)
    end = r"(?![^\W_])"
    suffix = (
        r"st|nd|rd|th|s|['’]s"
        if language.numbers == "en"
        else r"\.?[ºª]|°(?!\s?[CF])|er|ère|re|e|ème|nde?"
    )
    shapes: list[tuple[str, Callable[..., str]]] = [
        (r"(?:https?://|www\.)[^\s<>\"]*[\w/]", _say_address),
        (r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", _say_address),
        (
            r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}"
            r"\.(?:com|org|net|io|edu|gov|dev|ai)(?:/[\w./-]*\w)?" + end,
            _say_address,
        ),
        (
            r"(?P<iso_year>\d{4})-(?P<iso_month>\d{1,2})-(?P<iso_day>\d{1,2})(?!\d)"
            r"|(?P<first>\d{1,2})[/.](?P<second>\d{1,2})[/.](?P<year>\d{4})(?!\d)",
            _say_date,
        ),
        (
            r"(?P<hour>[01]?\d|2[0-4])[:h](?P<minute>[0-5]\d)(?::[0-5]\d)?(?![:\d])"
            r"(?:\s?(?P<half>[aApP]\.?[mM]\b\.?)|\sबजे)?",
            _say_time,
        ),
        (
            rf"(?P<sign>{signs})\s?(?P<amount>{number})(?:\s(?P<scale>{scales})\b)?"
            rf"|(?P<amount_before>{number})\s?(?P<sign_after>{signs})",
            _say_money,
        ),
        (r"(?:1/2|1/4|3/4)(?![\d/])", _say_fraction),
        (r"(?:(?-i:No|N|n|nr)\.\s?[º°]?|n[º°]|№)\s?(?=\d)", _say_numero),
        (r"(?P<from>\d{1,4})\s?[-–]\s?(?P<until>\d{1,4})(?![-\d])" + end, _say_range),
        (
            rf"(?P<minus>[-−](?=\d))?(?P<number>{number})"
            rf"(?:(?P<suffix>{suffix}){end}|\s?(?P<unit>{units}){end})?{end}",
            _say_number,
        ),
    ]  # fmt: skip
    return [(re.compile(shape, re.IGNORECASE), say) for shape, say in shapes]


def is_symbol(character: str) -> bool:
    """Whether a character is an emoji, a sign or a variation mark rather than text."""
    category = unicodedata.category(character)
    return category[0] == "S" or category in ("Cf", "Co", "Cn", "Cs")


def known_abbreviation(word: str, language: Language) -> bool:
    """Whether a word, its last point left off, is one the language shortens with a point."""
    if not language.spaced:
        return False
    return word.lower() in forms_of(language).abbreviations or _is_initials(word)
