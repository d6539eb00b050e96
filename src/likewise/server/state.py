"""What the routes share: one of each, made when the server starts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from likewise.errors import BadInput
from likewise.server.answers import NotFound
from likewise.server.guard import Sessions
from likewise.server.intake import Intake
from likewise.server.posing import Previews
from likewise.server.prober import Prober
from likewise.server.settings import Settings
from likewise.server.turns import Turns
from likewise.studio.jobs.job import Job
from likewise.studio.jobs.queue import JobQueue


@dataclass(frozen=True, slots=True)
class State:
    """What the routes share."""

    settings: Settings
    sessions: Sessions
    prober: Prober
    intake: Intake
    queue: JobQueue
    turns: Turns
    previews: Previews


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
