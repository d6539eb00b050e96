"""Verify a result: measure what can be measured, each number between its controls.

`talk --report` and `likewise verify` gather the same `Evidence` in different ways; from there on
there is one path: metrics, pictures, verdict, report.
"""

import platform
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from likewise import __version__
from likewise.errors import BadInput
from likewise.files import sha256_of
from likewise.progress import Progress, ProgressCallback, silent
from likewise.studio import evidence_pictures
from likewise.studio.verdict import verdict
from likewise.values import Audio, Metric, Speech, Timing, samples_sha256
from likewise.verify.report import Figure, Report

if TYPE_CHECKING:
    from likewise.explain.face import FaceExplainer
    from likewise.explain.voice import VoiceExplanation
    from likewise.verify.watching import Watched

_RATE = 24_000  # of the silence of a mute video
_SHORTEST = 1.6  # seconds; the speaker encoders' window
_SYNCNET = "syncnet"  # its name in the catalogue of weights


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What there is to look at and listen to.

    Attributes:
        title: What is verified, for the heading.
        media: The video or sound file, None for sound that was never a file.
        speech: Its sound, with text and timings as far as they are known.
        sentences: The parts of the speech with their text; empty when the text is unknown.
        reference: A recording of the person, None when there is none.
        picture: uint8 (H, W, 3), RGB, what was animated; None for sound alone.
        points: float32 (478, 3), the face's points in it where they were placed by hand: no tracker
            reads such a face, so its lips are measured on the pixels.
        fps: Frame rate at which the video is watched, 0 for sound alone.
        driver: The video whose movement the face took over, None when there was none.
        truth: A video of what the frames should show, as when a face is driven by itself.
        reproduce: How the result was made, by name.
        inputs: sha256 of the inputs, by role.
    """

    title: str
    media: Path | None
    speech: Speech
    sentences: tuple[Timing, ...] = ()
    reference: Audio | None = None
    picture: NDArray[np.uint8] | None = None
    points: NDArray[np.float32] | None = None
    fps: float = 0.0
    driver: Path | None = None
    truth: Path | None = None
    reproduce: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)


def examine(evidence: Evidence, *, on_progress: ProgressCallback = silent) -> Report:
    """Measure everything that the evidence allows.

    Args:
        evidence: The result and what it was made from.
        on_progress: Told about the stages of measuring.

    Returns:
        The report; what could not be measured says why.
    """
    # Measuring is models that let go of Python, so two run at once; drawing is for one thread,
    # which draws what is ready while they measure the rest.
    with ThreadPoolExecutor(2) as pool:
        looked, explained = pool.submit(_look, evidence), pool.submit(_explain, evidence)
        sound, voice, words = (
            pool.submit(measure, evidence) for measure in (_sound, voice_likeness, understanding)
        )
        judged = pool.submit(_judge_lips, evidence)

        def step(done: int) -> None:
            on_progress(Progress("verifying", done, 4, "steps"))

        step(0)
        of_voice = evidence_pictures.of_voice(evidence.reference, evidence.speech)
        step(1)
        why = explained.result()
        of_likeness = evidence_pictures.of_likeness(why) if why else []
        step(2)
        seen = looked.result()
        of_face, figures = _face(evidence, seen) if seen else ([], [])
        step(3)
        metrics: list[Metric] = []
        tables: dict[str, list[list[str]]] = {}
        for found, more in (voice.result(), words.result(), sound.result()):
            metrics += found
            tables |= more
        metrics += [*of_face, *judged.result()]
        step(4)
    return Report(
        title=evidence.title,
        verdict=verdict(metrics),
        metrics=tuple(metrics),
        figures=(*of_voice, *figures, *of_likeness),
        reproduce=environment() | evidence.reproduce,
        inputs=evidence.inputs,
        tables=tables,
    )


Found = tuple[list[Metric], dict[str, list[list[str]]]]


def voice_likeness(evidence: Evidence) -> Found:
    """How much the speech sounds like the recording of the person."""
    from likewise.verify import speaker

    if evidence.reference is None:
        missing = Metric.unavailable(
            speaker.HEADLINE,
            "there is no recording of the person to compare with",
            unit="",
            direction="higher is better",
            scorer=speaker.ENCODERS[0].scorer,
        )
        return [missing], {}
    clones = _spoken_parts(evidence)
    return speaker.similarity(clones, [evidence.reference]), {}


def understanding(evidence: Evidence) -> Found:
    """How much of the speech a recogniser understands, and what it heard."""
    from likewise.verify import words

    sentences = [part for part in evidence.sentences if part.text]
    if not sentences:
        return [], {}
    sounds = [
        (evidence.speech.audio.between(part.start, part.end), part.text) for part in sentences
    ]
    metrics, heard = words.intelligibility(sounds, evidence.speech.language)
    rows = [["Meant", "Heard"]]
    rows += [[part.text, said.text.strip()] for part, said in zip(sentences, heard, strict=False)]
    return metrics, {"What was meant and what was heard": rows} if heard else {}


def _sound(evidence: Evidence) -> Found:
    from likewise.verify import naturalness, sound

    audio = evidence.speech.audio
    metrics = [*naturalness.opinion(audio, reference=evidence.reference), *naturalness.facts(audio)]
    if evidence.speech.phonemes:
        metrics += naturalness.pace(evidence.speech)
    metrics += sound.measures(audio, reference=evidence.reference)
    return metrics, {}


def _explain(evidence: Evidence) -> "VoiceExplanation | None":
    from likewise.explain.voice import explain_voice

    if evidence.reference is None:
        return None
    try:
        return explain_voice(evidence.reference, evidence.speech)
    except BadInput:
        return None  # too little sound to explain; the metrics say so


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A video looked at once, for everyone who wants to know something of its frames."""

    watched: "Watched"
    explainer: "FaceExplainer"
    driver: "Watched | None"


