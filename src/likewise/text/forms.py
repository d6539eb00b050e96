"""How each language says numbers, dates and signs: the table `data/text/forms.yaml`, and its use.

    spell_number("21", resolve("fr"))                   # 'vingt et un'
    spell_date("2026", "5", "1", resolve("it"))         # 'primo maggio duemilaventisei'

Numbers are spelled by num2words.
"""

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from likewise.errors import BadInput
from likewise.text.languages import Language

_EAST_ASIAN_SIGNS = {
    "ja": {
        "minus": "マイナス",
        "-": "マイナス",
        "+": "プラス",
        ".": "点",
        "/": "スラッシュ",
        "@": "アット",
    },
    "zh": {"minus": "负", "-": "负", "+": "加", ".": "点", "/": "斜杠", "@": "艾特"},
}
_LONGEST_NUMBER = 15  # digits; longer ones are read digit by digit


@dataclass(frozen=True)
class Forms:
    """How one language says written forms, as `data/text/forms.yaml` holds it."""

    thousands: str
    decimal: str
    date: str
    day_first: bool
    months: list[str]
    to: str
    minus: str
    dot: str
    slash: str
    abbreviations: dict[str, str]
    symbols: dict[str, str]
    money: dict[str, list[str]]
    scales: list[str]
    units: dict[str, str]
    point: str
    number: str
    time: str = "{hour} {minute}"
    hour: str = "{hour}"
    with_cents: str = ""
    first_day: str = ""
    shorthand: dict[str, str] = field(default_factory=dict)
    of: str = ""


@cache
def forms_of(language: Language) -> Forms:
    """How a language with spaces says written forms."""
    return Forms(**_table()[language.tag.partition("-")[0]])


def spell_number(digits: str, language: Language, *, kind: str = "cardinal") -> str:
    """A whole number in words.

    Args:
        digits: ASCII digits.
        language: The language; where num2words doesn't know it, the digits are answered, which
            its phoneme backend reads.
        kind: `cardinal`, `ordinal` or `year`.
    """
    if not language.numbers:
        return "".join(str(int(digit)) for digit in digits)
    from num2words import num2words

    if len(digits) > 1 and (digits[0] == "0" or len(digits) > _LONGEST_NUMBER):
        return " ".join(num2words(int(digit), lang=language.numbers) for digit in digits)
    words = str(num2words(int(digits), lang=language.numbers, to=kind))
    return words.replace(",", "")


def spell_date(year: str, month: str, day: str, language: Language) -> str:
    """A date in words.

    Args:
        year: ASCII digits, or "".
        month: 1 to 12 in digits, or "".
        day: Digits, or ""; it needs a month.
        language: The language.

    Raises:
        BadInput: No such month or day.
    """
    if (month and not 1 <= int(month) <= 12) or (day and not 1 <= int(day) <= 31):
        raise BadInput(f"There is no day {day or '-'} of a month {month or '-'}.")
    if not language.spaced:
        named = ((year, "年"), (month, "月"), (day, "日"))
        return "".join(f"{int(number)}{unit}" for number, unit in named if number)
    forms = forms_of(language)
    said = {
        "year": spell_number(year, language, kind="year") if year else "",
        "month": forms.months[int(month) - 1] if month else "",
        "day": _spell_day(day, language) if day else "",
        "ordinal": spell_number(str(int(day)), language, kind="ordinal") if day else "",
    }
    if year and month and day:
        return forms.date.format(**said)
    shape = {True: "{month} {ordinal}", False: "{day} {month}"}[language.numbers == "en"]
    parts = shape.format(**said) if day and month else said["month"] or said["day"]
    return f"{parts} {said['year']}".strip()


def spoken_sign(sign: str, language: Language) -> str:
    """How a sign is said when it is named, "" where it has no name; `minus` is the minus sign."""
    if not language.spaced:
        return _EAST_ASIAN_SIGNS[language.tag].get(sign, "")
    forms = forms_of(language)
    if sign in ("minus", "-", "−"):
        return forms.minus
    return {".": forms.dot, "/": forms.slash}.get(sign) or forms.symbols.get(sign, "")


def _spell_day(day: str, language: Language) -> str:
    """The day of a month; the first has a word of its own in some languages."""
    return (forms_of(language).first_day if int(day) == 1 else "") or spell_number(
        str(int(day)), language
    )


@cache
def _table() -> dict[str, Any]:
    source = (files("likewise") / "data" / "text" / "forms.yaml").read_text(encoding="utf-8")
    table: dict[str, Any] = yaml.safe_load(source)
    return table
