"""Commands that make something: talk, speak, clone, animate, demo."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likewise.cli import options
from likewise.cli.judging import typed
from likewise.cli.show import print_notes, print_result, progress_bars, video_lines
from likewise.errors import BadInput

if TYPE_CHECKING:
    from likewise.motion.sliders import Sliders
    from likewise.studio.rendering import Video
    from likewise.studio.saying import TextLike


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(talk)
    app.command()(speak)
    app.command()(clone)
    app.command()(animate)
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
        unfit: dict[str, object] = {
            "--voice": voice,
            "--text": text,
            "--face N": which,
            "--report": report,
        }
        unfit |= {"--plot": plot, "--save-motion": save_motion, "--crop head": crop == "head"}
        unfit |= {"--slider": slider, "--keyframes": keyframes}
        unfit |= {"--style": style, "--pitch": pitch, "--pause": pause != 1.0, "--ssml": ssml}
        _refuse(unfit, "--script", "the script and its cast say who speaks and with which face")
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
            engine=engine,
            face_engine=face_engine,
        )
        print_notes(video.notes)
        print_result(video, as_json=as_json, lines=video_lines(video))
        return
    if not (voice and text):
        raise BadInput(
            "What is said, and in which voice? Give --voice and --text, or --script FILE for "
            "several speakers."
        )
    from likewise.studio.talk import talk as job

    consent = _consent(consent, voice, language)
    sliders = _sliders(slider, keyframes)
    with progress_bars() as progress:
        video = job(
            picture,
            _text(text, ssml=ssml),
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
    print_notes(video.notes)
    print_result(video, as_json=as_json, lines=video_lines(video))


def speak(
    text: Annotated[str, typer.Argument(help="What is said; - reads standard input.")],
    voice: options.Voice,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", help="The sound: .wav .flac .mp3 .ogg .opus .m4a; - is stdout."
        ),
    ],
    format: Annotated[
        str,
        typer.Option(
            metavar="wav|pcm|...",
            help="Format of the sound: wav on stdout if left out; pcm is 16 bit at 24 kHz, mono.",
        ),
    ] = "",
    consent: options.Consent = "",
    language: options.Language = "",
    speed: options.Speed = 1.0,
    pitch: options.Pitch = 0.0,
    pause: options.Pause = 1.0,
    ssml: options.Ssml = False,
    subtitles: options.Subtitles = None,
    plot: options.Plot = None,
    verify: options.Verify = False,
    engine: options.Engine = "kokoro",
    as_json: options.Json = False,
) -> None:
    """Speak a text in a voice into a sound file."""
    from likewise.studio.speak import speak as job

    consent = _consent(consent, voice, language)
    with progress_bars() as progress:
        spoken = job(
            _text(text, ssml=ssml),
            voice=voice,
            output=output,
            format=format,
            consent=consent,
            language=language,
            speed=speed,
            pitch=pitch,
            pause=pause,
            subtitles=subtitles or (),
            plot=plot,
            verify=verify,
            engine=engine,
            on_progress=progress,
        )
    print_notes(spoken.notes)
    if str(output) == "-":
        return
    line = f"{spoken.path}  {spoken.seconds:.1f} s, {spoken.voice}, {spoken.language}, "
    line += f"made in {spoken.took:.1f} s"
    print_result(spoken, as_json=as_json, lines=[line, *map(str, spoken.beside)])


def clone(
    samples: Annotated[
        list[str], typer.Argument(help="Recordings of one speaker; 6 to 12 s of speech are enough.")
    ],
    name: Annotated[str, typer.Option(help="Name of the new voice.")],
    consent: options.Consent = "",
    language: Annotated[str, typer.Option(help="Language the voice speaks by default.")] = "",
    replace: Annotated[bool, typer.Option(help="Overwrite a voice of the same name.")] = False,
    engine: options.Engine = "kokoro",
    transcript: Annotated[
        list[str] | None,
        typer.Option(
            help="What is said in a recording, text or a .txt file; one for each, in their order. "
            "Left out, Whisper writes it down."
        ),
    ] = None,
    adapt: options.Adapt = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Time that adapting may take, seconds.")
    ] = None,
    manner: Annotated[
        bool,
        typer.Option(
            help="Take on how fast the person speaks, the pauses and how the pitch moves as well."
        ),
    ] = True,
) -> None:
    """Save a voice taken from recordings."""
    from likewise.studio.clone import clone as job

    consent = options.asked_consent(consent, ", ".join(samples), language)
    with progress_bars() as progress:
        voice = job(
            samples,
            name=name,
            consent=consent,
            language=language,
            replace=replace,
            engine=engine,
            transcripts=[options.text_or_file(text) for text in transcript] if transcript else None,
            tier=options.tier(adapt),
            seconds=seconds,
            manner=manner,
            on_progress=progress,
        )
    print_notes(tuple(voice.facts.get("warnings", ())))
    print(f"Saved the voice {voice.name}. Use it with: --voice {voice.name}")


def animate(
    picture: options.Picture,
    driven_by: Annotated[
        str, typer.Argument(metavar="VIDEO", help="The same as --driver VIDEO.")
    ] = "",
    audio: Annotated[
        Path | None, typer.Option(help="The recording: any sound file, or a video's sound.")
    ] = None,
    driver: Annotated[
        Path | None,
        typer.Option(
            metavar="VIDEO|camera[:N]",
            help="A video of a face to be followed; its sound is kept unless --audio is. camera "
            "follows you, now, until Ctrl-C.",
        ),
    ] = None,
    motion: Annotated[
        Path | None, typer.Option(help="A motion template to play: .safetensors, .npz or .json.")
    ] = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The video: .mp4, .webm, .gif or frames/%05d.png. A camera needs none.",
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Watch a camera's picture in a browser meanwhile.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="When to stop following a camera.")
    ] = None,
    transcript: Annotated[
        str,
        typer.Option(help="What is said in it: text, or a text file; lips then follow the words."),
    ] = "",
    language: Annotated[str, typer.Option(help="Language of the transcript.")] = "",
    anchor: Annotated[
        float | None,
        typer.Option(help="Second at which the driver looks neutral; chosen if left out."),
    ] = None,
    driver_face: Annotated[
        int | None, typer.Option(min=1, help="Which face of the driver (1 is the largest).")
    ] = None,
    save_motion: options.SaveMotion = None,
    fps: Annotated[
        float | None,
        typer.Option(min=5, max=60, help="Frames per second: the driver's, or 25 for a recording."),
    ] = None,
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
    subtitles: options.Subtitles = None,
    engine: options.Engine = "kokoro",
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="With a driver or template: keep what is done beside the output until the video "
            "is there; after a stop the same command goes on.",
        ),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Make a picture move its lips to a recording, or do what a person in a video does."""
    film = Path(driven_by) if driven_by else driver
    if driven_by and driver is not None:
        raise BadInput("Two drivers are named. Give one, either after the picture or as --driver.")
    which, face_engine = options.split_face(face)
    sliders = _sliders(slider, keyframes)
    from likewise.studio.live import camera_named

    if film is not None and camera_named(str(film)) is not None:
        unfit: dict[str, object] = {"--audio": audio, "--motion": motion, "--anchor": anchor}
        unfit |= {"--transcript": transcript, "--subtitles": subtitles, "--mood": mood}
        unfit |= {"--driver-face": driver_face, "--save-motion": save_motion}
        unfit |= {"--keyframes": keyframes}
        _refuse(unfit, "--driver camera", "a camera is followed as it films, without sound")
        _follow(
            picture,
            str(film),
            output=output,
            show=show,
            as_json=as_json,
            seconds=seconds,
            fps=fps,
            crop=crop,
            size=size,
            face=which,
            points=points or None,
            style=style,
            sliders=sliders,
            face_engine=face_engine,
        )
        return
    _refuse({"--show": show, "--seconds": seconds}, "a film or a recording", "they are a camera's")
    if output is None:
        raise BadInput("Where shall the video go? Name it with -o, such as: -o talk.mp4")
    with progress_bars() as progress:
        if film is not None or motion is not None:
            if transcript or subtitles or mood:
                raise BadInput(
                    "--transcript, --subtitles and --mood belong to a recording (--audio alone); a "
                    "driver or a template moves the face by itself. --slider adds to it."
                )
            from likewise.studio.reenact import reenact

            video = reenact(
                picture,
                film,
                output=output,
                motion=motion,
                audio=audio,
                fps=fps,
                crop=crop,
                size=size,
                face=which,
                points=points or None,
                style=style,
                driver_face=None if driver_face is None else driver_face - 1,
                anchor=anchor,
                sliders=sliders,
                save_motion=save_motion,
                face_engine=face_engine,
                resume=resume,
                on_progress=progress,
            )
        elif audio is None:
            raise BadInput(
                "What shall move the picture? Give --audio RECORDING, --driver VIDEO or --motion "
                "TEMPLATE."
            )
        else:
            from likewise.studio.animate import animate as job

            video = job(
                picture,
                audio,
                output=output,
                transcript=options.text_or_file(transcript),
                language=language,
                fps=fps or 25.0,
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
                engine=engine,
                face_engine=face_engine,
                on_progress=progress,
            )
    print_notes(video.notes)
    print_result(video, as_json=as_json, lines=video_lines(video))


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


