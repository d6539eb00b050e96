"""The main job: a picture, a voice and a sentence become a talking video.

Speech is made sentence by sentence in one thread while another draws and encodes the frames of the
sentence before, so two cores are kept busy and the memory of a book is that of a paragraph.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from likewise.face import registry as faces
from likewise.motion.from_speech import SpeechActor
from likewise.progress import ProgressCallback, silent
from likewise.provenance.consent import ConsentLike
from likewise.provenance.marking import Marking
from likewise.provenance.origin import Origin
from likewise.studio.ahead import Ahead
from likewise.studio.choosing import (
    PictureLike,
    PointsLike,
    VoiceLike,
    check_consent,
    choose_portrait,
    choose_voice,
    read_points,
)
from likewise.studio.framing import Crop
from likewise.studio.record import Record, check_beside, write_subtitles
from likewise.studio.rendering import Video, open_video, render_into
from likewise.studio.saying import TextLike, check_language, read_marks, say
from likewise.studio.scoring import MoodLike, Scoring, SlidersLike, chosen_mood
from likewise.studio.stopwatch import Stopwatch
from likewise.values import Motion, Speech, Voice
from likewise.values.portrait import Style
from likewise.video.writer import VideoWriter
from likewise.voice import registry as voices


def talk(
    picture: PictureLike,
    text: TextLike,
    *,
    voice: VoiceLike,
    output: Path | str,
    consent: ConsentLike | None = None,
    language: str = "",
    speed: float = 1.0,
    pitch: float = 0.0,
    pause: float = 1.0,
    fps: float = 25.0,
    crop: Crop = "none",
    size: int = 1280,
    face: int | None = None,
    points: PointsLike | None = None,
    style: Style | None = None,
    liveliness: float = 1.0,
    seed: int = 0,
    mood: MoodLike = "",
    sliders: SlidersLike | None = None,
    save_motion: Path | str | None = None,
    subtitles: Sequence[Path | str] = (),
    plot: Path | str | None = None,
    verify: bool = False,
    report: Path | str | None = None,
    command: str = "",
    engine: str = "kokoro",
    face_engine: str = "mesh",
    on_progress: ProgressCallback = silent,
) -> Video:
    """Make a picture say a text in a voice.

    Args:
        picture: A picture file, RGB pixels, or a portrait.
        text: What is said, of any length; SSML where it begins with `<speak`.
        voice: A saved or stock voice's name, a sound file of some seconds, a recording, a voice.
        output: The video: .mp4, .webm, .gif, or a pattern such as `frames/%05d.png`.
        consent: Whose voice a recording is: `own`, `spoken:FILE`, `source:TEXT` or a record; saved
            and stock voices need none. See `likewise.provenance.consent`.
        language: Language tag such as `en-us` or `ja`; "" takes the voice's own.
        speed: Speech speed, 0.5..2.
        pitch: Semitones above the voice's own pitch, -12..12.
        pause: How many times as long the pauses are, 0..5.
        fps: Frames per second.
        crop: `none` shows the whole picture, `head` a square of head and shoulders.
        size: Longest side of the video in pixels.
        face: Which face of several, largest first; None takes the largest.
        points: Ten points of the face, or their file, for faces that can't be found by themselves
            (animals, drawings); `auto` takes a doubtful find as it is. See `likewise.face.points`.
        style: How the picture is made, which decides what its mouth looks like; None lets the
            picture decide.
        liveliness: How much the head moves by itself; 0 is not at all, 1 natural.
        seed: Seed of the head's movement and the blinks.
        mood: What the face wears: a name of `motion.moods.MOODS`, `happy=0.5`, or a mood.
        sliders: Pose and expression set by hand: `{"smile": 0.4}`, or keyframed `Sliders`.
        save_motion: Also save what the face does as a template (.safetensors, .npz or .json).
        subtitles: Subtitle files to write, .srt or .vtt.
        plot: A picture of the run to write: mel spectrograms and onset strength.
        verify: Have a speech recogniser check every sentence, and say a misunderstood one again;
            needs the extra [asr].
        report: A page (.html) that says how alike the result is and why; `report.json` beside it
            has the same as data. Takes about as long again as making the video.
        command: The command that was typed, for the report.
        engine: Voice engine.
        face_engine: Face engine.
        on_progress: Told about the stages; may be called from two threads.

    Returns:
        Where the video is, and how it was made.

    Raises:
        BadInput: The picture, voice, text or an option can't be used.
        ConsentMissing: The voice is a recording, and no consent was given.
        MarkFailed: The video could not be marked as synthetic.
        MissingWeights: A model is missing.
        OutputFailed: The video can't be written.

    Example:
        >>> import likewise
        >>> likewise.talk("me.jpg", "Hello!", voice="me.wav", output="hello.mp4")  # doctest: +SKIP
    """
    start = time.perf_counter()
    text = read_marks(text)
    watch = Stopwatch()
    speaker, artist = voices.voice_engine(engine), faces.face_engine(face_engine)
    check_language(speaker, language)
    check_consent(voice, consent)
    check_beside(subtitles, plot, report)
    points = read_points(points)  # before a voice is loaded for nothing
    actor = SpeechActor(fps, seed=seed, liveliness=liveliness, mood=chosen_mood(mood))
    scoring = Scoring(sliders, save_motion)
    record = Record(keep_sound=plot is not None)
    voices_chosen: list[Voice] = []
    marking = Marking()

    def spoken() -> Iterator[Speech]:
        with watch.stage("voice"):
            found = choose_voice(
                voice, speaker, language=language, consent=consent, on_progress=on_progress
            )
        voices_chosen.append(found)
        marking.origin = Origin.speech(found, face=face_engine)
        parts = say(
            speaker,
            text,
            found,
            language=language,
            speed=speed,
            pitch=pitch,
            pause=pause,
            verify=verify,
            timings=True,
            on_progress=on_progress,
        )
        yield from marking.sound(parts)
        marking.prepare()

    with ExitStack() as stack:
        # The voice is loaded and begins to speak while the face is still being looked for.
        ahead = stack.enter_context(Ahead(watch.each("speaking", spoken()), depth=2))
        with watch.stage("picture"):
            portrait = choose_portrait(
                picture, artist, face=face, crop=crop, size=size, points=points, style=style
            )
        video = stack.enter_context(
            open_video(output, portrait, fps, speaker.capabilities.sample_rate, seal=marking.seal)
        )
        score = _score(watch.each("waiting for speech", ahead), actor, video, record)
        score = scoring.edited(score, portrait)
        frames = render_into(video, artist, portrait, score, record, watch, on_progress)
    (chosen,) = voices_chosen
    beside = write_subtitles(record, subtitles) + scoring.save()
    if plot is not None:
        from likewise.studio.pictures import plot_run

        plot_run(chosen.reference, record.kept(), Path(plot))
        beside += (Path(plot),)
    if report is not None:
        from likewise.studio.reporting import report_talk

        written = text if isinstance(text, str) else text.text
        settings = {"text": written, "language": record.language, "speed": speed, "seed": seed}
        settings |= {"pitch": pitch, "pause": pause}
        settings |= {"voice engine": engine, "face engine": face_engine}
        settings |= {"command": command} if command else {}
        with watch.stage("verifying"):
            beside += report_talk(
                Path(output), Path(report), portrait, chosen, record, fps, settings, on_progress
            )
    return Video(
        path=Path(output),
        seconds=record.seconds,
        frames=frames,
        fps=fps,
        size=(portrait.picture.shape[1], portrait.picture.shape[0]),
        voice=chosen.name,
        language=record.language,
        took=time.perf_counter() - start,
        stages=watch.seconds,
        notes=tuple(
            dict.fromkeys(
                (
                    *portrait.notes,
                    *chosen.facts.get("warnings", ()),
                    *record.notes,
                    *marking.notes,
                )
            )
        ),
        beside=beside,
    )


def _score(
    parts: Iterable[Speech], actor: SpeechActor, video: VideoWriter, record: Record
) -> Iterator[Motion]:
    """Each part of speech goes into the video's sound and comes out as motion."""
    for part in parts:
        video.write_audio(part.audio)
        record.add(part)
        yield actor.feed(part)
    record.complete = True
    yield actor.finish()
