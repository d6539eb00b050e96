"""Sound files in and out: anything with a sound in it becomes mono float32, and back.

    voice = files.read("sample.m4a", sample_rate=24_000)
    files.write(voice, "sample.wav")

Reading streams: decoding, mixing and resampling go block by block, so memory is the result's.
Writing is atomic: the file appears when it is whole (`likewise.files.Draft`).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from likewise.audio.decoder import Block, SoundInfo, Track, open_track
from likewise.audio.writer import AudioWriter, write
from likewise.errors import BadInput
from likewise.files import Source, open_source, source_name
from likewise.values import Audio

__all__ = ["MAX_SECONDS", "AudioWriter", "SoundInfo", "info", "read", "write"]

MAX_SECONDS = 3 * 3600.0
"""Default limit of `read`: three hours, about 1 GB at 24 kHz."""

_MAX_PEAK = 64.0  # 36 dB above full scale: such floats are integers that nobody scaled

# FFmpeg's downmix of 5.1 and 7.1 (FL FR FC LFE BL BR SL SR): speech sits in the centre, which a
# plain mean would lower by 15 dB. ITU-R BS.775-3, table 2.
_SURROUND = np.array([0.707, 0.707, 1.0, 0.0, 0.5, 0.5, 0.5, 0.5], np.float32)


def info(source: Source) -> SoundInfo:
    """Facts about a sound or a video's sound, without decoding it.

    Raises:
        BadInput: As `read`, as far as the header tells.
    """
    with open_source(source) as file, open_track(file, source_name(source)) as track:
        return track.info


def read(
    source: Source, *, sample_rate: int | None = None, max_seconds: float | None = MAX_SECONDS
) -> Audio:
    """Read a sound, or the sound of a video, as mono.

    Args:
        source: A path, `-` for standard input, or an open binary file.
        sample_rate: Hz to resample to; None keeps the file's.
        max_seconds: Longest sound that is taken; None for no limit.

    Returns:
        The channels' mix, float32; sample 0 coincides with the first picture of a video.

    Raises:
        BadInput: Not a sound, empty, cut off, too long, without samples, or with NaN in it.

    Example:
        >>> import io
        >>> sound = io.BytesIO()
        >>> sound.name = "tone.wav"
        >>> with AudioWriter(sound, sample_rate=8000) as writer:
        ...     writer.write(Audio(np.ones(800, np.float32) / 2, 8000))
        >>> read(sound, sample_rate=16000).seconds
        0.1
    """
    name = source_name(source)
    with open_source(source) as file, open_track(file, name) as track:
        rate = track.info.sample_rate
        _check_length(track.info.seconds, name, max_seconds)
        parts = _mixed(track, name, max_seconds)
        if sample_rate is not None and sample_rate != rate:
            parts = _resampled(parts, rate, sample_rate)
        samples = list(parts)
    mono = np.concatenate(samples) if samples else np.zeros(0, np.float32)
    if not len(mono):
        raise BadInput(f"{name} holds no samples: its sound is 0 seconds long.")
    return Audio(mono, sample_rate or rate)


def stream(source: Source, *, max_seconds: float | None = MAX_SECONDS) -> Iterator[Audio]:
    """Read a sound, or the sound of a video, part by part; joined they are what `read` answers.

    Args:
        source: A path, `-` for standard input, or an open binary file.
        max_seconds: Longest sound that is taken; None for no limit.

    Raises:
        BadInput: As `read`.
    """
    name = source_name(source)
    with open_source(source) as file, open_track(file, name) as track:
        rate = track.info.sample_rate
        _check_length(track.info.seconds, name, max_seconds)
        for samples in _mixed(track, name, max_seconds):
            if len(samples):
                yield Audio(samples, rate)


def _check_length(seconds: float | None, name: str, limit: float | None) -> None:
    if seconds is not None and limit is not None and seconds > limit:
        raise BadInput(
            f"{name} is {_spoken(seconds)} long; the limit here is {_spoken(limit)}. Cut out the "
            "part you need."
        )


def _spoken(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 600 else f"{seconds:.3g} seconds"


def _mixed(track: Track, name: str, limit: float | None) -> Iterator[NDArray[np.float32]]:
    """Blocks as mono, checked: finite, of sane size, and not endless."""
    rate = track.info.sample_rate
    done = 0
    for block in track.blocks:
        # min and max carry NaN and inf along: one pass finds both, and too large values.
        low, high = (float(block.min()), float(block.max())) if block.size else (0.0, 0.0)
        if not np.isfinite([low, high]).all():
            place = (done + int(np.argmin(np.isfinite(block).all(axis=1)))) / rate
            raise BadInput(
                f"{name} holds samples that are no numbers (NaN or infinite), the first at "
                f"{place:.2f} s. The program that wrote it failed; export the sound again."
            )
        if max(-low, high) > _MAX_PEAK:
            raise BadInput(
                f"{name} has samples up to {max(-low, high):.3g}, where -1 to 1 is full scale. "
                "Scale the samples, or save them as 16-bit."
            )
        done += len(block)
        _check_length(done / rate, name, limit)
        yield _mono(block)


def _mono(block: Block) -> NDArray[np.float32]:
    channels = block.shape[1]
    if channels == 1:
        return block[:, 0]
    if channels in (6, 8):
        weights = _SURROUND[:channels] / _SURROUND[:channels].sum()
        mixed: NDArray[np.float32] = block @ weights
        return mixed
    mean: NDArray[np.float32] = block.mean(axis=1, dtype=np.float32)
    return mean


def _resampled(
    parts: Iterator[NDArray[np.float32]], rate: int, target: int
) -> Iterator[NDArray[np.float32]]:
    import soxr

    stream = soxr.ResampleStream(rate, target, 1, dtype="float32", quality="HQ")
    for part in parts:
        chunk: NDArray[np.float32] = stream.resample_chunk(part)
        yield chunk
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
