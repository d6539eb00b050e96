"""Read a video as upright RGB frames with their times, one at a time.

    with VideoReader("driver.mp4") as video:
        for frame in video.frames(fps=25, max_side=512):
            frame.picture, frame.seconds

Phones film with a varying frame rate and turn the picture by a flag; both are settled here. The
video's sound is read by `likewise.audio.files.read`, on the same time line.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from likewise.containers import MAX_PIXELS, open_container, unreadable
from likewise.errors import BadInput
from likewise.files import Source, open_source, source_name

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MIN_SIDE = 16
MAX_SECONDS = 3 * 3600.0


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """Facts about a video.

    Attributes:
        width: Pixels, upright.
        height: Pixels, upright.
        fps: Frames a second on average.
        seconds: Duration as the header says, None when it doesn't say.
        rotation: Degrees clockwise by which frames were turned upright: 0, 90, 180 or 270.
        format: Container, such as `mov,mp4,m4a,3gp,3g2,mj2`.
        codec: Picture codec, such as `h264`.
        has_sound: Whether there is a sound stream.
    """

    width: int
    height: int
    fps: float
    seconds: float | None
    rotation: int
    format: str
    codec: str
    has_sound: bool


@dataclass(frozen=True, slots=True, eq=False)
class TimedPicture:
    """A frame.

    Attributes:
        picture: uint8 (H, W, 3), RGB, upright.
        seconds: When it is shown, from the first frame on.
    """

    picture: NDArray[np.uint8]
    seconds: float


def info(source: Source) -> VideoInfo:
    """Facts about a video; its first frame is decoded to be sure that it can be.

    Raises:
        BadInput: As `VideoReader`.
    """
    with VideoReader(source) as video:
        return video.info


class VideoReader:
    """An open video, read once from its beginning.

    Attributes:
        info: Facts about it.
    """

    info: VideoInfo

    def __init__(self, source: Source, *, max_seconds: float | None = MAX_SECONDS) -> None:
        """Open a video and decode its first frame.

        Args:
            source: A path, `-` for standard input, or an open binary file.
            max_seconds: Longest video that is taken; None for no limit.

        Raises:
            BadInput: Not a video, no picture in it, too large, too long, or damaged.
        """
        self._name = source_name(source)
        self._limit = max_seconds
        self._head = b""
        self._stack = ExitStack()
        with ExitStack() as stack:
            file = stack.enter_context(open_source(source))
            self._head = file.read(512)
            file.seek(0)
            container = stack.enter_context(open_container(file, self._name, "a video"))
            self._container = container
            self._stream = self._picture_stream()
            self._decoded = self._decode()
            first = next(self._decoded, None)
            if first is None:
                raise BadInput(f"{self._name} holds no picture that can be decoded: it is damaged.")
            self._first: VideoFrame | None = first
            self.info = self._facts(first)
            self._stack = stack.pop_all()

    def _picture_stream(self) -> "VideoStream":
        from av.stream import Disposition

        streams = [
            stream
            for stream in self._container.streams.video
            if not stream.disposition & Disposition.attached_pic  # a music file's cover
        ]
        if not streams:
            raise BadInput(f"{self._name} has no moving picture in it. Choose a video.")
        stream = streams[0]
        context = stream.codec_context
        if context is None:
            raise BadInput(f"{self._name}: its picture is in a codec this FFmpeg can't decode.")
        width, height = context.width, context.height
        if min(width, height) < MIN_SIDE or width * height > MAX_PIXELS:
            raise BadInput(
                f"{self._name} is {width}x{height} pixels; videos from {MIN_SIDE}x{MIN_SIDE} to "
                f"{MAX_PIXELS / 1e6:.0f} megapixels are read. Scale it, for example with: "
                "ffmpeg -i IN -vf scale=1280:-2 OUT.mp4"
            )
        context.thread_count = 1
        return stream

    def _facts(self, first: "VideoFrame") -> VideoInfo:
        stream = self._stream
        rotation = _clockwise(first)
        width, height = first.width, first.height
        if rotation in (90, 270):
            width, height = height, width
        rate = stream.average_rate or stream.guessed_rate or stream.base_rate
        fps = float(rate) if rate else 25.0
        seconds: float | None = None
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        elif self._container.duration is not None:
            seconds = self._container.duration / 1_000_000
        if seconds is not None and seconds <= 0:
            seconds = None
        self._check_length(seconds or 0.0)
        return VideoInfo(
            width=width,
            height=height,
            fps=fps if 0.01 <= fps <= 1000 else 25.0,
            seconds=seconds,
            rotation=rotation,
            format=self._container.format.name,
            codec=stream.codec_context.name,
            has_sound=bool(self._container.streams.audio),
        )

    def _check_length(self, seconds: float) -> None:
        if self._limit is not None and seconds > self._limit:
            raise BadInput(
                f"{self._name} is {seconds:.0f} s long; the limit here is {self._limit:g} s. Cut "
                "out the part you need."
            )

    def _decode(self) -> "Iterator[VideoFrame]":
        """Frames as they come; a few broken packets are passed over as players do."""
        import av.error

        packets = failures = 0
        for packet in self._container.demux(self._stream):
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

    def frames(
        self, *, fps: float | None = None, max_side: int | None = None
    ) -> Iterator[TimedPicture]:
        """The frames, once.

        Args:
            fps: A constant rate to resample to, by repeating and dropping frames; None gives
                each frame once at its own time.
            max_side: Longest side, pixels; larger frames are scaled down.

        Raises:
            BadInput: Damaged in a way that can't be passed over, or longer than the limit.
        """
        pictures = self._pictures(max_side)
        return pictures if fps is None else _at_constant_rate(pictures, fps, 1 / self.info.fps)

    def _pictures(self, max_side: int | None) -> Iterator[TimedPicture]:
        import av.error

        if self._first is None:
            raise ValueError("VideoReader.frames can be read once; open the video again")
        frame: VideoFrame | None = self._first
        self._first = None
        assert frame is not None
        origin = frame.time or 0.0
        seconds, step = 0.0, 1 / self.info.fps
        shape = (frame.width, frame.height)
        try:
            while frame is not None:
                if (frame.width, frame.height) != shape:
                    raise ValueError("the picture changes its size midway")
                yield TimedPicture(self._upright(frame, max_side), seconds)
                frame = next(self._decoded, None)
                if frame is not None:
                    time = seconds + step if frame.time is None else frame.time - origin
                    # Times that go back are a muxer's fault; a frame has to last a little.
                    seconds = max(time, seconds + 1e-3)
                    self._check_length(seconds)
        except (av.error.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
            raise unreadable(self._head, self._name, "a video", error) from error

    def _upright(self, frame: "VideoFrame", max_side: int | None) -> NDArray[np.uint8]:
        width, height = frame.width, frame.height
        if max_side is not None and max(width, height) > max_side:
            scale = max_side / max(width, height)
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
        rgb = frame.reformat(width, height, format="rgb24", interpolation="AREA").to_ndarray()
        turned = np.rot90(rgb, k=-self.info.rotation // 90)
        return np.ascontiguousarray(turned, dtype=np.uint8)

    def close(self) -> None:
        """Close the file; `with` does it."""
        self._decoded.close() if hasattr(self._decoded, "close") else None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _clockwise(frame: "VideoFrame") -> int:
    """Turn a display matrix asks for, to the nearest right angle.

    FFmpeg's angle is counter-clockwise (libavutil/display.h).
    """
    angle = frame.rotation
    return round(-angle / 90) * 90 % 360


def _at_constant_rate(
    pictures: Iterator[TimedPicture], fps: float, step: float
) -> Iterator[TimedPicture]:
    """At each tick the frame that is on screen then; the last one lasts one `step`."""
    tick = 0
    shown: TimedPicture | None = None
    for picture in pictures:
        while shown is not None and tick / fps < picture.seconds - 1e-6:
            yield TimedPicture(shown.picture, tick / fps)
            tick += 1
        shown = picture
    if shown is not None:
        end = shown.seconds + step
        last = max(1, math.ceil((end - 1e-6) * fps))
        while tick < last:
            yield TimedPicture(shown.picture, tick / fps)
            tick += 1
