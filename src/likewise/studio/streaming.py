"""Speech as it is spoken, for whoever sends it on while it is still being made."""

from collections.abc import Iterator

from likewise.progress import ProgressCallback, silent
from likewise.provenance.marking import Marking
from likewise.provenance.origin import Origin
from likewise.studio.choosing import VoiceLike, choose_voice
from likewise.studio.saying import TextLike, check_language, read_marks, say
from likewise.values import Speech
from likewise.voice import registry as voices


def stream(
    text: TextLike,
    *,
    voice: VoiceLike,
    language: str = "",
    speed: float = 1.0,
    pitch: float = 0.0,
    pause: float = 1.0,
    engine: str = "kokoro",
    on_progress: ProgressCallback = silent,
) -> Iterator[Speech]:
    """Speak a text part by part, watermarked; text and options are checked before this returns.

    A part is a sentence, or about a second of a long one while little was said before it. However
    the parts are taken, joined they are what `likewise.speak` writes.

    Args:
        text: What is said, of any length; SSML where it begins with `<speak`.
        voice: A saved or stock voice's name, a recording, or a voice.
        language: Language tag; "" takes the voice's own.
        speed: Speech speed, 0.5..2.
        pitch: Semitones above the voice's own pitch, -12..12.
        pause: How many times as long the pauses are, 0..5.
        engine: Voice engine.
        on_progress: Told about sentences done; raising `Cancelled` in it stops the speech.

    Raises:
        BadInput: The voice, text or an option can't be used.
        MissingWeights: A model is missing.
        MarkFailed: The sound can't be marked as synthetic.
    """
    text = read_marks(text)
    speaker = voices.voice_engine(engine)
    check_language(speaker, language)
    chosen = choose_voice(voice, speaker, language=language, on_progress=on_progress)
    parts = say(
        speaker,
        text,
        chosen,
        language=language,
        speed=speed,
        pitch=pitch,
        pause=pause,
        verify=False,
        timings=False,
        pieces=True,
        on_progress=on_progress,
    )
    return Marking(Origin.speech(chosen)).sound(parts)
