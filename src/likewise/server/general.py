"""Routes about the server itself: what it can do, how it is, and the page's session."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from likewise import __version__
from likewise.face.points import NAMES
from likewise.motion.moods import MOODS
from likewise.motion.sliders import RANGES
from likewise.server import consent
from likewise.server.answers import problem
from likewise.server.guard import SESSION, same_key
from likewise.server.state import Shared

router = APIRouter(prefix="/api", tags=["server"])


@router.get("/health", summary="Whether the server answers")
def health(state: Shared) -> dict[str, Any]:
    """Alive, and whether it wants a key."""
    return {"status": "ok", "version": __version__, "key": bool(state.settings.key)}


@router.get("/about", summary="What the server can do")
def about(state: Shared) -> dict[str, Any]:
    """Engines, languages and limits: what the page offers."""
    from likewise.face.registry import known_face_engines
    from likewise.hearing import asr
    from likewise.provenance.consent import STATEMENTS
    from likewise.text.languages import LANGUAGES
    from likewise.voice.registry import known_voice_engines

    settings = state.settings
    return {
        "version": __version__,
        "voice_engines": list(known_voice_engines()),
        "face_engines": list(known_face_engines()),
        "languages": [
            {"tag": language.tag, "name": language.name} for language in LANGUAGES.values()
        ],
        "points": list(NAMES),
        "moods": list(MOODS),
        "sliders": {name: list(span) for name, span in RANGES.items()},
        "statements": STATEMENTS,
        "adapts": find_spec("torch") is not None and asr.available(),
        "waiting": state.queue.waiting,
        "limits": {
            "text": settings.max_text,
            "upload_bytes": settings.max_upload_bytes,
            "sound_seconds": settings.max_sound_seconds,
            "video_seconds": settings.max_video_seconds,
            "waiting": settings.waiting,
        },
    }


class Key(BaseModel):
    """The API key, once, to open a session."""

    key: Annotated[str, Field(max_length=400)]


@router.post("/session", status_code=204, summary="Open a session of the page")
def session(key: Key, state: Shared) -> Response:
    """Exchange the API key for a cookie that scripts can't read."""
    if not state.settings.key:
        return Response(status_code=204)
    if not same_key(key.key, state.settings.key):
        return problem(401, "That is not the key of this server.")
    response = Response(status_code=204)
    response.set_cookie(
        SESSION, state.sessions.open(), max_age=12 * 3600, httponly=True, samesite="strict"
    )
    return response


def consent_record(words: str) -> Mapping[str, Any]:
    """The record that a job keeps with a voice taken from a recording.

    Raises:
        Unsafe: Without consent.
    """
    return consent.declared(words).as_record()
