"""A script for several speakers: plain text, `NAME: what they say`, with or without a cast.

    ---
    Anna: {voice: af_heart, face: 1, mood: happy}
    Bob: {voice: bob.wav, face: 2, consent: own}
    Rex: {voice: am_puck, points: rex.points.json}
    ---
    # a comment
    Anna: Good evening, Bob. Isn't it a
          lovely frame?
    Bob: It is a little tight.

What stands between the first two `---` is YAML (so JSON as well) and casts the speakers; each needs
a voice there or by `cast_by`. A line without a name goes on with what was being said.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from likewise.errors import BadInput
from likewise.files import Source, open_source, source_name
from likewise.studio.choosing import VoiceLike

_MAX_BYTES: Final = 4_000_000
_LINE: Final = re.compile(r"^([^\s:：#][^:：]{0,39}?)\s*[:：]\s*(.*)$")
_MOST_WORDS: Final = 3  # in a name; more before a colon is a sentence
_HOW: Final = "Write each as NAME: what they say."


@dataclass(frozen=True, slots=True)
class Line:
    """What one speaker says before another one does."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Role:
    """Who speaks.

    Attributes:
        voice: A saved or stock voice's name, a sound file, a recording, or a voice.
        face: Which face of the picture, counted from 1, the largest; 0 is a voice off, None takes
            the next face that nobody has.
        consent: Whose voice a recording is, as in `talk`.
        language: Language tag; "" takes the voice's own.
        mood: What the face wears, "" for the one of all.
        points: The file of ten points of a face that isn't found by itself, an animal's or a
            drawing's, which then needs no number; `auto` takes a doubtful find as it is.
    """

    voice: VoiceLike
    face: int | None = None
    consent: str = ""
    language: str = ""
    mood: str = ""
    points: str = ""

    @property
    def placed(self) -> bool:
        """Whether its face is where its points are, and not one of those that are found."""
        return self.points not in ("", "auto")


@dataclass(frozen=True, slots=True)
class Script:
    """Who says what.

    Attributes:
        lines: In order; two of one speaker never follow each other.
        cast: Roles by name, as the script itself names them; possibly of others than speak.
    """

    lines: tuple[Line, ...]
    cast: Mapping[str, Role]

    @property
    def names(self) -> tuple[str, ...]:
        """The speakers in the order in which they begin."""
        return tuple(dict.fromkeys(line.name for line in self.lines))


def read_script(source: Source) -> Script:
    """Read a script.

    Args:
        source: A file (UTF-8), or `-` for standard input.

    Raises:
        BadInput: Not text, nobody says anything, or a damaged cast.
    """
    name = source_name(source)
    with open_source(source) as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise BadInput(f"{name} is longer than any script: {_MAX_BYTES / 1e6:g} MB at most.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"The script {name} is not UTF-8 text ({error}). Save it as such."
        ) from error
    return parse_script(text, name=name)


def parse_script(text: str, *, name: str = "The script") -> Script:
    """A script from its text; `name` is what messages call it.

    Raises:
        BadInput: Nobody says anything, or a damaged cast.
    """
    rows = text.splitlines()
    header, first = "", 0
    if rows and rows[0].strip() == "---":
        closing = next((n for n, row in enumerate(rows[1:], 1) if row.strip() == "---"), None)
        if closing is None:
            raise BadInput(f"{name}: the cast that begins with --- doesn't end with another one.")
        header, first = "\n".join(rows[1:closing]), closing + 1
    said: list[tuple[str, list[str]]] = []
    for number, row in enumerate(rows[first:], first + 1):
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        found = None if row[0].isspace() else _LINE.match(row.strip())
        if found and len(found[1].split()) <= _MOST_WORDS:
            if not said or said[-1][0] != found[1]:
                said.append((found[1], []))
            said[-1][1].append(found[2])
        elif said:
            said[-1][1].append(row.strip())
        else:
            raise BadInput(f"{name}, line {number}: nobody says {row.strip()[:60]!r}. {_HOW}")
    lines = tuple(Line(who, " ".join(filter(None, parts))) for who, parts in said)
    if not lines:
        raise BadInput(f"{name} holds no lines. {_HOW}")
    silent = next((line.name for line in lines if not line.text), None)
    if silent is not None:
        raise BadInput(f"{name}: {silent} says nothing after the colon. {_HOW}")
    return Script(lines, _cast(header, name))


def cast_by(settings: Iterable[str]) -> dict[str, Role]:
    """Roles as the command line gives them: `NAME=VOICE` or `NAME=VOICE@FACE` each.

    Raises:
        BadInput: A text that casts nobody.
    """
    roles: dict[str, Role] = {}
    for setting in settings:
        name, _, voice = setting.partition("=")
        voice, at, face = voice.rpartition("@") if re.search(r"@\d+$", voice) else (voice, "", "")
        if not name.strip() or not voice.strip():
            raise BadInput(
                f"{setting!r} casts nobody; write NAME=VOICE, or NAME=VOICE@FACE with faces "
                "counted from 1, the largest: Anna=af_heart@1"
            )
        roles[name.strip()] = Role(voice.strip(), face=int(face) if at else None)
    return roles


def points_by(settings: str) -> dict[str, str]:
    """Points of faces as the command line gives them: `NAME=FILE,NAME=FILE`.

    Raises:
        BadInput: A text that names nobody.
    """
    placed: dict[str, str] = {}
    for setting in filter(None, settings.split(",")):
        name, _, path = (part.strip() for part in setting.partition("="))
        if not name or not path:
            raise BadInput(
                f"{setting!r} says of nobody where their face is; beside --script write "
                "NAME=FILE, or several with commas: --points Rex=rex.json,Tom=tom.json"
            )
        placed[name] = path
    return placed


def _cast(header: str, name: str) -> dict[str, Role]:
    if not header.strip():
        return {}
    import yaml

    try:
        found = yaml.safe_load(header)
        return {str(who): _role(fields) for who, fields in found.items()}
    except (yaml.YAMLError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            f"{name}: its cast can't be read ({error}). Write a line for each speaker, such as "
            "Anna: {voice: af_heart, face: 1}"
        ) from error


def _role(fields: Any) -> Role:
    """A role from YAML: a mapping, or the voice alone.

    Raises:
        TypeError: A field that a role doesn't have, or one of another type.
    """
    if isinstance(fields, str):
        return Role(fields)
    role = Role(**fields)
    texts = (role.voice, role.consent, role.language, role.mood, role.points)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("voice, consent, language, mood and points are text")
    if role.face is not None and (isinstance(role.face, bool) or not isinstance(role.face, int)):
        raise TypeError("face is a whole number")
    return role
