"""The server in this process, with an engine of tones."""

from collections.abc import Iterator
from pathlib import Path

import fake_voice
import pytest
from starlette.testclient import TestClient

from likewise.voice import registry


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch, _no_network: None) -> None:
    """Servers are tested over this machine's own address; every other stays refused."""
    fake_voice.allow_loopback(monkeypatch)


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jobs, uploads and voices of this test alone."""
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_points", fake_voice.points)


@pytest.fixture
def client(own_home: Path, fake_engine: None) -> Iterator[TestClient]:
    with fake_voice.client_of() as found:
        yield found
