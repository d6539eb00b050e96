"""Read marked text: words with phonemes, each stretch in its own language and as it is meant.

    words = read(marked, resolve("en-us"))

Words of another language carry it as their `accent`, as an English word inside Japanese does. What
is said in place of something written is one word over all of it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from likewise.text.espeak import TIE
from likewise.text.languages import Language, resolve
from likewise.text.markup import MarkedText, Stretch
from likewise.text.normalise import PAUSES, heard_sign
from likewise.text.phonemes import phonemise
from likewise.text.words import Word

_MOST_SIGNS = 3
_TIED = re.compile("|".join((
    "aɪ", "aʊ", "eɪ", "ɔɪ", "oʊ", "əʊ", "dʒ", "tʃ", "dʑ", "tɕ", "ts(?!ʰ)", "dz",
)))  # fmt: skip
_VOWEL = r"[aeiouyæɑɐɒɔəɚɛɜɝɞɘɤɨɪɯɵøœɶʉʊʌᵻ]"
_STRESS_BEFORE_SYLLABLE = re.compile(rf"([ˈˌ])((?:(?!{_VOWEL})[^\sˈˌ])*)(?={_VOWEL})")
_NOT_SOUNDS = re.compile(r"[./\[\]()‿|]")


def read(marked: MarkedText, language: Language) -> list[Word]:
    """The words of a marked sentence.

    Args:
        marked: A sentence.
        language: Its language where no mark names another.

    Raises:
        MissingWeights: The reader of a language is not installed.
    """
    words: list[Word] = []
    for stretch in _runs(marked.stretches):
        tag = stretch.manner.language or language.tag
        accent = tag if tag != language.tag else ""
        text = marked.text[stretch.start : stretch.end]
        if stretch.replaces:
            found = [_replaced(stretch, text, resolve(tag), accent)]
        else:
            if words:
                words[-1] = _with_leading_signs(words[-1], text)
            found = [
                replace(
                    word,
                    start=word.start + stretch.start,
                    end=word.end + stretch.start,
                    accent=word.accent or accent,
                )
                for word in phonemise(text, resolve(tag))
            ]
        words += found
    return words


def tied(ipa: str) -> str:
    """IPA as people write it, in the spelling of `Word.phonemes`.

    The parts of a diphthong or affricate are joined by a tie, and stress marks go from before the
    syllable to before its vowel.
    """
    plain = _NOT_SOUNDS.sub("", ipa.replace("'", "ˈ").replace("g", "ɡ"))
    plain = _STRESS_BEFORE_SYLLABLE.sub(r"\2\1", plain)
    if TIE in plain:
        return plain
    return _TIED.sub(lambda match: match.group()[0] + TIE + match.group()[1:], plain)


def _runs(stretches: tuple[Stretch, ...]) -> Iterator[Stretch]:
    """Stretches with neighbours put together that are read alike: pitch changes no phoneme."""
    held: Stretch | None = None
    for stretch in stretches:
        alike = (
            held is not None
            and not held.replaces
            and not stretch.replaces
            and held.manner.language == stretch.manner.language
        )
        if held is not None and alike:
            held = replace(held, end=stretch.end)
            continue
        if held is not None:
            yield held
        held = stretch
    if held is not None:
        yield held


def _replaced(stretch: Stretch, text: str, language: Language, accent: str) -> Word:
    if stretch.phonemes:
        return Word(stretch.start, stretch.end, text, tied(stretch.phonemes), accent=accent)
    said = phonemise(stretch.spoken, language)
    phonemes = " ".join(
        word.phonemes + ("," if any(sign in PAUSES for sign in word.after) else "") for word in said
    ).rstrip(",")
    return Word(stretch.start, stretch.end, text, phonemes, accent=accent)


def _with_leading_signs(word: Word, text: str) -> Word:
    """A word with the punctuation that follows it in the next stretch."""
    after = word.after
    for place, character in enumerate(text):
        sign = heard_sign(text, place)
        if not sign and not character.isspace():
            break
        if sign in PAUSES and after and after[-1] in PAUSES:
            continue
        after += sign
    return replace(word, after=after[:_MOST_SIGNS])
