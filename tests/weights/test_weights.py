"""Weight files are the ones the catalogue names, or the user hears what to do."""

import hashlib
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from likewise import home, weights
from likewise.errors import BadInput, MissingWeights
from likewise.weights import finding
from likewise.weights.catalogue import Entry, WeightFile

CORE = [name for name, item in weights.catalogue().items() if not item.extra]


@pytest.mark.parametrize("name", CORE)
def test_every_core_model_is_installed_and_whole(name: str) -> None:
    found = weights.look(name)
    assert found.status == "ok", found.reason
    assert sum(path.stat().st_size for path in found.paths) == found.entry.size


def test_unknown_names_are_answered_with_the_list() -> None:
    with pytest.raises(BadInput, match="kokoro-82m-int8"):
        weights.locate("no-such-model")


def test_parts_are_joined_once_and_checked_again() -> None:
    path = weights.locate("kokoro-82m-int8")
    assert path.stat().st_size == weights.entry("kokoro-82m-int8").size
    assert weights.locate("kokoro-82m-int8") == path
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")  # someone tampers with the cache
    mended = weights.locate("kokoro-82m-int8")
    assert finding.known_sha256(mended) == weights.entry("kokoro-82m-int8").sha256


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A one-file model in a throw-away catalogue; answers its file."""
    file = tmp_path / "tiny.onnx"
    file.write_bytes(b"weights")
    entry = Entry(
        name="tiny",
        title="Tiny",
        used_by="voice",
        source="https://example.org/tiny",
        revision="1",
        licence="MIT",
        packages=("tiny-model==1.0",),
        files=(
            WeightFile(place="package:tiny_model/tiny.onnx", sha256=_sha256(b"weights"), size=7),
        ),
    )
    module = import_module("likewise.weights.catalogue")  # the package exports its function
    monkeypatch.setattr(module, "catalogue", lambda: {"tiny": entry})
    monkeypatch.setattr(finding, "_resolve", lambda _: file)
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path / "home"))
    return file


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_changed_file_is_refused_with_the_remedy(tiny: Path) -> None:
    assert weights.locate("tiny") == tiny
    tiny.write_bytes(b"weightz")
    assert weights.look("tiny").status == "changed"
    with pytest.raises(MissingWeights, match=r"tiny-model==1\.0.*likewise weights path tiny FILE"):
        weights.locate("tiny")


def test_a_missing_file_is_refused_with_the_remedy(tiny: Path) -> None:
    tiny.unlink()
    assert weights.look("tiny").status == "missing"
    with pytest.raises(MissingWeights, match=r"pip install"):
        weights.locate("tiny")


def test_another_source_can_be_registered(tiny: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere.onnx"
    other.write_bytes(b"weights")
    tiny.unlink()
    weights.register("tiny", other)
    assert weights.locate("tiny") == other
    with pytest.raises(BadInput, match="sha256 differs"):
        wrong = tmp_path / "wrong.onnx"
        wrong.write_bytes(b"something else")
        weights.register("tiny", wrong)
    assert weights.locate("tiny") == other


def test_derived_files_are_made_once_and_whole(tiny: Path) -> None:
    calls = []

    def make(source: Path, target: Path) -> None:
        calls.append(source)
        target.write_bytes(source.read_bytes() * 2)

    first = weights.derived("tiny", "double-1", make)
    assert first.read_bytes() == b"weightsweights"
    assert weights.derived("tiny", "double-1", make) == first
    assert calls == [tiny]

    def fail(_: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise RuntimeError("stopped in the middle")

    with pytest.raises(RuntimeError):
        weights.derived("tiny", "broken-1", fail)
    assert not list(home.cache_dir().glob("*.part"))
    assert not list(home.cache_dir().glob("*broken*"))


def test_catalogue_states_licence_and_source_of_everything() -> None:
    for entry in weights.catalogue().values():
        assert entry.licence
        assert entry.source
        assert entry.revision
        assert len(entry.files) == 1 or entry.joined_sha256


FILE = {"place": "shipped:voice/a.onnx", "sha256": "0" * 64, "size": 1}
ITEM = {
    "name": "a",
    "title": "A model",
    "used_by": "voice",
    "source": "https://example.org",
    "revision": "1",
    "licence": "MIT",
    "files": [FILE],
}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"licnece": "MIT"}, TypeError),
        ({"used_by": "ears"}, ValueError),
        ({"files": []}, ValueError),
        ({"files": [FILE | {"place": "https://example.org/a.onnx"}]}, ValueError),
        ({"files": [FILE | {"place": "hub:owner/name@somewhere/a.onnx"}]}, ValueError),
        ({"files": [FILE | {"sha256": "0" * 63}]}, ValueError),
        ({"files": [FILE | {"size": -1}]}, ValueError),
        ({"files": [{"place": "shipped:a"}]}, TypeError),
    ],
)
def test_a_wrong_entry_is_refused(change: dict[str, object], error: type[Exception]) -> None:
    assert Entry.read(ITEM).size == 1
    with pytest.raises(error):
        Entry.read(ITEM | change)


def test_a_missing_key_is_refused() -> None:
    with pytest.raises(TypeError, match="licence"):
        Entry.read({key: value for key, value in ITEM.items() if key != "licence"})


def test_reading_the_catalogue_needs_no_validation_library() -> None:
    code = "from likewise import weights; import sys; weights.catalogue(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "yaml" in done.stdout.split()
    assert "pydantic" not in done.stdout.split()
