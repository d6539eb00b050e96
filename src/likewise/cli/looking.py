"""The command that looks at the installation: doctor."""

import json
from dataclasses import asdict

import typer

from likewise.cli import options


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(doctor)


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
