"""Refuse text that can't be said, before a model is loaded, with words that help."""

import unicodedata

from likewise.errors import BadInput, Unsupported
from likewise.text.languages import LANGUAGES, Language, resolve
from likewise.text.markup import MarkedText
from likewise.text.normalise import tokens

_LIMIT = 0.3  # share of letters in scripts that the language isn't written in
_SHOWN = 12
_NEUTRAL = {"MODIFIER", "COMBINING", "FEMININE", "MASCULINE", "MICRO", "OHM", "KELVIN", "ANGSTROM"}


def check_speakable(text: str, language: Language | None = None) -> None:
    """Raise unless a text has something to say in a language.

    Letters of a few foreign words pass (they are left out or read as English); a text of which
    more than three letters in ten are foreign does not.

    Args:
        text: Any text.
        language: The language it is read in; None where the speaker decides itself which scripts
            it reads, and only letters or digits are asked for.

    Raises:
        BadInput: Empty, only space, only emoji or signs.
        Unsupported: In a script that the language isn't written in.
    """
    if not text.strip():
        raise BadInput("There is no text to speak. Give at least one word.")
    letters = [character for character in text if character.isalpha()]
    readable = bool(letters) or any(character.isdecimal() for character in text)
    if not readable and language is not None and language.spaced:
        readable = next(tokens(text, language), None) is not None
    if not readable:
        raise BadInput(
            f"There is nothing to say in {_shortened(text)!r}: it holds only signs or emoji. "
            "Write what should be said in words."
        )
    if language is None:
        return
    foreign = [letter for letter in letters if not _readable(letter, language)]
    if len(foreign) > _LIMIT * len(letters):
        raise Unsupported(
            f"{language.name} ({language.tag}) can't be read from {_script(foreign[0])} letters "
            f"such as {''.join(dict.fromkeys(foreign))[:_SHOWN]!r}. {_advice(foreign)}"
        )


def check_marked(marked: MarkedText, language: Language) -> None:
    """Raise unless each part of a marked text can be said in its language.

    Args:
        marked: Any text.
        language: The language of what no mark gives another one.

    Raises:
        BadInput: There is nothing to say.
        Unsupported: A part in a script that its language isn't written in.
    """
    by_language: dict[str, str] = {}
    replaced = False
    for stretch in marked.stretches:
        replaced = replaced or stretch.replaces
        if not stretch.replaces:
            tag = stretch.manner.language or language.tag
            part = marked.text[stretch.start : stretch.end]
            by_language[tag] = by_language.get(tag, "") + part
    said = {tag: text for tag, text in by_language.items() if any(map(str.isalnum, text))}
    if not said and not replaced:
        check_speakable(marked.text, language)
    for tag, text in said.items():
        check_speakable(text, resolve(tag))


def _readable(letter: str, language: Language) -> bool:
    script = _script(letter)
    return script in language.scripts or script in _NEUTRAL


def _script(letter: str) -> str:
    """First word of a letter's Unicode name: LATIN, CYRILLIC, CJK, HIRAGANA, ..."""
    name = unicodedata.name(unicodedata.normalize("NFKC", letter)[0], "UNKNOWN")
    return name.partition(" ")[0].partition("-")[0]


def _advice(foreign: list[str]) -> str:
    scripts = {_script(letter) for letter in foreign}
    fitting = [
        language.tag
        for language in LANGUAGES.values()
        if scripts <= language.scripts and scripts & (language.scripts - {"LATIN"} or scripts)
    ]
    if fitting:
        return f"Choose the language the text is written in: {' or '.join(fitting)}."
    return "No language of Likewise is written in them; transcribe the text."


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else plain[:_SHOWN] + "…"
