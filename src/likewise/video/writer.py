"""Write a talking video, frame by frame and part by part, in any order and of any length.

    with VideoWriter("talk.mp4", fps=25, size=(512, 512), audio_rate=24_000) as video:
        for part, frames in ...:
            video.write_audio(part.audio)
            for frame in frames:
                video.write_frame(frame)

The suffix chooses the format: .mp4 .m4v .mov .mkv (H.264 + AAC), .webm (VP9 + Opus), .gif (silent),
a folder or a `frame_%05d.png` pattern (PNG frames and sound.wav). The file appears when the block
ends, and not at all when it ends by an error or Ctrl-C. Sound and picture end together: missing
sound becomes silence, missing picture repeats the last frame.
"""

from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.files import Draft, Seal, output_failed
from likewise.values import Audio
from likewise.video.movie import MP4_CODECS, Movie, choose_codec
from likewise.video.stills import FRAME_NAME, Stills

QUALITY = 19
"""Constant quality of H.264 (CRF): 18-20 is hard to tell from the source."""

PRESET = "superfast"
"""x264 preset. Measured on a talking face of 512x512 at 25 fps with sound, one thread, against
`veryfast`: 0.75 of its CPU time and 1.7 of its bytes; `ultrafast` takes 0.55 and 2.9."""

MOVIE_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
MAX_SIDE = 4096

_AHEAD_SECONDS = 0.5  # sound is written this far ahead of the picture, so that players find both
_HELD_SECONDS = 600.0  # sound that waits for its pictures, at most


class _Encoding(Protocol):
    def write_frame(self, rgb: NDArray[np.uint8]) -> None: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


def default_codec() -> str:
    """Name of the encoder that MP4 videos will get here.

    Raises:
        Unsupported: There is none.
    """
    return choose_codec(".mp4")[0]


