"""From what a user names to what an engine needs: a voice, a portrait."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput, PointsNeeded
from likewise.face.engine import FaceEngine
from likewise.face.points import FacePoints
from likewise.progress import ProgressCallback
from likewise.provenance.consent import ConsentLike, agreed, missing
from likewise.studio.framing import Crop, crop_to_head, head_square
from likewise.values import Audio, Portrait, Voice
from likewise.values.portrait import Kind, Style
from likewise.voice.engine import BEST, TieredEngine, VoiceEngine, VoiceImporter

VoiceLike = Voice | Audio | Path | str
"""A voice, a recording of one, a sound file, or the name of a saved or stock voice."""

PictureLike = Portrait | NDArray[np.uint8] | Path | str
"""A portrait, an RGB picture, or a picture file."""

PointsLike = FacePoints | Path | str
"""Ten points of the face, their file, or `auto`: the engine's own guess, even if it is doubtful."""


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
    transcripts: Sequence[str] | None = None,
    tier: str = "",
    seconds: float | None = None,
) -> Voice:
    """Enrol a voice and keep the consent of its speaker with it.

    The consent is looked at first, so that nothing is copied without it.

    Args:
        recordings: Of one speaker.
        engine: Makes the voice.
        name: Name of the voice.
        language: Language of the recordings, "" when unknown.
        consent: Whose voice it is.
        on_progress: Told about the stages.
        transcripts: What is said in each recording, None when unknown.
        tier: One of the engine's tiers, or `best`; "" is the engine's quickest.
        seconds: Time that a slower tier may take, None for the engine's own.

    Raises:
        BadInput: Nothing usable in the recordings, a text that is no consent, or a tier that the
            engine doesn't have.
        Unsafe: No consent, or a spoken one that doesn't hold.
    """
    tiers = engine.capabilities.tiers
    if tier not in ("", BEST, *tiers):
        raise BadInput(
            f"The engine {engine.name!r} has no tier {tier!r}"
            + (f". It has: {', '.join(tiers)}." if tiers else "; it has only one.")
        )
    record = agreed(consent, recordings, language=language)
    if tier and tiers:
        patience = {} if seconds is None else {"seconds": seconds}
        voice = cast(TieredEngine, engine).enrol(
            recordings,
            name=name,
            transcripts=transcripts,
            language=language,
            tier=tier,
            on_progress=on_progress,
            **patience,
        )
    else:
        voice = engine.enrol(
            recordings,
            name=name,
            transcripts=transcripts,
            language=language,
            on_progress=on_progress,
        )
    return replace(voice, consent=record.as_record())


def _is_recording(path: Path) -> bool:
    return path.is_file() and path.suffix != ".safetensors"


def choose_portrait(
    picture: PictureLike,
    engine: FaceEngine,
    *,
    face: int | None,
    crop: Crop,
    size: int,
    points: PointsLike | None = None,
    style: Style | None = None,
) -> Portrait:
    """The portrait a user means, found, cropped and scaled.

    Args:
        picture: What the user gave.
        engine: The engine that will animate it.
        face: Which face, largest first; None takes the largest.
        crop: `none` keeps the whole picture, `head` shows a square of head and shoulders.
        size: Longest side of the result in pixels; for `head` the side of the square.
        points: The face's ten points, for a face that the engine can't find by itself.
        style: How the picture is made; None lets it decide.

    Raises:
        BadInput: Not a picture, or points that no face has.
        PointsNeeded: No face in it, or one whose mouth is uncertain, and no points.
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
    placed = None
    points = read_points(points)
    if isinstance(points, FacePoints):
        placed = points.scaled(*pixels.shape[1::-1])
        portrait = _by_points(pixels, placed, engine)
    else:
        portrait = engine.prepare(pixels, face=face)
    if crop == "head":
        notes += portrait.notes
        square, pixels = head_square(portrait), crop_to_head(portrait, size)
        if placed is None:
            portrait = engine.prepare(pixels)
        else:
            placed = replace(placed, kind=portrait.kind).cut_out(*square).scaled(size, size)
            portrait = _by_points(pixels, placed, engine)
    if portrait.doubt and points is None:
        raise PointsNeeded(portrait.doubt)
    notes += (*portrait.notes, *filter(None, [portrait.doubt]))
    return replace(portrait, style=style or portrait.style, notes=tuple(dict.fromkeys(notes)))


def choose_portraits(
    picture: PictureLike,
    engine: FaceEngine,
    *,
    face: int | Literal["all"] | None,
    crop: Crop,
    size: int,
    points: PointsLike | None = None,
    style: Style | None = None,
) -> tuple[Portrait, ...]:
    """The portraits of one picture: one, as `choose_portrait` finds it, or those of all faces.

    Faces that the engine can't use are left as they are; the notes say which.

    Raises:
        BadInput: As `choose_portrait`, or options that don't go with all faces.
    """
    if face != "all":
        return (
            choose_portrait(
                picture, engine, face=face, crop=crop, size=size, points=points, style=style
            ),
        )
    if isinstance(picture, Portrait) or crop != "none" or points is not None:
        raise BadInput(
            "All faces of a picture are found in the whole picture by themselves: leave out a "
            "crop and points, and give the picture itself."
        )
    from likewise.seeing.landmarks import Tracker

    first = choose_portrait(picture, engine, face=0, crop="none", size=size, style=style)
    portraits, left = [first], []
    for number in range(1, len(Tracker().detect(first.picture))):
        try:
            portrait = choose_portrait(
                first.picture, engine, face=number, crop="none", size=size, style=style
            )
        except BadInput as error:
            left.append(f"Face {number + 1} stays as it is: {error}")
        else:
            portraits.append(portrait)
    portraits[-1] = replace(portraits[-1], notes=(*portraits[-1].notes, *left))
    return tuple(portraits)


def read_points(points: PointsLike | None) -> FacePoints | str | None:
    """The points themselves, read if they are a file; `auto` and None stay what they are.

    Raises:
        BadInput: No such file, or not points.
    """
    if points is None or points == "auto" or isinstance(points, FacePoints):
        return points
    return FacePoints.load(points)


def _by_points(picture: NDArray[np.uint8], points: FacePoints, engine: FaceEngine) -> Portrait:
    """A portrait by its ten points, in pixels of the picture."""
    from likewise.face.fitting import fitted
    from likewise.face.styles import style_of

    kind = points.kind or _kind_of(picture, points)
    fit = fitted(replace(points, kind=kind))
    portrait = engine.prepare(picture, points=fit)
    return replace(portrait, kind=kind, style=points.style or style_of(picture, fit, kind))


def _kind_of(picture: NDArray[np.uint8], points: FacePoints) -> Kind:
    """A face that the tracker reads as well is a person's; else an animal's, or flatly drawn."""
    from likewise.face.fitting import fitted
    from likewise.face.guessing import guess
    from likewise.face.styles import style_of

    if points.style in ("fur", "flat"):
        return "animal" if points.style == "fur" else "drawing"
    if guess(picture).source == "tracked":
        return "human"
    return "drawing" if style_of(picture, fitted(points)) == "flat" else "animal"
