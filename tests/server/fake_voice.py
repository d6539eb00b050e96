"""A voice engine of tones, for tests of what lies around an engine: quick, and in no need of CPU.

python fake_voice.py PORT        # the real server with this engine as its default one
"""

import _socket
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.errors import BadInput
from likewise.progress import Progress, ProgressCallback, silent
from likewise.values import Audio, Speech, Timing, Voice
from likewise.voice.engine import Capabilities

if TYPE_CHECKING:
    import pytest
    from starlette.testclient import TestClient

RATE = 24_000


class FakeEngine:
    """Speaks each word as a tone of 0.12 s; `slow` sentences take half a second to make."""

    name = "kokoro"
    capabilities = Capabilities(
        clones=True, timings=True, streams=True, speed=True, sample_rate=RATE
    )
    languages = ("en-us", "ja")

    def stock_voices(self) -> Sequence[Voice]:
        names = ("af_heart", "af_alloy")
        return [Voice(name, "kokoro", {"pitch": np.float32([220])}, "en-us") for name in names]

    def enrol(
        self, references: Sequence[Audio], *, name: str, language: str = "", **_: Any
    ) -> Voice:
        return Voice(
            name, "kokoro", {"pitch": np.float32([180])}, language, reference=references[0]
        )

    def speak(
        self,
        text: str,
        voice: Voice,
        *,
        language: str = "",
        speed: float = 1.0,
        take: int = 0,
        on_progress: ProgressCallback = silent,
    ) -> Iterator[Speech]:
        del take
        if not any(letter.isalnum() for letter in text):
            raise BadInput("There is nothing to say in this text.")
        return self._parts(text, voice, speed, on_progress)

    def _parts(
        self, text: str, voice: Voice, speed: float, on_progress: ProgressCallback
    ) -> Iterator[Speech]:
        sentences = [part.strip() + "." for part in text.split(".") if part.strip()]
        for done, sentence in enumerate(sentences):
            on_progress(Progress("speaking", done, len(sentences), "sentences"))
            if "slow" in sentence:
                time.sleep(0.5)
            if "crash" in sentence:
                raise RuntimeError("a fault of the engine with /a/secret/path in it")
            words = sentence.split()
            length = round(0.12 / speed * RATE)
            tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(length * len(words)) / RATE)
            spans = [
                (word, index * length / RATE, (index + 1) * length / RATE)
                for index, word in enumerate(words)
            ]
            yield Speech(
                Audio(tone.astype(np.float32), RATE),
                text=sentence,
                language="en-us",
                phonemes=tuple(Timing("a", start, end) for _, start, end in spans),
                words=tuple(Timing(*span) for span in spans),
                engine="kokoro",
                voice=voice.name,
            )
        on_progress(Progress("speaking", len(sentences), len(sentences), "sentences"))


class FakePoint:
    """What an entry point would be."""

    def load(self) -> type[FakeEngine]:
        return FakeEngine


def points() -> dict[str, Any]:
    return {"kokoro": FakePoint()}


def client_of(**given: Any) -> "TestClient":
    """The application with these settings, to be asked without a network."""
    from starlette.testclient import TestClient

    from likewise.server.app import create_app
    from likewise.server.settings import Settings

    options = {"posts_a_minute": 10_000} | given
    return TestClient(create_app(Settings(**options)), base_url="http://127.0.0.1")


def allow_loopback(patch: "pytest.MonkeyPatch") -> None:
    """Let sockets reach this machine, and only this machine."""

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
        ):
            raise AssertionError("a test tried to reach the network")
        _socket.socket.connect(self, address)

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host != "127.0.0.1":
            raise AssertionError("a test tried to reach the network")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]

    patch.setattr(socket.socket, "connect", connect)
    patch.setattr(socket, "getaddrinfo", look_up)


if __name__ == "__main__":
    from likewise.server.serving import serve
    from likewise.server.settings import settings
    from likewise.voice import registry

    registry._points = points
    serve(settings(port=int(sys.argv[1])))
