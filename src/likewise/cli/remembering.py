"""The memory: learn a voice, a picture or a face, ask what another one is like, tidy up."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from likewise.cli import options
from likewise.cli.show import print_how_to_learn, print_notes

if TYPE_CHECKING:
    from likewise.explain.memory import Memory, Thing

Files = Annotated[list[Path], typer.Argument(help="Pictures or recordings of one thing.")]
Kind = Annotated[
    Literal["voice", "picture", "face"] | None,
    typer.Option(
        help="What the file is; found out if left out, but for a face: whose it is, is only asked "
        "with --kind face."
    ),
]
Number = Annotated[int, typer.Argument(help="Number of a thing, as `likewise memory list` says.")]


def add_to(app: typer.Typer) -> None:
    """Add the group `memory`."""
    group = typer.Typer(help="What Likewise has learned: which known thing is a new one like?")
    for command in (learn, like, listed, rename, merge, forget):
        group.command("list" if command is listed else command.__name__)(command)
    app.add_typer(group, name="memory")


def learn(
    files: Files,
    name: Annotated[str, typer.Option(help="What it is called; it may get a name later.")] = "",
    kind: Kind = None,
    face: options.Which = None,
) -> None:
    """Remember a voice, a picture or a face, so that it is known the next time.

    What is learned stays on this machine. Learn faces of people only with their agreement.
    """
    from likewise.explain.perceiving import perceive

    # All of them, before any is remembered.
    seen = [perceive(path, kind, face=options.index(face)) for path in files]
    print_notes(tuple(note for item in seen for note in item.notes))
    with _memory() as memory:
        thing: int | None = None
        for item in seen:
            thing = item.learned(memory, name="" if thing is not None else name, thing=thing)
        if thing is not None:
            _say(memory.thing(thing))


def like(
    file: Annotated[Path, typer.Argument(help="A picture or a recording.")],
    kind: Kind = None,
    face: options.Which = None,
    error_rate: Annotated[
        float, typer.Option(min=0.01, max=0.5, help="How often a known thing may be misjudged.")
    ] = 0.1,
    as_json: options.Json = False,
) -> None:
    """Say which known things a voice, a picture or a face is like, or that it is new."""
    from likewise.explain.perceiving import perceive

    seen = perceive(file, kind, face=options.index(face))
    print_notes(seen.notes)
    with _memory() as memory:
        likeness = seen.recognised(memory, error_rate=error_rate)
    if as_json:
        print(json.dumps(likeness.as_json(), ensure_ascii=False, indent=1))
        return
    print(likeness.sentence)
    print(likeness.calibration.sentence)
    if likeness.decision != "known":
        print_how_to_learn(file, kind=kind, face=face)


def listed(as_json: options.Json = False) -> None:
    """List what was learned."""
    with _memory() as memory:
        things = memory.things()
    if as_json:
        print(json.dumps([thing.as_json() for thing in things], ensure_ascii=False, indent=1))
        return
    for thing in things:
        _say(thing)
    if not things:
        print("Nothing yet. Learn something: likewise memory learn FILE --name NAME")


def rename(number: Number, name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Give a thing a name, or another one."""
    with _memory() as memory:
        memory.rename(number, name)
        _say(memory.thing(number))


def merge(
    number: Number, into: Annotated[int, typer.Argument(help="The thing that takes it in.")]
) -> None:
    """Make two things one."""
    with _memory() as memory:
        memory.merge(number, into)
        _say(memory.thing(into))


def forget(number: Number) -> None:
    """Delete a thing and its examples, without a trace."""
    with _memory() as memory:
        label = memory.thing(number).label
        memory.forget(number)
    print(f"Forgotten: {label}.")


@contextmanager
def _memory() -> Iterator["Memory"]:
    from likewise.explain.memory import Memory

    with Memory() as memory:
        yield memory


def _say(thing: "Thing") -> None:
    examples = "one example" if thing.entries == 1 else f"{thing.entries} examples"
    print(f"{thing.id:>4}  {thing.kind:<8} {thing.label}  ({examples}, since {thing.learned[:10]})")
