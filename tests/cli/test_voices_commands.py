"""The voice library from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest

from likewise.audio import files
from likewise.audio.level import noise_floor_dbfs
from likewise.cli.app import run
from likewise.errors import BadInput, ConsentMissing
from likewise.studio.clone import renew
from likewise.values import Audio, Voice
from likewise.voice.kokoro.engine import KokoroEngine
from likewise.voice.library import VoiceLibrary

Capture = pytest.CaptureFixture[str]
RECORDING = Audio(np.random.default_rng(0).normal(0, 0.1, 2400).astype(np.float32), 24_000)


@pytest.fixture(autouse=True)
def own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VoiceLibrary:
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path / "home"))
    library = VoiceLibrary()
    style = {"mean": np.ones(256, np.float32)}
    library.save(Voice("anna", "kokoro", style, "es", "ab" * 32, reference=RECORDING))
    return library


def said(capsys: Capture, *arguments: str, code: int = 0) -> str:
    assert run(["voices", *arguments]) == code
    output = capsys.readouterr()
    return output.err if code else output.out


def test_from_listing_to_deleting(tmp_path: Path, capsys: Capture) -> None:
    assert "no consent recorded" in said(capsys)
    assert "af_heart" in said(capsys, "list")
    assert "own voice" in said(capsys, "consent", "anna", "own")
    assert said(capsys, "tag", "anna", "calm", "old").strip() == "anna: calm old"
    assert said(capsys, "tag", "anna", "--remove", "old").strip() == "anna: calm"
    shown = said(capsys, "show", "anna")
    assert "calm" in shown
    assert "own voice, as they declared" in shown
    assert json.loads(said(capsys, "show", "anna", "--json"))["consent"]["kind"] == "own"
    listed = said(capsys, "--tag", "calm")
    assert "anna" in listed
    assert "af_heart" not in listed
    assert "No saved voice" in said(capsys, "list", "--tag", "loud")
    assert "bert" in said(capsys, "rename", "anna", "bert")
    file = str(tmp_path / "out.safetensors")
    said(capsys, "export", "bert", file)
    assert "exists" in said(capsys, "export", "bert", file, code=2)
    assert "bert" in said(capsys, "import", file, code=2)
    assert "carl" in said(capsys, "import", file, "--name", "carl")
    rows = json.loads(said(capsys, "--json"))
    assert [row["name"] for row in rows if row["saved"]] == ["bert", "carl"]
    assert rows[0]["tags"] == ["calm"]
    said(capsys, "delete", "carl")
    said(capsys, "--delete", "bert")
    assert "No saved voices yet" in said(capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "nobody"], "nobody"),
        (["rename", "anna", "../x"], "name of a voice"),
        (["tag", "anna", "two words"], "tag"),
        (["export", "anna", "x.zip"], "safetensors"),
        (["import", "nowhere.safetensors"], "no file"),
        (["consent", "anna", "maybe"], "--consent own"),
        (["sing"], "sing"),
    ],
)
def test_bad_input_exits_with_2(arguments: list[str], words: str, capsys: Capture) -> None:
    assert words in said(capsys, *arguments, code=2)


def test_a_damaged_file_is_listed_as_such(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "home" / "voices" / "dora.safetensors").write_bytes(b"no voice")
    listed = said(capsys)
    assert "DAMAGED" in listed
    assert "anna" in listed


def test_renewing_keeps_name_tags_and_consent(
    own_library: VoiceLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Audio] = []

    def enrol(_: KokoroEngine, references: list[Audio], *, name: str, **__: object) -> Voice:
        heard.extend(references)
        return Voice(name, "kokoro", {"mean": np.zeros(256, np.float32)}, reference=references[0])

    monkeypatch.setattr(KokoroEngine, "enrol", enrol)
    own_library.tag("anna", add=["calm"])
    with pytest.raises(ConsentMissing, match="anna"):
        renew("anna")
    renew("anna", consent="source:a tape")
    again = renew("anna")
    assert again.consent["note"] == "a tape"
    assert again.facts["tags"] == ["calm"]
    assert own_library.load("anna").tensors["mean"].sum() == 0
    np.testing.assert_array_equal(heard[0].samples, RECORDING.samples)
    with pytest.raises(ConsentMissing):
        renew("anna", [RECORDING])
    own_library.save(Voice("bare", "kokoro", {}))
    with pytest.raises(BadInput, match="renew bare"):
        renew("bare", consent="own")


def test_noise_is_taken_out_before_enrolment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    heard: list[Audio] = []

    def enrol(engine: KokoroEngine, recordings: list[Audio], **options: object) -> Voice:
        heard.extend(recordings)
        return Voice(str(options["name"]), "kokoro", {"mean": np.ones(256, np.float32)})

    monkeypatch.setattr(KokoroEngine, "enrol", enrol)
    loudness = np.repeat([0.0, 0.3], 12_000)
    tone = loudness * np.sin(2 * np.pi * 200 * np.arange(24_000) / 24_000)
    noise = np.random.default_rng(0).normal(0, 0.01, 24_000)
    files.write(Audio((tone + noise).astype(np.float32), 24_000), tmp_path / "noisy.wav")
    command = ["clone", str(tmp_path / "noisy.wav"), "--consent", "own", "--quick", "--name"]
    assert run([*command, "plain"]) == 0
    assert run([*command, "clean", "--denoise"]) == 0
    plain, clean = heard
    assert noise_floor_dbfs(clean) < noise_floor_dbfs(plain) - 6.0
    assert VoiceLibrary().load("clean").facts["denoised"] is True
    assert "denoised" not in VoiceLibrary().load("plain").facts