def _look(evidence: Evidence) -> _Seen | None:
    if evidence.media is None or not evidence.fps:
        return None
    from likewise.explain.face import FaceExplainer
    from likewise.seeing.landmarks import Tracker
    from likewise.verify.watching import Watcher, watch

    tracker = Tracker()
    watcher, explainer = Watcher(evidence.fps), FaceExplainer(evidence.fps)
    for frame in _frames(evidence.media, evidence.fps):
        found = tracker.track(frame)
        watcher.see(frame, found)
        explainer.see(frame, found)
    driver = None
    if evidence.driver is not None:
        driver = watch(_frames(evidence.driver, evidence.fps), evidence.fps)
    watched = watcher.watched()
    if evidence.picture is not None and evidence.points is not None:
        from likewise.verify import pixel_lips

        frames = _frames(evidence.media, evidence.fps)
        lips = pixel_lips.track(evidence.picture, evidence.points, frames, evidence.fps)
        watched = replace(watched, lips=lips)
    return _Seen(watched, explainer, driver)


def _judge_lips(evidence: Evidence) -> list[Metric]:
    """What SyncNet says of the lips; nothing where the user has not brought its weights."""
    from likewise import weights

    tracked = evidence.media is not None and evidence.fps and evidence.points is None
    if not tracked or weights.look(_SYNCNET).status != "ok":
        return []
    try:
        from likewise.verify.syncnet import cropping, network, scoring
    except ImportError:
        return []  # without PyTorch its weights are of no use; `likewise doctor` says so
    from likewise.seeing.landmarks import Tracker

    assert evidence.media is not None
    judge, tracker = network.load(weights.locate(_SYNCNET)), Tracker()
    found = [tracker.track(frame) for frame in _frames(evidence.media, scoring.FPS)]
    seen = sum(face is not None for face in found)
    if 2 * seen < max(1, len(found)):
        return scoring.unavailable(f"a face was found in only {seen} of {len(found)} frames")
    where = cropping.boxes(None if face is None else face.points for face in found)
    # Twice through the file, so that memory doesn't grow with it.
    crops = cropping.crops(_frames(evidence.media, scoring.FPS), where)
    return scoring.measure(judge, crops, evidence.speech.audio)


def _face(evidence: Evidence, seen: _Seen) -> tuple[list[Metric], list[Figure]]:
    from likewise.seeing.landmarks import Tracker
    from likewise.verify import face, lips, openings

    watched = seen.watched
    phonemes = evidence.speech.phonemes
    if phonemes:
        wanted = openings.spoken(phonemes, watched.lips.seconds)
        metrics = lips.sync(watched.lips, wanted)
        metrics.append(lips.closures(watched.lips, phonemes))
    else:
        wanted = openings.audible(evidence.speech.audio, watched.lips.seconds)
        metrics = lips.sync(watched.lips, wanted, reference="sound")
    if evidence.picture is not None:
        found = Tracker().detect(evidence.picture)
        metrics += [
            *face.identity(evidence.picture, watched, found),
            *face.steadiness(evidence.picture, watched, found),
        ]
    if seen.driver is not None:
        metrics += face.driven(watched, seen.driver)
    if evidence.truth is not None and evidence.media is not None:
        shown, true = (_frames(path, evidence.fps) for path in (evidence.media, evidence.truth))
        metrics += face.fidelity(shown, true, still=evidence.picture)
    figures = evidence_pictures.of_lips(watched.lips, wanted, evidence.speech.words)
    with suppress(BadInput):  # no face in any frame; the metrics have said so already
        figures += evidence_pictures.of_movement(seen.explainer.explanation())
    return metrics, figures


