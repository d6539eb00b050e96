"""How a text is said, from the command line: streams, marks, pitch and pauses."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from likewise.audio import files
from likewise.cli.app import run

Capture = pytest.CaptureFixture[str]
SPEAK = ["speak", "--voice", "af_heart", "-o"]


def piped(*arguments: str) -> bytes:
    """What the command writes to a pipe."""
    command = [sys.executable, "-c", "from likewise.cli import main; main()", *SPEAK, "-"]
    return subprocess.run([*command, *arguments], capture_output=True, check=True).stdout


def test_sound_on_standard_output_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    assert run([*SPEAK, str(path), "Good day."]) == 0
    saved = np.round(files.read(path).samples * 32768).astype("<i2")
    sound = piped("Good day.", "--format", "pcm")
    np.testing.assert_array_equal(np.frombuffer(sound, "<i2"), saved)


def test_marks_pitch_and_pauses_reach_the_voice(tmp_path: Path) -> None:
    subtitles = tmp_path / "a.srt"
    marked = 'Good <break time="700ms"/> day, <sub alias="doctor">Dr</sub>.'
    options = ["--ssml", "--pitch", "3", "--pause", "2", "--subtitles", str(subtitles)]
    assert run([*SPEAK, str(tmp_path / "a.wav"), marked, *options]) == 0
    assert "Good day, Dr" in subtitles.read_text(encoding="utf-8")
    assert run([*SPEAK, str(tmp_path / "b.wav"), "Good day, doctor."]) == 0
    longer, plain = (files.read(tmp_path / f"{name}.wav").seconds for name in "ab")
    assert longer > plain + 0.6


def test_wrong_marks_are_told_with_their_place(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "a.wav"
    assert run([*SPEAK, str(path), "<speak>Hello\n<blink>you</blink></speak>"]) == 2
    assert "line 2, column 1: <blink> is not supported" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.parametrize("engine", ["xtts", "vallex"])
def test_engines_without_marks_say_so(engine: str) -> None:
    from likewise.errors import Unsupported
    from likewise.progress import silent
    from likewise.studio.saying import say
    from likewise.values import Voice
    from likewise.voice.registry import voice_engine

    wishes = [("Hello.", {"pitch": 2.0}), ("Hello.", {"pause": 2.0}), ("<speak>Hello.</speak>", {})]
    for text, wish in wishes:
        with pytest.raises(Unsupported, match=f"{engine}.*kokoro"):
            say(
                voice_engine(engine),
                text,
                Voice("x", engine, {}),
                language="en",
                speed=1.0,
                verify=False,
                timings=False,
                on_progress=silent,
                **wish,
            )


@pytest.mark.parametrize(
    ("language", "advice"), [("de", "--engine xtts"), ("tlh", "No engine"), ("pt-PT", "")]
)
def test_languages_outside_the_nine_name_an_engine(
    language: str, advice: str, tmp_path: Path, capsys: Capture
) -> None:
    status = run([*SPEAK, str(tmp_path / "a.wav"), "Bom dia.", "--language", language])
    assert status == (2 if advice else 0)
    assert advice in capsys.readouterr().err
