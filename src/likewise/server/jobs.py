"""Routes for jobs: ask, watch, cancel, fetch."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel

from likewise.server import consent
from likewise.server.answers import NotFound, TooLong
from likewise.server.state import Shared, State, find_file, find_job
from likewise.studio.jobs import requests
from likewise.studio.jobs.job import Job

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

_HEARTBEAT_SECONDS = 15.0
_MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".m4a": "audio/mp4",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".json": "application/json",
    ".html": "text/html",
}
# The report is a page of its own with everything inside it: no scripts, no addresses.
_REPORT_POLICY = (
    "sandbox; default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'"
)


class JobAnswer(BaseModel):
    """A job as it stands."""

    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
    request: dict[str, Any]
    created: float
    started: float | None
    finished: float | None
    progress: dict[str, dict[str, Any]]
    result: dict[str, Any]
    error: str
    error_type: str
    inputs: dict[str, str]
    files: dict[str, str]


def answer(state: State, job: Job) -> JobAnswer:
    """A job, for a client: with the addresses of its files."""
    base = f"/api/jobs/{job.id}/files"
    folder = state.queue.store.inputs(job.id)
    inputs = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return JobAnswer(
        **asdict(job),
        inputs={name.partition(".")[0]: f"{base}/{name}" for name in inputs},
        files={item["name"]: f"{base}/{item['name']}" for item in job.result.get("files", ())},
    )


def _submit(state: State, kind: str, request: Any, response: Response) -> JobAnswer:
    texts = [getattr(request, name, "") for name in ("text", "transcript")]
    if max(map(len, texts)) > state.settings.max_text:
        raise TooLong(
            f"The text is longer than {state.settings.max_text} characters, which is the most "
            "that is taken here. Send it in parts."
        )
    if getattr(request, "voice_file", None):
        consent.declared(request.consent)  # refused now, not when its turn comes
    named = {field: find_file(state, value) for field, value in request.files().items()}
    inputs = {f"{field}{path.suffix}": path for field, path in named.items()}
    job = state.queue.submit(kind, request.model_dump(mode="json"), inputs)
    response.headers["location"] = f"/api/jobs/{job.id}"
    return answer(state, job)


@router.post("/talk", status_code=202, summary="A picture, a voice and a text: a talking video")
def talk(request: requests.TalkRequest, response: Response, state: Shared) -> JobAnswer:
    """Ask for a talking video."""
    return _submit(state, "talk", request, response)


@router.post("/speak", status_code=202, summary="A text in a voice: a sound file")
def speak(request: requests.SpeakRequest, response: Response, state: Shared) -> JobAnswer:
    """Ask for speech as a file, with subtitles and a picture of its sound."""
    return _submit(state, "speak", request, response)


@router.post("/animate", status_code=202, summary="A picture follows a recording or a film")
def animate(request: requests.AnimateRequest, response: Response, state: Shared) -> JobAnswer:
    """Ask for a picture that moves its lips to a recording, or does what a person on film does."""
    return _submit(state, "animate", request, response)


@router.post("/verify", status_code=202, summary="How alike a video or sound is")
def verify(request: requests.VerifyRequest, response: Response, state: Shared) -> JobAnswer:
    """Ask for a report on a video or sound, each number between its controls."""
    return _submit(state, "verify", request, response)


@router.post("/explain", status_code=202, summary="Why it sounds or looks alike")
def explain(request: requests.ExplainRequest, response: Response, state: Shared) -> JobAnswer:
    """Ask for the explanation of two voices, a picture, or a face in a video."""
    return _submit(state, "explain", request, response)


@router.get("", summary="Jobs, the newest first")
def every(state: Shared, limit: int = 50) -> list[JobAnswer]:
    """The history."""
    return [answer(state, job) for job in state.queue.list(limit=max(1, min(limit, 200)))]


@router.get("/{job_id}", summary="A job as it stands")
def one(job_id: str, state: Shared) -> JobAnswer:
    """A job: its state, its progress by stage, and its files."""
    return answer(state, find_job(state, job_id))


@router.post("/{job_id}/cancel", summary="Stop a job")
def cancel(job_id: str, state: Shared) -> JobAnswer:
    """Ask a job to stop; one that runs stops at its next step."""
    find_job(state, job_id)
    return answer(state, state.queue.cancel(job_id))


@router.post("/{job_id}/again", status_code=202, summary="Ask for the same once more")
def again(job_id: str, response: Response, state: Shared) -> JobAnswer:
    """Run a job again with the same inputs, as after an interruption."""
    old = find_job(state, job_id)
    folder = state.queue.store.inputs(old.id)
    inputs = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    job = state.queue.submit(old.kind, dict(old.request), inputs)
    response.headers["location"] = f"/api/jobs/{job.id}"
    return answer(state, job)


@router.delete("/{job_id}", status_code=204, summary="Forget a job and its files")
def delete(job_id: str, state: Shared) -> None:
    """Delete a finished job."""
    find_job(state, job_id)
    state.queue.delete(job_id)


@router.get("/{job_id}/files/{name}", summary="Fetch a file of a job", response_class=FileResponse)
def file(job_id: str, name: str, state: Shared, download: bool = False) -> FileResponse:
    """A result or an input of a job, by the name that the job lists."""
    path = find_file(state, f"job:{find_job(state, job_id).id}/{name}")
    kind = _MEDIA_TYPES.get(path.suffix)
    if kind is None:
        raise NotFound("This job has no such file.")
    headers = {"cache-control": "private, max-age=3600"}
    if path.suffix == ".html":
        headers |= {"content-security-policy": _REPORT_POLICY, "x-frame-options": "SAMEORIGIN"}
    return FileResponse(
        path, media_type=kind, headers=headers, filename=path.name if download else None
    )


@router.get(
    "/{job_id}/events",
    summary="Watch a job",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(job_id: str, state: Shared) -> StreamingResponse:
    """Server-sent events: `job` with the job as it stands, at every change until it is finished."""
    find_job(state, job_id)
    return StreamingResponse(_watched(state, job_id), media_type="text/event-stream")


async def _watched(state: State, job_id: str) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    newest: Job | None = None
    changed = asyncio.Event()

    def take(job: Job) -> None:
        nonlocal newest
        newest = job
        changed.set()

    def listener(job: Job) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(take, job)

    stop = state.queue.listen(job_id, listener)
    try:
        while True:
            try:
                await asyncio.wait_for(changed.wait(), _HEARTBEAT_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            changed.clear()
            job = newest
            assert job is not None
            yield f"event: job\ndata: {json.dumps(answer(state, job).model_dump())}\n\n"
            if not job.active:
                return
            await asyncio.sleep(0.1)  # a slow reader needs the newest state, not each frame
    finally:
        stop()
