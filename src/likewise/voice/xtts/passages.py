"""Long text in passages that the model can say at once: whole sentences up to its limit.

passages("One. Two. Three.", "en", limit=10)      # ["One. Two.", "Three."]
"""

import re

from likewise.voice.xtts.normalise import abbreviations

LIMITS = {
    "en": 250, "de": 253, "fr": 273, "es": 239, "it": 213, "pt": 203, "pl": 224, "zh-cn": 82,
    "ar": 166, "cs": 186, "ru": 182, "nl": 251, "tr": 226, "ja": 71, "hu": 224, "ko": 95, "hi": 150,
}  # fmt: skip
"""Characters that XTTS says well at once, by language; longer text loses words."""

_END = re.compile(r"[.!?…。！？।]+[\"'”’»」』）)\]]*")
_CLAUSE = re.compile(r"[,;:—،؛，、；：]\s*")
_UNSPACED = {"zh-cn", "ja"}


def passages(text: str, language: str, limit: int = 0) -> list[str]:
    """Sentences packed up to the limit; a longer sentence is cut after a clause, else at a space.

    Args:
        text: Any text; paragraphs (an empty line between) are never joined.
        language: One of `normalise.LANGUAGES`.
        limit: Most characters; 0 takes the language's.

    Returns:
        Passages in order, none empty; their words are the text's words.
    """
    limit = limit or LIMITS[language]
    joint = "" if language in _UNSPACED else " "
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        waiting = ""
        for sentence in _sentences(paragraph, language):
            for piece in _fitting(sentence, limit, language):
                joined = f"{waiting}{joint}{piece}" if waiting else piece
                if len(joined) <= limit:
                    waiting = joined
                else:
                    found.append(waiting)
                    waiting = piece
        if waiting:
            found.append(waiting)
    return found


def halves(passage: str) -> tuple[str, str]:
    """A passage cut near its middle, at a space where there is one."""
    middle = len(passage) // 2
    spaces = [match.start() for match in re.finditer(r"\s", passage.strip())]
    cut = min(spaces, key=lambda place: abs(place - middle)) if spaces else middle
    return passage[:cut].strip(), passage[cut:].strip()


def _sentences(text: str, language: str) -> list[str]:
    text = re.sub(r"\s+", " ", text).strip()
    found, start = [], 0
    for match in _END.finditer(text):
        end = match.end()
        if _ends(text, match, language):
            found.append(text[start:end].strip())
            start = end
    return [piece for piece in (*found, text[start:].strip()) if piece]


def _ends(text: str, match: re.Match[str], language: str) -> bool:
    end = match.end()
    if match.group()[0] != ".":
        return True
    if end < len(text) and not text[end].isspace():
        return False
    word = re.search(r"[^\s(\[\"“«]*$", text[: match.start()])
    before = word.group().lower() if word else ""
    single = len(before) == 1 and before.isalpha()
    return not (single or before in abbreviations(language) or text[end:].lstrip()[:1].islower())


def _fitting(sentence: str, limit: int, language: str) -> list[str]:
    pieces = []
    while len(sentence) > limit:
        cut = _cut(sentence, limit, language)
        pieces.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
    return [*pieces, sentence]


def _cut(sentence: str, limit: int, language: str) -> int:
    """Where to cut a sentence that is too long: at most `limit` characters before it."""
    clauses = [match.end() for match in _CLAUSE.finditer(sentence, 0, limit + 1)]
    fitting = [end for end in clauses if limit // 2 <= len(sentence[:end].rstrip()) <= limit]
    if fitting:
        return fitting[-1]
    space = sentence.rfind(" ", 0, limit + 1)
    if space > 0:
        return space
    if language in _UNSPACED:
        return limit
    following = sentence.find(" ", limit)  # one endless word; cutting it would make it two
    return following if 0 < following <= 4 * limit else min(len(sentence), 4 * limit)
