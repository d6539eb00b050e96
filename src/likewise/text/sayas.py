"""What a written form means, said out: the values of SSML's `say-as`.

say_as("2026-11-22", "date", resolve("en"))     # 'November twenty second twenty twenty six'
say_as("1984", "characters", resolve("en"))     # 'one nine eight four'
"""

import re
from collections.abc import Callable

from likewise.errors import BadInput
from likewise.text.forms import spell_date, spell_number, spoken_sign
from likewise.text.languages import Language
from likewise.text.shapes import spell_money

_GROUP_PAUSE = ", "
_DIGITS = {"ja": "〇一二三四五六七八九", "zh": "零一二三四五六七八九"}
_DATE_FORMATS = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "y", "m", "d")


def say_as(written: str, kind: str, language: Language, form: str = "") -> str:
    """The words for a written form.

    Args:
        written: What stands in the text.
        kind: One of `KINDS`.
        language: In which language it is said.
        form: Of a date: the order of its parts, such as `dmy`; "" is the language's own.

    Returns:
        Text that is read plainly in the language.

    Raises:
        BadInput: No such kind, or what is written is not of it.
    """
    if kind not in KINDS:
        raise BadInput(f"say-as knows no {kind!r}. It knows: {', '.join(KINDS)}.")
    return KINDS[kind](written, language, form)


def _cardinal(written: str, language: Language, _: str = "") -> str:
    sign, digits = _whole(written, "number")
    minus = spoken_sign("minus", language)
    return f"{minus} {spell_number(digits, language)}" if sign else spell_number(digits, language)


def _ordinal(written: str, language: Language, _: str = "") -> str:
    digits = _whole(re.sub(r"(?<=\d)[^\W\d_ªº°]+$|[ªº°.]$", "", written), "ordinal")[1]
    if language.tag in ("ja", "zh"):
        return f"第{digits}"
    return spell_number(digits, language, kind="ordinal")


def _characters(written: str, language: Language, _: str = "") -> str:
    said = [_character(sign, language) for sign in written if not sign.isspace()]
    return _GROUP_PAUSE.join(filter(None, said)) if len(said) < 40 else " ".join(said)


def _digits(written: str, language: Language, _: str = "") -> str:
    found = re.findall(r"\d", written)
    if not found:
        raise BadInput(f"{written!r} holds no digits.")
    return " ".join(_character(digit, language) for digit in found)


def _telephone(written: str, language: Language, _: str = "") -> str:
    groups = re.findall(r"\+|\d+", written)
    if not any(group.isdecimal() for group in groups):
        raise BadInput(f"{written!r} is no telephone number.")
    said = [
        spoken_sign("+", language)
        if group == "+"
        else " ".join(_character(digit, language) for digit in group)
        for group in groups
    ]
    return _GROUP_PAUSE.join(said)


def _currency(written: str, language: Language, _: str = "") -> str:
    return spell_money(written, language)


def _date(written: str, language: Language, form: str) -> str:
    if form and form not in _DATE_FORMATS:
        raise BadInput(f"{form!r} is no order of a date. Choose from {', '.join(_DATE_FORMATS)}.")
    parts = re.findall(r"\d+", written)
    order = form or ("ymd" if len(parts) == 3 and len(parts[0]) == 4 else "")
    if not order:
        order = ("mdy" if language.tag == "en-us" else "dmy") if len(parts) == 3 else "ymd"
    if len(parts) != len(order):
        raise BadInput(f"{written!r} is no date. Write 2026-11-22, or name the format.")
    named = dict(zip(order, parts, strict=True))
    return spell_date(named.get("y", ""), named.get("m", ""), named.get("d", ""), language)


def _whole(written: str, what: str) -> tuple[bool, str]:
    match = re.fullmatch(r"\s*([-−]?)(\d[\d,.\s\u00a0\u202f]*)\s*", written)
    if match is None:
        raise BadInput(f"{written!r} is no {what}.")
    return bool(match[1]), re.sub(r"\D", "", match[2])


def _character(sign: str, language: Language) -> str:
    if sign.isdecimal():
        if language.tag in _DIGITS:
            return _DIGITS[language.tag][int(sign)]
        return spell_number(str(int(sign)), language)
    if sign.isalpha():
        return sign.upper() if language.spaced and sign.isascii() else sign
    return spoken_sign(sign, language)


KINDS: dict[str, Callable[[str, Language, str], str]] = {
    "date": _date,
    "cardinal": _cardinal,
    "number": _cardinal,
    "ordinal": _ordinal,
    "characters": _characters,
    "spell-out": _characters,
    "digits": _digits,
    "telephone": _telephone,
    "currency": _currency,
}
"""Values of `interpret-as`."""
