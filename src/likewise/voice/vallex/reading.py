"""Text as symbols with a language each.

    read("Hello. 你好。", "en")                   # English, then Mandarin, by their scripts
    read("[EN]Hello[EN][ZH]你好[ZH]", "en")       # the same, said in the text

Tags are those of the reference. Without tags a text has the language asked for, and only what is
written in a script that this language doesn't have is read in another one: Latin words inside
Chinese and Japanese as English, kana as Japanese, other Han characters inside English as Mandarin.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from likewise.errors import BadInput, Unsupported
from likewise.text.languages import resolve
from likewise.voice.vallex import english, japanese, mandarin, symbols
from likewise.voice.vallex.config import LANGUAGES
from likewise.voice.vallex.punctuation import ENDS, marks

_READERS = {"en": english.read, "zh": mandarin.read, "ja": japanese.read}
_TAG = re.compile(r"\[(EN|ZH|JA)\]")
_LEADING = re.compile(r"^\W+")
_HAN = r"々〇㐀-鿿"
_KANA = r"ぁ-ヿｦ-ﾝ"
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’-]*(?:\s+[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’-]*)*")
_EAST_ASIAN = re.compile(rf"[{_HAN}{_KANA}](?:[{_HAN}{_KANA}ー、。！？，]*[{_HAN}{_KANA}ー])?")


@dataclass(frozen=True, slots=True)
class Symbols:
    """Text as the model takes it.

    Attributes:
        ids: Ids of symbols.
        languages: Language of each.
    """

    ids: tuple[int, ...]
    languages: tuple[str, ...]

    def __add__(self, other: "Symbols") -> "Symbols":
        return Symbols(self.ids + other.ids, self.languages + other.languages)

    def __len__(self) -> int:
        return len(self.ids)

    def accented(self, language: str) -> "Symbols":
        """The same symbols, all said as if they were of one language."""
        return Symbols(self.ids, (language,) * len(self.ids))


def language_tag(tag: str) -> str:
    """The model's name of a language: `en-us` -> `en`.

    Raises:
        Unsupported: It speaks English, Chinese and Japanese.
    """
    try:
        found = resolve(tag).tag.partition("-")[0]
    except Unsupported:
        found = ""
    if found not in LANGUAGES:
        raise Unsupported(
            f"VALL-E X doesn't speak {tag!r}. It speaks {', '.join(LANGUAGES)}; "
            "the engines kokoro and xtts speak more languages."
        )
    return found


def read(text: str, language: str) -> Symbols:
    """Symbols of a text.

    Args:
        text: As the user wrote it, with or without tags.
        language: One of `LANGUAGES`; what is between tags has its own.

    Raises:
        BadInput: A tag without its twin, or nothing to say.
    """
    tagged = _TAG.search(text) is not None
    parts = list(tagged_parts(text)) if tagged else list(_by_script(text, language))
    said: list[tuple[str, str]] = []
    for tongue, part in parts:
        if said and not tagged:
            # Signs at the beginning of a part follow the words before it.
            leading = part[: len(part) - len(_LEADING.sub("", part, count=1))]
            said[-1] = (said[-1][0], said[-1][1] + marks(leading))
        signs = _READERS[tongue](part)
        if not signs:
            continue
        if tagged and signs[-1] not in ENDS:
            signs += "."  # as in the reference, each tagged part ends by itself
        elif not tagged and said:
            signs = "_" + signs
        said.append((tongue, signs))
    if not said:
        raise BadInput(
            "There is nothing to say: the text has no words that VALL-E X can read. "
            f"Write it in one of: {', '.join(LANGUAGES)}."
        )
    if said[-1][1][-1] not in ENDS:
        said[-1] = (said[-1][0], said[-1][1] + ".")
    return Symbols(
        tuple(one for _, signs in said for one in symbols.encode(signs)),
        tuple(tongue for tongue, signs in said for _ in signs),
    )


def is_tagged(text: str) -> bool:
    """Whether a text says its languages itself."""
    return _TAG.search(text) is not None


def without_tags(text: str) -> str:
    """A text as it is shown."""
    return _TAG.sub("", text)


def tagged_parts(text: str) -> Iterator[tuple[str, str]]:
    """Parts between twin tags, each with its language: `[EN]Hello[EN]` -> `en`, `Hello`.

    Raises:
        BadInput: A tag without its twin, or words outside.
    """
    opened, place = "", 0
    for match in _TAG.finditer(text):
        between = text[place : match.start()]
        if not opened:
            if between.strip():
                raise BadInput(
                    f"{between.strip()[:40]!r} stands outside the language tags. Put it between "
                    "two of them, such as [EN]Hello[EN], or use no tags at all."
                )
            opened = match.group(1)
        elif match.group(1) != opened:
            raise BadInput(
                f"[{opened}] is followed by [{match.group(1)}]. A part ends with the tag it "
                f"begins with: [{opened}]...[{opened}]."
            )
        else:
            yield opened.lower(), between
            opened = ""
        place = match.end()
    if opened or text[place:].strip():
        raise BadInput(
            f"A part of the text isn't closed by its language tag. Write [{opened or 'EN'}]..."
            f"[{opened or 'EN'}] around each part."
        )


def _by_script(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Parts of a text without tags, each with its language."""
    foreign = _EAST_ASIAN if language == "en" else _LATIN_WORD
    place = 0
    for match in foreign.finditer(text):
        before, part = text[place : match.start()], match.group()
        if before.strip():
            yield language, before
        if language != "en":
            yield "en", part
        else:
            yield ("ja" if re.search(f"[{_KANA}]", part) else "zh"), part
        place = match.end()
    if text[place:].strip():
        yield language, text[place:]
