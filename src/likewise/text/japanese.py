"""Read Japanese: pyopenjtalk finds words and readings, the kana table turns readings into IPA.

Readings come as katakana ("今日は" -> キョー ワ). Words keep their characters of the text: what the
reader changed (digits spelled as kanji, old forms of kanji) is given to the stretch of text that
stands between the unchanged neighbours.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from likewise.errors import MissingWeights
from likewise.text.eastern import read_around
from likewise.text.languages import Language, resolve
from likewise.text.normalise import PAUSES, is_symbol
from likewise.text.words import Word

_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "ɡ": "ガギグゲゴ", "s": "サシスセソ", "ʣ": "ザジズゼゾ",
    "t": "タチツテト", "d": "ダヂヅデド", "n": "ナニヌネノ", "h": "ハヒフヘホ", "b": "バビブベボ",
    "p": "パピプペポ", "m": "マミムメモ", "j": "ヤ ユ ヨ", "ɾ": "ラリルレロ", "w": "ワヰ ヱヲ",
    "v": "ヷヸヴヹヺ",
}  # fmt: skip
_VOWELS = "aiɯeo"
_MOST_SIGNS = 3  # quotes and brackets kept on one side of a word
_LONGEST_PIECE = 300  # characters; the reader works in fixed buffers
_EXCEPTIONS = {
    "シ": "ɕi", "ジ": "ʥi", "チ": "ʨi", "ヂ": "ʥi", "ス": "sɨ", "ズ": "zɨ", "ツ": "ʦɨ", "ヅ": "zɨ",
    "ニ": "ɲi", "ヒ": "çi", "フ": "ɸɯ", "ヰ": "i", "ヱ": "e", "ヲ": "o", "ヵ": "ka", "ヶ": "ke",
}  # fmt: skip
_PALATAL = {
    "k",
    "ɡ",
    "b",
    "p",
    "m",
    "ɾ",
    "v",
    "t",
    "d",
}  # soft before i and before ャュョ
_SMALL = {
    "ァ": "a", "ィ": "i", "ゥ": "ɯ", "ェ": "e", "ォ": "o",
    "ャ": "ja", "ュ": "jɨ", "ョ": "jo", "ヮ": "wa",
}  # fmt: skip
_BEFORE_SMALL = {"ウ": "w", "フ": "ɸ", "ヴ": "v", "ツ": "ʦ", "ク": "kᵝ", "グ": "ɡᵝ", "イ": "j"}
_SIGNS = {
    "、": ",",
    "。": ".",
    "！": "!",
    "？": "?",
    "，": ",",
    "．": ".",
    "：": ":",
    "；": ";",
    "…": "…",
}
_OPENING, _CLOSING = "「『（《【(［“", "」』）》】)］”"


def words(text: str, language: Language) -> list[Word]:
    """The words of a Japanese sentence with their phonemes.

    Latin words that the dictionary doesn't know are read as English.

    Raises:
        MissingWeights: pyopenjtalk-plus is not installed.
    """
    return with_punctuation(text, read_around(text, language.tag, _words))


def _words(text: str) -> list[Word]:
    """The words of text without money, times and the like, their punctuation left out."""
    plain, places = _plain(text)
    if not plain:
        return []
    found: list[Word] = []
    for offset, piece in _pieces(plain):
        nodes = [
            (node["string"], node["pron"].replace("’", ""), node["pos"]) for node in _reader(piece)
        ]
        for start, end, readings, unknown in _on_text(piece, nodes):
            first, last = places[offset + start], places[offset + end - 1] + 1
            written = text[first:last]
            sounds, accent = _say(written, readings, unknown)
            if sounds:
                found.append(Word(first, last, written, sounds, accent=accent))
    return found


def kana(text: str) -> str:
    """A text as it is said, in katakana without punctuation: `今日は` -> `キョーワ`.

    Raises:
        MissingWeights: pyopenjtalk-plus is not installed.
    """
    plain, _ = _plain(text)
    return "".join(
        node["pron"].replace("’", "")
        for _, piece in _pieces(plain)
        for node in _reader(piece)
        if node["pos"] != "記号"
    )


def kana_to_ipa(kana: str) -> str:
    """IPA of katakana, as it is said: `キョー` -> `kʲoː`."""
    sounds: list[str] = []
    for index, sign in enumerate(kana):
        following = kana[index + 1 : index + 2]
        if sign == "ー":
            sounds.append("ː" if sounds else "")
        elif sign == "ッ":
            sounds.append("ʔ")
        elif sign == "ン":
            sounds.append(_nasal_before(_mora(following)))
        elif sign in _SMALL:
            before = kana[index - 1 : index] if index else ""
            if before in _table() and sounds:
                sounds[-1] = _joined(before, sign)
            else:
                sounds.append(_SMALL[sign])
        else:
            sounds.append(_mora(sign))
    return "".join(sounds)


def with_punctuation(text: str, found: Sequence[Word]) -> list[Word]:
    """Words with the quotes, brackets and pauses that stand between them in the text."""
    answer: list[Word] = []
    for index, word in enumerate(found):
        left = found[index - 1].end if index else 0
        right = found[index + 1].start if index + 1 < len(found) else len(text)
        before = "".join(
            "(" if sign in "（(【［" else "“"
            for sign in text[left : word.start]
            if sign in _OPENING
        )
        after = ""
        for sign in text[word.end : right]:
            sign = _SIGNS.get(sign, sign)
            if sign in PAUSES:
                after = after[:-1] + sign if after and after[-1] in PAUSES else after + sign
            elif sign in _CLOSING:
                after += ")" if sign in "）)】］" else "”"
        before, after = before[-_MOST_SIGNS:], after[:_MOST_SIGNS]
        answer.append(
            Word(word.start, word.end, word.written, word.phonemes, before, after, word.accent)
        )
    return answer


def _plain(text: str) -> tuple[str, list[int]]:
    """NFKC text without emoji, and the index in `text` of each of its characters."""
    characters, places = [], []
    for index, sign in enumerate(text):
        for normal in unicodedata.normalize("NFKC", sign):
            if not is_symbol(normal) or normal in "+=<>$¥€£%&@#°~":
                characters.append(" " if normal.isspace() else normal)
                places.append(index)
    return "".join(characters), places


def _pieces(plain: str) -> Iterator[tuple[int, str]]:
    """Stretches the reader can take at once, cut behind a comma where there is one."""
    start = 0
    while start < len(plain):
        end = min(start + _LONGEST_PIECE, len(plain))
        if end < len(plain):
            comma = max(plain.rfind(sign, start, end) for sign in "、,。.")
            end = comma + 1 if comma > start else end
        yield start, plain[start:end]
        start = end


def _reader(text: str) -> list[dict[str, str]]:
    try:
        import pyopenjtalk
    except ImportError as error:
        raise MissingWeights(
            "Japanese readings need pyopenjtalk-plus, which is not installed. Install it with: "
            "pip install pyopenjtalk-plus"
        ) from error
    nodes: Any = pyopenjtalk.run_frontend(text, use_sudachi_kanji_yomi=False)
    return [{key: str(node[key]) for key in ("string", "pron", "pos")} for node in nodes]


def _on_text(
    plain: str, nodes: Sequence[tuple[str, str, str]]
) -> list[tuple[int, int, list[str], bool]]:
    """Stretches of `plain` with their readings: (start, end, readings, unknown to the reader)."""
    stretches: list[tuple[int, int, list[str], bool]] = []
    place = 0
    waiting: list[str] = []
    waiting_unknown = False
    for string, reading, kind in nodes:
        surface = unicodedata.normalize("NFKC", string)
        at = -1 if kind == "記号" else plain.find(surface, place)
        if kind == "記号":
            continue
        if at < 0 or (at - place > 12 and surface.isnumeric()):
            waiting.append(reading)
            waiting_unknown = waiting_unknown or kind == "フィラー"
            continue
        if waiting:
            _give(stretches, plain, place, at, waiting, waiting_unknown)
            waiting, waiting_unknown = [], False
        stretches.append((at, at + len(surface), [reading], kind == "フィラー"))
        place = at + len(surface)
    if waiting:
        _give(stretches, plain, place, len(plain), waiting, waiting_unknown)
    return stretches


def _give(
    stretches: list[tuple[int, int, list[str], bool]],
    plain: str,
    start: int,
    end: int,
    readings: list[str],
    unknown: bool,
) -> None:
    """Give readings to the letters and digits between two places, else to the word before."""
    letters = [index for index in range(start, end) if plain[index].isalnum()]
    if letters:
        stretches.append((letters[0], letters[-1] + 1, readings, unknown))
    elif stretches:
        stretches[-1][2].extend(readings)


def _say(written: str, readings: list[str], unknown: bool) -> tuple[str, str]:
    """Phonemes of a stretch and their accent."""
    letters = unicodedata.normalize("NFKC", written)
    if unknown and letters.isascii() and letters.isalpha() and len(letters) > 1:
        from likewise.text.phonemes import phonemise

        english = resolve("en-us")
        return " ".join(word.phonemes for word in phonemise(letters, english)), english.tag
    return kana_to_ipa("".join(readings)), ""


@cache
def _table() -> dict[str, str]:
    table = {}
    for consonant, row in _ROWS.items():
        for vowel, sign in zip(_VOWELS, row, strict=False):
            soft = "ʲ" if vowel == "i" and consonant in _PALATAL else ""
            table[sign] = consonant + soft + vowel
    table.pop(" ", None)
    return table | _EXCEPTIONS


def _mora(sign: str) -> str:
    return _table().get(sign, "")


def _joined(sign: str, small: str) -> str:
    """A kana with a small one after it: キ + ャ, フ + ァ."""
    whole, vowel = _mora(sign), _SMALL[small]
    if sign in _BEFORE_SMALL and not vowel.startswith("j"):
        soft = "ʲ" if vowel == "i" and sign in "フツヴ" else ""
        return _BEFORE_SMALL[sign] + soft + vowel
    consonant = whole.rstrip(_VOWELS + "ɨ")
    if vowel.startswith("j"):
        already_soft = consonant[-1:] in "ɕʥʨɲç"
        return consonant.rstrip("ʲ") + ("" if already_soft else "ʲ") + vowel[1:]
    if vowel == "i" and consonant in _PALATAL:
        return consonant + "ʲi"
    return consonant + vowel


def _nasal_before(mora: str) -> str:
    """The sound of ン before the next mora."""
    first = mora[:1]
    for place, sounds in (("m", "mpb"), ("ŋ", "kɡ"), ("ɲ", "ɲʨʥ"), ("n", "ntdɾzʣʦ")):
        if first and first in sounds:
            return place
    return "ɴ"
