"""The report of a dialogue: of each speaker, how alike they sound and whether their lips fit.

A speaker is measured by themselves: their turns of the finished video, one after another, are their
sound and their film, in which only their own face is looked at.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from likewise.audio import files
from likewise.files import sha256_of
from likewise.progress import Progress, ProgressCallback
from likewise.studio import evidence_pictures
from likewise.studio.reporting import write_report
from likewise.studio.verdict import verdict
from likewise.studio.verifying import (
    Evidence,
    environment,
    understanding,
    voice_likeness,
)
from likewise.values import Audio, Metric, Portrait, Speech, Timing, Voice
from likewise.values.speech import joined_text
from likewise.verify.lips import LipTrack
from likewise.verify.report import Figure, Report

_BESIDE = 0.5  # face sizes around a face that are looked at with it
_ASPECTS = (  # what the verdict says of everyone, sentence by sentence
    ("speaker similarity",),
    ("word error rate", "character error rate"),
    ("lip lag", "lip correlation", "lips closed on p, b, m"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A part of what somebody says, without its sound.

    Attributes:
        name: Who says it.
        start: Seconds of the whole at which it begins.
        end: Seconds at which it ends.
        said: Its text and timings, at times of the whole.
    """

    name: str
    start: float
    end: float
    said: Speech

    @classmethod
    def of(cls, part: Speech, name: str, start: float) -> Self:
        """The turn that a part of speech is, when it begins at so many seconds."""
        said = replace(
            part,
            audio=Audio(np.zeros(0, np.float32), 1),
            words=tuple(word.shifted(start) for word in part.words),
            phonemes=tuple(phoneme.shifted(start) for phoneme in part.phonemes),
        )
        return cls(name, start, start + part.audio.seconds, said)


@dataclass(frozen=True, slots=True, eq=False)
class Speaker:
    """Who spoke in a dialogue.

    Attributes:
        name: Their name in the script.
        voice: The voice they had.
        turns: All they said.
        portrait: Their face in the whole picture, None for a voice off.
    """

    name: str
    voice: Voice
    turns: tuple[Turn, ...]
    portrait: Portrait | None


def report_dialogue(
    video: Path,
    page: Path,
    speakers: Sequence[Speaker],
    fps: float,
    settings: dict[str, Any],
    on_progress: ProgressCallback,
) -> tuple[Path, Path]:
    """Verify a dialogue that was just made and write the report.

    Args:
        video: The finished video.
        page: The page to write, .html; the same as data is written beside it as .json.
        speakers: Who spoke.
        fps: Frames a second of the video.
        settings: How it was made, by name.
        on_progress: Told who is measured.

    Returns:
        The page and the data.

    Raises:
        OutputFailed: A file can't be written.
    """
    sound = files.read(video)  # what viewers hear: after the codec, not before
    inputs = {"video": sha256_of(video)}
    metrics: dict[str, list[Metric]] = {}
    figures: list[Figure] = []
    tables = {"Who speaks": [["Speaker", "Voice", "Lines", "Seconds", "Face"]]}
    for number, speaker in enumerate(speakers):
        on_progress(Progress("verifying", number, len(speakers), "speakers"))
        film = _Film.of(speaker, sound, fps)
        evidence = Evidence(
            title=speaker.name,
            media=None,
            speech=film.speech,
            sentences=film.sentences,
            reference=speaker.voice.reference,
        )
        metrics[speaker.name] = found = []
        for measured, more in (voice_likeness(evidence), understanding(evidence)):
            found += measured
            tables |= {f"{speaker.name}: {title}": rows for title, rows in more.items()}
        if speaker.portrait is not None:
            seen, drawn = _face(speaker.portrait, film, video, fps)
            found += seen
            figures += [replace(one, title=f"{speaker.name}: {one.title}") for one in drawn]
            picture = speaker.portrait.picture
            inputs["picture"] = hashlib.sha256(picture.tobytes()).hexdigest()
        if speaker.voice.reference_sha256:
            inputs[f"recording of {speaker.name}'s voice"] = speaker.voice.reference_sha256
        seconds = f"{film.speech.audio.seconds:.1f}"
        lines = str(sum(bool(turn.said.text) for turn in speaker.turns))
        shown = "voice off" if speaker.portrait is None else "in the picture"
        tables["Who speaks"].append([speaker.name, speaker.voice.name, lines, seconds, shown])
    on_progress(Progress("verifying", len(speakers), len(speakers), "speakers"))
    report = Report(
        title=f"{video.name}: how alike, and why",
        verdict=_verdicts(metrics),
        metrics=tuple(
            replace(metric, name=f"{name}: {metric.name}")
            for name, found in metrics.items()
            for metric in found
        ),
        figures=tuple(figures),
        reproduce=environment() | settings,
        inputs=inputs,
        tables=tables,
    )
    return write_report(report, page, video)


