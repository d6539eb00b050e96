"""A few seconds of someone become a saved voice."""

from collections.abc import Sequence
from dataclasses import replace as replaced
from pathlib import Path

from likewise.audio import files
from likewise.audio.denoising import denoised
from likewise.errors import BadInput
from likewise.progress import ProgressCallback, silent
from likewise.provenance.consent import ConsentLike, missing
from likewise.studio.choosing import enrolled
from likewise.values import Audio, Consent, Voice
from likewise.voice import registry as voices
from likewise.voice.engine import BEST, OWN_MANNER
from likewise.voice.index import TAGS
from likewise.voice.library import VoiceLibrary


def clone(
    samples: Sequence[Audio | Path | str],
    *,
    name: str,
    consent: ConsentLike | None = None,
    language: str = "",
    replace: bool = False,
    engine: str = "kokoro",
    transcripts: Sequence[str] | None = None,
    tier: str = BEST,
    seconds: float | None = None,
    denoise: bool = False,
    manner: bool = True,
    on_progress: ProgressCallback = silent,
) -> Voice:
    """Enrol a voice from one or more recordings of one speaker, and save it.

    Args:
        samples: Sound files or recordings; 6 to 12 seconds of clean speech in all are enough.
        name: Name in the voice library.
        consent: Whose voice it is: `own`, `spoken:FILE` with the speaker's agreement (see
            `likewise.provenance.consent`), `source:TEXT`, or a `Consent` record.
        language: Language of the recordings, which the voice then speaks by default.
        replace: Overwrite a saved voice of the same name.
        engine: Voice engine.
        transcripts: What is said in each recording; None lets the engine find out.
        tier: How to enrol: one of the engine's tiers (`instant` or `adapted` for Kokoro), or `best`
            for the best that is possible here.
        seconds: Time that a slower tier may take; None is the engine's own.
        denoise: Take steady noise out of the recordings first, such as a fan's.
        manner: Also take on how fast the person speaks, the pauses and the movement of the pitch,
            where the engine can.
        on_progress: Told about the stages.

    Returns:
        The saved voice.

    Raises:
        BadInput: No samples, unusable samples, or a name that is taken or not allowed.
        ConsentMissing: No consent was given.
        Unsafe: A spoken agreement that doesn't hold.
        MissingWeights: A model is missing.
    """
    if not samples:
        raise BadInput("Give at least one recording of the voice.")
    if consent in (None, ""):
        raise missing(", ".join(str(s) for s in samples if not isinstance(s, Audio)) or "The voice")
    library = VoiceLibrary()
    library.check_name(name, replace=replace)
    recordings = [sample if isinstance(sample, Audio) else files.read(sample) for sample in samples]
    if denoise:
        recordings = [denoised(recording) for recording in recordings]
    voice = enrolled(
        recordings,
        voices.voice_engine(engine),
        name=name,
        language=language,
        consent=consent,
        on_progress=on_progress,
        transcripts=transcripts,
        tier=tier,
        seconds=seconds,
    )
    if denoise:
        voice = replaced(voice, facts={**voice.facts, "denoised": True})
    if not manner:
        voice = replaced(voice, facts={**voice.facts, OWN_MANNER: False})
    library.save(voice, replace=replace)
    return voice


def renew(
    name: str,
    samples: Sequence[Audio | Path | str] = (),
    *,
    consent: ConsentLike | None = None,
    language: str = "",
    engine: str = "",
    tier: str = BEST,
    on_progress: ProgressCallback = silent,
) -> Voice:
    """Enrol a saved voice again, as after an update that clones better.

    Args:
        name: Name in the voice library.
        samples: New recordings; without any, the one that is kept with the voice.
        consent: As for `clone`. New recordings need it, and so does a voice that has no record yet;
            else the voice's own record stays.
        language: Language of the recordings; "" is the voice's.
        engine: Voice engine; "" is the voice's.
        tier: How to enrol, as for `clone`.
        on_progress: Told about the stages.

    Returns:
        The voice as saved in place of the old one, with its tags.

    Raises:
        BadInput: No voice of that name, or one without a recording, or unusable samples.
        ConsentMissing: Consent is needed and was not given.
        MissingWeights: A model is missing.
    """
    library = VoiceLibrary()
    old = library.load(name)
    if samples:
        recordings = [item if isinstance(item, Audio) else files.read(item) for item in samples]
    elif old.reference is not None:
        recordings = [old.reference]
        consent = consent or Consent.from_record(old.consent)
    else:
        raise BadInput(
            f"No recording is kept with the voice {name!r}. Give one: likewise voices renew {name} "
            "SAMPLE.wav"
        )
    if not consent:
        raise missing(f"The voice {name}")
    voice = enrolled(
        recordings,
        voices.voice_engine(engine or old.engine),
        name=name,
        language=language or old.language,
        consent=consent,
        on_progress=on_progress,
        tier=tier,
    )
    if TAGS in old.facts:
        voice = replaced(voice, facts={**voice.facts, TAGS: old.facts[TAGS]})
    library.save(voice, replace=True)
    return voice
