# ruff: noqa: SIM905 - the rows of an alphabet read better as text
"""Chinese, Japanese and Korean in Latin letters, as XTTS learnt to read them."""

import re
import unicodedata
from itertools import product

_HANGUL_ONSETS = "g kk n d tt l m b pp s ss _ j jj ch k t p h".replace("_", "").split(" ")
_HANGUL_VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split(" ")
_HANGUL_CODAS = (
    "_ g kk gs n nj nh d l lg lm lb ls lt lp lh m b bs s ss ng j ch k t p h"
).replace("_", "").split(" ")  # fmt: skip
_FIRST_SYLLABLE, _SYLLABLES = 0xAC00, 11172


def _ambiguous() -> set[tuple[str, str]]:
    """Pairs of a coda and an onset that, joined, could be cut elsewhere."""
    joined: dict[str, set[tuple[str, str]]] = {}
    for coda, onset in product(_HANGUL_CODAS, filter(None, _HANGUL_ONSETS)):
        joined.setdefault(coda + onset, set()).add((coda, onset))
    return set().union(*(pairs for pairs in joined.values() if len(pairs) > 1))


_AMBIGUOUS = _ambiguous()


def korean(text: str) -> str:
    """Hangul letter by letter (Revised Romanisation, transliteration of section 3.8).

    A hyphen stands before a vowel inside a word, and wherever syllables could be cut otherwise.
    """
    written: list[str] = []
    coda_before: str | None = None
    for sign in unicodedata.normalize("NFC", text):
        number = ord(sign) - _FIRST_SYLLABLE
        if not 0 <= number < _SYLLABLES:
            written.append(sign)
            coda_before = None
            continue
        rest, coda_index = divmod(number, len(_HANGUL_CODAS))
        onset_index, vowel_index = divmod(rest, len(_HANGUL_VOWELS))
        onset, coda = _HANGUL_ONSETS[onset_index], _HANGUL_CODAS[coda_index]
        if coda_before is not None and (not onset or (coda_before, onset) in _AMBIGUOUS):
            written.append("-")
        written.append(onset + _HANGUL_VOWELS[vowel_index] + coda)
        coda_before = coda
    return "".join(written)


_CHINESE_SIGNS = str.maketrans(
    {**dict.fromkeys("，。！；：、…—", ","), "？": "?", "（": "(", "）": ")"}
)


def chinese(text: str) -> str:
    """Pinyin with tone numbers, syllables joined: `你好` -> `ni3hao3`."""
    from pypinyin import Style, lazy_pinyin

    readings: list[str] = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True)
    return "".join(readings).translate(_CHINESE_SIGNS)


_KANA = {
    "ア": "a", "イ": "i", "ウ": "u", "エ": "e", "オ": "o", "ヴ": "vu", "ン": "n", "ヲ": "o",
    "シ": "shi", "チ": "chi", "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji", "ヅ": "zu",
    "ヰ": "i", "ヱ": "e",
}  # fmt: skip
_ROWS = {
    "k": "カキクケコ", "g": "ガギグゲゴ", "s": "サ スセソ", "z": "ザ ズゼゾ", "t": "タ  テト",
    "d": "ダ  デド", "n": "ナニヌネノ", "h": "ハヒ ヘホ", "b": "バビブベボ", "p": "パピプペポ",
    "m": "マミムメモ", "y": "ヤ ユ ヨ", "r": "ラリルレロ", "w": "ワ   ",
}  # fmt: skip
for _consonant, _row in _ROWS.items():
    _KANA.update({s: _consonant + v for s, v in zip(_row, "aiueo", strict=False) if s != " "})
_SMALL_KANA = dict(
    zip("ァィゥェォャュョヮ", ("a", "i", "u", "e", "o", "ya", "yu", "yo", "wa"), strict=True)
)
_JAPANESE_SIGNS = str.maketrans("、。！？・「」『』（）", ",.!? ''''()")
# Names whose Latin form is fixed, without the long vowels of their reading.
_KNOWN_NAMES = {
    "東京": "tokyo", "大阪": "osaka", "京都": "kyoto", "神戸": "kobe", "九州": "kyushu",
    "北海道": "hokkaido", "本州": "honshu", "広島": "hiroshima",
}  # fmt: skip
_PARTICLES = {"は": "wa", "へ": "e", "を": "o"}


def japanese(text: str) -> str:
    """Hepburn romaji with spaces between words, numbers read: `3時に` -> `san ji ni`.

    Raises:
        MissingWeights: pyopenjtalk-plus is not installed.
    """
    from likewise.errors import MissingWeights

    try:
        import pyopenjtalk
    except ImportError as error:
        raise MissingWeights(
            "Japanese readings need pyopenjtalk-plus: pip install pyopenjtalk-plus"
        ) from error
    out = ""
    before = ""
    plain = unicodedata.normalize("NFKC", text)
    for node in pyopenjtalk.run_frontend(plain, use_sudachi_kanji_yomi=False):
        written, kind = unicodedata.normalize("NFKC", node["string"]), node["pos"]
        if kind == "記号":
            out = out.rstrip() + node["string"].translate(_JAPANESE_SIGNS) + " "
        else:
            said = _japanese_word(written, node["read"], kind)
            if _attached(kind, node["pos_group1"], before):
                out = out.rstrip()
            out += said + " "
        before = kind
    # The reader turns full stops into commas.
    out = re.sub(r"\s+", " ", out).strip()
    return out[:-1] + "." if out.endswith(",") and plain.rstrip()[-1:] in ".。" else out


def kana_to_romaji(kana: str) -> str:
    """Hepburn of katakana as spelled: `キョウ` -> `kyou`, `ガッコウ` -> `gakkou`."""
    out = ""
    doubled = False
    for sign in kana:
        if sign == "ッ":
            doubled = True
            continue
        if sign == "ー":
            out += out[-1:]
            continue
        if sign in _SMALL_KANA:
            out = _with_small(out, _SMALL_KANA[sign])
            continue
        said = _KANA.get(sign, "")
        if doubled and said:
            said = ("t" if said.startswith("ch") else said[0]) + said
        doubled = False
        out += said
    return out


def _with_small(out: str, small: str) -> str:
    """`ki` + `ya` -> `kya`, `shi` + `ya` -> `sha`, `fu` + `a` -> `fa`, `te` + `i` -> `ti`."""
    stem = out[:-1]
    if small.startswith("y"):
        return stem + (small[1:] if stem.endswith(("sh", "ch", "j")) else small)
    return stem + small


def _japanese_word(written: str, reading: str, kind: str) -> str:
    if written in _KNOWN_NAMES:
        return _KNOWN_NAMES[written]
    if written.isascii() and written.isalpha():
        return written.lower()
    if kind == "助詞" and written in _PARTICLES:
        return _PARTICLES[written]
    if written == "こんにちは":
        return "konnichiwa"
    return kana_to_romaji(reading.replace("’", "")) or written.lower()


def _attached(kind: str, group: str, before: str) -> bool:
    """Whether a word is written onto the one before: endings of verbs and adjectives."""
    inflected = {"動詞", "助動詞", "形容詞"}
    return before in inflected and (kind == "助動詞" or (kind == "助詞" and group == "接続助詞"))
