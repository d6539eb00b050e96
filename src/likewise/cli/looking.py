"""Commands that look: voices, doctor."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from likewise.cli import options


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(voices)
    app.command()(doctor)


def voices(
    delete: Annotated[str, typer.Option(help="Delete this saved voice.")] = "",
    engine: options.Engine = "kokoro",
    as_json: options.Json = False,
) -> None:
    """List saved and stock voices."""
    from likewise.voice.library import VoiceLibrary
    from likewise.voice.registry import voice_engine

    library = VoiceLibrary()
    if delete:
        library.delete(delete)
        print(f"Deleted the voice {delete}.")
        return
    saved = library.list()
    stock = voice_engine(engine).stock_voices()
    if as_json:
        rows = [
            {"name": voice.name, "engine": voice.engine, "language": voice.language, "saved": mine}
            for group, mine in ((saved, True), (stock, False))
            for voice in group
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if saved:
        print("Saved voices")
        for voice in saved:
            print(f"  {voice.name:<24} {voice.engine:<8} {voice.language}")
    else:
        print("No saved voices yet. Make one with: likewise clone SAMPLE.wav --name NAME")
    print(f"Stock voices of {engine}")
    by_language: dict[str, list[str]] = {}
    for voice in stock:
        by_language.setdefault(voice.language, []).append(voice.name)
    for language, names in by_language.items():
        print(f"  {language:<6} {' '.join(names)}")


def doctor(as_json: options.Json = False) -> None:
    """Say what is installed and what will run offline."""
    from likewise.errors import MissingWeights
    from likewise.studio.doctor import examine, verdict

    checks = examine()
    if as_json:
        print(json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=1))
    else:
        for check in checks:
            mark = "ok" if check.ok else ("MISSING" if check.needed else "-")
            print(f"{mark:<8} {check.name:<32} {check.detail}")
        print(verdict(checks))
    if any(check.needed and not check.ok for check in checks):
        raise typer.Exit(MissingWeights.exit_code)
