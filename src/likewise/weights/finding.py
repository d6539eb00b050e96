"""Find a model's file, check that it is the one the catalogue names, and keep derived files.

A package may hold a model in parts (PyPI limits file sizes); the parts are joined once into the
cache. The joined file is hashed again before each load: hashing 92 MB takes about 0.1 s, loading a
tampered model is not worth saving that.
"""

import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from likewise import home
from likewise.errors import BadInput, MissingWeights
from likewise.files import Draft, sha256_of
from likewise.weights.catalogue import Entry, WeightFile, entry
from likewise.weights.pins import pin, pinned


@dataclass(frozen=True, slots=True)
class Finding:
    """What `look` found.

    Attributes:
        entry: The model.
        status: `ok`, `missing` or `changed` (a hash differs).
        paths: Files in order, as far as they exist.
        reason: What is wrong, "" when ok.
    """

    entry: Entry
    status: str
    paths: tuple[Path, ...]
    reason: str = ""


def look(name: str) -> Finding:
    """Find and hash a model's files without joining or loading anything."""
    item = entry(name)
    registered = _registered().get(name)
    if registered is not None:
        return _check_one(item, Path(registered))
    paths: list[Path] = []
    for file in item.files:
        path = _resolve(file)
        if path is None or not path.is_file():
            return Finding(item, "missing", tuple(paths), f"{file.place} is not there")
        wanted = file.sha256 or pinned(file.place)
        if not wanted:
            return Finding(
                item, "missing", (*paths, path), f"{path} was not pulled by this installation"
            )
        if (file.sha256 and file.size and path.stat().st_size != file.size) or known_sha256(
            path
        ) != wanted:
            return Finding(
                item, "changed", (*paths, path), f"{path} is not the file the catalogue names"
            )
        paths.append(path)
    return Finding(item, "ok", tuple(paths))


def locate(name: str) -> Path:
    """The verified file of a model; parts are joined into the cache on first use.

    Raises:
        MissingWeights: Missing or changed; the message has the command that mends it.
        BadInput: No model of that name.
    """
    item = entry(name)
    joined = home.cache_dir() / f"{name}-{item.sha256[:16]}{item.suffix}"
    if len(item.files) > 1 and name not in _registered() and joined.is_file():
        if known_sha256(joined) == item.sha256:
            return joined
        joined.unlink(missing_ok=True)
    found = look(name)
    if found.status != "ok":
        raise MissingWeights(
            f"{item.title} can't be used: {found.reason}. It comes with: {item.how_to_install} . "
            f"If you have the file from another source{_stated(item)}, register it with: "
            f"likewise weights path {name} FILE"
        )
    if len(found.paths) == 1:
        return found.paths[0]
    _join(found.paths, joined)
    if known_sha256(joined) != item.sha256:
        joined.unlink(missing_ok=True)
        raise MissingWeights(
            f"{item.title} can't be used: its parts don't join into the file the catalogue names. "
            f"Install them again: {item.how_to_install}"
        )
    return joined


def register(name: str, path: Path) -> Path:
    """Use `path` for a model from now on, after checking its hash.

    Raises:
        BadInput: No such file, or not the file the catalogue names.
    """
    item = entry(name)
    unknown = len(item.files) == 1 and not item.sha256
    if unknown and path.is_file():
        pin(item.files[0].place, known_sha256(path))
    found = _check_one(item, path)
    if found.status != "ok":
        raise BadInput(
            f"{path} is not {item.title}: {found.reason}. Wanted: sha256 {item.sha256}, from "
            f"{item.source} at {item.revision}."
        )
    places = _registered() | {name: str(path.resolve())}
    with Draft(home.settings_dir() / "weights.json") as draft:
        draft.path.write_text(json.dumps(places, indent=1), encoding="utf-8")
    return path.resolve()


def derived(name: str, recipe: str, make: Callable[[Path, Path], None]) -> Path:
    """A file computed from a model, made once and kept in the cache.

    Args:
        name: Model in the catalogue.
        recipe: Short name of the computation with its version, part of the cached file's name;
            change it whenever the computation changes.
        make: Called as `make(source, target)`; writes `target`.

    Raises:
        MissingWeights: The source is missing or changed.
        OutputFailed: The cache can't be written.
    """
    item = entry(name)
    target = home.cache_dir() / f"{name}-{item.sha256[:16]}-{recipe}{item.suffix}"
    if target.is_file():
        return target
    source = locate(name)
    with Draft(target) as draft:
        make(source, draft.path)
    return target


def _check_one(item: Entry, path: Path) -> Finding:
    if not path.is_file():
        return Finding(item, "missing", (), f"{path} is not there")
    if known_sha256(path) != (item.sha256 or pinned(item.files[0].place)):
        return Finding(item, "changed", (path,), "its sha256 differs")
    return Finding(item, "ok", (path,))


def _stated(item: Entry) -> str:
    return f" (sha256 {item.sha256})" if item.sha256 else ""


def _registered() -> dict[str, str]:
    settings = home.settings_dir() / "weights.json"
    if not settings.is_file():
        return {}
    try:
        places = json.loads(settings.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{settings} is damaged ({error}). Delete it and register again.") from error
    return {str(name): str(path) for name, path in places.items()}


def _resolve(file: WeightFile) -> Path | None:
    scheme, _, place = file.place.partition(":")
    if scheme == "shipped":
        return Path(str(files("likewise") / "data" / place))
    if scheme == "hub":
        from likewise.weights.pulling import in_cache

        return in_cache(file)
    package, _, inner = place.partition("/")
    spec = importlib.util.find_spec(package)  # finds without running the package's code
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / inner


def _join(parts: tuple[Path, ...], target: Path) -> None:
    with Draft(target) as draft, draft.path.open("wb") as joined:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, joined)


def known_sha256(path: Path) -> str:
    """Hash of a file, computed once a process for each of its states."""
    state = path.stat()
    return _hashed(path, state.st_size, state.st_mtime_ns)


@cache
def _hashed(path: Path, size: int, changed_ns: int) -> str:
    del size, changed_ns
    return sha256_of(path)
