"""What can go wrong, as types: every message says what is wrong, why, and what to do.

The command line turns each class into its own exit code, so a script can tell a bad picture (2)
from a missing weight file (3) or a refusal (4) without reading the text.
"""


class LikewiseError(Exception):
    """Base of every error that Likewise raises on purpose."""

    exit_code = 1


class BadInput(LikewiseError):
    """The picture, sound, text or option can't be used; the message says what would work."""

    exit_code = 2


class Unsupported(BadInput):
    """A valid wish that the chosen engine can't fulfil, such as a language it doesn't speak."""


class PointsNeeded(BadInput):
    """The face can't be read by itself; the message says how to place its points by hand."""


class MissingWeights(LikewiseError):
    """A weight file is absent or not the catalogue's; the message says how to get it."""

    exit_code = 3


class Unsafe(LikewiseError):
    """Refused for consent or safety."""

    exit_code = 4


class ConsentMissing(Unsafe):
    """A voice is to be copied and nobody said whose it is; the message says how to say it."""


class MarkFailed(Unsafe):
    """A result could not be marked as synthetic, so it was not saved."""


class OutputFailed(LikewiseError):
    """The result could not be written: no space, no permission, no such folder."""


class Cancelled(LikewiseError):
    """The user or the caller stopped the work; nothing half-written stays behind."""

    exit_code = 130
