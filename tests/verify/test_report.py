"""The report keeps its numbers, refuses unlike comparisons, and needs no network to be read."""

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.values import Metric
from likewise.verify.page import number, write_page
from likewise.verify.report import Figure, Report, compare, schema


def png() -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", np.full((8, 8, 3), 90, np.uint8))[1])


def report() -> Report:
    return Report(
        title="Mona Lisa says <hello>",
        verdict=("It sounds alike.", "The lips fit.", "One thing could not be measured."),
        metrics=(
            Metric(
                "speaker similarity",
                0.71,
                "",
                "higher is better",
                "GE2E 0.1.4",
                ceiling=0.86,
                floor=0.55,
                interval=(0.68, 0.74),
            ),
            Metric("lip lag", -12.5, "ms", "closer to zero is better", "tracker 1"),
            Metric.unavailable(
                "word error rate",
                "the extra [asr] is not installed",
                unit="%",
                direction="lower is better",
                scorer="whisper-base",
            ),
        ),
        figures=(Figure("Mel", "Source above clone.", png()),),
        reproduce={"command": "likewise talk p.jpg --voice v.wav", "seed": 0},
        inputs={"picture": "ab" * 32},
        tables={"Words": [["said", "heard"], ["hello", "hello"]]},
    )


def test_json_round_trip(tmp_path: Path) -> None:
    report().save(tmp_path / "report.json")
    back = Report.load(tmp_path / "report.json")
    assert back == report()


def test_the_schema_takes_reports_and_refuses_what_is_none() -> None:
    judge = jsonschema.Draft202012Validator(schema())
    judge.check_schema(schema())
    data = json.loads(json.dumps(report().as_json()))
    judge.validate(data)
    for wrong in (
        data | {"schema": 2},
        data | {"more": 1},
        {key: data[key] for key in data if key != "inputs"},
        data | {"inputs": {"picture": "abc"}},
        # a number that was not measured, and a measured one that is missing
        data | {"metrics": [data["metrics"][0] | {"status": "unavailable: too short"}]},
        data | {"metrics": [data["metrics"][2] | {"status": "ok"}]},
    ):
        assert not judge.is_valid(wrong)


def test_other_files_are_no_reports(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]", encoding="utf-8")
    with pytest.raises(BadInput, match="not a report"):
        Report.load(tmp_path / "x.json")
    with pytest.raises(BadInput, match="not a report"):
        Report.load(tmp_path / "missing.json")


def test_comparison_needs_the_same_scorers() -> None:
    before = report()
    better = replace(before.metrics[0], value=0.8)
    after = replace(before, metrics=(better, *before.metrics[1:]))
    assert compare(before, after)[0] == ("speaker similarity", 0.71, 0.8)
    other = replace(before, metrics=(replace(better, scorer="GE2E 0.2"), *before.metrics[1:]))
    with pytest.raises(BadInput, match="speaker similarity"):
        compare(before, other)


def test_page_is_self_contained_and_escaped(tmp_path: Path) -> None:
    write_page(report(), tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<hello>" not in html
    assert "&lt;hello&gt;" in html
    references = re.findall(r"""(?:src|href)=["']([^"']+)""", html)
    assert references
    assert all(reference.startswith("data:") for reference in references)
    assert "unavailable: the extra [asr]" in html
    assert "width: 52%" in html  # (0.71 - 0.55) / (0.86 - 0.55)


def test_page_carries_its_sound(tmp_path: Path) -> None:
    sound = tmp_path / "speech.wav"
    sound.write_bytes(b"RIFF")
    write_page(report(), tmp_path / "report.html", media=sound)
    assert "data:audio/wav;base64,UklGRg==" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0"), (123.4, "123"), (0.70712, "0.707"), (-12.5, "-12.5")],
)
def test_numbers_are_legible(value: float | None, text: str) -> None:
    assert number(value) == text
