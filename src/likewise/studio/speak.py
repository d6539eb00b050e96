"""Text in a voice, as a sound file, written while it is still being spoken."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from likewise.audio.files import AudioWriter
from likewise.progress import ProgressCallback, silent
from likewise.provenance.consent import ConsentLike
from likewise.provenance.marking import Marking
from likewise.provenance.origin import Origin
from likewise.studio.choosing import VoiceLike, check_consent, choose_voice
from likewise.studio.record import Record, check_beside, write_subtitles
from likewise.studio.saying import TextLike, check_language, read_marks, say
from likewise.studio.stopwatch import Stopwatch
from likewise.voice import registry as voices


@dataclass(frozen=True, slots=True)
class Spoken:
    """A finished sound file.

    Attributes:
        path: Where it is, `-` for standard output.
        seconds: Duration.
        voice: Name of the voice.
        language: Language spoken.
        took: Wall seconds from call to finished file.
        stages: Wall seconds by stage.
        notes: What the user should know.
        beside: Files written beside it: subtitles, a plot.
    """

    path: Path
    seconds: float
    voice: str
    language: str
    took: float
    stages: dict[str, float]
    notes: tuple[str, ...]
    beside: tuple[Path, ...]


def speak(
    text: TextLike,
    *,
    voice: VoiceLike,
    output: Path | str,
    consent: ConsentLike | None = None,
    language: str = "",
    speed: float = 1.0,
    pitch: float = 0.0,
    pause: float = 1.0,
    subtitles: Sequence[Path | str] = (),
    plot: Path | str | None = None,
    format: str = "",
    verify: bool = False,
    engine: str = "kokoro",
    on_progress: ProgressCallback = silent,
) -> Spoken:
    """Speak a text in a voice into a sound file.

    Args:
        text: What is said, of any length; SSML where it begins with `<speak`.
        voice: A saved or stock voice's name, a sound file of some seconds, a recording, a voice.
        output: The sound file (.wav, .flac, .mp3, .ogg, .opus, .m4a), or `-` for standard output.
        consent: Whose voice a recording is: `own`, `spoken:FILE`, `source:TEXT` or a record; saved
            and stock voices need none. See `likewise.provenance.consent`.
        language: Language tag such as `en-us` or `ja`; "" takes the voice's own.
        speed: Speech speed, 0.5..2.
        pitch: Semitones above the voice's own pitch, -12..12.
        pause: How many times as long the pauses are, 0..5.
        subtitles: Subtitle files to write, .srt or .vtt.
        format: Format of the sound, such as `pcm` (16 bit, little-endian, without a header); ""
            goes by the suffix of the file, and is WAV on standard output.
        plot: A picture to write: mel spectrograms and onset strength of reference and speech.
        verify: Have a speech recogniser check every sentence, and say a misunderstood one again;
            needs the extra [asr].
        engine: Voice engine.
        on_progress: Told about the stages.

    Returns:
        Where the sound is, and how it was made.

    Raises:
        BadInput: The voice, text or an option can't be used.
        ConsentMissing: The voice is a recording, and no consent was given.
        MarkFailed: The sound could not be marked as synthetic.
        MissingWeights: A model is missing.
        OutputFailed: The file can't be written.

    Example:
        >>> import likewise
        >>> likewise.speak("Hello!", voice="af_heart", output="hello.wav")  # doctest: +SKIP
    """
    start = time.perf_counter()
    text = read_marks(text)  # before a voice is loaded for nothing
    watch = Stopwatch()
    speaker = voices.voice_engine(engine)
    check_language(speaker, language)
    check_consent(voice, consent)
    check_beside(subtitles, plot)
    record = Record(keep_sound=plot is not None)
    marking = Marking()
    rate = speaker.capabilities.sample_rate
    with AudioWriter(output, sample_rate=rate, format=format or None, seal=marking.seal) as file:
        with watch.stage("voice"):
            chosen = choose_voice(
                voice, speaker, language=language, consent=consent, on_progress=on_progress
            )
        marking.origin = Origin.speech(chosen)
        parts = say(
            speaker,
            text,
            chosen,
            language=language,
            speed=speed,
            pitch=pitch,
            pause=pause,
            verify=verify,
            timings=bool(subtitles),
            pieces=True,
            on_progress=on_progress,
        )
        for part in watch.each("speaking", marking.sound(parts)):
            file.write(part.audio)
            record.add(part)
    beside = write_subtitles(record, subtitles)
    if plot is not None:
        from likewise.studio.pictures import plot_run

        plot_run(chosen.reference, record.kept(), Path(plot))
        beside += (Path(plot),)
    return Spoken(
        path=Path(output),
        seconds=record.seconds,
        voice=chosen.name,
        language=record.language,
        took=time.perf_counter() - start,
        stages=watch.seconds,
        notes=tuple(
            dict.fromkeys((*chosen.facts.get("warnings", ()), *record.notes, *marking.notes))
        ),
        beside=beside,
    )
