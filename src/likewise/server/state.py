"""What the routes share: one of each, made when the server starts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from likewise.errors import BadInput
from likewise.server.answers import NotFound
from likewise.server.guard import Sessions
from likewise.server.intake import Intake
from likewise.server.prober import Prober
from likewise.server.settings import Settings
from likewise.studio.jobs.job import Busy, Job
from likewise.studio.jobs.queue import JobQueue


class Turns:
    """Lets one request use the engine while a few wait; more are refused.

    Args:
        waiting: How many may wait.
    """

    def __init__(self, waiting: int) -> None:
        self._most = waiting + 1
        self._here = 0
        self._count = threading.Lock()
        self._turn = threading.Lock()

    @property
    def here(self) -> int:
        """How many hold or wait for the engine."""
        return self._here

    def enter(self) -> None:
        """Join the line.

        Raises:
            Busy: As many wait as may.
        """
        with self._count:
            if self._here >= self._most:
                raise Busy(
                    f"{self._here} requests for speech are being answered or wait already, which "
                    "is as many as are taken. Try again in a few seconds."
                )
            self._here += 1

    def leave(self) -> None:
        """Leave the line; once for each `enter`."""
        with self._count:
            self._here -= 1

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the engine and hold it."""
        with self._turn:
            yield


@dataclass(frozen=True, slots=True)
class State:
    """What the routes share."""

    settings: Settings
    sessions: Sessions
    prober: Prober
    intake: Intake
    queue: JobQueue
    turns: Turns


def state_of(request: Request) -> State:
    """The state of the application that answers a request."""
    found = request.app.state.likewise
    assert isinstance(found, State)
    return found


Shared = Annotated[State, Depends(state_of)]


def find_job(state: State, job_id: str) -> Job:
    """A job by its id.

    Raises:
        NotFound: No such job.
    """
    try:
        return state.queue.get(job_id)
    except BadInput as error:
        raise NotFound(str(error)) from None


def find_file(state: State, reference: str) -> Path:
    """A file that a request refers to: an upload's id, or `job:<id>/<name>`.

    Raises:
        NotFound: No such upload, job or file.
    """
    if not reference.startswith("job:"):
        return state.intake.path(state.intake.get(reference))
    job_id, _, name = reference.removeprefix("job:").partition("/")
    try:
        return state.queue.store.file(find_job(state, job_id), name)
    except BadInput as error:
        raise NotFound(str(error)) from None
