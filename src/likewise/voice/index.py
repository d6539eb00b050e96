"""An index of the saved voices: what can be listed and sought without opening every file.

The files are the truth; the index is made from them, follows them when they change, and may be
deleted. Its second use is its lock: whoever changes the library holds it, so that two processes
never take one name.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likewise.errors import BadInput, OutputFailed
from likewise.values import Consent, Voice

SUFFIX = ".safetensors"
TAGS = "tags"  # in the facts of a voice, so that they travel with its file

_NAME = "index.sqlite3"
_SCHEMA = 1
_WAIT = 60.0  # seconds for another process
_COLUMNS = "name, size, changed, engine, language, sha256, seconds, consent, tags, damaged"


@dataclass(frozen=True, slots=True)
class VoiceEntry:
    """What is known about a saved voice.

    Attributes:
        name: Name in the library.
        engine: Engine it belongs to, "" when damaged.
        language: Language tag of the reference, "" when unknown.
        reference_sha256: Hash of the recording it was taken from.
        seconds: Length of the recording that is kept with it, 0 for none.
        consent: On what ground it was copied; None when that was not recorded.
        tags: The user's own words for it, in alphabetical order.
        damaged: Why its file can't be read, "" when it can.
    """

    name: str
    engine: str
    language: str
    reference_sha256: str
    seconds: float
    consent: Consent | None
    tags: tuple[str, ...]
    damaged: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.name,
            "engine": self.engine,
            "language": self.language,
            "reference_sha256": self.reference_sha256,
            "seconds": round(self.seconds, 2),
            "consent": None if self.consent is None else self.consent.as_record(),
            "tags": list(self.tags),
            "damaged": self.damaged,
        }


class Index:
    """The index of one folder of voices."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / _NAME

    @contextmanager
    def changing(self) -> Iterator["Index"]:
        """Hold the library alone; another process waits, up to a minute.

        Raises:
            OutputFailed: The folder can't be written, or another process holds it for too long.
        """
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield self
            finally:
                self._follow(connection)
                connection.execute("COMMIT")

    def entries(self) -> tuple[VoiceEntry, ...]:
        """All voices by name, as their files are now; read one by one where there is no index."""
        try:
            with self._open() as connection:
                if self._states() != _known(connection):
                    connection.execute("BEGIN IMMEDIATE")
                    self._follow(connection)
                    connection.execute("COMMIT")
                rows = connection.execute(f"SELECT {_COLUMNS} FROM voices").fetchall()  # noqa: S608 - constants
        except OutputFailed:  # a folder that may only be read
            rows = [(path.stem, 0, 0, *_facts(path)) for path in self._folder.glob(f"*{SUFFIX}")]
        return tuple(sorted(map(_entry, rows), key=lambda entry: entry.name))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._connected()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise self._failed(error) from error
            self._path.unlink(missing_ok=True)  # damaged: it is made again from the files
            connection = self._connected()
        with closing(connection):
            try:
                yield connection
            except sqlite3.Error as error:
                raise self._failed(error) from error

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = OFF")  # what a power cut breaks is made again
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != _SCHEMA:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DROP TABLE IF EXISTS voices")
                connection.execute(f"CREATE TABLE voices ({_COLUMNS}, PRIMARY KEY (name))")
                connection.execute(f"PRAGMA user_version = {_SCHEMA}")
                connection.execute("COMMIT")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _follow(self, connection: sqlite3.Connection) -> None:
        """Bring the index to what the files are."""
        known = _known(connection)
        states = self._states()
        for name, state in states.items():
            if known.get(name) != state:
                facts = _facts(self._folder / f"{name}{SUFFIX}")
                connection.execute(
                    f"REPLACE INTO voices ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constants
                    (name, *state, *facts),
                )
        gone = [(name,) for name in known.keys() - states.keys()]
        connection.executemany("DELETE FROM voices WHERE name = ?", gone)

    def _states(self) -> dict[str, tuple[int, int]]:
        """Size and time of change of every file; those deleted this moment are left out."""
        states = {}
        for path in self._folder.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):
                state = path.stat()
                states[path.stem] = (state.st_size, state.st_mtime_ns)
        return states

    def _failed(self, error: sqlite3.Error) -> OutputFailed:
        return OutputFailed(
            f"The voice library {self._folder} can't be changed ({error}). Is the folder writable, "
            "and does another process hold it?"
        )


def _known(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    rows = connection.execute("SELECT name, size, changed FROM voices")
    return {name: (size, changed) for name, size, changed in rows}


def _facts(path: Path) -> tuple[str, str, str, float, str, str, str]:
    try:
        voice = Voice.load(path)
        Consent.from_record(voice.consent)
    except (BadInput, TypeError) as error:
        return "", "", "", 0.0, "{}", "[]", str(error)
    return (
        voice.engine,
        voice.language,
        voice.reference_sha256,
        voice.reference.seconds if voice.reference is not None else 0.0,
        json.dumps(dict(voice.consent), ensure_ascii=False),
        json.dumps(list(voice.facts.get(TAGS, ())), ensure_ascii=False),
        "",
    )


def _entry(row: tuple[Any, ...]) -> VoiceEntry:
    name, _, _, engine, language, sha256, seconds, consent, tags, damaged = row
    return VoiceEntry(
        name=name,
        engine=engine,
        language=language,
        reference_sha256=sha256,
        seconds=seconds,
        consent=Consent.from_record(json.loads(consent)),
        tags=tuple(json.loads(tags)),
        damaged=damaged,
    )
