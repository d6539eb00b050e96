"""Text to words with phonemes, through one of several readers.

    words = phonemise("The boy rose.", resolve("en-us"))
    [(word.written, word.phonemes, word.after) for word in words]
    # [('The', 'ðə', ''), ('boy', 'bˈɔ͡ɪ', ''), ('rose', 'ɹˈo͡ʊz', '.')]

Readers are kept in a registry by name; `Language.backend` names the one it uses, and another can
be put in its place with `register`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from likewise.text.alignment import split_by_word
from likewise.text.espeak import espeak
from likewise.text.languages import Language
from likewise.text.normalise import PAUSES, Token, tokens
from likewise.text.words import Word

Reader = Callable[[str, Language], list[Word]]
"""Reads a sentence: its words in order, with phonemes and the characters they stand for."""

_LONGEST_CLAUSE = 40  # spoken words; espeak-ng's own limit is 300


def phonemise(text: str, language: Language) -> list[Word]:
    """The words of a text and how they are said.

    Args:
        text: A sentence, or any text whose phonemes are wanted at once.
        language: Its language.

    Returns:
        Words in order, without those that say nothing (emoji, stray signs).

    Raises:
        MissingWeights: The reader of this language is not installed.
    """
    return _READERS[language.backend](text, language)


def register(name: str, reader: Reader) -> None:
    """Use `reader` for every language whose `backend` is `name`."""
    _READERS[name] = reader


def read_with_espeak(text: str, language: Language) -> list[Word]:
    """Normalise, then let espeak-ng read clause by clause."""
    words: list[Word] = []
    for clause in _clauses(tokens(text, language)):
        spoken = [word for token in clause for word in token.spoken]
        groups = espeak().phonemes(" ".join(spoken), language.espeak)
        if len(groups) == len(spoken):
            said = groups
        else:
            said = split_by_word(groups, [_alone(word, language.espeak) for word in spoken])
        place = 0
        for token in clause:
            phonemes = " ".join(filter(None, said[place : place + len(token.spoken)]))
            place += len(token.spoken)
            words.append(
                Word(token.start, token.end, token.written, phonemes, token.before, token.after)
            )
    return words


def _read_japanese(text: str, language: Language) -> list[Word]:
    from likewise.text import japanese

    return japanese.words(text, language)


def _read_chinese(text: str, language: Language) -> list[Word]:
    from likewise.text import chinese

    return chinese.words(text, language)


_READERS: dict[str, Reader] = {
    "espeak": read_with_espeak,
    "japanese": _read_japanese,
    "chinese": _read_chinese,
}


def _clauses(stream: Iterable[Token]) -> Iterator[list[Token]]:
    clause: list[Token] = []
    length = 0
    for token in stream:
        clause.append(token)
        length += len(token.spoken)
        if any(sign in PAUSES for sign in token.after) or length >= _LONGEST_CLAUSE:
            yield clause
            clause, length = [], 0
    if clause:
        yield clause


@lru_cache(maxsize=4096)
def _alone(word: str, voice: str) -> str:
    return "".join(espeak().phonemes(word, voice))
