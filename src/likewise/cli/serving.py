"""The command that serves: the page and the API."""

from typing import Annotated

import typer

from likewise.errors import MissingWeights


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(serve)


def serve(
    port: Annotated[int | None, typer.Option(help="Port; 8010 if left out.")] = None,
    host: Annotated[
        str | None, typer.Option(help="Address; others than this machine's need an API key.")
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            envvar="LIKEWISE_SERVER_API_KEY",
            help="Key that clients must send. Safer in the environment than on the command line.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Name under which the server is reached; repeatable.")
    ] = None,
) -> None:
    """Serve the studio's page and an OpenAI-compatible API on this machine."""
    try:
        from likewise.server.serving import serve as job
        from likewise.server.settings import settings
    except ModuleNotFoundError as error:
        raise MissingWeights(
            f"The server needs {error.name}, which is not installed: pip install 'likewise[server]'"
        ) from error
    job(
        settings(
            host=host,
            port=port,
            api_key=api_key or None,
            allowed_hosts=tuple(allow_host) if allow_host else None,
        )
    )
