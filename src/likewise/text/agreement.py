"""Numbers agree with what they count: *un euro*, *veintiuna libras*, *duas horas*, *one foot*."""

import re
from collections.abc import Callable
from typing import Final

from likewise.text.languages import Language

_AGREEMENT: Final = {
    "es": (("veintiuno", "veintiún", "veintiuna"), ("uno", "un", "una")),
    "fr": (("un", "un", "une"),),
    "it": (("uno", "un", "una"),),
    "pt_BR": (("um", "um", "uma"), ("dois", "dois", "duas")),
}
"""How the end of a number changes before a noun: as it is counted, masculine, feminine."""
_MASCULINE: Final = ("día", "días", "dias", "problemas", "programas")
_SINGULARS: Final[tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]] = (
    (r"^feet", "foot"), (r"^millones", "millón"), (r"^(\w+)ões\b", r"\1ão"),
    (r"^milioni", "milione"), (r"^miliardi", "miliardo"), (r"^(thousand|mille|mil)$", r"\1"),
    (r"^(chilo)?(\w*)metri\b", r"\1\2metro"), (r"^chili\b", "chilo"),
    (r"^(\w*)grammi\b", r"\1grammo"), (r"^(\w*)litri\b", r"\1litro"), (r"^gradi\b", "grado"),
    (r"^minuti\b", "minuto"), (r"^secondi\b", "secondo"), (r"^ore\b", "ora"),
    (r"^(\w+ )?(heures|horas)\b", lambda match: match.group()[:-1]), (r"^(\w+)s\b", r"\1"),
)  # fmt: skip
"""Plural to singular, for the units of `forms.yaml`."""


def agreeing(number: str, noun: str, language: Language) -> str:
    """A number in words as it stands before a noun: *un euro*, *veintiuna libras*, *duas horas*.

    Args:
        number: As `spell_number` answers it.
        noun: What is counted; one that ends in a or as is taken for feminine.
        language: The language.
    """
    first = noun.split()[0]
    female = re.search("as?$|^heure|^livre|^ore?$", first) and first not in _MASCULINE
    for ending, masculine_form, feminine_form in _AGREEMENT.get(language.numbers, ()):
        if re.search(rf"\b{ending}$", number):
            return number[: -len(ending)] + (feminine_form if female else masculine_form)
    return number


def singular(noun: str) -> str:
    """The singular of a unit or an hour that is written in the plural."""
    return next(
        (
            re.sub(plural, singular, noun, count=1)
            for plural, singular in _SINGULARS
            if re.search(plural, noun)
        ),
        noun,
    )


def feminine(ordinal: str) -> str:
    """A feminine ordinal of a Romance language."""
    return {"premier": "première"}.get(ordinal) or re.sub(r"o\b", "a", ordinal)
