"""LivePortrait as ONNX graphs, each held against the network that it was made from.

    for made in export(model, Path("liveportrait-onnx")):
        print(made.file, made.difference)

A frame is motion(picture), appearance(picture) once, then warping(volume, source, driving) and
generator(feature); how keypoints come from the heads of `motion` is in `keypoints`. The warping
graph needs opset 20, whose GridSample reads volumes. PyTorch's older exporter (dynamo=False) writes
it without complaint and wrong, which is why nothing is exported without being compared.
"""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from likewise.errors import LikewiseError, MissingWeights
from likewise.face.liveportrait import warping
from likewise.face.liveportrait.networks import LivePortrait
from likewise.face.liveportrait.sizes import KEYPOINTS
from likewise.files import Draft
from likewise.progress import Progress, ProgressCallback, silent

OPSET = 20
LARGEST_DIFFERENCE = 1e-4
"""Of the largest magnitude; two CPUs' orders of summing differ by 1e-5 at most."""

_HEADS = ("pitch", "yaw", "roll", "translation", "expression", "scale", "canonical")
_BATCHES = (2, 1)  # traced with the first, compared with both
_SEED = 7


@dataclass(frozen=True, slots=True)
class Graph:
    """A network as it is exported.

    Attributes:
        module: The network, answering tensors.
        inputs: Names and shapes without the batch.
        outputs: Names.
    """

    module: nn.Module
    inputs: Mapping[str, tuple[int, ...]]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """A graph that was written and compared.

    Attributes:
        file: Its name in the folder.
        inputs: Names and shapes, the batch first, which is free.
        outputs: Names.
        difference: Largest difference from PyTorch over the largest magnitude, of any output.
    """

    file: str
    inputs: Mapping[str, tuple[str | int, ...]]
    outputs: tuple[str, ...]
    difference: float


def graphs(model: LivePortrait) -> dict[str, Graph]:
    """All networks of a model, by the names of their files."""
    sizes = model.sizes
    picture = {"picture": (3, sizes.image, sizes.image)}
    volume = sizes.volume_channels, sizes.volume_depth, sizes.feature, sizes.feature
    pair: dict[str, tuple[int, ...]] = {"source": (KEYPOINTS, 3), "driving": (KEYPOINTS, 3)}
    feature = {"feature": (sizes.warped, sizes.feature, sizes.feature)}
    lips = {"source": (KEYPOINTS, 3), "ratios": (2,)}
    eyes = {"source": (KEYPOINTS, 3), "ratios": (3,)}
    warped = ("feature", "deformation", "occlusion")
    return {
        "appearance": Graph(model.appearance, picture, ("volume",)),
        "motion": Graph(_Motion(model.motion), picture, _HEADS),
        "warping": Graph(_Warping(model.warping), {"volume": volume} | pair, warped),
        "generator": Graph(model.generator, feature, ("picture",)),
        "stitching": Graph(model.stitching, pair, ("stitched",)),
        "lips": Graph(model.lips, lips, ("offsets",)),
        "eyes": Graph(model.eyes, eyes, ("offsets",)),
    }


def export(
    model: LivePortrait,
    folder: Path,
    *,
    only: Sequence[str] = (),
    on_progress: ProgressCallback = silent,
) -> list[Exported]:
    """Write the graphs and `liveportrait.json`, which lists them; all or nothing.

    Args:
        model: All networks, on the CPU.
        folder: Where to write; files of the same names are replaced.
        only: Names of `graphs`; all if left out.
        on_progress: Told about graphs.

    Raises:
        MissingWeights: The package onnxscript is missing.
        LikewiseError: A graph answers something else than its network; nothing is written.
        OutputFailed: The folder can't be written.
    """
    try:
        import onnxscript  # noqa: F401 - torch.onnx would fail later and less clearly
    except ImportError as error:
        raise MissingWeights(
            "The export needs onnxscript. Install it with: pip install 'likewise[torch]'"
        ) from error
    wanted = {name: graph for name, graph in graphs(model).items() if name in (only or (name,))}
    made = []
    with Draft(folder, folder=True) as draft:
        for number, (name, graph) in enumerate(wanted.items()):
            on_progress(Progress("exporting", number, len(wanted), "graphs"))
            path = draft.path / f"{name}.onnx"
            with _traced():
                _write(graph, path)
            made.append(_compared(graph, path))
        listing = {
            "opset": OPSET,
            "sizes": asdict(model.sizes),
            "graphs": [asdict(g) for g in made],
        }
        text = json.dumps(listing, indent=1)
        (draft.path / "liveportrait.json").write_text(text, encoding="utf-8")
    on_progress(Progress("exporting", len(wanted), len(wanted), "graphs"))
    return made


