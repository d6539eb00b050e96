"""OpenAI's speech API: what many tools speak already.

    client = openai.OpenAI(base_url="http://127.0.0.1:8010/v1", api_key="any")
    client.audio.speech.create(model="tts-1", voice="af_heart", input="Hello!")

The first bytes are sent as soon as a second of speech is made. The headers wait for it, so an
unspeakable text is an honest 400 and not a broken sound.
"""

import base64
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Literal, cast

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from likewise.audio.writer import AudioWriter
from likewise.errors import BadInput, Cancelled
from likewise.progress import Progress
from likewise.server.answers import NotFound, TooLong
from likewise.server.state import Shared, State
from likewise.studio.jobs.requests import VoiceName
from likewise.studio.streaming import stream
from likewise.values import Speech
from likewise.voice.registry import DEFAULT, known_voice_engines, voice_engine

router = APIRouter(prefix="/v1", tags=["speech (OpenAI's API)"])

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]

_TYPES: dict[str, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_PATIENCE_SECONDS = 30.0  # a reader slower than this would keep the engine from all others
_RATE = 24_000  # OpenAI's PCM is 24 kHz, 16 bit, mono

_ALIASES = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Model names that clients send by default; each means our default engine."""

VOICE_ALIASES = {
    "alloy": "af_alloy",
    "ash": "am_liam",
    "ballad": "bm_george",
    "coral": "af_heart",
    "echo": "am_echo",
    "fable": "bm_fable",
    "nova": "af_nova",
    "onyx": "am_onyx",
    "sage": "af_sarah",
    "shimmer": "af_bella",
    "verse": "am_michael",
    "marin": "af_kore",
    "cedar": "am_puck",
}
"""OpenAI's voice names, for clients that offer no others; a saved voice of the name goes first."""


class VoiceId(BaseModel):
    """A voice by its id, as newer clients send it."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=64)


class SpeechRequest(BaseModel):
    """A text to speak."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    model: str = Field(DEFAULT, max_length=64)
    input: str = Field(min_length=1, max_length=100_000)
    voice: VoiceName | VoiceId = Field(description="A saved or stock voice; see /v1/audio/voices.")
    response_format: Format = "mp3"
    speed: float = Field(1.0, ge=0.25, le=4.0, description="Held within 0.5 to 2.")
    stream_format: Literal["audio", "sse"] = "audio"
    instructions: str = Field("", max_length=4096, description="Accepted, and not followed.")
    language: str = Field("", max_length=24, description="Ours: a tag; the voice's own if absent.")


@router.post(
    "/audio/speech",
    summary="Speak a text",
    response_class=StreamingResponse,
    responses={
        200: {"content": {**{kind: {} for kind in _TYPES.values()}, "text/event-stream": {}}}
    },
)
def create_speech(request: SpeechRequest, state: Shared) -> StreamingResponse:
    """Speak a text, sent while it is being spoken."""
    if len(request.input) > state.settings.max_text:
        raise TooLong(
            f"The text is longer than {state.settings.max_text} characters, which is the most "
            "that is taken here. Send it in parts."
        )
    engine = _engine(request.model)
    voice = request.voice if isinstance(request.voice, str) else request.voice.id
    spoken = _Spoken(state, request, engine, _voice(voice, engine))
    first = spoken.start()
    if request.stream_format == "sse":
        return StreamingResponse(_events(spoken, first), media_type="text/event-stream")
    kind = _TYPES[request.response_format]
    return StreamingResponse(spoken.chunks(first), media_type=kind)


class _Spoken:
    """Speech that a thread makes and encodes, a little ahead of the client that reads it."""

    def __init__(self, state: State, request: SpeechRequest, engine: str, voice: str) -> None:
        self._state = state
        self._request = request
        self._engine = engine
        self._voice = voice
        self._stop = threading.Event()
        self._chunks: queue.Queue[bytes | BaseException | None] = queue.Queue(256)
        self._thread = threading.Thread(target=self._run, name="likewise-speech", daemon=True)
        self.characters = len(request.input)

    def start(self) -> bytes:
        """Begin; the first encoded bytes that hold sound.

        Raises:
            Busy: As many requests wait as may.
            LikewiseError: What speaking raises.
        """
        self._state.turns.enter()
        self._thread.start()  # which leaves the line, however it ends
        first = self._chunks.get()
        if isinstance(first, BaseException):
            raise first
        if first is None:
            raise BadInput("There is nothing to say in this text.")
        return first

    def chunks(self, first: bytes) -> Iterator[bytes]:
        """All bytes; when the reader goes away, speaking stops."""
        try:
            yield first
            while (chunk := self._chunks.get()) is not None:
                if isinstance(chunk, BaseException):
                    raise chunk  # the status is sent: breaking off is the honest answer
                yield chunk
        finally:
            self._stop.set()

    def _run(self) -> None:
        try:
            with self._state.turns.turn():
                self._speak()
            self._put(None)
        except BaseException as error:  # handed to the reader, whatever it is
            self._put(error)
        finally:
            self._state.turns.leave()

    def _speak(self) -> None:
        request = self._request
        speed = min(max(request.speed, 0.5), 2.0)
        parts = stream(
            request.input,
            voice=self._voice,
            language=request.language,
            speed=speed,
            engine=self._engine,
            on_progress=self._check,
        )
        parts = self._ready(parts)
        with AudioWriter(
            cast("BinaryIO", _Pipe(self._put)),
            sample_rate=_RATE,
            format=f".{request.response_format}",
        ) as writer:
            for part in parts:
                self._check()
                writer.write(part.audio)

    def _ready(self, parts: Iterator[Speech]) -> Iterator[Speech]:
        """The same parts, the first one made before a header is written."""
        first = next(parts, None)

        def again() -> Iterator[Speech]:
            if first is not None:
                yield first
            yield from parts

        return again()

    def _check(self, _: Progress | None = None) -> None:
        if self._stop.is_set():
            raise Cancelled("The client went away.")

    def _put(self, chunk: bytes | BaseException | None) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._stop.is_set() and time.monotonic() < until:
            with suppress(queue.Full):
                self._chunks.put(chunk, timeout=0.5)
                return
        self._stop.set()
        if not isinstance(chunk, BaseException):
            raise Cancelled("The client went away.")


class _Pipe:
    """A file that can only be written to, and gives away what is written."""

    name = "the answer"

    def __init__(self, put: Callable[[bytes], None]) -> None:
        self._put = put

    def write(self, data: Any) -> int:
        """Give a piece away."""
        if data:
            self._put(bytes(data))
        return len(data)

    def seekable(self) -> bool:
        """No."""
        return False

    def flush(self) -> None:
        """Nothing is held back."""


def _events(spoken: _Spoken, first: bytes) -> Iterator[str]:
    """OpenAI's events: pieces of sound as base64, then how much there was to do."""
    for chunk in spoken.chunks(first):
        yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(chunk).decode()})
    usage = {"input_tokens": spoken.characters, "output_tokens": 0}
    usage["total_tokens"] = spoken.characters
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


