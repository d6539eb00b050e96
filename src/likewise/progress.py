"""Progress as events: engines say how far they are, a caller decides how to show it.

An engine calls `report(Progress("speaking", 3, 10, "sentences"))`; the command line draws a bar, a
server sends an event, a test collects a list. Raising `Cancelled` inside the callback stops the
work.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one stage has come.

    Attributes:
        stage: What is being done, a verb in -ing form: `speaking`, `rendering`, `enrolling`.
        done: Units finished so far.
        total: Units in all, or None while unknown.
        unit: What is counted: `sentences`, `frames`, `steps`, `seconds`.
    """

    stage: str
    done: float
    total: float | None
    unit: str


ProgressCallback = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Ignore progress; the default of every function that reports it."""
