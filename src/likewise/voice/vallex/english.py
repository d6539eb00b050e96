"""English as VALL-E X's symbols: the sounds of an American dictionary, stress before syllables.

The model learnt from a pronouncing dictionary. espeak-ng is closer to speech than that: it marks
flaps, glottal stops, syllabic consonants and long vowels, which the dictionary does not have, so
they are said in its way here. Words of one syllable carry no stress.
"""

import re

from likewise.text.espeak import TIE
from likewise.text.languages import resolve
from likewise.text.phonemes import phonemise
from likewise.voice.vallex.punctuation import marks

_VOWELS = "aæeɛəiɪoɔɑuʊ"
_DIPHTHONG_ENDS = {"aɪ", "aʊ", "eɪ", "oʊ", "ɔɪ"}

# What espeak-ng writes and what the dictionary writes; longer ones first.
_SOUNDS = (
    ("ɜːɹ", "əɹ"), ("ɜː", "əɹ"), ("ɚ", "əɹ"), ("ɑːɹ", "ɑɹ"), ("oːɹ", "ɔɹ"), ("ɔːɹ", "ɔɹ"),
    ("n̩", "ən"), ("l̩", "əl"), ("m̩", "əm"), ("ᵻ", "ɪ"), ("ɐ", "ə"), ("ʌ", "ə"),
    ("ɒ", "ɑ"), ("ɡ", "g"), ("ɾ", "t"), ("ʔ", "t"), ("ɬ", "l"), ("ɲ", "n"), ("x", "k"),
    ("r", "ɹ"), ("ɹɹ", "ɹ"), ("ː", ""), ("̃", ""), ("ʲ", ""), ("̩", ""), (TIE, ""),
)  # fmt: skip
_LONE = (("a", "æ"), ("e", "ɛ"), ("o", "ɔ"))  # a vowel that no diphthong follows from

_BEGINNINGS = (
    "b d f g h j k l m n p s t v w z ð ɹ ʃ ʒ θ tʃ dʒ bl bɹ bj dɹ dw dj fl fɹ fj gl gɹ gw gj hw hj "
    "kl kɹ kw kj lj mj nj pl pɹ pj pw sf sk sl sm sn sp st sw sj ʃɹ tɹ tw tj θɹ θw vj vɹ zj skɹ "
    "skw skl skj spl spɹ spj stɹ stj"
)
_ONSETS = frozenset(_BEGINNINGS.split())
_SYLLABLE = re.compile(rf"[{_VOWELS}]+")


def read(text: str) -> str:
    """Symbols of an English text, words joined by `_`, without an end mark of its own."""
    words = []
    for word in phonemise(text, resolve("en-us")):
        said = [sounds(part) for part in word.phonemes.split()]
        whole = "_".join(part for part in said if part)
        if whole:
            words.append(whole + marks(word.after))
    return "_".join(words)


def sounds(phonemes: str) -> str:
    """Symbols of one word from espeak-ng's phonemes: `həlˈo͡ʊ` -> `həˈloʊ`."""
    for old, new in _SOUNDS:
        phonemes = phonemes.replace(old, new)
    for lone, full in _LONE:
        ends = "".join(pair[1] for pair in _DIPHTHONG_ENDS if pair[0] == lone)
        pattern = f"{lone}(?![{ends}])" if ends else lone
        phonemes = re.sub(pattern, full, phonemes)
    return _dark(_stressed(phonemes))


def _stressed(word: str) -> str:
    """Stress marks moved from vowels to the beginning of their syllables."""
    plain = re.sub("[ˈˌ]", "", word)
    syllables = _nuclei(plain)
    if len(syllables) < 2:
        return plain
    found = []
    place = 0
    for sign in word:
        if sign in "ˈˌ":
            found.append((place, sign))
        else:
            place += 1
    for at, mark in reversed(found):
        start = _onset(plain, at)
        plain = plain[:start] + mark + plain[start:]
    return plain


def _nuclei(plain: str) -> list[int]:
    """Where the vowels of syllables begin; a diphthong is one."""
    starts, place = [], 0
    while place < len(plain):
        if plain[place] in _VOWELS:
            starts.append(place)
            place += 2 if plain[place : place + 2] in _DIPHTHONG_ENDS else 1
        else:
            place += 1
    return starts


def _onset(plain: str, vowel: int) -> int:
    """Where the syllable of the vowel at `vowel` begins: the longest beginning English has."""
    start = vowel
    while start > 0 and plain[start - 1 : vowel] in _ONSETS:
        start -= 1
    # tʃ and dʒ are two signs, of which the second alone is a beginning, too.
    while start > 1 and plain[start - 2 : vowel] in _ONSETS:
        start -= 2
    return start


def _dark(word: str) -> str:
    """An l after the last vowel of a word is dark."""
    last = max((match.end() for match in _SYLLABLE.finditer(word)), default=len(word))
    return word[:last] + word[last:].replace("l", "ɫ")
