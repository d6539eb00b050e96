"""What was learned on the command line is known there the next time."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likewise.audio import files
from likewise.cli.app import run
from likewise.values import Audio

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def empty_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("likewise.home.memory_dir", lambda: tmp_path)


@pytest.fixture
def checks(tmp_path: Path) -> list[str]:
    """Four pictures of chequers, alike but for noise, and one of noise."""
    rng = np.random.default_rng(0)
    board = np.kron(np.indices((8, 8)).sum(0) % 2, np.ones((32, 32)))[..., None] * [200, 40, 40]
    paths = []
    for number in range(4):
        noisy = np.clip(board + rng.normal(0, 12, board.shape), 0, 255).astype(np.uint8)
        paths.append(str(tmp_path / f"chequers{number}.png"))
        Image.fromarray(noisy).save(paths[-1])
    other = np.repeat(np.repeat(rng.integers(0, 255, (9, 9, 3)), 30, 0), 30, 1).astype(np.uint8)
    paths.append(str(tmp_path / "other.png"))
    Image.fromarray(other).save(paths[-1])
    return paths


def test_a_thing_is_new_then_learned_then_known(checks: list[str], capsys: Capture) -> None:
    *learned, unseen, other = checks
    assert run(["memory", "list"]) == 0
    assert "Nothing yet" in capsys.readouterr().out
    assert run(["memory", "like", unseen, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decision"] == "new"

    assert run(["memory", "learn", *learned, "--name", "chequers"]) == 0
    assert "chequers  (3 examples" in capsys.readouterr().out
    assert run(["memory", "like", unseen, "--json"]) == 0
    likeness = json.loads(capsys.readouterr().out)
    assert (likeness["decision"], likeness["name"]) == ("known", "chequers")
    assert run(["memory", "like", other]) == 0
    said = capsys.readouterr().out
    assert said.startswith("New: ") and f"likewise memory learn {other}" in said


def test_things_are_named_merged_and_forgotten(checks: list[str], capsys: Capture) -> None:
    assert run(["memory", "learn", checks[0]]) == 0
    assert run(["memory", "learn", checks[1], "--name", "board"]) == 0
    assert run(["memory", "rename", "1", "chequers"]) == 0
    assert run(["memory", "rename", "2", "chequers"]) == 2
    capsys.readouterr()
    assert run(["memory", "merge", "2", "1"]) == 0
    assert "chequers  (2 examples" in capsys.readouterr().out
    assert run(["memory", "list", "--json"]) == 0
    (thing,) = json.loads(capsys.readouterr().out)
    assert (thing["id"], thing["kind"], thing["entries"]) == (1, "picture", 2)
    assert run(["memory", "forget", "1"]) == 0
    assert run(["memory", "forget", "1"]) == 2


def test_a_recording_is_a_voice(tmp_path: Path, capsys: Capture) -> None:
    rng, time = np.random.default_rng(1), np.arange(4 * 16000) / 16000
    buzz = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 30))
    sound = str(tmp_path / "buzz.wav")
    samples = 0.1 * buzz * (1 + 0.5 * np.sin(2 * np.pi * 3 * time)) + rng.normal(0, 1e-4, len(time))
    files.write(Audio(samples.astype(np.float32), 16000), sound)
    assert run(["memory", "learn", sound, "--name", "buzz"]) == 0
    assert "voice" in capsys.readouterr().out
    assert run(["memory", "like", sound, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "buzz"


def test_nothing_is_learned_when_one_file_is_bad(
    checks: list[str], tmp_path: Path, capsys: Capture
) -> None:
    text = tmp_path / "text.png"
    text.write_text("not a picture", encoding="utf-8")
    assert run(["memory", "learn", checks[0], str(text)]) == 2
    capsys.readouterr()
    assert run(["memory", "list"]) == 0
    assert "Nothing yet" in capsys.readouterr().out


def test_a_face_is_learned_and_known_by_whose_it_is(
    painting: Path, tmp_path: Path, capsys: Capture
) -> None:
    output = str(tmp_path / "why.png")
    assert run(["explain", "face", str(painting), "-o", output, "--face", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("New: ") and "--kind face --face 1 --name NAME" in said
    assert run(["memory", "learn", str(painting), "--kind", "face", "--name", "Lisa"]) == 0
    assert "face     Lisa" in capsys.readouterr().out
    assert run(["memory", "like", str(painting), "--kind", "face"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Like Lisa") and "dlib's published rule" in said
    assert run(["explain", "face", str(painting), "-o", output, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["likeness"]["name"] == "Lisa"
    assert run(["explain", "face", str(painting), "-o", output, "--face", "2"]) == 2
    assert "There is one face" in capsys.readouterr().err
    assert run(["memory", "like", str(painting), "--face", "1"]) == 2
    assert "--kind face" in capsys.readouterr().err
