"""Frames kept on disk while a long film is made, so that a stopped job goes on where it was.

    kept = Segments.beside(Path("talk.mp4"), of={"picture": digest, ...})
    for frame in kept.frames(lambda first: render(first), fps=25):  # frames `first`, first + 1, ...
        video.write_frame(frame)
    kept.remove()

Frames are written in segments of a few seconds, without loss, so the film is the same to the last
pixel whether its making was stopped or not, whatever its format. A segment counts once it is
whole; a job that is killed loses at most one, a job that is stopped loses none. What was begun with
other inputs is thrown away.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from likewise.files import Draft, output_failed
from likewise.video.movie import choose_lossless

Frame = NDArray[np.uint8]

SEGMENT_FRAMES: Final = 100
SEGMENT_SECONDS: Final = 30.0
"""A segment ends after so many frames or, where frames take long, so many seconds of making."""

_RECORD: Final = "made-of.json"


class Segments:
    """What is there of a film's frames.

    Attributes:
        folder: Where the segments are; other things that took long may be kept there, too.
        found: Frames that were there at the beginning.
    """

    def __init__(self, folder: Path, *, of: Mapping[str, Any]) -> None:
        """Open the folder, made if missing.

        Args:
            folder: Where segments are kept.
            of: What the film is made of, as JSON holds it: hashes of files, options. Segments made
                of something else are removed.

        Raises:
            OutputFailed: The folder can't be written.
        """
        self.folder = folder
        record = json.dumps(dict(of), sort_keys=True)
        try:
            if folder.is_dir() and _record_of(folder) != record:
                shutil.rmtree(folder)
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise output_failed(folder, error) from error
        with Draft(folder / _RECORD) as draft:
            draft.path.write_text(record, encoding="utf-8")
        self._whole = self._continuous()
        self.found = sum(_count(path) for path in self._whole)

    @classmethod
    def beside(cls, target: Path, *, of: Mapping[str, Any]) -> Self:
        """The segments of a film that will be `target`: a hidden folder beside it."""
        if "%" in target.name:  # pictures by a pattern, whose folder may not be there yet
            target = target.parent
        return cls(target.parent / f".{target.name}.resume", of=of)

    def frames(self, make: Callable[[int], Iterator[Frame]], *, fps: float) -> Iterator[Frame]:
        """Every frame: those that are there, then those that `make` makes from a number on.

        Args:
            make: Makes the frames from the given one on, counted from 0.
            fps: Frames per second.
        """
        rate = Fraction(fps).limit_denominator(1001)
        done = 0
        for path in self._whole:
            for frame in islice(_decoded(path), _count(path)):
                yield frame
                done += 1
            if done < _first(path) + _count(path):  # damaged: what follows is made again
                break
        for path in self._whole:
            if _first(path) >= done:
                path.unlink()
        made, segment = make(done), _Segment(self.folder, done, rate)
        try:
            for frame in made:
                if segment.ends:
                    segment.close()
                    segment = _Segment(self.folder, done, rate)
                segment.write(frame)
                done += 1
                yield frame
        finally:
            segment.close()

    def remove(self) -> None:
        """The film is done: forget its segments."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _continuous(self) -> list[Path]:
        """Whole segments from the first frame on without a gap."""
        found: list[Path] = []
        done = 0
        for path in sorted(self.folder.glob("*-*.mkv")):
            if not path.name.startswith(".") and _first(path) == done:
                found.append(path)
                done += _count(path)
        return found


class _Segment:
    """A segment in the making; its name says which frames it holds once it is whole."""

    def __init__(self, folder: Path, first: int, rate: Fraction) -> None:
        self._folder, self._first, self._rate = folder, first, rate
        self._frames = 0
        self._draft: Draft | None = None
        self._container: Any = None
        self._began = time.monotonic()

    @property
    def ends(self) -> bool:
        """Whether the next frame belongs to another segment."""
        took = time.monotonic() - self._began
        return self._frames >= SEGMENT_FRAMES or (self._frames > 0 and took > SEGMENT_SECONDS)

    def write(self, frame: Frame) -> None:
        import av

        picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
        with self._typed():
            if self._draft is None:
                self._open(frame)
            picture = picture.reformat(format=self._format)
            picture.pts, picture.time_base = self._frames, 1 / self._rate
            self._container.mux(self._stream.encode(picture))
        self._frames += 1

    def _open(self, frame: Frame) -> None:
        import av

        name, self._format, options = choose_lossless()
        self._draft = Draft(self._folder / "segment.mkv")
        self._container = av.open(str(self._draft.path), "w", format="matroska")
        self._stream = self._container.add_stream(name, rate=self._rate, options=options)
        self._stream.height, self._stream.width = frame.shape[:2]
        self._stream.pix_fmt = self._format
        self._stream.codec_context.thread_count = 1

    def close(self) -> None:
        if self._draft is None:
            return
        with self._typed():
            self._container.mux(self._stream.encode(None))
            self._container.close()
        self._draft.target = self._folder / f"{self._first:08d}-{self._frames}.mkv"
        self._draft.commit()
        self._draft = None

    @contextmanager
    def _typed(self) -> Iterator[None]:
        """A full disk is told as such, and leaves no draft."""
        import av.error

        try:
            yield
        except (OSError, av.error.FFmpegError) as error:
            if self._draft is not None:
                self._draft.discard()
                self._draft = None
            raise output_failed(self._folder, error) from error


def _first(path: Path) -> int:
    return int(path.stem.split("-")[0])


def _count(path: Path) -> int:
    return int(path.stem.split("-")[1])


def _record_of(folder: Path) -> str:
    try:
        return (folder / _RECORD).read_text(encoding="utf-8")
    except OSError:
        return ""


def _decoded(path: Path) -> Iterator[Frame]:
    """The frames of a segment, as far as they can be read."""
    import av
    import av.error

    with suppress(av.error.FFmpegError, OSError), av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")
