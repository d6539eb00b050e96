"""ONNX graphs answer what the networks do, or aren't written."""

import json
from pathlib import Path

import numpy as np
import pytest
from liveportrait_models import SMALLEST

from likewise.cli.app import run
from likewise.errors import LikewiseError

torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")
pytest.importorskip("onnxscript", reason="the export needs the extra [torch]")

from likewise.face.liveportrait import exporting, weights  # noqa: E402 - needs torch
from likewise.face.liveportrait.networks import LivePortrait, build  # noqa: E402


def model() -> LivePortrait:
    return build(SMALLEST, seed=2)


def test_the_command_writes_graphs_that_run_as_a_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import onnxruntime

    made = model()
    monkeypatch.setattr(weights, "chosen", lambda *_, **__: made)
    folder = tmp_path / "onnx"
    assert run(["weights", "export", "liveportrait", str(folder)]) == 0
    shown = capsys.readouterr().out
    listing = json.loads((folder / "liveportrait.json").read_text("utf-8"))
    assert len(listing["graphs"]) == 7 and listing["opset"] == 20
    for graph in listing["graphs"]:
        assert graph["file"] in shown
        assert 0 <= graph["difference"] <= exporting.LARGEST_DIFFERENCE
        assert next(iter(graph["inputs"].values()))[0] == "batch"

    def answer(name: str, **inputs: np.ndarray) -> np.ndarray:
        session = onnxruntime.InferenceSession(folder / f"{name}.onnx")
        return session.run(None, inputs)[0]

    random = np.random.default_rng(3)
    pictures = random.random((3, 3, 32, 32)).astype(np.float32)
    source, driving = random.uniform(-0.5, 0.5, (2, 3, 21, 3)).astype(np.float32)
    volume = answer("appearance", picture=pictures)
    feature = answer("warping", volume=volume, source=source, driving=driving)
    found = answer("generator", feature=feature)
    with torch.no_grad():
        wanted = made(made.appearance(torch.from_numpy(pictures)), torch.from_numpy(source),
                      torch.from_numpy(driving))  # fmt: skip
    assert np.abs(found - wanted.numpy()).max() < 1e-4


def test_a_graph_that_answers_something_else_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, folder = model(), tmp_path / "onnx"
    compared = exporting._compared

    def after_a_change(graph: exporting.Graph, path: Path) -> exporting.Exported:
        with torch.no_grad():
            made.lips.mlp.layers[-1].bias.add_(0.01)  # type: ignore[union-attr, operator]
        return compared(graph, path)

    monkeypatch.setattr(exporting, "_compared", after_a_change)
    with pytest.raises(LikewiseError, match=r"lips\.onnx answers something else"):
        exporting.export(made, folder, only=["lips"])
    assert not folder.exists() and not list(tmp_path.iterdir())


def test_frames_after_an_export_are_those_before_it(tmp_path: Path) -> None:
    """Tracing must leave nothing behind in the caches of the networks."""
    made = model()
    source, driving = torch.rand(2, 1, 21, 3) - 0.5
    volume = made.appearance(torch.rand(1, 3, 32, 32))
    before = made(volume, source, driving)
    exporting.export(made, tmp_path / "onnx", only=["warping"])
    assert torch.equal(before, made(volume, source, driving))


def test_only_what_can_be_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["weights", "export", "xtts-v2", str(tmp_path / "a")]) == 2
    assert "liveportrait" in capsys.readouterr().err
    monkeypatch.delenv("LIKEWISE_LIVEPORTRAIT", raising=False)
    assert run(["weights", "export", "liveportrait", str(tmp_path / "a")]) == 3
    assert "likewise weights pull liveportrait" in capsys.readouterr().err
