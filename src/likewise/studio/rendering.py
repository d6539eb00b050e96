"""From a score to frames in a file: the half that `talk` and `animate` share."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from likewise.face.engine import FaceEngine
from likewise.files import Seal
from likewise.progress import Progress, ProgressCallback
from likewise.studio.record import Record
from likewise.studio.stopwatch import Stopwatch
from likewise.values import Motion, Portrait
from likewise.video.writer import VideoWriter


@dataclass(frozen=True, slots=True)
class Video:
    """A finished talking video.

    Attributes:
        path: Where it is.
        seconds: Duration of the sound.
        frames: Number of frames.
        fps: Frames per second.
        size: Width and height in pixels.
        voice: Name of the voice, "" where the sound was recorded.
        language: Language spoken.
        took: Wall seconds from call to finished file.
        stages: Wall seconds by stage; stages overlap, so they add up to more than `took`.
        notes: What the user should know: which face was taken, what was odd about the recording.
        beside: Files written beside the video: subtitles, a plot.
    """

    path: Path
    seconds: float
    frames: int
    fps: float
    size: tuple[int, int]
    voice: str
    language: str
    took: float
    stages: dict[str, float]
    notes: tuple[str, ...]
    beside: tuple[Path, ...]


def open_video(
    path: Path | str,
    portrait: Portrait,
    fps: float,
    sample_rate: int | None,
    *,
    seal: Seal | None = None,
) -> VideoWriter:
    """A writer for frames of the portrait's size and sound of the given rate, None for silence."""
    height, width = portrait.picture.shape[:2]
    return VideoWriter(Path(path), fps=fps, size=(width, height), audio_rate=sample_rate, seal=seal)


def render_into(
    video: VideoWriter,
    engine: FaceEngine,
    portrait: Portrait,
    score: Iterable[Motion],
    record: Record,
    watch: Stopwatch,
    on_progress: ProgressCallback,
) -> int:
    """Draw every frame of a score into a video; answers how many there were."""
    count = 0
    for frame in watch.each("rendering", engine.render(portrait, score)):
        with watch.stage("encoding"):
            video.write_frame(frame)
        count += 1
        total = round(record.seconds * video.fps) if record.complete else None
        on_progress(Progress("rendering", count, total, "frames"))
    return count
