"""A camera as a source of pictures that is always up to date: what comes too fast is left out.

    with Camera("0") as camera:
        for seconds, picture in camera:
            ...

OpenCV reads the cameras of Linux (V4L2), macOS (AVFoundation) and Windows (Media Foundation) by
number. A file stands in for a camera that isn't there: it is read at the speed at which it plays.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput

_USUAL_FPS: Final = 30.0  # of cameras that don't say
_PATIENCE: Final = 5.0  # seconds without a picture after which a camera is given up


class Camera:
    """A camera, or a film in its place.

    Args:
        name: A number (0 is the first camera), a device (`/dev/video2`), or a film.
        fps: Pictures per second that are asked for; what the camera answers counts.
        mirrored: Turn the picture about, as a mirror does; people expect it of themselves.

    Attributes:
        fps: Pictures per second.

    Raises:
        BadInput: No such camera, or it can't be opened.
    """

    def __init__(self, name: str = "0", *, fps: float | None = None, mirrored: bool = True) -> None:
        self._stop = threading.Event()
        self._news = threading.Condition()
        self._newest: tuple[float, NDArray[np.uint8]] | None = None
        self._error: BaseException | None = None
        self._ended, self._mirrored = False, mirrored
        stands_in = not name.isdigit() and Path(name).is_file()
        source = _film(name) if stands_in else _device(name, fps)
        said = next(source)
        assert not isinstance(said, np.ndarray)
        self.fps = float(said)
        self._thread = threading.Thread(target=self._read, args=(source,), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Seconds since the first picture, and the newest picture, uint8 (H, W, 3), RGB.

        Raises:
            BadInput: The camera was unplugged or stands still.
        """
        while not self._stop.is_set():
            with self._news:
                came = self._news.wait_for(
                    lambda: self._newest is not None or self._ended, timeout=_PATIENCE
                )
                newest, self._newest = self._newest, None
            if newest is None:
                if self._error is not None:
                    raise self._error
                if not came:
                    raise BadInput(
                        f"The camera has sent no picture for {_PATIENCE:.0f} s. Unplug it, plug "
                        "it in, and close other programs that use it."
                    )
                return
            yield newest

    def close(self) -> None:
        """Let go of the camera; `with` does it."""
        self._stop.set()
        self._thread.join(_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self, source: Iterator[float | NDArray[np.uint8]]) -> None:
        """Take pictures as they come; only the newest is kept."""
        start: float | None = None
        try:
            for picture in source:
                if self._stop.is_set():
                    return
                assert isinstance(picture, np.ndarray)
                now = time.monotonic()
                start = now if start is None else start
                seen = picture[:, ::-1] if self._mirrored else picture
                with self._news:
                    self._newest = (now - start, np.ascontiguousarray(seen))
                    self._news.notify()
        except BadInput as error:
            self._error = error
        finally:
            with self._news:
                self._ended = True
                self._news.notify()


def _device(name: str, fps: float | None) -> Iterator[float | NDArray[np.uint8]]:
    """The rate of a camera, then its pictures."""
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(
        cv2.utils.logging.LOG_LEVEL_SILENT
    )  # what is wrong is said in our words
    try:
        capture = cv2.VideoCapture(int(name) if name.isdigit() else name)
    finally:
        cv2.utils.logging.setLogLevel(level)
    try:
        if fps is not None:
            capture.set(cv2.CAP_PROP_FPS, fps)
        there, picture = capture.read() if capture.isOpened() else (False, None)
        if not there:
            raise BadInput(
                f"There is no camera {name}, or it can't be used. Plug one in, allow this program "
                "to use it in the system's privacy settings, and close others that do; camera:1 is "
                "the second one, camera:/dev/video2 a device by name, and camera:film.mp4 plays a "
                "film in its place."
            )
        said = float(capture.get(cv2.CAP_PROP_FPS))
        yield said if 1.0 <= said <= 240.0 else fps or _USUAL_FPS
        while there and picture is not None:
            yield np.asarray(picture[..., ::-1], np.uint8)
            there, picture = capture.read()
        raise BadInput(f"Camera {name} has stopped sending pictures. Plug it in again.")
    finally:
        capture.release()


def _film(name: str) -> Iterator[float | NDArray[np.uint8]]:
    """The rate of a film, then its pictures when they are due."""
    from likewise.video.reader import VideoReader

    with VideoReader(name) as video:
        yield video.info.fps
        start = time.monotonic()
        for frame in video.frames():
            time.sleep(max(0.0, start + frame.seconds - time.monotonic()))
            yield frame.picture
