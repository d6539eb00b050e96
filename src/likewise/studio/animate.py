"""A picture and recorded sound become a talking video.

With a transcript the words are found in the recording by aligning it with our own speech of the
same text, and the mouth follows phonemes; without one it follows the sound alone, approximately.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from likewise.face import registry as faces
from likewise.motion.moods import Mood
from likewise.progress import Progress, ProgressCallback, silent
from likewise.provenance.marking import Marking
from likewise.provenance.origin import Origin
from likewise.studio.choosing import PictureLike, PointsLike, choose_portrait
from likewise.studio.framing import Crop
from likewise.studio.record import Record, check_beside, write_subtitles
from likewise.studio.rendering import Video, open_video, render_into
from likewise.studio.scoring import MoodLike, Scoring, SlidersLike, chosen_mood
from likewise.studio.stopwatch import Stopwatch
from likewise.values import Audio, Motion, Speech
from likewise.values.portrait import Style
from likewise.voice import registry as voices

APPROXIMATE = (
    "The mouth follows the sound alone, which is approximate. Give the words with --transcript "
    "for lips that follow each phoneme."
)


def animate(
    picture: PictureLike,
    audio: Audio | Path | str,
    *,
    output: Path | str,
    transcript: str = "",
    language: str = "",
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
    engine: str = "kokoro",
    face_engine: str = "mesh",
    on_progress: ProgressCallback = silent,
) -> Video:
    """Make a picture move its lips to a recording.

    Args:
        picture: A picture file, RGB pixels, or a portrait.
        audio: The recording, or its file.
        output: The video: .mp4, .webm, .gif, or a pattern such as `frames/%05d.png`.
        transcript: What is said in the recording; "" drives the mouth by the sound alone.
        language: Language tag of the transcript; "" is the engine's first.
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
        subtitles: Subtitle files to write, .srt or .vtt; they need a transcript.
        engine: Voice engine that speaks the transcript for the alignment.
        face_engine: Face engine.
        on_progress: Told about the stages.

    Returns:
        Where the video is, and how it was made.

    Raises:
        BadInput: The picture, recording, transcript or an option can't be used.
        MissingWeights: A model is missing.
        MarkFailed: The video could not be marked as synthetic.
        OutputFailed: The video can't be written.
    """
    start = time.perf_counter()
    watch = Stopwatch()
    artist = faces.face_engine(face_engine)
    check_beside(subtitles)
    worn, scoring = chosen_mood(mood), Scoring(sliders, save_motion)
    with watch.stage("picture"):
        portrait = choose_portrait(
            picture, artist, face=face, crop=crop, size=size, points=points, style=style
        )
    if isinstance(audio, Audio):
        recording = audio
    else:
        from likewise.audio import files

        recording = files.read(audio)
    on_progress(Progress("listening", 0, 1, "recordings"))
    with watch.stage("listening"):
        if transcript:
            from likewise.motion.from_speech import from_speech

            speech = aligned(recording, transcript, language, engine=engine)
            motion = from_speech(speech, fps, seed=seed, liveliness=liveliness, mood=worn)
        else:
            speech, motion = _by_sound(recording, fps, seed, liveliness, worn)
    on_progress(Progress("listening", 1, 1, "recordings"))
    marking = Marking(Origin("animated picture", {"face": face_engine}))
    record = Record(keep_sound=False)
    record.add(speech)
    record.complete = True
    with ExitStack() as stack:
        video = stack.enter_context(
            open_video(output, portrait, fps, recording.sample_rate, seal=marking.seal)
        )
        video.write_audio(marking.audio(recording))
        score = scoring.edited([motion], portrait)
        frames = render_into(video, artist, portrait, score, record, watch, on_progress)
    return Video(
        path=Path(output),
        seconds=recording.seconds,
        frames=frames,
        fps=fps,
        size=(portrait.picture.shape[1], portrait.picture.shape[0]),
        voice="",
        language=speech.language,
        took=time.perf_counter() - start,
        stages=watch.seconds,
        notes=tuple(dict.fromkeys((*portrait.notes, *record.notes, *marking.notes))),
        beside=write_subtitles(record, subtitles) + scoring.save(),
    )


def aligned(recording: Audio, transcript: str, language: str, *, engine: str) -> Speech:
    """The recording as speech with timings, by our own speech of the same words.

    Args:
        recording: Someone saying the transcript.
        transcript: What is said.
        language: Language tag; "" is the engine's first.
        engine: Voice engine that speaks the transcript.

    Raises:
        BadInput: A silent recording or an unspeakable transcript.
    """
    from likewise.motion.alignment import align
    from likewise.text.languages import resolve

    speaker = voices.voice_engine(engine)
    wanted = resolve(language or speaker.languages[0]).tag
    voice = next(voice for voice in speaker.stock_voices() if voice.language == wanted)
    return align(recording, Speech.joined(speaker.speak(transcript, voice, language=wanted)))


def _by_sound(
    recording: Audio, fps: float, seed: int, liveliness: float, mood: Mood
) -> tuple[Speech, Motion]:
    from likewise.motion.from_audio import from_audio

    motion = from_audio(recording, fps, seed=seed, liveliness=liveliness, mood=mood)
    speech = Speech(recording, text="", language="", engine="recording")
    return replace(speech, notes=(APPROXIMATE,)), motion