class VideoWriter:
    """A video in the making.

    Attributes:
        path: Where it will be.
        fps: Frames per second.
        size: Width and height of the frames, pixels.
        frames: Frames written so far.
        notes: What the user should know, such as another codec than the usual.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        fps: float,
        size: tuple[int, int],
        audio_rate: int | None = None,
        codec: str | None = None,
        quality: int = QUALITY,
        preset: str = PRESET,
        threads: int = 1,
        metadata: Mapping[str, str] = MappingProxyType({}),
        seal: Seal | None = None,
    ) -> None:
        """Open the file.

        Args:
            path: Its suffix chooses the format.
            fps: 1 to 240.
            size: Width and height of the frames; odd ones are padded to even by their edge.
            audio_rate: Hz of the sound; None for a silent video.
            codec: FFmpeg encoder of the picture; None chooses (see `movie.choose_codec`).
            quality: H.264 CRF, lower is better; scaled for the other codecs.
            preset: x264's balance of speed and size.
            threads: Encoder threads.
            metadata: Container tags, such as `title` and `comment`.
            seal: Called with the finished file (or folder of frames) and its suffix before it takes
                its place; what it raises stops the save.

        Raises:
            BadInput: Suffix, size or frame rate that can't be written.
            OutputFailed: Folder missing or read-only.
            Unsupported: FFmpeg lacks the encoder.
        """
        self.path = Path(path)
        self.fps = fps
        self.size = size
        self.frames = 0
        self.notes: tuple[str, ...] = ()
        self._rate = audio_rate
        self._seal = seal
        self._held: deque[NDArray[np.float32]] = deque()
        self._held_samples = self._samples = 0
        self._last: NDArray[np.uint8] | None = None
        self._stride = 1
        width, height = size
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise BadInput(f"A video of {width}x{height} can't be written: 1 to {MAX_SIDE} pixels.")
        if not 1 <= fps <= 240:
            raise BadInput(f"A video of {fps:g} frames a second can't be written: 1 to 240.")
        self._rational = Fraction(fps).limit_denominator(1001)
        suffix = self.path.suffix.lower()
        kind, pattern = _kind(self.path)
        self._target = self.path.parent if pattern and kind == "pattern" else self.path
        note = ""
        if kind == "movie":
            chosen, note = choose_codec(suffix, codec)
        self.notes = (note,) if note else ()
        self._sealed_as = suffix if kind in {"movie", "gif"} else ""
        self._draft = Draft(self._target, folder=kind in {"folder", "pattern"})
        self._encoding: _Encoding | None = None
        try:
            self._movie: Movie | Stills | None = None
            if kind == "movie":
                self._encoding = self._movie = Movie(
                    self._draft.path,
                    suffix=suffix,
                    fps=self._rational,
                    size=(width + width % 2, height + height % 2),
                    sample_rate=audio_rate,
                    codec=chosen,
                    quality=quality,
                    preset=preset,
                    threads=threads,
                    metadata=metadata,
                )
            elif kind == "gif":
                from likewise.video.gif import Gif

                # Every second frame from 20 a second on: half the bytes, and players slow down
                # GIFs faster than that.
                self._stride = 2 if fps >= 20 else 1
                self._encoding = Gif(self._draft.path, fps=self._rational / self._stride, size=size)
                if audio_rate is not None:
                    self.notes += ("A GIF has no sound; write .mp4 or .webm to hear it.",)
            else:
                self._encoding = self._movie = Stills(
                    self._draft.path, pattern=pattern, sample_rate=audio_rate
                )
        except BaseException as error:
            self._abandon()
            raise self._typed(error) from error

    @property
    def seconds(self) -> float:
        """Duration of the frames so far."""
        return float(self.frames / self._rational)

    def write_frame(self, rgb: NDArray[np.uint8]) -> None:
        """Append a frame.

        Args:
            rgb: uint8 (H, W, 3), of the size given at opening.

        Raises:
            ValueError: Another shape or type.
            OutputFailed: The disk is full.
        """
        width, height = self.size
        if rgb.shape != (height, width, 3) or rgb.dtype != np.uint8:
            raise ValueError(
                f"VideoWriter wants uint8 frames ({height}, {width}, 3), got {rgb.dtype} "
                f"{rgb.shape}"
            )
        try:
            self._put_frame(rgb)
            self._release(self.seconds + _AHEAD_SECONDS)
        except BaseException as error:
            raise self._typed(error) from error

    def _put_frame(self, rgb: NDArray[np.uint8]) -> None:
        assert self._encoding is not None
        if isinstance(self._encoding, Movie) and (rgb.shape[0] % 2 or rgb.shape[1] % 2):
            rgb = np.pad(rgb, ((0, rgb.shape[0] % 2), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
        if self.frames % self._stride == 0:
            self._encoding.write_frame(np.ascontiguousarray(rgb))
        self._last = rgb
        self.frames += 1

    def write_audio(self, audio: Audio) -> None:
        """Append sound; it may come before or after its frames.

        Raises:
            ValueError: The video was opened without `audio_rate`.
            OutputFailed: The disk is full.
        """
        if self._rate is None:
            raise ValueError("This VideoWriter is silent: open it with audio_rate to write sound")
        samples = audio.samples
        if audio.sample_rate != self._rate:
            import soxr

            samples = soxr.resample(samples, audio.sample_rate, self._rate)
        self._samples += len(samples)
        if self._movie is None:
            return
        # A long recording given at once stays the caller's array; only small parts are capped.
        self._held.append(samples)
        self._held_samples += len(samples)
        over = self._held_samples - len(samples) - round(_HELD_SECONDS * self._rate)
        try:
            if over > 0:
                self._put_sound(over)
        except BaseException as error:
            raise self._typed(error) from error

    def _release(self, until: float) -> None:
        """Write held sound up to `until` seconds."""
        if self._rate is not None and self._movie is not None:
            written = self._samples - self._held_samples
            self._put_sound(min(self._held_samples, round(until * self._rate) - written))

    def _put_sound(self, count: int) -> None:
        assert self._movie is not None
        while count > 0:
            part = self._held.popleft()
            if len(part) > count:
                self._held.appendleft(part[count:])
                part = part[:count]
            count -= len(part)
            self._held_samples -= len(part)
            self._movie.write_sound(part)

    def close(self) -> None:
        """Let sound and picture end together, finish the file and put it in its place.

        Raises:
            BadInput: No frame was written.
            OutputFailed: The disk is full.
        """
        try:
            if self._last is None:
                raise BadInput(f"{self.path}: no frame was written, so there is no video.")
            self._end_together(self._last)
            assert self._encoding is not None
            self._encoding.finish()
            if self._seal is not None:
                self._seal(self._draft.path, self._sealed_as)
        except BaseException as error:
            self._abandon()
            raise self._typed(error) from error
        self._draft.commit()

    def _end_together(self, last: NDArray[np.uint8]) -> None:
        if self._rate is None:
            return
        while self.frames * self._rate < self._samples * self._rational:
            self._put_frame(last)
            self._release(self.seconds + _AHEAD_SECONDS)
        if self._movie is not None:
            missing = int(self.frames * self._rate / self._rational) - self._samples
            self._held.append(np.zeros(missing, np.float32))
            self._held_samples += missing
            self._samples += missing
            self._put_sound(self._held_samples)

    def _abandon(self) -> None:
        if self._encoding is not None:
            with suppress(OSError):
                self._encoding.abandon()
        self._draft.discard()

    def _typed(self, error: BaseException) -> BaseException:
        import av.error

        if isinstance(error, OSError | av.error.FFmpegError):
            return output_failed(self.path, error)
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


def _kind(path: Path) -> tuple[str, str]:
    """What a path stands for, and the name pattern of its PNG frames."""
    suffix = path.suffix.lower()
    if suffix in MOVIE_SUFFIXES:
        return "movie", ""
    if suffix == ".gif":
        return "gif", ""
    if suffix == ".png" and "%" in path.name:
        try:
            distinct = path.name % 1 != path.name % 2
        except (TypeError, ValueError):
            distinct = False
        if not distinct:
            raise BadInput(f"{path.name}: a pattern of frames looks like {FRAME_NAME}")
        return "pattern", path.name
    if not suffix or path.is_dir():
        return "folder", FRAME_NAME
    raise BadInput(
        f"Can't write {path}: {suffix} is no video format that can be written. Use "
        f"{' '.join(MOVIE_SUFFIXES)} .gif, or a folder for .png frames."
    )


__all__ = ["MP4_CODECS", "PRESET", "QUALITY", "VideoWriter", "default_codec"]
