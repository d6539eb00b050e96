"""Routes for files: take one in and say at once what it is like."""

import base64
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from likewise.errors import BadInput
from likewise.server.forms import file_in, form_of, form_schema, word_in
from likewise.server.intake import Upload
from likewise.server.prober import Kind
from likewise.server.state import Shared, State

router = APIRouter(prefix="/api/uploads", tags=["files"])

_KINDS: dict[str, Kind] = {"sound": "sound", "picture": "picture", "media": "media"}
_TYPES = {
    ".wav": "audio/wav",
    ".png": "image/png",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}


@router.post(
    "",
    status_code=201,
    summary="Take a file in",
    openapi_extra=form_schema(
        {"kind": "`sound`, `picture`, or `media` (a video, or else a sound)."},
        {"file": "The file; it is decoded, checked, and written anew."},
    ),
)
async def take(request: Request, state: Shared) -> dict[str, Any]:
    """Take a file in.

    A sound is answered with its mel spectrogram and how usable it is as a voice, a picture with
    the faces found in it. The id is good for jobs and voices until a day has passed.
    """
    async with form_of(request) as form:
        kind = _KINDS.get(word_in(form, "kind"))
        if kind is None:
            raise BadInput("Say what the file is: kind=sound, kind=picture or kind=media.")
        upload = await run_in_threadpool(state.intake.take, file_in(form, "file").file, kind)
    look = await run_in_threadpool(_look, state, upload)
    return described(upload) | {"look": look}


@router.get("/{upload_id}/file", summary="Fetch a file that was taken in")
def fetch(upload_id: str, state: Shared) -> FileResponse:
    """The file as the server wrote it anew."""
    path = state.intake.path(state.intake.get(upload_id))
    return FileResponse(path, media_type=_TYPES[path.suffix])


@router.delete("/{upload_id}", status_code=204, summary="Throw a file away")
def delete(upload_id: str, state: Shared) -> None:
    """Throw a file away before its day has passed."""
    state.intake.delete(upload_id)


def described(upload: Upload) -> dict[str, Any]:
    """An upload, for a client."""
    return {
        "id": upload.id,
        "kind": upload.kind,
        "facts": upload.facts,
        "url": f"/api/uploads/{upload.id}/file",
    }


def _look(state: State, upload: Upload) -> dict[str, Any]:
    # Our own files by now: written by the child, so plain readers will do.
    from likewise.studio import looking

    path = state.intake.path(upload)
    if upload.kind == "sound":
        from likewise.audio import files

        look = asdict(looking.look_at_sound(files.read(path)))
        mel = look.pop("mel")
        packed = base64.b64encode(mel.tobytes()).decode()
        return look | {"mel": {"bands": mel.shape[0], "frames": mel.shape[1], "data": packed}}
    if upload.kind == "picture":
        from likewise.video.picture import read_picture

        return asdict(looking.look_at_picture(read_picture(path).picture))
    return {}
