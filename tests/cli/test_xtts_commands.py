"""XTTS from the command line: without weights it says how to get them, with exit code 3."""

from pathlib import Path

import numpy as np
import pytest

from likewise.audio import files
from likewise.cli.app import run
from likewise.values import Audio

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def clip(tmp_path: Path) -> str:
    noise = np.random.default_rng(1).normal(0, 0.1, 72000).astype(np.float32)
    files.write(Audio(noise, 24000), tmp_path / "clip.wav")
    return str(tmp_path / "clip.wav")


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("LIKEWISE_XTTS", raising=False)


def test_speak_without_weights(clip: str, tmp_path: Path, capsys: Capture) -> None:
    output = str(tmp_path / "a.wav")
    voice = ["--voice", clip, "--consent", "own"]
    assert run(["speak", "Hi.", "--engine", "xtts", *voice, "-o", output]) == 3
    assert "likewise weights pull xtts-v2" in capsys.readouterr().err
    assert not Path(output).exists()


def test_list_names_the_command_and_the_licence(capsys: Capture) -> None:
    assert run(["weights", "list"]) == 0
    shown = capsys.readouterr().out
    assert "likewise weights pull xtts-v2" in shown and "CPML" in shown
    assert run(["weights", "verify"]) == 0


def test_pull_of_an_unknown_name(capsys: Capture) -> None:
    assert run(["weights", "pull", "nothing"]) == 2
    assert "xtts-v2" in capsys.readouterr().err


def test_pull_asks_a_person(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(
        "likewise.weights.pulling.pull", lambda name, agree, on_progress: agree("Only for fun.")
    )
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert run(["weights", "pull", "xtts-v2"]) == 2
    shown = capsys.readouterr().err
    assert "Only for fun." in shown and "--accept-licence" in shown


def test_convert(tmp_path: Path, capsys: Capture) -> None:
    source, target = tmp_path / "model.pth", tmp_path / "model.safetensors"
    torch.save({"model": {"a": torch.ones(2)}}, source)
    assert run(["weights", "convert", str(source), str(tmp_path / "model.bin")]) == 2
    assert run(["weights", "convert", str(source), str(target)]) == 2
    assert "no perceiver resampler" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.glob("*.s*")) == []
    weights = {"gpt.conditioning_perceiver.latents": torch.ones(32, 64)}
    torch.save({"model": weights}, source)
    assert run(["weights", "convert", str(source), str(target)]) == 0
    assert target.is_file()
