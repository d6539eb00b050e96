"""A small part of SSML 1.1 (W3C 2010): what changes how a text is said.

    marked = parse('<speak>It is <say-as interpret-as="date">2026-11-22</say-as>.'
                   '<break time="500ms"/> <lang xml:lang="fr">À bientôt!</lang></speak>')

| element | attributes |
|---|---|
| `speak`, `p`, `s` | `xml:lang` |
| `break` | `time` (`500ms`, `1.5s`) or `strength` |
| `prosody` | `rate` (`slow`, `120%`), `pitch` (`high`, `+2st`, `-10%`), `volume` (`loud`, `+6dB`) |
| `say-as` | `interpret-as`: see `likewise.text.sayas`; `format` of a date |
| `sub` | `alias` |
| `phoneme` | `ph`, `alphabet="ipa"` |
| `lang` | `xml:lang` |

Anything else is an error that names its line, rather than something that silently isn't heard. The
parser knows neither DTDs nor entities but the five of XML, and holds text and depth within bounds.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final
from xml.parsers import expat  # no DTD, no entities: see `_Reader`

from likewise.errors import BadInput, Unsupported
from likewise.text import sayas
from likewise.text.languages import resolve
from likewise.text.markup import PITCH_LIMIT, Break, Manner, MarkedText, Stretch

MOST_BYTES: Final = 1_000_000
MOST_DEPTH: Final = 32
LONGEST_BREAK: Final = 20.0  # seconds

_LANG: Final = "xml:lang"
_ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    "speak": frozenset({_LANG, "version", "xmlns", "xmlns:xsi", "xsi:schemaLocation"}),
    "p": frozenset({_LANG}),
    "s": frozenset({_LANG}),
    "break": frozenset({"time", "strength"}),
    "prosody": frozenset({"rate", "pitch", "volume"}),
    "say-as": frozenset({"interpret-as", "format"}),
    "sub": frozenset({"alias"}),
    "phoneme": frozenset({"ph", "alphabet"}),
    "lang": frozenset({_LANG}),
}
_REPLACING: Final = ("say-as", "sub", "phoneme")
_STRENGTHS: Final = {
    "none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.2,
}  # fmt: skip
_RATES: Final = {
    "x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.3, "x-fast": 1.7,
}  # fmt: skip
_PITCHES: Final = {
    "x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0,
}  # fmt: skip
_VOLUMES: Final = {
    "silent": -60.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 4.0,
    "x-loud": 8.0,
}  # fmt: skip
_RATE_LIMITS: Final = (0.25, 4.0)
_LOUDEST: Final = 12.0  # dB
_WHOLE: Final = re.compile(r"\s*<(\?xml|!|speak[\s/>])")
_NUMBER: Final = r"[+-]?\d{1,4}(?:\.\d{1,4})?"


def is_ssml(text: str) -> bool:
    """Whether a text says that it is SSML."""
    return re.match(r"\s*(<\?xml[^>]{0,200}\?>\s*)?<speak[\s/>]", text) is not None


def parse(source: str) -> MarkedText:
    """Read SSML.

    Args:
        source: A document `<speak>...</speak>`, or what could stand inside one.

    Raises:
        BadInput: Not well-formed, an element or a value that isn't known, or beyond the bounds; the
            message names line and column.
        Unsupported: A language that isn't known.
    """
    if len(source.encode("utf-8", "replace")) > MOST_BYTES:
        raise BadInput(f"The SSML is longer than {MOST_BYTES} bytes. Speak it in parts.")
    return _Reader().read(source)


@dataclass(slots=True)
class _Open:
    """An element whose end has not come yet."""

    name: str
    start: int
    manner: Manner
    attributes: dict[str, str] = field(default_factory=dict)


class _Reader:
    """Collects text and marks while expat reads."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        # Text comes in one piece, so that spaces at its ends are seen once.
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._open: list[_Open] = []
        self._text = ""
        self._stretches: list[Stretch] = []
        self._breaks: list[Break] = []
        self._ends: list[int] = []
        self._language = ""
        self._columns_before = 0

    def read(self, source: str) -> MarkedText:
        if not _WHOLE.match(source):
            self._columns_before = len("<speak>")
            source = f"<speak>{source}</speak>"
        try:
            self._parser.Parse(source, True)
        except expat.ExpatError as error:
            raise BadInput(
                f"The SSML is not well-formed in {self._place(error.lineno, error.offset)}: "
                f"{expat.ErrorString(error.code)}. Write & as &amp; and < as &lt;."
            ) from error
        return MarkedText(
            self._text,
            tuple(self._stretches),
            tuple(self._breaks),
            tuple(self._ends),
            self._language,
        )

    def _place(self, line: int | None = None, column: int | None = None) -> str:
        line = self._parser.CurrentLineNumber if line is None else line
        column = self._parser.CurrentColumnNumber if column is None else column
        column -= self._columns_before if line == 1 else 0
        return f"line {line}, column {max(column, 0) + 1}"

    def _wrong(self, what: str) -> BadInput:
        return BadInput(f"SSML, {self._place()}: {what}")

    def _doctype(self, *_: Any) -> None:
        raise self._wrong("A DOCTYPE is not read. Leave it out; entities are not needed.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name not in _ATTRIBUTES:
            raise self._wrong(
                f"<{name}> is not supported. Supported are: {', '.join(_ATTRIBUTES)}."
            )
        unknown = sorted(set(attributes) - _ATTRIBUTES[name])
        if unknown:
            raise self._wrong(
                f"<{name}> has no attribute {unknown[0]!r}. It has: "
                f"{', '.join(sorted(_ATTRIBUTES[name]))}."
            )
        if (name == "speak") != (not self._open):
            raise self._wrong("<speak> is the one element around all others.")
        if len(self._open) >= MOST_DEPTH:
            raise self._wrong(f"The elements are nested more than {MOST_DEPTH} deep.")
        outer = self._open[-1] if self._open else None
        if outer is not None and outer.name in (*_REPLACING, "break"):
            raise self._wrong(f"<{outer.name}> holds text only, not <{name}>.")
        manner = outer.manner if outer is not None else Manner()
        if _LANG in attributes:
            tag = self._tag(attributes[_LANG])
            if name == "speak":
                self._language = tag
            else:
                manner = replace(manner, language=tag)
        elif name == "lang":
            raise self._wrong('<lang> needs xml:lang, such as <lang xml:lang="ja">.')
        if name == "prosody":
            manner = self._prosody(manner, attributes)
        if name == "break":
            self._breaks.append(Break(len(self._text), self._pause(attributes)))
        if name in ("p", "s"):
            self._end_sentence(paragraph=name == "p")
        self._open.append(_Open(name, len(self._text), manner, attributes))

    def _end(self, name: str) -> None:
        done = self._open.pop()
        if name in ("p", "s"):
            self._end_sentence(paragraph=name == "p")
        elif name in _REPLACING:
            self._replace(done)

    def _characters(self, data: str) -> None:
        if not self._open:
            return
        text = re.sub(r"\s+", " ", data)
        if not self._text or self._text[-1].isspace():
            text = text.lstrip()
        if not text:
            return
        start = len(self._text)
        self._text += text
        self._stretches.append(Stretch(start, len(self._text), self._open[-1].manner))

    def _replace(self, done: _Open) -> None:
        """What stands in the element is said otherwise."""
        written = self._text[done.start :]
        if not written.strip():
            raise self._wrong(f"<{done.name}> holds no text.")
        spoken, phonemes = "", ""
        language = resolve(done.manner.language or self._language or "en-us")
        if done.name == "sub":
            spoken = done.attributes.get("alias", "").strip()
            if not spoken:
                raise self._wrong('<sub> needs an alias: <sub alias="et cetera">etc.</sub>')
        elif done.name == "phoneme":
            phonemes = done.attributes.get("ph", "").strip()
            if done.attributes.get("alphabet", "ipa") != "ipa" or not phonemes:
                raise self._wrong('<phoneme> is written <phoneme alphabet="ipa" ph="təˈmɑːtəʊ">.')
        else:
            kind = done.attributes.get("interpret-as", "")
            try:
                spoken = sayas.say_as(
                    written.strip(), kind, language, done.attributes.get("format", "")
                )
            except BadInput as error:
                raise self._wrong(str(error)) from error
        start = done.start + len(written) - len(written.lstrip())
        end = done.start + len(written.rstrip())
        self._stretches = [s for s in self._stretches if s.end <= done.start]
        self._stretches.append(Stretch(start, end, done.manner, spoken, phonemes))
        for first, last in ((done.start, start), (end, len(self._text))):
            if last > first:
                self._stretches.append(Stretch(first, last, done.manner))
        self._stretches.sort(key=lambda stretch: stretch.start)

    def _end_sentence(self, *, paragraph: bool) -> None:
        plain = self._text.rstrip()
        if not plain:
            return
        if len(plain) not in self._ends[-1:]:
            self._ends.append(len(plain))
        gap = "\n\n" if paragraph else " "
        if not self._text.endswith((gap, "\n\n")):
            start = len(self._text)
            self._text += gap
            self._stretches.append(Stretch(start, len(self._text), Manner()))

    def _tag(self, name: str) -> str:
        try:
            return resolve(name).tag
        except Unsupported as error:
            raise Unsupported(f"SSML, {self._place()}: {error}") from error

    def _pause(self, attributes: dict[str, str]) -> float:
        if "time" not in attributes:
            strength = attributes.get("strength", "medium")
            if strength not in _STRENGTHS:
                raise self._wrong(
                    f"There is no strength {strength!r}. Choose from {', '.join(_STRENGTHS)}."
                )
            return _STRENGTHS[strength]
        match = re.fullmatch(r"\s*(\d{0,6}(?:\.\d{1,4})?)(ms|s)\s*", attributes["time"])
        if match is None or match[1] in ("", "."):
            raise self._wrong(f"{attributes['time']!r} is no time. Write 500ms or 1.5s.")
        seconds = float(match[1]) / (1000 if match[2] == "ms" else 1)
        if seconds > LONGEST_BREAK:
            raise self._wrong(f"A break is at most {LONGEST_BREAK:.0f} s long.")
        return seconds

    def _prosody(self, outer: Manner, attributes: dict[str, str]) -> Manner:
        if not attributes:
            raise self._wrong("<prosody> needs at least one of rate, pitch and volume.")
        rate, pitch, volume = outer.rate, outer.pitch, outer.volume
        if "rate" in attributes:
            rate *= self._rate(attributes["rate"].strip())
            slowest, fastest = _RATE_LIMITS
            if not slowest <= rate <= fastest:
                raise self._wrong(f"A rate of {rate:g} is out of range, {slowest} to {fastest}.")
        if "pitch" in attributes:
            pitch += self._pitch(attributes["pitch"].strip())
            if abs(pitch) > PITCH_LIMIT:
                raise self._wrong(f"{pitch:+g} semitones are more than {PITCH_LIMIT:g}, an octave.")
        if "volume" in attributes:
            volume += self._volume(attributes["volume"].strip())
            if volume > _LOUDEST:
                raise self._wrong(f"{volume:+g} dB are more than {_LOUDEST:g}.")
        return replace(outer, rate=rate, pitch=pitch, volume=volume)

    def _rate(self, value: str) -> float:
        if value in _RATES:
            return _RATES[value]
        match = re.fullmatch(rf"({_NUMBER})(%?)", value)
        number = float(match[1]) if match else 0.0
        if match and match[2]:
            number = (number + 100 if value[0] in "+-" else number) / 100
        if number <= 0:
            raise self._wrong(
                f"{value!r} is no rate. Write 120%, +20%, 1.2 or one of {', '.join(_RATES)}."
            )
        return number

    def _pitch(self, value: str) -> float:
        from math import log2

        if value in _PITCHES:
            return _PITCHES[value]
        match = re.fullmatch(rf"({_NUMBER})(st|%)", value)
        if match and match[2] == "st":
            return float(match[1])
        if match and value[0] in "+-" and float(match[1]) > -100:
            return 12 * log2(1 + float(match[1]) / 100)
        raise self._wrong(
            f"{value!r} is no pitch. Write +2st, -10% or one of {', '.join(_PITCHES)}."
        )

    def _volume(self, value: str) -> float:
        if value in _VOLUMES:
            return _VOLUMES[value]
        match = re.fullmatch(rf"({_NUMBER})dB", value)
        if match is None:
            raise self._wrong(
                f"{value!r} is no volume. Write -6dB or one of {', '.join(_VOLUMES)}."
            )
        return float(match[1])
