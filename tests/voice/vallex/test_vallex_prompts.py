"""Prompts of the reference (.npz) come in whole and safe, or are refused in words."""

import contextlib
import io
import zipfile

import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.values import Voice
from likewise.voice.vallex import symbols
from likewise.voice.vallex.prompts import Prompt, read_preset

TEXT = symbols.encode("kʰə↓↑s`ɹ`↓,_meɪ↑_tʃ⁼jɛn↓t⁼ɑʊ↓_tʰa→_ja.")


def preset(path, seconds=2.6, lang=0, **arrays):
    rng = np.random.default_rng(1)
    content = {
        "audio_tokens": rng.integers(0, 1024, (1, round(seconds * 75), 8)),
        "text_tokens": np.array([TEXT]),
        "lang_code": np.array(lang),
    } | arrays
    np.savez(path, **{name: array for name, array in content.items() if array is not None})
    return path


def test_a_preset_becomes_a_voice(tmp_path):
    path = preset(tmp_path / "paimon.npz")
    voice = read_preset(path)
    assert (voice.name, voice.engine, voice.language) == ("paimon", "vallex", "zh")
    assert voice.facts["symbols"] == "kʰə↓↑s`ɹ`↓,_meɪ↑_tʃ⁼jɛn↓t⁼ɑʊ↓_tʰa→_ja."
    prompt = Prompt.of(voice)
    assert (prompt.codes == np.load(path)["audio_tokens"][0]).all()
    assert list(prompt.symbols.ids) == TEXT and set(prompt.symbols.languages) == {"zh"}
    voice.save(tmp_path / "voice.safetensors")
    again = Prompt.of(Voice.load(tmp_path / "voice.safetensors"))
    assert (again.codes == prompt.codes).all() and again.symbols == prompt.symbols


def test_the_presets_languages_are_not_the_models(tmp_path):
    """0, 1, 2 are Chinese, Japanese, English there, and English, Chinese, Japanese inside."""
    found = [read_preset(preset(tmp_path / "a.npz", lang=code)) for code in range(3)]
    assert [voice.language for voice in found] == ["zh", "ja", "en"]
    assert [int(voice.tensors["languages"][0]) for voice in found] == [1, 2, 0]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"lang": 3}, r"language code 3\. Prompts have one of: 0 \(zh\), 1 \(ja\), 2 \(en\)"),
        ({"lang": -1}, "language code -1"),
        ({"lang_code": np.array([0, 1])}, "one language code"),
        ({"seconds": 30.0}, r"is 30\.0 s long; VALL-E X takes prompts of at most 15 s"),
        ({"seconds": 0.0}, "empty prompt: 0 frames"),
        ({"audio_tokens": np.full((1, 80, 8), 1024)}, "EnCodec code 1024; there are 1024"),
        ({"audio_tokens": np.full((1, 80, 8), -1)}, "EnCodec code -1"),
        ({"audio_tokens": np.zeros((1, 80, 4), int)}, "8 codes a frame"),
        ({"audio_tokens": np.zeros((80, 8), int)}, r"\(1, frames, 8\)"),
        ({"audio_tokens": np.zeros((1, 80, 8))}, "float64 values"),
        ({"text_tokens": np.array([[5, 70]])}, "text symbol 70; there are 70"),
        ({"text_tokens": None}, "lacks text_tokens"),
        ({"text_tokens": np.zeros((1, 0), int)}, "empty prompt: 195 frames, 0 symbols"),
    ],
)
def test_bad_prompts(tmp_path, arrays, message):
    with pytest.raises(BadInput, match=message):
        read_preset(preset(tmp_path / "bad.npz", **arrays))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_truncated(tmp_path, share):
    path = preset(tmp_path / "cut.npz")
    data = path.read_bytes()
    path.write_bytes(data[: round(share * len(data))])
    with pytest.raises(BadInput, match="can't be read as a prompt"):
        read_preset(path)


def test_damaged_inside(tmp_path):
    """Any byte changed is noticed or harmless; nothing but BadInput comes out."""
    path = preset(tmp_path / "x.npz")
    data = path.read_bytes()
    rng = np.random.default_rng(3)
    for place in rng.integers(0, len(data), 60):
        changed = bytearray(data)
        changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        with contextlib.suppress(BadInput):
            assert read_preset(path).engine == "vallex"


def test_no_pickle_is_opened(tmp_path):
    class Evil:
        def __reduce__(self):
            return (exec, ("raise SystemExit('the file ran its code')",))

    path = preset(tmp_path / "evil.npz", lang_code=np.array([Evil()], dtype=object))
    with pytest.raises(BadInput, match="can't be read as a prompt"):
        read_preset(path)


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<i8", "fortran_order": False, "shape": (1, 1 << 20, 8)}
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("audio_tokens.npy", header.getvalue() + bytes(64 << 20))
        archive.writestr("text_tokens.npy", b"")
        archive.writestr("lang_code.npy", b"")
    with pytest.raises(BadInput, match="far larger than a prompt"):
        read_preset(path)


def test_other_files(tmp_path):
    with pytest.raises(BadInput, match="no file"):
        read_preset(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello", encoding="utf-8")
    with pytest.raises(BadInput, match="can't be read"):
        read_preset(tmp_path / "text.npz")
    with pytest.raises(BadInput, match="lacks codes, languages"):
        Prompt.of(Voice("x", "vallex", {"text": np.zeros(1, int)}))
