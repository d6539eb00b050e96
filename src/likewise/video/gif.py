"""Encode a short silent GIF with one palette for all frames.

One palette keeps still parts of the picture still; it is learned from the first seconds, then the
frames stream. Ordered (Bayer) dither is used, as error diffusion makes flat areas swarm.
"""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.filter import Graph
    from av.filter.context import FilterContext
    from av.video.frame import VideoFrame

_LEARN_SECONDS = 2.0
_LEARN_FRAMES = 8


class Gif:
    """An open GIF that takes frames."""

    def __init__(self, path: Path, *, fps: Fraction, size: tuple[int, int]) -> None:
        import av

        self._fps = fps
        self._size = size
        self._container = av.open(str(path), "w", format="gif")
        self._stream = self._container.add_stream("gif", rate=fps)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "pal8"
        self._waiting: list[NDArray[np.uint8]] = []
        self._painter: Graph | None = None
        self._frames = 0

    def write_frame(self, rgb: NDArray[np.uint8]) -> None:
        """Append a frame."""
        if self._painter is not None:
            self._encode(rgb)
            return
        self._waiting.append(rgb.copy())
        if len(self._waiting) >= _LEARN_SECONDS * self._fps:
            self._learn()

    def _frame(self, rgb: NDArray[np.uint8], number: int) -> "VideoFrame":
        import av

        frame: VideoFrame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="rgb32")
        frame.pts = number
        frame.time_base = 1 / self._fps
        return frame

    def _learn(self) -> None:
        """Make the palette of the frames so far, and write them."""
        palette = self._palette(self._waiting)
        self._painter = self._paint_with(palette)
        waiting, self._waiting = self._waiting, []
        for rgb in waiting:
            self._encode(rgb)

    def _palette(self, frames: list[NDArray[np.uint8]]) -> "VideoFrame":
        from av.filter import Graph

        graph = Graph()
        width, height = self._size
        source = self._input(graph, width, height)
        generate = graph.add("palettegen", "stats_mode=full:reserve_transparent=1")
        sink = graph.add("buffersink")
        source.link_to(generate)
        generate.link_to(sink)
        graph.configure()
        # A few frames will do: the palette's cost is in the number of different colours.
        for number, rgb in enumerate(frames[:: -(-len(frames) // _LEARN_FRAMES)]):
            source.push(self._frame(rgb, number))
        source.push(None)
        palette: VideoFrame = graph.vpull()
        return palette

    def _input(self, graph: "Graph", width: int, height: int) -> "FilterContext":
        from av.video.format import VideoFormat

        shape = VideoFormat("rgb32", width, height)
        return graph.add_buffer(width=width, height=height, format=shape, time_base=1 / self._fps)

    def _paint_with(self, palette: "VideoFrame") -> "Graph":
        from av.filter import Graph

        graph = Graph()
        width, height = self._size
        source = self._input(graph, width, height)
        colours = self._input(graph, palette.width, palette.height)
        paint = graph.add("paletteuse", "dither=bayer:bayer_scale=4:diff_mode=rectangle")
        sink = graph.add("buffersink")
        source.link_to(paint, 0, 0)
        colours.link_to(paint, 0, 1)
        paint.link_to(sink)
        graph.configure()
        palette.pts = 0
        palette.time_base = 1 / self._fps
        colours.push(palette)
        colours.push(None)
        self._source = source
        return graph

    def _encode(self, rgb: NDArray[np.uint8] | None) -> None:
        import av.error

        assert self._painter is not None
        if rgb is None:
            self._source.push(None)
        else:
            self._source.push(self._frame(rgb, self._frames))
            self._frames += 1
        while True:
            try:
                painted = self._painter.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            self._container.mux(self._stream.encode(painted))

    def finish(self) -> None:
        """Write what waits, and the end."""
        if self._painter is None:
            self._learn()
        self._encode(None)
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def abandon(self) -> None:
        """Close without caring for what is in the file."""
        import av.error

        with suppress(av.error.FFmpegError, OSError, ValueError):
            self._container.close()
