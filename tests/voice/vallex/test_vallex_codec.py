"""EnCodec and Vocos against the packages encodec 0.1.1 and vocos 0.1.0.

Both were made at a reduced size with weights from seed 1 by the rules below; at the official size,
with random weights, codes were identical and sound within 3e-7 of the packages'.
"""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

from vallex_goldens import HERE  # noqa: E402

import seeded_weights  # noqa: E402
from likewise.errors import BadInput  # noqa: E402
from likewise.voice.vallex import encodec, vocos  # noqa: E402
from likewise.voice.vallex.encodec import EncodecConfig  # noqa: E402
from likewise.voice.vallex.vocos import VocosConfig  # noqa: E402

ENCODEC_RULES = (
    (r"\.embed$", "flat", 0.05),
    (r"inited$", "const", 1.0),
    (r"weight_g$", "one_abs", 0.2),
    (r"lstm\.weight", "fan", 1.0),
    (r"convtr\.weight_v", "fan_t", 1.0),
)
VOCOS_RULES = (
    (r"codebook_weights$", "flat", 0.3),
    (r"norm\.scale\.weight$", "one", 0.2),
    (r"norm\.shift\.weight$", "flat", 0.2),
    (r"gamma$", "one", 0.2),
    (r"head\.out\.bias", "flat", 0.5),
)
SMALL = EncodecConfig(filters=8)
SMALL_VOCOS = VocosConfig(width=32, hidden=64, layers=2)


@pytest.fixture(scope="module")
def golden():
    return dict(np.load(HERE / "codec_golden_seed1.npz"))


@pytest.fixture(scope="module")
def states():
    shapes = json.loads((HERE / "codec_shapes.json").read_text(encoding="utf-8"))
    # The hub's file has all 32 codebooks; drawing those that are not used takes a while.
    used = {
        name: shape
        for name, shape in shapes["encodec"].items()
        if not name.startswith("quantizer") or name.split(".")[3] in "01234567"
    }
    return {
        "encodec": seeded_weights.seeded_state(used, 1, ENCODEC_RULES, "encodec/"),
        "vocos": seeded_weights.seeded_state(shapes["vocos"], 1, VOCOS_RULES, "vocos/"),
    }


@pytest.fixture(scope="module")
def codec(states):
    return encodec.filled(SMALL, states["encodec"], origin="golden")


@pytest.fixture(scope="module")
def vocoder(states):
    return vocos.filled(SMALL_VOCOS, states["vocos"], origin="golden")


@pytest.fixture(scope="module")
def sound():
    return torch.from_numpy(seeded_weights.seeded_normal("input:sound", 1, (24037,))) * 0.1


@torch.inference_mode()
def test_encoder(codec, golden, sound):
    found = codec.encoder(sound[None, None])[0, :, ::4]
    assert np.abs(found.numpy() - golden["encoded"]).max() < 2e-5
    assert (codec.encode(sound).numpy() == golden["codes"]).all()


def test_decoders(codec, vocoder, golden):
    codes = torch.from_numpy(golden["codes"].astype(np.int64))
    assert np.abs(codec.decode(codes)[::2].numpy() - golden["decoded"]).max() < 2e-5
    assert np.abs(codec.decode(codes[:2]).numpy() - golden["short"]).max() < 2e-5
    assert np.abs(vocoder.decode(codes)[::2].numpy() - golden["vocos"]).max() < 2e-5


@pytest.mark.parametrize("frames", [1, 2, 5, 30])
def test_every_frame_is_320_samples(codec, vocoder, frames):
    codes = torch.randint(0, 1024, (frames, 8), generator=torch.Generator().manual_seed(frames))
    for decoder in (codec, vocoder):
        samples = decoder.decode(codes)
        assert samples.shape == (320 * frames,) and samples.isfinite().all()
    assert codec.encode(torch.zeros(320 * frames)).shape == (frames, 8)


def test_the_encoder_sees_the_past_only(codec, sound):
    """A frame follows from its own samples and earlier ones, but for the mirrored beginning."""
    other = sound.clone()
    other[16000:] = 0
    assert torch.equal(codec.encode(sound)[:50], codec.encode(other)[:50])


def test_the_hubs_names(states, golden, sound):
    state = {}
    for name, tensor in states["encodec"].items():
        new = name.replace(".model.", ".layers.").replace("quantizer.vq.", "quantizer.")
        new = new.replace("._codebook.", ".codebook.")
        new = new.replace(".conv.conv.", ".conv.").replace(".convtr.convtr.", ".conv.")
        new = new.replace("weight_g", "parametrizations.weight.original0")
        state[new.replace("weight_v", "parametrizations.weight.original1")] = tensor
    codec = encodec.filled(SMALL, state, origin="hub")
    assert (codec.encode(sound).numpy() == golden["codes"]).all()


def test_files(states, tmp_path, monkeypatch):
    from safetensors.numpy import save_file

    save_file(states["encodec"], str(tmp_path / "encodec.safetensors"))
    monkeypatch.setattr(encodec, "EncodecConfig", lambda: SMALL)
    codec = encodec.load(tmp_path / "encodec.safetensors")
    torch.save(seeded_weights.to_torch(states["encodec"]), tmp_path / "encodec.th")
    again = encodec.load(tmp_path / "encodec.th")
    assert all(map(torch.equal, codec.state_dict().values(), again.state_dict().values()))
    (tmp_path / "encodec.safetensors").write_bytes(b"12345678901234")
    with pytest.raises(BadInput, match="damaged"):
        encodec.load(tmp_path / "encodec.safetensors")
    with pytest.raises(BadInput, match="no file"):
        vocos.load(tmp_path / "none.safetensors")


def test_other_models_are_refused(states):
    with pytest.raises(BadInput, match=r"not Vocos for EnCodec's: encoder\.model"):
        vocos.filled(SMALL_VOCOS, states["encodec"], origin="here")
    state = dict(states["encodec"])
    del state["encoder.model.0.conv.conv.weight_v"]
    with pytest.raises(BadInput, match="half of its weight norm"):
        encodec.filled(SMALL, state, origin="here")
    with pytest.raises(BadInput, match="of another size"):
        encodec.filled(EncodecConfig(), states["encodec"], origin="here")
