"""Acting from end to end: moods, sliders and templates on a painting that speaks."""

import json
from pathlib import Path

import numpy as np
import pytest

import likewise
from likewise.cli.app import run
from likewise.errors import BadInput
from likewise.motion.template import load_template
from likewise.values import INDEX, Audio

SMALL = {"crop": "head", "size": 128, "fps": 5.0}


@pytest.fixture
def hum() -> Audio:
    times = np.arange(24000) / 16000
    buzz = 0.3 * np.sign(np.sin(2 * np.pi * 130 * times)) * (times > 0.4) * (times < 1.1)
    return Audio(buzz.astype(np.float32), 16000)


def test_mood_and_sliders_reach_the_score_and_the_template_plays_again(
    painting: Path, hum: Audio, tmp_path: Path
) -> None:
    template = tmp_path / "score.json"
    sliders = {"smile": 0.5, "roll": 45}
    video = likewise.animate(
        painting,
        hum,
        output=tmp_path / "a.mp4",
        mood="surprised",
        sliders=sliders,
        save_motion=template,
        liveliness=0.0,
        **SMALL,
    )
    assert video.beside == (template,)
    score = load_template(template)
    assert len(score) == video.frames
    assert score.coefficients[4, INDEX["browInnerUp"]] > 0.4
    assert score.coefficients[0, INDEX["mouthSmileLeft"]] > 0.3
    assert 20 < score.pose[4, 2] < 44  # held back to what a neck bears
    again = likewise.reenact(
        painting, motion=template, output=tmp_path / "b.mp4", crop="head", size=128
    )
    assert again.frames == video.frames


def test_as_it_is_typed(painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"0": {"yaw": -8}, "1": {"yaw": 8}}))
    kept = tmp_path / "kept.npz"
    words = ["talk", str(painting), "--voice", "af_heart", "--text", "Yes?"]
    words += ["-o", str(tmp_path / "a.mp4"), "--crop", "head", "--size", "128", "--fps", "10"]
    options = ["--mood", "happy=0.7", "--slider", "brows=0.2", "--keyframes", str(keys)]
    assert run([*words, *options, "--save-motion", str(kept), "--liveliness", "0"]) == 0
    yaw = load_template(kept).pose[:, 0]
    assert yaw[0] == pytest.approx(-8) and yaw[5] == pytest.approx(0, abs=0.5)
    capsys.readouterr()
    assert run([*words, "--mood", "grumpy"]) == 2
    assert "surprised" in capsys.readouterr().err
    assert run([*words, "--slider", "ears=1"]) == 2
    assert "smile" in capsys.readouterr().err
    assert run([*words, "--save-motion", str(tmp_path / "a.txt")]) == 2


def test_a_mood_needs_no_driver(painting: Path, hum: Audio, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no mood"):
        likewise.animate(painting, hum, output=tmp_path / "a.mp4", mood="hungry")
    assert not list(tmp_path.iterdir())
