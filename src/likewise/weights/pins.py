"""Hashes of files whose hash the catalogue doesn't state: what was first pulled holds.

Some authors' files could not be hashed when the catalogue was written. For these the hub's own
statement is checked at the first pull, or the user's word taken when a file is registered, and the
hash is written down; from then on another content is refused like any other changed file.
"""

import json

from likewise import home
from likewise.errors import BadInput
from likewise.files import Draft

_FILE = "pins.json"


def pinned(place: str) -> str:
    """The hash written down for a place of the catalogue, "" for none.

    Raises:
        BadInput: The file of hashes is damaged.
    """
    return _pins().get(place, "")


def pin(place: str, sha256: str) -> None:
    """Write down the hash of a place.

    Raises:
        OutputFailed: The settings can't be written.
    """
    pins = _pins() | {place: sha256}
    with Draft(home.settings_dir() / _FILE) as draft:
        draft.path.write_text(json.dumps(pins, indent=1), encoding="utf-8")


def _pins() -> dict[str, str]:
    path = home.settings_dir() / _FILE
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(place): str(sha256) for place, sha256 in content.items()}
    except (ValueError, AttributeError) as error:
        raise BadInput(f"{path} is damaged ({error}). Delete it and pull again.") from error
