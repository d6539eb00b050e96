"""The languages that text can be prepared for, by tag.

language = resolve("pt")        # the entry of pt-br
language.tag, language.scripts
"""

from dataclasses import dataclass

from likewise.errors import Unsupported


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes:
        tag: Lower-case tag, such as `en-us`.
        name: Its English name.
        backend: Name of the phoneme backend that reads it.
        scripts: Scripts it is written in, as the first word of a letter's Unicode name.
        numbers: Language code of num2words, "" where another part reads numbers.
        espeak: Voice file of espeak-ng, "" where it isn't used.
        spaced: Words are separated by spaces.
    """

    tag: str
    name: str
    backend: str
    scripts: frozenset[str]
    numbers: str = ""
    espeak: str = ""
    spaced: bool = True


_LATIN = frozenset({"LATIN"})
_KANA_AND_KANJI = frozenset({"HIRAGANA", "KATAKANA", "CJK", "LATIN"})

LANGUAGES: dict[str, Language] = {
    language.tag: language
    for language in (
        Language("en-us", "American English", "espeak", _LATIN, "en", "gmw/en-US"),
        Language("en-gb", "British English", "espeak", _LATIN, "en", "gmw/en"),
        Language("ja", "Japanese", "japanese", _KANA_AND_KANJI, spaced=False),
        Language("zh", "Mandarin Chinese", "chinese", frozenset({"CJK", "LATIN"}), spaced=False),
        Language("es", "Spanish", "espeak", _LATIN, "es", "roa/es"),
        Language("fr", "French", "espeak", _LATIN, "fr", "roa/fr"),
        Language("hi", "Hindi", "espeak", frozenset({"DEVANAGARI", "LATIN"}), "", "inc/hi"),
        Language("it", "Italian", "espeak", _LATIN, "it", "roa/it"),
        Language("pt-br", "Brazilian Portuguese", "espeak", _LATIN, "pt_BR", "roa/pt-BR"),
    )
}
"""Every language by tag, the default first."""

_ALIASES = {
    "en": "en-us", "eng": "en-us", "english": "en-us", "us": "en-us",
    "gb": "en-gb", "uk": "en-gb", "en-uk": "en-gb",
    "jp": "ja", "jpn": "ja", "ja-jp": "ja", "japanese": "ja",
    "cn": "zh", "cmn": "zh", "zh-cn": "zh", "zh-hans": "zh", "zh-tw": "zh", "zh-hant": "zh",
    "chinese": "zh", "mandarin": "zh",
    "es-es": "es", "es-mx": "es", "es-419": "es", "spanish": "es",
    "fr-fr": "fr", "fr-ca": "fr", "french": "fr",
    "hi-in": "hi", "hindi": "hi",
    "it-it": "it", "italian": "it",
    "pt": "pt-br", "pt-pt": "pt-br", "portuguese": "pt-br",
}  # fmt: skip


def resolve(tag: str) -> Language:
    """The language of a tag or one of its usual other names.

    Args:
        tag: `en-us`, `EN_us`, `en`, `jp`, `zh-cn`, ...

    Raises:
        Unsupported: No such language; the message lists those there are.
    """
    wanted = tag.strip().lower().replace("_", "-")
    found = LANGUAGES.get(_ALIASES.get(wanted, wanted))
    if found is None:
        known = ", ".join(f"{language.tag} ({language.name})" for language in LANGUAGES.values())
        raise Unsupported(f"The language {tag!r} is not known. Choose one of: {known}.")
    return found
