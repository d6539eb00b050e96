"""A page of one picture that moves: what is being drawn, for a browser on this machine.

    with LiveView() as view:
        print(view.address)
        view.show(frame)

Every frame goes out as a JPEG of a multipart stream, which browsers show without any script. Only
this machine is answered, and only under its own name, so that no web page can look on.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

from likewise.errors import OutputFailed
from likewise.face.engine import Frame

_QUALITY: Final = 85
_BOUNDARY: Final = "frame"
_PAGE: Final = b"""<!doctype html><html lang="en"><meta charset="utf-8">
<title>Likewise: live</title><style>body{margin:0;background:#1c1e22;color:#ddd;display:grid;
font:16px system-ui;place-items:center;min-height:100vh}
img{max-width:100vw;max-height:92vh}p{margin:.4em}</style>
<img src="/stream" alt="The picture, moving as you do"><p>Synthetic: a picture that follows a
camera. Ctrl-C in the terminal ends it.</p></html>"""


class LiveView:
    """A page on the loopback address that shows frames as they come.

    Args:
        port: Where to listen; 0 takes a free one.

    Attributes:
        address: What to open in a browser.

    Raises:
        OutputFailed: The port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._news = threading.Condition()
        self._jpeg, self._number, self._open = b"", 0, True
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        except OSError as error:
            raise OutputFailed(
                f"Port {port} can't be listened on: {error}. Take another."
            ) from error
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def show(self, frame: Frame) -> None:
        """Show the next frame, uint8 (H, W, 3), RGB."""
        import cv2

        _, jpeg = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        with self._news:
            self._jpeg, self._number = jpeg.tobytes(), self._number + 1
            self._news.notify_all()

    def close(self) -> None:
        """End the stream; `with` does it."""
        with self._news:
            self._open = False
            self._news.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _after(self, number: int) -> tuple[bytes, int]:
        """The first frame after one that was seen, and its number; nothing once it is over."""
        with self._news:
            self._news.wait_for(lambda: self._number > number or not self._open)
            return (self._jpeg, self._number) if self._open else (b"", number)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        view = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                port = view._server.server_port
                if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
                    self.send_error(403)
                elif self.path == "/":
                    self._answer("text/html; charset=utf-8")
                    self.wfile.write(_PAGE)
                elif self.path == "/stream":
                    self._answer(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
                    self._stream()
                else:
                    self.send_error(404)

            def _answer(self, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Cache-Control", "no-store")
                self.send_header("Cross-Origin-Resource-Policy", "same-origin")
                self.end_headers()

            def _stream(self) -> None:
                number = 0
                while True:
                    jpeg, number = view._after(number)
                    if not jpeg:
                        return
                    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                    head += f"Content-Length: {len(jpeg)}\r\n\r\n"
                    try:
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                    except OSError:  # the browser has gone
                        return

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
