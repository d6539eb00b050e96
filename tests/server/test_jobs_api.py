"""Jobs through the API: asked for, watched, cancelled, fetched, deleted."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_voice import client_of
from starlette.testclient import TestClient

from likewise.audio import files
from likewise.hearing import asr
from likewise.provenance import consent
from likewise.values import Speech
from likewise.voice.kokoro.engine import KokoroEngine


def upload(client: TestClient, path: Path, kind: str) -> dict[str, Any]:
    with path.open("rb") as file:
        answer = client.post("/api/uploads", data={"kind": kind}, files={"file": file})
    assert answer.status_code == 201, answer.text
    return answer.json()


def finished(client: TestClient, job: dict[str, Any], seconds: float = 120.0) -> dict[str, Any]:
    """Watch a job's events to its end; answers the last."""
    until = time.monotonic() + seconds
    with client.stream("GET", f"/api/jobs/{job['id']}/events") as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                job = json.loads(line.removeprefix("data: "))
            assert time.monotonic() < until
    return job


def speak(client: TestClient, text: str = "One two three.", **more: Any) -> Any:
    wanted = {"text": text, "voice": "af_heart", "plot": False} | more
    return client.post("/api/jobs/speak", json=wanted)


def test_speak_is_done_and_fetched(client: TestClient) -> None:
    answer = speak(client, plot=True)
    assert answer.status_code == 202
    job = finished(client, answer.json())
    assert answer.headers["location"] == f"/api/jobs/{job['id']}"
    assert job["state"] == "done"
    assert set(job["files"]) == {"speech.wav", "subtitles.srt", "subtitles.vtt", "spectrogram.png"}
    assert job["progress"]["speaking"]["done"] == 1
    sound = client.get(job["files"]["speech.wav"])
    assert sound.headers["content-type"] == "audio/wav"
    part = client.get(job["files"]["speech.wav"], headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    assert "One" in client.get(job["files"]["subtitles.vtt"]).text
    saved = client.get(job["files"]["speech.wav"] + "?download=true")
    assert "attachment" in saved.headers["content-disposition"]
    assert client.get("/api/jobs").json()[0]["id"] == job["id"]
    assert client.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert client.get(f"/api/jobs/{job['id']}").status_code == 404
    assert client.get(job["files"]["speech.wav"]).status_code == 404


def test_a_job_that_fails_says_why(client: TestClient) -> None:
    job = finished(client, speak(client, "...").json())
    assert (job["state"], job["error_type"]) == ("failed", "BadInput")
    assert "nothing to say" in job["error"]
    job = finished(client, speak(client, "crash.").json())
    assert (job["state"], job["error_type"]) == ("failed", "Internal")
    assert "secret" not in job["error"]


def test_the_queue_is_bounded_and_jobs_can_be_cancelled(own_home: Path, fake_engine: None) -> None:
    with client_of(waiting=2) as client:
        slow = "slow one. " * 30
        running = speak(client, slow).json()
        until = time.monotonic() + 10
        while client.get(f"/api/jobs/{running['id']}").json()["state"] != "running":
            assert time.monotonic() < until
            time.sleep(0.02)
        waiting = [speak(client, slow).json() for _ in range(2)]
        refused = speak(client, slow)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        cancelled = client.post(f"/api/jobs/{waiting[0]['id']}/cancel").json()
        assert cancelled["state"] == "cancelled"
        assert speak(client, "One.").status_code == 202
        client.post(f"/api/jobs/{running['id']}/cancel")
        assert finished(client, running)["state"] == "cancelled"
        assert client.get(f"/api/jobs/{running['id']}").json()["files"] == {}
        assert client.post(f"/api/jobs/{running['id']}/cancel").status_code == 400
        client.post(f"/api/jobs/{waiting[1]['id']}/cancel")


def test_speech_requests_wait_in_a_bounded_line(own_home: Path, fake_engine: None) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with client_of(speaking=1) as client:

        def ask(_: int) -> int:
            wanted = {"voice": "alloy", "input": "slow. slow. slow."}
            return client.post("/v1/audio/speech", json=wanted).status_code

        with ThreadPoolExecutor(6) as pool:
            statuses = sorted(pool.map(ask, range(6)))
        assert statuses.count(200) >= 2
        assert statuses.count(429) >= 1
        assert set(statuses) == {200, 429}
        assert ask(0) == 200


def test_a_talking_video_from_uploads(client: TestClient, clip: Path, painting: Path) -> None:
    voice, picture = upload(client, clip, "sound"), upload(client, painting, "picture")
    assert voice["look"]["level"] in {"good", "fair"}
    assert len(picture["look"]["faces"]) == 1
    wanted = {"picture": picture["id"], "voice_file": voice["id"], "text": "One two.", "size": 128}
    wanted |= {"crop": "head", "report": False}
    refused = client.post("/api/jobs/talk", json=wanted)
    assert refused.status_code == 403
    assert "consent" in refused.json()["error"]["message"]
    job = client.post("/api/jobs/talk", json=wanted | {"consent": "own"}).json()
    job = finished(client, job)
    assert job["state"] == "done", job["error"]
    assert {"speaking", "rendering"} <= set(job["progress"])
    assert set(job["inputs"]) == {"picture", "voice_file"}
    assert client.get(job["inputs"]["picture"]).headers["content-type"] == "image/png"
    video = client.get(job["files"]["video.mp4"])
    assert video.headers["content-type"] == "video/mp4"


def test_a_picture_follows_a_film(client: TestClient, painting: Path, tmp_path: Path) -> None:
    from PIL import Image

    from likewise.video.writer import VideoWriter

    face = np.asarray(Image.open(painting).convert("RGB").resize((192, 192)))
    with VideoWriter(tmp_path / "film.mp4", fps=10, size=(192, 192), audio_rate=8000) as film:
        for _ in range(5):
            film.write_frame(face)
    driver = upload(client, tmp_path / "film.mp4", "media")
    assert (driver["kind"], driver["facts"]["frames"]) == ("video", 5)
    wanted = {"picture": upload(client, painting, "picture")["id"], "size": 128, "crop": "head"}
    assert client.post("/api/jobs/animate", json=wanted).status_code == 422
    job = client.post("/api/jobs/animate", json=wanted | {"driver": driver["id"]}).json()
    job = finished(client, job, 300)
    assert job["state"] == "done", job["error"]
    assert job["result"]["frames"] >= 5


def test_points_are_kept_with_the_job(client: TestClient, painting: Path) -> None:
    picture = upload(client, painting, "picture")
    assert picture["look"]["trusted"]
    points = picture["look"]["points"]
    wanted = {"picture": picture["id"], "voice": "af_heart", "text": "One.", "size": 128}
    wanted |= {"crop": "head", "report": False, "points": points, "kind": "human"}
    wanted |= {"eye_radii": picture["look"]["eye_radii"]}
    job = finished(client, client.post("/api/jobs/talk", json=wanted).json())
    assert job["state"] == "done", job["error"]
    kept = client.get(job["files"]["points.json"]).json()
    assert (kept["points"], kept["size"], kept["kind"]) == (points, [1.0, 1.0], "human")
    upside_down = {name: [x, 1 - y] for name, (x, y) in points.items()}
    answer = client.post("/api/jobs/talk", json=wanted | {"points": upside_down})
    refused = finished(client, answer.json())
    assert refused["state"] == "failed"
    assert "must lie clearly below" in refused["error"]
    points = {name: place for name, place in points.items() if name != "chin"}
    answer = client.post("/api/jobs/talk", json=wanted | {"points": points})
    assert answer.status_code == 422
    assert "chin" in answer.json()["error"]["message"]


def test_verify_and_explain_a_job_before(client: TestClient, clip: Path) -> None:
    spoken = finished(client, speak(client, "One two three four five six.").json())
    made = f"job:{spoken['id']}/speech.wav"
    job = client.post("/api/jobs/verify", json={"media": made}).json()
    job = finished(client, job)
    assert job["state"] == "done", job["error"]
    assert {"report.html", "report.json"} <= set(job["files"])
    page = client.get(job["files"]["report.html"])
    assert page.headers["content-security-policy"].startswith("sandbox;")
    picture = client.post("/api/jobs/explain", json={"what": "voice", "media": made})
    assert picture.status_code == 422


@pytest.mark.parametrize(
    "name", ["..%2f..%2findex.sqlite", "%2e%2e/index.sqlite", "result.json%00", "nothing"]
)
def test_only_files_that_a_job_lists_are_served(client: TestClient, name: str) -> None:
    job = finished(client, speak(client).json())
    answer = client.get(f"/api/jobs/{job['id']}/files/{name}")
    assert answer.status_code in {404, 405}
    assert b"SQLite" not in answer.content


@pytest.mark.parametrize(
    "path",
    [
        "/page/../settings.py",
        "/page/%2e%2e/settings.py",
        "/page/..%2fsettings.py",
        "/page/",
        "/api/uploads/../index.sqlite/file",
        "/api/uploads/..%2f..%2findex.sqlite/file",
        "/api/jobs/..%2f..%2f/files/x",
        "/../../../../etc/passwd",
        "/page//etc/passwd",
    ],
)
def test_no_path_leaves_its_place(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {403, 404, 405}
    for word in (b"import", b"SQLite", b"root:"):
        assert word not in answer.content


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"voice": None}, 422),
        ({"voice_file": "0123456789abcdef"}, 422),
        ({"voice": None, "voice_file": "0123456789abcdef", "consent": "own"}, 404),
        ({"voice": None, "voice_file": "/etc/passwd", "consent": "own"}, 422),
        ({"voice": None, "voice_file": "http://127.0.0.1/a.wav", "consent": "own"}, 422),
        ({"voice": None, "voice_file": "job:0123456789abcdef/../x", "consent": "own"}, 422),
        ({"format": "exe"}, 422),
        ({"speed": "NaN"}, 422),
        ({"unknown": 1}, 422),
        ({"text": "a" * 20_001}, 413),
        ({"language": "<script>"}, 422),
    ],
)
def test_odd_requests_are_typed(client: TestClient, change: dict, status: int) -> None:
    answer = speak(client, **change)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]


