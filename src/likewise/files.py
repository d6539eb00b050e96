"""Where bytes come from and where they go: paths, `-`, open files, and drafts made whole.

A source is a path, `-` for standard input, or an open binary file; `open_source` turns each into
a seekable file or says in words why it can't. A `Draft` is a file (or folder) beside its target
that takes the target's place in one step, so a reader never meets half a result.

    with Draft(Path("talk.srt")) as draft:
        draft.path.write_text("...", encoding="utf-8")
"""

import codecs
import errno
import hashlib
import io
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from likewise.errors import BadInput, OutputFailed

Source = Path | str | BinaryIO
"""A path, `-` for standard input, or an open binary file."""

Seal = Callable[[Path, str], None]
"""What is done to a finished draft, of a kind told by its suffix, before it takes its place."""

MAX_STREAM_BYTES = 2 << 30
"""Most bytes taken from standard input or a file that can't seek, as they are held in memory."""

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def source_name(source: Source) -> str:
    """What to call a source in a message."""
    if isinstance(source, str | Path):
        return "standard input" if str(source) == "-" else str(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "the given file"


@contextmanager
def open_source(source: Source) -> Iterator[BinaryIO]:
    """Open a source as a seekable binary file, at its beginning.

    Raises:
        BadInput: No such file, a folder, unreadable, empty, or endless.
    """
    name = source_name(source)
    try:
        if isinstance(source, str | Path) and str(source) != "-":
            path = Path(source)
            if path.is_dir():
                raise BadInput(f"{path} is a folder, not a file.")
            with path.open("rb") as file:
                yield _not_empty(file, name)
        else:
            stream = sys.stdin.buffer if isinstance(source, str | Path) else source
            yield _not_empty(_seekable(stream, name), name)
    except FileNotFoundError as error:
        raise BadInput(f"There is no file {name}.") from error
    except (OSError, ValueError) as error:
        # ValueError: a path with a NUL character, or a file object closed before.
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"Can't read {name}: {reason}.") from error


def _seekable(stream: BinaryIO, name: str) -> BinaryIO:
    if stream.seekable():
        stream.seek(0)
        return stream
    data = stream.read(MAX_STREAM_BYTES + 1)
    if len(data) > MAX_STREAM_BYTES:
        limit = MAX_STREAM_BYTES >> 30
        raise BadInput(f"{name} goes on beyond {limit} GB. Save it to a file and name that.")
    return io.BytesIO(data)


def _not_empty(file: BinaryIO, name: str) -> BinaryIO:
    if not file.read(1):
        raise BadInput(f"{name} is empty (0 bytes). Was the copy or download interrupted?")
    file.seek(0)
    return file


def kind_of(head: bytes) -> str:
    """What the first bytes (a few hundred are enough) say a file is, whatever it is called.

    Returns:
        Words for a message, such as `a PNG picture` or `a text file`; "" when unknown.
    """
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in {b"heic", b"heix", b"heif", b"hevc", b"mif1", b"msf1"}:
            return "a HEIC picture"
        if brand in {b"avif", b"avis"}:
            return "an AVIF picture"
        return "an MP4 or M4A file"
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if _looks_like_text(head):
        return "an SVG drawing" if b"<svg" in head else "a text file"
    return ""


_RIFF = {b"WAVE": "a WAV sound", b"AVI ": "an AVI video", b"WEBP": "a WebP picture"}
_MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"fLaC", "a FLAC sound"),
    (b"OggS", "an Ogg sound"),
    (b"ID3", "an MP3 sound"),
    (b"\xff\xfb", "an MP3 sound"),
    (b"\x1aE\xdf\xa3", "a WebM or Matroska video"),
)


def _looks_like_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        # Incremental: a character cut in two at the end is no error.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    printable = sum(character.isprintable() or character in "\r\n\t" for character in text)
    return printable >= 0.95 * len(text) > 0


def output_failed(target: Path | str, error: BaseException) -> OutputFailed:
    """The typed error for a failed write, with what to do about it."""
    code = getattr(error, "errno", None)
    if code in _FULL:
        advice = "the disk is full or a size limit is reached. Free some space or choose another"
        return OutputFailed(f"Can't write {target}: {advice} folder. Nothing half-written is left.")
    if code in _FORBIDDEN:
        return OutputFailed(f"Can't write {target}: no permission. Choose a writable folder.")
    if code == errno.ENOENT:
        return OutputFailed(f"Can't write {target}: its folder doesn't exist. Create it first.")
    reason = getattr(error, "strerror", None) or error
    return OutputFailed(f"Can't write {target}: {reason}. Nothing half-written is left.")


class Draft:
    """A file or folder in the making; `commit` moves it to its target, `discard` removes it.

    As a context manager it commits at the end, or discards when anything was raised, Ctrl-C
    included.

    Attributes:
        target: Where the whole result will be.
        path: Where to write meanwhile: hidden, in the same folder, so that moving is one step.
    """

    def __init__(self, target: Path, *, folder: bool = False) -> None:
        self.target = target
        self.path = target.parent / f".{target.name}.{secrets.token_hex(4)}.part"
        if target.is_dir() and not folder:
            raise OutputFailed(f"Can't write {target}: it is a folder. Give a file name.")
        if target.exists() and not target.is_file() and not folder:
            raise OutputFailed(f"Can't write {target}: it is a device. Give a file name.")
        if folder and target.exists() and not target.is_dir():
            raise OutputFailed(f"Can't write to {target}: it is a file. Give a folder.")
        try:
            if folder:
                self.path.mkdir()
            else:
                # Not tempfile: its 0600 would outlive the move and lock other users out.
                self.path.touch(exist_ok=False)
        except (OSError, ValueError) as error:
            raise output_failed(target, error) from error

    def commit(self) -> None:
        """Put the draft in its place.

        Raises:
            OutputFailed: The move failed; the draft is removed.
        """
        try:
            if self.path.is_dir():
                self._commit_folder()
            else:
                self.path.replace(self.target)
        except OSError as error:
            self.discard()
            raise output_failed(self.target, error) from error

    def _commit_folder(self) -> None:
        if not self.target.exists():
            self.path.replace(self.target)
            return
        for item in self.path.iterdir():
            item.replace(self.target / item.name)
        self.path.rmdir()

    def discard(self) -> None:
        """Remove the draft; harmless when there is none any more."""
        if self.path.is_dir():
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.commit()
            return
        self.discard()
        if isinstance(error, OSError):
            raise output_failed(self.target, error) from error
