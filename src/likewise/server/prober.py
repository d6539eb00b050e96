"""The parent's side of decoding: hands files to a confined child, and ends it when it must.

One child decodes one file after another, for starting Python for each would take a second. It is
replaced after some files, after any crash, and when a file takes too long.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from likewise.errors import BadInput
from likewise.server.probing import Limits
from likewise.server.settings import Settings

Kind = Literal["sound", "picture", "media"]

_FILES_A_CHILD = 50
_START_SECONDS = 30.0
# What Python itself needs to start; the child gets none of our secrets.
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "PYTHONPATH", "HOME", "USERPROFILE")


class Prober:
    """Decodes uploads in a child process.

    Args:
        settings: The limits.
    """

    def __init__(self, settings: Settings) -> None:
        self._seconds = settings.decode_seconds
        self._limits = Limits(
            megabytes=settings.decode_megabytes,
            sound_seconds=settings.max_sound_seconds,
            video_seconds=settings.max_video_seconds,
            megapixels=settings.max_megapixels,
            picture_side=settings.max_picture_side,
            frames=settings.max_frames,
            streams=settings.max_streams,
        )
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def probe(self, path: Path, kind: Kind, target: Path) -> dict[str, Any]:
        """Decode a file and write what came of it into a folder; see `probing.probe`.

        Raises:
            BadInput: It can't be decoded within the limits.
        """
        with self._lock:
            if self._child is not None and not self._child.alive:
                self._child.end()
                self._child = None
            if self._child is None:
                self._child = _Child(self._limits)
            answer = self._child.ask(
                {"path": str(path), "kind": kind, "target": str(target)}, self._seconds
            )
            if answer is None or self._child.answered >= _FILES_A_CHILD:
                self._child.end()
                self._child = None
        if answer is None:
            raise BadInput(
                f"The file can't be decoded within {self._seconds:g} seconds and "
                f"{self._limits.megabytes} MB of memory. Convert it to .wav, .png or .mp4."
            )
        if "error" in answer:
            raise BadInput(answer["error"])
        facts: dict[str, Any] = answer["facts"]
        return facts

    def warm(self) -> None:
        """Start the child, so that the first upload needn't wait for it."""
        with self._lock:
            if self._child is None:
                self._child = _Child(self._limits)

    def close(self) -> None:
        """End the child."""
        with self._lock:
            if self._child is not None:
                self._child.end()
                self._child = None


class _Child:
    """A running child."""

    def __init__(self, limits: Limits) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        one = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
        self.answered = 0
        self._process = subprocess.Popen(  # noqa: S603  # our own module, no shell
            [sys.executable, "-P", "-m", "likewise.server.probing", json.dumps(asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment | one | {"PYTHONUTF8": "1"},
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, name="likewise-prober", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, order: dict[str, str], seconds: float) -> dict[str, Any] | None:
        """The child's answer, or None when it died or took too long."""
        assert self._process.stdin is not None
        patience = seconds if self.answered else seconds + _START_SECONDS
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            line = self._lines.get(timeout=patience)
            answer = json.loads(line) if line else None
        except (OSError, ValueError, queue.Empty):
            return None
        self.answered += 1
        return answer if isinstance(answer, dict) else None

    def end(self) -> None:
        """Kill it; there is nothing that it could lose."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # it may have died with our words still in the pipe
                    pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError):  # closed while reading
            for line in self._process.stdout:
                self._lines.put(line)
        self._lines.put(b"")
