"""The command that reads marks: detect."""

import json
from pathlib import Path
from typing import Annotated

import typer

from likewise.cli import options


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(detect)


def detect(
    file: Annotated[Path, typer.Argument(help="A sound, a video, or a picture.")],
    as_json: options.Json = False,
) -> None:
    """Say whether a file is marked as synthetic: watermark, content credentials, consent."""
    from likewise.studio.detecting import detect as job

    found = job(file)
    if as_json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
        return
    for sentence in found.sentences:
        print(sentence)
    if found.synthetic:
        print("Marked as synthetic.")
    else:
        print("No mark found. That doesn't prove a recording: marks can be lost or removed.")