def test_a_voice_is_saved_with_consent_only(client: TestClient, clip: Path) -> None:
    def save(**fields: str) -> Any:
        with clip.open("rb") as file:
            form = {"name": "anna"} | fields
            return client.post("/v1/audio/voices", data=form, files={"audio_sample": file})

    for fields in ({}, {"consent": "yes"}, {"consent": "source:"}, {"consent": "spoken"}):
        assert save(**fields).status_code == 403
    assert save(consent="spoken:/etc/passwd").status_code == 403
    answer = save(consent="source:LibriVox reader, public domain")
    assert answer.status_code == 201, answer.text
    assert "LibriVox" in answer.json()["consent"]
    assert save(consent="own").status_code == 400
    assert save(consent="own", replace="true").status_code == 201
    assert save(consent="own", name="../anna").status_code == 400
    found = client.get("/v1/audio/voices").json()["data"][0]
    assert (found["id"], found["saved"]) == ("anna", True)
    assert "own voice" in found["consent"]
    assert client.get("/api/voices/anna/sample").headers["content-type"] == "audio/mpeg"
    assert client.delete("/v1/audio/voices/anna").status_code == 204
    assert client.delete("/v1/audio/voices/anna").status_code == 404
    assert client.get("/api/voices/anna/sample").status_code in {400, 404}


