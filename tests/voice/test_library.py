"""Voices on disk and by name."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace as replaced
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from likewise.errors import BadInput, OutputFailed, Unsupported
from likewise.values import Consent, Voice
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


def test_entries_follow_the_files(library, tmp_path):
    library.save(made())
    library.save(replaced(made("bea"), language="en-us", consent=Consent("own").as_record()))
    anna, bea = library.entries()
    assert (anna.name, anna.engine, anna.language, anna.consent) == ("anna", "kokoro", "es", None)
    assert (bea.consent.kind, bea.reference_sha256, bea.damaged) == ("own", "ab", "")
    assert [entry.name for entry in library.entries(language="en")] == ["bea"]
    made("carl").save(tmp_path / "carl.safetensors")  # as if saved by an older version
    (tmp_path / "anna.safetensors").unlink()
    (tmp_path / "dora.safetensors").write_bytes(b"no voice")
    assert [entry.name for entry in library.entries()] == ["bea", "carl", "dora"]
    assert "damaged" in library.entry("dora").damaged
    with pytest.raises(BadInput, match="bea"):
        library.entry("anna")


def test_a_file_copied_by_hand_has_the_name_of_the_file(library, tmp_path):
    path = library.save(made())
    (tmp_path / "copy.safetensors").write_bytes(path.read_bytes())
    assert library.load("copy").name == "copy"


@pytest.mark.parametrize("damage", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_index_is_made_again(library, tmp_path, damage):
    library.save(made())
    (tmp_path / "index.sqlite3").write_bytes(damage)
    assert [entry.name for entry in library.entries()] == ["anna"]
    library.save(made("bea"))
    assert [entry.name for entry in library.entries()] == ["anna", "bea"]


def test_tags_travel_with_the_voice(library, tmp_path):
    library.save(made())
    library.tag("anna", add=["calm", "old"])
    library.tag("anna", add=["bright"], remove=["old", "never"])
    assert library.entry("anna").tags == ("bright", "calm")
    assert [entry.name for entry in library.entries(tag="calm")] == ["anna"]
    assert library.entries(tag="old") == ()
    library.export("anna", tmp_path / "out.bak.safetensors")
    other = VoiceLibrary(tmp_path / "other")
    with pytest.raises(OutputFailed):
        other.import_file(tmp_path / "out.bak.safetensors")
    (tmp_path / "other").mkdir()
    taken = other.import_file(tmp_path / "out.bak.safetensors", name="eva")
    assert taken.name == "eva"
    assert other.entry("eva").tags == ("bright", "calm")
    assert dict(other.load("eva").facts)["f0_hz"] == 200.0


@pytest.mark.parametrize("tag", ["", "two words", "a,b", "x" * 33, "new\nline"])
def test_words_that_can_not_be_tags(library, tag):
    library.save(made())
    with pytest.raises(BadInput, match="tag"):
        library.tag("anna", add=[tag])
    with pytest.raises(BadInput, match="32"):
        library.tag("anna", add=[f"t{number}" for number in range(33)])


def test_rename(library):
    library.save(made())
    library.save(made("bea"))
    with pytest.raises(BadInput, match="already"):
        library.rename("anna", "bea")
    with pytest.raises(BadInput, match="already"):
        library.rename("anna", "BEA")
    with pytest.raises(BadInput, match="name of a voice"):
        library.rename("anna", "../bea")
    with pytest.raises(BadInput, match="No voice"):
        library.rename("eva", "adam")
    library.rename("anna", "anna")
    library.rename("anna", "Anna")
    assert set(library.names()) == {"Anna", "bea"}
    library.rename("Anna", "carl")
    assert [(entry.name, library.load(entry.name).name) for entry in library.entries()] == [
        ("bea", "bea"),
        ("carl", "carl"),
    ]


def test_names_that_differ_in_case_alone_are_one(library):
    library.save(made())
    with pytest.raises(BadInput, match="anna"):
        library.save(made("Anna"))
    with pytest.raises(BadInput, match="anna"):
        library.save(made("Anna"), replace=True)


def test_consent_can_be_recorded_later(library):
    library.save(made())
    library.set_consent("anna", Consent("source", "a tape"))
    assert library.entry("anna").consent.note == "a tape"
    assert library.load("anna").consent["kind"] == "source"


def test_export_and_import_refuse_what_they_can_not_take(library, tmp_path):
    library.save(made())
    with pytest.raises(BadInput, match=r"\.safetensors"):
        library.export("anna", tmp_path / "anna.zip")
    with pytest.raises(BadInput, match="exists"):
        library.export("anna", tmp_path / "anna.safetensors")
    with pytest.raises(BadInput, match="already"):
        library.import_file(tmp_path / "anna.safetensors")
    hostile = replaced(made("../../evil"))
    hostile.save(tmp_path / "x.bin.safetensors")
    with pytest.raises(BadInput, match="name of a voice"):
        library.import_file(tmp_path / "x.bin.safetensors")
    lying = replaced(made("liar"), consent={"kind": "sworn"})
    lying.save(tmp_path / "y.bin.safetensors")
    with pytest.raises(BadInput, match="kind"):
        library.import_file(tmp_path / "y.bin.safetensors")
    for content in (b"", b"text", b"\xff" * 100):
        (tmp_path / "z.bin.safetensors").write_bytes(content)
        with pytest.raises(BadInput, match="damaged"):
            library.import_file(tmp_path / "z.bin.safetensors")


def _busy(folder: Path, number: int) -> int:
    """One of two processes: takes names, tags one voice, deletes and renames its own."""
    library = VoiceLibrary(folder)
    won = 0
    for turn in range(6):
        try:
            library.save(made(f"shared{turn}"))
            won += 1
        except BadInput:
            pass
        library.tag("anna", add=[f"p{number}t{turn}"])
        library.save(made(f"own{number}-{turn}"))
        library.rename(f"own{number}-{turn}", f"kept{number}-{turn}")
        if turn % 3 == 0:
            library.delete(f"kept{number}-{turn}")
        library.entries()
    return won


def test_two_processes_at_once(library, tmp_path):
    """No name is taken twice, and no change of one process is lost to the other's."""
    library.save(made())
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        won = sum(processes.map(_busy, [tmp_path] * 2, range(2)))
    assert won == 6
    assert len(library.entry("anna").tags) == 12
    assert len(library.entries()) == 1 + 6 + 2 * 4
    assert not any(entry.damaged for entry in library.entries())
    assert {path.suffix for path in tmp_path.iterdir()} == {".safetensors", ".sqlite3"}


def test_registry():
    assert "kokoro" in known_voice_engines()
    assert isinstance(voice_engine(), KokoroEngine)
    with pytest.raises(BadInput, match="kokoro"):
        voice_engine("nobody")
