"""Words in another script than the text's are read in the language that is written in it.

Kana is Japanese, Devanagari is Hindi. Chinese characters alone are read as Chinese unless kana
stands somewhere in the text; whoever means otherwise marks it: <lang xml:lang="ja">東京</lang>.
"""

import re
from dataclasses import replace

from likewise.text.languages import LANGUAGES, Language
from likewise.text.markup import MarkedText, Stretch

_KANA = r"\u3041-\u309f\u30a0-\u30ff\uff66-\uff9f"
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〇"
_DEVANAGARI = r"\u0900-\u0963\u0966-\u097f"
_EAST = re.compile(rf"[{_KANA}{_HAN}](?:[{_KANA}{_HAN}\s、・「」0-9]*[{_KANA}{_HAN}])?")
_HINDI = re.compile(rf"[{_DEVANAGARI}](?:[{_DEVANAGARI}\s]*[{_DEVANAGARI}])?")
_ANY_KANA = re.compile(f"[{_KANA}]")


def switched(marked: MarkedText, language: Language) -> MarkedText:
    """The same text, with a language for each stretch of foreign script.

    Args:
        marked: A text, perhaps with languages marked already; those stay.
        language: The language of the text.

    Returns:
        The text, with a note that names what is read in which language.
    """
    east = "ja" if _ANY_KANA.search(marked.text) else "zh"
    stretches: list[Stretch] = []
    said: dict[str, list[str]] = {}
    for stretch in marked.stretches:
        if stretch.replaces or stretch.manner.language:
            stretches.append(stretch)
            continue
        place = stretch.start
        for start, end, tag in _foreign(marked.text, stretch, language, east):
            said.setdefault(tag, []).append(marked.text[start:end])
            if start > place:
                stretches.append(replace(stretch, start=place, end=start))
            manner = replace(stretch.manner, language=tag)
            stretches.append(replace(stretch, start=start, end=end, manner=manner))
            place = end
        if place < stretch.end:
            stretches.append(replace(stretch, start=place))
    notes = tuple(
        f"{', '.join(dict.fromkeys(words))} is read in {LANGUAGES[tag].name}. For another language "
        'mark it with <lang xml:lang="...">.'
        for tag, words in said.items()
    )
    return replace(marked, stretches=tuple(stretches), notes=(*marked.notes, *notes))


def _foreign(
    text: str, stretch: Stretch, language: Language, east: str
) -> list[tuple[int, int, str]]:
    """Where in a stretch another script stands, and in which language it is read."""
    found = []
    if "CJK" not in language.scripts:
        found += [(*m.span(), east) for m in _EAST.finditer(text, stretch.start, stretch.end)]
    if "DEVANAGARI" not in language.scripts:
        found += [(*m.span(), "hi") for m in _HINDI.finditer(text, stretch.start, stretch.end)]
    return sorted(found)
