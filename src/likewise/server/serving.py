"""Run the server."""

import logging
import socket

from likewise.errors import OutputFailed
from likewise.server.settings import Settings


def serve(settings: Settings) -> None:
    """Listen until Ctrl-C; says on stderr where.

    Raises:
        OutputFailed: The port is taken, or jobs can't be kept.
    """
    import uvicorn

    from likewise.server.app import create_app

    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    log = logging.getLogger("likewise.server")
    log.setLevel(logging.INFO)
    listener = _listen(settings)
    port = listener.getsockname()[1]
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    log.info("Likewise is at http://%s:%d/ (Ctrl-C ends it)", shown, port)
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
        limit_concurrency=256,
        h11_max_incomplete_event_size=32 << 10,
        ws="none",
    )
    with listener:
        uvicorn.Server(config).run(sockets=[listener])


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise OutputFailed(
            f"Can't listen on {settings.host}:{settings.port}: {error.strerror}. Choose another "
            "port with --port."
        ) from error
    return listener
