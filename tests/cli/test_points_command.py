"""`likewise points`: a guess printed, written or drawn; and a drawing that talks by its points."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likewise.cli.app import run
from likewise.face.points import NAMES, FacePoints
from likewise.verify.pixel_lips import opened
from likewise.video.picture import save_picture
from likewise.video.reader import VideoReader

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The flat face of the example, and its points beside it."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    picture, points = importlib.import_module("drawings").flat_face()
    for name in ("drawings", "animals"):
        sys.modules.pop(name, None)
    save_picture(picture, tmp_path / "face.png")
    points.save(tmp_path / "face.points.json")
    return tmp_path / "face.png"


def test_a_guess_is_printed_written_and_drawn(
    painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["points", str(painting)]) == 0
    told = capsys.readouterr()
    assert tuple(json.loads(told.out)["points"]) == NAMES
    assert "can be trusted" in told.err
    target, drawn = tmp_path / "points.json", tmp_path / "points.png"
    assert run(["points", str(painting), "-o", str(target), "--picture", str(drawn)]) == 0
    assert FacePoints.load(target).kind == "human"
    assert Image.open(drawn).width > 900
    assert run(["points", str(painting), "--points", str(target), "--picture", str(drawn)]) == 0


def test_bad_points_end_with_words(
    painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = ["points", str(painting), "--picture", str(tmp_path / "no.png"), "--points"]
    (tmp_path / "bad.json").write_text('{"size": [9, 9], "points": {}}', encoding="utf-8")
    assert run([*points, str(tmp_path / "bad.json")]) == 2
    assert "lack right_eye" in capsys.readouterr().err
    assert run([*points, str(tmp_path / "missing.json")]) == 2
    assert "There is no file" in capsys.readouterr().err
    assert not (tmp_path / "no.png").exists()
    talk = ["talk", str(painting), "--voice", "af_heart", "--text", "Hi.", "-o"]
    assert run([*talk, str(tmp_path / "no.mp4"), "--points", str(tmp_path / "bad.json")]) == 2
    assert "lack right_eye" in capsys.readouterr().err


def test_a_flat_drawing_says_a_sentence(drawing: Path, tmp_path: Path) -> None:
    points = FacePoints.load(drawing.with_suffix(".points.json")).scaled(256, 256)
    command = ["talk", str(drawing), "--points", str(drawing.with_suffix(".points.json"))]
    command += ["--voice", "af_heart", "--text", "My baby boy.", "--size", "256"]
    command += ["--liveliness", "0", "-o", str(tmp_path / "face.mp4")]
    assert run(command) == 0
    with VideoReader(tmp_path / "face.mp4") as video:
        frames = [frame.picture for frame in video.frames()]
    mouth = np.array(
        [points[name] for name in ("mouth_right", "mouth_centre", "mouth_left", "chin")]
    )
    gaps = opened(frames[0], mouth, frames)
    assert gaps.max() > 0.05
    assert (gaps < 0.015).sum() >= 4  # m, b, b, b and the silence around
    assert np.ptp(np.sign(np.diff(gaps[gaps > 0.0]))) == 2  # it opens and shuts
