"""Golden numbers of the reference and weights that are functions of (seed, name)."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from liveportrait_goldens import FOLDER, Golden

import seeded_weights


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny networks gain nothing from more, and on a busy machine threads wait for each other."""
    try:
        import torch
    except ImportError:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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


@pytest.fixture(scope="session")
def filled(checkpoint: Callable[[str], Any]) -> Callable[[str], Any]:
    """One part of the published model with name-seeded weights; the caller holds it."""
    torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")
    from likewise.face.liveportrait import weights
    from likewise.face.liveportrait.networks import empty

    def make(name: str) -> Any:
        part = weights.PARTS[name]
        module = empty().get_submodule(part)
        module.load_state_dict(weights.translated(checkpoint(name), part), assign=True)
        assert all(value.device == torch.device("cpu") for value in module.state_dict().values())
        return module.requires_grad_(False)

    return make