def _follow(
    picture: str, camera: str, *, output: Path | None, show: bool, as_json: bool, **given: Any
) -> None:
    """`animate --driver camera`: watched where no video is written, or where it is asked for."""
    from contextlib import ExitStack

    from likewise.studio.live import follow
    from likewise.studio.live_view import LiveView

    with ExitStack() as stack:
        progress = stack.enter_context(progress_bars())
        view = stack.enter_context(LiveView()) if show or output is None else None
        if view is not None:
            typer.echo(f"Open {view.address} in a browser; Ctrl-C ends it.", err=True)
        typer.echo("Look straight ahead for a second, mouth shut.", err=True)
        video = follow(picture, camera, output=output, view=view, on_progress=progress, **given)
    if video is not None:
        print_notes(video.notes)
        print_result(video, as_json=as_json, lines=video_lines(video))


def _consent(consent: str, voice: str, language: str) -> str:
    """The consent for `--voice`, asked for only where a recording would be copied."""
    from likewise.studio.choosing import copies

    return options.asked_consent(consent, voice, language) if copies(voice) else consent


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


def _refuse(given: dict[str, object], beside: str, reason: str) -> None:
    """Raise where an option was given that another one leaves no room for."""
    names = [name for name, value in given.items() if value not in (None, "", False, [], ())]
    if names:
        raise BadInput(f"{', '.join(names)} can't be used beside {beside}: {reason}.")


def _sliders(settings: list[str] | None, keyframes: Path | None) -> "Sliders | None":
    """The sliders of `--slider` and `--keyframes`; None without either."""
    if not settings and keyframes is None:
        return None
    from likewise.motion.sliders import Sliders

    return Sliders.parsed(settings or (), keyframes)


def _text(text: str, *, ssml: bool) -> "TextLike":
    """The text of an option or of standard input, its marks read if it is said to have them."""
    given = sys.stdin.read() if text == "-" else text
    if not ssml:
        return given
    from likewise.text.ssml import parse

    return parse(given)
