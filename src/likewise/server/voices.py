"""Routes for voices: list them, hear them, save one with its consent, delete one."""

import logging
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from likewise.audio import files
from likewise.errors import BadInput
from likewise.server import consent
from likewise.server.answers import NotFound
from likewise.server.forms import form_of, form_schema, word_in
from likewise.server.speech import SpeechRequest, create_speech
from likewise.server.state import Shared, State
from likewise.studio.clone import clone
from likewise.values import Audio, Voice
from likewise.values.consent import Consent
from likewise.voice.library import VoiceLibrary
from likewise.voice.registry import DEFAULT, voice_engine

router = APIRouter(tags=["voices"])

_log = logging.getLogger("likewise.server")


class VoiceAnswer(BaseModel):
    """A voice."""

    id: str
    name: str
    object: str = "voice"
    engine: str
    language: str
    saved: bool
    sex: str = ""
    consent: str = ""
    facts: dict[str, Any] = {}


class Voices(BaseModel):
    """All voices."""

    object: str = "list"
    data: list[VoiceAnswer]


@router.get("/v1/audio/voices", summary="Saved and stock voices")
def every(engine: str = DEFAULT) -> Voices:
    """List the voices of an engine, saved ones first."""
    saved = [_described(voice, saved=True) for voice in _readable(VoiceLibrary())]
    stock = [_described(voice, saved=False) for voice in voice_engine(engine).stock_voices()]
    return Voices(data=[*(voice for voice in saved if voice.engine == engine), *stock])


@router.post(
    "/v1/audio/voices",
    status_code=201,
    summary="Save a voice, with its consent",
    openapi_extra=form_schema(
        {
            "name": "Name of the new voice: letters, digits, - and _.",
            "consent": "`own`, `spoken` (with `consent_file`), or `source:TEXT`.",
            "language": "Language that it speaks by default.",
            "engine": "Voice engine.",
            "replace": "`true` overwrites a voice of the same name.",
            "tier": "`instant`, the default, takes seconds; `adapted` takes a minute and is more "
            "alike, with the extras [torch] and [asr] on the server.",
            "denoise": "`true` takes steady noise out of the recording first, such as a fan's.",
            "upload": "Id of a sound that was uploaded before, instead of the file.",
        },
        {
            "audio_sample": "6 to 12 seconds of one person speaking.",
            "consent_file": "The speaker saying the statement of agreement.",
        },
    ),
)
async def save(request: Request, state: Shared) -> VoiceAnswer:
    """Enrol a voice from a recording; refused without consent."""
    async with form_of(request) as form:
        voice = await run_in_threadpool(_save, form, state)
    return _described(voice, saved=True)


def _save(form: FormData, state: State) -> Voice:
    name = word_in(form, "name")
    given = word_in(form, "consent")
    engine = word_in(form, "engine", DEFAULT) or DEFAULT
    replaced = _yes(form, "replace")
    VoiceLibrary().check_name(name, replace=replaced)  # before anything is listened to
    statement = form.get("consent_file")
    spoken = None
    if given == "spoken" and isinstance(statement, UploadFile):
        spoken = _sound(state, statement)
        agreed: Consent | None = None
    else:
        agreed = consent.declared(given)
    sample = form.get("audio_sample") or form.get("file")
    if isinstance(sample, UploadFile):
        recording = _sound(state, sample)
    elif upload := word_in(form, "upload"):
        recording = files.read(state.intake.path(state.intake.get(upload)))
    else:
        raise BadInput("The form lacks the recording. Send it as 'audio_sample'.")
    if agreed is None:
        assert spoken is not None
        agreed = consent.heard(spoken, recording, word_in(form, "language"))
    state.turns.enter()
    try:
        with state.turns.turn():
            return clone(
                [recording],
                name=name,
                consent=agreed,
                language=word_in(form, "language"),
                replace=replaced,
                engine=engine,
                tier=word_in(form, "tier"),
                denoise=_yes(form, "denoise"),
            )
    finally:
        state.turns.leave()


def _yes(form: FormData, name: str) -> bool:
    return word_in(form, name).lower() in {"true", "1", "on"}


def _readable(library: VoiceLibrary) -> Iterator[Voice]:
    """The saved voices; one damaged file must not hide the others."""
    for name in library.names():
        try:
            yield library.load(name)
        except BadInput as error:
            _log.warning("%s", error)


def _sound(state: State, file: UploadFile) -> Audio:
    with state.intake.passing(file.file, "sound") as path:
        return files.read(path)


@router.get("/api/voices/map", summary="Which saved voices sound alike")
def likeness() -> dict[str, Any]:
    """Lay the saved voices out among other speakers, and name the most alike of each."""
    from likewise.studio.likeness_map import likeness_map

    return asdict(likeness_map(_readable(VoiceLibrary())))


@router.delete("/v1/audio/voices/{name}", status_code=204, summary="Delete a saved voice")
def delete(name: str) -> None:
    """Delete a saved voice; stock voices stay."""
    library = VoiceLibrary()
    if name not in library.names():
        raise NotFound(f"No voice is saved as {name!r}.")
    library.delete(name)


@router.get("/api/voices/{name}/sample", summary="Hear a voice", response_class=StreamingResponse)
def sample(name: str, state: Shared, language: str = "") -> StreamingResponse:
    """A voice says one sentence in its language."""
    library = VoiceLibrary()
    if name in library.names():
        voice = library.load(name)
    elif name in (stock := {each.name: each for each in voice_engine(DEFAULT).stock_voices()}):
        voice = stock[name]
    else:
        raise NotFound(f"No voice is called {name!r}.")
    tag = language or voice.language or "en-us"
    text = _SENTENCES.get(tag, _SENTENCES["en-us"])
    wanted = SpeechRequest.model_validate(
        {"model": voice.engine, "input": text, "voice": name, "language": tag}
    )
    return create_speech(wanted, state)


_SENTENCES = {
    "en-us": "Hello. This is how I sound when I am in no hurry.",
    "en-gb": "Hello. This is how I sound when I am in no hurry.",
    "ja": "こんにちは。わたしはこんな声で話します。",
    "zh": "你好。我说话的声音是这样的。",
    "es": "Hola. Así sueno cuando no tengo prisa.",
    "fr": "Bonjour. Voici ma voix quand rien ne presse.",
    "hi": "नमस्ते। मेरी आवाज़ ऐसी है।",
    "it": "Ciao. Questa è la mia voce quando non ho fretta.",
    "pt-br": "Olá. É assim que eu falo quando não tenho pressa.",
}


def _described(voice: Voice, *, saved: bool) -> VoiceAnswer:
    shown = ("f0_hz", "seconds_used", "snr_db", "bandwidth_hz", "denoised", "warnings")
    record = Consent.from_record(voice.consent)
    return VoiceAnswer(
        id=voice.name,
        name=voice.name,
        engine=voice.engine,
        language=voice.language,
        saved=saved,
        sex=str(voice.facts.get("sex", "")),
        consent=record.words if record else "",
        facts={key: voice.facts[key] for key in shown if key in voice.facts},
    )
