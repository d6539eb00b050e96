"""One file format for every value: tensors and facts in a safetensors file.

A value is a handful of arrays and a dictionary of plain facts. safetensors holds the arrays without
running code on load; the facts travel as JSON in its metadata, together with the value's type and
schema number, so that a wrong or newer file is refused with words instead of a stack trace.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.files import Draft

_KIND = "likewise.kind"
_SCHEMA = "likewise.schema"
_FACTS = "likewise.facts"


def save(
    path: Path, kind: str, schema: int, tensors: Mapping[str, NDArray[Any]], facts: dict[str, Any]
) -> None:
    """Write a value to `path` (a `.safetensors` file).

    Raises:
        OutputFailed: The folder is missing or read-only, or the disk is full.
    """
    from safetensors.numpy import save as to_bytes

    metadata = {_KIND: kind, _SCHEMA: str(schema), _FACTS: json.dumps(facts, ensure_ascii=False)}
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    with Draft(path) as draft:
        draft.path.write_bytes(to_bytes(arrays, metadata=metadata))


def load(path: Path, kind: str, schema: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read a value back.

    Raises:
        BadInput: Not a file of this kind, damaged, or of a newer schema.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    try:
        with safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
            if metadata.get(_KIND) != kind:
                found = metadata.get(_KIND, "a file of another program")
                raise BadInput(f"{path} holds {found}, not a {kind}.")
            if int(metadata[_SCHEMA]) > schema:
                raise BadInput(
                    f"{path} was written by a newer Likewise (schema {metadata[_SCHEMA]}, this one "
                    f"reads up to {schema}). Update with: pip install -U likewise"
                )
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(  # noqa: SIM118
                metadata[_FACTS]
            )
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise BadInput(
            f"{path} can't be read as a {kind}: the file is damaged ({error})."
        ) from error
