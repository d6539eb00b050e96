"""A report from end to end, and honest answers where something can't be measured."""

from pathlib import Path

import numpy as np
import pytest

import likewise
from likewise.audio import files
from likewise.studio.verifying import verify
from likewise.values import Audio
from likewise.verify.report import Report


@pytest.mark.slow
def test_talk_writes_a_whole_report(tmp_path: Path, painting: Path, clip: Path) -> None:
    video = likewise.talk(
        painting,
        "Hello there. Please buy me a big apple pie.",
        voice=clip,
        consent="source:LibriVox",
        output=tmp_path / "a.mp4",
        crop="head",
        size=256,
        report=tmp_path / "report.html",
    )
    assert tmp_path / "report.html" in video.beside
    report = Report.load(tmp_path / "report.json")
    found = {metric.name: metric for metric in report.metrics}
    same = found["speaker similarity"]
    assert same.floor is not None
    assert same.ceiling is not None
    assert same.value is not None
    assert same.value > same.floor
    assert abs(found["lip lag"].value or 0.0) <= 80
    assert found["lips closed on p, b, m"].value == 100.0
    assert (found["identity distance"].value or 1.0) < 0.3
    assert {figure.section for figure in report.figures} == {"voice", "face", "why"}
    assert len(report.verdict) == 3
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "http://" not in html
    assert "https://" not in html


def test_silence_is_said_and_never_scored(tmp_path: Path, clip: Path) -> None:
    files.write(Audio(np.zeros(48000, np.float32), 24000), tmp_path / "silent.wav")
    report = verify(tmp_path / "silent.wav", clip)
    voices = [metric for metric in report.metrics if metric.name.startswith("speaker")]
    assert voices
    assert all(metric.value is None for metric in voices)
    assert all(metric.status.startswith("unavailable: ") for metric in voices)
    assert "could not be measured" in report.verdict[0]


def test_a_recording_is_most_like_itself(clip: Path) -> None:
    report = verify(clip, clip)
    (same,) = [metric for metric in report.metrics if metric.name == "speaker similarity"]
    assert same.value is not None
    assert same.ceiling is not None
    assert same.value >= same.ceiling - 0.02
