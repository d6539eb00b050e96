"""Which remembered embeddings point the same way: one space held ready for a search.

Exact search by matrix product. Rows come in blocks, so that adding one does not copy all, and a
large space is held as float16, half as large and slower to search.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.explain.likeness import Rule

_BLOCK = 8192  # rows compared at once: keeps the float32 copy small
_FAST_BYTES = 256_000_000  # up to so much a block of new rows is held as float32


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """Where embeddings can be compared.

    Attributes:
        kind: `voice`, `picture`, `face` or another word.
        encoder: Model and version that made them.
        centre: Embedding (D,) of an average thing, None for zero.
        rule: When two of its embeddings are of one, where its makers published that.
    """

    kind: str
    encoder: str
    centre: NDArray[np.float32] | None = None
    rule: Rule | None = None

    def directions(self, embeddings: NDArray[Any]) -> NDArray[np.float32]:
        """Unit directions (N, D) from the centre; an embedding at the centre keeps length 0.

        Raises:
            BadInput: Not rows of finite numbers, or of another length than the centre.
        """
        rows = embeddings.astype(np.float32)
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise BadInput("An embedding has to be a row of finite numbers.")
        if self.centre is not None:
            if len(self.centre) != rows.shape[1]:
                raise BadInput(
                    f"Embeddings of {rows.shape[1]} numbers don't fit a centre of "
                    f"{len(self.centre)}; they come from different models."
                )
            rows = rows - self.centre
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: NDArray[np.float32] = rows / np.maximum(lengths, 1e-9)
        return unit


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """All entries of a space as they were when last read.

    Attributes:
        regrouping: State of the memory in which their things are right.
        entries: int64 (N,), rising numbers of the entries.
        things: int64 (N,), whose they are.
        blocks: Their directions in order, (up to 8192, D) each.
    """

    regrouping: int
    entries: NDArray[np.int64]
    things: NDArray[np.int64]
    blocks: tuple[NDArray[Any], ...] = ()

    @classmethod
    def none(cls, regrouping: int) -> Self:
        """No entries yet."""
        nothing = np.zeros(0, np.int64)
        return cls(regrouping, nothing, nothing)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def last(self) -> int:
        """Number of the last entry, 0 when there is none."""
        return int(self.entries[-1]) if len(self) else 0

    def extended(self, space: Space, rows: list[tuple[int, int, bytes]]) -> "Directions":
        """With more entries (number, thing, float16 embedding), numbered above the last one."""
        if not rows:
            return self
        fast = 2 * len(rows) * len(rows[0][2]) <= _FAST_BYTES
        blocks = list(self.blocks)
        for start in range(0, len(rows), _BLOCK):
            embeddings = [np.frombuffer(row[2], "<f2") for row in rows[start : start + _BLOCK]]
            block = space.directions(np.stack(embeddings)).astype(
                np.float32 if fast else np.float16
            )
            if blocks and len(blocks[-1]) + len(block) <= _BLOCK:
                block = np.concatenate([blocks.pop(), block])
            blocks.append(block)
        return Directions(
            self.regrouping,
            np.concatenate([self.entries, np.array([row[0] for row in rows], np.int64)]),
            np.concatenate([self.things, np.array([row[1] for row in rows], np.int64)]),
            tuple(blocks),
        )

    def nearest(
        self, space: Space, embedding: NDArray[Any], count: int
    ) -> list[tuple[int, int, float]]:
        """The entries most like an embedding (D,): number, thing, cosine; best first.

        Raises:
            BadInput: Not numbers, or another length than the entries'.
        """
        if not len(self):
            return []
        unknown = space.directions(np.asarray(embedding, np.float32)[None])[0]
        length = self.blocks[0].shape[1]
        if len(unknown) != length:
            raise BadInput(
                f"An embedding of {len(unknown)} numbers can't be compared with remembered ones of "
                f"{length}; they come from different models."
            )
        cosines = np.concatenate(
            [block.astype(np.float32, copy=False) @ unknown for block in self.blocks]
        )
        best = np.argpartition(-cosines, min(count, len(cosines)) - 1)[:count]
        best = best[np.lexsort((self.entries[best], -cosines[best]))]
        return [
            (int(self.entries[row]), int(self.things[row]), float(cosines[row])) for row in best
        ]
