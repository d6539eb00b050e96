"""A sound file as a track: its facts and its samples in blocks, so that hours fit into memory.

libsndfile reads WAV, FLAC, Ogg and AIFF; FFmpeg reads the rest (MP3, M4A), the sound of videos
included. Both give float32 blocks of shape (n, channels) at the file's own rate.
"""

import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from likewise.containers import open_container, unreadable
from likewise.errors import BadInput

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer

Block = NDArray[np.float32]
"""float32 (n, channels)."""

RATES = range(4_000, 400_001)
"""Sample rates that are read; beyond them a header is damaged or the sound is no speech."""

# Not MP3: mpg123 inside libsndfile writes its complaints about damaged files to stderr.
_SNDFILE_MAGIC = (b"RIFF", b"RIFX", b"RF64", b"riff", b"FORM", b"fLaC", b"OggS", b"caff", b".snd")
_BLOCK = 1 << 16
_CUT_SECONDS = 0.1  # shorter losses at the end are encoders' habits, not a broken copy
_GAP_SECONDS = 0.05  # FFmpeg's time stamps may jitter by a codec frame
_MAX_CHANNELS = 32
_AAC_FRAME = 1024


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """Facts about a sound file.

    Attributes:
        seconds: Duration as its header says, None when the header doesn't say.
        sample_rate: Hz.
        channels: How many.
        format: Container, such as `WAV` or `mov,mp4,m4a,3gp,3g2,mj2`.
        codec: How samples are coded, such as `PCM_24` or `aac`.
    """

    seconds: float | None
    sample_rate: int
    channels: int
    format: str
    codec: str


@dataclass(frozen=True, slots=True)
class Track:
    """An open sound: facts and the blocks to come, read once."""

    info: SoundInfo
    blocks: Iterator[Block]


@contextmanager
def open_track(file: BinaryIO, name: str) -> Iterator[Track]:
    """Open a sound.

    Args:
        file: Seekable, at its beginning.
        name: What to call it in messages.

    Raises:
        BadInput: Not a sound, no sound in the video, damaged, cut off, or of an odd rate.
    """
    import soundfile

    head = file.read(512)
    file.seek(0)
    with ExitStack() as stack:
        usable = head.startswith(_SNDFILE_MAGIC)
        try:
            if usable:
                sound = stack.enter_context(soundfile.SoundFile(_SafeSeek(file)))
                # libsndfile gives Vorbis and Opus surround in another order of channels.
                usable = sound.format != "OGG" or sound.channels <= 2
                # A FLAC that was streamed doesn't know its length, and libsndfile can't read it.
                usable &= sound.format != "FLAC" or 0 < sound.frames < 1 << 48
        except (soundfile.SoundFileError, OSError, ValueError, TypeError):
            usable = False
        if usable:
            info = SoundInfo(
                seconds=sound.frames / sound.samplerate if 0 < sound.frames < 1 << 48 else None,
                sample_rate=sound.samplerate,
                channels=sound.channels,
                format=sound.format,
                codec=sound.subtype,
            )
            _check(info, name)
            if (missing := _missing_wav_bytes(file, head)) > 0:
                raise _cut_off(name, f"{missing} of its bytes are missing at the end")
            blocks = _sndfile_blocks(sound, info, name, head)
        else:
            stack.close()
            file.seek(0)
            container = stack.enter_context(open_container(file, name, "a sound"))
            info = _container_info(container, name)
            blocks = _container_blocks(container, info)
        yield Track(info, blocks)


