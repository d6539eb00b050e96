"""The command that guesses the ten points of a face, for a person to correct."""

import json
from pathlib import Path
from typing import Annotated

import typer

from likewise.cli import options


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(points)


def points(
    picture: options.Picture,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the points here (.json) and not to stdout."),
    ] = None,
    drawn: Annotated[
        Path | None,
        typer.Option("--picture", help="Also draw the points into a copy of the picture (.png)."),
    ] = None,
    placed: Annotated[
        Path | None,
        typer.Option("--points", help="Draw these points (.json) and don't guess."),
    ] = None,
    face: Annotated[
        int | None, typer.Option(min=1, help="Which face of several (1 is the largest).")
    ] = None,
) -> None:
    """Guess the ten points of an animal's or drawing's face, and draw where they are."""
    from likewise.studio.placing import place

    found = place(picture, points=placed, face=None if face is None else face - 1, drawn=drawn)
    for note in found.notes:
        typer.echo(note, err=True)
    if output is None:
        print(json.dumps(found.points.as_json(), indent=1))
    else:
        found.points.save(output)
        print(output)
    if drawn is not None:
        typer.echo(str(drawn), err=output is None)
