"""What was new is remembered: embeddings with an example, named later, found again, forgotten.

One SQLite file in the user's data folder (`likewise.home.memory_dir`). A *thing* is what was
learned, with or without a name yet; it has one or more *entries*, each an embedding and perhaps an
example to show (a thumbnail, two seconds of sound). Embeddings of different models never meet:
each belongs to a `Space`.

    with Memory() as memory:
        thing = memory.add(space, embedding, example=example.of_picture(picture))
        memory.rename(thing, "fox")
        memory.nearest(space, another)[0].name        # "fox"
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from likewise import home
from likewise.errors import BadInput, OutputFailed
from likewise.explain.example import Example
from likewise.explain.likeness import Known, Likeness

_SCHEMA = 1
_WAIT_SECONDS = 20.0  # for another process that is writing
_LARGEST_EXAMPLE = 2_000_000  # bytes
_CHUNK = 8192  # rows compared at once: keeps the float32 copy small
_FAST_BYTES = 256_000_000  # up to so much a space is held as float32, twice as large, 15x as fast
_ALL = 256  # up to so many entries, likeness looks at all of them

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


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """Where embeddings can be compared.

    Attributes:
        kind: `voice`, `picture`, `face` or another word.
        encoder: Model and version that made them.
        centre: Embedding (D,) of an average thing, None for zero.
    """

    kind: str
    encoder: str
    centre: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """Something learned.

    Attributes:
        id: Number that never changes or returns.
        kind: Kind of its space.
        encoder: Encoder of its space.
        name: Given name, "" while it has none.
        learned: When, UTC, ISO 8601.
        entries: How many embeddings it has.
    """

    id: int
    kind: str
    encoder: str
    name: str
    learned: str
    entries: int

    @property
    def label(self) -> str:
        """The name, or a stand-in: `unnamed 7`."""
        return self.name or f"unnamed {self.id}"

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"label": self.label}


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry found near an embedding.

    Attributes:
        thing: Number of its thing.
        entry: Number of the entry.
        name: Label of the thing.
        cosine: -1..1.
    """

    thing: int
    entry: int
    name: str
    cosine: float


@dataclass(frozen=True, slots=True, eq=False)
class _Matrix:
    """All directions of one space, as last read from the file."""

    regrouping: int
    entries: NDArray[np.int64]
    things: NDArray[np.int64]
    blocks: tuple[NDArray[np.float16 | np.float32], ...]  # directions, up to _CHUNK rows each


