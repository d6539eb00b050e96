"""A report from end to end, and honest answers where something can't be measured."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import likewise
from likewise.audio import files
from likewise.face.mesh.engine import MeshEngine
from likewise.studio import verifying
from likewise.studio.verifying import verify
from likewise.values import INDEX, Audio, Motion
from likewise.verify.report import Report, schema
from likewise.video.picture import read_picture
from likewise.video.writer import VideoWriter


@pytest.mark.slow
def test_talk_writes_a_whole_report(tmp_path: Path, painting: Path, clip: Path) -> None:
    video = likewise.talk(
        painting,
        "Hello there. Please buy me a big apple pie, and tell my brother Paul to bring some maple "
        "syrup home.",
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
    (moves,) = (figure for figure in report.figures if figure.title == "What the face does")
    assert "As a mixture of faces: Like the face in the picture" in moves.caption
    assert len(report.verdict) == 3
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, schema())
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


@pytest.fixture(scope="module")
def nodding(tmp_path_factory: pytest.TempPathFactory, painting: Path) -> dict[str, Path]:
    """Videos of 24 frames: a head that turns and speaks, and the same that leaves half-way."""
    picture = read_picture(painting, max_side=320).picture
    motion = Motion.still(24, 12.0)
    swing = np.sin(np.linspace(0, 4 * np.pi, 24))
    motion.pose[:, 0] = 6 * swing
    motion.coefficients[:, INDEX["jawOpen"]] = 0.4 * np.abs(swing)
    engine = MeshEngine()
    frames = list(engine.render(engine.prepare(picture), motion))
    folder = tmp_path_factory.mktemp("nodding")
    paths = {name: folder / f"{name}.mp4" for name in ("whole", "leaving")}
    size = (picture.shape[1], picture.shape[0])
    for name, path in paths.items():
        with VideoWriter(path, fps=12, size=size) as video:
            for index, frame in enumerate(frames):
                gone = name == "leaving" and index >= 10
                video.write_frame(np.full_like(frame, 90) if gone else frame)
    return paths


def test_a_face_is_compared_with_its_driver_and_with_the_truth(
    nodding: dict[str, Path], painting: Path
) -> None:
    whole = nodding["whole"]
    report = verify(whole, portrait=painting, driver=whole, truth=whole)
    found = {metric.name: metric for metric in report.metrics}
    assert found["pose error"].value == pytest.approx(0, abs=1e-6)
    assert found["pose error"].floor is not None and found["pose error"].floor > 1
    assert found["SSIM"].value == pytest.approx(1, abs=1e-5)
    assert found["perceptual distance"].value == pytest.approx(0, abs=1e-6)
    assert found["PSNR"].status == "unavailable: the frames are identical"
    assert set(report.inputs) == {"result", "portrait", "driver", "truth"}


def test_a_face_that_leaves_is_said_and_never_scored(
    nodding: dict[str, Path], painting: Path
) -> None:
    report = verify(nodding["leaving"], portrait=painting, driver=nodding["whole"])
    found = {metric.name: metric for metric in report.metrics}
    for name in ("identity distance", "pose error", "expression error"):
        assert found[name].value is None, name
        assert found[name].status.startswith("unavailable: a face"), found[name].status


def test_what_nobody_has_begun_is_done_by_whoever_needs_it() -> None:
    """With a worker that is busy for good, waiting for it would never end."""
    free, began = threading.Event(), threading.Event()

    def busy() -> str:
        began.set()
        free.wait(60)
        return threading.current_thread().name

    with ThreadPoolExecutor(1, thread_name_prefix="worker") as pool:
        long = verifying._Job(pool, busy)
        other = verifying._Job(pool, lambda: threading.current_thread().name)
        assert began.wait(60)
        assert other.result() == threading.current_thread().name
        free.set()
        assert long.result().startswith("worker")


def test_matrix_products_leave_the_cores_to_the_two_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    seen: list[int] = []
    monkeypatch.setattr(verifying, "_explain", lambda evidence: seen.extend(threads()))
    files.write(Audio(np.zeros(24000, np.float32), 24000), tmp_path / "silent.wav")
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        verify(tmp_path / "silent.wav")
        assert threads() == before
    assert seen and set(seen) == {1} and 2 in before
