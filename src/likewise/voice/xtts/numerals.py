# ruff: noqa: SIM905 - number words read better as text than as a hundred quoted strings
"""Numbers in words. num2words knows most of the languages; Czech ordinals and Hindi are here."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache

from likewise.errors import MissingWeights

_LONGEST = 15  # digits; longer ones are no quantity but a row of digits

_HINDI_TO_99 = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह "
    "उन्नीस बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस "
    "तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस चालीस इकतालीस बयालीस तैंतालीस चौवालीस "
    "पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरेपन चौवन पचपन छप्पन सत्तावन "
    "अट्ठावन उनसठ साठ इकसठ बासठ तिरेसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर "
    "बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी अस्सी इक्यासी बयासी तिरासी "
    "चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे "
    "छियानवे सत्तानवे अट्ठानवे निन्यानवे"
).split()
_HINDI_POWERS = ((10**7, "करोड़"), (10**5, "लाख"), (10**3, "हज़ार"), (100, "सौ"))

_CZECH_ORDINALS = (
    "nultý první druhý třetí čtvrtý pátý šestý sedmý osmý devátý desátý jedenáctý dvanáctý "
    "třináctý čtrnáctý patnáctý šestnáctý sedmnáctý osmnáctý devatenáctý"
).split()
_CZECH_TENS = (
    "dvacátý třicátý čtyřicátý padesátý šedesátý sedmdesátý osmdesátý devadesátý"
).split()


def cardinal(digits: str, language: str) -> str:
    """`21` -> `twenty-one`; a number of more than 15 digits is read digit by digit."""
    if len(digits) > _LONGEST:
        return " ".join(cardinal(digit, language) for digit in digits)
    if language == "hi":
        return _hindi(int(digits))
    return _num2words()(int(digits), lang=language)


def ordinal(digits: str, language: str) -> str:
    """`21` -> `twenty-first`; where a language has none at hand, the cardinal."""
    if len(digits) > _LONGEST:
        return cardinal(digits, language)
    if language == "cs":
        return _czech_ordinal(int(digits))
    try:
        return _num2words()(int(digits), lang=language, to="ordinal")
    except (NotImplementedError, TypeError, OverflowError):
        return cardinal(digits, language)


def fractional(whole: str, fraction: str, language: str, point: str) -> str:
    """`12`, `5` -> `twelve point five`.

    Args:
        whole: Digits before the sign.
        fraction: Digits after it.
        language: Language.
        point: The word for the sign, where num2words reads fractions wrongly; else "".
    """
    if point or len(whole) + len(fraction) > _LONGEST:
        said = fraction if len(fraction) == 1 else " ".join(fraction)
        spoken = " ".join(cardinal(digit, language) for digit in said.split())
        return " ".join(filter(None, (cardinal(whole, language), point, spoken)))
    return _num2words()(float(f"{whole}.{fraction}"), lang=language)


def money(amount: Decimal, currency: str, language: str, joint: str) -> str | None:
    """`20.15`, `EUR` -> `twenty euro, fifteen cents`; None where num2words can't say it.

    Args:
        amount: The amount.
        currency: EUR, USD or GBP.
        language: Language.
        joint: What stands between whole and hundredths; from there on a zero is left out.
    """
    if amount >= 10**_LONGEST:
        return None
    try:
        said = _num2words()(float(amount), lang=language, to="currency", currency=currency)
    except (NotImplementedError, TypeError, OverflowError, KeyError):
        return None
    if amount == amount.to_integral_value() and joint in said:
        said = said[: said.rfind(joint)]
    return said


def _hindi(number: int) -> str:
    parts = []
    for power, name in _HINDI_POWERS:
        count, number = divmod(number, power)
        if count:
            parts.append(f"{_hindi(count)} {name}")
    if number or not parts:
        parts.append(_HINDI_TO_99[number])
    return " ".join(parts)


def _czech_ordinal(number: int) -> str:
    if number >= 100:
        rest = number % 100
        if rest == 0:
            return cardinal(str(number), "cs")
        return f"{cardinal(str(number - rest), 'cs')} {_czech_ordinal(rest)}"
    if number < len(_CZECH_ORDINALS):
        return _CZECH_ORDINALS[number]
    tens, ones = divmod(number, 10)
    return " ".join([_CZECH_TENS[tens - 2], *([_CZECH_ORDINALS[ones]] if ones else [])])


@cache
def _num2words() -> Callable[..., str]:
    try:
        from num2words import num2words
    except ImportError as error:
        raise MissingWeights("num2words is missing: pip install num2words") from error
    found: Callable[..., str] = num2words
    return found
