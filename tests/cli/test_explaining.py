"""`likewise explain` draws and says; bad places are refused."""

import json
from pathlib import Path

import pytest

from likewise.cli.app import run


def test_explain_picture(
    painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "seen.png"
    assert run(["explain", "picture", str(painting), "-o", str(output), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert output.stat().st_size > 10_000
    bad = ["explain", "picture", str(painting), "-o", str(output), "--point", "here"]
    assert run(bad) == 2
    assert "--point" in capsys.readouterr().err


def test_explain_voice(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "why.png"
    assert run(["explain", "voice", str(clip), str(clip), "-o", str(output)]) == 0
    said = capsys.readouterr().out
    assert "Similarity to the reference" in said
    assert output.stat().st_size > 10_000


def test_explain_face(painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video, output = tmp_path / "hi.mp4", tmp_path / "moves.png"
    talk = [
        "talk",
        str(painting),
        "--voice",
        "af_heart",
        "--text",
        "Hello there.",
        "--crop",
        "head",
    ]
    assert run([*talk, "--size", "192", "-o", str(video)]) == 0
    capsys.readouterr()
    assert run(["explain", "face", str(video), "-o", str(output), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert output.stat().st_size > 10_000
