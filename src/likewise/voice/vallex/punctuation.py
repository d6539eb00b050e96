"""Punctuation that VALL-E X has symbols for."""

_MARKS = {
    **{sign: sign for sign in ",.!?-…~"},
    "、": ",", "，": ",", "；": ",", "：": ",", ";": ",", ":": ",", "。": ".", "！": "!", "？": "?",
    "—": "-", "–": "-", "～": "~",
}  # fmt: skip
ENDS = ".,!?-…~"
"""A text that ends with none of these gets a full stop."""


def marks(signs: str) -> str:
    """The symbols of punctuation, other signs left out; three points are one."""
    return "".join(_MARKS.get(sign, "") for sign in signs.replace("...", "…"))
