"""Pulling from a hub, end to end: a local server plays the Hugging Face hub."""

import _socket
import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pytest

from likewise import weights
from likewise.errors import BadInput, Cancelled, MissingWeights
from likewise.weights import pins, pulling
from likewise.weights.catalogue import Entry, WeightFile

pytest.importorskip("huggingface_hub", reason="needs the extra [torch]")

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "model.pth": bytes(range(256)) * 4096,
    "config.json": b'{"length": Infinity}',
    "LICENSE.txt": b"Only for fun.",
}


class Hub(BaseHTTPRequestHandler):
    """HEAD and GET of `/OWNER/REPOSITORY/resolve/COMMIT/FILE`, with ranges, as the hub answers."""

    content: ClassVar[dict[str, bytes]] = FILES
    asked: ClassVar[list[tuple[str, str, str]]] = []
    break_after: ClassVar[int | None] = None

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        name = self.path.rpartition("/")[2]
        wanted = self.headers.get("Range", "")
        if "/resolve/" in self.path:  # huggingface_hub asks for other things, too
            Hub.asked.append((self.command, name, wanted))
        prefix = f"/tests/tiny/resolve/{COMMIT}/"
        if not self.path.startswith(prefix) or name not in self.content:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = self.content[name]
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data) - start))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if body:
            stop = Hub.break_after
            if stop is not None and name == "model.pth":
                self.wfile.write(data[start : start + stop])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                self.wfile.write(data[start:])


