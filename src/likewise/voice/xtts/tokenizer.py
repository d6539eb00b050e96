"""Text as token ids: a BPE vocabulary in which each language has a tag of its own.

    tokenizer = XttsTokenizer.load(Path("vocab.json"))
    tokenizer.encode("Hello there.", "en")      # [259, ...]: the tag [en], then the words

The released vocabulary comes with the weights and under their licence; `XttsTokenizer.letters`
makes a small one for tests and for models with random weights.
"""

import string
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from likewise.errors import BadInput, MissingWeights
from likewise.voice.xtts.normalise import LANGUAGES, spoken

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SPACE, _UNKNOWN = "[SPACE]", "[UNK]"


class XttsTokenizer:
    """A vocabulary and the normalisation in front of it."""

    def __init__(self, vocabulary: "Tokenizer", origin: str) -> None:
        missing = [
            token
            for token in (_SPACE, _UNKNOWN, "[START]", "[STOP]", "[en]")
            if vocabulary.token_to_id(token) is None
        ]
        if missing:
            raise BadInput(
                f"{origin} is not a vocabulary of XTTS: it lacks {', '.join(missing)}. Use the "
                "vocab.json that belongs to the checkpoint."
            )
        self._vocabulary = vocabulary

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a `vocab.json`.

        Raises:
            BadInput: Not such a file, or not of XTTS.
            MissingWeights: The package tokenizers is not installed.
        """
        tokenizer = _tokenizers()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{path} can't be read as a vocabulary: {error}.") from error
        try:
            vocabulary = tokenizer.from_str(text)
        except Exception as error:  # tokenizers raises bare Exception, and nothing else
            raise BadInput(f"{path} can't be read as a vocabulary: {error}.") from error
        return cls(vocabulary, str(path))

    @classmethod
    def letters(cls) -> Self:
        """A vocabulary of single letters and signs in the same layout, below 300 ids."""
        tokenizer = _tokenizers()
        from tokenizers import models, pre_tokenizers

        signs = string.ascii_lowercase + string.digits + ".,!?;:'-()áéíóúäöüßñçèêàâôûşğıåæøœ"
        special = {"[STOP]": 0, _UNKNOWN: 1, _SPACE: 2, "[en]": 259, "[START]": 261}
        tags = [f"[{tag}]" for tag in LANGUAGES if tag != "en"]
        special |= {tag: 262 + index for index, tag in enumerate(tags)}
        vocabulary = special | {sign: 3 + index for index, sign in enumerate(signs)}
        made = tokenizer(models.BPE(vocabulary, [], unk_token=_UNKNOWN))
        made.pre_tokenizer = pre_tokenizers.Whitespace()
        made.add_special_tokens(list(special))
        return cls(made, "letters")

    @property
    def size(self) -> int:
        """Ids it may answer: one more than the highest."""
        return max(self._vocabulary.get_vocab().values()) + 1

    @property
    def unknown(self) -> int:
        """The id of signs that the vocabulary doesn't have."""
        return int(self._vocabulary.token_to_id(_UNKNOWN) or 0)

    @property
    def languages(self) -> Sequence[str]:
        """The languages that this vocabulary has a tag for."""
        return [tag for tag in LANGUAGES if self._vocabulary.token_to_id(f"[{tag}]") is not None]

    def encode(self, text: str, language: str) -> list[int]:
        """Ids of a text, its language's tag first, without start and stop.

        Args:
            text: As the user wrote it.
            language: One of `languages`.
        """
        return self.encode_spoken(spoken(text, language), language)

    def encode_spoken(self, normalised: str, language: str) -> list[int]:
        """Ids of text that is normalised already."""
        tagged = f"[{language}]{normalised}".replace(" ", _SPACE)
        ids: list[int] = self._vocabulary.encode(tagged).ids
        return ids


def _tokenizers() -> "type[Tokenizer]":
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingWeights(
            "XTTS needs the package tokenizers. Install it with: pip install 'likewise[torch]'"
        ) from error
    return Tokenizer
