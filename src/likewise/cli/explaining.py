"""Commands that explain: what makes two voices alike, what is seen in a picture or a face."""

import json
from pathlib import Path
from typing import Annotated

import typer

from likewise.cli import options
from likewise.cli.show import print_how_to_learn, print_notes
from likewise.errors import BadInput

Drawing = Annotated[Path, typer.Option("-o", "--output", help="The picture to draw, .png or .svg.")]


def add_to(app: typer.Typer) -> None:
    """Add the group `explain`."""
    group = typer.Typer(help="Why things sound or look alike: pictures, and the numbers in them.")
    group.command("voice")(voice)
    group.command("picture")(picture)
    group.command("face")(face)
    group.command("keypoints")(keypoints)
    app.add_typer(group, name="explain")


def voice(
    reference: Annotated[Path, typer.Argument(help="A recording of the person.")],
    clone: Annotated[Path, typer.Argument(help="What the cloned voice said.")],
    output: Drawing,
    as_json: options.Json = False,
) -> None:
    """Draw where the likeness of two voices lives, and which known voices they are like."""
    from likewise.audio import files
    from likewise.explain.voice import explain_voice

    why = explain_voice(files.read(reference), files.read(clone))
    why.draw(output)
    _say(why.sentences, why.as_json(), output, as_json=as_json)


def picture(
    picture: options.Picture,
    output: Drawing,
    other: Annotated[str, typer.Option(help="Another picture to compare with.")] = "",
    point: Annotated[
        str, typer.Option(help="Place to compare, as X,Y in pixels; eye and mouth if left out.")
    ] = "",
    as_json: options.Json = False,
) -> None:
    """Draw what a network sees in a picture, beside edges and corners, and what is eye-like."""
    from likewise.explain.features import explain_picture
    from likewise.video.picture import read_picture

    second = read_picture(other).picture if other else None
    why = explain_picture(read_picture(picture).picture, second, point=_place(point))
    why.draw(output)
    _say(why.sentences, why.as_json(), output, as_json=as_json)


def face(
    file: Annotated[
        Path, typer.Argument(help="A picture of a face, or a video of one, such as `talk` makes.")
    ],
    output: Drawing,
    which: options.Which = None,
    as_json: options.Json = False,
) -> None:
    """Draw whom a face in a picture is like, of those in the memory, or what a video's face does.

    Faces are remembered by `likewise memory learn PICTURE --kind face --name NAME`. Of a video the
    picture shows landmarks, expression over time, and where the skin moves.
    """
    from likewise.seeing.following import PICTURES

    if file.suffix.lower() in PICTURES:
        _resemblance(file, output, which, as_json=as_json)
        return
    if which is not None:
        raise BadInput("--face chooses a face of a picture; a video's largest face is followed.")
    from likewise.explain.face import explain_face
    from likewise.video.reader import VideoReader

    with VideoReader(file) as reader:
        fps = min(reader.info.fps, 60.0)
        frames = (frame.picture for frame in reader.frames(fps=fps))
        why = explain_face(frames, fps=fps)
    why.draw(output)
    _say(why.sentences, why.as_json(), output, as_json=as_json)


def _resemblance(file: Path, output: Path, which: int | None, *, as_json: bool) -> None:
    from likewise.explain.memory import Memory
    from likewise.explain.resemblance import explain_resemblance
    from likewise.video.picture import read_picture

    with Memory() as memory:
        why = explain_resemblance(read_picture(file).picture, memory, face=options.index(which))
    why.draw(output)
    print_notes(why.notes)
    _say(why.sentences, why.as_json(), output, as_json=as_json)
    if why.likeness.decision != "known" and not as_json:
        print_how_to_learn(file, kind="face", face=which)


def keypoints(
    picture: options.Picture,
    output: Drawing,
    random: Annotated[
        bool,
        typer.Option("--random", help="Small random networks: the machinery, without meaning."),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Draw what LivePortrait sees in a picture: its keypoints, and what moves them."""
    from likewise.studio.implicit import explain_implicit
    from likewise.video.picture import read_picture

    why = explain_implicit(read_picture(picture).picture, random=random)
    why.draw(output)
    _say(why.sentences, why.as_json(), output, as_json=as_json)


def _place(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise BadInput(f"{text!r} is no place. Write two numbers: --point 120,80") from None
    return x, y


def _say(sentences: list[str], data: object, output: Path, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(data, ensure_ascii=False, indent=1))
        return
    for sentence in sentences:
        print(sentence)
    print(output)
