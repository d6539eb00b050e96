"""Write the report of a finished job: the page, and the same as data beside it."""

import hashlib
from pathlib import Path
from typing import Any

from likewise.audio import files
from likewise.files import sha256_of
from likewise.progress import ProgressCallback
from likewise.studio.record import Record
from likewise.studio.verifying import Evidence, examine
from likewise.values import Portrait, Speech, Voice
from likewise.verify.page import write_page
from likewise.verify.report import Report


def write_report(report: Report, page: Path, media: Path | None) -> tuple[Path, Path]:
    """Write `page` (.html) and the same name as .json.

    Returns:
        Both paths.

    Raises:
        OutputFailed: A file can't be written.
    """
    data = page.with_suffix(".json")
    report.save(data)
    write_page(report, page, media=media)
    return page, data


def report_talk(
    video: Path,
    page: Path,
    portrait: Portrait,
    voice: Voice,
    record: Record,
    fps: float,
    settings: dict[str, Any],
    on_progress: ProgressCallback,
) -> tuple[Path, Path]:
    """Verify a video that was just made, from what is known about it, and write the report."""
    said = record.words()
    speech = Speech(
        files.read(video),  # what viewers hear: after the codec, not before
        said.text,
        said.language,
        phonemes=said.phonemes,
        words=said.words,
        engine=said.engine,
        voice=voice.name,
    )
    inputs = {
        "video": sha256_of(video),
        "picture": hashlib.sha256(portrait.picture.tobytes()).hexdigest(),
    }
    if voice.reference_sha256:
        inputs["recording of the voice"] = voice.reference_sha256
    evidence = Evidence(
        title=f"{video.name}: how alike, and why",
        media=video,
        speech=speech,
        sentences=record.sentences,
        reference=voice.reference,
        picture=portrait.picture,
        points=None if portrait.coefficients.any() else portrait.points,
        fps=fps,
        reproduce=settings,
        inputs=inputs,
    )
    return write_report(examine(evidence, on_progress=on_progress), page, video)
