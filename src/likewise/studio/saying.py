"""How the studio lets an engine speak: as it is, checked by ear, or with timings found for it."""

from collections.abc import Iterable, Iterator

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
    pieces: bool = False,
    on_progress: ProgressCallback,
) -> Iterator[Speech]:
    """Speak a text, sentence by sentence or as soon as a piece of one is made.

    Args:
        speaker: The engine.
        text: What is said.
        voice: A voice of that engine.
        language: Language tag, "" for the voice's own.
        speed: Speech speed.
        verify: Have every sentence understood by Whisper, or read again.
        timings: The caller needs phoneme and word timings.
        pieces: The caller takes pieces of sentences, the first of which holds the sentence's text;
            joined they are the very same sound.
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
    return parts if pieces else sentences(parts)


def sentences(parts: Iterable[Speech]) -> Iterator[Speech]:
    """Whole sentences from parts; a part without text continues the one before."""
    waiting: list[Speech] = []
    for part in parts:
        if part.text and waiting:
            yield _whole(waiting)
            waiting = []
        waiting.append(part)
    if waiting:
        yield _whole(waiting)


def _whole(parts: list[Speech]) -> Speech:
    return parts[0] if len(parts) == 1 else Speech.joined(parts)
