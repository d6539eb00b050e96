"""What every request must pass: name, origin, key, rate, size. And what every answer carries."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from fake_voice import client_of
from starlette.testclient import TestClient

from likewise.errors import BadInput, Unsafe
from likewise.server.guard import Rate
from likewise.server.settings import settings
from likewise.server.turns import Turns
from likewise.studio.jobs.job import Busy

KEY = "a-key-of-more-than-sixteen-characters"
JSON = "application/json"
FORM = "multipart/form-data; boundary=x"
FORM_HEAD = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
BEARER = {"authorization": f"Bearer {KEY}"}


@pytest.fixture
def locked(own_home: Path, fake_engine: None) -> Iterator[TestClient]:
    with client_of(api_key=KEY) as found:
        yield found


def sent(client: TestClient, path: str, kind: str, first: list[bytes], then: bytes | None) -> int:
    """Status for a body that goes on without end, or (`then` is None) stops coming."""
    status = 0

    async def receive() -> dict[str, Any]:
        if not first and then is None:
            await anyio.sleep(60)
        body = first.pop() if first else then
        return {"type": "http.request", "body": body, "more_body": True}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST"}
    scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http"}
    scope |= {"headers": [(b"host", b"localhost"), (b"content-type", kind.encode())]}
    scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "root_path": ""}
    anyio.run(client.app, scope, receive, send)
    return status


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil"])
def test_other_names_are_refused(client: TestClient, host: str) -> None:
    assert client.get("/api/health", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8010", "127.0.0.1:8010", "[::1]:8010", "[::1]"])
def test_our_names_are_taken(client: TestClient, host: str) -> None:
    assert client.get("/api/health", headers={"host": host}).status_code == 200


def test_a_name_can_be_allowed(own_home: Path, fake_engine: None) -> None:
    with client_of(allowed_hosts=("studio.lan",)) as found:
        assert found.get("/api/health", headers={"host": "studio.lan:80"}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9999"])
def test_other_origins_are_refused_and_never_allowed(client: TestClient, origin: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = client.request(method, "/api/health", headers={"origin": origin})
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


def test_our_own_origin_is_taken(client: TestClient) -> None:
    answer = client.get("/api/health", headers={"origin": "http://127.0.0.1"})
    assert answer.status_code == 200


def test_other_sites_cannot_embed(client: TestClient) -> None:
    answer = client.get("/v1/models", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/", "/docs", "/api/health", "/v1/models", "/nothing", "/page/x"])
def test_every_answer_is_guarded(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/api/jobs", "/v1/models", "/api/about", "/openapi.json"])
def test_the_key_is_asked_for(locked: TestClient, path: str) -> None:
    assert locked.get(path).status_code == 401
    assert locked.get(path, headers={"authorization": "Bearer wrong"}).status_code == 401
    assert locked.get(path, headers=BEARER).status_code == 200


def test_the_page_opens_a_session_with_the_key(locked: TestClient) -> None:
    assert locked.get("/").status_code == 200
    assert locked.get("/api/health").json()["key"] is True
    assert locked.post("/api/session", json={"key": "wrong"}).status_code == 401
    answer = locked.post("/api/session", json={"key": KEY})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert KEY not in cookie
    assert locked.get("/api/jobs").status_code == 200


def test_guessing_keys_is_slow(locked: TestClient) -> None:
    statuses = [
        locked.get("/v1/models", headers={"authorization": f"Bearer {n}"}).status_code
        for n in range(30)
    ]
    assert statuses.count(401) <= 11
    assert statuses[-1] == 429
    sessions = [locked.post("/api/session", json={"key": f"{n}"}) for n in range(30)]
    assert sessions[-1].status_code == 429


def test_the_rate_is_kept_by_client() -> None:
    now = 0.0
    rate = Rate(60, clock=lambda: now)
    assert [rate.wait("a") for _ in range(30)] == [0.0] * 30
    assert rate.wait("a") == pytest.approx(1.0)
    assert rate.wait("b") == 0.0
    now = 2.0
    assert [rate.wait("a") > 0 for _ in range(3)] == [False, False, True]


def test_costly_requests_have_a_rate(own_home: Path, fake_engine: None) -> None:
    with client_of(posts_a_minute=6) as found:
        wanted = {"voice": "alloy", "input": "One.", "response_format": "pcm"}
        statuses = [found.post("/v1/audio/speech", json=wanted) for _ in range(6)]
    assert [answer.status_code for answer in statuses] == [200] * 3 + [429] * 3
    assert int(statuses[-1].headers["retry-after"]) > 0
    assert statuses[-1].json()["error"]["type"] == "rate_limit_error"


def test_sizes_are_capped_as_declared_and_as_sent(own_home: Path, fake_engine: None) -> None:
    with client_of(max_json_bytes=2048, max_upload_bytes=100_000) as found:
        big = {"content-length": str(2 << 30), "content-type": "multipart/form-data; boundary=x"}
        assert found.post("/api/uploads", headers=big, content=b"").status_code == 413
        assert found.post("/v1/audio/speech", content=b" " * 4096).status_code == 413

        assert sent(found, "/api/uploads", FORM, [FORM_HEAD], b"0" * 10_000) == 413
        assert sent(found, "/v1/audio/speech", JSON, [b'{"voice": "'], b"a" * 1000) == 413


def test_a_body_that_never_comes_is_not_waited_for(own_home: Path, fake_engine: None) -> None:
    with client_of(receive_seconds=0.2) as found:
        start = time.perf_counter()
        assert sent(found, "/v1/audio/speech", JSON, [b"{"], None) == 408
        assert sent(found, "/api/uploads", FORM, [FORM_HEAD], None) == 408
        assert time.perf_counter() - start < 5


@pytest.mark.parametrize("length", ["-1", "abc", "1e9", "٣"])
def test_odd_lengths_are_refused(client: TestClient, length: str) -> None:
    headers = {"content-length": length.encode()}
    assert client.post("/v1/audio/speech", headers=headers, content=b"").status_code == 400


def test_compressed_bodies_are_refused(client: TestClient) -> None:
    answer = client.post("/v1/audio/speech", headers={"content-encoding": "gzip"}, content=b"x")
    assert answer.status_code == 415


def test_a_public_address_needs_a_key() -> None:
    for host in ("0.0.0.0", "::", "192.168.1.5", "studio.lan"):
        with pytest.raises(Unsafe, match="API key"):
            settings(host=host)
    assert settings(host="0.0.0.0", api_key=KEY).host == "0.0.0.0"
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.9"):
        assert settings(host=host).on_loopback
    with pytest.raises(Unsafe, match="16"):
        settings(api_key="short")
    with pytest.raises(BadInput, match="port"):
        settings(port=70_000)


def test_no_secret_reaches_the_log(
    locked: TestClient, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    locked.post("/api/session", json={"key": KEY})
    locked.get(f"/v1/models?api_key={KEY}", headers=BEARER)
    wanted = {"voice": "alloy", "input": "My secret diary."}
    locked.post("/v1/audio/speech", headers=BEARER, json=wanted)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("likewise")]
    assert any(re.search(r"POST '/v1/audio/speech' 200", line) for line in ours)
    told = "\n".join(ours) + capsys.readouterr().err
    assert KEY not in told
    assert "diary" not in told
    assert KEY not in repr(locked.app.state.likewise.settings)


def test_a_line_is_short() -> None:
    line = Turns(2, "files")
    for _ in range(3):
        line.enter()
    with pytest.raises(Busy, match="3 requests for files"):
        line.enter()
    line.leave()
    line.enter()
    assert line.here == 3


def test_no_key_is_no_guess(locked: TestClient) -> None:
    assert {locked.get("/v1/models").status_code for _ in range(30)} == {401}
    assert locked.get("/v1/models", headers=BEARER).status_code == 200


def test_the_command_refuses_a_public_address(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from likewise.cli.app import run

    monkeypatch.delenv("LIKEWISE_SERVER_API_KEY", raising=False)
    assert run(["serve", "--host", "0.0.0.0"]) == 4
    assert "API key" in capsys.readouterr().err
    assert run(["serve", "--host", "0.0.0.0", "--api-key", "short"]) == 4
    assert run(["serve", "--port", "99999"]) == 2
