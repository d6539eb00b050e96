"""Multipart forms, with few parts and small fields: files go to the intake, words to the route."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from likewise.errors import BadInput
from likewise.server.answers import WrongType

_MOST_FILES, _MOST_FIELDS, _MOST_FIELD_BYTES = 10, 20, 64 << 10


@asynccontextmanager
async def form_of(request: Request) -> AsyncIterator[FormData]:
    """The form of a request.

    Raises:
        WrongType: Not a form.
    """
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise WrongType("Send a form with files in it (multipart/form-data).")
    async with request.form(
        max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_MOST_FIELD_BYTES
    ) as form:
        yield form


def file_in(form: FormData, *names: str) -> UploadFile:
    """The file of a form, under the first of these names that is there.

    Raises:
        BadInput: None is there, or it is a word instead of a file.
    """
    for name in names:
        if isinstance(found := form.get(name), UploadFile):
            return found
    raise BadInput(f"The form lacks its file. Send it as {names[0]!r}.")


def word_in(form: FormData, name: str, default: str = "") -> str:
    """A field of a form.

    Raises:
        BadInput: It is a file.
    """
    found = form.get(name, default)
    if isinstance(found, UploadFile):
        raise BadInput(f"{name!r} should be a word, not a file.")
    return found


def form_schema(properties: dict[str, str], files: dict[str, str]) -> dict[str, Any]:
    """How a form is described in the API's documentation: fields and files with a sentence each."""
    described: dict[str, Any] = {
        name: {"type": "string", "description": words} for name, words in properties.items()
    }
    for name, words in files.items():
        described[name] = {"type": "string", "format": "binary", "description": words}
    schema = {"type": "object", "properties": described, "required": [*files][:1]}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
