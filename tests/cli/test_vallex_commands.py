"""VALL-E X from the command line: a small random model end to end; without weights exit code 3."""

from pathlib import Path

import numpy as np
import pytest

from likewise.audio import files
from likewise.cli.app import run

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

Capture = pytest.CaptureFixture[str]
CONSENT = ["--consent", "source:random codes"]


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    np.savez(
        tmp_path / "prompt.npz",
        audio_tokens=rng.integers(0, 1024, (1, 150, 8)),
        text_tokens=rng.integers(5, 70, (1, 20)),
        lang_code=np.array(2),
    )
    return tmp_path / "prompt.npz"


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("LIKEWISE_VALLEX", raising=False)
    torch.set_num_threads(1)


def speak(voice: Path, output: Path, *more: str) -> int:
    command = ["speak", "Hello there.", "--engine", "vallex", "--voice", str(voice)]
    return run([*command, "-o", str(output), *more])


def test_a_random_model_speaks(
    monkeypatch: pytest.MonkeyPatch, prompt: Path, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.setenv("LIKEWISE_VALLEX", "random")
    output = tmp_path / "said.wav"
    assert speak(prompt, output, *CONSENT) == 0, capsys.readouterr().err
    sound = files.read(output)
    assert sound.sample_rate == 24000 and 0.3 < sound.seconds < 2
    assert np.abs(sound.samples).max() > 0


def test_its_own_voice_needs_no_consent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIKEWISE_VALLEX", "random")
    assert speak(Path("noise"), tmp_path / "said.wav") == 0
    assert files.read(tmp_path / "said.wav").seconds > 0.3


def test_without_weights(prompt: Path, tmp_path: Path, capsys: Capture) -> None:
    output = tmp_path / "said.wav"
    assert speak(prompt, output, *CONSENT) == 3
    assert "likewise weights pull vallex" in capsys.readouterr().err
    assert not output.exists()


def test_a_prompt_needs_consent(prompt: Path, tmp_path: Path, capsys: Capture) -> None:
    assert speak(prompt, tmp_path / "said.wav") == 4
    assert "--consent" in capsys.readouterr().err
    spoken = ["--consent", "spoken:agreement.wav"]
    assert speak(prompt, tmp_path / "said.wav", *spoken) == 2
    assert "holds no sound" in capsys.readouterr().err


def test_a_damaged_prompt(prompt: Path, tmp_path: Path, capsys: Capture) -> None:
    prompt.write_bytes(prompt.read_bytes()[:500])
    assert speak(prompt, tmp_path / "said.wav", *CONSENT) == 2
    assert "can't be read as a prompt" in capsys.readouterr().err


def test_list_and_pull(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    assert run(["weights", "list"]) == 0
    assert "likewise weights pull vallex" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert run(["weights", "pull", "vallex"]) == 2
    shown = capsys.readouterr().err
    assert "Copyright (c) 2023 Songting" in shown and "NonCommercial" in shown
    assert "--accept-licence" in shown
