"""The server under load: what clients are told, whether memory stays flat, how soon sound comes.

    python benchmarks/server.py                     # 50 clients for two minutes, then first bytes
    python benchmarks/server.py --seconds 30 --json FILE
    python benchmarks/server.py --kill              # killed in the middle of it, and started again

A server of its own is started on a free port with a home of its own. Half of the clients ask for
jobs and half for speech; the queue is bounded, so most are told 429 and wait. Afterwards every
accepted job has to be done and its file whole. With `--kill`, jobs that were done before have to
be so after, those in the middle may be interrupted, and no half file may be left.
"""

import argparse
import io
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import psutil

from likewise.audio import files

SENTENCE = "The proof is in the pudding."
FOUR = (
    "Hello, I am a painting, and today I have something to say. "
    "Please watch my mouth while I am speaking to you. "
    "Five big blue boats were moving past the window. "
    "And that, my friends, is all there is to tell."
)


class Server:
    """A server of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it and wait for its first answer."""
        environment = os.environ | {
            "LIKEWISE_HOME": str(self.home),
            "LIKEWISE_SERVER_POSTS_A_MINUTE": "1000000",
            "LIKEWISE_SERVER_KEEP_JOBS": "100000",
        }
        code = f"from likewise.cli.app import run; run(['serve', '--port', '{self.port}'])"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL
        )
        for _ in range(600):
            try:
                httpx.get(f"{self.base}/api/health").raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise SystemExit("the server does not start")

    def megabytes(self) -> float:
        """Memory of the server and its children."""
        main = psutil.Process(self.process.pid)
        family = [main, *main.children(recursive=True)]
        return sum(each.memory_info().rss for each in family) / 1e6

    def end(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait()

    def kill(self) -> None:
        """End it at once, as a power cut would; its children go with it."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()
        psutil.wait_procs(family, timeout=10)


class Load:
    """Clients that ask again and again, and what they were told."""

    def __init__(self, server: Server, clients: int) -> None:
        self.server = server
        self.statuses: Counter[str] = Counter()
        self.jobs: list[str] = []
        self.waits: list[float] = []
        self.before: dict[str, bytes] = {}  # sounds of jobs that were done before a kill
        self._lock = threading.Lock()
        self._stop = threading.Event()
        asks = (self._job, self._speech)
        self._threads = [
            threading.Thread(target=self._ask, args=(asks[number % 2],), daemon=True)
            for number in range(clients)
        ]

    def run(self, seconds: float, *, kill: bool = False) -> list[tuple[float, float]]:
        """Ask for so long; answers (second, megabytes). Killed, if so, in the middle."""
        for thread in self._threads:
            thread.start()
        start, memory = time.monotonic(), []
        while (now := time.monotonic() - start) < seconds:
            if kill and now > seconds / 2:
                kill = False
                self.before = {each: sound_of(self.server, each) for each in self._done()}
                self.server.kill()
                self.server.start()
            memory.append((now, self.server.megabytes()))
            time.sleep(1.0)
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
        return memory

    def _done(self) -> list[str]:
        with httpx.Client(base_url=self.server.base, timeout=120) as client:
            return [
                each["id"] for each in client.get("/api/jobs").json() if each["state"] == "done"
            ]

    def _ask(self, ask: "callable") -> None:
        with httpx.Client(base_url=self.server.base, timeout=120) as client:
            while not self._stop.is_set():
                start = time.monotonic()
                try:
                    status = ask(client)
                except httpx.HTTPError as error:
                    status = type(error).__name__
                with self._lock:
                    self.statuses[f"{ask.__name__.strip('_')} {status}"] += 1
                    self.waits.append(time.monotonic() - start)
                time.sleep(0.5 if str(status) == "429" else 0.0)

    def _job(self, client: httpx.Client) -> int:
        wanted = {"text": SENTENCE, "voice": "af_heart", "plot": False}
        answer = client.post("/api/jobs/speak", json=wanted)
        if answer.status_code == 202:
            with self._lock:
                self.jobs.append(answer.json()["id"])
        return answer.status_code

    def _speech(self, client: httpx.Client) -> int:
        wanted = {"input": SENTENCE, "voice": "alloy", "response_format": "wav"}
        answer = client.post("/v1/audio/speech", json=wanted)
        if answer.status_code == 200:
            files.read(io.BytesIO(answer.content))
        return answer.status_code


def sound_of(server: Server, job_id: str) -> bytes:
    """The file of a finished job, as it is served."""
    answer = httpx.get(f"{server.base}/api/jobs/{job_id}/files/speech.wav", timeout=120)
    return answer.raise_for_status().content


def finished(server: Server, jobs: list[str]) -> dict[str, int]:
    """Wait for every accepted job, and read its file."""
    told: Counter[str] = Counter()
    with httpx.Client(base_url=server.base, timeout=120) as client:
        for job_id in jobs:
            while (job := client.get(f"/api/jobs/{job_id}").json())["state"] in (
                "queued",
                "running",
            ):
                time.sleep(0.2)
            told[job["state"]] += 1
            if job["state"] == "done":
                sound = client.get(job["files"]["speech.wav"]).content
                told["whole"] += files.read(io.BytesIO(sound)).seconds > 0.5
    return dict(told)


def first_bytes(server: Server, times: int) -> dict[str, float]:
    """Seconds to the first sound and to the last, for four sentences; medians."""
    firsts, totals = [], []
    with httpx.Client(base_url=server.base, timeout=300) as client:
        for number in range(times + 1):
            start, first, seen = time.perf_counter(), 0.0, 0
            wanted = {"input": FOUR, "voice": "alloy", "response_format": "pcm"}
            with client.stream("POST", "/v1/audio/speech", json=wanted) as answer:
                for piece in answer.iter_raw():
                    first = first or time.perf_counter() - start
                    seen += len(piece)
            if number:  # the first one loads the model
                firsts.append(first)
                totals.append(time.perf_counter() - start)
    first, total = statistics.median(firsts), statistics.median(totals)
    return {"first": first, "total": total, "share": first / total, "sound": seen / 48_000}


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--kill", action="store_true", help="kill the server in the middle")
    parser.add_argument("--times", type=int, default=3, help="measurements of the first byte")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    figures: dict = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            figures["first byte"] = first_bytes(server, given.times)
            load = Load(server, given.clients)
            memory = load.run(given.seconds, kill=given.kill)
            figures["statuses"] = dict(sorted(load.statuses.items()))
            figures["answered in"] = {
                "median": statistics.median(load.waits),
                "longest": max(load.waits),
            }
            thirds = [
                statistics.median(
                    [mb for at, mb in memory if low <= at / given.seconds < low + 1 / 3]
                )
                for low in (0.0, 1 / 3, 2 / 3)
            ]
            figures["megabytes by third"] = [round(value) for value in thirds]
            figures["accepted"] = len(load.jobs)
            figures["finished"] = finished(server, load.jobs)
            if given.kill:
                same = [sound_of(server, each) == sound for each, sound in load.before.items()]
                figures["done before the kill"] = len(same)
                figures["of these the same after"] = sum(same)
                figures["half files left"] = len(list(Path(folder).rglob("*.part")))
        finally:
            server.end()
    print(json.dumps(figures, indent=1))
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
