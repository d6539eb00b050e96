"""How the studio lets an engine speak: as it is, checked by ear, or with timings found for it."""

from collections.abc import Iterator

from likewise.progress import ProgressCallback
from likewise.values import Speech, Voice
from likewise.voice.engine import VoiceEngine


def say(
    speaker: VoiceEngine,
    text: str,
    voice: Voice,
    *,
    language: str,
    speed: float,
    verify: bool,
    timings: bool,
    on_progress: ProgressCallback,
) -> Iterator[Speech]:
    """Speak a text part by part.

    Args:
        speaker: The engine.
        text: What is said.
        voice: A voice of that engine.
        language: Language tag, "" for the voice's own.
        speed: Speech speed.
        verify: Have every sentence understood by Whisper, or read again.
        timings: The caller needs phoneme and word timings.
        on_progress: Told about sentences done.

    Raises:
        BadInput: Text or options can't be used.
        MissingWeights: A model is missing; `verify` needs the extra [asr].
        Unsupported: The engine has no timings, and none can be found in this language.
    """
    parts = speaker.speak(text, voice, language=language, speed=speed, on_progress=on_progress)
    if verify:
        from likewise.studio.retrying import retried

        parts = retried(
            parts,
            lambda sentence, take: speaker.speak(
                sentence, voice, language=language, speed=speed, take=take
            ),
        )
    if timings and not speaker.capabilities.timings:
        from likewise.studio.timing import timed

        parts = timed(parts)
    return parts
