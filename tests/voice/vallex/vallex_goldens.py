"""Golden values of the reference, and models with the weights they were made with.

`LIKEWISE_GOLDEN_VALLEX` names another folder of goldens (any seed); otherwise the copy in
tests/data is used.
"""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

import seeded_weights

if TYPE_CHECKING:
    from likewise.voice.vallex.config import VallexConfig
    from likewise.voice.vallex.model import Vallex

HERE = Path(__file__).parents[2] / "data" / "vallex"
FILE = "vallex-checkpoint.pt"
State = dict[str, NDArray[Any]]


@dataclass
class Golden:
    """The reference's numbers for one configuration and seed."""

    size: str
    seed: int
    arrays: Mapping[str, NDArray[Any]]
    state: State
    config: "VallexConfig"
    model: "Vallex"

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]


def golden_folder() -> Path:
    return Path(os.environ.get("LIKEWISE_GOLDEN_VALLEX", HERE))


def seeded_state(folder: Path, infix: str, seed: int, fingerprint: str = "") -> State:
    """A state dict as the released file holds it, from a seed."""
    text = (folder / f"state_shapes{infix}.json").read_text(encoding="utf-8")
    shapes = json.loads(text)[FILE]

    def drawn(key: str) -> NDArray[Any]:
        name = f"{Path(FILE).stem}/{key}"
        return seeded_weights.draw(name, tuple(shapes[key][0]), seed, seeded_weights.VALLEX_RULES)

    with ThreadPoolExecutor(2) as pool:  # NumPy draws without Python's lock
        state: State = dict(zip(shapes, pool.map(drawn, shapes), strict=True))
    if fingerprint:
        assert seeded_weights.fingerprint(state) == fingerprint
    for j in range(6):
        state[f"nar_predict_layers.{j}.weight"] = state[
            f"nar_audio_embeddings.{j + 2}.word_embeddings.weight"
        ]
    return state


def load_golden(size: str) -> Golden:
    torch = pytest.importorskip("torch", reason="needs the extra [torch]")
    torch.set_num_threads(1)  # on a busy machine threads wait for each other
    from likewise.voice.vallex import checkpoint
    from likewise.voice.vallex.config import VallexConfig

    infix = "_small" if size == "small" else ""
    folder = golden_folder()
    found = sorted(folder.glob(f"golden{infix}_seed*.npz"))
    if not found:
        pytest.skip(f"no golden values for the {size} configuration in {folder}")
    seed = int(found[0].stem.rpartition("seed")[2])
    arrays = dict(np.load(found[0]))
    state = seeded_state(folder, infix, seed, str(arrays["meta/weights_sha256_vallex-checkpoint"]))
    config = VallexConfig.small() if size == "small" else VallexConfig()
    model = checkpoint.filled(config, state, origin="golden")
    return Golden(size, seed, arrays, state if size == "small" else {}, config, model)
