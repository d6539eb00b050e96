"""The shapes that written forms have in a language, and how each is said.

Dates, times, money, heights, numbers with their units: `normalise.tokens` tries them in order at
each place of a text.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache

from likewise.errors import BadInput
from likewise.text.agreement import agreeing, feminine, singular
from likewise.text.forms import Forms, forms_of, spell_date, spell_number
from likewise.text.languages import Language

_FRACTIONS = {"1/2": "½", "1/4": "¼", "3/4": "¾"}
_FEMININE = ("ª", ".ª", "ère", "re", "nde")
_PLURAL_NOUN = re.compile(
    r"\s(?!(?:los|las|dos|das|tras|mas|mais|antes|después|depois)\b)[^\W\d_]{3,}s\b"
)
_YEARS = range(1100, 2100)
_CURRENCY_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$"}


@cache
def patterns(language: Language) -> list[tuple[re.Pattern[str], Callable[..., str]]]:
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
    close = _shorthand(forms.shorthand)
    apart = _shorthand(forms.shorthand, close=False)
    # Without money 5m is a length, 4K a picture and 10k said as it is written.
    counted = _shorthand({key for key in forms.shorthand if len(key) > 1 or key in "MB"})
    months = "|".join((*forms.months, *(rf"{month[:3]}\.?" for month in forms.months)))
    parts = "".join(sign for sign in "½¼¾" if sign in forms.symbols)
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
            rf"(?P<sign>{signs})\s?(?P<amount>{number})"
            rf"(?:\s(?P<scale>{scales}){end}|\s?(?P<short>{close}){end})?"
            rf"|(?P<amount_before>{number})\s?(?P<short_before>{apart})?\s?(?P<sign_after>{signs})",
            _say_money,
        ),
        (rf"(?:(?P<whole>\d{{1,4}})\s?)?(?P<part>[{parts}])", _say_fraction),
        (r"(?P<part>1/2|1/4|3/4)(?![\d/])", _say_fraction),
        (r"(?:(?-i:No|N|n|nr)\.\s?[º°]?|n[º°]|№)\s?(?=\d)", _say_numero),
        (r"(?P<from>\d{1,4})\s?[-–]\s?(?P<until>\d{1,4})(?![-\d])" + end, _say_range),
        (rf"(?P<number>{number})\s?(?P<short>{counted}){end}", _say_scaled),
        (
            rf"(?P<minus>[-−](?=\d))?(?P<number>{number})"
            rf"(?:(?P<suffix>{suffix}){end}|\s?(?P<unit>{units}){end})?{end}",
            _say_number,
        ),
    ]  # fmt: skip
    if language.numbers == "en":
        shapes[3:3] = [
            (
                rf"(?P<month>(?-i:{months}))\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
                rf"(?:,?\s(?P<year>\d{{4}}))?(?![-–:\d]|\.\d){end}",
                _say_month_day,
            ),
            (r"(?P<feet>\d)['’′]\s?(?P<inches>1[01]|\d)(?:[\"”″]|''|’’)", _say_height),
        ]
    return [(re.compile(shape, re.IGNORECASE), say) for shape, say in shapes]


def _shorthand(written: Iterable[str], *, close: bool = True) -> str:
    """Shorthand for a scale, capitals as they are; one letter is `close` behind its number."""
    behind = r"(?<!\s)" if close else ""
    kinds = [re.escape(key) if len(key) > 1 else behind + key for key in written]
    return rf"(?-i:{'|'.join(sorted(kinds, key=len, reverse=True))})" if kinds else "(?!)"


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
    match = next(pattern for pattern, say in patterns(language) if say is _say_money).fullmatch(
        signed
    )
    if match is None:
        known = " ".join(forms.money)
        raise BadInput(f"{written!r} is no amount of money. Known in {language.name} are: {known}.")
    return _say_money(match, language, forms)


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
    short = match["short"] or match["short_before"]
    scale = match["scale"] or forms.shorthand.get(short or "", "")
    if scale:
        number = _say_scale(whole, fraction, scale, language, forms)
        of = f"{forms.of} " if forms.of and _is_noun(scale, forms) else ""
        if language.numbers == "fr" and of and many[0] in "aeiou":
            of = "d'"
        return f"{number} {of}{many}"
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


def _say_scaled(match: re.Match[str], language: Language, forms: Forms) -> str:
    whole, fraction = _split_number(match["number"], forms)
    return _say_scale(whole, fraction, forms.shorthand[match["short"]], language, forms)


def _say_scale(whole: str, fraction: str, scale: str, language: Language, forms: Forms) -> str:
    """An amount of thousands, millions and so on: `1.5` and `million`."""
    number = _say_decimal(whole, fraction, language, forms)
    if whole == "1" and not fraction:
        scale = singular(scale)
        number = agreeing(number, scale, language)
    return f"{number} {scale}"


def _is_noun(scale: str, forms: Forms) -> bool:
    """A million is a noun, *un millón de euros*; a thousand, named first, is a number."""
    return singular(scale) != singular(forms.scales[0])


def _say_month_day(match: re.Match[str], language: Language, forms: Forms) -> str:
    month = next(
        number
        for number, name in enumerate(forms.months, start=1)
        if name[:3] == match["month"][:3]
    )
    if not 1 <= int(match["day"]) <= 31:
        return f"{forms.months[month - 1]} {spell_number(match['day'], language)}"
    return spell_date(match["year"] or "", str(month), match["day"], language)


def _say_height(match: re.Match[str], language: Language, _: Forms) -> str:
    return f"{spell_number(match['feet'], language)} foot {spell_number(match['inches'], language)}"


def _say_fraction(match: re.Match[str], language: Language, forms: Forms) -> str:
    part = forms.symbols[_FRACTIONS.get(match["part"], match["part"])]
    whole = match.groupdict().get("whole")
    return f"{spell_number(whole, language)} {forms.symbols['&']} {part}" if whole else part


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
