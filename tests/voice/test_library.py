"""Voices on disk and by name."""

import numpy as np
import pytest

from likewise.errors import BadInput, Unsupported
from likewise.values import Voice
from likewise.voice.kokoro.engine import KokoroEngine
from likewise.voice.library import VoiceLibrary
from likewise.voice.registry import known_voice_engines, voice_engine


@pytest.fixture
def library(tmp_path):
    return VoiceLibrary(tmp_path)


def made(name="anna", engine="kokoro"):
    return Voice(name, engine, {"mean": np.ones(256, np.float32)}, "es", "ab", {"f0_hz": 200.0})


def test_round_trip(library):
    path = library.save(made())
    assert path.is_file()
    assert library.names() == ("anna",)
    found = library.load("anna")
    assert (found.name, found.engine, found.language) == ("anna", "kokoro", "es")
    assert dict(found.facts) == {"f0_hz": 200.0}
    np.testing.assert_array_equal(found.tensors["mean"], made().tensors["mean"])
    assert [voice.name for voice in library.list()] == ["anna"]
    library.delete("anna")
    assert library.names() == ()


def test_a_taken_name_needs_replace(library):
    library.save(made())
    with pytest.raises(BadInput, match="replace"):
        library.save(made())
    with pytest.raises(BadInput, match="replace"):
        library.check_name("anna")
    library.check_name("anna", replace=True)
    library.save(made(), replace=True)


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "-a", "_a", "CON", "a" * 65, "a.b"])
def test_names_that_can_not_be_stored(library, name):
    with pytest.raises(BadInput):
        library.save(made(name))
    with pytest.raises(BadInput):
        library.load(name)


def test_unknown_names_say_what_is_close(library):
    library.save(made())
    with pytest.raises(BadInput, match="anna"):
        library.load("ana")
    with pytest.raises(BadInput, match="anna"):
        library.delete("ana")
    with pytest.raises(BadInput, match="af_heart"):
        library.resolve("af_hart", KokoroEngine())


def test_resolve_finds_saved_stock_and_file(library, tmp_path):
    engine = KokoroEngine()
    library.save(made())
    assert library.resolve("anna", engine).name == "anna"
    assert library.resolve("jf_alpha", engine).language == "ja"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    made("bert").save(elsewhere / "b.safetensors")
    assert library.resolve(elsewhere / "b.safetensors", engine).name == "bert"


def test_a_voice_of_another_engine_is_refused(library):
    library.save(made("other", "xtts"))
    with pytest.raises(BadInput, match="xtts") as caught:
        library.resolve("other", KokoroEngine())
    assert not isinstance(caught.value, Unsupported)


def test_a_damaged_file_is_refused(library, tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"no voice")
    with pytest.raises(BadInput, match="damaged"):
        library.load("broken")


def test_registry():
    assert "kokoro" in known_voice_engines()
    assert isinstance(voice_engine(), KokoroEngine)
    with pytest.raises(BadInput, match="kokoro"):
        voice_engine("nobody")
