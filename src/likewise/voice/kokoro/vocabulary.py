"""Kokoro's symbols: from phonemes of a text to the tokens that the model reads, back to IPA.

Kokoro was trained on the phonemes of `misaki`: diphthongs and affricates are one symbol each
(A = eɪ, I = aɪ, O = oʊ, Q = əʊ, W = aʊ, Y = ɔɪ, ʤ, ʧ), American English writes no length marks and
a flapped t is T, the other languages keep espeak-ng's IPA. The numbers are those of the published
vocabulary of Kokoro-82M v1.0; the model's table has 178 rows, of which these are used.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from likewise.text.espeak import TIE
from likewise.text.words import Word

IDS: dict[str, int] = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, '"': 11, "(": 12, ")": 13,
    "“": 14, "”": 15, " ": 16, "\u0303": 17, "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ᵝ": 22, "ꭧ": 23,
    "A": 24, "I": 25, "O": 31, "Q": 33, "S": 35, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "a": 43,
    "b": 44, "c": 45, "d": 46, "e": 47, "f": 48, "h": 50, "i": 51, "j": 52, "k": 53, "l": 54,
    "m": 55, "n": 56, "o": 57, "p": 58, "q": 59, "r": 60, "s": 61, "t": 62, "u": 63, "v": 64,
    "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75, "ɔ": 76,
    "ɕ": 77, "ç": 78, "ɖ": 80, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90,
    "ɡ": 92, "ɥ": 99, "ɨ": 101, "ɪ": 102, "ʝ": 103, "ɯ": 110, "ɰ": 111, "ŋ": 112, "ɳ": 113,
    "ɲ": 114, "ɴ": 115, "ø": 116, "ɸ": 118, "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ɻ": 126,
    "ʁ": 128, "ɽ": 129, "ʂ": 130, "ʃ": 131, "ʈ": 132, "ʧ": 133, "ʊ": 135, "ʋ": 136, "ʌ": 138,
    "ɣ": 139, "ɤ": 140, "χ": 142, "ʎ": 143, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157, "ː": 158,
    "ʰ": 162, "ʲ": 164, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip
"""Number of each symbol."""

_STRESS = "ˈˌ"
_AFTER = "ːʰʲᵝ\u0303↓→↗↘"  # belong to the phoneme before them
_TONES = str.maketrans("", "", "↓→↗↘")
_IPA = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "S": "s", "T": "ɾ",
    "ʤ": "dʒ", "ʧ": "tʃ", "ʣ": "dz", "ʦ": "ts", "ʥ": "dʑ", "ʨ": "tɕ", "ꭧ": "tʂ", "ᵊ": "ə",
    "ᵻ": "ɪ", "β": "w",
}  # fmt: skip

_ENGLISH = (
    ("ʔ?ˌ?n\u0329", "tᵊn"),
    (f"a{TIE}ɪ", "I"), (f"a{TIE}ʊ", "W"), (f"e{TIE}ɪ", "A"), (f"ɔ{TIE}ɪ", "Y"),
    (f"d{TIE}ʒ", "ʤ"), (f"t{TIE}ʃ", "ʧ"), (f"ə{TIE}l", "ᵊl"),
    ("ʲ(?=[oə])", "j"), ("ʲ", ""), ("ɚ", "əɹ"), ("r", "ɹ"), ("[xç]", "k"), ("ɬ", "l"),
    (r"^ɐ$", "\0"), ("ɐ", "ə"), ("\0", "ɐ"), ("\u0303", ""), (r"(.)\u0329", r"ᵊ\1"),
)  # fmt: skip
_AMERICAN = (
    (f"o{TIE}ʊ", "O"), (f"ɪ{TIE}?[əɹ]", "ɪɹ"), ("ɜːɹ?", "ɜɹ"), ("ː", ""), ("(?<![a-z])o", "ɔ"),
    ("e(?!\u0361)", "A"), (TIE, ""), ("ɾ", "T"), ("ʔ", "t"),
)  # fmt: skip
_BRITISH = (
    (f"e{TIE}ə", "ɛː"), (f"i{TIE}?ə", "ɪə"), (f"ə{TIE}ʊ", "Q"), ("e(?!\u0361)", "ɛ"), (TIE, ""),
    ("ʔ", "t"),
)  # fmt: skip
_OTHER = (
    (f"a{TIE}ɪ", "I"), (f"a{TIE}ʊ", "W"), (f"e{TIE}ɪ", "A"), (f"o{TIE}ʊ", "O"), (f"ə{TIE}ʊ", "Q"),
    (f"ɔ{TIE}ɪ", "Y"), (f"d{TIE}z", "ʣ"), (f"d{TIE}ʒ", "ʤ"), (f"s{TIE}s", "S"), (f"t{TIE}s", "ʦ"),
    (f"t{TIE}ʃ", "ʧ"), (TIE, ""), ("ʱ", "ʰ"), ("ɦ", "h"), ("[ɭɫ]", "l"), ("g", "ɡ"), ("ˑ", "ː"),
)  # fmt: skip
_JAPANESE = (("w", "β"),)
_RULES = {
    "en-us": (*_ENGLISH, *_AMERICAN),
    "en-gb": (*_ENGLISH, *_BRITISH),
    "ja": _JAPANESE,
    "zh": (),
}


@dataclass(frozen=True, slots=True)
class Phone:
    """One phoneme of the model's input.

    Attributes:
        ipa: Its IPA, a stress mark before, length after, without tone.
        word: Index of its word.
    """

    ipa: str
    word: int


@dataclass(frozen=True, slots=True)
class Encoding:
    """Tokens of a text and whose they are.

    Attributes:
        ids: Token numbers, without the zeros that the model wants around them.
        owners: For each token the index of its phone, -1 for spaces and punctuation.
        phones: The phonemes in order.
    """

    ids: tuple[int, ...]
    owners: tuple[int, ...]
    phones: tuple[Phone, ...]

    @property
    def padded(self) -> tuple[int, ...]:
        """The owners with the zeros around the tokens, as long as the model's durations."""
        return (-1, *self.owners, -1)


