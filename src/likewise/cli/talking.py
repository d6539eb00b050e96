"""`likewise talk` and the demo: a picture says a text, or its faces talk with each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likewise.cli import options
from likewise.cli.judging import typed
from likewise.cli.show import print_video, progress_bars, video_lines
from likewise.errors import BadInput

if TYPE_CHECKING:
    from likewise.studio.rendering import Video


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(talk)
    app.command()(demo)


def talk(
    picture: options.Picture,
    *,
    voice: options.Voice = "",
    text: Annotated[str, typer.Option(help="What is said; - reads standard input.")] = "",
    script: options.ScriptFile = None,
    cast: options.Cast = None,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="The video: .mp4, .webm, .gif or frames/%05d.png."),
    ],
    consent: options.Consent = "",
    language: options.Language = "",
    speed: options.Speed = 1.0,
    pitch: options.Pitch = 0.0,
    pause: options.Pause = 1.0,
    ssml: options.Ssml = False,
    fps: options.Fps = 25.0,
    crop: options.Framing = "none",
    size: options.Size = 1280,
    face: options.Face = "",
    points: options.Points = "",
    style: options.Style = None,
    liveliness: options.Liveliness = 1.0,
    seed: options.Seed = 0,
    mood: options.Mood = "",
    slider: options.Slider = None,
    keyframes: options.Keyframes = None,
    save_motion: options.SaveMotion = None,
    subtitles: options.Subtitles = None,
    plot: options.Plot = None,
    verify: options.Verify = False,
    report: options.Report = None,
    engine: options.Engine = "kokoro",
    as_json: options.Json = False,
) -> None:
    """Make a picture say a text in a voice, or its faces talk with each other by a script."""
    which, face_engine = options.split_face(face)
    if script is not None:
        unfit: dict[str, object] = {"--voice": voice, "--text": text, "--face N": which}
        unfit |= {"--plot": plot, "--save-motion": save_motion, "--crop head": crop == "head"}
        unfit |= {"--slider": slider, "--keyframes": keyframes}
        unfit |= {"--style": style, "--pitch": pitch, "--pause": pause != 1.0, "--ssml": ssml}
        options.refuse(
            unfit, "--script", "the script and its cast say who speaks and with which face"
        )
        video = _dialogue(
            picture,
            script,
            cast or [],
            points,
            consent,
            output=output,
            language=language,
            speed=speed,
            fps=fps,
            size=size,
            liveliness=liveliness,
            seed=seed,
            mood=mood,
            subtitles=subtitles or (),
            verify=verify,
            report=report,
            command=typed(),
            engine=engine,
            face_engine=face_engine,
        )
        print_video(video, as_json=as_json)
        return
    if not (voice and text):
        raise BadInput(
            "What is said, and in which voice? Give --voice and --text, or --script FILE for "
            "several speakers."
        )
    from likewise.studio.talk import talk as job

    consent = options.consent_for(consent, voice, language)
    sliders = options.sliders(slider, keyframes)
    with progress_bars() as progress:
        video = job(
            picture,
            options.given_text(text, ssml=ssml),
            voice=voice,
            output=output,
            consent=consent,
            language=language,
            speed=speed,
            pitch=pitch,
            pause=pause,
            fps=fps,
            crop=crop,
            size=size,
            face=which,
            points=points or None,
            style=style,
            liveliness=liveliness,
            seed=seed,
            mood=mood,
            sliders=sliders,
            save_motion=save_motion,
            subtitles=subtitles or (),
            plot=plot,
            verify=verify,
            report=report,
            command=typed(),
            engine=engine,
            face_engine=face_engine,
            on_progress=progress,
        )
    print_video(video, as_json=as_json)


def demo(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for the demo's files, made if missing.")
    ] = Path("likewise-demo"),
) -> None:
    """Make the demo: a painting speaks English and Japanese in a voice taken from nine seconds."""
    from likewise.studio.demo import demo as job

    with progress_bars() as progress:
        made = job(output, on_progress=progress)
    for video in made:
        for line in video_lines(video):
            print(line)


def _dialogue(
    picture: str, script: Path, cast: list[str], points: str, consent: str, **options_given: Any
) -> "Video":
    """`talk --script`: whose recordings are cast is asked for each of them."""
    from dataclasses import replace

    from likewise.studio.choosing import copies
    from likewise.studio.dialogue import dialogue as job
    from likewise.studio.script import cast_by, points_by, read_script

    read = read_script(script)
    roles = {**read.cast, **cast_by(cast)}
    placed = points_by(points)
    for name in read.names:
        role = roles.get(name)
        if role is not None and copies(role.voice) and not (role.consent or consent):
            said = options.asked_consent("", f"{name}'s voice {role.voice}", role.language)
            roles[name] = replace(role, consent=said)
    with progress_bars() as progress:
        return job(
            picture,
            read,
            cast=roles,
            points=placed,
            consent=consent,
            on_progress=progress,
            **options_given,
        )
