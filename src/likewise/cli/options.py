"""The options that several commands share, each said once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from likewise.errors import BadInput
from likewise.studio.framing import Crop

if TYPE_CHECKING:
    from likewise.motion.sliders import Sliders
    from likewise.studio.saying import TextLike

Picture = Annotated[
    str, typer.Argument(metavar="PICTURE", help="A picture with a face; - is stdin.")
]
Voice = Annotated[
    str,
    typer.Option(
        help="A saved voice, a stock voice (see `likewise voices`), or a sound file of 6 to 12 s."
    ),
]
FilmConsent = Annotated[
    str,
    typer.Option(
        "--consent",
        metavar="own|spoken:FILE|source:TEXT",
        help="Of the person on film: it is you; they agree in FILE; or where the film is from.",
    ),
]
Consent = Annotated[
    str,
    typer.Option(
        metavar="own|spoken:FILE|source:TEXT",
        help="Whose voice a recording is: your own; its speaker agrees in FILE; or where it is "
        "from. Asked for when left out.",
    ),
]
Language = Annotated[
    str,
    typer.Option(
        help="en-us, en-gb, ja, zh, es, fr, hi, it or pt-br; the voice's own if left out."
    ),
]
Speed = Annotated[float, typer.Option(min=0.5, max=2.0, help="Speech speed, 1 is natural.")]
Pitch = Annotated[
    float, typer.Option(min=-12, max=12, help="Semitones above the voice's own pitch.")
]
Pause = Annotated[float, typer.Option(min=0, max=5, help="How many times as long the pauses are.")]
Ssml = Annotated[
    bool,
    typer.Option(
        "--ssml", help="The text is SSML; one that begins with <speak is known without it."
    ),
]
Fps = Annotated[float, typer.Option(min=5, max=60, help="Frames per second.")]
Framing = Annotated[
    Crop, typer.Option(help="Show the whole picture (none) or head and shoulders (head).")
]
Size = Annotated[int, typer.Option(min=64, max=4096, help="Longest side of the video in pixels.")]
Face = Annotated[
    str,
    typer.Option(
        help="Which face of several (1 is the largest), the face engine's name, or both: mesh:2."
    ),
]
Which = Annotated[
    int | None, typer.Option("--face", min=1, help="Which face of several; 1 is the largest.")
]
Points = Annotated[
    str,
    typer.Option(
        metavar="FILE.json|auto",
        help="Ten points of the face, see `likewise points`; auto takes a doubtful find as it is.",
    ),
]
Style = Annotated[
    Literal["photo", "painting", "flat", "fur", "moustache"] | None,
    typer.Option(help="How the picture is made, for its mouth; told from it if left out."),
]
Liveliness = Annotated[
    float,
    typer.Option(min=0.0, max=3.0, help="How much the head moves by itself; 0 is not at all."),
]
Seed = Annotated[int, typer.Option(help="Seed of head movement and blinks.")]
ScriptFile = Annotated[
    Path | None,
    typer.Option(
        "--script", help="Several speakers: a text file of lines `NAME: what they say`; - is stdin."
    ),
]
Cast = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VOICE[@FACE]",
        help="Who speaks in the script, with which voice and face (1 is the largest, 0 a voice "
        "off); may be repeated.",
    ),
]
Mood = Annotated[
    str,
    typer.Option(
        metavar="NAME[=STRENGTH]",
        help="neutral, happy, sad, angry, surprised, calm or tired; happy=0.5 is half of it.",
    ),
]
Slider = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="Set by hand: yaw pitch roll (degrees) right down zoom smile brows gaze_right gaze_up "
        "blink squint mouth pout; may be repeated.",
    ),
]
Keyframes = Annotated[
    Path | None,
    typer.Option(
        help='Sliders over time, a JSON file: {"0": {"yaw": -10}, "1.5": {"yaw": 10, "smile": 0.5}}'
    ),
]
SaveMotion = Annotated[
    Path | None,
    typer.Option(help="Save what the face does as a template (.safetensors, .npz or .json)."),
]
Subtitles = Annotated[
    list[Path] | None, typer.Option(help="Also write subtitles, .srt or .vtt; may be repeated.")
]
Plot = Annotated[
    Path | None,
    typer.Option(help="Also draw mel spectrograms and onset strength into this .png or .svg."),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify", help="Let a speech recogniser check each sentence; say a bad one again."
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        help="Also verify the video and write a report here (.html, and .json beside it)."
    ),
]
Engine = Annotated[str, typer.Option(help="Voice engine.")]
Adapt = Annotated[
    bool | None,
    typer.Option(
        "--adapt/--quick",
        help="Adapt the voice to the recording, which takes about a minute and comes out more "
        "alike, or mix it in seconds. Left out, it is adapted where that is possible.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def tier(adapt: bool | None) -> str:
    """How to enrol, by the option `Adapt`: the names that Kokoro gives to its tiers."""
    if adapt is None:
        return "best"
    return "adapted" if adapt else "instant"


def asked_consent(consent: str, recording: str, language: str = "") -> str:
    """The `--consent` that was given, or else what a person at a terminal answers.

    Args:
        consent: The option as given, "" when left out.
        recording: What would be copied, for the question.
        language: Language of a spoken agreement.

    Returns:
        The consent; "" where nobody can be asked, which the job refuses with a typed error.
    """
    if consent or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return consent
    from likewise.provenance.consent import statement

    typer.echo(
        f"{recording} is a recording of someone's voice. Whose is it?\n"
        "  1  my own\n"
        "  2  of someone who agreed in a recording\n"
        "  3  in the public domain, synthetic, or otherwise free to copy\n"
        "  4  none of these",
        err=True,
    )
    answer = typer.prompt("Number", err=True).strip()
    if answer == "1":
        return "own"
    if answer == "2":
        said = f"Recording in which they say “{statement(language)}”"
        return f"spoken:{typer.prompt(said, err=True)}"
    if answer == "3":
        return f"source:{typer.prompt('Where it comes from', err=True)}"
    return ""


def index(which: int | None) -> int | None:
    """`--face N` as the API counts, from 0; None where none was chosen."""
    return None if which is None else which - 1


def split_face(face: str) -> tuple[int | None, str]:
    """`--face 2` is the second largest face, `mesh` an engine, `mesh:2` both; "" is neither.

    Returns:
        Index of the face counted from 0 or None, and the engine's name.

    Raises:
        BadInput: Face 0 or less, or all of them.
    """
    which, engine = split_faces(face)
    if which == "all":
        raise BadInput(
            "All faces at once follow a driver only: likewise animate PICTURE --driver VIDEO "
            "--face all. Choose one of them by its number; several that talk need --script."
        )
    return which, engine


def split_faces(face: str) -> tuple[int | Literal["all"] | None, str]:
    """As `split_face`, with `all` or `mesh:all` for all faces of a picture.

    Raises:
        BadInput: Face 0 or less.
    """
    engine, colon, number = face.rpartition(":")
    if number == "all":
        return "all", engine or "mesh"
    if not number.lstrip("-").isdigit():
        if colon:
            raise BadInput(f"--face {face}: after the engine comes a number, as in mesh:2.")
        return None, face or "mesh"
    if int(number) < 1:
        raise BadInput("Faces are counted from 1, the largest: --face 1")
    return int(number) - 1, engine or "mesh"


def text_or_file(text: str) -> str:
    """A text, or what stands in the text file (.txt) that is named.

    Raises:
        BadInput: A file that can't be read as UTF-8.
    """
    path = Path(text)
    if path.suffix.lower() != ".txt":
        return text
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The transcript {path} can't be read as UTF-8 text: {error}") from error


def consent_for(consent: str, voice: str, language: str) -> str:
    """The consent for `--voice`, asked for only where a recording would be copied."""
    from likewise.studio.choosing import copies

    return asked_consent(consent, voice, language) if copies(voice) else consent


def refuse(given: dict[str, object], beside: str, reason: str) -> None:
    """Raise where an option was given that another one leaves no room for.

    Raises:
        BadInput: It was; all such options are named.
    """
    names = [name for name, value in given.items() if value not in (None, "", False, [], ())]
    if names:
        raise BadInput(f"{', '.join(names)} can't be used beside {beside}: {reason}.")


def sliders(settings: list[str] | None, keyframes: Path | None) -> "Sliders | None":
    """The sliders of `--slider` and `--keyframes`; None without either."""
    if not settings and keyframes is None:
        return None
    from likewise.motion.sliders import Sliders

    return Sliders.parsed(settings or (), keyframes)


def given_text(text: str, *, ssml: bool = False) -> "TextLike":
    """The text of an option or of standard input, its marks read if it is said to have them."""
    given = sys.stdin.read() if text == "-" else text
    if not ssml:
        return given
    from likewise.text.ssml import parse

    return parse(given)
