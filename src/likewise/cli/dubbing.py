"""`likewise dub`: new lips and new sound for a film."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from likewise.cli import options
from likewise.cli.show import print_video, progress_bars


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(dub)


def dub(
    film: Annotated[str, typer.Argument(metavar="VIDEO", help="A video with a face in it.")],
    *,
    text: Annotated[str, typer.Option(help="What is said now; - reads standard input.")] = "",
    voice: options.Voice = "",
    audio: Annotated[
        Path | None, typer.Option(help="A recording of what is said now, instead of --text.")
    ] = None,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="The video: .mp4, .webm, .gif or frames/%05d.png."),
    ],
    consent: options.FilmConsent = "",
    voice_consent: Annotated[
        str, typer.Option(help="Whose voice a recording is; --consent if left out.")
    ] = "",
    transcript: Annotated[
        str,
        typer.Option(help="What is said in --audio: text, or a text file; lips follow the words."),
    ] = "",
    language: options.Language = "",
    speed: options.Speed = 1.0,
    fps: Annotated[
        float | None, typer.Option(min=5, max=60, help="Frames per second; the film's if left out.")
    ] = None,
    face: Annotated[
        int | None, typer.Option(min=1, help="Which face of several (1 is the largest).")
    ] = None,
    overrun: Annotated[
        str,
        typer.Option(
            metavar="bounce|hold|stop",
            help="While speech goes on after the film: show its last frames to and fro, hold the "
            "last one, or stop.",
        ),
    ] = "bounce",
    subtitles: options.Subtitles = None,
    verify: options.Verify = False,
    engine: options.Engine = "kokoro",
    as_json: options.Json = False,
) -> None:
    """Let the person in a video say something else: new lips, new sound."""
    from typing import cast

    from likewise.studio.dubbing import Overrun
    from likewise.studio.dubbing import dub as job

    with progress_bars() as progress:
        video = job(
            film,
            output=output,
            text=sys.stdin.read() if text == "-" else text,
            voice=voice or None,
            audio=audio,
            transcript=options.text_or_file(transcript),
            consent=consent,
            voice_consent=voice_consent,
            language=language,
            speed=speed,
            fps=fps,
            face=None if face is None else face - 1,
            overrun=cast("Overrun", overrun),
            subtitles=subtitles or (),
            verify=verify,
            engine=engine,
            on_progress=progress,
        )
    print_video(video, as_json=as_json)
