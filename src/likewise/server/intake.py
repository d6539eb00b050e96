"""The one door for files: sniffed, capped, named at random, decoded in a child, kept for a while.

What a client called a file is never used, and what it sent is thrown away once the child has
written it anew; only a checked video stays as it came.
"""

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from likewise.errors import OutputFailed
from likewise.files import Draft, kind_of
from likewise.server.answers import NotFound, TooLong, WrongType
from likewise.server.prober import Kind, Prober
from likewise.server.settings import Settings
from likewise.server.turns import Turns

_ID = re.compile(r"[0-9a-f]{16}")
_CHUNK = 1 << 20
_TAKEN: dict[str, tuple[str, ...]] = {
    "sound": ("sound", "M4A", "video"),
    "picture": ("picture",),
    "media": ("sound", "M4A", "video"),
}
_REFUSED = ("a HEIC picture",)  # no decoder for it, so say so at once
_WORDS = {"sound": "a sound", "picture": "a picture", "media": "a video or a sound"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was taken in.

    Attributes:
        id: Random, 16 hexadecimal digits.
        kind: What it turned out to be: `sound`, `picture` or `video`.
        name: Name of the file written by the child.
        created: Unix seconds.
        facts: What the child found: size, duration, notes.
    """

    id: str
    kind: str
    name: str
    created: float
    facts: dict[str, Any]


class Intake:
    """Takes files in, and finds them again.

    Args:
        folder: Where they are kept.
        prober: Decodes them.
        settings: The limits.
    """

    def __init__(self, folder: Path, prober: Prober, settings: Settings) -> None:
        self._folder = folder
        self._prober = prober
        self._settings = settings
        self._turns = Turns(settings.decoding, "files")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputFailed(f"Can't keep uploads in {folder}: {error.strerror}.") from error

    def take(self, file: BinaryIO, kind: Kind) -> Upload:
        """Take a file in.

        Args:
            file: What the client sent.
            kind: What it is meant to be.

        Raises:
            BadInput: Empty, of another kind, damaged, or beyond a limit.
            Busy: As many files wait to be decoded as may.
            OutputFailed: The disk is full, or as many uploads are kept as may be.
        """
        self._turns.enter()
        try:
            self.sweep()
            return self._take(file, kind)
        finally:
            self._turns.leave()

    def _take(self, file: BinaryIO, kind: Kind) -> Upload:
        target = self._folder / secrets.token_hex(8)
        with Draft(target, folder=True) as draft:
            raw = draft.path / "raw"
            self._copy(file, raw)
            with raw.open("rb") as sent:
                head = sent.read(512)
            _check_kind(head, kind)
            facts = self._prober.probe(raw, kind, draft.path)
            raw.unlink()
            upload = Upload(target.name, facts.pop("kind"), facts.pop("name"), time.time(), facts)
            (draft.path / "upload.json").write_text(json.dumps(asdict(upload)), encoding="utf-8")
        return upload

    @contextmanager
    def passing(self, file: BinaryIO, kind: Kind) -> Iterator[Path]:
        """Take a file in for the time of a block; as `take`."""
        upload = self.take(file, kind)
        try:
            yield self.path(upload)
        finally:
            shutil.rmtree(self._folder / upload.id, ignore_errors=True)

    def get(self, upload_id: str) -> Upload:
        """A file that was taken in before.

        Raises:
            NotFound: No such upload, or it was too long ago.
        """
        about = self._folder / upload_id / "upload.json"
        if not _ID.fullmatch(upload_id) or not about.is_file():
            raise NotFound("There is no such upload any more. Upload the file again.")
        return Upload(**json.loads(about.read_text(encoding="utf-8")))

    def path(self, upload: Upload) -> Path:
        """Where the file is that the child wrote."""
        return self._folder / upload.id / upload.name

    def delete(self, upload_id: str) -> None:
        """Throw a file away.

        Raises:
            NotFound: No such upload.
        """
        shutil.rmtree(self._folder / self.get(upload_id).id, ignore_errors=True)

    def sweep(self) -> None:
        """Throw away what is too old, what a crash left, and the oldest where there is too much."""
        now = time.time()
        kept: list[tuple[float, int, Path]] = []
        for path in self._folder.iterdir():
            try:
                age = now - path.stat().st_mtime
                size = sum(item.stat().st_size for item in path.iterdir())
            except OSError:
                continue  # another request removed it
            if age > 3600 * (self._settings.upload_hours if _ID.fullmatch(path.name) else 1.0):
                shutil.rmtree(path, ignore_errors=True)
            else:
                kept.append((age, size, path))
        total = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept, reverse=True):
            if total <= self._settings.max_uploads_bytes:
                break
            shutil.rmtree(path, ignore_errors=True)
            total -= size

    def _copy(self, file: BinaryIO, target: Path) -> None:
        size = 0
        with target.open("wb") as out:
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                if size > self._settings.max_upload_bytes:
                    raise TooLong(
                        f"The file is larger than {self._settings.max_upload_bytes >> 20} MB, "
                        "which is the most that is taken here."
                    )
                out.write(chunk)
        if not size:
            raise WrongType("The file is empty (0 bytes). Was the copy or download interrupted?")


def _check_kind(head: bytes, kind: Kind) -> None:
    """Refuse at once what surely is something else; the decoders judge the rest."""
    found = kind_of(head)
    if not found:
        return
    if found in _REFUSED or not any(word in found for word in _TAKEN[kind]):
        raise WrongType(f"The file is {found}, not {_WORDS[kind]}, whatever its name says.")
