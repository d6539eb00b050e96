"""Verify a result: measure what can be measured, each number between its controls.

`talk --report` and `likewise verify` gather the same `Evidence` in different ways; from there on
there is one path: metrics, pictures, verdict, report.
"""

import platform
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from likewise import __version__
from likewise.errors import BadInput
from likewise.files import sha256_of
from likewise.progress import Progress, ProgressCallback, silent
from likewise.studio import evidence_face, evidence_pictures
from likewise.studio.verdict import verdict
from likewise.threads import single_blas_thread
from likewise.values import Audio, Metric, Speech, Timing, samples_sha256
from likewise.verify.report import Report

if TYPE_CHECKING:
    from likewise.explain.voice import VoiceExplanation

T = TypeVar("T")

_RATE = 24_000  # of the silence of a mute video
_SHORTEST = 1.6  # seconds; the speaker encoders' window


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
    # Two threads for two cores, no third that would hold them up: one watches the video and then
    # takes whatever is left to measure, this one explains and draws (drawing is for one thread),
    # and measures too while nothing is ready to be drawn. More threads of matrix products would
    # only wait for a core, awake.
    with single_blas_thread(), ThreadPoolExecutor(1) as pool:
        watching = _Job(pool, partial(evidence_face.look, evidence))
        words, sound, voice = (
            _Job(pool, partial(measure, evidence))
            for measure in (understanding, _sound, voice_likeness)
        )
        judged = _Job(pool, partial(evidence_face.judge_lips, evidence))

        def step(done: int) -> None:
            on_progress(Progress("verifying", done, 4, "steps"))

        step(0)
        of_voice = evidence_pictures.of_voice(evidence.reference, evidence.speech)
        step(1)
        why = _explain(evidence)
        of_likeness = evidence_pictures.of_likeness(why) if why else []
        step(2)
        metrics: list[Metric] = []
        tables: dict[str, list[list[str]]] = {}
        # Words last: they take longest, and the other thread may be at them already.
        of_person, of_sound, of_words = (job.result() for job in (voice, sound, words))
        for found, more in (of_person, of_words, of_sound):
            metrics += found
            tables |= more
        step(3)
        seen = watching.result()
        figures = evidence_face.figures(evidence, seen) if seen else []
        metrics += [*(seen.metrics if seen else []), *judged.result()]
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


class _Job(Generic[T]):
    """Work that another thread does in its turn, or whoever asks for it first; ask once."""

    def __init__(self, pool: Executor, work: Callable[[], T]) -> None:
        self._work = work
        self._future = pool.submit(work)

    def result(self) -> T:
        """What came of it; not yet begun, it is done here."""
        return self._work() if self._future.cancel() else self._future.result()


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
