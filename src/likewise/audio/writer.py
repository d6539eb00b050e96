"""Sound files written part by part: WAV and raw PCM as they come, the rest through FFmpeg.

    with AudioWriter("speech.mp3", sample_rate=24_000) as writer:
        for part in engine.speak(text, voice):
            writer.write(part.audio)

The file appears at its place when the block ends, and not at all when it ends by an error or
Ctrl-C. `-` streams to standard output: a WAV of unknown length, which players accept.
"""

import struct
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from likewise.audio.resampling import resampled
from likewise.errors import BadInput, LikewiseError
from likewise.files import Draft, Seal, output_failed, source_name
from likewise.values import Audio

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

_UNKNOWN_BYTES = 0xFFFFFFFF
_MAX_WAV_BYTES = 0xFFFFFFFF - 64

_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_AAC_RATES = (*_MP3_RATES, 64000, 88200, 96000)

# Suffix: FFmpeg container, encoder, sample format, the rates it takes (empty: any), options.
_ENCODERS: dict[str, tuple[str, str, str, tuple[int, ...], dict[str, str]]] = {
    ".flac": ("flac", "flac", "s16", (), {}),
    ".mp3": ("mp3", "libmp3lame", "fltp", _MP3_RATES, {"b": "96k"}),
    ".ogg": ("ogg", "libopus", "flt", (48000,), {"b": "64k"}),
    ".opus": ("ogg", "libopus", "flt", (48000,), {"b": "64k"}),
    ".m4a": ("ipod", "aac", "fltp", _AAC_RATES, {"b": "96k"}),
    ".aac": ("adts", "aac", "fltp", _AAC_RATES, {"b": "96k"}),
}
FORMATS = (".wav", ".pcm", *_ENCODERS)
"""Suffixes that can be written; `.pcm` is headerless 16-bit little-endian."""


class _Encoding(Protocol):
    """Takes mono float samples, and finishes the file."""

    def write(self, samples: NDArray[np.float32]) -> None: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


class AudioWriter:
    """A sound file in the making.

    Attributes:
        sample_rate: Hz of the parts; a part of another rate is resampled.
        seconds: How much was written so far.
    """

    def __init__(
        self,
        target: Path | str | BinaryIO,
        *,
        sample_rate: int,
        format: str | None = None,
        seal: Seal | None = None,
    ) -> None:
        """Open the file.

        Args:
            target: Path, `-` for standard output, or a binary file.
            sample_rate: Hz of the sound.
            format: One of `FORMATS`; None takes the path's suffix, `.wav` for `-`.
            seal: Called with the finished file and its suffix before it takes its place; what it
                raises stops the save. Not called where there is no file, as for `-`.

        Raises:
            BadInput: A format that can't be written.
            OutputFailed: The folder is missing or read-only.
        """
        self.sample_rate = sample_rate
        self.seconds = 0.0
        self._samples = 0
        piped = isinstance(target, str | Path) and str(target) == "-"
        self._name = "standard output" if piped else source_name(target)
        self._suffix = suffix = _format(format, self._name)
        self._seal = seal
        self._draft: Draft | None = None
        self._file: BinaryIO
        self._encoding: _Encoding | None = None
        if isinstance(target, str | Path) and not piped:
            self._draft = Draft(Path(target))
        try:
            if self._draft is not None:
                self._file = self._draft.path.open("w+b")
            else:
                self._file = sys.stdout.buffer if isinstance(target, str | Path) else target
            if suffix in _ENCODERS:
                self._encoding = _Compressed(self._file, sample_rate, suffix)
            else:
                self._encoding = _Pcm(self._file, sample_rate, header=suffix == ".wav")
        except BaseException as error:
            self._abandon()
            raise self._typed(error) from error

    def write(self, audio: Audio) -> None:
        """Append a part.

        Raises:
            OutputFailed: The disk is full, or the reader of the pipe is gone.
        """
        samples = resampled(audio, self.sample_rate).samples
        assert self._encoding is not None
        try:
            self._encoding.write(samples)
        except BaseException as error:
            raise self._typed(error) from error
        self._samples += len(samples)
        self.seconds = self._samples / self.sample_rate

    def close(self) -> None:
        """Finish the file and put it in its place; `with` does it."""
        assert self._encoding is not None
        try:
            self._encoding.finish()
            if self._draft is not None:
                self._file.close()
                if self._seal is not None:
                    self._seal(self._draft.path, self._suffix)
            else:
                self._file.flush()
        except BaseException as error:
            self._abandon()
            raise self._typed(error) from error
        if self._draft is not None:
            self._draft.commit()

    def _abandon(self) -> None:
        if self._encoding is not None:
            self._encoding.abandon()
        if self._draft is not None:
            # A full disk fails once more while closing; the draft goes anyway.
            with suppress(OSError, AttributeError):
                self._file.close()
            self._draft.discard()

    def _typed(self, error: BaseException) -> BaseException:
        import av.error

        if isinstance(error, OSError | av.error.FFmpegError) and not isinstance(
            error, LikewiseError
        ):
            return output_failed(self._name, error)
        return error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._abandon()


