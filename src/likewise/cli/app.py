"""The command's root: its groups, and how errors become exit codes."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from likewise import __version__
from likewise.cli import (
    animating,
    detecting,
    dubbing,
    explaining,
    judging,
    looking,
    placing,
    remembering,
    serving,
    speaking,
    talking,
    training,
    voicing,
    weighing,
)
from likewise.errors import Cancelled, LikewiseError

# Typer carries a click of its own since 0.29 and used the package before: its base class is found
# through a public subclass, whichever it is.
_UsageProblem: Any = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)

app = typer.Typer(
    name="likewise",
    help="A few seconds of a voice, one picture and a sentence become a talking video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        print(f"likewise {__version__}")
        raise typer.Exit


talking.add_to(app)
speaking.add_to(app)
animating.add_to(app)
dubbing.add_to(app)
judging.add_to(app)
explaining.add_to(app)
detecting.add_to(app)
voicing.add_to(app)
looking.add_to(app)
placing.add_to(app)
remembering.add_to(app)
serving.add_to(app)
weighing.add_to(app)
training.add_to(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command; answers the exit code."""
    try:
        code = int(app(list(arguments), prog_name="likewise", standalone_mode=False) or 0)
        # Typer answers Ctrl-C with this code of its own instead of raising.
        return _stopped() if code == Cancelled.exit_code else code
    except _UsageProblem as error:
        error.show()
        return int(error.exit_code)
    except (KeyboardInterrupt, typer.Abort, Cancelled):
        return _stopped()
    except LikewiseError as error:
        print(f"likewise: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output went away, as in `likewise voices | head`.
        sys.stderr.close()
        return 0


def _stopped() -> int:
    print("\nStopped. Nothing half-written was left behind.", file=sys.stderr)
    return Cancelled.exit_code
