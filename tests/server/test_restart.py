"""Killed in the middle of its work: nothing finished is lost, no half file is served."""

import os
import time
from pathlib import Path

import pytest
from fake_server import Running
from fake_voice import client_of
from starlette.testclient import TestClient

from likewise.errors import OutputFailed
from likewise.studio.jobs.store import JobStore


def test_a_killed_server_loses_nothing_finished(tmp_path: Path) -> None:
    server = Running(tmp_path)
    try:
        done = server.speak("One two three.")
        server.wait(done, "done")
        whole = server.ask("GET", f"/api/jobs/{done}/files/speech.wav")
        broken = server.speak("slow one. " * 100)
        server.wait(broken, "running")
        waiting = server.speak("Four five.")
        time.sleep(0.6)
    finally:
        server.kill()
    halves = [path for path in tmp_path.rglob("*.part") if broken in str(path)]
    assert halves, "the kill came too late to test anything"

    server = Running(tmp_path)
    try:
        assert server.state(done) == "done"
        assert server.ask("GET", f"/api/jobs/{done}/files/speech.wav") == whole
        job = server.ask("GET", f"/api/jobs/{broken}")
        assert job["state"] == "interrupted"
        assert job["files"] == {}
        assert server.ask("GET", f"/api/jobs/{broken}/files/speech.wav")["error"]
        assert not list((tmp_path / "jobs" / broken).glob(".*.part"))
        server.wait(waiting, "done")
        again = server.ask("POST", f"/api/jobs/{done}/again")["id"]
        server.wait(again, "done")
    finally:
        server.end() if os.name == "posix" else server.kill()


def test_results_that_were_whole_are_found_after_a_crash(
    tmp_path: Path, client: TestClient
) -> None:
    """The process died between moving the results and writing the index."""
    store = JobStore(tmp_path / "jobs")
    job = store.create("speak", {"text": "Hi", "voice": "x"}, {})
    from dataclasses import replace

    store.save(replace(job, state="running"))
    results = store.results(job.id)
    results.mkdir()
    (results / "result.json").write_text('{"files": [], "seconds": 1.0}', encoding="utf-8")
    half = store.folder / job.id / ".results.0000.part"
    half.mkdir()
    stray = store.folder / "0123456789abcdef"
    stray.mkdir()
    (found,) = store.recover()
    assert (found.state, found.result["seconds"]) == ("done", 1.0)
    assert not half.exists()
    assert not stray.exists()
    store.close()


def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    first = JobStore(tmp_path)
    with pytest.raises(OutputFailed, match="LIKEWISE_HOME"):
        JobStore(tmp_path)
    first.close()
    JobStore(tmp_path).close()


def test_ending_keeps_what_waits(own_home: Path, fake_engine: None) -> None:
    with client_of() as client:
        wanted = {"voice": "af_heart", "text": "slow one. " * 50, "plot": False}
        running = client.post("/api/jobs/speak", json=wanted).json()["id"]
        waiting = client.post("/api/jobs/speak", json=wanted | {"text": "One."}).json()["id"]
        until = time.monotonic() + 120
        while client.get(f"/api/jobs/{running}").json()["state"] == "queued":
            assert time.monotonic() < until
            time.sleep(0.05)
    store = JobStore(own_home / "jobs")
    assert store.load(running).state == "interrupted"
    assert store.load(waiting).state == "queued"
    store.close()


def test_only_so_many_are_kept(own_home: Path, fake_engine: None) -> None:
    with client_of(keep_jobs=2) as client:
        ids = []
        for number in range(5):
            wanted = {"voice": "af_heart", "text": f"Number {number}.", "plot": False}
            ids.append(client.post("/api/jobs/speak", json=wanted).json()["id"])
            until = time.monotonic() + 120
            while client.get(f"/api/jobs/{ids[-1]}").json()["state"] in ("queued", "running"):
                assert time.monotonic() < until
                time.sleep(0.05)
        kept = [job["id"] for job in client.get("/api/jobs").json()]
    assert 2 <= len(kept) <= 3
    assert kept[0] == ids[-1]
    assert not (own_home / "jobs" / ids[0]).exists()
