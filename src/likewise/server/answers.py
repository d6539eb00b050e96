"""Errors as answers: our typed ones become HTTP statuses, in the shape OpenAI's clients read."""

import logging
import math
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request

from likewise.errors import (
    BadInput,
    Cancelled,
    LikewiseError,
    MissingWeights,
    OutputFailed,
    Unsafe,
)
from likewise.studio.jobs.job import Busy

_STATUS: tuple[tuple[type[LikewiseError], int], ...] = (
    (Busy, 429),
    (BadInput, 400),
    (Unsafe, 403),
    (MissingWeights, 503),
    (OutputFailed, 507),
    (Cancelled, 409),
)
_RETRY_SECONDS = 5.0  # about one short job

_log = logging.getLogger("likewise.server")


class Wrong(BaseModel):
    """What is wrong with a request."""

    message: str
    type: str
    param: str | None
    code: str | None


class Problem(BaseModel):
    """Every answer that is no success."""

    error: Wrong


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "Refused; the message says why."},
    "5XX": {"model": Problem, "description": "Not now: weights are missing, or a fault of ours."},
}
"""What every route may answer besides its success."""


class NotFound(BadInput):
    """There is no such thing under this address."""


class TooLong(BadInput):
    """A text or a file is beyond its limit."""


class WrongType(BadInput):
    """A file is of a kind that isn't taken here."""


_OWN: tuple[tuple[type[LikewiseError], int], ...] = (
    (NotFound, 404),
    (TooLong, 413),
    (WrongType, 415),
)


def problem(
    status: int, message: str, *, kind: str = "", field: str | None = None, wait: float = 0.0
) -> JSONResponse:
    """An error as an answer.

    Args:
        status: HTTP status.
        message: What is wrong, why, and what to do.
        kind: Type of the error; a word for the status if left out.
        field: The part of the request that is wrong.
        wait: Seconds after which to try again, 0 for not at all.
    """
    error: dict[str, Any] = {
        "message": message,
        "type": kind or _word(status),
        "param": field,
        "code": None,
    }
    headers = {"retry-after": str(math.ceil(wait))} if wait > 0 else None
    return JSONResponse({"error": error}, status_code=status, headers=headers)


def status_of(error: LikewiseError) -> int:
    """The HTTP status of a typed error."""
    found = (status for kind, status in (*_OWN, *_STATUS) if isinstance(error, kind))
    return next(found, 500)


def of_error(_: Request, error: Exception) -> JSONResponse:
    """Answer a typed error."""
    assert isinstance(error, LikewiseError)
    status = status_of(error)
    wait = _RETRY_SECONDS if status == 429 else 0.0
    message = str(error)
    if isinstance(error, OutputFailed):
        _log.error("%s", error)  # its words hold a path of this machine
        message = "The server can't write its files: no space, or no permission. See its log."
    return problem(status, message, kind=type(error).__name__, wait=wait)


def of_validation(_: Request, error: Exception) -> JSONResponse:
    """Answer a request that doesn't fit its model, without repeating what was sent."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part not in {"body", "query", "path"})
    message = first["msg"].removeprefix("Value error, ")
    message = f"{field}: {message}" if field else message
    return problem(422, message, kind="BadInput", field=field or None)


def of_http(_: Request, error: Exception) -> JSONResponse:
    """Answer what the framework refused."""
    assert isinstance(error, HTTPException)
    answer = problem(error.status_code, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def of_anything(_: Request, error: Exception) -> JSONResponse:
    """The last door: a fault of ours is logged, and told without its inside."""
    _log.error("unexpected %s", type(error).__name__, exc_info=error)
    return problem(500, "Something unexpected went wrong. The server's log says more.")


def _word(status: int) -> str:
    words = {401: "authentication_error", 429: "rate_limit_error", 500: "server_error"}
    return words.get(status, "invalid_request_error")