class _Motion(nn.Module):
    """M with its heads as a tuple."""

    def __init__(self, motion: nn.Module) -> None:
        super().__init__()
        self.motion = motion

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        raw = self.motion(picture)
        return tuple(getattr(raw, head) for head in _HEADS)


class _Warping(nn.Module):
    """W with what its answer holds as a tuple."""

    def __init__(self, warping: nn.Module) -> None:
        super().__init__()
        self.warping = warping

    def forward(self, volume: Tensor, source: Tensor, driving: Tensor) -> tuple[Tensor, ...]:
        warped = self.warping(volume, source, driving)
        return warped.feature, warped.motion.deformation, warped.motion.occlusion


class _traced:
    """While PyTorch traces: its chatter is held back, and what was cached is forgotten.

    Tracing leaves tensors without values in the cache of grids, which later frames would meet.
    """

    def __enter__(self) -> None:
        warping.identity_grid.cache_clear()
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")
        self._logger = logging.getLogger("torch.onnx")
        self._level = self._logger.level
        self._logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        self._logger.setLevel(self._level)
        self._warnings.__exit__(None, None, None)
        warping.identity_grid.cache_clear()


def _write(graph: Graph, path: Path) -> None:
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.onnx.export(
        graph.module.eval(),
        tuple(_inputs(graph, _BATCHES[0]).values()),
        dynamo=True,
        opset_version=OPSET,
        input_names=list(graph.inputs),
        output_names=list(graph.outputs),
        dynamic_shapes=tuple({0: batch} for _ in graph.inputs),
        verbose=False,
    )
    assert program is not None
    program.save(path)


def _inputs(graph: Graph, batch: int) -> dict[str, Tensor]:
    """Values as real ones: pictures and ratios in 0..1, keypoints in -1..1, the rest around 0."""
    random = np.random.default_rng([_SEED, batch])
    made = {}
    for name, shape in graph.inputs.items():
        low = {"picture": 0.0, "ratios": 0.0, "source": -0.6, "driving": -0.6}.get(name)
        values = (
            random.normal(0, 0.5, (batch, *shape))
            if low is None
            else random.uniform(low, 1.0 + low, (batch, *shape))
        )
        made[name] = torch.from_numpy(values.astype(np.float32))
    return made


@torch.no_grad()
def _compared(graph: Graph, path: Path) -> Exported:
    """Run a graph and its network on the same inputs.

    Raises:
        LikewiseError: They differ.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    most = 0.0
    for batch in _BATCHES:
        inputs = _inputs(graph, batch)
        found = session.run(
            list(graph.outputs), {name: value.numpy() for name, value in inputs.items()}
        )
        most = max(most, *_differences(found, graph.module(*inputs.values())))
    if not most <= LARGEST_DIFFERENCE:
        raise LikewiseError(
            f"{path.name} answers something else than the network it was made from: "
            f"{most:.2g} of the largest value, at most {LARGEST_DIFFERENCE:g} is allowed. "
            "Nothing was written. Try another version of PyTorch or onnxruntime."
        )
    shapes: dict[str, tuple[str | int, ...]] = {
        name: ("batch", *shape) for name, shape in graph.inputs.items()
    }
    return Exported(path.name, shapes, graph.outputs, most)


def _differences(found: Sequence[object], wanted: Tensor | tuple[Tensor, ...]) -> Iterator[float]:
    """Largest difference over the largest magnitude of each output; NaN where either is."""
    tensors = (wanted,) if isinstance(wanted, Tensor) else wanted
    for one, other in zip(found, tensors, strict=True):
        values = other.numpy()
        yield float(np.abs(np.asarray(one) - values).max() / np.abs(values).max())