def to_symbols(phonemes: str, tag: str) -> str:
    """Kokoro's spelling of a word's phonemes.

    Args:
        phonemes: IPA of `likewise.text`, parts of one phoneme tied.
        tag: Language tag whose phonemes these are.

    Returns:
        Symbols of `IDS`; sounds that Kokoro doesn't know are left out.
    """
    for pattern, replacement in _RULES.get(tag, _OTHER):
        phonemes = re.sub(pattern, replacement, phonemes)
    return "".join(symbol for symbol in phonemes if symbol in IDS)


def encode(words: Sequence[Word], tag: str) -> Encoding:
    """Tokens of consecutive words of a sentence.

    Args:
        words: Words with phonemes.
        tag: Language tag of the sentence.
    """
    ids: list[int] = []
    owners: list[int] = []
    phones: list[Phone] = []

    def silent(symbols: str) -> None:
        ids.extend(IDS[symbol] for symbol in symbols)
        owners.extend([-1] * len(symbols))

    for index, word in enumerate(words):
        silent(word.before)
        in_word, stress = 0, ""
        for symbol in to_symbols(word.phonemes, word.accent or tag):
            if symbol in " ,":
                silent(symbol)
                continue
            if symbol in _AFTER and in_word:
                last = phones[-1]
                phones[-1] = Phone(last.ipa + symbol.translate(_TONES).replace("ᵝ", ""), index)
                owners.append(len(phones) - 1)
            elif symbol in _STRESS:
                owners.append(len(phones))  # the phoneme that follows
                stress = symbol
            else:
                phones.append(Phone(stress + _IPA.get(symbol, symbol), index))
                owners.append(len(phones) - 1)
                in_word, stress = in_word + 1, ""
            ids.append(IDS[symbol])
        while owners and owners[-1] >= len(phones):  # a stress mark with nothing after it
            owners.pop()
            ids.pop()
        silent(word.after + (" " if index + 1 < len(words) else ""))
    return Encoding(tuple(ids), tuple(owners), tuple(phones))
