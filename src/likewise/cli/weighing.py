"""Commands about weight files: list, path, verify."""

import json
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
    app.add_typer(group, name="weights")


def list_all(as_json: options.Json = False) -> None:
    """List every model with its licence, size and source."""
    from likewise import weights

    if as_json:
        rows = [entry.model_dump() for entry in weights.catalogue().values()]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for entry in weights.catalogue().values():
        found = weights.look(entry.name)
        where = f"needs the extra [{entry.extra}]" if entry.extra else "installed with Likewise"
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
