"""Long text in passages that the model says well at once: sentences, the longest of them cut."""

import re
from collections.abc import Iterator

from likewise.text.languages import resolve
from likewise.text.sentences import sentences
from likewise.voice.vallex.reading import is_tagged, tagged_parts

LIMITS = {"en": 150, "zh": 40, "ja": 50}
"""Characters of about ten seconds; with the prompt that stays below the 22 s of training."""

_CLAUSE = re.compile(r"[,;:—、，；：…]\s*")


def passages(text: str, language: str) -> Iterator[str]:
    """Passages in order, none without letters or digits; tags stay around each.

    Args:
        text: Any text, with language tags or without.
        language: One of `config.LANGUAGES`.
    """
    if is_tagged(text):
        for tongue, part in tagged_parts(text):
            tag = f"[{tongue.upper()}]"
            for piece in _pieces(part, tongue):
                yield f"{tag}{piece}{tag}"
    else:
        yield from _pieces(text, language)


def _pieces(text: str, language: str) -> Iterator[str]:
    limit = LIMITS[language]
    for start, end in sentences(text, resolve(language)):
        rest = " ".join(text[start:end].split())
        while rest:
            cut = len(rest) if len(rest) <= limit else _cut(rest, limit)
            piece, rest = rest[:cut].strip(), rest[cut:].strip()
            if any(sign.isalnum() for sign in piece):
                yield piece


def _cut(sentence: str, limit: int) -> int:
    """Where to cut: after a clause in the second half, else at a space, else anywhere."""
    clauses = [match.end() for match in _CLAUSE.finditer(sentence, 0, limit)]
    if clauses and clauses[-1] >= limit // 2:
        return clauses[-1]
    space = sentence.rfind(" ", 1, limit)
    return space if space > 0 else limit
