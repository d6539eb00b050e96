"""The server as a process of its own, to be killed and started again."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

SERVER = Path(__file__).with_name("fake_voice.py")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Running:
    """The server in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        environment = os.environ | {"LIKEWISE_HOME": str(home)}
        environment["LIKEWISE_SERVER_POSTS_A_MINUTE"] = "100000"
        self.process = subprocess.Popen(
            [sys.executable, str(SERVER), str(self.port)],
            env=environment,
            stderr=subprocess.PIPE,
        )
        until = time.monotonic() + 120
        while True:
            with suppress(OSError):
                assert self.ask("GET", "/api/health")["status"] == "ok"
                return
            assert self.process.poll() is None, self.process.stderr.read().decode()
            assert time.monotonic() < until
            time.sleep(0.1)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"content-type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        kind = answer.headers["content-type"] or ""
        return json.loads(data) if kind.startswith("application/json") else data

    def speak(self, text: str) -> str:
        wanted = {"text": text, "voice": "af_heart", "plot": False}
        return self.ask("POST", "/api/jobs/speak", wanted)["id"]

    def state(self, job: str) -> str:
        return self.ask("GET", f"/api/jobs/{job}")["state"]

    def wait(self, job: str, state: str) -> None:
        until = time.monotonic() + 240
        while self.state(job) != state:
            assert time.monotonic() < until, self.state(job)
            time.sleep(0.1)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def end(self) -> int:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.stderr.close()
        return self.process.wait(timeout=60)
