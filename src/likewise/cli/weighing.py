"""Commands about weight files: list, path, verify, pull, convert, export."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from likewise.cli import options


def add_to(app: typer.Typer) -> None:
    """Add the group `weights`."""
    group = typer.Typer(help="Model weights: where they come from and whether they are whole.")
    group.command("list")(list_all)
    group.command("path")(path)
    group.command("verify")(verify)
    group.command("pull")(pull)
    group.command("convert")(convert)
    group.command("export")(export)
    app.add_typer(group, name="weights")


def list_all(as_json: options.Json = False) -> None:
    """List every model with its licence, size and source."""
    from likewise import weights

    if as_json:
        rows = [asdict(entry) for entry in weights.catalogue().values()]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for entry in weights.catalogue().values():
        found = weights.look(entry.name)
        where = f"needs the extra [{entry.extra}]" if entry.extra else "installed with Likewise"
        where = entry.how_to_install if entry.pulled_with else where
        state = {"ok": "ok", "missing": where, "changed": "CHANGED"}[found.status]
        print(f"{entry.name:<24} {entry.size / 1e6:7.1f} MB  {entry.licence:<14} {state}")
        print(f"{'':<24} {entry.title}; {entry.source}, {entry.revision}")


def path(
    name: Annotated[str, typer.Argument(help="Model, as `likewise weights list` names it.")],
    file: Annotated[
        Path | None, typer.Argument(help="Use this file from now on (its hash is checked).")
    ] = None,
) -> None:
    """Print where a model's file is, or register another place for it."""
    from likewise import weights

    print(weights.register(name, file) if file else weights.locate(name))


def verify(as_json: options.Json = False) -> None:
    """Hash every weight file and compare it with the catalogue."""
    from likewise import weights
    from likewise.errors import MissingWeights

    found = [weights.look(name) for name in weights.catalogue()]
    if as_json:
        rows = [
            {"name": item.entry.name, "status": item.status, "reason": item.reason}
            for item in found
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for item in found:
            print(f"{item.status:<8} {item.entry.name:<24} {item.reason}")
    if any(item.status != "ok" and not item.entry.extra for item in found):
        raise typer.Exit(MissingWeights.exit_code)


def pull(
    name: Annotated[str, typer.Argument(help="What to fetch, such as xtts-v2.")],
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="You have read the licence and accept it.")
    ] = False,
) -> None:
    """Fetch weights that may not be shipped, from the Hugging Face hub, after their licence."""
    import sys

    from likewise.cli.show import progress_bars
    from likewise.errors import BadInput
    from likewise.weights.pulling import pull as job

    def agree(licence: str) -> bool:
        print(licence, file=sys.stderr)
        if accept_licence:
            return True
        if not sys.stdin.isatty():
            raise BadInput(
                "The licence above has to be accepted by a person. If you have read and accept "
                f"it, run: likewise weights pull {name} --accept-licence"
            )
        return typer.confirm("Do you accept this licence?", err=True)

    with progress_bars() as report:
        paths = job(name, agree=agree, on_progress=report)
    for file in paths:
        print(file)


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            help="An XTTS checkpoint (model.pth, best_model.pth), or one of LivePortrait's five."
        ),
    ],
    target: Annotated[Path, typer.Argument(help="The .safetensors file to write.")],
    int8: Annotated[
        bool, typer.Option("--int8", help="Round XTTS's GPT to 8 bits: smaller, for CPUs only.")
    ] = False,
) -> None:
    """Write a checkpoint as safetensors, without running code that it may hold."""
    from likewise.errors import BadInput, MissingWeights
    from likewise.files import Draft

    if target.suffix != ".safetensors":
        raise BadInput(f"{target} must end with .safetensors.")
    try:
        from likewise.face.liveportrait import weights as liveportrait
        from likewise.voice.xtts.checkpoint import convert as job
    except ImportError as error:
        raise MissingWeights(
            "Converting needs PyTorch. Install it with: pip install 'likewise[torch]'"
        ) from error
    portrait = liveportrait.is_checkpoint(source)
    if portrait and int8:
        raise BadInput("--int8 is for XTTS; LivePortrait's networks stay as they are.")
    with Draft(target) as draft:
        if portrait:
            liveportrait.convert(source, draft.path)
        else:
            job(source, draft.path, int8=int8)
    print(target)


def export(
    name: Annotated[str, typer.Argument(help="liveportrait or liveportrait-animals.")],
    folder: Annotated[Path, typer.Argument(help="Where the ONNX graphs are written.")],
    as_json: options.Json = False,
) -> None:
    """Write LivePortrait's networks as ONNX graphs, each compared with the network it came from."""
    from likewise.cli.show import progress_bars
    from likewise.errors import BadInput, MissingWeights

    try:
        from likewise.face.liveportrait import exporting, weights
    except ImportError as error:
        raise MissingWeights(
            "The export needs PyTorch. Install it with: pip install 'likewise[torch]'"
        ) from error
    subject = next((who for who, pulled in weights.PULLED.items() if pulled == name), None)
    if subject is None:
        raise BadInput(f"{name} can't be exported, only: {', '.join(weights.PULLED.values())}.")
    with progress_bars() as report:
        made = exporting.export(weights.chosen(subject=subject), folder, on_progress=report)
    if as_json:
        print(json.dumps([asdict(one) for one in made], indent=1))
        return
    for one in made:
        print(f"{folder / one.file}  differs by {one.difference:.1g} of the largest value")
