"""Where Likewise keeps things on this machine: caches that may be deleted, voices that may not.

`LIKEWISE_HOME` moves everything into one folder, which is how tests and portable installs work.
"""

import os
from pathlib import Path

from likewise.errors import OutputFailed


def _folder(kind: str) -> Path:
    root = os.environ.get("LIKEWISE_HOME")
    if root:
        folder = Path(root) / kind
    else:
        import platformdirs

        base = (
            platformdirs.user_cache_path("likewise", appauthor=False)
            if kind == "cache"
            else platformdirs.user_data_path("likewise", appauthor=False)
        )
        folder = base if kind == "cache" else base / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFailed(
            f"Can't create {folder}: {error.strerror}. Set LIKEWISE_HOME to a writable folder."
        ) from error
    return folder


def cache_dir() -> Path:
    """Derived files that are made again when missing."""
    return _folder("cache")


def voices_dir() -> Path:
    """The user's enrolled voices."""
    return _folder("voices")


def settings_dir() -> Path:
    """Small settings, such as the registered places of weight files."""
    return _folder("settings")


def jobs_dir() -> Path:
    """Jobs of the server: their inputs, results, and the index."""
    return _folder("jobs")


def memory_dir() -> Path:
    """What was learned and may be found again (`likewise.explain.memory`)."""
    return _folder("memory")