@pytest.fixture
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite forbids the network; here this machine alone may be reached."""

    def connect(self: socket.socket, address: Any) -> None:
        assert address[0] in {"127.0.0.1", "::1"}, "a test tried to reach the network"
        _socket.socket.connect(self, address)

    def resolve(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        assert host in {"127.0.0.1", "localhost"}, "a test tried to reach the network"
        return _getaddrinfo(host, port, *args, **options)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(proxy, raising=False)


def _getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
    found = _socket.getaddrinfo(host, port, *args, **options)
    return [
        (socket.AddressFamily(family), socket.SocketKind(kind), proto, name, address)
        for family, kind, proto, name, address in found
    ]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _loopback: None) -> Iterator[type[Hub]]:
    from huggingface_hub import constants

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        constants.ENDPOINT + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1 << 16)
    monkeypatch.setattr(Hub, "content", dict(FILES))
    monkeypatch.setattr(Hub, "asked", [])
    monkeypatch.setattr(Hub, "break_after", None)
    monkeypatch.setattr(pulling, "catalogue", lambda: ENTRIES)
    module = import_module("likewise.weights.catalogue")
    monkeypatch.setattr(module, "catalogue", lambda: ENTRIES)
    yield Hub
    server.shutdown()
    server.server_close()


def _entry(name: str, file: str) -> Entry:
    return Entry(
        name=name,
        title=name,
        used_by="voice",
        source="https://example.org",
        revision=COMMIT,
        licence="LicenseRef-fun",
        extra="torch",
        pulled_with="tiny",
        files=(
            WeightFile(
                place=f"hub:tests/tiny@{COMMIT}/{file}",
                sha256=hashlib.sha256(FILES[file]).hexdigest(),
                size=len(FILES[file]),
            ),
        ),
    )


ENTRIES = {
    name: _entry(name, file)
    for name, file in (
        ("tiny", "model.pth"),
        ("tiny-config", "config.json"),
        ("tiny-licence", "LICENSE.txt"),
    )
}


def test_pull_shows_the_licence_first_and_fetches_once(hub: type[Hub]) -> None:
    shown: list[str] = []

    def agree(licence: str) -> bool:
        shown.append(licence)
        assert {name for _, name, _ in hub.asked} == {"LICENSE.txt"}
        return True

    paths = pulling.pull("tiny", agree=agree)
    assert shown == ["Only for fun."]
    assert [path.read_bytes() for path in paths] == list(FILES.values())
    assert pulling.in_cache(ENTRIES["tiny"].files[0]) == paths[0]
    asked = len(hub.asked)
    again = pulling.pull("tiny", agree=lambda _: pytest.fail("asked again"))
    assert again == paths and len(hub.asked) == asked


def test_refused_licence(hub: type[Hub]) -> None:
    with pytest.raises(Cancelled, match="no weights were fetched"):
        pulling.pull("tiny", agree=lambda _: False)
    assert {name for _, name, _ in hub.asked} == {"LICENSE.txt"}


def test_wrong_content_is_deleted(hub: type[Hub]) -> None:
    hub.content["model.pth"] = FILES["model.pth"][:-1] + b"\x00"
    with pytest.raises(MissingWeights, match="not the file that the catalogue names"):
        pulling.pull("tiny", agree=lambda _: True)
    assert pulling.in_cache(ENTRIES["tiny"].files[0]) is None
    hub.content["model.pth"] = FILES["model.pth"]
    assert pulling.pull("tiny", agree=lambda _: True)[0].read_bytes() == FILES["model.pth"]


def test_missing_on_the_hub(hub: type[Hub]) -> None:
    del hub.content["config.json"]
    with pytest.raises(MissingWeights, match=r"config\.json of tests/tiny could not be fetched"):
        pulling.pull("tiny", agree=lambda _: True)


def test_offline(hub: type[Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MissingWeights, match="offline"):
        pulling.pull("tiny", agree=lambda _: True)
    assert hub.asked == []


def test_what_was_cut_off_goes_on(hub: type[Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    monkeypatch.setattr(Hub, "break_after", 300_000)
    try:
        pulling.pull("tiny", agree=lambda _: True)  # newer hubs go on by themselves
    except MissingWeights:
        monkeypatch.setattr(Hub, "break_after", None)
        pulling.pull("tiny", agree=lambda _: True)
    ranges = [wanted for method, name, wanted in hub.asked if name == "model.pth" and wanted]
    assert any(int(wanted[6:].partition("-")[0]) >= 200_000 for wanted in ranges)
    path = pulling.in_cache(ENTRIES["tiny"].files[0])
    assert path is not None and path.read_bytes() == FILES["model.pth"]


def test_unknown_name() -> None:
    with pytest.raises(BadInput, match="xtts-v2"):
        pulling.pull("gpt-9", agree=lambda _: True)


def test_the_catalogue_pins_xtts() -> None:
    from likewise import weights

    entry = weights.entry("xtts-v2")
    assert entry.how_to_install == "likewise weights pull xtts-v2"
    place = pulling.hub_place(entry.files[0])
    assert place == ("coqui/XTTS-v2", entry.revision, "model.pth")
    assert "xtts-v2" in pulling.pullable()


@pytest.fixture
def unhashed(hub: type[Hub], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Entry:
    """The model again, of which the catalogue states no hash."""
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path / "home"))
    entry = _entry("tiny", "model.pth")
    file = replace(entry.files[0], sha256="", size=1000)
    entries = ENTRIES | {"tiny": replace(entry, files=(file,))}
    monkeypatch.setattr(pulling, "catalogue", lambda: entries)
    module = import_module("likewise.weights.catalogue")
    monkeypatch.setattr(module, "catalogue", lambda: entries)
    return entries["tiny"]


def test_a_file_without_a_hash_is_pinned_when_first_pulled(hub: type[Hub], unhashed: Entry) -> None:
    assert weights.look("tiny").status == "missing"
    path = pulling.pull("tiny", agree=lambda _: True)[0]
    assert weights.locate("tiny") == path
    path.resolve().write_bytes(b"something else")
    assert weights.look("tiny").status == "changed"
    assert pulling._right(unhashed.files[0], path) is False


def test_a_file_the_hub_names_otherwise_is_refused(
    hub: type[Hub], unhashed: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "sha256_of", lambda _: "0" * 64)
    with pytest.raises(MissingWeights, match="not the file that the catalogue names"):
        pulling.pull("tiny", agree=lambda _: True)
    assert pins.pinned(unhashed.files[0].place) == ""


def test_an_unhashed_file_can_be_registered(unhashed: Entry, tmp_path: Path) -> None:
    own = tmp_path / "own.pth"
    own.write_bytes(b"mine")
    assert weights.register("tiny", own) == own.resolve()
    assert weights.locate("tiny") == own.resolve()
    own.write_bytes(b"changed")
    with pytest.raises(MissingWeights, match="sha256 differs"):
        weights.locate("tiny")


def test_only_files_of_the_hub_go_without_a_hash() -> None:
    with pytest.raises(ValueError, match="needs its sha256"):
        WeightFile(place="shipped:voice/a.onnx", sha256="", size=1)
