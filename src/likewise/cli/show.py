"""How the command line shows progress and results."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likewise.progress import Progress, ProgressCallback, silent

if TYPE_CHECKING:
    from likewise.studio.rendering import Video


@contextmanager
def progress_bars() -> Iterator[ProgressCallback]:
    """One bar for each stage with speed and time left, on stderr, only where a person watches."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(event: Progress) -> None:
            task = tasks.get(event.stage)
            if task is None:
                task = tasks[event.stage] = bars.add_task(
                    event.stage, total=event.total, unit=event.unit, rate=""
                )
            speed = bars.tasks[bars.task_ids.index(task)].speed
            rate = f"{speed:.0f}/s" if speed and speed >= 1 else ""
            bars.update(task, completed=event.done, total=event.total, rate=rate)

        yield report


def print_result(result: Any, *, as_json: bool, lines: list[str]) -> None:
    """A finished job: a few lines for people, or its dataclass as JSON."""
    if as_json:
        print(json.dumps(asdict(result), ensure_ascii=False, indent=1, default=_plain))
        return
    for line in lines:
        print(line)


def video_lines(video: "Video") -> list[str]:
    """A finished video in a line, and the files beside it."""
    width, height = video.size
    spoken = ", ".join(filter(None, (video.voice, video.language)))
    line = f"{video.path}  {video.seconds:.1f} s, {width}x{height}, {video.fps:g} fps"
    line += f", {spoken}" if spoken else ""
    return [f"{line}, made in {video.took:.1f} s", *map(str, video.beside)]


def print_video(video: "Video", *, as_json: bool) -> None:
    """A finished video, and what the user should know about it."""
    print_notes(video.notes)
    print_result(video, as_json=as_json, lines=video_lines(video))


def print_notes(notes: tuple[str, ...]) -> None:
    """What the user should know goes to stderr, so that stdout stays the result."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def print_how_to_learn(file: Path, *, kind: str | None, face: int | None) -> None:
    """How something that is not known is remembered, after what was said of it."""
    options = f" --kind {kind}" if kind else ""
    options += f" --face {face}" if face else ""
    print(f"Remember it: likewise memory learn {file}{options} --name NAME")


def _plain(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
