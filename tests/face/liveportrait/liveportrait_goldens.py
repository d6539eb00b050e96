"""How the golden file keeps large tensors, and how numbers are compared with it."""

import os
from pathlib import Path
from typing import Any

import numpy as np
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


def apart(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Largest difference."""
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max())


def probe(tensor: NDArray[Any], count: int) -> NDArray[Any]:
    """The elements that the golden file keeps of a large tensor."""
    flat = tensor.reshape(-1)
    return flat[np.arange(count, dtype=np.int64) * 1000003 % flat.size]


def statistics(tensor: NDArray[Any]) -> NDArray[Any]:
    """Mean, deviation, largest magnitude."""
    wide = tensor.astype(np.float64)
    return np.array([wide.mean(), wide.std(), np.abs(wide).max()])


def check_stage(golden: Golden, name: str, tensor: Any, tolerance: float) -> None:
    """Compare a tensor with `NAME.probe` and `NAME.stats`, relative to the largest magnitude."""
    found = tensor.detach().cpu().numpy()
    wanted, largest = golden[f"{name}.probe"], float(golden[f"{name}.stats"][2])
    assert apart(probe(found, wanted.size), wanted) <= tolerance * largest, name
    assert apart(statistics(found), golden[f"{name}.stats"]) <= tolerance * largest, name