def _frames(path: Path, fps: float) -> Iterator[NDArray[np.uint8]]:
    from likewise.video.reader import VideoReader

    with VideoReader(path) as video:
        for frame in video.frames(fps=fps):
            yield frame.picture


def _spoken_parts(evidence: Evidence) -> list[Audio]:
    """Sentences as sounds, short ones joined to their neighbours, without sentences the whole."""
    parts: list[Timing] = []
    for part in evidence.sentences:
        if parts and parts[-1].end - parts[-1].start < _SHORTEST:
            parts[-1] = replace(parts[-1], end=part.end)
        else:
            parts.append(part)
    if len(parts) > 1 and parts[-1].end - parts[-1].start < _SHORTEST:
        last = parts.pop()
        parts[-1] = replace(parts[-1], end=last.end)
    audio = evidence.speech.audio
    return [audio.between(part.start, part.end) for part in parts] or [audio]


def environment() -> dict[str, str]:
    """Versions that a number may depend on, by name."""
    names = ("numpy", "onnxruntime", "opencv-python-headless", "av")
    return {
        "likewise": __version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in names),
    }


def verify(
    result: Path | str,
    other: Path | str | None = None,
    *,
    voice: Path | str | Audio | None = None,
    portrait: Path | str | None = None,
    driver: Path | str | None = None,
    truth: Path | str | None = None,
    text: str = "",
    language: str = "",
    reproduce: dict[str, Any] | None = None,
    on_progress: ProgressCallback = silent,
) -> Report:
    """Verify a talking video or a sound that was made before, or by another program.

    Args:
        result: The video or sound.
        other: A recording of the person, the same as `voice`: `verify(clone, recording)`.
        voice: A recording of the person.
        portrait: The picture that was animated.
        driver: The video whose movement the face took over: pose and expression are compared.
        truth: A video of what the frames should show, frame by frame and of the same size.
        text: What is said; words are then counted, and lips compared with phonemes.
        language: Language tag of the text.
        reproduce: Anything the report should say about how the result was made.
        on_progress: Told about the stages.

    Returns:
        The report.

    Raises:
        BadInput: A file that can't be read, a voice given twice, or words of a mute video.
    """
    from likewise.audio import files
    from likewise.errors import LikewiseError
    from likewise.video.picture import read_picture
    from likewise.video.reader import info

    if other is not None and voice is not None:
        raise BadInput("The recording of the person is given twice: as second file and as --voice.")
    path, recording = Path(result), voice if other is None else other
    try:
        shown = info(path)
    except LikewiseError:
        shown = None  # a sound file
    if shown is not None and not shown.has_sound:
        if text:
            raise BadInput(f"{path} has no sound, so its words can't be verified; leave them out.")
        audio = Audio(np.zeros(round(_RATE * (shown.seconds or 1.0)), np.float32), _RATE)
    else:
        audio = files.read(path)
    speech, sentences = _transcribed(audio, text, language)
    inputs = {"result": sha256_of(path)}
    reference = None
    if recording is not None:
        reference = recording if isinstance(recording, Audio) else files.read(recording)
        inputs["recording"] = samples_sha256(reference.samples)
    picture = None
    if portrait is not None:
        picture = read_picture(portrait).picture
        inputs["portrait"] = sha256_of(Path(portrait))
    inputs |= {
        role: sha256_of(Path(given))
        for role, given in (("driver", driver), ("truth", truth))
        if given is not None
    }
    evidence = Evidence(
        title=f"{path.name}, verified",
        media=path,
        speech=speech,
        sentences=sentences,
        reference=reference,
        picture=picture,
        fps=min(shown.fps, 60.0) if shown else 0.0,
        driver=None if driver is None else Path(driver),
        truth=None if truth is None else Path(truth),
        reproduce=reproduce or {},
        inputs=inputs,
    )
    return examine(evidence, on_progress=on_progress)


def _transcribed(audio: Audio, text: str, language: str) -> tuple[Speech, tuple[Timing, ...]]:
    """The sound with timings found by aligning it with our own speech of the text."""
    if not text:
        return Speech(audio, "", language, engine="recording"), ()
    from likewise.studio.animate import aligned

    speech = aligned(audio, text, language, engine="kokoro")
    return speech, (Timing(text, 0.0, audio.seconds),)
