"""A picture follows a camera, now: to be watched in a browser, or written until it is stopped.

    follow("portrait.jpg", "camera", output="live.mp4")       # until Ctrl-C
    follow("portrait.jpg", "camera", view=LiveView())         # to be watched only

Pictures that come while one is being drawn are left out, so the face is never late by more than
one. A camera has no sound here.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from likewise.errors import BadInput
from likewise.face import registry as faces
from likewise.motion.limits import within_limits
from likewise.motion.live import LiveDriver
from likewise.progress import Progress, ProgressCallback, silent
from likewise.provenance.marking import Marking
from likewise.provenance.origin import Origin
from likewise.seeing.camera import Camera
from likewise.studio.choosing import PictureLike, PointsLike, choose_portrait
from likewise.studio.framing import Crop
from likewise.studio.live_view import LiveView
from likewise.studio.rendering import Video, open_video
from likewise.studio.scoring import SlidersLike, chosen_sliders
from likewise.studio.stopwatch import Stopwatch
from likewise.values import Motion
from likewise.values.portrait import Style

_NAME: Final = "camera"
_LOOK: Final = (
    "The first second in which the camera saw a face counts as its neutral look: straight ahead, "
    "mouth shut."
)


def camera_named(driver: str) -> str | None:
    """Which camera a driver's name means: `camera` or `camera:1`; None where it means a file.

    Raises:
        BadInput: `camera:` and nothing.
    """
    name, colon, which = driver.partition(":")
    if name != _NAME or (not colon and Path(driver).exists()):
        return None
    if colon and not which:
        raise BadInput("camera: wants a number, a device or a film after the colon: camera:1")
    return which or "0"


def follow(
    picture: PictureLike,
    camera: str = "camera",
    *,
    output: Path | str | None = None,
    view: LiveView | None = None,
    seconds: float | None = None,
    fps: float | None = None,
    crop: Crop = "none",
    size: int = 512,
    face: int | None = None,
    points: PointsLike | None = None,
    style: Style | None = None,
    sliders: SlidersLike | None = None,
    face_engine: str = "mesh",
    stop: threading.Event | None = None,
    on_progress: ProgressCallback = silent,
) -> Video | None:
    """Make a picture do what somebody before a camera does.

    Args:
        picture: A picture file, RGB pixels, or a portrait.
        camera: `camera`, `camera:1` for the second one, `camera:DEVICE`, or `camera:FILM`.
        output: A video to write: .mp4, .webm, .gif, or a pattern such as `frames/%05d.png`; None
            for none.
        view: Where it is watched meanwhile; None for nowhere.
        seconds: When to stop; None goes on until `stop` or Ctrl-C.
        fps: Frames per second of the video; None takes the camera's, 5 to 60.
        crop: `none` shows the whole picture, `head` a square of head and shoulders.
        size: Longest side in pixels.
        face: Which face of the picture, largest first; None takes the largest.
        points: Ten points of the face, or their file; `auto` takes a doubtful find as it is.
        style: How the picture is made; None lets the picture decide.
        sliders: Pose and expression added by hand.
        face_engine: A face engine that draws in real time.
        stop: Ends it from another thread.
        on_progress: Told about every frame.

    Returns:
        Where the video is, and how it was made; None without an output.

    Raises:
        BadInput: No camera, or the picture or an option can't be used.
        MarkFailed: The video could not be marked as synthetic.
        OutputFailed: The video can't be written.
    """
    start = time.perf_counter()
    if output is None and view is None:
        raise BadInput("Nobody would see it. Name a video to write (-o), or give a view.")
    artist = faces.face_engine(face_engine)
    if not artist.capabilities.real_time:
        raise BadInput(
            f"The face engine {face_engine} is too slow to follow a camera. Use --face mesh, or "
            "film yourself first and name that film as the driver."
        )
    hand, watch = chosen_sliders(sliders), Stopwatch()
    with watch.stage("picture"):
        portrait = choose_portrait(
            picture, artist, face=face, crop=crop, size=size, points=points, style=style
        )
    name = camera_named(camera)
    if name is None:
        raise BadInput(f"{camera} is no camera. Write camera, or camera:1 for the second one.")
    marking = Marking(Origin("animated picture", {"face": face_engine}))
    drawn, missed, began = 0, 0, None
    with ExitStack() as stack:
        source = stack.enter_context(Camera(name, fps=fps))
        rate = min(max(fps or source.fps, 5.0), 60.0)
        video = None
        if output is not None:
            video = stack.enter_context(open_video(output, portrait, rate, None, seal=marking.seal))
        driver = LiveDriver(rate)
        score: list[Motion] = []
        frames = artist.render(portrait, _popped(score))
        try:
            for since, seen in source:
                began = since if began is None else began  # models may have taken a while to load
                now = since - began
                if (stop is not None and stop.is_set()) or (seconds is not None and now > seconds):
                    break
                with watch.stage("watching"):
                    motion = driver.next(seen)
                moved = hand.added(motion) if hand.keys else motion
                score.append(within_limits(moved, portrait))
                with watch.stage("rendering"):
                    frame = next(frames)
                drawn += 1
                if view is not None:
                    view.show(frame)
                if video is not None:
                    due = max(0, round(now * rate) + 1 - video.frames)
                    missed += max(0, due - 1)
                    with watch.stage("encoding"):
                        for _ in range(due):
                            video.write_frame(frame)
                on_progress(Progress("following", drawn, None, "frames"))
        except KeyboardInterrupt:  # the way to end it that people are told
            pass
        if not drawn:
            raise BadInput("The camera was stopped before it had sent a picture.")
    if video is None:
        return None
    notes = [*portrait.notes, _LOOK, *marking.notes]
    if missed > 0.2 * video.frames:
        notes.append(
            f"{100 * missed / video.frames:.0f} % of the frames show the one before them: this "
            "machine draws more slowly than the camera films. A smaller --size helps."
        )
    return Video(
        path=Path(str(output)),
        seconds=video.seconds,
        frames=video.frames,
        fps=rate,
        size=(portrait.picture.shape[1], portrait.picture.shape[0]),
        voice="",
        language="",
        took=time.perf_counter() - start,
        stages=watch.seconds,
        notes=tuple(dict.fromkeys(notes)),
        beside=(),
    )


def _popped(score: list[Motion]) -> Iterator[Motion]:
    """The score as it is put in: an engine keeps what it has prepared while a stream lasts."""
    while True:
        yield score.pop()
