"""Read Mandarin: jieba finds words, pypinyin their readings, a table turns pinyin into IPA.

The tables follow the description of Standard Chinese in Duanmu, "The Phonology of Standard
Chinese" (2007), chapters 2 and 3: initials, finals with their glides, and the apical vowels of
zi / zhi, written ɨ here. Tones are the arrows → ↗ ↓ ↘ after the syllable, none for the neutral one.
"""

import re
from functools import cache
from typing import Any

from likewise.text.eastern import read_around
from likewise.text.japanese import with_punctuation
from likewise.text.languages import Language, resolve
from likewise.text.words import Word

_INITIALS = {
    "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ",
    "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "r": "ɻ",
    "z": "ʦ", "c": "ʦʰ", "s": "s",
}  # fmt: skip
_FINALS = {
    "a": "a", "ai": "ai", "an": "an", "ang": "aŋ", "ao": "au", "e": "ɤ", "ei": "ei", "en": "ən",
    "eng": "əŋ", "er": "ɚ", "i": "i", "ia": "ja", "ian": "jɛn", "iang": "jaŋ", "iao": "jau",
    "ie": "je", "in": "in", "iou": "jou", "ing": "iŋ", "iong": "jʊŋ", "ong": "ʊŋ", "ou": "ou",
    "u": "u", "uei": "wei", "ua": "wa", "uai": "wai", "uan": "wan", "uen": "wən", "uang": "waŋ",
    "ueng": "wəŋ", "uo": "wo", "o": "wo", "v": "y", "ve": "ɥe", "van": "ɥɛn", "vn": "yn",
    "io": "jɔ", "ê": "ɛ", "m": "m", "n": "n", "ng": "ŋ",
}  # fmt: skip
_APICAL = {"zh", "ch", "sh", "r", "z", "c", "s"}
_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
_DIGITS = "零一二三四五六七八九"
_HAN = r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002fa1f〇]"
_PIECE = re.compile(
    rf"(?P<han>{_HAN}+)|(?P<number>\d[\d,]*(?:\.\d+)?%?)|(?P<latin>[A-Za-zÀ-ɏ]+(?:['’-][A-Za-zÀ-ɏ]+)*)"
)


def words(text: str, language: Language) -> list[Word]:
    """The words of a Chinese sentence with their phonemes; Latin words are read as English."""
    return with_punctuation(text, read_around(text, language.tag, _words))


def _words(text: str) -> list[Word]:
    """The words of text without money, times and the like, their punctuation left out."""
    found: list[Word] = []
    for piece in _PIECE.finditer(text):
        written = piece.group()
        if piece["han"]:
            place = piece.start()
            for word in _segmenter().lcut(written):
                sounds = _syllables(word)
                if sounds:
                    found.append(Word(place, place + len(word), word, sounds))
                place += len(word)
        elif piece["number"]:
            sounds = _syllables(say_number(written, year=text[piece.end() :].startswith("年")))
            found.append(Word(piece.start(), piece.end(), written, sounds))
        else:
            from likewise.text.phonemes import phonemise

            english = resolve("en-us")
            said = " ".join(word.phonemes for word in phonemise(written, english))
            if said:
                found.append(Word(piece.start(), piece.end(), written, said, accent=english.tag))
    return found


def pinyin(text: str) -> list[str]:
    """The syllables of a text with their tones: `你好` -> `ni3 hao3`; the neutral tone is 5.

    Args:
        text: Chinese characters; what else it holds stays as it is.
    """
    from pypinyin import Style, lazy_pinyin

    words = _segmenter().lcut(text)
    return list(lazy_pinyin(words, style=Style.TONE3, neutral_tone_with_five=True))


def pinyin_to_ipa(syllable: str) -> str:
    """IPA of one syllable in strict pinyin with its tone number: `zhong1` -> `ꭧʊŋ→`.

    Raises:
        KeyError: Not a Mandarin syllable.
    """
    tone = syllable[-1] if syllable[-1:].isdecimal() else "5"
    plain = syllable.rstrip("012345")
    erhua = plain.endswith("r") and plain != "er"
    plain = plain[:-1] if erhua else plain
    initial = next((i for i in _INITIALS if plain.startswith(i) and plain not in _FINALS), "")
    final = plain[len(initial) :]
    sound = "ɨ" if final == "i" and initial in _APICAL else _FINALS[final]
    if initial in {"b", "p", "m", "f"} and final == "o":
        sound = "wo"
    elif not initial and final == "o":
        sound = "ɔ"
    return _INITIALS.get(initial, "") + sound + ("ɻ" if erhua else "") + _TONES[tone]


def say_number(number: str, *, year: bool = False) -> str:
    """A number in Chinese characters: `3,500.5` -> 三千五百点五, years digit by digit."""
    percent = number.endswith("%")
    whole, _, fraction = number.rstrip("%").replace(",", "").partition(".")
    by_digit = year or len(whole) > 16 or (len(whole) > 1 and whole[0] == "0")
    said = "".join(_DIGITS[int(d)] for d in whole) if by_digit else _say_whole(int(whole))
    if fraction:
        said += "点" + "".join(_DIGITS[int(digit)] for digit in fraction)
    return f"百分之{said}" if percent else said


def _say_whole(number: int) -> str:
    if number == 0:
        return "零"
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    said = ""
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if group == 0:
            said += "" if said.endswith("零") or not said else "零"
            continue
        if said and group < 1000 and not said.endswith("零"):
            said += "零"
        said += _say_group(group) + ("", "万", "亿", "万亿")[place]
    said = said.rstrip("零")
    return said[1:] if said.startswith("一十") else said


def _say_group(group: int) -> str:
    said, skipped = "", False
    for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = group // power % 10
        if digit:
            said += ("零" if skipped and said else "") + _DIGITS[digit] + name
            skipped = False
        else:
            skipped = True
    return said


@cache
def _segmenter() -> Any:
    """The word segmenter; its cache goes to our own folder, its messages nowhere."""
    import logging

    import jieba

    from likewise import home

    jieba.setLogLevel(logging.WARNING)
    segmenter = jieba.Tokenizer()
    segmenter.tmp_dir = str(home.cache_dir())
    return segmenter


def _syllables(word: str) -> str:
    from pypinyin import Style, lazy_pinyin

    readings = lazy_pinyin(word, style=Style.FINALS_TONE3, strict=True, neutral_tone_with_five=True)
    starts = lazy_pinyin(word, style=Style.INITIALS, strict=True)
    sounds = []
    for start, final in zip(starts, readings, strict=True):
        known = _known(start + final)
        if known:
            sounds.append(known)
    return "".join(sounds)


@cache
def _known(syllable: str) -> str:
    """IPA of a syllable, "" for a character that pypinyin can't read."""
    try:
        return pinyin_to_ipa(syllable) if syllable[-1:].isdecimal() else ""
    except KeyError:
        return ""
