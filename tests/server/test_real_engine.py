"""One run with everything real: engine, face, marks; through the API alone."""

from pathlib import Path

import numpy as np
from fake_voice import client_of
from starlette.testclient import TestClient
from test_jobs_api import finished, upload

from likewise.audio import files
from likewise.provenance.detection import detect
from likewise.values import Audio
from likewise.video.reader import info

TEXT = "Hello, I am a painting. And that is all, dear friends."


def test_a_voice_a_picture_and_a_sentence(own_home: Path, painting: Path, clip: Path) -> None:
    with client_of() as client:
        streamed(client, "af_heart", "stock voice")
        with clip.open("rb") as sample:
            form = {"name": "reader", "consent": "source:LibriVox, public domain"}
            kept = client.post("/v1/audio/voices", data=form, files={"audio_sample": sample})
        assert kept.status_code == 201, kept.text
        assert kept.json()["facts"]["f0_hz"] > 60
        streamed(client, "reader", "cloned voice")
        picture = upload(client, painting, "picture")
        wanted = {"picture": picture["id"], "voice": "af_heart", "text": "Hello, friends."}
        wanted |= {"crop": "head", "size": 128, "report": False}
        job = finished(client, client.post("/api/jobs/talk", json=wanted).json(), 300)
        assert job["state"] == "done", job["error"]
        video = own_home / "video.mp4"
        video.write_bytes(client.get(job["files"]["video.mp4"]).content)
    assert info(video).width == 128
    assert np.abs(files.read(video).samples).max() > 0.05


def streamed(client: TestClient, voice: str, mark: str) -> None:
    """Sound comes in pieces and is marked; `benchmarks/server.py` measures how soon it comes."""
    wanted = {"voice": voice, "input": TEXT, "response_format": "pcm"}
    with client.stream("POST", "/v1/audio/speech", json=wanted) as answer:
        pieces = list(answer.iter_raw())
    assert len(pieces) >= 2
    samples = np.frombuffer(b"".join(pieces), "<i2").astype(np.float32) / 32768
    found = detect(Audio(samples, 24_000), speeds=(1.0,))
    assert found is not None
    assert found.message == mark
