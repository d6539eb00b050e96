"""From what a user names to what an engine needs: a voice, a portrait."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.face.engine import FaceEngine
from likewise.progress import ProgressCallback
from likewise.provenance.consent import ConsentLike, agreed, missing
from likewise.studio.framing import Crop, crop_to_head
from likewise.values import Audio, Portrait, Voice
from likewise.voice.engine import VoiceEngine, VoiceImporter

VoiceLike = Voice | Audio | Path | str
"""A voice, a recording of one, a sound file, or the name of a saved or stock voice."""

PictureLike = Portrait | NDArray[np.uint8] | Path | str
"""A portrait, an RGB picture, or a picture file."""


def copies(voice: VoiceLike) -> bool:
    """Whether a voice would be copied from a recording, which needs consent."""
    if isinstance(voice, Voice):
        return False
    return isinstance(voice, Audio) or _is_recording(Path(voice))


def check_consent(voice: VoiceLike, consent: ConsentLike | None) -> None:
    """Raise at once, before anything is loaded, for a recording that nobody spoke for.

    Raises:
        ConsentMissing: A recording without consent; the message says how to give it.
    """
    if consent in (None, "") and copies(voice):
        name = "This recording" if isinstance(voice, Audio) else str(voice)
        raise missing(name)


def choose_voice(
    voice: VoiceLike,
    engine: VoiceEngine,
    *,
    language: str,
    consent: ConsentLike | None = None,
    on_progress: ProgressCallback,
) -> Voice:
    """The voice a user means; a recording is enrolled on the spot, with consent.

    Raises:
        BadInput: No such voice or file, or a recording that can't be enrolled.
        ConsentMissing: A recording, and no consent of its speaker.
    """
    check_consent(voice, consent)
    if isinstance(voice, Voice):
        if voice.engine != engine.name:
            raise BadInput(
                f"The voice {voice.name!r} belongs to the engine {voice.engine!r}, not "
                f"{engine.name!r}. Use --engine {voice.engine}, or enrol the recording again for "
                f"{engine.name}."
            )
        return voice
    if isinstance(voice, Audio):
        return enrolled(
            [voice],
            engine,
            name="recording",
            language=language,
            consent=consent,
            on_progress=on_progress,
        )
    path = Path(voice)
    if path.is_file() and path.suffix.lower() in engine.capabilities.imports:
        if isinstance(consent, str) and consent.strip().startswith("spoken:"):
            raise BadInput(
                f"A spoken agreement can't be compared with {path}, which holds no sound. Say "
                "whose voice it is with --consent own or --consent source:TEXT."
            )
        record = agreed(consent, (), language=language)
        imported = cast(VoiceImporter, engine).import_voice(path)
        return replace(imported, consent=record.as_record())
    if _is_recording(path):
        from likewise.audio import files

        return enrolled(
            [files.read(path)],
            engine,
            name=path.stem,
            language=language,
            consent=consent,
            on_progress=on_progress,
        )
    if path.suffix and not path.is_file():
        raise BadInput(
            f"There is no sound file {voice}, and no saved or stock voice of that name. "
            "See the voices with: likewise voices"
        )
    from likewise.voice.library import VoiceLibrary

    return choose_voice(
        VoiceLibrary().resolve(voice, engine), engine, language=language, on_progress=on_progress
    )


def enrolled(
    recordings: Sequence[Audio],
    engine: VoiceEngine,
    *,
    name: str,
    language: str,
    consent: ConsentLike | None,
    on_progress: ProgressCallback,
) -> Voice:
    """Enrol a voice and keep the consent of its speaker with it.

    The consent is looked at first, so that nothing is copied without it.

    Raises:
        BadInput: Nothing usable in the recordings, or a text that is no consent.
        Unsafe: No consent, or a spoken one that doesn't hold.
    """
    record = agreed(consent, recordings, language=language)
    voice = engine.enrol(recordings, name=name, language=language, on_progress=on_progress)
    return replace(voice, consent=record.as_record())


def _is_recording(path: Path) -> bool:
    return path.is_file() and path.suffix != ".safetensors"


def choose_portrait(
    picture: PictureLike, engine: FaceEngine, *, face: int | None, crop: Crop, size: int
) -> Portrait:
    """The portrait a user means, found, cropped and scaled.

    Args:
        picture: What the user gave.
        engine: The engine that will animate it.
        face: Which face, largest first; None takes the largest.
        crop: `none` keeps the whole picture, `head` shows a square of head and shoulders.
        size: Longest side of the result in pixels; for `head` the side of the square.

    Raises:
        BadInput: Not a picture, or no face in it.
    """
    notes: tuple[str, ...] = ()
    if isinstance(picture, Portrait):
        return picture
    if isinstance(picture, np.ndarray):
        pixels = picture
    else:
        from likewise.video.picture import read_picture

        # A head cut out of a large picture keeps its detail; a whole picture is scaled at once.
        found = read_picture(picture, max_side=size if crop == "none" else None)
        pixels, notes = found.picture, found.notes
    portrait = engine.prepare(pixels, face=face)
    if crop == "head":
        notes += portrait.notes
        portrait = engine.prepare(crop_to_head(portrait, size))
    return Portrait(
        portrait.picture,
        portrait.points,
        portrait.coefficients,
        portrait.kind,
        tuple(dict.fromkeys((*notes, *portrait.notes))),
    )
