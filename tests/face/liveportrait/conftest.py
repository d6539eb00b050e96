"""Golden numbers of the reference and weights that are functions of (seed, name)."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import seeded_weights
from numpy.typing import NDArray

Golden = dict[str, NDArray[Any]]
FOLDER = Path(
    os.environ.get(
        "LIKEWISE_GOLDEN_LIVEPORTRAIT", Path(__file__).parents[2] / "data" / "liveportrait"
    )
)


def relative(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Largest difference over the largest magnitude wanted."""
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def probe(tensor: NDArray[Any], count: int) -> NDArray[Any]:
    """The elements that the golden file keeps of a large tensor."""
    flat = tensor.reshape(-1)
    return flat[np.arange(count, dtype=np.int64) * 1000003 % flat.size]


@pytest.fixture(scope="session")
def golden() -> Golden:
    (path,) = FOLDER.glob("golden_seed*.npz")
    with np.load(path) as stored:
        return dict(stored)


@pytest.fixture(scope="session")
def state_shapes() -> dict[str, Any]:
    shapes: dict[str, Any] = json.loads((FOLDER / "state_shapes.json").read_text("utf-8"))
    return shapes


@pytest.fixture(scope="session")
def checkpoint(golden: Golden, state_shapes: dict[str, Any]) -> Callable[[str], Any]:
    """Content of one checkpoint file in the authors' layout, as torch tensors, made when asked."""
    pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")
    seed = int(golden["meta.seed"])

    def make(name: str) -> Any:
        tree = {f"{name}.pth": state_shapes[f"{name}.pth"]}
        rules = seeded_weights.LIVEPORTRAIT_RULES
        content = seeded_weights.seeded_checkpoint(tree, seed, rules)[f"{name}.pth"]
        expected = str(golden[f"meta.weights_sha256.{name}"])
        assert seeded_weights.fingerprint(content) == expected
        return seeded_weights.to_torch(content)

    return make
