"""Mandarin as VALL-E X's symbols: pinyin syllable by syllable, the tone as an arrow behind it.

jieba finds words, pypinyin their readings (`likewise.text.chinese`). The table follows the bopomofo
of a syllable: ⁼ marks the plain and ʰ the aspirated stops, ` the retroflex sounds.
"""

from likewise.text import chinese
from likewise.text.languages import resolve
from likewise.voice.vallex.punctuation import marks

_INITIALS = {
    "b": "p⁼", "p": "pʰ", "m": "m", "f": "f", "d": "t⁼", "t": "tʰ", "n": "n", "l": "l",
    "g": "k⁼", "k": "kʰ", "h": "x", "j": "tʃ⁼", "q": "tʃʰ", "x": "ʃ", "zh": "ts`⁼", "ch": "ts`ʰ",
    "sh": "s`", "r": "ɹ`", "z": "ts⁼", "c": "tsʰ", "s": "s", "": "",
}  # fmt: skip
_FINALS = {
    "a": "a", "o": "o", "e": "ə", "ê": "ɛ", "ai": "aɪ", "ei": "eɪ", "ao": "ɑʊ", "ou": "oʊ",
    "an": "an", "en": "ən", "ang": "ɑŋ", "eng": "əŋ", "er": "əɹ`", "i": "i", "ia": "ja",
    "ie": "iɛ", "iao": "iɑʊ", "iou": "joʊ", "ian": "jɛn", "in": "in", "iang": "iɑŋ", "ing": "iŋ",
    "iong": "jʊŋ", "io": "jo", "u": "u", "ua": "wa", "uo": "wo", "uai": "waɪ", "uei": "weɪ",
    "uan": "wan", "uen": "wən", "uang": "uɑŋ", "ueng": "ʊŋ", "ong": "ʊŋ", "v": "ɥ", "ve": "ɥɛ",
    "van": "ɥæn", "vn": "ɥn", "m": "m", "n": "n", "ng": "ŋ",
}  # fmt: skip
_TONES = {"1": "→", "2": "↑", "3": "↓↑", "4": "↓", "5": ""}
_LIPS = {"b", "p", "m", "f"}
_RETROFLEX, _DENTAL = {"zh", "ch", "sh", "r"}, {"z", "c", "s"}


def read(text: str) -> str:
    """Symbols of a Chinese text without Latin words; words joined by `_`."""
    words = []
    for word in chinese.words(text, resolve("zh")):
        written = word.written
        if written[:1].isdecimal():
            year = text[word.end : word.end + 1] == "年"
            written = chinese.say_number(written, year=year)
        said = _word(written)
        if said:
            words.append(said + marks(word.after))
    return "_".join(words)


def syllable(initial: str, final: str) -> str:
    """Symbols of a syllable in strict pinyin: `zh`, `ong1` -> ts`⁼ʊŋ→.

    Raises:
        KeyError: Not a Mandarin syllable.
    """
    vowel, tone = final.rstrip("12345"), final[-1]
    if vowel == "i" and initial in _RETROFLEX:
        sound = "ɹ`"
    elif vowel == "i" and initial in _DENTAL:
        sound = "ɹ"
    elif vowel == "o" and initial in _LIPS:
        sound = "wo"
    else:
        sound = _FINALS[vowel]
    return _INITIALS[initial] + sound + _TONES[tone]


def _word(written: str) -> str:
    from pypinyin import Style, lazy_pinyin

    finals = lazy_pinyin(
        written, style=Style.FINALS_TONE3, strict=True, neutral_tone_with_five=True
    )
    initials = lazy_pinyin(written, style=Style.INITIALS, strict=True)
    said = []
    for initial, final in zip(initials, finals, strict=True):
        erhua = final[-2:-1] == "r" and final[:-1] != "er"
        plain = final[:-2] + final[-1] if erhua else final
        try:
            said.append(syllable(initial, plain) + ("əɹ`" if erhua else ""))
        except (KeyError, IndexError):
            continue  # a sign that pypinyin passes through: nothing is said for it
    return "".join(said)
