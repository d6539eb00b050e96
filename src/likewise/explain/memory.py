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
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from likewise import home
from likewise.errors import BadInput
from likewise.explain.directions import Directions, Space
from likewise.explain.example import Example
from likewise.explain.likeness import Known, Likeness
from likewise.explain.store import Store

_LARGEST_EXAMPLE = 2_000_000  # bytes
_ALL = 256  # up to so many entries, likeness looks at all of them


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
        self._read: dict[tuple[str, str], Directions] = {}
        self._store = Store(self.path)
        self._base = self._store.base

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
        self._store.close()

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
        with self._store.writing():
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
        found = self._directions(space).nearest(space, embedding, count)
        labels = self._labels([thing for _, thing, _ in found])
        return [
            Neighbour(thing, entry, labels[thing], cosine)
            for entry, thing, cosine in found
            if thing in labels  # not forgotten meanwhile
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
        everything = self._directions(space)
        if len(everything) <= _ALL:
            chosen = list(dict.fromkeys(everything.things.tolist()))
        else:
            found = self.nearest(space, near, count=8 * things)
            chosen = list(dict.fromkeys(item.thing for item in found))[:things]
        labels = self._labels(chosen)
        rows = {
            labels[number]: self._embeddings(number, examples)
            for number in chosen
            if number in labels
        }
        return Known(rows, centre=space.centre, rule=space.rule)

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
            with self._store.writing():
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
        with self._store.writing():
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
        with self._store.writing():
            self._base.execute("DELETE FROM entry WHERE thing = ?", (number,))
            self._base.execute("DELETE FROM thing WHERE id = ?", (number,))
            self._base.execute("UPDATE regrouping SET number = number + 1")
        self._read.clear()
        self.compact()

    def compact(self) -> None:
        """Write the file anew without what was deleted; see `Store.compact`."""
        self._store.compact()

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

    def _labels(self, numbers: list[int]) -> dict[int, str]:
        labels = {}
        for number in set(numbers):
            row = self._base.execute("SELECT name FROM thing WHERE id = ?", (number,)).fetchone()
            if row:
                labels[number] = row[0] or f"unnamed {number}"
        return labels

    def _embeddings(self, number: int, limit: int) -> NDArray[np.float32]:
        rows = self._base.execute(
            "SELECT embedding FROM entry WHERE thing = ? ORDER BY id DESC LIMIT ?", (number, limit)
        ).fetchall()
        return np.stack([np.frombuffer(row[0], "<f2").astype(np.float32) for row in rows])

    def _directions(self, space: Space) -> Directions:
        """A space ready to be searched; only what was added since the last time is read."""
        key = (space.kind, space.encoder)
        with self._store.reading():
            (regrouping,) = self._base.execute("SELECT number FROM regrouping").fetchone()
            found = self._read.get(key)
            if found is None or found.regrouping != regrouping:
                found = Directions.none(regrouping)
            rows = self._base.execute(
                "SELECT entry.id, thing, embedding FROM entry JOIN thing ON thing.id = entry.thing "
                "WHERE kind = ? AND encoder = ? AND entry.id > ? ORDER BY entry.id",
                (*key, found.last),
            ).fetchall()
        self._read[key] = found.extended(space, rows)
        return self._read[key]
