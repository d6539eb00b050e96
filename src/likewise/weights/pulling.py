"""Fetch weights that may not be shipped, from the Hugging Face hub, after showing their licence.

Nothing else in Likewise uses the network. Files land in huggingface_hub's own cache, where other
programs find them too; HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE work as usual, and what was cut off
goes on where it stopped. Each file is pinned to a commit and hashed before it counts as there.

    pull("xtts-v2", agree=lambda licence: input(licence) == "yes")
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from likewise.errors import BadInput, Cancelled, MissingWeights
from likewise.files import sha256_of
from likewise.progress import Progress, ProgressCallback, silent
from likewise.weights.catalogue import Entry, WeightFile, catalogue
from likewise.weights.pins import pin, pinned

_EXTRA = "pip install 'likewise[torch]'"


class HubPlace(NamedTuple):
    """Where a file is on the hub."""

    repository: str
    revision: str
    path: str


def hub_place(file: WeightFile) -> HubPlace:
    """Parts of a `hub:OWNER/REPOSITORY@COMMIT/PATH` place."""
    repository, _, rest = file.place.removeprefix("hub:").partition("@")
    revision, _, path = rest.partition("/")
    return HubPlace(repository, revision, path)


def pullable() -> list[str]:
    """Names that `pull` knows."""
    names = (entry.pulled_with for entry in catalogue().values())
    return list(dict.fromkeys(name for name in names if name))


def in_cache(file: WeightFile) -> Path | None:
    """A hub file in the cache, unhashed; None where it isn't, or huggingface_hub is missing."""
    try:
        from huggingface_hub import constants, try_to_load_from_cache
    except ImportError:
        return None
    place = hub_place(file)
    found = try_to_load_from_cache(
        place.repository,
        place.path,
        revision=place.revision,
        cache_dir=constants.HF_HUB_CACHE,
    )
    return Path(found) if isinstance(found, str) else None


def pull(
    name: str, *, agree: Callable[[str], bool], on_progress: ProgressCallback = silent
) -> list[Path]:
    """Fetch all files of a model and verify them.

    Args:
        name: One of `pullable`.
        agree: Gets the licence's text, answers whether the user accepts it; asked only when
            something has to be fetched.
        on_progress: Told about files done.

    Returns:
        The files, the model first.

    Raises:
        BadInput: No model of that name.
        Cancelled: The licence was not accepted; only its text was fetched.
        MissingWeights: Offline, out of reach, or not the file the catalogue names.
    """
    entries = [entry for entry in catalogue().values() if entry.pulled_with == name]
    if not entries:
        raise BadInput(f"{name!r} can't be pulled. These can: {', '.join(pullable())}.")
    paths: dict[str, Path] = {}
    for entry in entries:
        there = _there(entry)
        if there is not None and _right(entry.files[0], there):
            paths[entry.name] = there
    absent = [entry for entry in entries if entry.name not in paths]
    if absent and not agree(_licence(entries, paths)):
        raise Cancelled("The licence was not accepted; no weights were fetched.")
    wanted = [entry for entry in absent if entry.name not in paths]
    for done, entry in enumerate(wanted):
        on_progress(Progress("pulling", done, len(wanted), "files"))
        paths[entry.name] = _fetched(entry)
    on_progress(Progress("pulling", len(wanted), len(wanted), "files"))
    return [paths[entry.name] for entry in entries]


def _there(entry: Entry) -> Path | None:
    """A file that need not be fetched: in the cache, or shipped with Likewise."""
    if entry.files[0].place.startswith("hub:"):
        return in_cache(entry.files[0])
    from likewise.weights.finding import locate

    return locate(entry.name)


def _licence(entries: Sequence[Entry], paths: dict[str, Path]) -> str:
    """Text of the licence: a file of its own, or its name and where the authors state it."""
    for entry in entries:
        if entry.name.endswith("-licence"):
            if entry.name not in paths:
                paths[entry.name] = _fetched(entry)
            return paths[entry.name].read_text(encoding="utf-8", errors="replace")
    first = entries[0]
    return f"These weights are published under the licence {first.licence}: {first.source}"


def _fetched(entry: Entry) -> Path:
    try:
        from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingWeights(
            f"Pulling weights needs the package huggingface_hub: {_EXTRA}"
        ) from error
    # Its first base is the error of the HTTP library, which changes between releases of the hub.
    broken: type[Exception] = HfHubHTTPError.__bases__[0]
    file = entry.files[0]
    place = hub_place(file)
    stated = ""
    try:
        if not file.sha256 and not pinned(file.place):
            address = hf_hub_url(place.repository, place.path, revision=place.revision)
            stated = get_hf_file_metadata(address).etag or ""
        path = Path(
            hf_hub_download(
                place.repository,
                place.path,
                revision=place.revision,
                cache_dir=constants.HF_HUB_CACHE,
            )
        )
    except LocalEntryNotFoundError as error:
        raise MissingWeights(
            f"{place.path} of {place.repository} could not be fetched: {error}. If this machine is "
            "offline (or HF_HUB_OFFLINE is set), pull on another one and copy its cache folder "
            "(HF_HOME). What was fetched stays; run the same command again to go on."
        ) from error
    except (broken, OSError) as error:
        raise MissingWeights(
            f"{place.path} of {place.repository} could not be fetched: {error}. What was fetched "
            "stays; run the same command again to go on."
        ) from error
    if not file.sha256 and not pinned(file.place):
        found = sha256_of(path)
        # The hub names large files by their sha256, small ones by another hash.
        if len(stated) != len(found) or stated == found:
            pin(file.place, found)
    if not _right(file, path):
        # Not only the link: the next pull would find the same wrong content again.
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise MissingWeights(
            f"{place.path} of {place.repository} is not the file that the catalogue names (sha256 "
            f"{file.sha256 or pinned(file.place) or stated}); it was deleted. Was it damaged on "
            "its way? Pull again."
        )
    return path


def _right(file: WeightFile, path: Path) -> bool:
    if not path.is_file() or (file.sha256 and file.size and path.stat().st_size != file.size):
        return False
    return sha256_of(path) == (file.sha256 or pinned(file.place))
