"""What each kind of job does: the studio's functions on the files of the job's folder."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.audio import files
from likewise.errors import BadInput
from likewise.face.points import FacePoints
from likewise.progress import Progress, ProgressCallback
from likewise.studio.jobs import requests
from likewise.studio.jobs.job import Job
from likewise.values import Voice

Consent = Callable[[str], Mapping[str, Any]]
"""Makes a consent record from what the user declared, or raises `Unsafe`."""


class Studio:
    """Does jobs; give its `perform` to a `JobQueue`.

    Args:
        consent: Makes the consent record of a voice that comes as a recording.
    """

    def __init__(self, consent: Consent) -> None:
        self._consent = consent

    def perform(
        self, job: Job, inputs: Path, results: Path, on_progress: ProgressCallback
    ) -> dict[str, Any]:
        """Do a job; see `likewise.studio.jobs.queue.Perform`.

        Raises:
            LikewiseError: What the studio's functions raise.
        """
        request = requests.parsed(job.kind, job.request)
        match request:
            case requests.TalkRequest():
                facts = self._talk(request, inputs, results, on_progress)
            case requests.SpeakRequest():
                facts = self._speak(request, inputs, results, on_progress)
            case requests.AnimateRequest():
                facts = _animate(request, inputs, results, on_progress)
            case requests.VerifyRequest():
                facts = _verify(request, inputs, results, on_progress)
            case requests.ExplainRequest():
                facts = _explain(request, inputs, results, on_progress)
            case _:
                raise BadInput(f"There are no jobs of the kind {job.kind!r}.")
        made = sorted(path for path in results.iterdir() if path.is_file())
        listed = [{"name": path.name, "bytes": path.stat().st_size} for path in made]
        return facts | {"files": listed}

    def _talk(
        self,
        request: requests.TalkRequest,
        inputs: Path,
        results: Path,
        on_progress: ProgressCallback,
    ) -> dict[str, Any]:
        from likewise.studio.talk import talk

        video = talk(
            given(inputs, "picture"),
            request.text,
            voice=self._voice(request, inputs, on_progress),
            output=results / "video.mp4",
            subtitles=[results / "subtitles.vtt", results / "subtitles.srt"],
            report=results / "report.html" if request.report else None,
            command="made in the studio's page or through its API",
            on_progress=on_progress,
            **_options(request, "language", "speed", "verify", "engine", *_DRAWN),
            face=_counted_from_0(request.face),
            points=_points(request, results),
            sliders=request.sliders,
        )
        return _facts(video)

    def _speak(
        self,
        request: requests.SpeakRequest,
        inputs: Path,
        results: Path,
        on_progress: ProgressCallback,
    ) -> dict[str, Any]:
        from likewise.studio.speak import speak

        spoken = speak(
            request.text,
            voice=self._voice(request, inputs, on_progress),
            output=results / f"speech.{request.format}",
            subtitles=[results / "subtitles.vtt", results / "subtitles.srt"],
            plot=results / "spectrogram.png" if request.plot else None,
            on_progress=on_progress,
            **_options(request, "language", "speed", "verify", "engine"),
        )
        return _facts(spoken)

    def _voice(
        self,
        request: requests.TalkRequest | requests.SpeakRequest,
        inputs: Path,
        on_progress: ProgressCallback,
    ) -> Voice | str:
        if request.voice is not None:
            return request.voice
        from likewise.voice.registry import voice_engine

        record = self._consent(request.consent)
        voice = voice_engine(request.engine).enrol(
            [files.read(given(inputs, "voice_file"))],
            name="recording",
            language=request.language,
            on_progress=on_progress,
        )
        return replace(voice, consent=record)


_DRAWN = ("crop", "size", "style", "fps", "mood", "liveliness", "seed", "face_engine")


def given(inputs: Path, field: str) -> Path:
    """The file that was put into a job's folder for a field.

    Raises:
        BadInput: There is none.
    """
    found = [path for path in inputs.iterdir() if path.stem == field]
    if not found:
        raise BadInput(f"This job lacks its file for {field!r}.")
    return found[0]


def _animate(
    request: requests.AnimateRequest, inputs: Path, results: Path, on_progress: ProgressCallback
) -> dict[str, Any]:
    from likewise.studio.animate import animate

    points = _points(request, results)
    if request.driver is not None:
        from likewise.studio.reenact import reenact

        film = reenact(
            given(inputs, "picture"),
            given(inputs, "driver"),
            output=results / "video.mp4",
            audio=given(inputs, "audio") if request.audio else None,
            on_progress=on_progress,
            **_options(request, "crop", "size", "style", "face_engine"),
            face=_counted_from_0(request.face),
            points=points,
            sliders=request.sliders,
        )
        return _facts(film)
    video = animate(
        given(inputs, "picture"),
        given(inputs, "audio"),
        output=results / "video.mp4",
        subtitles=[results / "subtitles.vtt"] if request.transcript else (),
        on_progress=on_progress,
        **_options(request, "transcript", "language", "engine", *_DRAWN),
        face=_counted_from_0(request.face),
        points=points,
        sliders=request.sliders,
    )
    return _facts(video)


def _verify(
    request: requests.VerifyRequest, inputs: Path, results: Path, on_progress: ProgressCallback
) -> dict[str, Any]:
    from likewise.studio.reporting import write_report
    from likewise.studio.verifying import verify

    media = given(inputs, "media")
    report = verify(
        media,
        voice=given(inputs, "recording") if request.recording else None,
        portrait=given(inputs, "picture") if request.picture else None,
        on_progress=on_progress,
        **_options(request, "text", "language"),
    )
    write_report(report, results / "report.html", media)
    return {"verdict": list(report.verdict)}


def _explain(
    request: requests.ExplainRequest, inputs: Path, results: Path, on_progress: ProgressCallback
) -> dict[str, Any]:
    media = given(inputs, "media")
    other = given(inputs, "other") if request.other else None
    on_progress(Progress("explaining", 0, 1, "steps"))
    why: Any
    if request.what == "voice":
        from likewise.explain.voice import explain_voice

        assert other is not None
        why = explain_voice(files.read(media), files.read(other))
    elif request.what == "picture":
        from likewise.explain.features import explain_picture
        from likewise.video.picture import read_picture

        picture = read_picture(media).picture
        point = None
        if request.point is not None:
            height, width = picture.shape[:2]
            point = (request.point[0] * (width - 1), request.point[1] * (height - 1))
        second = read_picture(other).picture if other else None
        why = explain_picture(picture, second, point=point)
    else:
        why = _explain_face(media, on_progress)
    on_progress(Progress("explaining", 1, 1, "steps"))
    why.draw(results / "explanation.png")
    text = json.dumps(why.as_json(), ensure_ascii=False, indent=1)
    (results / "explanation.json").write_text(text, encoding="utf-8")
    return {"sentences": list(why.sentences)}


def _explain_face(media: Path, on_progress: ProgressCallback) -> Any:
    from likewise.explain.face import explain_face
    from likewise.video.reader import VideoReader

    with VideoReader(media) as reader:
        fps = min(reader.info.fps, 60.0)
        total = None if reader.info.seconds is None else round(reader.info.seconds * fps)

        def frames() -> Iterator[NDArray[np.uint8]]:
            for number, frame in enumerate(reader.frames(fps=fps)):
                on_progress(Progress("watching", number + 1, total, "frames"))
                yield frame.picture

        return explain_face(frames(), fps=fps)


def placed(
    request: requests.TalkRequest | requests.AnimateRequest | requests.PreviewRequest,
) -> FacePoints | str | None:
    """The points that came with a request, `auto`, or None."""
    if not isinstance(request.points, dict):
        return request.points
    return FacePoints(dict(request.points), (1.0, 1.0), request.eye_radii, request.kind)


def _points(
    request: requests.TalkRequest | requests.AnimateRequest, results: Path
) -> FacePoints | str | None:
    """The points of a request; placed ones are kept beside the result."""
    points = placed(request)
    if isinstance(points, FacePoints):
        points.save(results / "points.json")
    return points


def _options(request: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(request, name) for name in names}


def _counted_from_0(face: int | None) -> int | None:
    return None if face is None else face - 1


def _facts(made: Any) -> dict[str, Any]:
    """What a finished `Video` or `Spoken` tells, without its paths."""
    names = ("seconds", "frames", "fps", "size", "voice", "language", "took", "stages", "notes")
    found = {name: getattr(made, name) for name in names if hasattr(made, name)}
    return found | {"notes": list(found["notes"])}