def test_a_voice_is_saved_as_it_was_asked_for(client: TestClient, clip: Path) -> None:
    def save(**fields: str) -> Any:
        with clip.open("rb") as file:
            form = {"name": "anna", "consent": "own", "replace": "true"} | fields
            return client.post("/v1/audio/voices", data=form, files={"audio_sample": file})

    assert "denoised" not in save().json()["facts"]
    assert save(denoise="true").json()["facts"]["denoised"] is True
    wrong = save(tier="slow")
    assert wrong.status_code == 400
    assert "tier" in wrong.json()["error"]["message"]


@pytest.mark.skipif(not asr.available(), reason="needs the extra [asr]")
def test_a_spoken_agreement_is_listened_to(client: TestClient, clip: Path, tmp_path: Path) -> None:
    """One of Kokoro's voices agrees; the demo's reader is someone else and says something else."""
    kokoro = KokoroEngine()
    voice = next(each for each in kokoro.stock_voices() if each.name == "af_heart")
    said = tmp_path / "said.wav"
    spoken = Speech.joined(list(kokoro.speak(consent.STATEMENTS["en"], voice)))
    files.write(spoken.audio, said)

    def save(sample: Path, statement: Path) -> Any:
        with sample.open("rb") as heard, statement.open("rb") as agreed:
            return client.post(
                "/v1/audio/voices",
                data={"name": "anna", "consent": "spoken"},
                files={"audio_sample": heard, "consent_file": agreed},
            )

    other_words, other_voice = save(clip, clip), save(clip, said)
    assert (other_words.status_code, other_voice.status_code) == (403, 403)
    assert "should say" in other_words.json()["error"]["message"]
    assert "another voice" in other_voice.json()["error"]["message"]
    assert client.get("/v1/audio/voices").json()["data"][0]["saved"] is False
    kept = save(said, said)
    assert kept.status_code == 201
    assert "agreed" in kept.json()["consent"]


def test_sounds_come_back_as_the_server_wrote_them(
    client: TestClient, clip: Path, own_home: Path
) -> None:
    found = upload(client, clip, "sound")
    assert found["facts"]["seconds"] == pytest.approx(files.read(clip).seconds, abs=0.01)
    assert client.get(found["url"]).content[:4] == b"RIFF"
    kept = {path.name for path in (own_home / "jobs" / "uploads" / found["id"]).iterdir()}
    assert kept == {"sound.wav", "upload.json"}
    assert client.delete(f"/api/uploads/{found['id']}").status_code == 204
    assert client.get(found["url"]).status_code == 404
