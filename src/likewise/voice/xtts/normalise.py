"""From written to spoken text in XTTS's 17 languages, then to the letters its tokens are made of.

The rules are the reference's, since the weights learnt them: money, fractions, ordinals and whole
numbers become words, then abbreviations, then signs; Chinese, Japanese and Korean become Latin
letters. Where the reference fails (Czech ordinals, Hindi digits, Turkish i, German capitals,
Arabic fractions and euros) the words are right here.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files

import yaml

from likewise.errors import Unsupported
from likewise.voice.xtts import numerals, romanise

LANGUAGES = (
    "en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh-cn", "hu", "ko",
    "ja", "hi",
)  # fmt: skip
"""Language tags, as the tokens name them."""

_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP"}
_SYMBOLS = "&@%#$£°"


@dataclass(frozen=True, slots=True)
class _Forms:
    thousands: str
    ordinal: list[str]
    joint: str
    point: str
    money: dict[str, str]
    symbols: dict[str, str]
    abbreviations: dict[str, str]


def language_tag(language: str) -> str:
    """The tag of a language that the user names: `en-us` -> `en`, `zh` -> `zh-cn`.

    Raises:
        Unsupported: Not one of the 17.
    """
    base = language.lower().replace("_", "-").partition("-")[0]
    tag = "zh-cn" if base in {"zh", "cmn"} else base
    if tag not in LANGUAGES:
        raise Unsupported(
            f"XTTS doesn't speak {language!r}. It speaks: {', '.join(LANGUAGES)}. Give one of "
            "these, or use another engine."
        )
    return tag


def abbreviations(language: str) -> frozenset[str]:
    """Short forms of a language that end with a dot which ends no sentence."""
    if language == "ja":
        return frozenset()
    return frozenset(_forms(language.partition("-")[0]).abbreviations)


def spoken(text: str, language: str) -> str:
    """What the tokenizer gets.

    Args:
        text: Any text.
        language: One of `LANGUAGES`.

    Returns:
        Lower-case words, signs and numbers spelled out, on one line.
    """
    text = unicodedata.normalize("NFC", text).strip().replace('"', "")
    text = _lower(text, language)
    if language == "ja":
        return _one_line(romanise.japanese(text).lower())
    base = language.partition("-")[0]
    forms = _forms(base)
    text = _western_digits(text)
    text = _chinese_numbers(text) if base == "zh" else _numbers(text, base, forms)
    for short, word in forms.abbreviations.items():
        dot = "" if "-" in short else r"\."
        text = re.sub(rf"\b{short}(?:{dot})(?!\w)", word, text)
    for sign, word in forms.symbols.items():
        text = text.replace(sign, word if base == "zh" else f" {word} ")
    text = _one_line(text)
    if base == "zh":
        return romanise.chinese(text)
    if base == "ko":
        return romanise.korean(text)
    return text


def _lower(text: str, language: str) -> str:
    if language == "tr":
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower()


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _western_digits(text: str) -> str:
    """`१४` and `١٤` -> `14`; other characters stay as they are."""
    return "".join(
        str(unicodedata.digit(sign)) if sign.isdecimal() and not sign.isascii() else sign
        for sign in text
    )


def _numbers(text: str, language: str, forms: _Forms) -> str:
    group = re.escape(forms.thousands)
    text = re.sub(
        rf"(?<![\d.,])\d{{1,3}}(?:{group}\d{{3}})+(?!\d)",
        lambda match: match.group().replace(forms.thousands, ""),
        text,
    )
    signs = "".join(_CURRENCIES)
    text = re.sub(
        rf"(?P<before>[{signs}])\s?(?P<a>\d+(?:[.,]\d+)?)|(?P<b>\d+(?:[.,]\d+)?)\s?(?P<after>[{signs}])",
        lambda match: _money(match, language, forms),
        text,
    )
    text = re.sub(
        r"(\d+)[.,](\d+)",
        lambda match: numerals.fractional(match[1], match[2], language, forms.point).lower(),
        text,
    )
    endings = [re.escape(ending) for ending in forms.ordinal if ending != "."]
    if "." in forms.ordinal:
        # Only before a word: at the end of a sentence the dot is a full stop.
        endings.append(r"\.(?=\s+[^\W\d_])")
    if endings:
        text = re.sub(
            rf"(\d+)(?:{'|'.join(endings)})(?!\w)"
            if language != "ko"
            else rf"(\d+)(?:{'|'.join(endings)})",
            lambda match: numerals.ordinal(match.group(1), language).lower(),
            text,
        )
    return re.sub(r"\d+", lambda match: numerals.cardinal(match.group(), language).lower(), text)


def _money(match: re.Match[str], language: str, forms: _Forms) -> str:
    currency = _CURRENCIES[match["before"] or match["after"]]
    written = (match["a"] or match["b"]).replace(",", ".")
    said = None
    if not (language == "ar" or (language == "hu" and currency == "GBP")):
        # num2words says riyals in Arabic whatever the currency.
        said = numerals.money(Decimal(written), currency, language, forms.joint)
    if said is None:
        whole, _, fraction = written.partition(".")
        amount = (
            numerals.fractional(whole, fraction, language, forms.point)
            if fraction.strip("0")
            else numerals.cardinal(whole, language)
        )
        said = f"{amount} {forms.money[currency]}"
    return said.lower()


def _chinese_numbers(text: str) -> str:
    from likewise.text.chinese import say_number

    def say(match: re.Match[str]) -> str:
        number = match["number"].replace(",", "")
        # Years and telephone numbers are read digit by digit.
        by_digit = match["after"] == "年" or (len(number) >= 11 and number.isdecimal())
        percent = "%" if match["after"] == "%" else ""
        following = "" if percent else match["after"]
        currency = match["before"] or ""
        name = _forms("zh").money.get(_CURRENCIES.get(currency, ""), "")
        return say_number(number + percent, year=by_digit) + name + following

    return re.sub(
        r"(?P<before>[€$£]?)(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)(?P<after>[年%]?)", say, text
    )


@cache
def _forms(language: str) -> _Forms:
    text = (files("likewise.voice.xtts") / "forms.yaml").read_text(encoding="utf-8")
    item = yaml.safe_load(text)[language]
    return _Forms(
        thousands=item["thousands"],
        ordinal=item["ordinal"],
        joint=item["and"],
        point=item.get("point", ""),
        money=dict(zip(("EUR", "USD", "GBP"), item["money"], strict=True)),
        symbols=dict(zip(_SYMBOLS, item["symbols"], strict=True)),
        abbreviations=item["abbreviations"],
    )
