"""Japanese as VALL-E X's symbols: Open JTalk's phones with the rise and fall of the pitch accent.

Each accent phrase rises after its first mora (↑) and falls after its accented one (↓); `_` stands
between phrases. `*` marks a devoiced vowel, `#` a held stop, `^` a palatal n.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from likewise.errors import MissingWeights
from likewise.voice.vallex.punctuation import marks

_SPOKEN = re.compile(r"[A-Za-z\d々〇ぁ-ヿ㐀-鿿１-９Ａ-Ｚａ-ｚｦ-ﾝ]+")
_LONGEST = 300  # characters read at once; the reader works in fixed buffers
_LABEL = re.compile(r"-(?P<phone>[^+]*)\+.*/A:(?P<a1>-?\d+|xx)\+(?P<a2>\d+|xx)\+(?P<a3>\d+|xx)/")
_SILENCE = {"sil", "pau"}

# Open JTalk's name of a phone, and the symbols for it before a vowel i or another one.
_PHONES = {
    "ch": "tʃ", "sh": "ʃ", "cl": "Q", "j": "dʑ", "y": "j", "f": "ɸ", "r": "ɾ", "u": "ɯ",
    "I": "i*", "U": "ɯ*", "ny": "n^", "hy": "ç",
}  # fmt: skip
_HELD = {**dict.fromkeys("kg", "k#"), **dict.fromkeys("tdjc", "t#"), "s": "s",
         **dict.fromkeys("pb", "p#")}  # fmt: skip
_NASAL = {**dict.fromkeys("pbm", "m"), **dict.fromkeys("tdn", "n"), **dict.fromkeys("kg", "ŋ"),
          "ch": "n^", "j": "n^"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone and its place in the accent phrase.

    Attributes:
        name: Open JTalk's name.
        from_accent: Moras from the accented one.
        mora: Place of its mora in the phrase, from 1.
        to_end: Moras to the end of the phrase, from 1.
    """

    name: str
    from_accent: int
    mora: int
    to_end: int

    @classmethod
    def parse(cls, label: str) -> Self | None:
        """The phone of a full-context label, None for silence."""
        match = _LABEL.search(label)
        if match is None or match["phone"] in _SILENCE or match["a2"] == "xx":
            return None
        return cls(match["phone"], int(match["a1"]), int(match["a2"]), int(match["a3"]))


def read(text: str) -> str:
    """Symbols of a Japanese text; accent phrases joined by `_`.

    Raises:
        MissingWeights: pyopenjtalk-plus is not installed.
    """
    said = ""
    for spoken, after in _pieces(text.replace("％", "パーセント").replace("%", "パーセント")):
        if spoken:
            said += ("_" if said else "") + phrases(_phones(spoken))
        said += marks(after) if said else ""
    return said


def phrases(phones: Sequence[Phone | None]) -> str:
    """Symbols of phones; None stands for a silence between them."""
    said = ""
    for place, phone in enumerate(phones):
        following = phones[place + 1] if place + 1 < len(phones) else None
        if phone is None:
            continue
        said += _symbols(phone, following)
        next_mora = following.mora if following else -1
        if phone.to_end == 1 and next_mora == 1:
            said += "_"
        elif phone.from_accent == 0 and next_mora == phone.mora + 1:
            said += "↓"
        elif phone.mora == 1 and next_mora == 2:
            said += "↑"
    return said


def _symbols(phone: Phone, following: Phone | None) -> str:
    """Symbols of a phone, which may take after the next one."""
    name, after = phone.name, following.name if following else ""
    if name == "cl":
        same_phrase = not (phone.to_end == 1 and following is not None and following.mora == 1)
        first = "s" if after == "sh" else after[:1]
        return _HELD.get(first, "Q") if same_phrase else "Q"
    if name == "N":
        same_phrase = not (phone.to_end == 1 and following is not None and following.mora == 1)
        key = after if after in _NASAL else after[:1] if after not in {"ch", "ts"} else "t"
        return _NASAL.get(key, "N") if same_phrase else "N"
    if name in {"n", "h"} and after in {"i", "I"}:
        return {"n": "n^", "h": "ç"}[name] if after == "i" else name
    if name in _PHONES:
        return _PHONES[name]
    # ky, gy, by, ... are one phone there and two symbols here.
    if len(name) == 2 and name.endswith("y"):
        return _PHONES.get(name[0], name[0]) + "j"
    return name


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Stretches of speech, each with the signs that follow it."""
    place = 0
    for match in _SPOKEN.finditer(text):
        if match.start() > place:
            yield "", text[place : match.start()]
        spoken = match.group()
        for start in range(0, len(spoken), _LONGEST):
            yield spoken[start : start + _LONGEST], ""
        place = match.end()
    yield "", text[place:]


def _phones(text: str) -> list[Phone | None]:
    try:
        import pyopenjtalk
    except ImportError as error:
        raise MissingWeights(
            "Japanese readings need pyopenjtalk-plus, which is not installed. Install it with: "
            "pip install pyopenjtalk-plus"
        ) from error
    return [Phone.parse(label) for label in pyopenjtalk.extract_fullcontext(text)]