class _SafeSeek:
    """A file that libsndfile may send before its beginning, as it does for damaged headers.

    The error would be printed to stderr by cffi, not raised.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read = file.read
        self.tell = file.tell
        self.write = file.write

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._file.tell(), self._file.seek(0, 2) if whence == 2 else 0)[whence]
        return self._file.seek(max(0, base + offset))


def _check(info: SoundInfo, name: str) -> None:
    if info.sample_rate not in RATES:
        raise BadInput(
            f"{name} says {info.sample_rate} samples a second; sounds from {RATES[0]} to "
            f"{RATES[-1]} Hz are read. Convert it to a 48000 Hz .wav."
        )
    if not 0 < info.channels <= _MAX_CHANNELS:
        raise BadInput(f"{name} has {info.channels} channels; up to {_MAX_CHANNELS} are read.")


def _cut_off(name: str, detail: str) -> BadInput:
    return BadInput(
        f"{name} is cut off: {detail}. The copy or download broke off; fetch the file again."
    )


def _missing_wav_bytes(file: BinaryIO, head: bytes) -> int:
    """How many bytes of sound a WAV header announces beyond the end of the file.

    libsndfile quietly mends the header's length, so a broken download would pass as a shorter
    recording. Sizes of 0 and near 2^32 mean a streamed file of unknown length.
    """
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return 0
    place = file.tell()
    end = file.seek(0, 2)
    byte_rate, position, missing = 1, 12, 0
    while position + 8 <= end:
        file.seek(position)
        chunk, size = struct.unpack("<4sI", file.read(8))
        if chunk == b"fmt " and size >= 16:
            byte_rate = struct.unpack("<8xI", file.read(12))[0]
        if chunk == b"data":
            if 0 < size < 0x7FFF0000:
                missing = position + 8 + size - end
            break
        position += 8 + size + size % 2
    file.seek(place)
    return missing if missing > _CUT_SECONDS * byte_rate else 0


def _sndfile_blocks(sound: object, info: SoundInfo, name: str, head: bytes) -> Iterator[Block]:
    import soundfile

    assert isinstance(sound, soundfile.SoundFile)
    done = 0
    try:
        while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
            done += len(block)
            yield block
    except (soundfile.SoundFileError, OSError, ValueError, MemoryError) as error:
        raise unreadable(head, name, "a sound", error) from error
    if info.seconds is not None and info.seconds - done / info.sample_rate > _CUT_SECONDS:
        found = done / info.sample_rate
        raise _cut_off(name, f"it holds {found:.1f} of {info.seconds:.1f} seconds")


def _container_info(container: "InputContainer", name: str) -> SoundInfo:
    if not container.streams.audio:
        raise BadInput(
            f"{name} has no sound in it, only {_others(container)}. Choose a file with speech."
        )
    stream = container.streams.audio[0]
    context = stream.codec_context
    if context is None:
        raise BadInput(f"{name}: its sound is in a codec that this FFmpeg can't decode.")
    seconds: float | None = None
    if stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        seconds = container.duration / 1_000_000
    info = SoundInfo(
        seconds=seconds if seconds is not None and seconds > 0 else None,
        sample_rate=context.sample_rate or 0,
        channels=context.channels or 0,
        format=container.format.name,
        codec=context.name,
    )
    _check(info, name)
    return info


def _others(container: "InputContainer") -> str:
    kinds = sorted({str(stream.type) for stream in container.streams})
    return " and ".join(kinds) or "an empty container"


def _container_blocks(container: "InputContainer", info: SoundInfo) -> Iterator[Block]:
    """Decode the first sound stream on the time line of the picture, where there is one.

    A stream that begins later than the picture, or pauses, gets silence in its place, and what
    comes before the picture is left out, so that sample n is heard n / rate seconds after the
    first picture. FFmpeg itself drops the encoder's priming samples.
    """
    origin: float | None = None
    for video in container.streams.video:
        if video.start_time is not None and video.time_base is not None:
            origin = float(video.start_time * video.time_base)
    done = skip = 0
    for frame in _frames(container):
        if frame.sample_rate != info.sample_rate:
            raise ValueError(f"the sound changes from {info.sample_rate} to {frame.sample_rate} Hz")
        time = frame.time
        if time is not None:
            origin = time if origin is None else origin
            late = time - origin - done / info.sample_rate
            if done == 0 and late < 0:
                skip = round(-late * info.sample_rate)
            elif late > (_GAP_SECONDS if done else 0.0):
                gap = round(late * info.sample_rate)
                done += gap
                yield from _silence(gap)
        block = _to_float(frame.to_ndarray(), frame.format.is_planar, len(frame.layout.channels))
        block, skip = block[skip:], max(0, skip - len(block))
        if info.seconds is not None:
            # The last frame of AAC is a full one; the header knows where the sound ends.
            rest = round(info.seconds * info.sample_rate) - done
            if 0 <= rest < len(block) and len(block) - rest < 2 * _AAC_FRAME:
                block = block[:rest]
        done += len(block)
        yield block


def _frames(container: "InputContainer") -> "Iterator[AudioFrame]":
    """Decoded frames; a few broken packets are passed over as players do, many are an error."""
    import av.error

    packets = failures = 0
    stream = container.streams.audio[0]
    for packet in container.demux(stream):
        packets += 1
        try:
            frames = packet.decode()
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            failures += 1
            if failures > max(3, packets // 10):
                raise
            continue
        yield from frames


def _to_float(values: NDArray[Any], planar: bool, channels: int) -> Block:
    """FFmpeg's sample formats as float32 (n, channels)."""
    samples = values.T if planar else values.reshape(-1, channels)
    if samples.dtype == np.uint8:
        samples = (samples.astype(np.float32) - 128) / 128
    elif samples.dtype.kind == "i":
        samples = samples / float(-np.iinfo(samples.dtype).min)
    floats: Block = samples.astype(np.float32)
    return floats


def _silence(samples: int) -> Iterator[Block]:
    for start in range(0, samples, _BLOCK):
        yield np.zeros((min(_BLOCK, samples - start), 1), np.float32)