def _engine(model: str) -> str:
    if model in _ALIASES:
        return DEFAULT
    if model in known_voice_engines():
        return model
    raise NotFound(
        f"There is no model {model!r}. Known: {', '.join((*known_voice_engines(), *_ALIASES))}."
    )


def _voice(name: str, engine: str) -> str:
    from likewise.voice.library import VoiceLibrary

    if name in VOICE_ALIASES and name not in VoiceLibrary().names():
        stock = {voice.name for voice in voice_engine(engine).stock_voices()}
        if VOICE_ALIASES[name] in stock:
            return VOICE_ALIASES[name]
    # A path would open files of this machine: over the network, only names are voices.
    if any(sign in name for sign in "/\\.:"):
        raise BadInput(f"{name!r} is no name of a voice. See /v1/audio/voices.")
    return name


class Model(BaseModel):
    """A model, as OpenAI's API lists them."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "likewise"


class Models(BaseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: list[Model]


@router.get("/models", summary="The engines, and the names that mean the default one")
def models() -> Models:
    """List models."""
    return Models(data=[Model(id=name) for name in (*known_voice_engines(), *_ALIASES)])


@router.get("/models/{model}", summary="One model")
def one_model(model: str) -> Model:
    """Retrieve a model."""
    _engine(model)
    return Model(id=model)
