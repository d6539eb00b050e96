"""`likewise speak` and `clone`: a voice says a text, a recording becomes a voice."""

from pathlib import Path
from typing import Annotated

import typer

from likewise.cli import options
from likewise.cli.show import print_notes, print_result, progress_bars


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(speak)
    app.command()(clone)


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

    consent = options.consent_for(consent, voice, language)
    with progress_bars() as progress:
        spoken = job(
            options.given_text(text, ssml=ssml),
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
    denoise: Annotated[
        bool, typer.Option("--denoise", help="Take a fan's or a hiss's noise out first.")
    ] = False,
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
            denoise=denoise,
            manner=manner,
            on_progress=progress,
        )
    print_notes(tuple(voice.facts.get("warnings", ())))
    print(f"Saved the voice {voice.name}. Use it with: --voice {voice.name}")
