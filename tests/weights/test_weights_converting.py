"""PyTorch files are read for their tensors; nothing in them is run."""

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.weights.converting import StandIn, read_torch_file, tensors_in

torch = pytest.importorskip("torch", reason="needs the extra [torch] to write such files")


class Config:
    """Stands for the configuration objects in released checkpoints."""

    def __init__(self) -> None:
        self.layers = {"a": [1, 2]}


class Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> object:
        return (Path.touch, (self.target,))


def test_tensors_of_every_kind(tmp_path: Path) -> None:
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    state = {
        "plain": base,
        "transposed": base.T,
        "slice": base[1:3, 2:],
        "half": torch.tensor([1.5, -2.0], dtype=torch.float16),
        "bfloat16": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        "long": torch.tensor(7),
        "flags": torch.tensor([True, False]),
        "empty": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }
    path = tmp_path / "model.pth"
    torch.save({"model": OrderedDict(state), "config": Config(), "step": 3}, path)
    content = read_torch_file(path)
    found = tensors_in(content)
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        wanted = tensor.detach()
        wanted = wanted.float() if wanted.dtype == torch.bfloat16 else wanted
        np.testing.assert_array_equal(found[name], wanted.numpy())
    assert isinstance(content["config"], StandIn) and content["step"] == 3


def test_code_in_the_file_is_not_run(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    path = tmp_path / "model.pth"
    torch.save({"model": {"a": torch.ones(2)}, "bomb": Bomb(touched)}, path)
    assert isinstance(read_torch_file(path)["bomb"], StandIn)
    assert not touched.exists()


def test_writing_to_an_array_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"a": torch.zeros(4)}, path)
    before = path.read_bytes()
    read_torch_file(path)["a"][:] = 5
    assert path.read_bytes() == before


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999])
def test_cut_off_files(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "model.pth"
    torch.save({"a": torch.randn(1000)}, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(BadInput, match="not a whole PyTorch file"):
        read_torch_file(path)


def _forged(path: Path, pickled: bytes, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for name, data in files.items():
            archive.writestr(f"archive/{name}", data)
    return path


def test_other_files(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    with pytest.raises(BadInput, match="There is no file"):
        read_torch_file(path)
    path.write_text("not a model", encoding="utf-8")
    with pytest.raises(BadInput, match="not a whole PyTorch file"):
        read_torch_file(path)
    with pytest.raises(BadInput, match="holds no dictionary"):
        read_torch_file(_forged(path, pickle.dumps([1, 2])))
    with pytest.raises(BadInput, match="can't be read"):
        read_torch_file(_forged(path, b"\x80\x04garbage"))
    with pytest.raises(BadInput, match="big-endian"):
        read_torch_file(_forged(path, pickle.dumps({}), byteorder=b"big"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "")
    with pytest.raises(BadInput, match=r"no data\.pkl"):
        read_torch_file(path)
    with pytest.raises(BadInput, match="no tensors"):
        tensors_in({"a": 1})


def test_tensors_that_reach_beyond_their_storage(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"a": torch.zeros(16)}, path)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        root = names[0].split("/")[0]
        pickled = archive.read(f"{root}/data.pkl")
        storage = archive.read(f"{root}/data/0")
    # The shape (16,) is the only K\x10\x85 of this pickle.
    assert pickled.count(b"K\x10\x85") == 1
    _forged(path, pickled.replace(b"K\x10\x85", b"K\x20\x85"), **{"data/0": storage})
    with pytest.raises(BadInput, match="beyond its storage"):
        read_torch_file(path)
    _forged(path, pickled, **{"data/0": storage[:20]})
    with pytest.raises(BadInput, match="shorter than stated"):
        read_torch_file(path)
