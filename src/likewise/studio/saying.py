"""How the studio lets an engine speak: as it is, checked by ear, or with timings found for it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import cast

from likewise.errors import Unsupported
from likewise.progress import ProgressCallback, silent
from likewise.text import ssml
from likewise.text.languages import resolve
from likewise.text.markup import MarkedText
from likewise.values import Speech, Voice
from likewise.voice.engine import ExpressiveEngine, VoiceEngine
from likewise.voice.registry import known_voice_engines, voice_engine

TextLike = str | MarkedText
"""What is said: text, SSML (a text that begins with `<speak`), or a text with marks."""


def say(
    speaker: VoiceEngine,
    text: TextLike,
    voice: Voice,
    *,
    language: str,
    speed: float,
    pitch: float = 0.0,
    pause: float = 1.0,
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
        pitch: Semitones above the voice's own pitch.
        pause: How many times as long the pauses are.
        verify: Have every sentence understood by Whisper, or read again.
        timings: The caller needs phoneme and word timings.
        pieces: The caller takes pieces of sentences, the first of which holds the sentence's text;
            joined they are the very same sound.
        on_progress: Told about sentences done.

    Raises:
        BadInput: Text or options can't be used.
        MissingWeights: A model is missing; `verify` needs the extra [asr].
        Unsupported: The engine has no timings, and none can be found in this language; or it can't
            change pitch and pauses.
    """
    marked = read_marks(text)
    whole = not pieces or verify  # what is checked is a sentence
    read = _reader(speaker, marked, voice, language, speed, pitch, pause, whole=whole)
    parts = read(marked, 0, on_progress)
    if verify:
        from likewise.studio.retrying import retried

        parts = retried(parts, lambda sentence, take: read(_again(marked, sentence), take, silent))
    if timings and not speaker.capabilities.timings:
        from likewise.studio.timing import timed

        parts = timed(parts)
    return parts if pieces else sentences(parts)


def read_marks(text: TextLike) -> TextLike:
    """A text, its marks read where it is SSML.

    Raises:
        BadInput: SSML that can't be read; the message names the line.
    """
    return ssml.parse(text) if isinstance(text, str) and ssml.is_ssml(text) else text


def check_language(speaker: VoiceEngine, language: str) -> None:
    """Raise unless an engine speaks a language, before a voice is loaded for it.

    Args:
        speaker: The engine.
        language: Language tag as the user gave it; "" passes.

    Raises:
        Unsupported: It doesn't; the message names the engines that do.
    """
    if not language or _speaks(speaker, language):
        return
    known = ", ".join(speaker.languages)
    engines = map(voice_engine, known_voice_engines())
    others = [engine.name for engine in engines if _speaks(engine, language)]
    advice = "No engine that is installed speaks it."
    if others:
        advice = f"The engine {' or '.join(others)} does: --engine {others[0]}"
    raise Unsupported(
        f"The engine {speaker.name} doesn't speak {language!r}. It speaks: {known}. {advice}"
    )


def _speaks(speaker: VoiceEngine, language: str) -> bool:
    """Whether an engine takes a tag, one of its usual other names, or its main part."""
    wanted = language.strip().lower().replace("_", "-")
    tags = {tag.lower() for tag in speaker.languages}
    with suppress(Unsupported):
        if resolve(wanted).tag in {_own_tag(tag) for tag in tags}:
            return True
    return bool({wanted, wanted.partition("-")[0]} & tags)


def _own_tag(tag: str) -> str:
    """Our name of a tag, the tag itself where it is none of ours."""
    try:
        return resolve(tag).tag
    except Unsupported:
        return tag


def _reader(
    speaker: VoiceEngine,
    marked: TextLike,
    voice: Voice,
    language: str,
    speed: float,
    pitch: float,
    pause: float,
    *,
    whole: bool,
) -> Callable[[TextLike, int, ProgressCallback], Iterator[Speech]]:
    """How a text is read in a take, by what the engine can do."""
    if speaker.capabilities.expressive:
        expressive = cast("ExpressiveEngine", speaker)
        return lambda said, take, on_progress: expressive.speak(
            said,
            voice,
            language=language,
            speed=speed,
            pitch=pitch,
            pause=pause,
            take=take,
            pieces=not whole,
            on_progress=on_progress,
        )
    if pitch != 0.0 or pause != 1.0:
        raise Unsupported(
            f"The engine {speaker.name!r} can't change pitch or pauses. Leave --pitch and --pause "
            "out, or speak with --engine kokoro."
        )
    if isinstance(marked, MarkedText):
        raise Unsupported(
            f"The engine {speaker.name!r} can't follow marks (SSML). Give it plain text, or speak "
            "with --engine kokoro."
        )

    def plainly(said: TextLike, take: int, on_progress: ProgressCallback) -> Iterator[Speech]:
        assert isinstance(said, str)
        return speaker.speak(
            said, voice, language=language, speed=speed, take=take, on_progress=on_progress
        )

    return plainly


def _again(marked: TextLike, sentence: str) -> TextLike:
    """A sentence of a text, with its marks."""
    if isinstance(marked, str):
        return sentence
    start = max(marked.text.find(sentence), 0)
    return marked.between(start, start + len(sentence))


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
