"""The released file loads strictly and safely; others are refused with a list."""

import json
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

from vallex_goldens import FILE, HERE  # noqa: E402

from likewise.errors import BadInput  # noqa: E402
from likewise.voice.checkpoint import hollow  # noqa: E402
from likewise.voice.vallex import checkpoint  # noqa: E402
from likewise.voice.vallex.config import VallexConfig  # noqa: E402
from likewise.voice.vallex.model import Vallex  # noqa: E402

HEAD, CODES = "nar_predict_layers.2.weight", "nar_audio_embeddings.4.word_embeddings.weight"


def saved(path, state, **more):
    """A file as PyTorch writes it, tied tensors as one storage."""
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
    for j in range(6):
        tied = tensors.get(f"nar_audio_embeddings.{j + 2}.word_embeddings.weight")
        if f"nar_predict_layers.{j}.weight" in tensors and tied is not None:
            tensors[f"nar_predict_layers.{j}.weight"] = tied
    torch.save({"model": tensors, **more}, path)
    return path


def test_374_tensors_of_370_539_524_parameters():
    released = json.loads((HERE / "state_shapes.json").read_text(encoding="utf-8"))[FILE]
    assert len(released) == 374
    with hollow():
        model = Vallex(VallexConfig())
    assert len(model.state_dict()) == 374
    assert sum(p.numel() for p in model.parameters()) == 370_539_524
    named = sum(tensor.numel() for tensor in model.state_dict().values())
    assert named == sum(int(np.prod(shape)) for shape, _ in released.values()) == 376_830_980


def test_released_file(small, tmp_path):
    path = saved(tmp_path / "vallex-checkpoint.pt", small.state, epoch=30, optimizer={"lr": 1.0})
    model = checkpoint.load_model(path, small.config)
    ours, theirs = model.state_dict(), small.model.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert model.nar.heads[0].weight is model.nar.codes[2].weight


def test_half_precision_becomes_single(small, tmp_path):
    state = {name: value.astype(np.float16) for name, value in small.state.items()}
    model = checkpoint.load_model(saved(tmp_path / "half.pt", state), small.config)
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize("name", [HEAD, CODES, "nar_audio_position.alpha", "ar_decoder.norm.bias"])
def test_each_name_must_be_there_the_tied_ones_too(small, name):
    state = dict(small.state)
    del state[name]
    with pytest.raises(BadInput, match="missing: "):
        checkpoint.filled(small.config, state, origin="here")


def test_tied_weights_must_be_equal(small):
    state = dict(small.state)
    state[HEAD] = state[HEAD] + np.float32(1e-6)
    with pytest.raises(
        BadInput, match=r"differ: nar_predict_layers\.2 and nar_audio_embeddings\.4"
    ):
        checkpoint.filled(small.config, state, origin="here")


def test_unknown_tensors_and_other_sizes_are_listed(small):
    state = small.state | {"ar_text_prenet.0.weight": np.zeros(2, np.float32)}
    with pytest.raises(BadInput, match=r"not VALL-E X's: ar_text_prenet\.0\.weight"):
        checkpoint.filled(small.config, state, origin="here")
    with pytest.raises(BadInput, match=r"of another size: ar\.codes\.weight is \(1026, 64\)"):
        checkpoint.filled(VallexConfig(layers=2), small.state, origin="here")


def test_another_model(tmp_path):
    path = saved(tmp_path / "other.pt", {"decoder.weight": np.zeros(2, np.float32)})
    with pytest.raises(BadInput, match="no VALL-E X checkpoint"):
        checkpoint.load_model(path, VallexConfig.small())


def test_no_code_of_a_file_is_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (exec, ("raise SystemExit('the file ran its code')",))

    path = tmp_path / "evil.pt"
    torch.save({"model": {"nar_stage_embeddings.0": torch.ones(1)}, "evil": Evil()}, path)
    with pytest.raises(BadInput):
        checkpoint.load_model(path, VallexConfig.small())
    plain = tmp_path / "plain.pt"
    plain.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BadInput, match="not a whole PyTorch file"):
        checkpoint.load_model(plain, VallexConfig.small())
