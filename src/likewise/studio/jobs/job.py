"""A job as a value: what was asked for, how far it is, what came of it."""

from dataclasses import dataclass, field
from typing import Any, Literal

from likewise.errors import LikewiseError

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]

ACTIVE: tuple[State, ...] = ("queued", "running")
"""States that still change."""


class Busy(LikewiseError):
    """The queue is full; the message says when to ask again."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job, as it stands.

    Attributes:
        id: Random, 16 hexadecimal digits.
        kind: `talk`, `speak`, `animate`, `verify` or `explain`.
        state: Where it is; `interrupted` means that the program ended while it ran.
        request: What was asked for, plain JSON values.
        created: Unix seconds.
        started: Unix seconds, None while it waits.
        finished: Unix seconds, None while it waits or runs.
        progress: For each stage, in the order they began: done, total (None while unknown), unit.
        result: What came of it: facts and the names of its files; empty unless `done`.
        error: What went wrong, in words; "" unless it failed.
        error_type: Class of the error, such as `BadInput`.
    """

    id: str
    kind: str
    state: State
    request: dict[str, Any]
    created: float
    started: float | None = None
    finished: float | None = None
    progress: dict[str, dict[str, Any]] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    error_type: str = ""

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ACTIVE
