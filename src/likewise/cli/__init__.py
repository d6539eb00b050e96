"""The command line, thin over the Python API."""


def main() -> None:
    """Entry point of the `likewise` command."""
