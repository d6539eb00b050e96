"""A spoken word as a value: what is written, where, and the phonemes said for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A written word and how it is said.

    Attributes:
        start: Index of its first character in the text.
        end: Index after its last character.
        written: These characters, without the punctuation around them.
        phonemes: IPA, spaces between the words said for it ("$5" says two), a comma where a pause
            is heard between them. Stress marks stand before their vowel, parts of one phoneme are
            joined by U+0361.
        before: Opening quotes and brackets: `“ (`.
        after: Pauses, closing quotes and brackets that follow: `. , ; : ! ? … — ” )`.
        accent: Language tag whose phonemes these are, "" for the text's own; an English word
            inside Japanese is said in English.
    """

    start: int
    end: int
    written: str
    phonemes: str
    before: str = ""
    after: str = ""
    accent: str = ""
