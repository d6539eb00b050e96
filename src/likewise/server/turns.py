"""A short line: one request at a time, a few that wait, and an honest no to the rest."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from likewise.studio.jobs.job import Busy


class Turns:
    """Lets one request use a thing while a few wait; more are refused.

    Args:
        waiting: How many may wait.
        what: What the requests are for, for the message: `speech`, `files`.
    """

    def __init__(self, waiting: int, what: str) -> None:
        self._what = what
        self._most = waiting + 1
        self._here = 0
        self._count = threading.Lock()
        self._turn = threading.Lock()

    @property
    def here(self) -> int:
        """How many have their turn or wait."""
        return self._here

    def enter(self) -> None:
        """Join the line.

        Raises:
            Busy: As many wait as may.
        """
        with self._count:
            if self._here >= self._most:
                raise Busy(
                    f"{self._here} requests for {self._what} are being answered or wait already, "
                    "which is as many as are taken. Try again in a few seconds."
                )
            self._here += 1

    def leave(self) -> None:
        """Leave the line; once for each `enter`."""
        with self._count:
            self._here -= 1

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn and hold it."""
        with self._turn:
            yield
