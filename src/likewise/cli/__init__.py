"""The command line: parse, call the API, print. Progress to stderr, results to stdout."""

import sys


def main() -> None:
    """Run the `likewise` command and leave with a stable exit code.

    0 done, 1 something failed, 2 bad input or usage, 3 missing weights, 4 refused for consent or
    safety, 130 stopped by the user.
    """
    from likewise.cli.app import run

    sys.exit(run(sys.argv[1:]))
