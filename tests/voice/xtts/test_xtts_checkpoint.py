"""Released, fine-tuned, old and converted checkpoints load; others are refused with a list."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

from likewise.errors import BadInput  # noqa: E402
from likewise.voice.checkpoint import hollow  # noqa: E402
from likewise.voice.xtts import checkpoint, files  # noqa: E402
from likewise.voice.xtts.config import XttsConfig  # noqa: E402


def saved(path, state, **more):
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
    torch.save({"model": tensors, **more}, path)
    return path


def same(model, golden):
    ours, theirs = model.state_dict(), golden.model.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_every_released_key_has_its_place():
    shapes = Path(__file__).parents[2] / "data" / "xtts" / "state_shapes.json"
    released = json.loads(shapes.read_text(encoding="utf-8"))["model.pth"]
    assert len(released) == 963
    with hollow():
        model = checkpoint.Xtts(XttsConfig())
    ours = sum(tensor.numel() for tensor in model.state_dict().values())
    gains = sum(
        np.prod(shape) for name, (shape, _) in released.items() if name.endswith("original0")
    )
    assert ours == sum(int(np.prod(shape)) for shape, _ in released.values()) - gains
    assert sum(int(np.prod(shape)) for shape, _ in released.values()) == 466_900_598


def test_released_file(small, tmp_path):
    path = saved(tmp_path / "model.pth", small.files["model.pth"], config=object)
    same(checkpoint.load_model(path, small.config), small)


def test_fine_tuned_file(small, tmp_path):
    state = {f"xtts.{name}": value for name, value in small.files["model.pth"].items()}
    state["torch_mel_spectrogram_dvae.mel_stft.window"] = np.zeros(4, np.float32)
    state["dvae.encoder.0.0.weight"] = np.zeros(4, np.float32)
    path = saved(tmp_path / "best_model.pth", state, optimizer={"lr": 1.0}, step=5)
    same(checkpoint.load_model(path, small.config), small)


def test_duplicates_of_old_files_are_left_out(small, tmp_path):
    state = dict(small.files["model.pth"])
    state["gpt.gpt_inference.lm_head.0.weight"] = np.zeros(4, np.float32)
    state["gpt.gpt.h.0.attn.bias"] = np.zeros((1, 1, 2, 2), np.float32)
    state["gpt.gpt.h.1.attn.masked_bias"] = np.zeros((), np.float32)
    same(checkpoint.load_model(saved(tmp_path / "m.pth", state), small.config), small)


def test_converted_file(small, tmp_path):
    source = saved(tmp_path / "model.pth", small.files["model.pth"])
    target = tmp_path / "model.safetensors"
    checkpoint.convert(source, target)
    same(checkpoint.load_model(target, small.config), small)
    data = target.read_bytes()
    target.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput, match="the file is damaged"):
        checkpoint.load_model(target, small.config)


def test_converted_to_8_bits(small, tmp_path):
    """Rounded when it is written is the same as rounded when it is loaded."""
    from likewise.voice import int8

    source = saved(tmp_path / "model.pth", small.files["model.pth"])
    target = tmp_path / "model.safetensors"
    checkpoint.convert(source, target, int8=True)
    stored = checkpoint.load_model(target, small.config)
    rounded = checkpoint.load_model(source, small.config)
    int8.quantise(rounded.gpt.blocks)
    assert not [part for part in stored.gpt.blocks.modules() if isinstance(part, torch.nn.Linear)]
    x = torch.from_numpy(np.random.default_rng(2).normal(size=(1, 5, 64)).astype(np.float32))
    with torch.inference_mode():
        found, exact = stored.gpt.transform(x), small.model.gpt.transform(x)
        assert torch.equal(found, rounded.gpt.transform(x))
    assert 0 < (found - exact).abs().max() < 0.3
    assert torch.nn.functional.cosine_similarity(found, exact, dim=-1).min() > 0.999


def test_safetensors_of_another_program(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.ones(2)}, str(tmp_path / "x.safetensors"))
    with pytest.raises(BadInput, match="likewise weights convert"):
        checkpoint.load_model(tmp_path / "x.safetensors", XttsConfig.small())


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_truncated_file(small, tmp_path, kept):
    path = saved(tmp_path / "model.pth", small.files["model.pth"])
    data = path.read_bytes()
    path.write_bytes(data[: round(kept * len(data))])
    with pytest.raises(BadInput, match="not a whole PyTorch file"):
        checkpoint.load_model(path, small.config)


def test_vocabulary_of_another_model(small, tmp_path, monkeypatch):
    pytest.importorskip("tokenizers")
    from tokenizers import Tokenizer, models

    from likewise.voice.xtts.speaking import Speaker
    from likewise.voice.xtts.tokenizer import XttsTokenizer

    vocabulary = tmp_path / "vocab.json"
    paths = files.XttsFiles(tmp_path / "model.pth", tmp_path / "config.json", vocabulary, None)
    monkeypatch.setattr(XttsConfig, "load", classmethod(lambda *_: small.config))
    Tokenizer(models.BPE({"a": 0, "[UNK]": 1}, [])).save(str(vocabulary))
    with pytest.raises(BadInput, match=r"not a vocabulary of XTTS: it lacks \[SPACE\]"):
        Speaker.load(paths, reduced=False)
    XttsTokenizer.letters()._vocabulary.save(str(vocabulary))
    content = json.loads(vocabulary.read_text(encoding="utf-8"))
    content["model"]["vocab"]["<more>"] = 300
    vocabulary.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BadInput, match="has 301 tokens, the model knows 300"):
        Speaker.load(paths, reduced=False)


def test_missing_and_unknown_tensors_are_listed(small):
    state = dict(small.files["model.pth"])
    del state["gpt.final_norm.bias"]
    translated = checkpoint.translated(state, origin="here")
    with pytest.raises(BadInput, match=r"missing: gpt\.final_norm\.bias"):
        checkpoint.filled(small.config, translated, origin="here")
    state["gpt.surprise.weight"] = np.zeros(2, np.float32)
    with pytest.raises(BadInput, match=r"not XTTS v2's: gpt\.surprise\.weight"):
        checkpoint.translated(state, origin="here")


def test_other_sizes_are_listed(small):
    translated = checkpoint.translated(small.files["model.pth"], origin="here")
    with pytest.raises(
        BadInput, match=r"of another size: gpt\.audio_embedding\.weight is \(258, 64"
    ):
        checkpoint.filled(XttsConfig(), translated, origin="here")


def test_another_model():
    with pytest.raises(BadInput, match="no perceiver resampler"):
        checkpoint.translated({"decoder.weight": np.zeros(2, np.float32)}, origin="here")


def test_config_file(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(
        '{"model": "xtts", "max": Infinity, "model_args": {"gpt_use_perceiver_resampler": true}}',
        encoding="utf-8",
    )
    assert XttsConfig.load(path) == XttsConfig()
    path.write_text('{"model": "vits"}', encoding="utf-8")
    with pytest.raises(BadInput, match="not of an XTTS model"):
        XttsConfig.load(path)
    path.write_text('{"model": "xtts", "model_args": {}}', encoding="utf-8")
    with pytest.raises(BadInput, match="XTTS v1"):
        XttsConfig.load(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match="can't be read"):
        XttsConfig.load(path)


def test_a_folder_of_ones_own(small, tmp_path, monkeypatch):
    """A whole engine from files on disk: config, vocabulary, checkpoint; nothing pulled."""
    pytest.importorskip("tokenizers")
    from likewise.values import Speech
    from likewise.voice.xtts.engine import XttsEngine
    from likewise.voice.xtts.speaking import Speaker
    from likewise.voice.xtts.tokenizer import XttsTokenizer

    monkeypatch.setenv("LIKEWISE_XTTS", str(tmp_path))
    with pytest.raises(BadInput, match=r"model\.pth.* config\.json, vocab\.json is missing"):
        files.find()
    saved(tmp_path / "model.pth", small.files["model.pth"])
    gpt = small.config.gpt
    arguments = {
        "gpt_use_perceiver_resampler": True, "gpt_layers": gpt.layers, "d_vector_dim": 32,
        "gpt_n_model_channels": gpt.width, "gpt_n_heads": gpt.heads,
        "gpt_number_text_tokens": gpt.text_tokens, "gpt_num_audio_tokens": gpt.audio_tokens,
        "gpt_start_audio_token": gpt.start_audio, "gpt_stop_audio_token": gpt.stop_audio,
        "gpt_max_audio_tokens": gpt.max_audio_tokens, "gpt_max_text_tokens": gpt.max_text_tokens,
    }  # fmt: skip
    config = {"model": "xtts", "model_args": arguments}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    XttsTokenizer.letters()._vocabulary.save(str(tmp_path / "vocab.json"))
    ana = {"gpt_cond_latent": torch.ones(1, 32, 64), "speaker_embedding": torch.ones(1, 32, 1)}
    torch.save({"Ana": ana}, tmp_path / "speakers_xtts.pth")
    # The reduced model has fewer blocks and filters than any config.json can say.
    monkeypatch.setattr(XttsConfig, "load", classmethod(lambda *_: small.config))
    engine = XttsEngine(seed=1)
    (ana,) = engine.stock_voices()
    speech = Speech.joined(engine.speak("Hello.", ana))
    assert speech.voice == "Ana" and speech.audio.seconds > 0.1
    assert isinstance(engine.speaker, Speaker)
