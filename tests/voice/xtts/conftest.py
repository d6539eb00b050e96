"""Golden values of the reference, and models with the weights they were made with.

`LIKEWISE_GOLDEN_XTTS` names another folder of goldens (any seed); the copy in tests/data otherwise.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

import seeded_weights

if TYPE_CHECKING:
    from likewise.voice.xtts.config import XttsConfig
    from likewise.voice.xtts.model import Xtts

_HERE = Path(__file__).parents[2] / "data" / "xtts"


@dataclass
class Golden:
    """The reference's numbers for one configuration and seed."""

    size: str
    seed: int
    arrays: Mapping[str, NDArray[Any]]
    files: dict[str, dict[str, NDArray[Any]]]
    config: "XttsConfig"
    model: "Xtts"

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]


def golden_folder() -> Path:
    return Path(os.environ.get("LIKEWISE_GOLDEN_XTTS", _HERE))


def load_golden(size: str) -> Golden:
    torch = pytest.importorskip("torch", reason="needs the extra [torch]")
    torch.set_num_threads(1)  # on a busy machine threads wait for each other
    from likewise.voice.xtts import checkpoint
    from likewise.voice.xtts.config import XttsConfig

    infix = "_small" if size == "small" else ""
    folder = golden_folder()
    found = sorted(folder.glob(f"golden{infix}_seed*.npz"))
    if not found:
        pytest.skip(f"no golden values for the {size} configuration in {folder}")
    seed = int(found[0].stem.rpartition("seed")[2])
    arrays = dict(np.load(found[0]))
    files = seeded_weights.load_checkpoints(
        folder / f"state_shapes{infix}.json", seed, seeded_weights.XTTS_RULES
    )
    for name, content in files.items():
        stated = str(arrays[f"meta/weights_sha256_{name[:-4]}"])
        assert seeded_weights.fingerprint(content) == stated
    for key in files["model.pth"]:
        if f"fixed/{key}" in arrays:
            files["model.pth"][key] = arrays[f"fixed/{key}"]
    config = XttsConfig.small() if size == "small" else XttsConfig()
    state = checkpoint.translated(files["model.pth"], origin="golden")
    return Golden(
        size, seed, arrays, files, config, checkpoint.filled(config, state, origin="golden")
    )


@pytest.fixture(scope="package")
def small() -> Golden:
    return load_golden("small")


@pytest.fixture(scope="module", params=["small", pytest.param("official", marks=pytest.mark.slow)])
def golden(request: pytest.FixtureRequest) -> Golden:
    """Both configurations, one after the other: the official one needs 4 GB."""
    if request.param == "small":
        found: Golden = request.getfixturevalue("small")
        return found
    return load_golden(request.param)
