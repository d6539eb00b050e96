"""The file that a memory is kept in: SQLite, of one schema, changed as a whole or not at all.

A change is one with its `writing`:

    with store.writing():
        store.base.execute("DELETE FROM entry WHERE thing = ?", (number,))
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from likewise.errors import BadInput, OutputFailed

_SCHEMA = 1
_WAIT_SECONDS = 20.0  # for another process that is writing

_TABLES = """
CREATE TABLE IF NOT EXISTS thing (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    encoder TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    learned TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS one_name ON thing (kind, encoder, name) WHERE name <> '';
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    thing INTEGER NOT NULL REFERENCES thing (id),
    embedding BLOB NOT NULL,
    example BLOB,
    media_type TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS of_thing ON entry (thing);
CREATE TABLE IF NOT EXISTS regrouping (number INTEGER NOT NULL);
INSERT INTO regrouping SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM regrouping);
"""


class Store:
    """An open file; several processes may use one at once.

    Attributes:
        path: Where it is.
        base: The connection; what changes goes through `writing`.
    """

    def __init__(self, path: Path) -> None:
        """Open or create.

        Raises:
            BadInput: The file is something else or of a newer Likewise.
            OutputFailed: It can't be created.
        """
        self.path = path
        try:
            self.base = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        except sqlite3.OperationalError as error:
            raise OutputFailed(
                f"Can't open the memory {self.path}: {error}. Choose a writable folder."
            ) from error
        try:
            self.base.execute("PRAGMA journal_mode = WAL")
            self.base.execute("PRAGMA synchronous = NORMAL")  # WAL stays whole with it
            self.base.execute("PRAGMA secure_delete = ON")
            self.base.execute("PRAGMA foreign_keys = ON")
            (schema,) = self.base.execute("PRAGMA user_version").fetchone()
            if schema > _SCHEMA:
                raise BadInput(
                    f"{self.path} was written by a newer Likewise (schema {schema}, this one reads "
                    f"up to {_SCHEMA}). Update with: pip install -U likewise"
                )
            if schema < _SCHEMA:
                self.base.executescript(
                    f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_SCHEMA}; COMMIT;"
                )
        except BadInput:
            self.base.close()
            raise
        except sqlite3.DatabaseError as error:
            self.base.close()
            raise BadInput(f"{self.path} can't be used as a memory: {error}.") from error

    def close(self) -> None:
        """Let go of the file."""
        self.base.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Several questions about one state of the file."""
        self.base.execute("BEGIN")
        try:
            yield
        finally:
            self.base.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One change that happens as a whole or not at all, waiting for other writers.

        Raises:
            OutputFailed: Another program kept the file busy.
        """
        try:
            self.base.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OutputFailed(
                f"Can't write to the memory {self.path}: {error}. Nothing was changed."
            ) from error
        try:
            yield
            self.base.execute("COMMIT")
        except BaseException:
            self.base.execute("ROLLBACK")
            raise

    def compact(self) -> None:
        """Write the file anew without what was deleted, and empty the write-ahead log.

        Raises:
            OutputFailed: Another program is using the file just now.
        """
        try:
            self.base.execute("VACUUM")
            (busy, _, _) = self.base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            raise OutputFailed(
                f"{self.path} can't be written anew: {error}. Close other programs that use it and "
                "compact it again."
            ) from error
        if busy:
            raise OutputFailed(
                f"Another program is reading {self.path}, so its log can't be emptied. Close it "
                "and compact again."
            )
