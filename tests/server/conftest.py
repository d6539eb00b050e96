"""The server in this process, with an engine of tones."""

import _socket
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_voice
import pytest
from starlette.testclient import TestClient

from likewise.server.app import create_app
from likewise.server.settings import Settings
from likewise.voice import registry


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch, _no_network: None) -> None:
    """Servers are tested over this machine's own address; every other stays refused."""

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
        ):
            raise AssertionError("a test tried to reach the network")
        _socket.socket.connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jobs, uploads and voices of this test alone."""
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_points", fake_voice.points)


def client_of(**given: Any) -> TestClient:
    options = {"posts_a_minute": 10_000} | given
    return TestClient(create_app(Settings(**options)), base_url="http://127.0.0.1")


@pytest.fixture
def client(own_home: Path, fake_engine: None) -> Iterator[TestClient]:
    with client_of() as found:
        yield found
