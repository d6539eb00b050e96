"""One spelling for what a recogniser may write in either of two scripts.

Whisper writes Mandarin in simplified or traditional characters as it likes, and Hindi mostly in
Urdu's letters, since the two are one spoken language. The first is a matter of a dictionary. Urdu
leaves most vowels out, so there the consonants are what both spellings hold: `पुस्तकालय` and
`پستکالے` are `pstkl`.
"""

import unicodedata
from functools import cache
from typing import Any

from likewise.errors import MissingWeights

# Aspirates are the consonant and h, as Urdu writes them. Hindi seldom writes the dots under फ़, ज़
# and their like, so sounds that only those tell apart are one here. The glides y and v are left
# out, as Urdu writes vowels with the same letters.
_DEVANAGARI = {
    "क": "k", "ख": "kh", "ग": "g", "घ": "gh", "ङ": "n", "च": "c", "छ": "ch", "ज": "j", "झ": "jh",
    "ञ": "n", "ट": "ṭ", "ठ": "ṭh", "ड": "ḍ", "ढ": "ḍh", "ण": "n", "त": "t", "थ": "th", "द": "d",
    "ध": "dh", "न": "n", "प": "p", "फ": "ph", "ब": "b", "भ": "bh", "म": "m", "र": "r", "ल": "l",
    "श": "ś", "ष": "ś", "स": "s", "ह": "h", "ं": "n", "ँ": "n",
}  # fmt: skip
_URDU = {
    "ب": "b", "پ": "p", "ت": "t", "ط": "t", "ٹ": "ṭ", "ث": "s", "س": "s", "ص": "s", "ج": "j",
    "ذ": "j", "ز": "j", "ژ": "j", "ض": "j", "ظ": "j", "چ": "c", "ح": "h", "ہ": "h", "ه": "h",
    "ھ": "h", "ۃ": "h", "خ": "kh", "د": "d", "ڈ": "ḍ", "ر": "r", "ڑ": "ṛ", "ش": "ś", "غ": "g",
    "ف": "ph", "ق": "k", "ک": "k", "ك": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "ں": "n",
}  # fmt: skip
_NUKTA = "\u093c"
_FLAPS = {"ड" + _NUKTA: "ṛ", "ढ" + _NUKTA: "ṛh"}
_GY = "ज्ञ"  # said and, in Urdu, written gy
_LABIALS = "pb"


def simplified(text: str) -> str:
    """Mandarin in simplified characters; what is simplified already stays.

    Raises:
        MissingWeights: The extra `asr` is not installed.
    """
    return str(_converter().convert(text))


def in_urdu(text: str) -> bool:
    """Whether a text holds letters of Urdu's script."""
    return any(letter in _URDU for letter in text)


def consonants(text: str) -> str:
    """The consonants of each word of Hindi, or of Urdu; words without any are left out.

    Args:
        text: Words in Devanagari or in Urdu's letters, with spaces between; others stay as they
            are.
    """
    # Decomposed, a dot below is a letter of its own, however it was typed.
    words = (_skeleton(word) for word in unicodedata.normalize("NFKD", text).split())
    return " ".join(word for word in words if word)


def _skeleton(word: str) -> str:
    for written, sound in (*_FLAPS.items(), (_GY, "g"), (_NUKTA, "")):
        word = word.replace(written, sound)
    said = "".join(
        _DEVANAGARI.get(letter) or _URDU.get(letter) or ("" if _is_vowel(letter) else letter)
        for letter in word
    )
    for labial in _LABIALS:
        said = said.replace("n" + labial, "m" + labial)  # संबंध, سمبندھ
    return said


def _is_vowel(letter: str) -> bool:
    """A letter or mark of the two scripts that stands for no consonant."""
    return unicodedata.name(letter, "").startswith(("DEVANAGARI", "ARABIC"))


@cache
def _converter() -> Any:
    try:
        import opencc
    except ImportError as error:
        raise MissingWeights(
            "Comparing Chinese needs OpenCC. Install it with: pip install 'likewise[asr]'"
        ) from error
    return opencc.OpenCC("t2s")
