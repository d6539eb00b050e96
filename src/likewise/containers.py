"""Open sound and video files through FFmpeg (PyAV) without opening anything else.

FFmpeg reads playlists that name further files and addresses; a talking picture needs none of that,
so only containers that hold their own media are allowed, and only through a file already opened.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from likewise.errors import BadInput
from likewise.files import kind_of

if TYPE_CHECKING:
    from av.container import InputContainer

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,avi,flv,asf,mpeg,mpegts,gif,apng,"
    "wav,w64,rf64,aiff,au,caf,flac,mp3,aac,ac3,eac3,amr,wv,ape,tta"
)
"""FFmpeg's names of the containers that are opened; no playlists, no devices, no subtitles."""

MAX_PIXELS = 4096 * 2304
"""Most pixels of a video frame that are decoded: a little above 4K."""


@contextmanager
def open_container(file: BinaryIO, name: str, wanted: str) -> "Iterator[InputContainer]":
    """Open a container; FFmpeg's errors while it is open become `BadInput`.

    Args:
        file: Seekable, at its beginning.
        name: What to call the file in messages.
        wanted: What it should be, for messages: `a sound`, `a video`.

    Raises:
        BadInput: Not such a file, or damaged beyond reading.
    """
    import av
    import av.error

    head = file.read(512)
    file.seek(0)
    try:
        with av.open(
            file,
            options={"max_pixels": str(MAX_PIXELS), "threads": "1"},
            # The file is open already: FFmpeg itself may open nothing, no file and no address.
            container_options={"format_whitelist": FORMATS, "protocol_whitelist": "none"},
            metadata_errors="replace",
        ) as container:
            yield container
    except (av.error.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
        raise unreadable(head, name, wanted, error) from error


def unreadable(head: bytes, name: str, wanted: str, error: BaseException) -> BadInput:
    """The typed error for a file that can't be decoded: what it is, or that it is damaged."""
    kind = kind_of(head)
    if kind and wanted.split()[-1] not in kind and not kind.endswith("M4A file"):
        return BadInput(f"{name} is {kind}, not {wanted}, whatever its name says.")
    reason = getattr(error, "strerror", None) or error
    return BadInput(
        f"{name} can't be read as {wanted}: damaged, cut off, or a format FFmpeg doesn't know "
        f"({reason}). Convert it, for a sound to .wav, for a video to .mp4, and try again."
    )
