"""Commands about the voice library: list, show, rename, delete, export, import, tag, and more."""

import json
from pathlib import Path
from typing import Annotated

import typer

from likewise.cli import options
from likewise.cli.show import print_notes, progress_bars

Name = Annotated[str, typer.Argument(help="A saved voice.")]
Replace = Annotated[bool, typer.Option("--replace", help="Overwrite what is there.")]
Tag = Annotated[str, typer.Option(help="Only saved voices with this tag.")]


def add_to(app: typer.Typer) -> None:
    """Add the group `voices`; without a command it lists."""
    group = typer.Typer(help="List saved and stock voices; change those that are saved.")
    group.callback(invoke_without_command=True)(voices)
    group.command("list")(list_all)
    group.command("show")(show)
    group.command("rename")(rename)
    group.command("delete")(delete)
    group.command("export")(export)
    group.command("import")(import_file)
    group.command("tag")(tag)
    group.command("consent")(consent)
    group.command("renew")(renew)
    app.add_typer(group, name="voices")


def voices(
    context: typer.Context,
    delete: Annotated[str, typer.Option(help="Delete this saved voice.")] = "",
    tag: Tag = "",
    engine: options.Engine = "kokoro",
    as_json: options.Json = False,
) -> None:
    """List saved and stock voices; change those that are saved."""
    if context.invoked_subcommand is not None:
        return
    if delete:
        _delete(delete)
    else:
        list_all(tag, engine, as_json)


def list_all(
    tag: Tag = "", engine: options.Engine = "kokoro", as_json: options.Json = False
) -> None:
    """List saved voices with language, consent and tags, and the stock voices of an engine."""
    from likewise.voice.library import VoiceLibrary
    from likewise.voice.registry import voice_engine

    saved = VoiceLibrary().entries(tag=tag)
    stock = () if tag else voice_engine(engine).stock_voices()
    if as_json:
        rows = [entry.as_json() | {"saved": True} for entry in saved]
        rows += [
            {"name": voice.name, "engine": voice.engine, "language": voice.language, "saved": False}
            for voice in stock
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if saved:
        print("Saved voices")
        for entry in saved:
            if entry.damaged:
                print(f"  {entry.name:<24} DAMAGED: {entry.damaged}")
                continue
            consent = entry.consent.kind if entry.consent is not None else "no consent recorded"
            line = f"  {entry.name:<24} {entry.engine:<8} {entry.language:<6} {consent:<8}"
            print(f"{line} {' '.join(entry.tags)}".rstrip())
    elif tag:
        print(f"No saved voice has the tag {tag!r}.")
    else:
        print("No saved voices yet. Make one with: likewise clone SAMPLE.wav --name NAME")
    if not stock:
        return
    print(f"Stock voices of {engine}")
    by_language: dict[str, list[str]] = {}
    for voice in stock:
        by_language.setdefault(voice.language, []).append(voice.name)
    for language, names in by_language.items():
        print(f"  {language:<6} {' '.join(names)}")


def show(name: Name, as_json: options.Json = False) -> None:
    """Say all that is known about a saved voice."""
    from likewise.voice.library import VoiceLibrary

    library = VoiceLibrary()
    entry = library.entry(name)
    voice = library.load(name)
    path = library.path(name)
    if as_json:
        rest = {"facts": dict(voice.facts), "path": str(path)}
        print(json.dumps(entry.as_json() | rest, ensure_ascii=False, indent=1))
        return
    consent = f"not recorded; add it with: likewise voices consent {name} own"
    if entry.consent is not None:
        consent = f"{entry.consent.words} ({entry.consent.given})"
    rows = {
        "name": entry.name,
        "engine": entry.engine,
        "language": entry.language or "unknown",
        "consent": consent,
        "tags": " ".join(entry.tags) or "none",
        "recording": f"{entry.seconds:.1f} s kept, sha256 {entry.reference_sha256[:16]}",
        "file": str(path),
    }
    for title, words in rows.items():
        print(f"{title:<10} {words}")
    for warning in voice.facts.get("warnings", ()):
        print(f"{'note':<10} {warning}")


def rename(name: Name, new: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Give a saved voice another name."""
    from likewise.voice.library import VoiceLibrary

    VoiceLibrary().rename(name, new)
    print(f"The voice {name} is now called {new}.")


def delete(name: Name) -> None:
    """Delete a saved voice with its recording."""
    _delete(name)


def export(
    name: Name,
    file: Annotated[Path, typer.Argument(help="The file to write, .safetensors.")],
    replace: Replace = False,
) -> None:
    """Write a saved voice to one file, with its recording, tags and consent."""
    from likewise.voice.library import VoiceLibrary

    VoiceLibrary().export(name, file, replace=replace)
    print(file)


def import_file(
    file: Annotated[Path, typer.Argument(help="A file that `voices export` wrote.")],
    name: Annotated[str, typer.Option(help="Name of the voice; its own if left out.")] = "",
    replace: Replace = False,
) -> None:
    """Save a voice from an exported file."""
    from likewise.voice.library import VoiceLibrary

    voice = VoiceLibrary().import_file(file, name=name, replace=replace)
    print(f"Saved the voice {voice.name}. Use it with: --voice {voice.name}")


def tag(
    name: Name,
    add: Annotated[list[str] | None, typer.Argument(help="Tags to add.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="Tag to take off; repeatable.")] = None,
) -> None:
    """Add tags to a saved voice, or take some off."""
    from likewise.voice.index import TAGS
    from likewise.voice.library import VoiceLibrary

    voice = VoiceLibrary().tag(name, add=add or (), remove=remove or ())
    print(f"{name}: {' '.join(voice.facts[TAGS]) or 'no tags'}")


def consent(
    name: Name,
    given: Annotated[
        str, typer.Argument(metavar="own|spoken:FILE|source:TEXT", help="Whose voice it is.")
    ],
) -> None:
    """Record on what ground a saved voice was copied."""
    from likewise.errors import BadInput
    from likewise.provenance.consent import agreed
    from likewise.voice.library import VoiceLibrary

    library = VoiceLibrary()
    voice = library.load(name)
    references = [voice.reference] if voice.reference is not None else []
    if given.startswith("spoken:") and not references:
        raise BadInput(
            f"No recording is kept with the voice {name!r}, so nothing can be compared with the "
            "spoken agreement."
        )
    record = agreed(given, references, language=voice.language)
    library.set_consent(name, record)
    print(f"{name}: {record.words}")


def renew(
    name: Name,
    samples: Annotated[
        list[str] | None, typer.Argument(help="New recordings; the kept one if left out.")
    ] = None,
    consent: options.Consent = "",
    language: Annotated[str, typer.Option(help="Language the voice speaks by default.")] = "",
    adapt: options.Adapt = None,
) -> None:
    """Enrol a saved voice again, from the recording kept with it or from new ones."""
    from likewise.studio.clone import renew as job

    if samples:
        consent = options.asked_consent(consent, ", ".join(samples), language)
    with progress_bars() as progress:
        voice = job(
            name,
            samples or (),
            consent=consent,
            language=language,
            tier=options.tier(adapt),
            on_progress=progress,
        )
    print_notes(tuple(voice.facts.get("warnings", ())))
    print(f"Enrolled the voice {voice.name} again.")


def _delete(name: str) -> None:
    from likewise.voice.library import VoiceLibrary

    VoiceLibrary().delete(name)
    print(f"Deleted the voice {name}.")