def write(audio: Audio, target: Path | str | BinaryIO, *, format: str | None = None) -> None:
    """Write a whole sound; see `AudioWriter`.

    Raises:
        BadInput: A suffix that can't be written.
        OutputFailed: Folder missing or read-only, or the disk full.
    """
    with AudioWriter(target, sample_rate=audio.sample_rate, format=format) as writer:
        writer.write(audio)


def _format(format: str | None, name: str) -> str:
    suffix = (format or Path(name).suffix or ".wav").lower()
    suffix = suffix if suffix.startswith(".") else f".{suffix}"
    if name != "standard output" and format is None and not Path(name).suffix:
        suffix = ""
    if suffix not in FORMATS:
        raise BadInput(
            f"Can't write {name}: {suffix or 'no suffix'} is no sound format that can be "
            f"written. Use one of {' '.join(FORMATS)}"
        )
    return suffix


class _Pcm:
    """16-bit little-endian PCM, with a WAV header or bare.

    Rounded to nearest without dither: a 16-bit file read and written again is bit-identical, and
    at -96 dB speech masks the rounding.
    """

    def __init__(self, file: BinaryIO, sample_rate: int, *, header: bool) -> None:
        self._file = file
        self._rate = sample_rate
        self._header = header
        self._bytes = 0
        self._seekable = header and file.seekable()
        if header:
            file.write(self._wav_header(_UNKNOWN_BYTES))

    def _wav_header(self, size: int) -> bytes:
        riff = min(size + 36, _UNKNOWN_BYTES)
        form = struct.pack("<HHIIHH", 1, 1, self._rate, self._rate * 2, 2, 16)
        return struct.pack(
            "<4sI4s4sI16s4sI", b"RIFF", riff, b"WAVE", b"fmt ", 16, form, b"data", size
        )

    def write(self, samples: NDArray[np.float32]) -> None:
        data = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()
        self._bytes += len(data)
        if self._header and self._bytes > _MAX_WAV_BYTES:
            raise BadInput("A WAV file ends at 4 GB. Write .flac for a sound of this length.")
        self._file.write(data)

    def abandon(self) -> None:
        """Nothing is held back."""

    def finish(self) -> None:
        if self._seekable:
            self._file.seek(0)
            self._file.write(self._wav_header(self._bytes))
            self._file.seek(0, 2)


class _Compressed:
    """A compressed format through FFmpeg."""

    def __init__(self, file: BinaryIO, sample_rate: int, suffix: str) -> None:
        import av

        container, encoder, sample_format, rates, options = _ENCODERS[suffix]
        self._rate = sample_rate
        self._target = encoder_rate(sample_rate, rates)
        self._format = sample_format
        self._resampler = None
        if self._target != sample_rate:
            import soxr

            self._resampler = soxr.ResampleStream(
                sample_rate, self._target, 1, dtype="float32", quality="HQ"
            )
        self._container = av.open(file, "w", format=container)
        self._stream: AudioStream = self._container.add_stream(
            encoder, rate=self._target, layout="mono", options=options
        )
        self._stream.format = sample_format
        self._done = 0

    def write(self, samples: NDArray[np.float32], last: bool = False) -> None:
        import av

        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        if not len(samples):
            return
        if self._format == "s16":
            values = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)
        else:
            values = np.clip(samples, -1.0, 1.0).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(values[None], format=self._format, layout="mono")
        frame.sample_rate = self._target
        frame.pts = self._done
        self._done += len(samples)
        self._container.mux(self._stream.encode(frame))

    def abandon(self) -> None:
        import av.error

        with suppress(av.error.FFmpegError, OSError, ValueError):
            self._container.close()

    def finish(self) -> None:
        if self._resampler is not None:
            self.write(np.zeros(0, np.float32), last=True)
        self._container.mux(self._stream.encode(None))
        self._container.close()


def encoder_rate(sample_rate: int, rates: tuple[int, ...]) -> int:
    """The lowest rate of an encoder that keeps the sound's band; its highest when none does."""
    return next((rate for rate in sorted(rates) if rate >= sample_rate), max(rates, default=0)) or (
        sample_rate
    )
