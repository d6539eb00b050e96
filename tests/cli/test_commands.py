"""The commands as a user types them: exit codes, standard streams, JSON."""

import json
from pathlib import Path

import numpy as np
import pytest

from likewise.audio import files
from likewise.cli.app import run
from likewise.values import Audio
from likewise.voice.library import VoiceLibrary

Capture = pytest.CaptureFixture[str]


def write(path: Path, samples: np.ndarray, rate: int = 24000) -> str:
    files.write(Audio(samples.astype(np.float32), rate), path)
    return str(path)


def test_version_and_help(capsys: Capture) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("likewise 0.")
    assert run(["--help"]) == 0
    assert "talk" in capsys.readouterr().out


def test_unknown_command_is_usage(capsys: Capture) -> None:
    assert run(["tlak"]) == 2
    assert "tlak" in capsys.readouterr().err


def test_doctor_says_ready(capsys: Capture) -> None:
    assert run(["doctor"]) == 0
    assert "Ready" in capsys.readouterr().out
    assert run(["doctor", "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)
    assert all(check["ok"] for check in checks if check["needed"])


def test_weights_are_listed_verified_and_placed(capsys: Capture) -> None:
    assert run(["weights", "list"]) == 0
    assert "Apache-2.0" in capsys.readouterr().out
    assert run(["weights", "verify"]) == 0
    assert run(["weights", "path", "swift-f0"]) == 0
    assert Path(capsys.readouterr().out.splitlines()[-1]).is_file()
    assert run(["weights", "path", "nothing"]) == 2
    assert "swift-f0" in capsys.readouterr().err


def test_voices_lists_stock_voices(capsys: Capture) -> None:
    assert run(["voices", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert sum(not row["saved"] for row in rows) == 54
    assert {"af_heart", "jf_alpha"} <= {row["name"] for row in rows}


def test_speak_prints_json(tmp_path: Path, capsys: Capture) -> None:
    output = tmp_path / "a.wav"
    assert run(["speak", "Good evening.", "--voice", "af_heart", "-o", str(output), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["voice"] == "af_heart"
    assert files.read(output).seconds == pytest.approx(answer["seconds"], abs=0.01)


def test_text_comes_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("Good evening."))
    assert run(["speak", "-", "--voice", "af_heart", "-o", str(tmp_path / "a.wav")]) == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("silent", "silent|silence|no speech|quiet"),
        ("short", "at least 1 s"),
        ("text", "text|sound"),
        ("empty", "empty"),
    ],
)
def test_bad_samples_exit_with_2(name: str, words: str, tmp_path: Path, capsys: Capture) -> None:
    import re

    path = tmp_path / f"{name}.wav"
    if name == "silent":
        write(path, np.zeros(24000 * 8))
    elif name == "short":
        write(path, 0.3 * np.random.default_rng(0).normal(size=24000 * 3 // 10))
    elif name == "text":
        path.write_text("this is not a sound", encoding="utf-8")
    else:
        path.write_bytes(b"")
    assert run(["clone", str(path), "--name", "nobody", "--consent", "own"]) == 2
    assert re.search(words, capsys.readouterr().err)


@pytest.mark.parametrize("name", ["text.png", "empty.png", "tiny.png", "noface.png"])
def test_bad_pictures_exit_with_2(name: str, tmp_path: Path, capsys: Capture) -> None:
    from PIL import Image

    path = tmp_path / name
    if name == "text.png":
        path.write_text("hello", encoding="utf-8")
    elif name == "empty.png":
        path.write_bytes(b"")
    else:
        side = 16 if name == "tiny.png" else 300
        Image.new("RGB", (side, side), (90, 120, 90)).save(path)
    output = tmp_path / "x.mp4"
    assert run(["talk", str(path), "--voice", "af_heart", "--text", "Hi.", "-o", str(output)]) == 2
    assert capsys.readouterr().err.startswith("likewise: ")
    assert not output.exists()


def test_face_numbers_start_at_one(painting: Path, tmp_path: Path, capsys: Capture) -> None:
    arguments = ["talk", str(painting), "--voice", "af_heart", "--text", "Hi.", "--face", "0"]
    assert run([*arguments, "-o", str(tmp_path / "x.mp4")]) == 2
    assert "counted from 1" in capsys.readouterr().err


def test_clone_use_and_delete(clip: Path, tmp_path: Path, capsys: Capture) -> None:
    command = ["clone", str(clip), "--name", "anna", "--consent", "source:LibriVox", "--quick"]
    assert run(command) == 0
    assert run(["clone", str(clip), "--name", "anna", "--consent", "source:LibriVox"]) == 2
    assert VoiceLibrary().load("anna").consent["note"] == "LibriVox"
    assert "anna" in capsys.readouterr().err
    assert run(["speak", "Hello.", "--voice", "anna", "-o", str(tmp_path / "a.wav")]) == 0
    assert run(["voices"]) == 0
    assert "anna" in capsys.readouterr().out
    assert run(["voices", "--delete", "anna"]) == 0
    assert run(["speak", "Hello.", "--voice", "anna", "-o", str(tmp_path / "b.wav")]) == 2


def test_animate_with_and_without_words(painting: Path, tmp_path: Path, capsys: Capture) -> None:
    sound = tmp_path / "said.wav"
    assert run(["speak", "Five big boats.", "--voice", "am_adam", "-o", str(sound)]) == 0
    base = ["animate", str(painting), "--audio", str(sound), "--crop", "head", "--size", "128"]
    words = ["--transcript", "Five big boats.", "--subtitles", str(tmp_path / "a.srt")]
    assert run([*base, *words, "-o", str(tmp_path / "a.mp4")]) == 0
    assert "boats" in (tmp_path / "a.srt").read_text(encoding="utf-8")
    assert run([*base, "-o", str(tmp_path / "b.mp4")]) == 0
    assert "approximate" in capsys.readouterr().err
    for name in ("a.mp4", "b.mp4"):
        seconds = files.read(tmp_path / name).seconds
        assert seconds == pytest.approx(files.read(sound).seconds, abs=0.05)


def test_ctrl_c_leaves_nothing(
    painting: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from likewise.video.writer import VideoWriter

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(VideoWriter, "write_frame", interrupt)
    arguments = ["talk", str(painting), "--voice", "af_heart", "--text", "Hello.", "--size", "128"]
    assert run([*arguments, "-o", str(tmp_path / "x.mp4")]) == 130
    assert "Stopped" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
