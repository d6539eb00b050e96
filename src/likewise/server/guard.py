"""What every request must pass before any code of ours reads it, and what every answer carries.

One ASGI layer: the Host header (against DNS rebinding), the Origin (other pages in the same
browser), the API key, a rate for costly requests, and the size and time of the body. CORS is
closed: no header allows another origin.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from likewise.server.answers import problem
from likewise.server.settings import Settings

SESSION = "likewise_session"

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "frame-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "microphone=(self), camera=(), geolocation=(), payment=()",
    "cache-control": "no-store",
}
_OPEN = ("/api/session", "/api/health")  # the page itself is open too: it holds no secrets
_GUARDED = ("/api/", "/v1/", "/openapi.json")
_UPLOADS = ("/api/uploads", "/v1/audio/voices")
_SAFE = {"GET", "HEAD", "OPTIONS"}
_PREVIEW = "/api/preview"
_PREVIEWS_A_POST = 5  # a slider that is dragged asks ten times a second
_WRONG_KEYS_A_MINUTE = 10

_log = logging.getLogger("likewise.server")


class Rate:
    """Token buckets: how often each client may do something.

    Args:
        a_minute: Events a minute; half of them may come at once.
        clock: Seconds, for tests.
    """

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_second = a_minute / 60.0
        self._most = max(1.0, a_minute / 2)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, *, take: bool = True) -> float:
        """Seconds until a client may go on; 0 takes one token now."""
        now = self._clock()
        tokens, before = self._buckets.pop(client, (self._most, now))
        tokens = min(self._most, tokens + (now - before) * self._a_second)
        allowed = tokens >= 1.0
        self._buckets[client] = (tokens - 1.0 if allowed and take else tokens, now)
        while len(self._buckets) > 4096:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - tokens) / self._a_second


class Sessions:
    """Cookies for the page: random tokens that stand for the API key, kept in memory only."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, float] = OrderedDict()

    def open(self) -> str:
        """A new token."""
        token = secrets.token_urlsafe(32)
        self._known[_digest(token)] = time.monotonic()
        while len(self._known) > 256:
            self._known.popitem(last=False)
        return token

    def knows(self, token: str) -> bool:
        """Whether a token was given out in the last twelve hours."""
        begun = self._known.get(_digest(token))
        return begun is not None and time.monotonic() - begun < 12 * 3600


class Guard:
    """The layer around the application."""

    def __init__(self, app: ASGIApp, *, settings: Settings, sessions: Sessions) -> None:
        self._app = app
        self._settings = settings
        self._sessions = sessions
        self._posts = Rate(settings.posts_a_minute)
        self._previews = Rate(_PREVIEWS_A_POST * settings.posts_a_minute)
        self._wrong_keys = Rate(_WRONG_KEYS_A_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no websockets: an unanswered one is closed by the server
        start = time.perf_counter()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if "server" in headers:
                    del headers["server"]
            await send(message)

        try:
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, answer)
                return
            await self._app(scope, self._limited(scope, receive), answer)
        finally:
            # No key at all is no guess: a page whose session ended asks for many things at once.
            guess = b"authorization" in dict(scope["headers"]) or scope["path"] == "/api/session"
            if status == 401 and guess:
                self._wrong_keys.wait(_client(scope))
            # The path only: queries and bodies may hold texts and names.
            took = 1000 * (time.perf_counter() - start)
            path = scope["path"].encode("ascii", "replace").decode()[:120]
            _log.info("%s %r %d %.0f ms", scope["method"], path, status, took)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        path, method = scope["path"], scope["method"]
        host = headers.get("host", "")
        if not self._known_host(host):
            return problem(
                421, "This server isn't called by that name. Name it with --allow-host NAME."
            )
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return problem(403, "Requests from other web pages are refused.")
        guarded = path.startswith(_GUARDED)
        if guarded and headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            return problem(403, "Requests from other web pages are refused.")
        client = _client(scope)
        if guarded and self._settings.key:
            if (wait := self._wrong_keys.wait(client, take=False)) > 0:
                return problem(429, "Too many wrong keys. Wait a minute.", wait=wait)
            if path not in _OPEN and not self._has_key(headers):
                return problem(401, "This server needs its API key: Authorization: Bearer KEY")
        if method not in _SAFE:
            rate = self._previews if path == _PREVIEW else self._posts
            if (wait := rate.wait(client)) > 0:
                return problem(429, "Too many requests from this client.", wait=wait)
            length = headers.get("content-length", "0")
            if not length.isascii() or not length.isdigit():
                return problem(400, "Content-Length is not a number.")
            if int(length) > self._most(path):
                return problem(413, self._too_large(path))
            if headers.get("content-encoding", "identity") != "identity":
                return problem(415, "Compressed request bodies are not read.")
        return None

    def _known_host(self, host: str) -> bool:
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.strip("[]").rstrip(".").lower()
        if name == "localhost" or name in self._settings.allowed_hosts:
            return True
        try:
            # A name can be made to point here by anyone (DNS rebinding); an address can't.
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _has_key(self, headers: Headers) -> bool:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        given = key.strip() if scheme.lower() == "bearer" else ""
        if hmac.compare_digest(_digest(given), _digest(self._settings.key)):
            return True
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(SESSION)
        except CookieError:
            return False
        return morsel is not None and self._sessions.knows(morsel.value)

    def _most(self, path: str) -> int:
        if path.startswith(_UPLOADS):
            return self._settings.max_upload_bytes
        return self._settings.max_json_bytes

    def _too_large(self, path: str) -> str:
        most = self._most(path)
        size = f"{most >> 20} MB" if most >= 1 << 20 else f"{most >> 10} KB"
        return f"The request is larger than {size}, which is the most that is taken here."

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """`receive`, with an end to how much and how long a body may come."""
        most, until = self._most(scope["path"]), time.monotonic() + self._settings.receive_seconds
        seen, ended = 0, False

        async def limited() -> Message:
            nonlocal seen, ended
            if ended:
                return await receive()
            try:
                left = max(0.0, until - time.monotonic())
                message = await asyncio.wait_for(receive(), left)
            except TimeoutError:
                raise HTTPException(408, "The request took too long to come.") from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                ended = not message.get("more_body", False)
                if seen > most:
                    raise HTTPException(413, self._too_large(scope["path"]))
            return message

        return limited


def same_key(given: str, key: str) -> bool:
    """Whether a key is the right one, in constant time."""
    return hmac.compare_digest(_digest(given), _digest(key))


def _client(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else "unknown"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