def _verdicts(metrics: dict[str, list[Metric]]) -> tuple[str, ...]:
    """What the verdict says of everyone: of their voices, their words, their lips."""
    answers = []
    for aspect in _ASPECTS:
        said = [
            f"{name}: {sentence}"
            for name, found in metrics.items()
            for sentence in verdict([metric for metric in found if metric.name in aspect])
        ]
        answers.append(" ".join(said))
    return tuple(answer for answer in answers if answer)


@dataclass(frozen=True, slots=True, eq=False)
class _Film:
    """A speaker's turns, one after another.

    Attributes:
        speech: Their sound with text and timings.
        sentences: When each part with a text is said.
        frames: Which frames of the video show them, half-open ranges.
    """

    speech: Speech
    sentences: tuple[Timing, ...]
    frames: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, speaker: Speaker, sound: Audio, fps: float) -> Self:
        """The film of a speaker; turns begin and end with frames, so that none adds a lag."""
        parts, words, phonemes, frames = [], [], [], []
        sentences: list[Timing] = []
        shown = 0
        for turn in speaker.turns:
            first, end = round(turn.start * fps), round(turn.end * fps)
            parts.append(sound.between(first / fps, end / fps).samples)
            later = (shown - first) / fps
            words += [word.shifted(later) for word in turn.said.words]
            phonemes += [phoneme.shifted(later) for phoneme in turn.said.phonemes]
            sentence = Timing(turn.said.text, shown / fps, (shown + end - first) / fps)
            if sentences and not turn.said.text:  # a piece that continues its sentence
                sentences[-1] = replace(sentences[-1], end=sentence.end)
            else:
                sentences.append(sentence)
            frames.append((first, end))
            shown += end - first
        language = speaker.turns[0].said.language
        speech = Speech(
            Audio(np.concatenate(parts), sound.sample_rate),
            text=joined_text((sentence.text for sentence in sentences), language),
            language=language,
            phonemes=tuple(phonemes),
            words=tuple(words),
            engine=speaker.voice.engine,
            voice=speaker.voice.name,
        )
        return cls(speech, tuple(sentences), tuple(frames))


def _face(
    portrait: Portrait, film: _Film, video: Path, fps: float
) -> tuple[list[Metric], list[Figure]]:
    """What is seen of one face while it speaks."""
    from likewise.verify import face, lips, openings, pixel_lips, watching

    left, top, right, bottom = _around(portrait)
    picture = np.ascontiguousarray(portrait.picture[top:bottom, left:right])

    def shown() -> Iterator[NDArray[np.uint8]]:
        for frame in _during(video, film.frames, fps):
            yield np.ascontiguousarray(frame[top:bottom, left:right])

    metrics: list[Metric] = []
    if portrait.coefficients.any():
        watched = watching.watch(shown(), fps)
        found: LipTrack = watched.lips
        metrics += face.identity(watched, face.sitter(picture))
    else:  # points placed by hand: no tracker reads such a face
        points = portrait.points - np.array([left, top, 0], np.float32)
        found = pixel_lips.track(picture, points, shown(), fps)
    wanted = openings.spoken(film.speech.phonemes, found.seconds)
    metrics = [
        *lips.sync(found, wanted),
        lips.closures(found, film.speech.phonemes),
        *metrics,
    ]
    return metrics, evidence_pictures.of_lips(found, wanted, film.speech.words)


def _around(portrait: Portrait) -> tuple[int, int, int, int]:
    """A face with what is beside it: left, top, right, bottom in pixels."""
    places = portrait.points[:, :2]
    low, high = places.min(axis=0), places.max(axis=0)
    more = _BESIDE * (high - low)
    size = portrait.picture.shape[1::-1]
    left, top = np.clip(np.floor(low - more), 0, size).astype(int).tolist()
    right, bottom = np.clip(np.ceil(high + more), 0, size).astype(int).tolist()
    return left, top, right, bottom


def _during(
    video: Path, ranges: Iterable[tuple[int, int]], fps: float
) -> Iterator[NDArray[np.uint8]]:
    """The frames of a video in some ranges, which are in order."""
    from likewise.video.reader import VideoReader

    with VideoReader(video) as film:
        pictures = enumerate(frame.picture for frame in film.frames(fps=fps))
        for first, end in ranges:
            if first == end:
                continue
            for number, picture in pictures:
                if number >= first:
                    yield picture
                if number + 1 >= end:
                    break
