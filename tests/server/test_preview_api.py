"""One frame at once, with sliders: what the page shows while they move."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fake_voice import client_of
from starlette.testclient import TestClient
from test_jobs_api import upload

from likewise.server.posing import Previews
from likewise.studio.jobs.requests import PreviewRequest


@pytest.fixture
def picture(client: TestClient, painting: Path) -> str:
    found: str = upload(client, painting, "picture")["id"]
    return found


def frame(client: TestClient, **request: Any) -> np.ndarray:
    answer = client.post("/api/preview", json={"size": 200} | request)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)


def test_sliders_move_the_face(client: TestClient, picture: str) -> None:
    rest = frame(client, picture=picture)
    assert max(rest.shape) == 200
    turned = frame(client, picture=picture, sliders={"yaw": 15})
    sad = frame(client, picture=picture, mood="sad")
    for moved in (turned, sad):
        apart = np.abs(moved.astype(int) - rest)
        assert apart.max() > 40
        assert apart[:8].max() < 25  # the wall behind her stays
    np.testing.assert_array_equal(frame(client, picture=picture), rest)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"sliders": {"yaw": 400}}, 422),
        ({"sliders": {"ears": 1}}, 422),
        ({"mood": "hungry"}, 422),
        ({"size": 5000}, 422),
        ({"points": {"nose": [0.5, 0.5]}}, 422),
        ({"picture": "0" * 16}, 404),
        ({"face": 3}, 400),
    ],
)
def test_odd_previews_are_typed(
    client: TestClient, picture: str, change: dict[str, Any], status: int
) -> None:
    answer = client.post("/api/preview", json={"picture": picture} | change)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_only_the_last_faces_are_kept(painting: Path) -> None:
    previews = Previews()
    for size in (160, 170, 180, 190):
        asked = PreviewRequest(picture="0" * 16, size=size)
        assert max(previews.frame(asked, str(painting)).shape) == size
    assert len(previews._kept) == 3


def test_dragging_a_slider_is_no_flood(own_home: Path, fake_engine: None) -> None:
    with client_of(posts_a_minute=2) as client:
        answers = [client.post("/api/preview", json={}).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