class Memory:
    """What was learned; a context manager. Several processes may use one file at once."""

    def __init__(self, path: Path | str | None = None) -> None:
        """Open or create.

        Args:
            path: The file; None takes the user's own.

        Raises:
            BadInput: The file is something else or of a newer Likewise.
            OutputFailed: It can't be created.
        """
        self.path = Path(path) if path is not None else home.memory_dir() / "memory.sqlite"
        self._matrices: dict[tuple[str, str], _Matrix] = {}
        try:
            self._base = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        except sqlite3.OperationalError as error:
            raise OutputFailed(
                f"Can't open the memory {self.path}: {error}. Choose a writable folder."
            ) from error
        try:
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = NORMAL")  # WAL stays whole with it
            self._base.execute("PRAGMA secure_delete = ON")
            self._base.execute("PRAGMA foreign_keys = ON")
            (schema,) = self._base.execute("PRAGMA user_version").fetchone()
            if schema > _SCHEMA:
                raise BadInput(
                    f"{self.path} was written by a newer Likewise (schema {schema}, this one reads "
                    f"up to {_SCHEMA}). Update with: pip install -U likewise"
                )
            if schema < _SCHEMA:
                self._base.executescript(
                    f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_SCHEMA}; COMMIT;"
                )
        except BadInput:
            self._base.close()
            raise
        except sqlite3.DatabaseError as error:
            self._base.close()
            raise BadInput(f"{self.path} can't be used as a memory: {error}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def add(
        self,
        space: Space,
        embedding: NDArray[Any],
        *,
        name: str = "",
        thing: int | None = None,
        example: Example | None = None,
    ) -> int:
        """Remember an embedding.

        Args:
            space: What it can be compared with.
            embedding: (D,), the encoder's own numbers, not centred.
            name: Name of the thing; an existing thing of this name gets another entry.
            thing: A thing that gets another entry, instead of a name.
            example: Something to show for it.

        Returns:
            Number of the thing.

        Raises:
            BadInput: No numbers, another length than the space's, an unknown thing, or an example
                that is too large.
        """
        return self.add_many(
            space, np.asarray(embedding)[None], name=name, thing=thing, examples=[example]
        )

    def add_many(
        self,
        space: Space,
        embeddings: NDArray[Any],
        *,
        name: str = "",
        thing: int | None = None,
        examples: list[Example | None] | None = None,
    ) -> int:
        """Remember several embeddings (N, D) of one thing at once; see `add`."""
        rows = np.asarray(embeddings, np.float32)
        if rows.ndim != 2 or not len(rows) or not np.isfinite(rows).all():
            raise BadInput("An embedding has to be a row of finite numbers.")
        if np.abs(rows).max() > 6e4:
            raise BadInput("An embedding holds numbers that are too large to be remembered.")
        shown = examples or [None] * len(rows)
        if any(item is not None and len(item.data) > _LARGEST_EXAMPLE for item in shown):
            raise BadInput(f"An example may have up to {_LARGEST_EXAMPLE // 1000} kB.")
        with self._writing():
            self._check_length(space, rows.shape[1])
            number = self._thing(space, name, thing)
            self._base.executemany(
                "INSERT INTO entry (thing, embedding, example, media_type) VALUES (?, ?, ?, ?)",
                [
                    (
                        number,
                        row.astype("<f2").tobytes(),
                        item.data if item else None,
                        item.media_type if item else "",
                    )
                    for row, item in zip(rows, shown, strict=True)
                ],
            )
        return number

    def things(self, kind: str = "") -> list[Thing]:
        """Everything learned, or everything of one kind, oldest first."""
        rows = self._base.execute(
            "SELECT thing.id, kind, encoder, name, learned, count(entry.id) FROM thing "
            "LEFT JOIN entry ON entry.thing = thing.id WHERE ? IN ('', kind) "
            "GROUP BY thing.id ORDER BY thing.id",
            (kind,),
        )
        return [Thing(*row) for row in rows]

    def thing(self, number: int) -> Thing:
        """One thing.

        Raises:
            BadInput: No such thing.
        """
        for found in self.things():
            if found.id == number:
                return found
        raise BadInput(f"The memory holds no thing number {number}.")

    def examples(self, number: int, limit: int = 8) -> list[Example]:
        """What can be shown for a thing, oldest first."""
        rows = self._base.execute(
            "SELECT example, media_type FROM entry WHERE thing = ? AND example IS NOT NULL "
            "ORDER BY id LIMIT ?",
            (number, limit),
        )
        return [Example(data, media_type) for data, media_type in rows]

    def nearest(self, space: Space, embedding: NDArray[Any], *, count: int = 5) -> list[Neighbour]:
        """The entries most like an embedding (D,), the most similar first.

        Raises:
            BadInput: No numbers, or another length than the space's.
        """
        matrix = self._matrix(space)
        if not len(matrix.entries):
            return []
        unknown = _directions(space, np.asarray(embedding, np.float32)[None])[0]
        length = matrix.blocks[0].shape[1]
        if len(unknown) != length:
            raise BadInput(
                f"An embedding of {len(unknown)} numbers can't be compared with remembered ones of "
                f"{length}; they come from different models."
            )
        cosines = np.concatenate(
            [block.astype(np.float32, copy=False) @ unknown for block in matrix.blocks]
        )
        best = np.argpartition(-cosines, min(count, len(cosines)) - 1)[:count]
        best = best[np.lexsort((matrix.entries[best], -cosines[best]))]
        labels = self._labels(matrix.things[best])
        return [
            Neighbour(thing, int(matrix.entries[row]), labels[thing], float(cosines[row]))
            for row in best
            if (thing := int(matrix.things[row])) in labels  # not forgotten meanwhile
        ]

    def known(
        self, space: Space, near: NDArray[Any], *, things: int = 8, examples: int = 40
    ) -> Known:
        """What an embedding can be compared with in detail.

        Args:
            space: Where to look.
            near: Embedding (D,); of a large memory only the things nearest to it take part.
            things: How many things of a large memory.
            examples: How many entries of each, the latest ones.
        """
        matrix = self._matrix(space)
        if len(matrix.entries) <= _ALL:
            chosen = list(dict.fromkeys(matrix.things.tolist()))
        else:
            found = self.nearest(space, near, count=8 * things)
            chosen = list(dict.fromkeys(item.thing for item in found))[:things]
        labels = self._labels(np.array(chosen, np.int64))
        rows = {
            labels[number]: self._embeddings(number, examples)
            for number in chosen
            if number in labels
        }
        return Known(rows, centre=space.centre)

    def likeness(
        self, space: Space, embedding: NDArray[Any], *, error_rate: float = 0.1
    ) -> Likeness:
        """What an embedding (D,) is like among what is remembered; see `Known.compare`."""
        return self.known(space, embedding).compare(embedding, error_rate=error_rate)

    def rename(self, number: int, name: str) -> None:
        """Give a thing a name, or another one.

        Raises:
            BadInput: No such thing, an empty name, or a name that another thing of its space has.
        """
        if not name.strip():
            raise BadInput("A name needs at least one letter.")
        self.thing(number)
        try:
            with self._writing():
                self._base.execute("UPDATE thing SET name = ? WHERE id = ?", (name.strip(), number))
        except sqlite3.IntegrityError as error:
            raise BadInput(
                f"Another thing is already called {name.strip()!r}. Merge the two instead."
            ) from error

    def merge(self, source: int, target: int) -> None:
        """Make two things one: `source`'s entries go to `target`, which keeps its name if it has.

        Raises:
            BadInput: No such thing, the same thing twice, or things of different spaces.
        """
        one, other = self.thing(source), self.thing(target)
        if source == target or (one.kind, one.encoder) != (other.kind, other.encoder):
            raise BadInput(f"{one.label} and {other.label} can't be merged: not two of one kind.")
        with self._writing():
            self._base.execute("UPDATE entry SET thing = ? WHERE thing = ?", (target, source))
            self._base.execute("DELETE FROM thing WHERE id = ?", (source,))
            if not other.name:
                self._base.execute("UPDATE thing SET name = ? WHERE id = ?", (one.name, target))
            self._base.execute("UPDATE regrouping SET number = number + 1")

    def forget(self, number: int) -> None:
        """Delete a thing with its entries and examples, so that no trace stays in the file.

        Raises:
            BadInput: No such thing.
            OutputFailed: It is deleted, but another program kept the file busy, so that traces may
                remain until `compact` is called.
        """
        self.thing(number)
        with self._writing():
            self._base.execute("DELETE FROM entry WHERE thing = ?", (number,))
            self._base.execute("DELETE FROM thing WHERE id = ?", (number,))
            self._base.execute("UPDATE regrouping SET number = number + 1")
        self._matrices.clear()
        self.compact()

    def compact(self) -> None:
        """Write the file anew without what was deleted, and empty the write-ahead log.

        Raises:
            OutputFailed: Another program is using the file just now.
        """
        try:
            self._base.execute("VACUUM")
            (busy, _, _) = self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
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

    def _thing(self, space: Space, name: str, thing: int | None) -> int:
        if thing is not None:
            row = self._base.execute(
                "SELECT kind, encoder FROM thing WHERE id = ?", (thing,)
            ).fetchone()
            if row != (space.kind, space.encoder):
                raise BadInput(f"The memory holds no {space.kind} number {thing} of this encoder.")
            return thing
        if name.strip():
            row = self._base.execute(
                "SELECT id FROM thing WHERE kind = ? AND encoder = ? AND name = ?",
                (space.kind, space.encoder, name.strip()),
            ).fetchone()
            if row:
                return int(row[0])
        added = self._base.execute(
            "INSERT INTO thing (kind, encoder, name, learned) VALUES (?, ?, ?, ?)",
            (space.kind, space.encoder, name.strip(), datetime.now(UTC).isoformat("T", "seconds")),
        )
        return int(added.lastrowid or 0)

    def _check_length(self, space: Space, length: int) -> None:
        row = self._base.execute(
            "SELECT length(embedding) FROM entry JOIN thing ON entry.thing = thing.id "
            "WHERE kind = ? AND encoder = ? LIMIT 1",
            (space.kind, space.encoder),
        ).fetchone()
        if row and row[0] != 2 * length:
            raise BadInput(
                f"Embeddings of {space.encoder} have {row[0] // 2} numbers, not {length}."
            )

    def _labels(self, numbers: NDArray[np.int64]) -> dict[int, str]:
        labels = {}
        for number in set(numbers.tolist()):
            row = self._base.execute("SELECT name FROM thing WHERE id = ?", (number,)).fetchone()
            if row:
                labels[number] = row[0] or f"unnamed {number}"
        return labels

    def _embeddings(self, number: int, limit: int) -> NDArray[np.float32]:
        rows = self._base.execute(
            "SELECT embedding FROM entry WHERE thing = ? ORDER BY id DESC LIMIT ?", (number, limit)
        ).fetchall()
        return np.stack([np.frombuffer(row[0], "<f2").astype(np.float32) for row in rows])

    def _matrix(self, space: Space) -> _Matrix:
        """All directions of a space; only what was added since the last time is read."""
        key = (space.kind, space.encoder)
        with self._reading():
            (regrouping,) = self._base.execute("SELECT number FROM regrouping").fetchone()
            old = self._matrices.get(key)
            if old is not None and old.regrouping != regrouping:
                old = None
            last = int(old.entries[-1]) if old is not None and len(old.entries) else 0
            rows = self._base.execute(
                "SELECT entry.id, thing, embedding FROM entry JOIN thing ON thing.id = entry.thing "
                "WHERE kind = ? AND encoder = ? AND entry.id > ? ORDER BY entry.id",
                (*key, last),
            ).fetchall()
        if old is not None and not rows:
            return old
        entries = np.array([row[0] for row in rows], np.int64)
        things = np.array([row[1] for row in rows], np.int64)
        small = 2 * len(rows) * len(rows[0][2]) <= _FAST_BYTES if rows else True
        number = np.float32 if small else np.float16
        blocks = [
            _directions(
                space,
                np.stack([np.frombuffer(row[2], "<f2") for row in rows[start : start + _CHUNK]]),
            ).astype(number)
            for start in range(0, len(rows), _CHUNK)
        ]
        if old is not None and len(old.entries):
            entries = np.concatenate([old.entries, entries])
            things = np.concatenate([old.things, things])
            joined = list(old.blocks)
            if len(joined[-1]) + len(blocks[0]) <= _CHUNK:
                blocks[0] = np.concatenate([joined.pop(), blocks[0]])
            blocks = joined + blocks
        matrix = _Matrix(regrouping, entries, things, tuple(blocks))
        self._matrices[key] = matrix
        return matrix

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._base.execute("BEGIN")
        try:
            yield
        finally:
            self._base.execute("COMMIT")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One change that happens as a whole or not at all, waiting for other writers."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OutputFailed(
                f"Can't write to the memory {self.path}: {error}. Nothing was changed."
            ) from error
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            self._base.execute("ROLLBACK")
            raise


def _directions(space: Space, embeddings: NDArray[Any]) -> NDArray[np.float32]:
    """Unit directions from the space's centre; an embedding at the centre keeps length 0."""
    rows = embeddings.astype(np.float32)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise BadInput("An embedding has to be a row of finite numbers.")
    if space.centre is not None:
        if len(space.centre) != rows.shape[1]:
            raise BadInput(
                f"Embeddings of {rows.shape[1]} numbers don't fit a centre of {len(space.centre)}."
            )
        rows = rows - space.centre
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    directions: NDArray[np.float32] = rows / np.maximum(lengths, 1e-9)
    return directions
